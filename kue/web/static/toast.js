// Short messages at the bottom of the page. Errors stay until they are closed.

import { element } from "./page.js";

const SHOWN_MS = 6000;

/**
 * Show a message for six seconds, and for as long as the pointer or the focus is on it.
 * @param {string} text
 * @param {{ error?: boolean, details?: string }} [options] an `error` stays; `details` can be opened
 */
export function toast(text, { error = false, details = "" } = {}) {
  const box = document.createElement("div");
  box.className = error ? "toast error" : "toast";
  const sentence = document.createElement("p");
  sentence.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => box.remove());
  box.append(sentence, ...(details ? [folded(details)] : []), close);
  element("[data-role=toasts]").append(box);
  if (!error) removeLater(box);
}

/** @param {string} details */
function folded(details) {
  const found = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = "Details";
  const text = document.createElement("pre");
  text.textContent = details;
  found.append(summary, text);
  return found;
}

/** @param {HTMLElement} box */
function removeLater(box) {
  /** @type {number | undefined} */
  let timer;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (box.matches(":hover, :focus-within")) start();
      else box.remove();
    }, SHOWN_MS);
  };
  start();
}
