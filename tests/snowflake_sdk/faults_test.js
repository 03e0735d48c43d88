'use strict';
// What goes wrong between a client and Snowflake: the driver rides it out, and nothing is lost or run twice.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { startSite } = require('./support/site');
const { logout, rows, value, failure } = require('./support/client');

let site;
let connection;
test.before(async () => {
  site = await startSite();
  connection = await site.open();
  await rows(connection, 'CREATE TABLE EFFECTS (NAME VARCHAR)');
});
test.after(async () => {
  await logout(connection);
  await site.mock.stop();
});
test.afterEach(() => site.mock.control('DELETE', 'faults'));

const ROWS = 30000;
async function readLargeResult() {
  const all = await rows(connection, `SELECT SEQ4() AS I, REPEAT('x', 50) || SEQ4() AS T FROM TABLE(GENERATOR(ROWCOUNT => ${ROWS})) ORDER BY I`);
  assert.equal(all.length, ROWS);
  all.forEach(([i, text], row) => assert.ok(i === row && text === 'x'.repeat(50) + row, `row ${row}: ${i} ${text}`));
}

const hits = async () => (await site.mock.control('GET', 'faults')).faults;

for (const fault of [
  { fault: '503', route: 'login', count: 1 },
  { fault: '429', route: 'login', count: 1 },
  { fault: 'reset', route: 'login', count: 1 },
]) {
  test(`a login survives ${fault.fault}`, async () => {
    await site.mock.faults(fault);
    await logout(await site.open());
    assert.ok((await hits()).every((one) => one.count === 0), 'the fault has struck');
  });
}

test('a login that always meets 503 is given up with an error', async () => {
  await site.mock.faults({ fault: '503', route: 'login', count: 100 });
  assert.ok((await failure(site.open())).code);
});

for (const [name, fault] of [
  ['503', { fault: '503', route: 'query', count: 1 }],
  ['503 twice', { fault: '503', route: 'query', count: 2 }],
  ['429', { fault: '429', route: 'query', count: 1 }],
  ['a reset before it was run', { fault: 'reset', route: 'query', count: 1 }],
  ['a reset after it was run', { fault: 'reset', route: 'query', when: 'after', count: 1 }],
  ['503 after it was run', { fault: '503', route: 'query', when: 'after', count: 1 }],
]) {
  test(`a statement that meets ${name} is run exactly once`, async () => {
    await site.mock.faults(fault);
    assert.deepEqual(await rows(connection, `INSERT INTO EFFECTS VALUES ('${name}')`), [[1]]);
    assert.equal(await value(connection, 'SELECT COUNT(*) FROM EFFECTS WHERE NAME = ?', { binds: [name] }), 1);
  });
}

for (const [name, fault] of [
  ['503', { fault: '503', route: 'chunk', count: 1 }],
  ['403, an expired address', { fault: '403', route: 'chunk', count: 1 }],
  ['a reset', { fault: 'reset', route: 'chunk', count: 1 }],
  ['a reset in the middle', { fault: 'reset', route: 'chunk', bytes: 2000, count: 1 }],
  ['a body that ends early', { fault: 'truncate', route: 'chunk', length: 'wrong', count: 1 }],
  ['a delay', { fault: 'delay', route: 'chunk', ms: 200, count: 2 }],
]) {
  test(`a chunk that meets ${name} is fetched again: no row is lost or doubled`, async () => {
    await site.mock.faults(fault);
    await readLargeResult();
  });
}

test('a chunk that never comes is an error, not a short result', async () => {
  await site.mock.faults({ fault: '404', route: 'chunk', count: 1000 });
  assert.ok(await failure(rows(connection, `SELECT SEQ4() AS I FROM TABLE(GENERATOR(ROWCOUNT => ${ROWS * 5}))`)));
});

test('a poll that meets 503 goes on polling', async () => {
  await site.mock.settings({ poll_hold_ms: 50 });
  await site.mock.faults({ fault: '503', route: 'result', count: 2 });
  assert.equal((await rows(connection, 'SELECT SYSTEM$WAIT(1), 5'))[0][1], 5);
  await site.mock.settings({ poll_hold_ms: 45000 });
});

for (const [word, code, state] of [
  ['suspended', '000606', '57P03'],
  ['timeout', '000630', '57014'],
  ['incident', '000603', 'XX000'],
  ['too_many', '000610', '57014'],
]) {
  test(`the fault ${word} reaches the user as ${code}`, async () => {
    await site.mock.faults({ fault: word, route: 'query', count: 1 });
    const error = await failure(rows(connection, 'SELECT 1'));
    assert.deepEqual([error.code, error.sqlState], [code, state]);
    assert.equal(await value(connection, 'SELECT 1'), 1);
  });
}

test('a fault can be asked for by a comment of the statement, and strikes that one only', async () => {
  const error = await failure(rows(connection, 'SELECT 1 /* mock:fault=suspended */'));
  assert.equal(error.code, '000606');
  assert.equal(await value(connection, 'SELECT 1'), 1);
});

test('a fault can be asked for by a parameter of the session', async () => {
  await rows(connection, "ALTER SESSION SET MOCK_FAULT = 'incident'");
  assert.equal((await failure(rows(connection, 'SELECT 1'))).code, '000603');
  assert.equal(await value(connection, 'SELECT 1'), 1);
});

test('a table that changes its shape between two pages is noticed', async () => {
  await rows(connection, 'CREATE OR REPLACE TABLE PAGED AS SELECT SEQ4() AS I, 1 AS GOES FROM TABLE(GENERATOR(ROWCOUNT => 10))');
  const page = 'SELECT I, GOES FROM PAGED WHERE I > ? ORDER BY I LIMIT 5';
  assert.equal((await rows(connection, page, { binds: [-1] })).length, 5);
  await site.mock.faults({ fault: 'sql', statement: 'ALTER TABLE SHOP.CRM.PAGED DROP COLUMN GOES', sql: 'FROM PAGED', count: 1 });
  assert.equal((await failure(rows(connection, page, { binds: [4] }))).code, '000904');
});
