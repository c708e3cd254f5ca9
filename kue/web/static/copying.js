// Buttons that copy a text of the page: `data-copy` is the id of the element that has the text.

import { announce, elements } from "./page.js";
import { toast } from "./toast.js";

/** Start those buttons that have not been started yet. */
export function start() {
  for (const button of elements("[data-copy][hidden]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(document.getElementById(button.dataset.copy ?? "")));
  }
}

/** @param {HTMLElement | null} place */
async function copy(place) {
  if (!place) return;
  try {
    await navigator.clipboard.writeText(place.textContent ?? "");
    toast("Copied.");
    announce("Copied.");
  } catch {
    // Without HTTPS there is no clipboard for scripts: the text is selected, for the reader's own keys.
    const range = document.createRange();
    range.selectNodeContents(place);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
    toast("The browser forbids copying here. The text is selected: copy it with Ctrl+C.");
  }
}
