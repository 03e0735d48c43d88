'use strict';
// node's own test runner with a bound: a test that waits for ever fails after a minute instead of stopping the file.
const runner = require('node:test');

const TEST_MS_MAX = 60000;
const test = (name, body) => runner(name, { timeout: TEST_MS_MAX }, body);
for (const hook of ['before', 'after', 'beforeEach', 'afterEach']) test[hook] = runner[hook].bind(runner);

module.exports = { test };
