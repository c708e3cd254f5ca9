// The demo's producer in Node: creates jobs on request, and reports how they end.
//
// The environment variable KUE_DEMO has the options of the queue.
// Each line of standard input is a request {"key", "type", "data", "options"}. Each line of standard output is a report:
// {"ready": pid}, {"created": key, "id"}, {"retried": key}, {"ended": key, "state", "result"} or {"error": text}.
// The program ends when its standard input does.
'use strict';

const readline = require('readline');
const kue = require('kue');

const queue = kue.createQueue(JSON.parse(process.env.KUE_DEMO).options);
const report = message => process.stdout.write(JSON.stringify(message) + '\n');

queue.on('error', error => report({ error: String(error) }));

function create({ key, type, data, options }) {
  const job = queue.create(type, data).attempts(options.attempts || 1);
  job.on('failed attempt', () => report({ retried: key }));
  job.on('complete', result => report({ ended: key, state: 'complete', result }));
  job.on('failed', () => report({ ended: key, state: 'failed' }));
  job.save(error => (error ? report({ error: String(error) }) : report({ created: key, id: Number(job.id) })));
}

readline
  .createInterface({ input: process.stdin })
  .on('line', line => create(JSON.parse(line)))
  .on('close', () => process.exit(0));

report({ ready: process.pid });
