// A list with a filter is walked in pieces: what was found is shown at once, with how many jobs were read, and Stop.

import { element } from "./page.js";
import { exactCount } from "./words.js";

/** @typedef {import("./rows.js").Rows} Rows */

const ENOUGH = 100; // so many more rows are found before the walk waits for the reader to scroll

/** The walk along a list. */
export class Walk {
  #cursor;
  #scanned;
  /** @type {AbortController | null} */
  #asking = null;

  /** @param {Rows} rows @param {HTMLElement} card @param {HTMLElement} pages where is said how far it is */
  constructor(rows, card, pages) {
    this.rows = rows;
    this.card = card;
    this.pages = pages;
    this.#cursor = card.dataset.cursor ?? "";
    this.#scanned = Number(card.dataset.scanned);
    this.total = Number(card.dataset.total);
    this.words = document.createElement("span");
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "button";
    this.button.addEventListener("click", () => (this.#asking ? this.#asking.abort() : this.go()));
    pages.replaceChildren(this.words, this.button);
    this.#say("");
    if (rows.total < ENOUGH) this.go();
  }

  /** Go on if the end of what was found can be seen. */
  look() {
    const last = this.rows.tall.visible()[1];
    if (last >= this.rows.total - 2 && this.rows.total >= ENOUGH) this.go();
  }

  /** Look for more. */
  async go() {
    if (this.#asking || !this.#cursor) return;
    const asking = (this.#asking = new AbortController());
    const goal = this.rows.total + ENOUGH;
    let problem = "";
    this.#say("");
    try {
      while (this.#cursor && this.rows.total < goal && !asking.signal.aborted) {
        const part = await this.rows.fetch({ part: "rows", cursor: this.#cursor }, asking.signal);
        this.#cursor = part.cursor;
        this.#scanned += part.scanned;
        this.rows.append(part.rows);
        this.#say("");
      }
    } catch (error) {
      if (!asking.signal.aborted) problem = `It broke off: ${error instanceof Error ? error.message : error}. `;
    } finally {
      this.#asking = null;
      this.#say(problem);
    }
  }

  /** @param {string} problem */
  #say(problem) {
    const found = `${exactCount(this.rows.total)} found, ${exactCount(this.#scanned)} of ${exactCount(this.total)} read`;
    this.words.textContent = problem + found;
    this.button.hidden = !this.#cursor;
    this.button.textContent = this.#asking ? "Stop" : problem ? "Try again" : "Look for more";
    const empty = this.card.querySelector("[data-role=empty]");
    empty?.toggleAttribute("hidden", this.rows.total > 0 || this.#asking !== null);
    const sentence = empty?.querySelector("[data-role=so-far]");
    if (sentence && !this.#cursor) sentence.textContent = `No job was found: ${exactCount(this.#scanned)} were read.`;
    element("table", this.card).toggleAttribute("hidden", this.rows.total === 0);
  }
}
