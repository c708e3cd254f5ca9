// Changes many jobs as an operation of the server: begins it, follows it, and says what became of it.

import { Problem, send } from "./send.js";
import { exactCount } from "./words.js";

/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} action
 * @property {"running" | "done" | "stopped" | "failed"} state
 * @property {number | null} total
 * @property {number} seen
 * @property {number} done
 * @property {number} not_done
 * @property {{ id: number, reason: string }[]} named
 * @property {string | null} error
 */

const ASK_EVERY_MS = 300;
/** @type {Record<string, string>} */
const DONE = { retry: "retried", promote: "queued", cancel: "cancelled", remove: "removed" };

/**
 * Change some jobs. Resolves to the operation once it has ended. Throws `Problem`.
 * @param {string} action
 * @param {number[]} ids
 * @param {(operation: Operation) => void} progressed is called at the beginning and whenever it went on
 * @param {string} state a job that is in another state by now is left alone; "" for any
 * @returns {Promise<Operation>}
 */
export async function change(action, ids, progressed, state) {
  return follow(await send("POST", "/api/v1/bulk", { action, ids, ...(state && { state }) }), progressed);
}

/**
 * Look at an operation until it has ended, also if the server or Redis is away meanwhile.
 * @param {Operation} operation
 * @param {(operation: Operation) => void} progressed is called at the beginning and whenever it went on
 * @returns {Promise<Operation>}
 */
export async function follow(operation, progressed) {
  let found = operation;
  progressed(found);
  while (found.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    try {
      found = await send("GET", `/api/v1/operations/${operation.id}`);
      progressed(found);
    } catch (error) {
      if (!(error instanceof Problem) || !passes(error)) throw error;
    }
  }
  return found;
}

/** Whether the same request may succeed later: no answer came, or the server was too busy. @param {Problem} problem */
function passes({ status }) {
  return status === 0 || status === 429 || status >= 500;
}

/**
 * Stop an operation. What is done stays done.
 * @param {Operation} operation
 */
export async function stop(operation) {
  await send("POST", `/api/v1/operations/${operation.id}/stop`);
}

/**
 * What became of an operation: 58 of 61 jobs were retried. 3 were not: it is active (2), it was removed (1).
 * @param {Operation} operation
 */
export function outcome(operation) {
  const total = operation.total ?? operation.seen;
  const all = `${exactCount(total)} job${total === 1 ? "" : "s"}`;
  const verb = DONE[operation.action] ?? "changed";
  if (operation.state === "running") {
    return `${exactCount(operation.seen)} of ${all} so far: ${exactCount(operation.done)} ${verb}.`;
  }
  const ends = { done: "", stopped: " It was stopped.", failed: ` It broke off: ${operation.error}.` };
  const text = `${exactCount(operation.done)} of ${all} ${were(operation.done)} ${verb}.${ends[operation.state]}`;
  if (!operation.not_done) return text;
  return `${text} ${exactCount(operation.not_done)} ${were(operation.not_done)} not: ${reasons(operation)}.`;
}

/** @param {number} count */
function were(count) {
  return count === 1 ? "was" : "were";
}

/** @param {Operation} operation */
function reasons(operation) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { reason } of operation.named) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const sorted = [...counts].toSorted(([, one], [, other]) => other - one);
  return sorted.map(([reason, count]) => `${reason} (${exactCount(count)})`).join(", ");
}
