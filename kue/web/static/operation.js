// An operation on many jobs, which the server holds: begins it, follows it, and says how it ended.

import { send } from "./send.js";
import { exactCount } from "./words.js";

const LOOK_EVERY_MS = 400;
const MAX_IDS = 1000; // of one request

/**
 * @typedef {object} Operation as /api/v1/operations has it
 * @property {string} id
 * @property {string} action
 * @property {"running" | "done" | "stopped" | "failed"} state
 * @property {number | null} total
 * @property {number} seen
 * @property {number} done
 * @property {number} not_done
 * @property {{ id: number, reason: string }[]} named
 * @property {string | null} error
 *
 * @typedef {Pick<Operation, "done" | "not_done" | "named" | "error" | "state">} Outcome
 */

/**
 * Begin an operation and follow it to its end.
 * @param {string} action
 * @param {{ ids: string[] } | { filter: object }} jobs
 * @param {(operation: Operation) => void} progress
 * @returns {Promise<Outcome>}
 */
export async function run(action, jobs, progress) {
  if ("filter" in jobs) return follow(await send("POST", "/api/v1/bulk", { action, filter: jobs.filter }), progress);
  /** @type {Pick<Operation, "done" | "not_done" | "named">} */
  const all = { done: 0, not_done: 0, named: [] };
  /** @type {Pick<Operation, "error" | "state">} */
  let last = { error: null, state: "done" };
  for (let first = 0; first < jobs.ids.length && last.state === "done"; first += MAX_IDS) {
    const ids = jobs.ids.slice(first, first + MAX_IDS).map(Number);
    const before = { ...all };
    const begun = await send("POST", "/api/v1/bulk", { action, ids });
    const found = await follow(begun, (one) => {
      const { done, not_done } = one;
      progress({ ...one, done: before.done + done, not_done: before.not_done + not_done, total: jobs.ids.length });
    });
    all.done += found.done;
    all.not_done += found.not_done;
    all.named.push(...found.named);
    last = found;
  }
  return { ...all, error: last.error, state: last.state };
}

/**
 * Look at an operation until it has ended.
 * @param {Operation} operation
 * @param {(operation: Operation) => void} progress
 * @returns {Promise<Operation>}
 */
export async function follow(operation, progress) {
  let found = operation;
  progress(found);
  while (found.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    found = await send("GET", `/api/v1/operations/${operation.id}`);
    progress(found);
  }
  return found;
}

/** The operation that is under way, if there is one. @returns {Promise<Operation | null>} */
export async function underWay() {
  const { operations } = await send("GET", "/api/v1/operations");
  return operations.find((/** @type {Operation} */ one) => one.state === "running") ?? null;
}

/**
 * What became of the jobs, in a sentence or three: "58 of 61 retried. 3 not: 2 are active, 1 was removed".
 * @param {Outcome} outcome
 * @param {string} past what was done to them, such as "retried"
 */
export function sentence(outcome, past) {
  const all = outcome.done + outcome.not_done;
  const head = `${exactCount(outcome.done)} of ${exactCount(all)} ${past}`;
  const parts = [head];
  if (outcome.not_done) {
    /** @type {Map<string, number>} */
    const reasons = new Map();
    for (const { reason } of outcome.named) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const words = [...reasons].map(([reason, count]) => counted(reason, count)).join(", ");
    parts.push(`${exactCount(outcome.not_done)} not: ${words}`);
  }
  if (outcome.state === "stopped") parts.push("It was stopped before the end");
  if (outcome.error) parts.push(`It broke off: ${outcome.error}`);
  return `${parts.join(". ")}.`;
}

/** The ids that were not done, with the reason of each. @param {Outcome} outcome */
export function details(outcome) {
  return outcome.named.map(({ id, reason }) => `${id}: ${reason}`).join("\n");
}

/** A reason such as "it is active", as it is said of so many jobs. @param {string} reason @param {number} count */
function counted(reason, count) {
  const found = /^it (is|was) (.*)$/.exec(reason);
  if (!found) return `${exactCount(count)}: ${reason}`;
  const verb = count === 1 ? found[1] : found[1] === "is" ? "are" : "were";
  return `${exactCount(count)} ${verb} ${found[2]}`;
}
