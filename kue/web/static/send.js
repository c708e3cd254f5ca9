// Asks our API.

import { address } from "./page.js";

const PATIENCE_MS = 30_000;

/** What went wrong, in the words of the server. `status` is 0 if there was no answer. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} title
   * @param {string} detail
   */
  constructor(status, title, detail) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

/**
 * Send a request to the API. Returns the parsed answer; null if it has no body. Throws `Problem`.
 * @param {string} method
 * @param {string} path below the prefix of the app, such as "/api/v1/jobs/7/retry"
 * @param {unknown} [body] becomes JSON
 * @param {AbortSignal} [signal] gives the request up
 * @returns {Promise<any>}
 */
export async function send(method, path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let answer, text;
  try {
    answer = await fetch(address(path), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    text = await answer.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "No answer", "The server does not answer. Check whether it runs, then try again.");
  }
  const value = parsed(text);
  if (answer.ok) return value;
  throw new Problem(
    answer.status,
    said(value, "title") || `Status ${answer.status}`,
    said(value, "detail") || said(value, "error") || `The server answered with the status ${answer.status}.`,
  );
}

/** @param {string} text */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // a proxy may answer with a page of its own
  }
}

/** @param {any} value @param {string} key */
function said(value, key) {
  return typeof value?.[key] === "string" ? value[key] : "";
}
