// The button that changes the colours: those of the system, light, dark. theme.js applies the choice before first paint.

import { elements, keep } from "./page.js";

const CHOICES = ["system", "light", "dark"];

/** Start the buttons that change the colours. */
export function start() {
  for (const button of elements("[data-role=theme]")) {
    button.hidden = false;
    button.addEventListener("click", change);
  }
  show();
}

/** Take the next colours. */
export function change() {
  const next = CHOICES[(CHOICES.indexOf(chosen()) + 1) % CHOICES.length] ?? "system";
  keep("theme", next === "system" ? null : next);
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  show();
}

function chosen() {
  return document.documentElement.dataset.theme ?? "system";
}

function show() {
  for (const button of elements("[data-role=theme] [data-role=choice]")) button.textContent = chosen();
}
