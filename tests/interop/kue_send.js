// kue-send's protocol in Node, for the tests: an event of a worker's own on Kue's channel, and waiting for one.
// Used inside puppet.js: require('./kue_send.js').

'use strict';

const events = require('kue/lib/queue/events');

/** From a worker to whoever asked for the job: {"id": id, "event": event, "args": [event, data]}. */
exports.send = (job, event, data) => events.emit(job.id, event, data);

/** Save a job and wait for it: the data of its `result`, else a rejection when the job has failed for good. */
exports.promise = job =>
  new Promise((resolve, reject) => {
    job.on('result', resolve);
    job.on('failed', message => reject(new Error(message)));
    job.save(problem => problem && reject(problem));
  });
