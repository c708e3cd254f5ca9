// What became of an operation, in the same words as the server has for it (test_operation_words.py).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// A part of a browser: what the module imports looks at the page.
globalThis.document = { body: { dataset: {} } };
const { outcome } = await import("../../../kue/web/static/outcome.js");
const CASES = JSON.parse(readFileSync(new URL("outcomes.json", import.meta.url), "utf8"));

for (const [given, words] of CASES) {
  test(words, () => {
    const named = (given.reasons ?? []).map((reason, number) => ({ id: number + 1, reason }));
    assert.equal(outcome({ id: "1", not_done: 0, error: null, ...given, named }), words);
  });
}
