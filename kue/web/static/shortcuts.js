// The keys that every page has, the help that lists them, and the switch that turns them off.

import * as colours from "./colours.js";
import { inform } from "./dialog.js";
import { areOn, described, key, turn } from "./keys.js";
import { address, element, elements } from "./page.js";
import { pause } from "./status.js";

/** @type {[string, string, string][]} */
const PAGES = [
  ["o", "/", "the overview"],
  ["q", "/inactive", "queued jobs"],
  ["a", "/active", "active jobs"],
  ["d", "/delayed", "delayed jobs"],
  ["f", "/failed", "failed jobs"],
  ["c", "/complete", "complete jobs"],
  ["j", "/jobs", "all jobs"],
  ["w", "/workers", "workers"],
  ["s", "/schedules", "schedules"],
];

/** Start the keys, and the switches that turn them off. */
export function start() {
  key("?", "show these keys", help);
  key("/", "find a job", () => element("#find").focus());
  for (const [letter, path, words] of PAGES) key(`g ${letter}`, `go to ${words}`, () => location.assign(address(path)));
  if (document.querySelector(`a[href="${CSS.escape(address("/create"))}"]`)) {
    key("n", "create a job", () => location.assign(address("/create")));
  }
  key(".", "pause what is live, or let it go on", pause);
  key("t", "change the colours", colours.change);
  for (const box of elements("input[data-role=keys]")) wire(box);
}

/** @param {HTMLElement} box a checkbox that says whether keys act */
function wire(box) {
  if (!(box instanceof HTMLInputElement)) return;
  box.checked = areOn();
  box.disabled = false;
  box.addEventListener("change", () => turn(box.checked));
}

function help() {
  const list = document.createElement("dl");
  list.className = "keys";
  for (const { name, words } of described()) {
    const term = document.createElement("dt");
    for (const part of name.split(" ")) {
      const shown = document.createElement("kbd");
      shown.textContent = part;
      term.append(shown, " ");
    }
    const meaning = document.createElement("dd");
    meaning.textContent = words;
    list.append(term, meaning);
  }
  inform("Keys", list);
}
