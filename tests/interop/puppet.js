// A process that runs real Kue for the tests, driven by node.py.
//
//   argv[2]  JSON: {url, prefix, ioredis, cluster, library, options}; options go to kue.createQueue as they are
//   stdin    one request a line: {"id": 1, "operation": "create", ...arguments}; its end ends the process
//   stdout   one answer a request, in any order: {"id": 1, "value": ...} or
//            {"id": 1, "error": {"name", "message", "stack"}}; the answer with id 0 says that it is ready
//   stderr   everything else

'use strict';

const readline = require('readline');

const config = JSON.parse(process.argv[2]);
const kue = require(config.library);
const kueEvents = require('kue/lib/queue/events');

console.log = console.info = console.error; // stdout carries answers and nothing else

// --- the queue ---

function redisOptions() {
  if (!config.ioredis && !config.cluster) return config.url;
  const Redis = require('ioredis');
  const patience = { slotsRefreshTimeout: 20000 }; // a busy machine may not answer in ioredis's one second
  const connect = () => (config.cluster ? new Redis.Cluster([config.url], patience) : new Redis(config.url));
  return { createClientFactory: connect };
}

const queue = kue.createQueue({ ...config.options, prefix: config.prefix, redis: redisOptions() });

// --- what it heard and did ---

const heard = { events: [], messages: [], jobEvents: {}, runs: [], rounds: { promotion: 0, activeJobsTTL: 0 } };

queue.on('error', error => console.error('queue error:', error));

const emitToQueue = queue.emit;
queue.emit = function (name, ...args) {
  if (name === 'error') heard.events.push([name, String(args[0])]);
  else if (name.startsWith('job ')) heard.events.push([name, ...args]);
  return emitToQueue.call(this, name, ...args);
};

function recordEventsOf(job) {
  const emit = job.emit;
  job.emit = function (name, ...args) {
    if (name !== 'newListener') (heard.jobEvents[this.id] ||= []).push([name, ...args]);
    return emit.call(this, name, ...args);
  };
  return job;
}

/** Count the rounds of the timers: how often each got its lock. */
function countRounds() {
  if (queue.warlock.counted) return;
  queue.warlock.counted = true;
  const lock = queue.warlock.lock;
  queue.warlock.lock = (name, ttl, use) =>
    lock.call(queue.warlock, name, ttl, (error, unlock) => {
      if (unlock) heard.rounds[name] += 1;
      use(error, unlock);
    });
}

// --- small tools ---

/** Call a method that takes a Node-style callback. */
const call = (object, method, ...args) =>
  new Promise((resolve, reject) =>
    object[method](...args, (error, value) => (error ? reject(error) : resolve(value))));

/** The value of a JavaScript expression, which may use what is named here. */
const evaluate = source =>
  new Function('require', 'kue', 'queue', 'call', `return (${source});`)(require, kue, queue, call);

/** Wait until everything sent so far on Kue's connections has been carried out. */
const flush = () => Promise.all([queue.client, kue.redis.client()].map(client => call(client, 'ping')));

/** Set each option by the method of its name; `backoffSource` is the text of a backoff function. */
function configure(job, { backoffSource, data, ...options }) {
  if (data !== undefined) job.data = data;
  if (backoffSource) job.backoff(evaluate(backoffSource));
  for (const [name, value] of Object.entries(options)) job[name](value);
  return job;
}

async function save(type, data, options) {
  const job = recordEventsOf(configure(queue.create(type, data), options));
  await call(job, 'save');
  return job.id;
}

// --- what a worker does with a job ---

const behaviours = {
  echo: () => (job, ctx, done) => done(null, job.data),
  fail: ({ message = 'boom', asString = false }) => (job, ctx, done) => done(asString ? message : new Error(message)),
  flaky: ({ times = 1, message = 'boom' }) => (job, ctx, done) =>
    job.toJSON().attempts.made < times ? done(new Error(message)) : done(null, job.data),
  hang: () => () => {},
  sleep: ({ ms }) => (job, ctx, done) => setTimeout(done, ms, null, job.data),
  report: () => (job, ctx, done) => {
    job.log('working on %s', job.id);
    job.progress(1, 2, { step: 'half' });
    done(null, job.data);
  },
  source: ({ source }) => evaluate(source),
};

function work({ type, slots, behaviour, options }) {
  const handler = behaviours[behaviour](options);
  const run = job => heard.runs.push({ id: job.id, type: job.type, data: job.data, worker: job.workerId });
  // Kue tells the form of a handler by its number of parameters
  if (handler.length === 2) queue.process(type, slots, (job, done) => (run(job), handler(job, done)));
  else queue.process(type, slots, (job, ctx, done) => (run(job), handler(job, ctx, done)));
  countRounds();
}

// --- requests ---

const operations = {
  create: ({ type, data, options }) => save(type, data, options),
  createMany: ({ type, many, options }) => Promise.all(many.map(data => save(type, data, options))),
  process: work,
  get: ({ job }) => call(kue.Job, 'get', job),
  update: async ({ job, options }) => {
    await call(configure(await call(kue.Job, 'get', job), options), 'save');
    await flush();
  },
  remove: async ({ job }) => {
    await call(kue.Job, 'remove', job);
    await flush();
  },
  stateChange: async ({ job, state }) => {
    await call(await call(kue.Job, 'get', job), state);
    await flush();
  },
  onJob: async ({ job, method, args }) => {
    (await call(kue.Job, 'get', job))[method](...args);
    await flush();
  },
  log: ({ job }) => call(kue.Job, 'log', job),
  range: ({ start, stop, order }) => call(kue.Job, 'range', start, stop, order),
  rangeByState: ({ state, start, stop, order }) => call(kue.Job, 'rangeByState', state, start, stop, order),
  rangeByType: ({ type, state, start, stop, order }) =>
    call(kue.Job, 'rangeByType', type, state, start, stop, order),
  onQueue: ({ method, args }) => call(queue, method, ...args),
  watchStuckJobs: ({ ms }) => void queue.watchStuckJobs(ms),
  shutdown: ({ ms, type }) => call(queue, 'shutdown', ms, type),
  evaluate: ({ source, args }) => evaluate(source)(...args),
  heard: ({ what }) => heard[what],
  flush: async () => { await flush(); },
};

const answer = message => process.stdout.write(JSON.stringify(message) + '\n');

function describe(error) {
  const { name = 'Error', message = String(error), stack = '' } = error instanceof Error ? error : {};
  return { name, message, stack };
}

async function carryOut({ id, operation, ...args }) {
  try {
    const value = await operations[operation](args);
    answer({ id, value: value === undefined ? null : value });
  } catch (error) {
    answer({ id, error: describe(error) });
  }
}

// --- start ---

const listening = new Promise(resolve => {
  if (kueEvents.subscribed) resolve();
  else kueEvents.callbackQueue.push(resolve);
});

const watcher = kue.redis.createClient();
watcher.on('message', (channel, message) => heard.messages.push(message));

Promise.all([listening, call(watcher, 'subscribe', watcher.getKey('events'))]).then(() => {
  readline.createInterface({ input: process.stdin })
    .on('line', line => carryOut(JSON.parse(line)))
    .on('close', () => process.exit(0));
  answer({ id: 0, value: null });
});
