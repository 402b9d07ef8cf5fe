// Small manners of every page: a form goes once, a menu closes, a dialog too.

const BUSY = "data-busy";

// A second tap on a slow line must not make a second ticket. The server knows too; this spares the wait.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.hasAttribute(BUSY)) {
    event.preventDefault();
    return;
  }
  form.setAttribute(BUSY, "");
  const button = event.submitter;
  if (!button?.matches("button")) return;
  button.setAttribute("aria-disabled", "true");
  if (button.dataset.busyLabel) {
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busyLabel;
  }
});

// Back from the next page the form is whole again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll(`[${BUSY}]`)) {
    form.removeAttribute(BUSY);
    for (const button of form.querySelectorAll("[aria-disabled]")) {
      button.removeAttribute("aria-disabled");
      if (button.dataset.label) button.textContent = button.dataset.label;
    }
  }
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary").focus();
});

// The wall keeps its screen awake by itself only where the browser allows it; asking is free.
if (document.documentElement.classList.contains("wall")) navigator.wakeLock?.request("screen").catch(() => {});

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
