// The page of a job: follows it while it is open, and does what its buttons say.

import * as copying from "./copying.js";
import { confirm, isOpen } from "./dialog.js";
import { fetchNodes, nodes } from "./html.js";
import { startLog } from "./job-log.js";
import { key } from "./keys.js";
import { follow, onStatus } from "./live.js";
import { startNeighbours } from "./neighbours.js";
import { address, announce, element, elements, now } from "./page.js";
import { merge } from "./refresh.js";
import { Steps } from "./time-left.js";
import { localize, time } from "./times.js";
import { toast } from "./toast.js";
import { oneLine } from "./visible.js";
import { duration } from "./words.js";

const JOB = "[data-part=job]";
const AGAIN_AFTER_MS = 800; // changes that come together are shown together
const RUNNING_EVERY_MS = 10_000;
const MOST_CHARACTERS = 200;
const SHOWN_AT_ONCE = new Set(["progress", "progress_data", "updated_at", "log", "found"]);
/** @type {Record<string, string>} */
const DONE = {
  retry: "is queued again",
  promote: "is queued",
  first: "is the next of its type",
  cancel: "is cancelled, or its handler was told to end",
};

const root = element(JOB);
const id = Number(root.dataset.job);
const path = `/jobs/${id}`;
const log = startLog();
const steps = new Steps();
let state = root.dataset.state ?? "";
let isBusy = false;
/** @type {number | undefined} */
let planned;

follow(`job:${id}`, (values, whole) => {
  if (values.found === false) {
    if (!root.classList.contains("is-gone")) showGone();
    return;
  }
  if (values.progress !== undefined || values.progress_data !== undefined) showProgress(values);
  if (values.log) log?.take(values.log);
  const isOld = whole && String(values.updated_at) !== root.dataset.updated;
  if (isOld || (!whole && Object.keys(values).some((name) => !SHOWN_AT_ONCE.has(name)))) plan();
});

let isPaused = false;
onStatus(({ kind }) => (isPaused = kind === "paused"));
setInterval(() => {
  if (state === "active" && !document.hidden && !isPaused) plan();
}, RUNNING_EVERY_MS);

/** Show the job anew, soon. */
function plan() {
  planned ??= setTimeout(async () => {
    planned = undefined;
    if (isOpen() || isBusy) return plan();
    try {
      show(await fetchNodes(path));
    } catch {
      // If the job is gone or the server away, the live stream says so.
    }
  }, AGAIN_AFTER_MS);
}

/** Put what the server says now in the place of what it said before. @param {ParentNode} page */
function show(page) {
  const fresh = page.querySelector(JOB);
  if (!(fresh instanceof HTMLElement)) return;
  localize(fresh);
  copying.start(fresh);
  fresh.querySelector("#log")?.replaceWith(element("#log").cloneNode(true)); // the log goes on by itself
  merge(root, fresh);
  showLeft();
  const before = state;
  state = root.dataset.state ?? "";
  if (state !== before) announce(`Job ${id}: ${element(".about .pill").textContent?.trim().toLowerCase()}.`);
}

/** @param {Record<string, any>} values */
function showProgress({ progress, progress_data: data }) {
  const box = root.querySelector(".progress");
  if (!(box instanceof HTMLElement)) {
    if (progress) plan(); // the page has no place for it yet
    return;
  }
  if (typeof progress === "number") {
    const shown = Math.min(100, Math.max(0, Math.round(progress)));
    steps.add(progress, now());
    element("[data-role=percent]", box).textContent = `${shown}%`;
    element("progress", box).setAttribute("value", String(shown));
  }
  if (data !== undefined) {
    const text = data === null ? "" : JSON.stringify(data);
    element("[data-role=progress-data]", box).textContent = oneLine(text.slice(0, MOST_CHARACTERS));
  }
  showLeft();
}

function showLeft() {
  const place = root.querySelector("[data-role=left]");
  if (!(place instanceof HTMLElement)) return;
  const left = state === "active" ? steps.left(now()) : null;
  place.textContent = left === null ? "" : `about ${duration(left)} left`;
}

function showGone() {
  root.classList.add("is-gone");
  const bar = element("[data-role=gone]");
  bar.hidden = false;
  bar.replaceChildren("The job was removed at ", time(now()), ". This is how it was last seen.");
  announce(`Job ${id} was removed.`);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.action) return;
  event.preventDefault();
  if (isBusy) return;
  const { action, verb = "", question = "", danger } = form.dataset;
  const title = element("h1").textContent?.trim() ?? "";
  const asked = { title: `${verb} job ${id}?`, text: question, sample: [title], verb, danger: danger !== undefined };
  if (question && !(await confirm(asked))) return;
  isBusy = true;
  const pressed = document.activeElement;
  const buttons = [...root.querySelectorAll(".actions button")];
  setDisabled(buttons, true);
  try {
    await act(action, form);
  } catch {
    toast("The server does not answer. Whether it was done is not known.", { error: true });
  }
  setDisabled(buttons, false);
  isBusy = false;
  focusAgain(pressed);
});

/**
 * A button that was disabled has lost the focus, and may be gone by now.
 * @param {Element | null} pressed
 */
function focusAgain(pressed) {
  if (document.activeElement !== document.body || pressed === document.body) return;
  const isThere = pressed instanceof HTMLElement && pressed.isConnected && pressed.getClientRects().length > 0;
  (isThere ? pressed : element("#main")).focus({ preventScroll: true });
}

/** @param {Element[]} buttons @param {boolean} isDisabled */
function setDisabled(buttons, isDisabled) {
  for (const button of buttons) button.toggleAttribute("disabled", isDisabled);
}

/** The answer to a form is the page as it is then. @param {string} action @param {HTMLFormElement} form */
async function act(action, form) {
  const fields = new URLSearchParams({ sure: "yes" });
  const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "text/html" } });
  const page = nodes(await answer.text());
  const problem = page.querySelector("[role=alert]")?.textContent?.trim();
  const isGone = !page.querySelector(JOB) && (answer.ok || answer.status === 404);
  if (problem || (!answer.ok && !isGone)) {
    toast(problem ?? `The server answered with the status ${answer.status}.`, { error: true });
  } else if (isGone) {
    showGone();
  } else {
    toast(`Job ${id} ${DONE[action] ?? "was changed"}.`);
  }
  show(page);
}

/** @param {string} action */
function press(action) {
  const button = root.querySelector(`form[data-action=${action}] button`);
  if (button instanceof HTMLButtonElement && !root.classList.contains("is-gone")) button.click();
}

key("r", "retry the job, or run it again", () => press("retry"));
key("#", "remove the job", () => press("remove"));
key("c", "cancel the job", () => press("cancel"));
key("l", "go to the log", () => {
  const box = root.querySelector("[data-role=log]");
  if (!(box instanceof HTMLElement)) return;
  box.scrollIntoView({ block: "center" });
  box.focus({ preventScroll: true });
});

copying.start(document);
startNeighbours(id);
// The page may be the answer to a form, or lead with a note. Loaded again, it is the job and nothing else.
if (location.search.includes("note=") || !location.pathname.endsWith(path)) history.replaceState(null, "", address(path));
for (const link of elements("[data-role=codes]")) {
  link.addEventListener("click", () => root.querySelector("#codes details")?.setAttribute("open", ""));
}
