// The rows of a list: those that came with the page, and those that are fetched where the reader stops to scroll. The
// list is a snapshot: a row keeps its place, even if its job leaves the list.

import { fetchNodes } from "./html.js";
import { element } from "./page.js";
import { merge } from "./refresh.js";
import { TallTable } from "./tall-table.js";

const PAGE = 100;
const MAX_KEPT = 3000;

/**
 * @typedef {object} Part rows that the server sent
 * @property {(HTMLTableRowElement | null)[]} rows null is a job that was removed meanwhile
 * @property {number} scanned how many jobs were read for it
 * @property {string} cursor where to go on; "" at the end
 *
 * @typedef {object} Listener
 * @property {(row: HTMLTableRowElement, id: string) => void} added is called for each row that comes
 * @property {() => void} settled is called when other rows can be seen, and the reader has stopped to scroll
 */

/** The rows of a list that has positions, or those that were found so far of a list that is walked. */
export class Rows {
  /** @type {Map<number, HTMLTableRowElement>} */
  #rows = new Map();
  /** @type {Map<string, number>} */
  #places = new Map();
  /** What stands for rows that are not there: grey ones, and sentences. @type {Map<number, HTMLTableRowElement>} */
  #others = new Map();
  /** @type {Set<number>} */
  #left = new Set();
  #below = "";
  /** @type {AbortController | null} */
  #asking = null;

  /** @param {HTMLElement} card @param {Listener} listener */
  constructor(card, listener) {
    this.card = card;
    this.path = card.dataset.path ?? "";
    this.listener = listener;
    this.hasPositions = card.dataset.hasPositions === "true";
    const table = element("table", card);
    this.tall = new TallTable(table, (place) => this.#rowAt(place), () => this.#settle());
  }

  /** Take over the rows that came with the page. */
  start() {
    const { position = "0", total = "0", maxRows = "0", order } = this.card.dataset;
    const first = this.hasPositions ? Number(position) : 0;
    const rows = [...this.tall.body.children].filter((row) => row instanceof HTMLTableRowElement);
    rows.forEach((row, place) => this.#take(first + place, row));
    this.tall.total = this.hasPositions ? Math.min(Number(total), Number(maxRows), this.tall.most) : rows.length;
    const newest = rows[0]?.dataset.id;
    if (order === "newest" && first === 0 && newest) this.#below = String(Number(newest) + 1);
    this.tall.render();
    if (first) this.show(first);
    this.#settle();
  }

  get total() {
    return this.tall.total;
  }

  /** How many jobs have left the list since it was shown. */
  get left() {
    return this.#left.size;
  }

  /** The ids of the rows that were fetched so far, in their order. */
  get ids() {
    return [...this.#places].toSorted((one, other) => one[1] - other[1]).map(([id]) => id);
  }

  /** The place of a job; -1 if it has none. @param {string} id */
  placeOf(id) {
    return this.#places.get(id) ?? -1;
  }

  /** The row of a job, if it was fetched. @param {string} id */
  row(id) {
    return this.#rows.get(this.placeOf(id)) ?? null;
  }

  /** The id at a place; "" if its row was not fetched. @param {number} place */
  idAt(place) {
    return this.#rows.get(place)?.dataset.id ?? "";
  }

  /** The ids that can be seen now. */
  get visibleIds() {
    const [first, last] = this.tall.visible();
    const found = [];
    for (let place = first; place <= last; place += 1) if (this.idAt(place)) found.push(this.idAt(place));
    return found;
  }

  /** Scroll to a place if it cannot be seen. @param {number} place */
  show(place) {
    this.tall.show(place);
  }

  /** Have the row with the same id be like another one. If it has the focus, it keeps it. @param {HTMLTableRowElement} row */
  replace(row) {
    const place = this.placeOf(row.dataset.id ?? "");
    const old = this.#rows.get(place);
    if (!old) return;
    this.#left.delete(place);
    if (old.contains(document.activeElement)) {
      merge(old, row);
      this.#take(place, old);
    } else {
      this.#take(place, row);
      old.replaceWith(row);
    }
  }

  /** A job left the list. Its row stays, but the rank of those behind it is one less now. @param {string} id */
  leave(id) {
    if (this.placeOf(id) >= 0) this.#left.add(this.placeOf(id));
  }

  /** Put rows behind the last one. @param {(HTMLTableRowElement | null)[]} rows */
  append(rows) {
    for (const row of rows) {
      if (!row || this.placeOf(row.dataset.id ?? "") >= 0) continue;
      this.#take(this.tall.total, row);
      this.tall.total += 1;
    }
    this.tall.render();
    this.listener.settled();
  }

  /**
   * Fetch a part of the list.
   * @param {Record<string, string>} parameters
   * @param {AbortSignal} [signal]
   * @returns {Promise<Part>}
   */
  async fetch(parameters, signal) {
    const query = new URLSearchParams(parameters);
    const found = await fetchNodes(`${this.path}${this.path.includes("?") ? "&" : "?"}${query}`, signal);
    const table = element("table", found);
    const rows = new Map([...table.querySelectorAll("tr")].map((row) => [row.dataset.id ?? "", row]));
    const ids = (table.dataset.ids ?? "").split(".").filter(Boolean);
    return {
      rows: ids.map((id) => rows.get(id) ?? null),
      scanned: Number(table.dataset.scanned),
      cursor: table.dataset.cursor ?? "",
    };
  }

  async #settle() {
    this.listener.settled();
    if (!this.hasPositions || !this.total) return;
    const [first, last] = this.tall.visible();
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) {
      if (this.#isMissing(Math.max(first, page * PAGE), Math.min(last, page * PAGE + PAGE - 1))) {
        await this.#load(page * PAGE, asking.signal);
      }
    }
    this.#forgetFarOnes();
  }

  /** Fetch the page that begins at a place. @param {number} first @param {AbortSignal} signal */
  async #load(first, signal) {
    const gone = [...this.#left].filter((place) => place < first).length;
    const parameters = { part: "rows", from: String(Math.max(0, first - gone)) };
    try {
      const { rows } = await this.fetch(this.#below ? { ...parameters, below: this.#below } : parameters, signal);
      for (let place = first; place < Math.min(first + PAGE, this.total); place += 1) {
        if (this.#rows.has(place)) continue;
        const row = rows[place - first];
        if (row) this.#take(place, row);
        else this.#others.set(place, this.#line("This job has left the list.", "gone"));
      }
    } catch (error) {
      if (signal.aborted) return;
      const seen = Math.max(first, this.tall.visible()[0] + 1);
      this.#others.set(seen, this.#failure(error instanceof Error ? error.message : String(error)));
    }
    this.tall.render();
    this.listener.settled();
  }

  /** Whether there is a row to fetch between two places. @param {number} first @param {number} last */
  #isMissing(first, last) {
    for (let place = first; place <= last; place += 1) {
      if (!this.#rows.has(place) && !this.#others.get(place)?.matches(".gone")) return true;
    }
    return false;
  }

  /** @param {number} place @param {HTMLTableRowElement} row */
  #take(place, row) {
    const id = row.dataset.id ?? "";
    row.ariaRowIndex = String(place + 2); // the head of the table is the first
    this.#rows.set(place, row);
    this.#places.set(id, place);
    this.#others.delete(place);
    this.listener.added(row, id);
  }

  /** @param {number} place */
  #rowAt(place) {
    const found = this.#rows.get(place) ?? this.#others.get(place) ?? this.#line("", "grey");
    if (!this.#rows.has(place)) this.#others.set(place, found);
    return found;
  }

  /** Rows that are far away are fetched again when they are needed. Those that are selected, or have left, stay. */
  #forgetFarOnes() {
    for (const [place, row] of this.#others) if (!this.tall.has(place) && row.matches(".grey")) this.#others.delete(place);
    if (this.#rows.size <= MAX_KEPT) return;
    for (const [place, row] of this.#rows) {
      if (this.tall.has(place) || row.matches(".selected, .left")) continue;
      this.#rows.delete(place);
      this.#places.delete(row.dataset.id ?? "");
    }
  }

  /** @param {string} text @param {string} name */
  #line(text, name) {
    const row = document.createElement("tr");
    row.className = name;
    const cell = row.insertCell();
    cell.colSpan = this.tall.columns;
    cell.textContent = text;
    return row;
  }

  /** @param {string} reason */
  #failure(reason) {
    const row = this.#line(`These rows could not be loaded: ${reason}. `, "failure");
    const again = document.createElement("button");
    again.className = "button small";
    again.textContent = "Try again";
    again.addEventListener("click", () => {
      this.#others.clear();
      this.tall.render();
      this.#settle();
    });
    row.cells[0]?.append(again);
    return row;
  }
}
