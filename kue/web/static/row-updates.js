// Keeps the rows that can be seen up to date. A row whose job has left the list stays, and says what became of it. How
// many jobs came to the list is counted, and shown only if the reader asks for it.

import { follow } from "./live.js";
import { element } from "./page.js";
import { time } from "./times.js";
import { exactCount } from "./words.js";

/** @typedef {import("./rows.js").Rows} Rows */
/** @typedef {{ state: string | null, progress: number | null, updated_at: number | null }} Values */

const FETCH_AFTER_MS = 300;
const FIRST = 100; // so many ids the server tells of the beginning of a list
/** @type {Record<string, string>} */
const BECAME = { inactive: "queued", active: "active", delayed: "delayed", failed: "failed", complete: "complete" };
/** The orders of a list, as the live stream knows them. @type {Record<string, string>} */
const ORDERS = { newest: "newest", oldest: "oldest", next: "next", due: "next", started: "newest" };

/** What is live in a list. */
export class RowUpdates {
  /** @type {Set<string>} */
  #stale = new Set();
  #isPlanned = false;
  /** @type {() => void} */
  #stop = () => {};
  #followed = "";

  /** @param {Rows} rows @param {HTMLElement} card @param {HTMLElement} news where new jobs are counted */
  constructor(rows, card, news) {
    this.rows = rows;
    this.state = card.dataset.state ?? "";
    this.news = news;
    this.began = time(Date.now());
    this.totalAtFirst = Number(card.dataset.total);
    if (!rows.hasPositions || card.dataset.filtered === "true") return;
    const type = encodeURIComponent(card.dataset.type ?? "");
    const order = ORDERS[card.dataset.order ?? ""] ?? "newest";
    /** @type {Record<string, any>} */
    let seen = {};
    follow(`rows:${this.state}:${type}:${order}`, (values, whole) => {
      seen = whole ? values : { ...seen, ...values };
      this.#count(seen.total, seen.first, order);
    });
  }

  /** Follow the rows that can be seen now. */
  look() {
    const ids = this.rows.visibleIds;
    const topic = ids.length ? `jobs:${ids.join(".")}` : "";
    if (topic === this.#followed) return;
    this.#followed = topic;
    this.#stop();
    this.#stop = topic ? follow(topic, (values) => this.#take(values)) : () => {};
  }

  /** Say of a row what became of its job. @param {string} id @param {string | null} state null if it was removed */
  become(id, state) {
    const row = this.rows.row(id);
    if (!row || (!this.state && state !== null)) return;
    const isGone = state !== this.state;
    row.querySelector(".became")?.remove();
    row.classList.toggle("left", isGone);
    if (!isGone) return;
    this.rows.leave(id);
    const words = document.createElement("span");
    words.className = "became";
    words.textContent = state === null ? "removed" : `now ${BECAME[state] ?? state}`;
    row.querySelector(".job")?.append(words);
    for (const button of row.querySelectorAll("button")) button.disabled = true;
  }

  /** @param {Record<string, Values | null>} values */
  #take(values) {
    for (const [id, job] of Object.entries(values)) {
      const row = this.rows.row(id);
      if (!row) continue;
      if (job === null || (this.state && job.state !== this.state)) this.become(id, job?.state ?? null);
      else if (row.matches(".left") || row.dataset.updated !== String(job.updated_at ?? "")) this.#stale.add(id);
    }
    if (!this.#stale.size || this.#isPlanned) return;
    this.#isPlanned = true;
    setTimeout(() => this.#fetch(), FETCH_AFTER_MS);
  }

  /** The server makes the rows anew, as it made them at first. */
  async #fetch() {
    const ids = [...this.#stale];
    this.#stale.clear();
    this.#isPlanned = false;
    try {
      const { rows } = await this.rows.fetch({ part: "ids", ids: ids.join(".") });
      for (const row of rows) if (row) this.rows.replace(row);
    } catch {
      // The stream says that the server is away; the rows are as old as that.
    }
  }

  /** @param {number | null} total @param {number[] | null} first @param {string} order */
  #count(total, first, order) {
    const highest = Math.max(...this.rows.ids.map(Number), 0);
    const isNew = (/** @type {number} */ id) => this.rows.placeOf(String(id)) < 0 && (order !== "newest" || id > highest);
    const atFirst = (first ?? []).filter(isNew).length;
    const more = (total ?? 0) - this.totalAtFirst + this.rows.left;
    const count = order === "newest" && atFirst < FIRST ? Math.max(atFirst, more) : Math.max(more, 0);
    this.news.hidden = count <= 0;
    const words = element("[data-role=new-words]", this.news);
    words.replaceChildren(`${exactCount(count)} new since `, this.began);
  }
}
