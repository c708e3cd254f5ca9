// Leads from a job to the list that the reader came from, as it was, and to the jobs before and behind it there.

import { key } from "./keys.js";
import { address, base, element } from "./page.js";

/** @typedef {{ address: string, title: string, ids: (number | string)[] }} List */

/**
 * Start the links of a page of a job.
 * @param {number} id
 */
export function startNeighbours(id) {
  const list = remembered();
  const place = list?.ids.map(Number).indexOf(id) ?? -1;
  if (list && place >= 0) {
    const back = element("[data-role=list]");
    if (back instanceof HTMLAnchorElement) back.href = list.address;
    back.textContent = list.title.replace(/^\(.*?\) /, "").split(": ")[0] ?? "";
    show("previous", list.ids[place - 1]);
    show("next", list.ids[place + 1]);
  }
  key("[", "the job before this one in its list", () => go("previous"));
  key("]", "the job behind this one in its list", () => go("next"));
}

/** @param {string} role @param {number | string | undefined} id */
function show(role, id) {
  const link = element(`[data-role=${role}]`);
  if (id === undefined || !(link instanceof HTMLAnchorElement)) return;
  link.href = address(`/jobs/${id}`);
  link.hidden = false;
}

/** @param {string} role */
function go(role) {
  const link = element(`[data-role=${role}]`);
  if (!link.hidden) link.click();
}

/** The list that was looked at last in this tab. @returns {List | null} */
function remembered() {
  try {
    const found = JSON.parse(sessionStorage.getItem("kue.list") ?? "null");
    const isOwn = typeof found?.address === "string" && new URL(found.address, location.href).origin === location.origin;
    return isOwn && found.address.startsWith(`${base}/`) && Array.isArray(found.ids) ? found : null;
  } catch {
    return null; // the browser forbids storage
  }
}
