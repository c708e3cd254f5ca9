// Keeps a part of a page up to date: fetches the page again while it is looked at, and changes what differs.

import { isOpen } from "./dialog.js";
import { fetchNodes } from "./html.js";
import { onStatus } from "./live.js";
import { base, element } from "./page.js";

let isPaused = false;
onStatus(({ kind }) => (isPaused = kind === "paused"));

/**
 * Fetch the page again and change a part of it.
 * @param {string} name the value of `data-part` of the part
 * @returns {Promise<void>} fails if there is no answer; the old content stays then
 */
export async function refresh(name) {
  merge(element(selector(name)), await fetched(name));
}

/**
 * Do so again and again, unless the page is hidden or paused, or a dialog is open.
 * @param {string} name
 * @param {number} ms
 * @param {() => void} [stale] is called instead if other things are there, or in another order, so that no row jumps
 */
export function keepFresh(name, ms, stale) {
  setInterval(async () => {
    if (document.hidden || isPaused || isOpen()) return;
    try {
      const fresh = await fetched(name);
      const old = element(selector(name));
      if (stale && keysIn(old) !== keysIn(fresh)) stale();
      else merge(old, fresh);
    } catch {
      // The foot of the rail says that the server does not answer, and the next call may find it again.
    }
  }, ms);
}

/** @param {string} name */
async function fetched(name) {
  return element(selector(name), await fetchNodes(location.pathname.slice(base.length) + location.search));
}

/** @param {string} name */
function selector(name) {
  return `[data-part=${name}]`;
}

/** @param {HTMLElement} part */
function keysIn(part) {
  return JSON.stringify([...part.querySelectorAll("[data-key]")].map(keyOf));
}

/**
 * Make a node like another one, and leave alone what is the same: a button keeps the focus, and what is folded open
 * stays open. Elements with the same `data-key` are the same thing.
 * @param {Element} old
 * @param {Element} fresh
 */
export function merge(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  }
  const before = [...old.childNodes];
  /** @type {Map<string, Element>} */
  const keyed = new Map();
  for (const one of before) if (keyOf(one)) keyed.set(keyOf(one), /** @type {Element} */ (one));
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    const same = key ? keyed.get(key) : place && !keyOf(place) && isAlike(place, wanted) ? place : undefined;
    if (same) {
      if (same !== place) old.insertBefore(same, place);
      else place = place.nextSibling;
      if (same instanceof Element && wanted instanceof Element) merge(same, wanted);
      else if (same.nodeValue !== wanted.nodeValue) same.nodeValue = wanted.nodeValue;
      keyed.delete(key);
    } else {
      old.insertBefore(wanted, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof HTMLElement ? (node.dataset.key ?? "") : "";
}

/** @param {Node} one @param {Node} other */
function isAlike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName;
}
