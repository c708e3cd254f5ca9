// Menus that open below their button: Escape and a click elsewhere close them, and only one is open.

import { elements } from "./page.js";

/** Start to look after the menus of the page, also those that come later. */
export function start() {
  document.addEventListener("click", ({ target }) => closeOthers(target));
  document.addEventListener("focusin", ({ target }) => closeOthers(target));
  document.addEventListener("keydown", (event) => {
    const open = opened()[0];
    if (event.key !== "Escape" || !open) return;
    event.preventDefault();
    const hadFocus = open.contains(document.activeElement);
    open.removeAttribute("open");
    const button = open.querySelector("summary");
    if (hadFocus && button) button.focus();
  });
}

/** @param {EventTarget | null} target */
function closeOthers(target) {
  for (const menu of opened()) if (target instanceof Node && !menu.contains(target)) menu.removeAttribute("open");
}

function opened() {
  return elements("details:is(.menu, .states)[open]");
}
