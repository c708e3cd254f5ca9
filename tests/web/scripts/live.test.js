// The live stream of a page: what listeners get, and how a lost stream is sought again.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

/** @type {{ url: string, close(): void, onmessage(message: object): void, onerror(): void, readyState: number }[]} */
let streams = [];
/** @type {string[]} */
let asked = [];
let answer = { ok: false, status: 502 };

class FakeStream {
  static CLOSED = 2;
  readyState = 0;
  isClosed = false;

  constructor(url) {
    this.url = url;
    streams.push(this);
  }

  close() {
    this.isClosed = true;
  }

  send(topic, values, whole = true) {
    this.onmessage({ data: JSON.stringify({ topic, whole, values }) });
  }
}

const listeners = {};
globalThis.document = {
  body: { dataset: { base: "/ops", now: String(Date.now()) } },
  hidden: false,
  addEventListener: (name, act) => (listeners[name] = act),
};
globalThis.window = { addEventListener: (name, act) => (listeners[name] = act) };
globalThis.EventSource = FakeStream;
globalThis.fetch = async (url) => {
  asked.push(url);
  return answer;
};
const timers = mock.timers;
timers.enable({ apis: ["setTimeout"] });
const { follow, onStatus, togglePause } = await import("../../../kue/web/static/live.js");
let status = {};
onStatus((one) => (status = one));

const settled = async () => {
  for (let n = 0; n < 20; n++) await Promise.resolve();
};

/** A page that has just begun to follow something. */
async function following(topic, listener) {
  const stop = follow(topic, listener);
  await settled();
  return { stop, stream: streams.at(-1) };
}

beforeEach(() => {
  streams = [];
  asked = [];
  answer = { ok: false, status: 502 };
});

test("a listener gets what changed, and a later one at once all that is known", async () => {
  const first = [];
  const { stop, stream } = await following("counts", (values, whole) => first.push([values, whole]));
  assert.equal(stream.url, "/ops/api/v1/events?topics=counts");
  stream.send("counts", { active: 1, failed: 2 });
  stream.send("counts", { active: 3 }, false);
  assert.deepEqual(first, [[{ active: 1, failed: 2 }, true], [{ active: 3 }, false]]);
  const later = [];
  const stopLater = follow("counts", (values, whole) => later.push([values, whole]));
  assert.deepEqual(later, [[{ active: 3, failed: 2 }, true]]);
  assert.equal(status.kind, "live");
  stop();
  stopLater();
  await settled();
  assert.ok(stream.isClosed);
});

test("topics that are followed together share a stream", async () => {
  const stops = ["counts", "job:7", "rows:failed:a%3Ab"].map((topic) => follow(topic, () => undefined));
  await settled();
  assert.deepEqual(streams.map(({ url }) => url), ["/ops/api/v1/events?topics=counts%2Cjob%3A7%2Crows%3Afailed%3Aa%253Ab"]);
  for (const stop of stops) stop();
  await settled();
});

test("a lost stream is sought after 1, 2, 4 s and so on, and from the third failure on the page asks", async () => {
  const { stop } = await following("counts", () => undefined);
  for (const ms of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = streams.length;
    streams.at(-1).onerror();
    assert.equal(status.kind, "reconnecting");
    timers.tick(ms - 1);
    assert.equal(streams.length, before, `${ms} ms are not over`);
    timers.tick(1);
    assert.equal(streams.length, before + 1);
    await settled();
  }
  assert.ok(asked.length > 1 && asked.every((url) => url === "/ops/api/v1/live?topics=counts"));
  stop();
  await settled();
});

test("if the server holds no stream open, the page asks every five seconds until one opens", async () => {
  const got = [];
  answer = { ok: true, json: async () => ({ events: [{ topic: "counts", whole: true, values: { active: 5 } }] }) };
  const { stop, stream } = await following("counts", (values) => got.push(values.active));
  stream.readyState = FakeStream.CLOSED;
  stream.onerror();
  await settled();
  assert.deepEqual([got, status.kind, asked.length], [[5], "asking", 1]);
  timers.tick(5000);
  await settled();
  assert.equal(asked.length, 2);
  streams.at(-1).send("counts", { active: 6 });
  timers.tick(20_000);
  await settled();
  assert.deepEqual([got.at(-1), status.kind, asked.length], [6, "live", 2]);
  stop();
  await settled();
});

test("a paused or hidden page follows nothing", async () => {
  const { stop, stream } = await following("counts", () => undefined);
  assert.equal(togglePause(), true);
  assert.deepEqual([stream.isClosed, status.kind], [true, "paused"]);
  assert.equal(togglePause(), false);
  document.hidden = true;
  listeners.visibilitychange();
  assert.ok(streams.every(({ isClosed }) => isClosed));
  document.hidden = false;
  listeners.visibilitychange();
  assert.equal(streams.at(-1).isClosed, false);
  stop();
  await settled();
});

test("that Redis does not answer is a part of the state", async () => {
  const { stop, stream } = await following("counts", () => undefined);
  stream.send("redis", { available: false, detail: "refused" });
  assert.deepEqual([status.available, status.detail], [false, "refused"]);
  stream.send("redis", { available: true, detail: null });
  assert.equal(status.available, true);
  stop();
  await settled();
});
