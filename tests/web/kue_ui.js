// Serves kue-ui, as its README says, under /ui on a free port that it prints: node kue_ui.js API_URL
const express = require('express');
const ui = require('kue-ui');

ui.setup({ apiURL: process.argv[2], baseURL: '/ui', updateInterval: 500 });
const server = express().use('/ui', ui.app).listen(0, '127.0.0.1', () => console.log(server.address().port));
