// Real Kue.

'use strict';

const kue = require('kue');
const { version } = require('kue/package.json');

const IN_FLIGHT = 100;

exports.make = (url, data, tally) => {
  const queue = kue.createQueue({ redis: url });
  queue.on('error', error => console.error(error));
  queue.setMaxListeners(0); // each worker adds a listener to the queue, and Node would warn of too many

  let index;
  const typeOf = (number, types = 1) => (types === 1 ? 'bench' : `bench${number % types}`);

  const saved = job => new Promise((resolve, reject) => job.save(error => (error ? reject(error) : resolve())));

  function create(number, { types, delay } = {}) {
    const job = queue.create(typeOf(number, types), data(number));
    return delay ? job.delay(delay) : job;
  }

  return {
    versions: { kue: version },

    save: number => saved(create(number)),

    saveBulk: (first, count, options, many) =>
      many(first, count, IN_FLIGHT, number => saved(create(number, options))),

    work({ slots, types = 1, sleep = 0 }) {
      const empty = (job, done) => { tally.add(job.data.n); done(); };
      const sleeping = (job, done) => {
        tally.enter();
        setTimeout(() => { tally.leave(job.data.n); done(); }, 1000 * sleep);
      };
      for (let i = 0; i < types; i++) queue.process(typeOf(i, types), slots, sleep ? sleeping : empty);
    },

    roundTrip: number => new Promise((resolve, reject) => {
      const job = create(number);
      job.on('complete', resolve).on('failed', reject).save(error => error && reject(error));
    }),

    // As routes/json.js makes its index, which it keeps to itself.
    search: text => new Promise((resolve, reject) => {
      const reds = require('reds');
      reds.createClient = require('kue/lib/redis').createClient;
      index = index || reds.createSearch(queue.client.getKey('search'));
      index.query(text).end((error, ids) => (error ? reject(error) : resolve(ids.length)));
    }),

    stop: () => new Promise(resolve => queue.shutdown(10000, () => resolve())),
  };
};
