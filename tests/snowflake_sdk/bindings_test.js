'use strict';
// Values bound by the driver: one by one, by rows, and statements that are only described.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { shareSite } = require('./support/site');
const { run, rows, value, failure } = require('./support/client');

let connection;
shareSite((opened) => ({ connection } = opened));

for (const [name, sql, binds, want] of [
  ['a whole number', 'SELECT ? + 1', [41], [42]],
  ['a negative number', 'SELECT ?', [-7], [-7]],
  ['a fraction', 'SELECT ? * 2', [1.25], [2.5]],
  ['a text', 'SELECT ?', ["it's 😀 ? :1 \\n"], ["it's 😀 ? :1 \\n"]],
  ['true and false', 'SELECT ?, ?', [true, false], [true, false]],
  ['null', 'SELECT ?, ? IS NULL', [null, null], [null, true]],
  ['numbered places, used twice', 'SELECT :2, :1, :2', ['a', 'b'], ['b', 'a', 'b']],
  ['a numbered place behind a question mark', 'SELECT ?, :2, ?', ['a', 'b'], ['a', 'b', 'b']],
  ['a numbered place inside an object', "SELECT {'k':1, 'n': :1}", [2], [{ k: 1, n: 2 }]],
  ['more values than places', 'SELECT ?', ['a', 'b'], ['a']],
  ['a number that JavaScript writes with an exponent', 'SELECT ?, ?', [1e21, 1e-7], [1e21, 1e-7]],
  ['a text where a number is wanted', 'SELECT 7 WHERE 5 = ?', ['5'], [7]],
  ['a date as text', "SELECT ?::DATE = '2026-11-26'::DATE", ['2026-11-26'], [true]],
  ['a moment of JavaScript', "SELECT ?::TIMESTAMP_NTZ = '2026-11-26 10:15:00.5'::TIMESTAMP_NTZ", [new Date(Date.UTC(2026, 10, 26, 10, 15, 0, 500))], [true]],
  ['an object', 'SELECT PARSE_JSON(?):k::VARCHAR', [{ k: 'v' }], ['v']],
  ['an object as it is', 'SELECT ?', [{ k: ["it's", 1.5, null] }], [{ k: ["it's", 1.5, null] }]],
  ['an array behind the first place', 'SELECT ?, ?', [1, ['a', 2]], [1, ['a', 2]]],
  ['a place beside a literal that looks like one', "SELECT '?', ?, ':1' -- ?", ['x'], ['?', 'x', ':1']],
  ['a limit', 'SELECT COUNT(*) FROM (SELECT 1 FROM TABLE(GENERATOR(ROWCOUNT => 10)) LIMIT ?)', [3], [3]],
  ['a list', 'SELECT 5 IN (?, ?, ?)', [4, 5, 6], [true]],
]) {
  test(`binds ${name}`, async () => assert.deepEqual((await rows(connection, sql, { binds }))[0], want));
}

test('every type is inserted by binding and comes back', async () => {
  await rows(connection, 'CREATE TABLE EVERYTHING (N NUMBER(20,4), F FLOAT, T VARCHAR, B BOOLEAN, D DATE, C TIME(9), M TIMESTAMP_NTZ, L TIMESTAMP_LTZ, Z TIMESTAMP_TZ, X BINARY)');
  const binds = [12.3456, 0.1, 'é', true, '1969-12-31', '23:59:59.123456789', '2026-01-02 03:04:05.123456789', '2026-01-02 03:04:05 +0000', '2026-01-02 03:04:05.5 -0330', 'DEADBEEF'];
  const { statement } = await run(connection, 'INSERT INTO EVERYTHING VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', { binds });
  assert.equal(statement.getNumUpdatedRows(), 1);
  const [row] = await rows(connection, 'SELECT * FROM EVERYTHING');
  assert.deepEqual(row.slice(0, 4), [12.3456, 0.1, 'é', true]);
  assert.equal(row[4].getTime(), -86400000);
  assert.deepEqual([row[6].getEpochSeconds(), row[6].getNanoSeconds()], [Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, 123456789]);
  assert.equal(row[7].getTime(), Date.UTC(2026, 0, 2, 3, 4, 5));
  assert.deepEqual([row[8].getTime(), row[8].getTimezone()], [Date.UTC(2026, 0, 2, 6, 34, 5, 500), -210]);
  assert.equal(row[9].toString('hex'), 'deadbeef');
});

test('10,000 rows are inserted by one statement', async () => {
  await rows(connection, 'CREATE TABLE MANY (I NUMBER, T VARCHAR, F FLOAT, B BOOLEAN)');
  const many = Array.from({ length: 10000 }, (_, i) => [i, i % 3 ? `text ${i}` : null, i / 8 + 0.0625, i % 2 === 0]);
  const { statement } = await run(connection, 'INSERT INTO MANY VALUES (?, ?, ?, ?)', { binds: many });
  assert.equal(statement.getNumUpdatedRows(), 10000);
  const back = await rows(connection, 'SELECT * FROM MANY ORDER BY I');
  assert.equal(back.length, many.length);
  back.forEach((row, i) => assert.deepEqual(row, many[i]));  // one by one: a difference of the whole would be computed for minutes
});

test('rows bound to an UPDATE change each its own', async () => {
  await rows(connection, 'CREATE TABLE PATCHED (I NUMBER, V NUMBER) AS SELECT SEQ4(), 0 FROM TABLE(GENERATOR(ROWCOUNT => 10))');
  const { statement } = await run(connection, 'UPDATE PATCHED SET V = ? WHERE I = ?', { binds: [[10, 1], [20, 2], [99, 99]] });
  assert.equal(statement.getNumUpdatedRows(), 2);
  assert.deepEqual(await rows(connection, 'SELECT I, V FROM PATCHED WHERE V <> 0 ORDER BY I'), [[1, 10], [2, 20]]);
});

test('rows bound to a DELETE remove each its own', async () => {
  const { statement } = await run(connection, 'DELETE FROM PATCHED WHERE I = :2 AND V = :1', { binds: [[10, 1], [20, 2], [7, 3]] });
  assert.equal(statement.getNumUpdatedRows(), 2);
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM PATCHED'), 8);
});

test('rows are bound to numbered places, and the first does not set the width', async () => {
  await rows(connection, 'CREATE TABLE SWAPPED (N NUMBER(20,2), T VARCHAR)');
  const { statement } = await run(connection, 'INSERT INTO SWAPPED VALUES (:2, :1)', { binds: [['a', 1], ['much longer', 1234567.25], [null, 1e15]] });
  assert.equal(statement.getNumUpdatedRows(), 3);
  assert.deepEqual(await rows(connection, 'SELECT * FROM SWAPPED ORDER BY N'), [[1, 'a'], [1234567.25, 'much longer'], [1e15, null]]);
  await run(connection, 'INSERT INTO SWAPPED (N) VALUES (?)', { binds: [[70, 'spare'], [71, 'spare']] });
  assert.deepEqual(await rows(connection, "SELECT N FROM SWAPPED WHERE T IS NULL AND N < 100 ORDER BY N"), [[70], [71]]);
});

test('objects are not bound by rows', async () => {
  await rows(connection, 'CREATE TABLE DOCUMENTS (V VARIANT)');
  await rows(connection, 'INSERT INTO DOCUMENTS SELECT ?', { binds: [{ k: 1 }] });
  const error = await failure(run(connection, 'INSERT INTO DOCUMENTS VALUES (?)', { binds: [[{ k: 2 }], [{ k: 3 }]] }));
  assert.deepEqual([error.code, error.sqlState], ['002040', '42601']);
  assert.deepEqual(await rows(connection, 'SELECT V FROM DOCUMENTS'), [[{ k: 1 }]]);
});

test('rows of which one is wrong leave nothing behind', async () => {
  await rows(connection, 'CREATE TABLE STRICT (I NUMBER(3,0) NOT NULL)');
  const error = await failure(run(connection, 'INSERT INTO STRICT VALUES (?)', { binds: [[1], [2], [null], [4]] }));
  assert.equal(error.code, '100072');
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM STRICT'), 0);
});

test('too few values are refused', async () => {
  for (const [sql, binds] of [
    ['SELECT ?, ?', [1]],
    ['SELECT :2', [1]],
    ['SELECT :1', []],
    ['INSERT INTO STRICT VALUES (?), (?)', [[1], [2]]],
  ]) {
    const error = await failure(run(connection, sql, { binds }));
    assert.deepEqual([error.code, error.sqlState], ['002049', '42601'], sql);
  }
});

test('a statement is described without being run', async () => {
  await rows(connection, 'CREATE TABLE SHAPE (ID NUMBER(10,2) NOT NULL, NAME VARCHAR(20), AT TIMESTAMP_NTZ(3))');
  const { statement } = await run(connection, 'SELECT ID, NAME, AT, ID * 2 AS TWICE FROM SHAPE', { describeOnly: true });
  assert.deepEqual(statement.getColumns().map((column) => [column.getName(), column.getType(), column.isNullable()]),
    [['ID', 'fixed', false], ['NAME', 'text', true], ['AT', 'timestamp_ntz', true], ['TWICE', 'fixed', false]]);
  assert.deepEqual([statement.getColumn('ID').getPrecision(), statement.getColumn('ID').getScale(), statement.getColumn('AT').getScale()], [10, 2, 3]);
  assert.equal(statement.getNumRows(), 0);
});

test('describing an INSERT inserts nothing, describing nonsense fails', async () => {
  await run(connection, "INSERT INTO SHAPE VALUES (1, 'x', NULL)", { describeOnly: true });
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM SHAPE'), 0);
  assert.equal((await failure(run(connection, 'SELECT NOPE FROM SHAPE', { describeOnly: true }))).code, '000904');
});

test('a statement with places is described without values', async () => {
  const { statement } = await run(connection, 'SELECT ID, NAME FROM SHAPE WHERE ID > ? AND NAME = ?', { describeOnly: true });
  assert.deepEqual(statement.getColumns().map((column) => column.getName()), ['ID', 'NAME']);
});
