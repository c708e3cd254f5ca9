// BullMQ for Node. Its QueueEvents report the results.

'use strict';

const { Queue, QueueEvents, Worker } = require('bullmq');
const Redis = require('ioredis');
const { version } = require('bullmq/package.json');

const BATCH_SIZE = 100; // jobs per call of addBulk

exports.make = (url, data, tally) => {
  const connection = () => new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue('bench', { connection: connection() });
  let worker, events;

  async function listening() {
    events = new QueueEvents('bench', { connection: connection() });
    await events.waitUntilReady();
    return events;
  }

  return {
    versions: { bullmq: version, ioredis: require('ioredis/package.json').version },
    ready: queue.waitUntilReady(),

    save: number => queue.add('job', data(number)),

    async saveBulk(first, count) {
      for (let start = first; start < first + count; start += BATCH_SIZE) {
        const part = Array.from({ length: Math.min(BATCH_SIZE, first + count - start) }, (_, i) => start + i);
        await queue.addBulk(part.map(number => ({ name: 'job', data: data(number) })));
      }
    },

    work({ slots }) {
      const options = { connection: connection(), concurrency: slots };
      worker = new Worker('bench', async job => tally.add(job.data.n), options);
      worker.on('error', error => console.error(error));
    },

    async roundTrip(number) {
      events ||= await listening();
      const job = await queue.add('job', data(number));
      await job.waitUntilFinished(events, 60000);
    },

    async stop() {
      if (worker) await worker.close();
      if (events) await events.close();
    },
  };
};
