// How long a job still takes is estimated from three steps or more.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Steps } from "../../../kue/web/static/time-left.js";

/** @param {...[number, number]} seen progress and moment */
function after(...seen) {
  const steps = new Steps();
  for (const [progress, at] of seen) steps.add(progress, at);
  return steps;
}

test("three steps are needed", () => {
  assert.equal(after([10, 0], [20, 1000]).left(1000), null);
  assert.equal(after([10, 0], [20, 1000], [30, 2000]).left(2000), 7000);
});

test("the time since the last step counts", () => {
  assert.equal(after([10, 0], [20, 1000], [30, 2000]).left(2500), 6500);
  assert.equal(after([10, 0], [20, 1000], [30, 2000]).left(20_000), 0);
});

test("the same progress is no step", () => {
  assert.equal(after([10, 0], [20, 1000], [20, 1500], [20, 2000]).left(2000), null);
});

test("progress that goes back begins anew", () => {
  assert.equal(after([10, 0], [20, 1000], [30, 2000], [5, 3000]).left(3000), null);
  assert.equal(after([50, 0], [0, 1000], [20, 2000], [40, 3000]).left(3000), 3000);
});

test("nothing is left at the end", () => {
  assert.equal(after([10, 0], [20, 1000], [100, 2000]).left(2000), null);
});
