// The keys of a page. None has a modifier, none acts while the reader types, and one switch turns them all off.

import { isOpen } from "./dialog.js";
import { keep, kept } from "./page.js";

const NEXT_KEY_WITHIN_MS = 1500;
/** @type {Map<string, { words: string, act: (event: KeyboardEvent) => void }>} */
const known = new Map();
let first = "";
let firstAt = 0;

/**
 * Have a key do something. Two keys after one another are written with a space: "g o". Shift is part of the key: "X".
 * @param {string} name as in `KeyboardEvent.key`
 * @param {string} words what it does, for the help; "" leaves it out
 * @param {(event: KeyboardEvent) => void} act
 */
export function key(name, words, act) {
  known.set(name, { words, act });
}

/** The keys of this page with what they do. */
export function described() {
  return [...known].map(([name, { words }]) => ({ name, words })).filter(({ words }) => words);
}

export function areOn() {
  return kept("keys") !== "off";
}

/** @param {boolean} on */
export function turn(on) {
  keep("keys", on ? null : "off");
}

document.addEventListener("keydown", (event) => {
  if (!areOn() || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (isTyping(event.target) || isOpen()) return;
  const now = performance.now();
  const both = first && now - firstAt < NEXT_KEY_WITHIN_MS ? `${first} ${event.key}` : "";
  first = "";
  const found = known.get(both) ?? known.get(event.key);
  if (found && !isPressing(event)) {
    event.preventDefault();
    found.act(event);
  } else if ([...known.keys()].some((name) => name.startsWith(`${event.key} `))) {
    first = event.key;
    firstAt = now;
  }
});

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select"));
}

/** Enter and the space bar press a button or follow a link that has the focus. @param {KeyboardEvent} event */
function isPressing(event) {
  const isPress = event.key === "Enter" || event.key === " ";
  return isPress && event.target instanceof HTMLElement && event.target.matches("a, button, summary, input");
}
