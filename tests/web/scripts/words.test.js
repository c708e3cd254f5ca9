// The scripts write numbers, durations and moments as the server does, in the zone of the server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as words from "../../../kue/web/static/words.js";

process.env.TZ = "UTC";

const cases = JSON.parse(readFileSync(new URL("words.json", import.meta.url), "utf8"));

for (const name of ["duration", "exactCount", "shortCount", "rate"]) {
  test(`${name} writes what the server writes`, () => {
    for (const [value, expected] of cases[name]) assert.equal(words[name](value), expected);
  });
}

test("a moment is as exact as it is near", () => {
  for (const [ago, expected] of cases.momentAgo) assert.equal(words.moment(cases.now - ago, cases.now), expected);
});

test("a label of a chart is as exact as the chart is short", () => {
  for (const [ago, span, expected] of cases.label) assert.equal(words.label(cases.now - ago, span), expected);
});

test("a noun follows its number", () => {
  for (const [number, noun, expected] of cases.plural) assert.equal(words.plural(number, noun), expected);
});

test("the exact moment has its milliseconds and its zone", () => {
  assert.equal(words.exactMoment(cases.now + 7), "2026-11-18 11:06:40.007 UTC");
  assert.equal(words.exactMoment("yesterday"), "");
});
