// "?" shows the keys, Ctrl/Cmd+K finds a page, j and k walk the rows. Off while typing; can be switched off for good.

const SWITCH = "recovery-keys"; // in localStorage: "off" or nothing
const rows = () => [...document.querySelectorAll("main [data-row]")].filter((row) => row.offsetParent);
const keysDialog = document.getElementById("keys");
const palette = document.getElementById("palette");
const search = palette?.querySelector("input");
const list = palette?.querySelector(".palette-list");

function isOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true; // storage may be forbidden; keys are not
  }
}

function remember(on) {
  try {
    if (on) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  } catch {
    // then it holds for this page only
  }
}

function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
}

function step(by) {
  const all = rows();
  const here = all.indexOf(document.activeElement);
  const next = all[Math.min(all.length - 1, Math.max(0, here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function open(dialog) {
  if (!dialog || dialog.open) return;
  document.querySelectorAll("dialog[open]").forEach((other) => other.close());
  dialog.showModal();
}

function openPalette() {
  if (!palette) return;
  search.value = "";
  fill("");
  open(palette);
  search.focus();
}

function fill(wanted) {
  const seen = new Set();
  const links = [...document.querySelectorAll(".site-nav a[href], [data-palette], main [data-row][href]")].filter((link) => {
    const words = label(link).toLowerCase();
    const fits = words && wanted.toLowerCase().split(/\s+/).every((word) => words.includes(word));
    return fits && !seen.has(link.href) && seen.add(link.href);
  });
  list.replaceChildren(...links.slice(0, 12).map(entry), ...finding(wanted.trim()));
  choose(0);
}

function finding(wanted) {
  if (!wanted) return [];
  const link = document.createElement("a");
  link.href = `/tickets?q=${encodeURIComponent(wanted)}`;
  link.textContent = `Find “${wanted}” among the tickets`;
  return [entry(link, 12)];
}

function label(link) {
  return (link.dataset.palette || link.querySelector(".nav-label")?.textContent || link.textContent).trim().replace(/\s+/g, " ");
}

function entry(link, place) {
  const item = document.createElement("a");
  item.href = link.href;
  item.textContent = label(link);
  item.id = `palette-${place}`;
  item.setAttribute("role", "option");
  item.tabIndex = -1;
  return item;
}

function choose(place) {
  const items = [...list.children];
  items.forEach((item, at) => item.setAttribute("aria-selected", String(at === place)));
  search.setAttribute("aria-activedescendant", items[place]?.id ?? "");
  items[place]?.scrollIntoView({ block: "nearest" });
}

function walkPalette(event) {
  const items = [...list.children];
  const here = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "Enter") {
    event.preventDefault();
    items[here]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose((here + (event.key === "ArrowDown" ? 1 : -1) + items.length) % Math.max(1, items.length));
  }
}

const singles = { "?": () => open(keysDialog), j: () => step(1), k: () => step(-1), l: () => location.assign("/log") };

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !isOn()) return;
  if (document.querySelector("dialog[open]")) return;
  const act = singles[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

search?.addEventListener("input", () => fill(search.value));
search?.addEventListener("keydown", walkPalette);
for (const opener of document.querySelectorAll("[data-opens]")) {
  opener.addEventListener("click", () => (opener.dataset.opens === "palette" ? openPalette() : open(document.getElementById(opener.dataset.opens))));
}
const onOff = keysDialog?.querySelector("input[type=checkbox]");
if (onOff) {
  onOff.checked = isOn();
  onOff.addEventListener("change", () => remember(onOff.checked));
}
