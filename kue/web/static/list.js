// A list of jobs: starts the table, the selection with its bar, what is live, the menus and the keys.

import { Bar } from "./bulk.js";
import { confirm } from "./dialog.js";
import { key } from "./keys.js";
import { element, elements } from "./page.js";
import { RowUpdates } from "./row-updates.js";
import { Rows } from "./rows.js";
import { Selection } from "./selection.js";
import { Problem, send } from "./send.js";
import { toast } from "./toast.js";
import { Walk } from "./walk.js";

const card = element("[data-role=list]");
const pages = element("[data-role=pages]");
const box = element("[data-role=all]", card);
if (!(box instanceof HTMLInputElement)) throw new Error("the head of the table has no checkbox");

const rows = new Rows(card, { added: (row, id) => selection.mark(row, id), settled });
const selection = new Selection(rows, box, () => bar.show());
const bar = new Bar(element("[data-role=bar]"), selection, {
  state: card.dataset.state ?? "",
  of: { word: card.dataset.word ?? "", type: card.dataset.type ?? "" },
  filter: card.dataset.filter ? JSON.parse(card.dataset.filter) : null,
  words: card.dataset.words ?? "",
  countAll,
  ended,
});
const updates = new RowUpdates(rows, card, element("[data-role=new]"));
/** @type {Walk | null} */
let walk = null;
let isStarted = false;
history.scrollRestoration = "manual"; // the browser does not know yet how long the table will be
rows.start();
if (typeof history.state?.scrolled === "number" && rows.hasPositions) scrollTo({ top: history.state.scrolled });
if (!rows.hasPositions) walk = new Walk(rows, card, pages);
bar.resume();
card.classList.add("alive");
isStarted = true;

if (rows.hasPositions) {
  pages.hidden = true; // the scrollbar reaches every row
  const below = element("[data-role=below]");
  const total = Number(card.dataset.total);
  below.hidden = total <= rows.total;
  below.textContent = `These are the first ${rows.total.toLocaleString("en")} of ${total.toLocaleString("en")} jobs.`;
}

function settled() {
  remember();
  updates.look();
  walk?.look();
}

/** Who comes back finds the list as it was. The page of a job leads there, and from job to job. */
function remember() {
  if (isStarted) history.replaceState({ scrolled: scrollY }, "");
  try {
    const address = location.pathname + location.search;
    sessionStorage.setItem("kue.list", JSON.stringify({ address, title: document.title, ids: rows.ids.slice(0, 3000) }));
  } catch {
    // Without storage, the page of a job does not know from which list the reader came.
  }
}

/** How many jobs the filter of the list takes. The server counts them in pieces. */
async function countAll() {
  const path = rows.path + (rows.path.includes("?") ? "&" : "?");
  let count = 0;
  let cursor = "";
  do {
    const found = await send("GET", `${path}part=count${cursor && `&cursor=${cursor}`}`);
    count += found.count;
    cursor = found.cursor ?? "";
  } while (cursor);
  return count;
}

for (const one of elements("[data-role=chips] select")) {
  one.addEventListener("change", () => {
    const form = one.closest("form");
    for (const field of elements("select", form ?? document)) {
      if (field instanceof HTMLSelectElement) field.disabled = field.value === "";
    }
    form?.submit();
  });
}

element("#row-form").addEventListener("submit", async (event) => {
  const button = event instanceof SubmitEvent ? event.submitter : null;
  if (!(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  await change(button.name, button.value, button);
});

/** @param {string} action @param {string} id @param {HTMLButtonElement} button */
async function change(action, id, button) {
  const verb = button.title;
  const text = "If it waits, it fails at once. If it runs, it is told to end.";
  if (action === "cancel" && !(await confirm({ title: `${verb} job ${id}?`, text, verb, danger: true }))) return;
  button.disabled = true;
  try {
    const job = await send("POST", `/api/v1/jobs/${id}/${action}`);
    updates.become(id, job.state);
    focus(rows.placeOf(id) + 1, ".act button:enabled");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    button.disabled = false;
    toast(`Job ${id} was not changed: ${error.detail}`, { error: true });
  }
}

/** After an action the focus goes to the next row, unless the reader has gone elsewhere. @param {number | null} place */
function ended(place) {
  updates.look();
  if (place === null) return;
  const here = document.activeElement;
  if (!here || here === document.body || here.closest("[data-role=bar]")) focus(place);
}

/** A click anywhere in a row opens the job, and the middle button opens it in a tab. */
for (const kind of ["click", "auxclick"]) {
  rows.tall.body.addEventListener(kind, (event) => {
    if (!(event instanceof MouseEvent) || !(event.target instanceof Element) || event.button > 1) return;
    if (event.target.closest("a, button, .select") || getSelection()?.toString()) return;
    const { metaKey, shiftKey, button } = event;
    const ctrlKey = event.ctrlKey || button === 1;
    const link = event.target.closest("tr")?.querySelector(".job a");
    link?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }));
  });
}

/** The place of the row that has the focus; -1 if none has. */
function current() {
  const id = document.activeElement?.closest("tr")?.dataset.id;
  return id ? rows.placeOf(id) : -1;
}

/** @param {number} place @param {string} [selector] */
function focus(place, selector = ".job a") {
  const at = Math.max(0, Math.min(rows.total - 1, place));
  rows.show(at);
  const row = rows.row(rows.idAt(at));
  const found = row?.querySelector(selector) ?? row?.querySelector(".job a");
  if (found instanceof HTMLElement) found.focus();
}

/** The id of the row that has the focus; "" if none has. */
function currentId() {
  return rows.idAt(current());
}

/** Do something with what is selected, or else with the row that has the focus. @param {string} action */
function act(action) {
  if (!selection.size && currentId()) selection.set(currentId(), true);
  bar.act(action);
}

key("j", "the next row", () => focus(current() + 1));
key("k", "the row before", () => focus(current() - 1));
key("]", "", () => focus(current() + 1));
key("[", "", () => focus(current() - 1));
key("Enter", "open the job", () => {
  if (currentId()) element(".job a", rows.row(currentId()) ?? document).click();
});
key("x", "select the row", () => currentId() && selection.toggle(currentId()));
key("X", "select up to the row", () => currentId() && selection.takeRange(currentId()));
key("*", "select all that are loaded", () => selection.takeLoaded());
for (const [letter, action, words] of [
  ["r", "retry", "retry what is selected"],
  ["r", "promote", "run now what is selected"],
  ["c", "cancel", "cancel what is selected"],
  ["#", "remove", "remove what is selected"],
]) {
  if (letter && action && words && bar.offers(action)) key(letter, words, () => act(action));
}
key("Escape", "clear the selection", () => selection.clear());
