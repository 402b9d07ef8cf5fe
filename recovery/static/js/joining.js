// Putting somebody in line: a customer who is known appears while their number is typed. The form works without it.

const RECALL_FROM = 7; // digits after which a known customer is looked for
const PAUSE = 250; // ms of quiet before the server is asked

const form = document.getElementById("joining");
const { phone, name } = form.elements;
const known = document.getElementById("known");
let timer;

phone.addEventListener("input", () => {
  clearTimeout(timer);
  known.replaceChildren();
  if (phone.value.replace(/\D/g, "").length >= RECALL_FROM) timer = setTimeout(() => htmx.trigger(form, "recall"), PAUSE);
});

known.addEventListener("click", (event) => {
  const found = event.target.closest("[data-fill-name]");
  if (!found) return;
  phone.value = found.dataset.fillPhone;
  name.value = found.dataset.fillName;
  form.querySelector("[type=submit]").focus();
});
