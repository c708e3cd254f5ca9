// An operation on the jobs of a list, selected or by its filter, of which many ids take several requests.

import { change, follow } from "./outcome.js";
import { send } from "./send.js";

/** @typedef {import("./outcome.js").Operation} Operation */
/** @typedef {{ ids: string[], state: string } | { filter: object }} Jobs `state` is that of the list, "" for any */

const MAX_IDS = 1000; // of one request

/**
 * Begin an operation and follow it to its end. Many ids are several requests, and one operation to the reader.
 * @param {string} action
 * @param {Jobs} jobs
 * @param {(operation: Operation) => void} progressed
 * @returns {Promise<Operation>}
 */
export async function run(action, jobs, progressed) {
  if ("filter" in jobs) return follow(await send("POST", "/api/v1/bulk", { action, filter: jobs.filter }), progressed);
  /** @type {Operation | null} */
  let all = null;
  for (let first = 0; first < jobs.ids.length && (all === null || all.state === "done"); first += MAX_IDS) {
    const before = all;
    const ids = jobs.ids.slice(first, first + MAX_IDS).map(Number);
    const found = await change(action, ids, (one) => progressed(together(before, one, jobs.ids.length)), jobs.state);
    all = together(before, found, jobs.ids.length);
  }
  if (all === null) throw new Error("an operation has at least one job");
  return all;
}

/** The operation that is under way; null if there is none. @returns {Promise<Operation | null>} */
export async function underWay() {
  const { operations } = await send("GET", "/api/v1/operations");
  return operations.find((/** @type {Operation} */ one) => one.state === "running") ?? null;
}

/** The ids that were not done, with the reason of each. @param {Operation} operation */
export function details(operation) {
  return operation.named.map(({ id, reason }) => `${id}: ${reason}`).join("\n");
}

/** @param {Operation | null} before @param {Operation} one @param {number} total @returns {Operation} */
function together(before, one, total) {
  if (before === null) return { ...one, total };
  return {
    ...one,
    total,
    seen: before.seen + one.seen,
    done: before.done + one.done,
    not_done: before.not_done + one.not_done,
    named: [...before.named, ...one.named],
  };
}
