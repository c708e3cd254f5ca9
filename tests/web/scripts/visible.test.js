// The scripts show what is invisible as the server does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { logLine, oneLine, visible } from "../../../kue/web/static/visible.js";

const cases = JSON.parse(readFileSync(new URL("visible.json", import.meta.url), "utf8"));

test("what is invisible is shown as its code", () => {
  for (const [text, shown] of cases.visible) assert.equal(visible(text), shown);
});

test("a text of one line has no breaks", () => {
  for (const [text, shown] of cases.oneLine) assert.equal(oneLine(text), shown);
});

test("a line of a log loses the colours of terminals only", () => {
  for (const [text, shown] of cases.logLine) assert.equal(logLine(text), shown);
});
