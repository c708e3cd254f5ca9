// The table of types: its figures change in place, and its rows stay where they are.

import { element, elements, now } from "./page.js";
import { merge } from "./refresh.js";
import { duration, exactCount, rate, shortCount } from "./words.js";

/** @typedef {import("./live.js").Values} Values */

const STATES = ["inactive", "active", "delayed", "failed"];

/** What changed of the types. @param {Values} values */
export function follow(values) {
  for (const row of rows(document)) {
    const type = values[row.dataset.type ?? ""];
    if (!type) continue;
    for (const state of STATES) {
      const cell = element(`[data-cell=${state}]`, row);
      cell.textContent = shortCount(type.counts[state]);
      cell.title = exactCount(type.counts[state]);
      cell.classList.toggle("zero", type.counts[state] === 0);
    }
    element("[data-cell=per_minute]", row).textContent = rate(type.per_minute);
    wait(element("[data-cell=waiting_since]", row), type.waiting_since);
  }
}

/** @param {HTMLElement} cell @param {number | null} since */
function wait(cell, since) {
  const counting = cell.querySelector("[data-since]");
  if (since === null) {
    if (counting) cell.textContent = "—";
  } else if (counting instanceof HTMLElement) {
    counting.dataset.since = String(since);
  } else {
    const fresh = document.createElement("span");
    fresh.dataset.since = String(since);
    fresh.textContent = duration(Math.max(0, now() - since));
    cell.replaceChildren(fresh);
  }
  cell.classList.toggle("zero", since === null);
}

/**
 * Take over what differs in each row. If there are other types, or in another order, a link offers to show them.
 * @param {Element} old
 * @param {Element} fresh
 */
export function take(old, fresh) {
  const before = new Map(rows(old).map((row) => [row.dataset.type, row]));
  const after = rows(fresh);
  for (const row of after) {
    const same = before.get(row.dataset.type);
    if (same) merge(same, row);
  }
  const isOther = after.length !== before.size || after.some((row) => !before.has(row.dataset.type));
  if (isOther && !before.size) old.replaceChildren(...fresh.childNodes);
  else element("[data-role=stale]").hidden = !isOther;
}

/** @param {ParentNode} within */
function rows(within) {
  return elements("tr[data-type]", within);
}
