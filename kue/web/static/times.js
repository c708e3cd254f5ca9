// Moments in the zone of the reader, and lengths of time that grow or shrink while one looks.

import { now } from "./page.js";
import { duration, exactMoment, label, moment } from "./words.js";

const TICK_MS = 1000;

/**
 * Turn the moments within some nodes into the zone of the reader. The server has written them in UTC.
 * @param {ParentNode} within
 */
export function localize(within) {
  for (const one of within.querySelectorAll("time[data-at]")) {
    if (one instanceof HTMLElement) write(one);
  }
  count(within);
}

/**
 * A new element with a moment.
 * @param {number | null} ms
 */
export function time(ms) {
  const found = document.createElement("time");
  if (ms === null) {
    found.textContent = moment(null);
    return found;
  }
  found.dateTime = new Date(ms).toISOString();
  found.dataset.at = String(ms);
  write(found);
  return found;
}

/** @param {HTMLElement} one */
function write(one) {
  const at = Number(one.dataset.at);
  const span = one.dataset.span;
  one.textContent = span === undefined ? moment(at, now()) : label(at, Number(span));
  one.title = exactMoment(at);
}

/** How long ago `data-since` is, and how long it is until `data-until`, behind the word in `data-before`. @param {ParentNode} within */
function count(within) {
  const at = now();
  for (const one of within.querySelectorAll("[data-since], [data-until]")) {
    if (!(one instanceof HTMLElement)) continue;
    const { since, until, before = "" } = one.dataset;
    const length = since !== undefined ? at - Number(since) : Number(until) - at;
    const text = until !== undefined && length <= 0 ? "now" : before + duration(Math.max(0, length));
    if (one.textContent !== text) one.textContent = text;
  }
}

/** Start to count. */
export function start() {
  localize(document);
  setInterval(() => {
    if (!document.hidden) count(document);
  }, TICK_MS);
}
