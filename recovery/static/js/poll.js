// <section data-poll="/board/rows" data-poll-seconds="5" data-updated="id">: fresh rows without losing scroll, focus or what is typed.
import { resync } from "./server_time.js";

const STALE_AFTER = 3; // missed answers before the region goes grey
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select";

class Region {
  constructor(element) {
    this.element = element;
    this.every = Number(element.dataset.pollSeconds || 5) * 1000;
    this.stamp = document.getElementById(element.dataset.updated);
    this.etag = element.dataset.etag || "";
    this.answered = performance.now();
    this.html = "";
  }

  start() {
    this.showAge();
    this.schedule();
    setInterval(() => this.showAge(), 1000);
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh());
  }

  schedule() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), this.every);
  }

  async refresh() {
    if (!document.hidden && !this.isTypedIn()) await this.ask();
    this.schedule();
  }

  async ask() {
    const headers = { "X-Poll": "1" };
    if (this.etag) headers["If-None-Match"] = this.etag;
    try {
      const answer = await fetch(this.element.dataset.poll, { headers, cache: "no-store", signal: AbortSignal.timeout(this.every * 2) });
      if (answer.redirected || answer.status === 401) return location.reload(); // signed out meanwhile
      if (answer.status !== 304 && !answer.ok) return;
      resync(answer.headers.get("X-Server-Now"));
      this.answered = performance.now();
      if (answer.status === 200) this.replace(await answer.text(), answer.headers.get("ETag") || "");
    } catch {
      // No answer is shown by the age of the last one.
    }
  }

  isTypedIn() {
    return this.element.contains(document.activeElement) && document.activeElement.matches(TYPING);
  }

  replace(html, etag) {
    this.etag = etag;
    if (html === this.html || this.isTypedIn()) return;
    this.html = html;
    const kept = this.remember();
    this.element.innerHTML = html;
    this.restore(kept);
    this.element.dispatchEvent(new CustomEvent("polled", { bubbles: true }));
  }

  remember() {
    const keys = new Set([...this.element.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
    const open = [...this.element.querySelectorAll("details[id][open]")].map((details) => details.id);
    const focused = this.element.contains(document.activeElement) ? path(document.activeElement) : null;
    return { keys, open, focused, top: this.element.scrollTop, page: window.scrollY };
  }

  restore({ keys, open, focused, top, page }) {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    for (const row of this.element.querySelectorAll("[data-key]")) if (!keys.has(row.dataset.key)) row.classList.add("is-new");
    this.element.scrollTop = top;
    window.scrollTo({ top: page, behavior: "instant" });
    find(this.element, focused)?.focus({ preventScroll: true });
  }

  showAge() {
    const missed = (performance.now() - this.answered) / this.every;
    const stale = missed > STALE_AFTER;
    this.element.classList.toggle("is-stale", stale);
    if (!this.stamp) return;
    this.stamp.classList.toggle("is-stale", stale);
    const seconds = Math.round((performance.now() - this.answered) / 1000);
    this.stamp.textContent = stale ? `No answer for ${seconds} s. Trying again.` : seconds < 2 ? "Updated just now" : `Updated ${seconds} s ago`;
  }
}

// A focused element is found again by its id, or by its row and its place in it.
function path(element) {
  if (element.id) return { id: element.id };
  const row = element.closest("[data-key]");
  if (!row) return null;
  return { key: row.dataset.key, place: [...row.querySelectorAll("a, button, summary")].indexOf(element) };
}

function find(region, focused) {
  if (!focused) return null;
  if (focused.id) return document.getElementById(focused.id);
  const row = region.querySelector(`[data-key="${CSS.escape(focused.key)}"]`);
  return row?.querySelectorAll("a, button, summary")[focused.place] ?? null;
}

for (const element of document.querySelectorAll("[data-poll]")) new Region(element).start();
