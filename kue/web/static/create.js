// The form for new jobs: says while one types whether the data is JSON, and sends it once.

import { element } from "./page.js";

const WAIT_MS = 300;
const form = element("form[data-role=create]");
const data = element("#data");
const wrong = element("#data-error");
/** @type {number | undefined} */
let timer;

data.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, WAIT_MS);
});

function check() {
  const problem = data instanceof HTMLTextAreaElement ? problemOf(data.value) : "";
  wrong.hidden = !problem;
  wrong.textContent = problem;
  if (problem) data.setAttribute("aria-invalid", "true");
  else data.removeAttribute("aria-invalid");
}

/** What is wrong with a text that should be JSON; "" if nothing is. @param {string} text */
function problemOf(text) {
  if (!text.trim()) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return `It is not JSON: ${error instanceof Error ? error.message : error}.`;
  }
}

form.addEventListener("submit", () => {
  for (const button of form.querySelectorAll("button")) button.disabled = true;
});

// The browser may bring the page back as it was left.
window.addEventListener("pageshow", () => {
  for (const button of form.querySelectorAll("button")) button.disabled = false;
});
