// The log page: ten seconds, one thumb. Everything here is a help; the form works without it.

const RECALL_FROM = 7; // digits after which a known customer is looked for
const LAST_FOUR = 4; // digits that Enter looks up
const PAUSE = 250; // ms of quiet before the server is asked
const FILLED = "recovery-filled";

const form = document.getElementById("log");
const phone = form.elements.phone;
const name = form.elements.name;
const save = form.querySelector("[data-save]");
const known = document.getElementById("known");
const digits = (text) => text.replace(/\D/g, "");

// --- the phone field ---

const GROUPS = { "07": [5, 3, 3], "01": [5, 3, 3], "02": [3, 4, 4], "08": [4, 3, 4] };

function formatted(text, country) {
  const plain = digits(text);
  if (text.trim().startsWith("+")) return `+${grouped(plain, [2, 4, 3, 3])}`;
  if (country === "GB") return grouped(plain, GROUPS[plain.slice(0, 2)] ?? [5, 3, 3]);
  if (country === "US" || country === "CA") return grouped(plain, plain.startsWith("1") ? [1, 3, 3, 4] : [3, 3, 4]);
  return grouped(plain, [2, 2, 2, 2, 2, 2, 2, 2]);
}

function grouped(plain, sizes) {
  const parts = [];
  let at = 0;
  for (const size of sizes) {
    parts.push(plain.slice(at, at + size));
    at += size;
  }
  parts.push(plain.slice(at));
  return parts.filter(Boolean).join(" ");
}

function country() {
  const site = form.querySelector("[name=site]");
  return site?.selectedOptions?.[0]?.dataset.country ?? phone.dataset.country;
}

// Only what was typed at the end is set in groups: a correction in the middle must not move under the finger.
function tidyPhone(event) {
  const atEnd = phone.selectionStart === phone.value.length;
  if (atEnd && !event.inputType?.startsWith("delete")) phone.value = formatted(phone.value, country());
  known.replaceChildren();
  if (digits(phone.value).length >= RECALL_FROM) later("recall", () => htmx.trigger(form, "recall"));
  preview();
  showSave();
}

function answerEnter(event) {
  if (event.key !== "Enter") return;
  event.preventDefault(); // Enter in the phone field never saves: it looks up, or takes the customer found
  const found = known.querySelector("[data-fill-name]");
  if (found) fill(found);
  else if (digits(phone.value).length >= LAST_FOUR) htmx.trigger(form, "recall");
}

function fill(found) {
  phone.value = formatted(found.dataset.fillPhone, country());
  name.value = found.dataset.fillName;
  found.classList.add("is-chosen");
  found.setAttribute("aria-pressed", "true");
  form.querySelector("[name=failure]").focus({ preventScroll: true });
  form.dispatchEvent(new CustomEvent(FILLED));
}

// --- the text that will go, and the button that sends it ---

const waiting = {};

function later(what, act) {
  clearTimeout(waiting[what]);
  waiting[what] = setTimeout(act, PAUSE);
}

function preview() {
  later("preview", () => htmx.trigger(form, "preview"));
}

function showSave() {
  const first = name.value.trim().split(/\s+/)[0];
  const texted = digits(phone.value).length >= RECALL_FROM && !form.querySelector("[data-no-text]");
  save.textContent = texted ? `Save and text ${first || "the customer"}` : save.dataset.plain;
}

function revealAmount(event) {
  const box = event.target.closest("input[name=remedy]");
  if (!box?.checked) return;
  const amount = form.querySelector(`.remedy-amount[data-remedy="${CSS.escape(box.value)}"] input`);
  if (!amount) return;
  const price = form.elements.order_amount?.value;
  if (!amount.value && box.value === "refund" && price) amount.value = price;
  if (!amount.value) amount.focus();
}

phone.addEventListener("input", tidyPhone);
phone.addEventListener("blur", () => (phone.value = formatted(phone.value, country())));
phone.addEventListener("keydown", answerEnter);
known.addEventListener("click", (event) => {
  const found = event.target.closest("[data-fill-name]");
  if (found) fill(found);
});
form.addEventListener("change", revealAmount);
form.addEventListener("change", preview);
form.addEventListener("input", (event) => event.target !== phone && preview());
form.addEventListener(FILLED, preview);
name.addEventListener("input", showSave);
form.addEventListener(FILLED, showSave);
form.addEventListener("htmx:afterSwap", showSave); // the preview may say that no text goes
showSave();
