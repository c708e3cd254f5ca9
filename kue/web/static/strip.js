// The telling line below each count of the strip.

import { element, now } from "./page.js";
import { duration, exactCount, rate } from "./words.js";

/** @typedef {import("./live.js").Values} Values */

/** @type {Values} */
const known = {};

/** What changed of the counts. @param {Values} values */
export function take(values) {
  Object.assign(known, values);
  const { waiting_since: since, slots, next_due: due, failed_lately: failed, per_minute: perMinute } = known;
  show("inactive", since === null ? ["none waits"] : ["oldest waits ", counting("since", since)]);
  show("active", [slots ? `of ${exactCount(slots)} slots` : "no Python worker"]);
  show("delayed", due === null ? ["none is due"] : ["next ", counting("until", due)]);
  show("failed", [`${failed ? "+" : ""}${exactCount(failed)} in the last hour`]);
  show("complete", [`${rate(perMinute)} a minute`]);
  for (const state of ["inactive", "active", "delayed", "failed", "complete"]) {
    element(`[data-cell=${state}]`, element(".strip")).classList.toggle("none", known[state] === 0);
  }
}

/** @param {string} state @param {(string | Node)[]} words */
function show(state, words) {
  const place = element(`[data-cell=${state}] [data-role=telling]`, element(".strip"));
  const fresh = document.createElement("span");
  fresh.append(...words);
  if (place.textContent?.trim() !== fresh.textContent) place.replaceChildren(...fresh.childNodes);
}

/** @param {"since" | "until"} kind @param {number} ms */
function counting(kind, ms) {
  const found = document.createElement("span");
  found.dataset[kind] = String(ms);
  const length = kind === "since" ? now() - ms : ms - now();
  if (kind === "until") found.dataset.before = "in ";
  found.textContent = kind === "until" && length <= 0 ? "now" : (found.dataset.before ?? "") + duration(Math.max(0, length));
  return found;
}
