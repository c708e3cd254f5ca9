// The page of failures: retries or removes a group, says how far that is, and shows the groups anew.

import { confirm } from "./dialog.js";
import { change, outcome, stop } from "./outcome.js";
import { announce, element, elements } from "./page.js";
import { keepFresh, refresh } from "./refresh.js";
import { Problem } from "./send.js";
import { toast } from "./toast.js";
import { exactCount } from "./words.js";

const ASK_ABOVE = 100; // jobs that are retried without a question
const SAMPLE = 3;
const FRESH_EVERY_MS = 3000;
const PART = "groups";
let isBusy = false;

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !["retry", "remove"].includes(form.dataset.action ?? "")) return;
  event.preventDefault();
  if (isBusy) return;
  const action = form.dataset.action ?? "";
  const ids = String(new FormData(form).get("ids")).split(" ").map(Number);
  if ((action === "remove" || ids.length > ASK_ABOVE) && !(await isSure(action, ids, form))) return;
  isBusy = true;
  try {
    await run(action, ids, form);
  } finally {
    isBusy = false;
  }
});

/** @param {string} action @param {number[]} ids @param {HTMLFormElement} form */
function isSure(action, ids, form) {
  const count = exactCount(ids.length);
  const jobs = ids.length === 1 ? "job" : "jobs";
  const message = form.closest("tr")?.querySelector(".message")?.textContent?.trim() ?? "";
  const isRemoval = action === "remove";
  return confirm({
    title: `${isRemoval ? "Remove" : "Retry"} ${count} failed ${jobs}?`,
    text: isRemoval
      ? `Their data, errors and logs go with them, and cannot be brought back. They failed with: ${message}`
      : `They failed with: ${message}`,
    sample: [...ids.slice(0, SAMPLE).map((id) => `job ${id}`), ...(ids.length > SAMPLE ? ["and so on"] : [])],
    verb: `${isRemoval ? "Remove" : "Retry"} ${count}`,
    danger: isRemoval,
  });
}

/** @param {string} action @param {number[]} ids @param {HTMLFormElement} form */
async function run(action, ids, form) {
  const buttons = [...document.querySelectorAll("[data-part=groups] form button")];
  for (const button of buttons) if (button instanceof HTMLButtonElement) lock(button);
  const place = document.createElement("p");
  place.className = "progress small muted";
  form.parentElement?.append(place);
  try {
    const ended = await change(action, ids, (operation) => show(place, operation), "failed");
    toast(outcome(ended), { error: ended.state === "failed", details: details(ended) });
    announce(outcome(ended));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    toast(`${error.detail} Nothing more was done.`, { error: true, details: error.title });
  }
  place.remove();
  for (const button of buttons) if (button instanceof HTMLButtonElement) button.disabled = false;
  await refresh(PART).catch(() => undefined);
  element("#main").focus({ preventScroll: true });
}

/** @param {HTMLButtonElement} button */
function lock(button) {
  button.disabled = true;
}

/** @param {HTMLElement} place @param {import("./outcome.js").Operation} operation */
function show(place, operation) {
  if (!place.hasChildNodes()) {
    const button = document.createElement("button");
    button.className = "button small";
    button.type = "button";
    button.textContent = "Stop";
    button.addEventListener("click", () => {
      button.disabled = true;
      stop(operation).catch((error) => toast(String(error.detail ?? error), { error: true }));
    });
    place.append(document.createElement("span"), " ", button);
  }
  element("span", place).textContent = outcome(operation);
}

/** The jobs that were not changed. @param {import("./outcome.js").Operation} operation */
function details(operation) {
  return operation.named.map(({ id, reason }) => `job ${id}: ${reason}`).join("\n");
}

keepFresh(PART, FRESH_EVERY_MS, () => {
  for (const button of elements("[data-role=stale]")) button.hidden = false;
});

document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLElement && event.target.dataset.role === "stale") refresh(PART);
});
