// The log of an open job: grows at its end, which it follows unless the reader scrolls up, and shows earlier lines.

import { fetchNodes } from "./html.js";
import { base, element } from "./page.js";
import { toast } from "./toast.js";
import { logLine } from "./visible.js";
import { exactCount, plural } from "./words.js";

/** @typedef {{ total: number, from: number, lines: string[] | null }} Piece */

const MOST_LINES = 2000; // in the document, while it follows the end
const NEAR_END_PX = 24;

/** Start the log of the page. Returns what takes new lines; null if the page shows no log, or another part of it. */
export function startLog() {
  const box = document.querySelector("[data-role=log]");
  if (!(box instanceof HTMLElement)) return null;
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-role=earlier] a") : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    showEarlier(box, link).catch((error) => toast(`The lines cannot be read: ${error.message}.`, { error: true }));
  });
  return document.querySelector("[data-role=later]") ? null : new Tail(box);
}

/** The end of a log. */
class Tail {
  #isFollowing = true;
  #waiting = 0;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.button = element("[data-role=follow]");
    this.button.hidden = false;
    this.button.addEventListener("click", () => this.#follow(!this.#isFollowing));
    const announce = element("[data-role=announce]");
    announce.hidden = false;
    announce.addEventListener("change", () => {
      box.ariaLive = element("input", announce).matches(":checked") ? "polite" : "off";
    });
    box.addEventListener("scroll", () => {
      const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
      if (isAtEnd !== this.#isFollowing) this.#follow(isAtEnd);
    });
    this.#follow(true);
  }

  /** @param {Piece} piece */
  take({ total, from, lines }) {
    element("[data-role=total]").textContent = plural(total, "line");
    if (lines === null) return;
    const end = Number(this.box.dataset.end);
    if (total < end || from > end) this.#restart(from);
    const fresh = lines.slice(Math.max(0, Number(this.box.dataset.end) - from));
    if (!fresh.length) return;
    list(this.box).append(...fresh.map(row));
    this.box.dataset.end = String(from + lines.length);
    for (const one of this.box.querySelectorAll(":scope > p")) one.remove();
    if (this.#isFollowing) this.#shorten();
    else this.#waiting += fresh.length;
    this.#show();
  }

  /** @param {number} from */
  #restart(from) {
    list(this.box).replaceChildren();
    this.box.dataset.end = String(from);
    begin(this.box, from);
  }

  #shorten() {
    const rows = list(this.box).children;
    const surplus = rows.length - MOST_LINES;
    if (surplus <= 0) return;
    for (const one of [...rows].slice(0, surplus)) one.remove();
    begin(this.box, Number(this.box.dataset.first) + surplus);
  }

  /** @param {boolean} isFollowing */
  #follow(isFollowing) {
    this.#isFollowing = isFollowing;
    if (isFollowing) this.#waiting = 0;
    this.#show();
  }

  #show() {
    if (this.#isFollowing) this.box.scrollTop = this.box.scrollHeight;
    this.button.textContent = this.#isFollowing ? "Following" : this.#waiting ? plural(this.#waiting, "new line") : "Follow";
    this.button.setAttribute("aria-pressed", String(this.#isFollowing));
  }
}

/** @param {HTMLElement} box @param {HTMLAnchorElement} link */
async function showEarlier(box, link) {
  const found = await fetchNodes(link.pathname.slice(base.length) + link.search);
  const piece = element("[data-role=log]", found);
  const first = Number(piece.dataset.first);
  const rows = [...list(piece).children].slice(0, Number(box.dataset.first) - first);
  const height = box.scrollHeight;
  list(box).prepend(...rows);
  begin(box, first);
  box.scrollTop += box.scrollHeight - height;
}

/** Note which line is the first, and how many stand before it. @param {HTMLElement} box @param {number} first */
function begin(box, first) {
  box.dataset.first = String(first);
  list(box).start = first + 1;
  const place = element("[data-role=earlier]");
  place.hidden = first === 0;
  element("[data-role=count]", place).textContent = exactCount(first);
  const link = element("a", place);
  const step = Number(place.dataset.step);
  if (link instanceof HTMLAnchorElement) link.search = `?log=${Math.max(0, first - step)}`;
}

/** @param {ParentNode} box */
function list(box) {
  const found = box.querySelector("ol");
  if (!found) throw new Error("the log has no list");
  return found;
}

/** @param {string} line */
function row(line) {
  const found = document.createElement("li");
  const text = document.createElement("bdi");
  text.textContent = logLine(line);
  found.append(text);
  return found;
}
