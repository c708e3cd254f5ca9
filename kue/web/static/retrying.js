// The buttons of the overview that queue failed jobs again. Over a hundred jobs are asked about first.

import { confirm } from "./dialog.js";
import { change, outcome } from "./outcome.js";
import { element } from "./page.js";
import { Problem } from "./send.js";
import { toast } from "./toast.js";
import { exactCount, plural } from "./words.js";

const ASK_ABOVE = 100;
const TYPE_ABOVE = 1000;
let isBusy = false;

/**
 * Start to look for these forms.
 * @param {() => void} changed is called after jobs were queued again
 */
export function start(changed) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.role?.startsWith("retry")) return;
    event.preventDefault();
    if (isBusy) return;
    const ids = form.dataset.role === "retry" ? String(new FormData(form).get("ids")).split(" ").map(Number) : [];
    const count = ids.length || Number(form.dataset.count);
    if (count > ASK_ABOVE && !(await isSure(count, form.dataset.about ?? ""))) return;
    if (!ids.length) return form.submit(); // the server finds the jobs of a type
    await run(ids, form);
    changed();
  });
}

/** @param {number} count @param {string} text */
function isSure(count, text) {
  return confirm({
    title: `Retry ${plural(count, "failed job")}?`,
    text: `They go back to the queue: ${text}`,
    verb: `Retry ${exactCount(count)}`,
    typed: count > TYPE_ABOVE ? String(count) : "",
  });
}

/** @param {number[]} ids @param {HTMLFormElement} form */
async function run(ids, form) {
  isBusy = true;
  const button = element("button", form);
  button.setAttribute("disabled", "");
  try {
    const ended = await change("retry", ids, () => undefined, "failed");
    const left = ended.named.map(({ id, reason }) => `job ${id}: ${reason}`).join("\n");
    toast(outcome(ended), { error: ended.state === "failed", details: left });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    toast(error.detail, { error: true, details: error.title });
  } finally {
    button.removeAttribute("disabled");
    isBusy = false;
  }
}
