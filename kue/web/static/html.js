// Turns pieces of pages that our own server made into nodes. It has the only Trusted Types policy of the pages.

import { address } from "./page.js";
import { localize } from "./times.js";

/**
 * @typedef {{ createHTML(text: string): string }} Policy
 * @typedef {{ createPolicy(name: string, rules: Policy): Policy }} Policies
 */

/** @type {Policies | undefined} */
const policies = Reflect.get(window, "trustedTypes");
const rules = { createHTML: (/** @type {string} */ text) => text };
const policy = policies ? policies.createPolicy("kue", rules) : rules;

/**
 * The nodes of a piece of a page. The text must be an answer of our own server, which escapes what comes from Redis.
 * Scripts in it do not run.
 * @param {string} text
 */
export function nodes(text) {
  const parsed = new DOMParser().parseFromString(policy.createHTML(text), "text/html");
  const found = document.createDocumentFragment();
  found.append(...parsed.body.childNodes);
  localize(found);
  return found;
}

/**
 * Fetch a piece of a page. Throws an `Error` if the answer is no page.
 * @param {string} path below the prefix of the app, with what stands behind the ?
 * @param {AbortSignal} [signal]
 */
export async function fetchNodes(path, signal) {
  const answer = await fetch(address(path), { headers: { Accept: "text/html" }, signal: signal ?? null });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return nodes(await answer.text());
}
