// Copies texts: buttons with `data-copy` copy what stands in it. Without script they are hidden.

import { elements } from "./page.js";
import { toast } from "./toast.js";

const SAID_MS = 2000;

/**
 * Show the buttons that copy.
 * @param {ParentNode} within
 */
export function showButtons(within) {
  for (const button of elements("[data-copy]", within)) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!(button instanceof HTMLElement)) return;
  if (!(await copy(button.dataset.copy ?? ""))) {
    toast("The browser does not allow this page to copy. Select the text, and copy it.", { error: true });
    return;
  }
  const word = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE);
  if (!word || word.nodeValue === "Copied") return;
  const before = word.nodeValue;
  word.nodeValue = "Copied";
  setTimeout(() => (word.nodeValue = before), SAID_MS);
});

/** Browsers have the clipboard only on pages of HTTPS and of this machine. @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelecting(text);
  }
}

/** @param {string} text */
function copyBySelecting(text) {
  const area = document.createElement("textarea");
  area.className = "hidden";
  area.value = text;
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
