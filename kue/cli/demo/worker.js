// The demo's worker in Node: runs the types it is given, and says which job it ran how often.
//
// The second argument is {type: slots}; each line of standard output is {"ready": pid} or {"ran": id, "type"}. It ends
// when its standard input does.
'use strict';

const kue = require('kue');

const queue = kue.createQueue(JSON.parse(process.argv[2]));
const slots = JSON.parse(process.argv[3]);
const tell = message => process.stdout.write(JSON.stringify(message) + '\n');

queue.on('error', error => tell({ trouble: String(error) }));

const results = {
  sms: data => ({ characters: data.text.length, by: 'node' }),
  geocode: data => ({ street: data.street, number: parseInt(data.street, 10) }),
};

function run(job, done) {
  tell({ ran: Number(job.id), type: job.type });
  setTimeout(() => {
    if (job.toJSON().attempts.made < (job.data.failures || 0)) done(new Error('the network is busy'));
    else done(null, results[job.type](job.data));
  }, job.data.ms);
}

for (const type of Object.keys(slots)) queue.process(type, slots[type], run);
process.stdin.on('end', () => process.exit(0)).resume();

tell({ ready: process.pid });
