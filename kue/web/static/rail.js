// The counts in the rail and in the title of the page, while one looks.

import { follow } from "./live.js";
import { element, elements } from "./page.js";
import { exactCount, shortCount } from "./words.js";

const title = document.title;
/** @type {number | null} */
let failedWhenLastSeen = null;
/** @type {number | null} */
let failed = null;

/** Start to follow the counts. On a narrow screen the rail is a bar: the page that is shown is brought into sight. */
export function start() {
  const current = document.querySelector(".rail [aria-current]");
  const bar = element(".rail");
  if (current && bar.scrollWidth > bar.clientWidth) current.scrollIntoView({ block: "nearest", inline: "nearest" });
  follow("counts", (values) => {
    for (const one of elements("[data-live^='counts ']")) {
      const name = (one.dataset.live ?? "").slice("counts ".length);
      if (name in values) show(one, values[name]);
    }
    if (typeof values.failed === "number") failed = values.failed;
    if (failedWhenLastSeen === null || (!document.hidden && document.hasFocus())) failedWhenLastSeen = failed;
    write();
  });
  window.addEventListener("focus", () => {
    failedWhenLastSeen = failed;
    write();
  });
}

/** @param {HTMLElement} one @param {number | null} count */
function show(one, count) {
  one.textContent = shortCount(count);
  one.title = exactCount(count);
  one.classList.toggle("none", count === 0);
}

/** How many jobs have failed since the page was last looked at stands in its title. */
function write() {
  const more = (failed ?? 0) - (failedWhenLastSeen ?? 0);
  document.title = more > 0 ? `(${shortCount(more)}) ${title}` : title;
}
