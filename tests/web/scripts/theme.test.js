// The script that runs before a page is drawn: it follows the reader's choice, and a page without storage still works.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const SCRIPT = readFileSync(new URL("../../../kue/web/static/theme.js", import.meta.url), "utf8");

/** @param {() => string | null} read */
function themeWith(read) {
  const dataset = {};
  runInNewContext(SCRIPT, { localStorage: { getItem: read }, document: { documentElement: { dataset } } });
  return dataset.theme;
}

test("the theme that the reader chose is set", () => {
  assert.equal(themeWith(() => "dark"), "dark");
  assert.equal(themeWith(() => "light"), "light");
});

test("without a choice, or with one that does not exist, the theme is the one of the system", () => {
  assert.equal(themeWith(() => null), undefined);
  assert.equal(themeWith(() => "blue"), undefined);
});

test("a browser that forbids storage gets the theme of the system", () => {
  const forbidden = () => {
    throw new Error("SecurityError");
  };
  assert.equal(themeWith(forbidden), undefined);
});
