// Says in the foot of the rail how fresh the page is, and in a bar above it if Redis does not answer.

import { onStatus, togglePause } from "./live.js";
import { announce, element, elements } from "./page.js";
import { exactMoment, moment } from "./words.js";

/** @typedef {import("./live.js").Status} Status */

/** Start to show the state of the connection. */
export function start() {
  const place = element("[data-role=live]");
  let wasLost = false;
  onStatus((status) => {
    place.textContent = words(status);
    place.title = `last news ${exactMoment(status.at)}`;
    place.dataset.kind = status.available ? status.kind : "away";
    bar(status);
    const isLost = status.kind === "reconnecting" || !status.available;
    if (isLost && !wasLost && place.dataset.begun) announce("The connection is lost. The figures are old.");
    if (!isLost && wasLost && place.dataset.begun) announce("The connection is back.");
    wasLost = isLost;
    if (status.kind !== "reconnecting") place.dataset.begun = "yes";
  });
  for (const button of elements("[data-role=pause]")) {
    button.hidden = false;
    button.addEventListener("click", pause);
  }
}

/** Pause what is live, or let it go on. */
export function pause() {
  const isPaused = togglePause();
  for (const button of elements("[data-role=pause]")) {
    button.textContent = isPaused ? "Go on" : "Pause";
    button.setAttribute("aria-pressed", String(isPaused));
  }
}

/** @param {Status} status */
function words({ kind, at, available }) {
  if (kind === "paused") return "Paused";
  if (!available) return `As of ${moment(at)}`;
  if (kind === "live") return "Live, 1 s";
  return kind === "asking" ? "Live, every 5 s" : `As of ${moment(at)}, reconnecting`;
}

/** @param {Status} status */
function bar({ available, detail, kind }) {
  const place = element("[data-role=away]");
  if (document.body.classList.contains("is-old")) {
    // The server made this page without Redis. As soon as Redis answers, it can make a better one.
    if (available && kind !== "reconnecting") location.reload();
    return;
  }
  place.hidden = available;
  if (!available) element("[data-role=why]", place).textContent = reason(detail);
}

/** The cause that stands in brackets in a message, without advice for those who write programs. @param {string} detail */
function reason(detail) {
  const [first = ""] = detail.split(";");
  return (/\((.*)\)/s.exec(first)?.[1] ?? first).replace(/\.$/, "");
}
