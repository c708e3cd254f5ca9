// A table with very many rows of one height. At most 300 are in the document, between two empty spaces that are as high
// as all others, so that the scrollbar reaches every row.

import { element } from "./page.js";

const MAX_SHOWN = 300;
const AROUND = 100; // so many rows before the first that can be seen are in the document
const STEP = 50;
const SETTLED_MS = 120;
const MAX_HEIGHT = 33_000_000; // what browsers can lay out, in pixels
const USUAL_ROW_HEIGHT = 42;

/** Which rows are in the document. Where a row comes from is not its business. */
export class TallTable {
  total = 0;
  #start = -1;
  #height = USUAL_ROW_HEIGHT;
  #isPlanned = false;
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {HTMLElement} table its property --row is the height of a row
   * @param {(place: number) => Element} rowAt the row for a place
   * @param {() => void} settled is called when the reader has stopped to scroll
   */
  constructor(table, rowAt, settled) {
    this.table = table;
    this.body = element("tbody[data-role=rows]", table);
    this.rowAt = rowAt;
    this.settled = settled;
    this.before = this.#space();
    this.after = this.#space();
    this.body.before(this.before);
    this.body.after(this.after);
    this.#measure();
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
    addEventListener("resize", () => {
      this.#measure();
      this.render();
    });
  }

  /** So many rows fit at most. */
  get most() {
    return Math.floor(MAX_HEIGHT / this.#height);
  }

  get columns() {
    return this.table.querySelectorAll("th").length;
  }

  /** The first and the last place that can be seen. @returns {[number, number]} */
  visible() {
    const above = -(this.table.getBoundingClientRect().top + this.#headHeight());
    const first = Math.min(Math.max(0, Math.floor(above / this.#height)), Math.max(0, this.total - 1));
    const bottom = Math.floor((above + innerHeight) / this.#height);
    return [first, Math.max(first, Math.min(this.total - 1, bottom))];
  }

  /** Scroll to a place if it cannot be seen. @param {number} place */
  show(place) {
    const [first, last] = this.visible();
    if (place > first && place < last - 1) return;
    const top = this.table.getBoundingClientRect().top + scrollY + this.#headHeight() + place * this.#height;
    scrollTo({ top: top - innerHeight / 3 });
    this.render();
  }

  /** Bring what can be seen, and the rows around it, into the document. */
  render() {
    this.#start = this.#wanted();
    const end = Math.min(this.total, this.#start + MAX_SHOWN);
    const rows = [];
    for (let place = this.#start; place < end; place += 1) rows.push(this.rowAt(place));
    this.#put(rows);
    this.#stretch(this.before, this.#start);
    this.#stretch(this.after, this.total - end);
  }

  /** Whether a place is in the document. @param {number} place */
  has(place) {
    return place >= this.#start && place < this.#start + MAX_SHOWN;
  }

  /** The first place that should be in the document. */
  #wanted() {
    const start = Math.floor((this.visible()[0] - AROUND) / STEP) * STEP;
    return Math.max(0, Math.min(start, this.total - STEP));
  }

  #scrolled() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.settled, SETTLED_MS);
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      if (this.#wanted() !== this.#start) this.render();
    });
  }

  #headHeight() {
    const head = this.table.querySelector("thead");
    return head?.offsetHeight ?? 0;
  }

  #measure() {
    this.#height = Number.parseFloat(getComputedStyle(this.table).getPropertyValue("--row")) || USUAL_ROW_HEIGHT;
    this.total = Math.min(this.total, this.most);
  }

  /** Have just these rows in the document. Those that are there already stay where they are. @param {Element[]} rows */
  #put(rows) {
    const kept = new Set(rows);
    for (const row of [...this.body.children]) if (!kept.has(row)) row.remove();
    let next = this.body.firstElementChild;
    for (const row of rows) {
      if (row === next) next = next.nextElementSibling;
      else this.body.insertBefore(row, next);
    }
  }

  #space() {
    const found = document.createElement("tbody");
    found.className = "space";
    found.setAttribute("role", "presentation");
    found.ariaHidden = "true";
    found.insertRow().insertCell().colSpan = this.columns;
    return found;
  }

  /** @param {HTMLElement} space @param {number} count how many rows it stands for */
  #stretch(space, count) {
    space.hidden = count <= 0;
    element("td", space).style.height = `${Math.max(0, count) * this.#height}px`;
  }
}
