// The demo's producer in Node: creates the jobs it is told of, and says what becomes of them.
//
// Each line of standard input is {"key", "type", "data", "options"}; each line of standard output is one of
// {"ready": pid}, {"created": key, "id"}, {"retried": key} and {"ended": key, "state", "result"}. It ends with its input.
'use strict';

const readline = require('readline');
const kue = require('kue');

const queue = kue.createQueue(JSON.parse(process.argv[2]));
const tell = message => process.stdout.write(JSON.stringify(message) + '\n');

queue.on('error', error => tell({ trouble: String(error) }));

function create({ key, type, data, options }) {
  const job = queue.create(type, data).attempts(options.attempts || 1);
  job.on('failed attempt', () => tell({ retried: key }));
  job.on('complete', result => tell({ ended: key, state: 'complete', result }));
  job.on('failed', () => tell({ ended: key, state: 'failed' }));
  job.save(error => (error ? tell({ trouble: String(error) }) : tell({ created: key, id: Number(job.id) })));
}

readline
  .createInterface({ input: process.stdin })
  .on('line', line => create(JSON.parse(line)))
  .on('close', () => process.exit(0));

tell({ ready: process.pid });
