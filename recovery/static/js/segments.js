// How many texts a text is. The same figures as the server's, held to one table: tests/shared_texts.json.

const GSM_BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡" +
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const GSM_EXTENDED = new Set("\f^{}\\[~]|€");
const SIZES = { "GSM-7": { single: 160, part: 153 }, "UCS-2": { single: 70, part: 67 } };

export function segments(body) {
  const letters = [...body];
  const offending = [...new Set(letters.filter((letter) => !isGsm(letter)))];
  const encoding = offending.length ? "UCS-2" : "GSM-7";
  const sizes = letters.map((letter) => (encoding === "GSM-7" ? (GSM_EXTENDED.has(letter) ? 2 : 1) : letter.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  return { encoding, units, ...filled(sizes, units, SIZES[encoding]), offending };
}

// A letter of two units is never cut in half, so the parts are filled one letter at a time.
function filled(sizes, units, { single, part }) {
  if (units <= single) return { count: 1, left: single - units };
  let count = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > part) {
      count += 1;
      used = 0;
    }
    used += size;
  }
  return { count, left: part - used };
}

const each = (letters, plain) => [...letters].map((letter) => [letter, plain]);
const PLAIN = new Map([
  ...each("\u2018\u2019\u201a\u201b\u2032\u02bc`\u00b4\u2039\u203a", "'"),
  ...each("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
  ...each("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022", "-"),
  ...each("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
  ...each("\u2028\u2029\x85\x0b", "\n"),
  ...each("\u200b\u2060\ufeff\u00ad", ""),
  ...["…...", "·.", "×x", "ŒOE", "œoe", "ŁL", "łl", "ĐD", "đd", "ÐD", "ðd", "ÞTh", "þth", "ıi", "ẞSS", "ĦH", "ħh"].map((pair) => [pair[0], pair.slice(1)]),
]);

// The server folds a text before it goes; counting the typed one would name a price that nobody pays.
export function fold(body) {
  return [...body.normalize("NFC").replaceAll("\r\n", "\n")].map(folded).join("");
}

function folded(letter) {
  if (isGsm(letter)) return letter;
  if (PLAIN.has(letter)) return PLAIN.get(letter);
  const base = letter.normalize("NFD").replace(/\p{M}/gu, "");
  return base && [...base].every(isGsm) ? base : letter;
}

function isGsm(letter) {
  return GSM_BASIC.has(letter) || GSM_EXTENDED.has(letter);
}

// As domain/money.py writes millionths: two digits more than the money has, rounded up.
export function inMoney(micros, sign, digits) {
  const finest = digits + 2;
  const amount = String(Math.ceil(micros / 10 ** (6 - finest))).padStart(finest + 1, "0");
  const cut = amount.length - finest;
  const decimals = amount.slice(cut, cut + digits) + amount.slice(cut + digits).replace(/0+$/, "");
  const whole = amount.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, ",");
  return sign + whole + (decimals && `.${decimals}`);
}

// As web/segment_view.py says it.
export function inWords({ left, count, encoding }, cost = "") {
  const letters = `${left} ${left === 1 ? "letter" : "letters"} left`;
  return [letters, `${count} ${count === 1 ? "segment" : "segments"}`, encoding, cost].filter(Boolean).join(" · ");
}

export function warning(typed, sent) {
  const dear = segments(sent).offending;
  if (dear.length) return `${named(dear)} ${dear.length === 1 ? "makes" : "make"} it cost more: fewer letters fit.`;
  const plain = segments(typed).offending;
  return plain.length ? `${named(plain)} ${plain.length === 1 ? "goes" : "go"} out as plain letters.` : "";
}

function named(letters) {
  return letters.slice(0, 4).join(" ") + (letters.length > 4 ? " and others" : "");
}

function watch(field) {
  const output = document.getElementById(field.dataset.segments);
  if (!output) return;
  const { before = "", after = "", folds = "yes", price, sign, digits } = field.dataset; // what the server writes around it, and how
  const cost = (count) => (price ? inMoney(Number(price) * count, sign, Number(digits)) : "");
  const show = () => {
    const whole = before + field.value.trim() + after;
    const sent = folds === "yes" ? fold(whole) : whole.normalize("NFC").replaceAll("\r\n", "\n");
    const counted = segments(sent);
    output.querySelector("[data-count]").textContent = field.value ? inWords(counted, cost(counted.count)) : "";
    output.querySelector("[data-warning]").textContent = warning(field.value, sent);
  };
  field.addEventListener("input", show);
  show();
}

for (const field of document.querySelectorAll("[data-segments]")) watch(field);
