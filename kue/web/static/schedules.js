// The page of schedules: triggers, pauses, resumes and removes one, and shows when each is due.

import { confirm } from "./dialog.js";
import { element } from "./page.js";
import { keepFresh, refresh } from "./refresh.js";
import { Problem, send } from "./send.js";
import { toast } from "./toast.js";

const PART = "schedules";
const FRESH_EVERY_MS = 3000;
const ACTIONS = new Set(["trigger", "pause", "resume", "remove"]);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !ACTIONS.has(form.dataset.action ?? "")) return;
  event.preventDefault();
  const action = form.dataset.action ?? "";
  const name = String(JSON.parse(String(new FormData(form).get("name"))));
  const shown = form.closest("tr")?.querySelector("bdi")?.textContent ?? "";
  const button = form.querySelector("button");
  if (!button || button.disabled) return;
  if (action === "remove" && !(await isSure(shown))) return;
  button.disabled = true;
  try {
    await act(action, name, shown);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    toast(error.detail, { error: true, details: error.title });
  }
  await refresh(PART).catch(() => undefined);
  button.disabled = false;
  if (!button.isConnected) element("#main").focus({ preventScroll: true });
});

/** @param {string} shown */
function isSure(shown) {
  return confirm({
    title: "Remove this schedule?",
    text: `${shown} saves no more jobs. Those that it has saved stay.`,
    verb: "Remove",
    danger: true,
  });
}

/** @param {string} action @param {string} name @param {string} shown */
async function act(action, name, shown) {
  const schedule = await send("POST", `/api/v1/schedules/${action}`, { name });
  if (action === "trigger") toast(`Job ${schedule.last_job_id} of ${shown} was saved.`);
  if (action === "pause") toast(`${shown} is paused.`);
  if (action === "resume") toast(`${shown} goes on.`);
  if (action === "remove") toast(`${shown} was removed.`);
}

keepFresh(PART, FRESH_EVERY_MS);
