// The live stream of the page: one for all that its scripts follow. It is closed while the page is hidden or paused.

import { address } from "./page.js";

/**
 * @typedef {Record<string, any>} Values
 * @typedef {(values: Values, whole: boolean) => void} Listener
 * @typedef {"live" | "paused" | "reconnecting" | "asking"} Kind
 *
 * @typedef {object} Status
 * @property {Kind} kind `asking` is without a stream, every five seconds
 * @property {number} at when something came last, as `Date.now()`
 * @property {boolean} available whether Redis answers
 * @property {string} detail why it does not
 */

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const ASK_EVERY_MS = 5000;
const FAILURES_BEFORE_ASKING = 3;
const REDIS = "redis";

/** @type {Map<string, { listeners: Set<Listener>, values: Values | null }>} */
const topics = new Map();
/** @type {Set<(status: Status) => void>} */
const watchers = new Set();
/** @type {Status} */
const status = { kind: "reconnecting", at: Date.now(), available: true, detail: "" };
/** @type {EventSource | null} */
let stream = null;
let failures = 0;
let isPaused = false;
let isPlanned = false;
/** @type {number | undefined} */
let retryTimer;
/** @type {number | undefined} */
let askTimer;

/**
 * Follow a topic, such as "counts" or "job:7". The listener gets what changed, null for what is gone, and whether it is
 * all there is. A later listener gets at once what is known.
 * @param {string} topic
 * @param {Listener} listener
 * @returns {() => void} stops following
 */
export function follow(topic, listener) {
  const known = topics.get(topic) ?? { listeners: new Set(), values: null };
  known.listeners.add(listener);
  if (!topics.has(topic)) {
    topics.set(topic, known);
    plan();
  } else if (known.values) {
    listener(known.values, true);
  }
  return () => {
    known.listeners.delete(listener);
    if (known.listeners.size || topics.get(topic) !== known) return;
    topics.delete(topic);
    plan();
  };
}

/**
 * Have a function called with the state of the connection, now and whenever it changes.
 * @param {(status: Status) => void} watcher
 */
export function onStatus(watcher) {
  watchers.add(watcher);
  watcher({ ...status });
}

/** Stop what is live until it is called again. Returns whether it is paused now. */
export function togglePause() {
  isPaused = !isPaused;
  restart();
  return isPaused;
}

/** Several topics that change at once need one new stream. */
function plan() {
  if (isPlanned) return;
  isPlanned = true;
  queueMicrotask(() => {
    isPlanned = false;
    restart();
  });
}

function restart() {
  close();
  failures = 0;
  if (isPaused) set({ kind: "paused" });
  else if (!document.hidden && topics.size) open();
}

function close() {
  clearTimeout(retryTimer);
  clearTimeout(askTimer);
  askTimer = undefined;
  stream?.close();
  stream = null;
}

function open() {
  const own = new EventSource(address(`/api/v1/events?topics=${names()}`));
  stream = own;
  own.onmessage = (message) => {
    failures = 0;
    clearTimeout(askTimer);
    askTimer = undefined;
    take(JSON.parse(message.data));
    set({ kind: "live", at: Date.now() });
  };
  own.onerror = () => {
    const isRefused = own.readyState === EventSource.CLOSED; // the server answers, but holds no stream open
    own.close();
    if (stream !== own) return;
    stream = null;
    failures = isRefused ? Math.max(failures + 1, FAILURES_BEFORE_ASKING) : failures + 1;
    if (status.kind !== "asking") set({ kind: "reconnecting" });
    if (failures >= FAILURES_BEFORE_ASKING && askTimer === undefined) ask();
    retryTimer = setTimeout(open, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)));
  };
}

/** Ask once, and again in five seconds, until a stream is open. */
async function ask() {
  const own = (askTimer = setTimeout(ask, ASK_EVERY_MS));
  try {
    const answer = await fetch(address(`/api/v1/live?topics=${names()}`), { signal: AbortSignal.timeout(ASK_EVERY_MS) });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const { events } = await answer.json();
    if (askTimer !== own) return; // a stream is open by now
    for (const event of events) take(event);
    set({ kind: "asking", at: Date.now() });
  } catch {
    if (askTimer === own) set({ kind: "reconnecting" });
  }
}

/** Topics hold what is escaped already, such as %3A in a type. */
function names() {
  return encodeURIComponent([...topics.keys()].join(","));
}

/** @param {{ topic: string, whole: boolean, values: Values }} event */
function take({ topic, whole, values }) {
  if (topic === REDIS) set({ available: values.available !== false, detail: values.detail ?? "" });
  const known = topics.get(topic);
  if (!known) return;
  known.values = whole || !known.values ? { ...values } : merged(known.values, values);
  for (const listener of [...known.listeners]) listener(values, whole);
}

/** @param {Values} before @param {Values} changed */
function merged(before, changed) {
  return Object.fromEntries(Object.entries({ ...before, ...changed }).filter(([, value]) => value !== null));
}

/** @param {Partial<Status>} change */
function set(change) {
  Object.assign(status, change);
  for (const watcher of watchers) watcher({ ...status });
}

document.addEventListener("visibilitychange", restart);
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) restart();
});
