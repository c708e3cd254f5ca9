// Opens all that is folded while the page is printed.

/** Start to look for prints. */
export function start() {
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open], .menu, .states)")].filter((one) => one instanceof HTMLDetailsElement);
    for (const one of opened) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
}
