// The bar below a list: what is selected, what can be done with it, and how far that is.

import { confirm } from "./dialog.js";
import { details, run, underWay } from "./operation.js";
import { follow, outcome, stop } from "./outcome.js";
import { announce, element, elements } from "./page.js";
import { Problem } from "./send.js";
import { toast } from "./toast.js";
import { oneLine } from "./visible.js";
import { exactCount, plural } from "./words.js";

/** @typedef {import("./selection.js").Selection} Selection */
/** @typedef {import("./outcome.js").Operation} Operation */

const ASK_ABOVE = 100;
const TYPE_ABOVE = 1000;
const SAMPLE = 3;
const MAX_TYPE = 60; // characters of a type in a title
/** @type {Record<string, string>} */
const WARNINGS = {
  remove: "They are removed with their data, results and logs. This cannot be undone.",
  cancel: "Those that wait fail at once. Those that run are told to end.",
  retry: "They are queued again, and may run at once. This cannot be undone.",
  promote: "They are queued now, before their time. This cannot be undone.",
};
/** @type {Record<string, string>} */
const DOING = { remove: "Removing", cancel: "Cancelling", retry: "Retrying", promote: "Queueing" };

/** The bar of a list. */
export class Bar {
  /** @type {Operation | null} */
  #running = null;
  #isBusy = false;

  /**
   * @param {HTMLElement} bar
   * @param {Selection} selection
   * @param {{ state: string, of: { word: string, type: string }, filter: object | null, words: string, countAll: () => Promise<number>, ended: (place: number | null) => void }} list
   *   `of` says in words whose jobs the list has; `words` are what the filter takes, such as "61 of type email"; `ended` gets the place of the first row that was
   *   selected, or null if the page did not begin the operation
   */
  constructor(bar, selection, list) {
    this.bar = bar;
    this.selection = selection;
    this.list = list;
    this.buttons = elements("[data-bulk]", bar).filter((one) => one instanceof HTMLButtonElement);
    for (const button of this.buttons) button.addEventListener("click", () => this.act(button.dataset.bulk ?? ""));
    element("[data-role=clear]", bar).addEventListener("click", () => selection.clear());
    element("[data-role=stop]", bar).addEventListener("click", () => this.#stop());
    element("[data-role=choose-filter]", bar).addEventListener("click", () => this.#chooseAll());
    this.show();
  }

  /** Whether an action is offered. @param {string} action */
  offers(action) {
    return this.buttons.some((button) => button.dataset.bulk === action);
  }

  /** Find an operation that was begun before the page was loaded. */
  async resume() {
    if (!this.buttons.length) return;
    const found = await underWay().catch(() => null);
    if (found && !this.#isBusy) await this.#watch(() => follow(found, (one) => this.#progress(one)));
  }

  /** Have the bar show what is selected. */
  show() {
    const { selection, list } = this;
    this.bar.hidden = !selection.size && !this.#isBusy;
    element("[data-role=chosen]", this.bar).textContent = selection.size ? `${exactCount(selection.size)} selected` : "";
    for (const button of this.buttons) {
      element("span", button).textContent = `${button.dataset.verb} ${exactCount(selection.size)}`;
      button.hidden = !selection.size;
      button.disabled = this.#isBusy;
      button.title = this.#isBusy ? "Another action is under way" : "";
    }
    const all = element("[data-role=choose-filter]", this.bar);
    all.hidden = !list.filter || selection.all !== null || !selection.size || this.#isBusy;
    all.textContent = `Select all ${list.words}`;
    element("[data-role=clear]", this.bar).hidden = !selection.size;
    element("[data-role=under-way]", this.bar).hidden = !this.#isBusy;
    element("[data-role=stop]", this.bar).hidden = !this.#isBusy;
  }

  /** Do something with what is selected, after asking if it is much or cannot be mended. @param {string} action */
  async act(action) {
    const { selection, list } = this;
    const button = this.buttons.find((one) => one.dataset.bulk === action);
    if (!button || !selection.size || this.#isBusy) return;
    const { verb = "" } = button.dataset;
    const count = selection.size;
    const isGrave = action === "remove" || action === "cancel";
    if ((isGrave || count > ASK_ABOVE) && !(await this.#ask(action, verb, count, isGrave))) return;
    const jobs = selection.all !== null && list.filter ? { filter: list.filter } : { ids: [...selection.ids], state: list.state };
    await this.#watch(() => run(action, jobs, (one) => this.#progress(one)));
  }

  /** @param {string} action @param {string} verb @param {number} count @param {boolean} danger */
  #ask(action, verb, count, danger) {
    const { selection, list } = this;
    const type = list.of.type && ` of type ${oneLine(list.of.type.slice(0, MAX_TYPE))}`;
    const all = selection.all === null ? "" : "These are all that the list takes now, also those that are not loaded. ";
    const sample = [...selection.ids].slice(0, SAMPLE).map((id) => {
      const title = selection.rows.row(id)?.querySelector(".job a :is(bdi, i)")?.textContent ?? "";
      return `${id} ${title}`;
    });
    return confirm({
      title: `${verb} ${plural(count, list.of.word ? `${list.of.word} job` : "job")}${type}?`,
      text: all + (WARNINGS[action] ?? ""),
      sample,
      verb: `${verb} ${exactCount(count)}`,
      danger,
      typed: count > TYPE_ABOVE ? String(count) : "",
    });
  }

  /** @param {() => Promise<Operation>} work */
  async #watch(work) {
    const places = [...this.selection.ids].map((id) => this.selection.rows.placeOf(id));
    this.#isBusy = true;
    this.show();
    try {
      const ended = await work();
      const said = outcome(ended);
      toast(said, { error: ended.not_done > 0 || ended.error !== null, details: details(ended) });
      announce(said);
      this.selection.replace(ended.named.map(({ id }) => String(id)));
      this.show();
      this.list.ended(places.length ? Math.min(...places) : null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const what = this.#running ? "What became of the jobs is not known" : "The jobs were not changed";
      toast(`${what}: ${error.detail}`, { error: true });
    } finally {
      this.#running = null;
      this.#isBusy = false;
      this.show();
    }
  }

  /** @param {Operation} one */
  #progress(one) {
    this.#running = one;
    const bar = element("[data-role=progress]", this.bar);
    const reached = one.done + one.not_done;
    if (bar instanceof HTMLProgressElement) {
      if (one.total) bar.value = Math.min(1, reached / one.total);
      else bar.removeAttribute("value");
    }
    const whole = one.total === null ? "" : ` of ${exactCount(one.total)}`;
    const left = one.not_done ? `, ${exactCount(one.not_done)} not done` : "";
    element("[data-role=done]", this.bar).textContent = `${DOING[one.action] ?? "Done"} ${exactCount(reached)}${whole}${left}`;
  }

  async #stop() {
    if (this.#running) await stop(this.#running).catch((error) => toast(String(error.message), { error: true }));
  }

  async #chooseAll() {
    const button = element("[data-role=choose-filter]", this.bar);
    button.textContent = "Counting…";
    try {
      this.selection.takeAll(await this.list.countAll());
    } catch (error) {
      toast(`The jobs were not counted: ${error instanceof Error ? error.message : error}`, { error: true });
      this.show();
    }
  }
}
