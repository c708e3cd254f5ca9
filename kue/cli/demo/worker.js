// The demo's worker in Node: runs jobs of the given types, and reports each run.
//
// The environment variable KUE_DEMO has the options of the queue, and the slots of each type. Each line of standard
// output is a report: {"ready": pid}, {"ran": id, "type"} or {"error": text}. The program ends when its standard input
// does.
'use strict';

const kue = require('kue');

const { options, slots } = JSON.parse(process.env.KUE_DEMO);
const queue = kue.createQueue(options);
const report = message => process.stdout.write(JSON.stringify(message) + '\n');

queue.on('error', error => report({ error: String(error) }));

const results = {
  sms: data => ({ characters: data.text.length, by: 'node' }),
  geocode: data => ({ street: data.street, number: parseInt(data.street, 10) }),
};

function run(job, done) {
  report({ ran: Number(job.id), type: job.type });
  setTimeout(() => {
    if (job.toJSON().attempts.made < (job.data.failures || 0)) done(new Error('the network is busy'));
    else done(null, results[job.type](job.data));
  }, job.data.ms);
}

for (const type of Object.keys(slots)) queue.process(type, slots[type], run);
process.stdin.on('end', () => process.exit(0)).resume();

report({ ready: process.pid });
