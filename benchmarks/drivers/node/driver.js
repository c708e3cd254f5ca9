// The measured process in Node: it answers the same requests as driver.py, for a queue system of Node.
//
//   node driver.js <adapter> <redis url> <bytes of a payload>
//
// An adapter exports make(url, data, tally), which returns {versions, ready, save, saveBulk, work, roundTrip, search,
// stop}. Each function may be async.

'use strict';

const readline = require('readline');

const [, , name, url, payload] = process.argv;
const answer = message => process.stdout.write(JSON.stringify(message) + '\n');
console.log = console.info = console.warn = console.error; // standard output carries only answers

const seconds = () => Number(process.hrtime.bigint()) / 1e9; // the clock that all processes of a machine share
const text = 'x'.repeat(Math.max(0, Number(payload) - '{"n":12345,"text":""}'.length));
const data = number => ({ n: number, text });

// --- the jobs that handlers ran, and the times ---

const tally = { count: 0, sum: 0, running: 0, max_running: 0, marks: [], stride: 1 };

tally.add = number => {
  tally.sum += number;
  if (++tally.count % tally.stride === 0) tally.marks.push(seconds());
};
tally.enter = () => { tally.max_running = Math.max(tally.max_running, ++tally.running); };
tally.leave = number => { tally.running--; tally.add(number); };

// --- ways to put load on ---

/** Call `act` for each number, with `limit` calls outstanding. */
function many(first, count, limit, act) {
  return new Promise((resolve, reject) => {
    let next = first, left = count;
    const more = () => { if (next < first + count) act(next++).then(ended, reject); };
    const ended = () => { if (--left === 0) resolve(); else more(); };
    for (let i = 0; i < limit; i++) more();
  });
}

/** Call `act` at a fixed rate, each time with the moment when the call was due. */
function atRate(first, count, rate, act) {
  return new Promise((resolve, reject) => {
    const start = seconds() + 0.01;
    let begun = 0, left = count;
    const ended = () => { if (--left === 0) resolve(); };
    (function beginThoseDue() {
      for (; begun < count && start + begun / rate <= seconds(); begun++) {
        act(first + begun, start + begun / rate).then(ended, reject);
      }
      if (begun >= count) return;
      // Node's timers are a millisecond late, so the last milliseconds pass in turns of the event loop.
      if (start + begun / rate - seconds() > 0.002) setTimeout(beginThoseDue, 1); else setImmediate(beginThoseDue);
    })();
  });
}

async function timed(act) {
  const began = seconds();
  await act();
  return seconds() - began;
}

// --- requests ---

const adapter = require('./' + name).make(url, data, tally);

const operations = {
  save: ({ how, first, count, ...options }) => timed(() =>
    how === 'bulk' ? adapter.saveBulk(first, count, options, many) : many(first, count, 1, number => adapter.save(number))),
  work: async ({ stride, ...options }) => {
    tally.stride = stride;
    await adapter.work(options);
  },
  count: () => tally.count,
  tally: () => tally,
  round_trips: async ({ first, count }) => {
    const times = [];
    await many(first, count, 1, async number => times.push(1000 * await timed(() => adapter.roundTrip(number))));
    return times;
  },
  in_flight: ({ first, count, limit }) => timed(() => many(first, count, limit, number => adapter.roundTrip(number))),
  at_rate: async ({ first, count, rate }) => {
    const times = [];
    await atRate(first, count, rate, async (number, due) => {
      await adapter.roundTrip(number);
      times.push(1000 * (seconds() - due));
    });
    return times;
  },
  searches: async ({ text, count }) => {
    const times = [];
    let ids = 0;
    for (let i = 0; i < count; i++) times.push(1000 * (await timed(async () => { ids = await adapter.search(text); })));
    return { times, ids };
  },
  stop: () => adapter.stop(),
};

Promise.resolve(adapter.ready).then(() => {
  readline.createInterface({ input: process.stdin })
    .on('line', async line => {
      const { do: operation, ...args } = JSON.parse(line);
      try {
        const value = await operations[operation](args);
        answer({ ok: value === undefined ? null : value });
      } catch (error) {
        answer({ error: String(error && error.stack || error) });
      }
    })
    .on('close', () => process.exit(0));
  answer({ ok: { node: process.version.slice(1), ...adapter.versions } });
});
