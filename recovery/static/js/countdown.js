// <time-left data-due="…Z" data-warn="…Z" data-kind="promise|callback">: the server wrote the words, this keeps them true.
import { followClockSteps, serverNow } from "./server_time.js";

const SECOND = 1000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TICKING_BELOW = 10 * MINUTE; // farther away, seconds are noise
const MINUTES_BELOW = 90 * MINUTE;
const WARN_BEFORE = TICKING_BELOW * SECOND; // where the server names no instant

// The same words as components/time.html: change both together, tests/browser compares them.
export function amount(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < TICKING_BELOW) return `${Math.floor(seconds / MINUTE)}:${String(seconds % MINUTE).padStart(2, "0")}`;
  if (seconds < MINUTES_BELOW) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${String(Math.floor((seconds % HOUR) / MINUTE)).padStart(2, "0")}`;
  const days = Math.floor(seconds / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

export function reading(due, warn, now, kind = "promise") {
  const late = Math.floor((now - due) / SECOND);
  if (late >= 1) return { state: "late", number: amount(late), word: "late" };
  if (late >= 0) return { state: "late", number: "now", word: "due" };
  const state = now >= warn ? "soon" : "ok";
  return { state, number: amount(Math.ceil((due - now) / SECOND)), word: kind === "callback" ? "to go" : "left" };
}

const elements = new Set();

class TimeLeft extends HTMLElement {
  connectedCallback() {
    this.due = Date.parse(this.dataset.due);
    if (Number.isNaN(this.due)) return;
    const warn = Date.parse(this.dataset.warn);
    this.warn = Number.isNaN(warn) ? this.due - WARN_BEFORE : warn;
    elements.add(this);
    this.show(serverNow());
  }

  disconnectedCallback() {
    elements.delete(this);
  }

  show(now) {
    const { state, number, word } = reading(this.due, this.warn, now, this.dataset.kind);
    write(this.querySelector(".time-number"), number);
    write(this.querySelector(".time-word"), word);
    if (this.classList.contains(state)) return;
    this.classList.remove("ok", "soon", "late");
    this.classList.add(state);
    if (state === "late" && this.shown) announce(this.dataset.who);
    this.shown = true;
  }
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function announce(who) {
  const voice = document.getElementById("announcer");
  if (voice && who) voice.textContent = `${who} is late now.`;
}

function showClocks(now) {
  for (const clock of document.querySelectorAll("time.clock[data-zone]")) {
    const options = { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: clock.dataset.zone };
    write(clock, new Intl.DateTimeFormat("en-GB", options).format(new Date(now)).replace(",", ""));
  }
}

function tick() {
  followClockSteps();
  const now = serverNow();
  for (const element of elements) element.show(now);
  showClocks(now);
  setTimeout(tick, SECOND - (serverNow() % SECOND) + 5);
}

customElements.define("time-left", TimeLeft);
tick();
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const element of elements) element.show(serverNow());
});
