// The overview: figures by the live stream, and every ten seconds the rest by the page fetched again.

import * as charts from "./charts.js";
import * as copying from "./copying.js";
import { isOpen } from "./dialog.js";
import { fetchNodes } from "./html.js";
import { follow, onStatus } from "./live.js";
import { base, element, elements, keep, kept } from "./page.js";
import { merge } from "./refresh.js";
import * as retrying from "./retrying.js";
import * as strip from "./strip.js";
import * as types from "./types.js";

const FETCH_EVERY_MS = 10_000;
const FETCH_AT_MOST_EVERY_MS = 1000;
const PARTS = ["attention", "strip", "throughput", "latency", "types", "failures", "workers", "outcome"];
let isLive = true;
let isFetching = false;
let fetchedAt = performance.now();
/** @type {number | undefined} */
let timer;

/** Fetch the page and change what differs. The old content stays if there is no answer. */
async function fetchParts() {
  clearTimeout(timer);
  timer = setTimeout(fetchParts, FETCH_EVERY_MS);
  if (document.hidden || !isLive || isOpen() || isFetching) return;
  isFetching = true;
  try {
    const fresh = await fetchNodes(location.pathname.slice(base.length) + location.search);
    for (const name of PARTS) {
      const old = document.querySelector(`[data-part=${name}]`);
      const part = fresh.querySelector(`[data-part=${name}]`);
      if (old && part && name === "types") types.take(old, part);
      else if (old && part) merge(old, part);
    }
    putAway();
    copying.start();
  } catch {
    // The foot of the rail says that the server does not answer.
  } finally {
    isFetching = false;
    fetchedAt = performance.now();
  }
  if (document.querySelector("[data-part=outcome][data-running]")) soon();
}

/** Fetch it as soon as that may be. */
function soon() {
  clearTimeout(timer);
  timer = setTimeout(fetchParts, Math.max(0, fetchedAt + FETCH_AT_MOST_EVERY_MS - performance.now()));
}

/** What the reader has read and put away is not shown again, in this browser. */
function putAway() {
  for (const line of elements("[data-can-be-put-away]")) {
    const name = `away ${line.dataset.key}`;
    line.hidden = kept(name) !== null;
    const button = element("[data-role=put-away]", line);
    button.hidden = false;
    button.onclick = () => {
      keep(name, "yes");
      line.hidden = true;
      element("#main").focus({ preventScroll: true });
    };
  }
}

let isFirst = true;
follow("attention", (values) => {
  if ("lines" in values && !isFirst) soon();
  isFirst = false;
});
follow("counts", strip.take);
follow("types", types.follow);
onStatus(({ kind, available }) => (isLive = available && (kind === "live" || kind === "asking")));
charts.start();
copying.start();
putAway();
retrying.start(soon);
timer = setTimeout(fetchParts, FETCH_EVERY_MS);
if (document.querySelector("[data-part=outcome][data-running]")) soon();
