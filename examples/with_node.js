// The Node half of with_node.py: works on `resize`, which Python creates, and creates `summary`, which Python works on.
// Needs real Kue: npm install kue@0.11.6

const kue = require('kue');
const queue = kue.createQueue({ redis: process.env.KUE_REDIS_URL });

queue.on('error', error => console.error('Node:', error));

queue.process('resize', 2, (job, done) => {
  job.log('resizing %s', job.data.photo);
  job.progress(1, 1);
  done(null, { width: job.data.width / 2, by: 'Node' });
});

queue.create('summary', { text: 'it was the best of times' })
  .on('progress', percent => console.log('Node: my summary is at', percent, '%'))
  .on('complete', result => console.log('Node: my summary has', result.words, 'words, says', result.by))
  .save();

// with_node.py closes our input when it has seen enough
process.stdin.on('end', () => queue.shutdown(1000, () => process.exit(0))).resume();
