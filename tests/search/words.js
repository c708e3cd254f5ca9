// Writes words.tsv anew: each word, its stem and the code of the stem, by the natural that real Kue brings.
//
//   node tests/search/words.js    (`npm ci` in tests/interop first)
//
// To add a word, append a line that holds it alone, and run this.

'use strict';

const fs = require('fs');
const path = require('path');

const { Metaphone, PorterStemmer } = require('../interop/node_modules/natural');

const file = path.join(__dirname, 'words.tsv');

function line(word) {
  const stem = PorterStemmer.stem(word);
  return [word, stem, Metaphone.process(stem)].join('\t') + '\n';
}

const words = fs.readFileSync(file, 'utf8').split('\n').map(text => text.split('\t')[0]).filter(Boolean);
fs.writeFileSync(file, [...new Set(words)].sort().map(line).join(''));
