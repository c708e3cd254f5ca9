// What every script of a page needs: addresses, elements, and sentences for screen readers.

const ANNOUNCE_EVERY_MS = 10_000;

/** The prefix under which the app is mounted, such as "/ops"; "" without one. */
export const base = document.body?.dataset.base ?? "";

const clockAhead = Number(document.body?.dataset.now ?? Date.now()) - Date.now();

/** The present moment by the clock of the server, in ms. Lengths of time are right even if the reader's clock is not. */
export function now() {
  return Date.now() + clockAhead;
}

/**
 * The address of a path of this app.
 * @param {string} path begins with a slash
 */
export function address(path) {
  return base + path;
}

/**
 * The first element for a selector. Throws if there is none.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement}
 */
export function element(selector, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * The elements for a selector.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement[]}
 */
export function elements(selector, within = document) {
  return [...within.querySelectorAll(selector)].filter((one) => one instanceof HTMLElement);
}

let announcedAt = -ANNOUNCE_EVERY_MS;
/** @type {number | undefined} */
let waiting;

/**
 * Say a sentence to screen readers, at most one in ten seconds. Of several that have to wait, the last is said.
 * @param {string} text
 */
export function announce(text) {
  clearTimeout(waiting);
  const rest = announcedAt + ANNOUNCE_EVERY_MS - performance.now();
  waiting = setTimeout(() => {
    announcedAt = performance.now();
    element("[data-role=announcer]").textContent = text;
  }, Math.max(0, rest));
}

/**
 * What the reader has chosen to be kept in this browser; null if nothing, or without storage.
 * @param {string} name
 */
export function kept(name) {
  try {
    return localStorage.getItem(`kue.${name}`);
  } catch {
    return null; // the browser forbids storage
  }
}

/**
 * Keep what the reader has chosen; null forgets it.
 * @param {string} name
 * @param {string | null} value
 */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(`kue.${name}`);
    else localStorage.setItem(`kue.${name}`, value);
  } catch {
    // Without storage, the choice lasts as long as the page.
  }
}
