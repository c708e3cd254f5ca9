// Buttons that copy: `data-copy` is the id of the element that has the text, or `data-text` is the text itself.

import { elements } from "./page.js";
import { toast } from "./toast.js";

const BUTTON = "[data-copy], [data-text]";

/**
 * Show the buttons, which are hidden without a script.
 * @param {ParentNode} within
 */
export function start(within = document) {
  for (const button of elements(BUTTON, within)) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest(BUTTON) : null;
  if (!(button instanceof HTMLElement)) return;
  const { text } = button.dataset;
  if (text === undefined) copy(document.getElementById(button.dataset.copy ?? ""));
  else copyText(text);
});

/** @param {HTMLElement | null} place */
async function copy(place) {
  if (!place) return;
  if (await isCopied(place.textContent ?? "")) return;
  // Without HTTPS there is no clipboard for scripts: the text is selected, for the reader's own keys.
  const range = document.createRange();
  range.selectNodeContents(place);
  getSelection()?.removeAllRanges();
  getSelection()?.addRange(range);
  toast("The browser forbids copying here. The text is selected: copy it with Ctrl+C.");
}

/** @param {string} text */
async function copyText(text) {
  if (await isCopied(text)) return;
  toast("The browser forbids copying here. The text stands under Details.", { error: true, details: text });
}

/** @param {string} text */
async function isCopied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false;
  }
  toast("Copied.");
  return true;
}
