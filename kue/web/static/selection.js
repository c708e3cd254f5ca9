// Which jobs of a list are selected: some of those that were loaded, or all that its filter takes.

/** @typedef {import("./rows.js").Rows} Rows */

/** The selection of a list. */
export class Selection {
  /** @type {Set<string>} */
  ids = new Set();
  /** How many jobs the filter takes, if all of these are selected; null if not. @type {number | null} */
  all = null;
  #last = "";

  /**
   * @param {Rows} rows
   * @param {HTMLInputElement} box the one in the head of the table
   * @param {() => void} changed
   */
  constructor(rows, box, changed) {
    this.rows = rows;
    this.box = box;
    this.changed = changed;
    box.addEventListener("change", () => (box.checked ? this.takeLoaded() : this.clear()));
    rows.tall.body.addEventListener("click", (event) => {
      const cell = event.target instanceof Element ? event.target.closest("td.select") : null;
      const id = cell?.closest("tr")?.dataset.id;
      if (!id) return;
      cell?.querySelector("input")?.focus({ preventScroll: true }); // a finger may hit the cell beside it
      if (event.shiftKey) this.takeRange(id);
      else this.toggle(id);
    });
  }

  /** How many jobs are selected. */
  get size() {
    return this.all ?? this.ids.size;
  }

  /** @param {string} id */
  toggle(id) {
    this.set(id, !this.rows.row(id)?.matches(".selected"));
  }

  /** @param {string} id @param {boolean} isSelected */
  set(id, isSelected) {
    this.#last = id;
    const ids = this.all === null ? this.ids : new Set(this.#loaded());
    if (isSelected) ids.add(id);
    else ids.delete(id);
    this.replace([...ids]);
  }

  /** Select what is between the job that was selected last and this one. @param {string} id */
  takeRange(id) {
    const place = this.rows.placeOf(id);
    const other = this.#last ? this.rows.placeOf(this.#last) : place;
    const taken = [];
    for (let at = Math.min(place, other); at <= Math.max(place, other); at += 1) {
      if (this.rows.idAt(at)) taken.push(this.rows.idAt(at));
    }
    this.#last = id;
    this.replace([...this.ids, ...taken]);
  }

  /** Select all that were loaded, and have not left the list. */
  takeLoaded() {
    this.replace(this.#loaded());
  }

  /** Select all that the filter takes. @param {number} count how many that are */
  takeAll(count) {
    this.ids = new Set(this.#loaded());
    this.all = count;
    this.#show(this.rows.ids);
  }

  clear() {
    this.replace([]);
  }

  /** Select just these. @param {string[]} ids */
  replace(ids) {
    const touched = new Set([...this.ids, ...ids, ...(this.all === null ? [] : this.rows.ids)]);
    this.ids = new Set(ids);
    this.all = null;
    this.#show(touched);
  }

  /** Have a row look as it is: selected, or not. Of all that the filter takes, some rows come later. @param {HTMLTableRowElement} row @param {string} id */
  mark(row, id) {
    const isSelected = this.ids.has(id) || (this.all !== null && !row.matches(".left"));
    row.classList.toggle("selected", isSelected);
    const box = row.querySelector("input[type=checkbox]");
    if (box instanceof HTMLInputElement) box.checked = isSelected;
  }

  #loaded() {
    return this.rows.ids.filter((id) => !this.rows.row(id)?.matches(".left"));
  }

  /** @param {Iterable<string>} ids */
  #show(ids) {
    for (const id of ids) {
      const row = this.rows.row(id);
      if (row) this.mark(row, id);
    }
    const loaded = this.#loaded();
    this.box.checked = loaded.length > 0 && loaded.every((id) => this.ids.has(id));
    this.box.indeterminate = this.ids.size > 0 && !this.box.checked;
    this.changed();
  }
}
