// The measured process in Node: the same requests as driver.py, for a system of Node.
//
//   node driver.js <adapter> <redis url> <bytes of a payload>
//
// An adapter exports make(url, data, tally): {versions, saveEach, save, work, roundTrip, stop}; all may be async.

'use strict';

const readline = require('readline');

const [, , name, url, payload] = process.argv;
const answer = message => process.stdout.write(JSON.stringify(message) + '\n');
console.log = console.info = console.warn = console.error; // stdout carries answers and nothing else

const seconds = () => Number(process.hrtime.bigint()) / 1e9; // the clock that all processes of a machine share
const text = 'x'.repeat(Math.max(0, Number(payload) - '{"n":12345,"text":""}'.length));
const data = number => ({ n: number, text });

// --- what handlers did, and when ---

const tally = { count: 0, sum: 0, running: 0, most: 0, marks: [], stride: 1 };

tally.add = number => {
  tally.sum += number;
  if (++tally.count % tally.stride === 0) tally.marks.push(seconds());
};
tally.enter = () => { tally.most = Math.max(tally.most, ++tally.running); };
tally.leave = number => { tally.running--; tally.add(number); };

// --- ways to put load on ---

/** Carry out `act` for each number, so many at once. */
function many(first, count, most, act) {
  return new Promise((resolve, reject) => {
    let next = first, left = count;
    const more = () => { if (next < first + count) act(next++).then(ended, reject); };
    const ended = () => { if (--left === 0) resolve(); else more(); };
    for (let i = 0; i < most; i++) more();
  });
}

/** Carry out `act` at a fixed rate, each called with the moment when it was due. */
function steadily(first, count, rate, act) {
  return new Promise((resolve, reject) => {
    const start = seconds() + 0.01;
    let begun = 0, left = count;
    const ended = () => { if (--left === 0) resolve(); };
    (function beginThoseDue() {
      for (; begun < count && start + begun / rate <= seconds(); begun++) {
        act(first + begun, start + begun / rate).then(ended, reject);
      }
      if (begun >= count) return;
      // a timer of Node's is a millisecond late; the last bit is waited for by turns of its loop
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
    const took = [];
    await many(first, count, 1, async number => took.push(1000 * await timed(() => adapter.roundTrip(number))));
    return took;
  },
  in_flight: ({ first, count, most }) => timed(() => many(first, count, most, number => adapter.roundTrip(number))),
  steadily: async ({ first, count, rate }) => {
    const took = [];
    await steadily(first, count, rate, async (number, due) => {
      await adapter.roundTrip(number);
      took.push(1000 * (seconds() - due));
    });
    return took;
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
