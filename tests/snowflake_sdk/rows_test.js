'use strict';
// Results of every size, inline and in chunks, read whole, as a stream and several at once; checked against a formula.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { shareSite } = require('./support/site');
const { run, rows } = require('./support/client');

let site;
let connection;
shareSite((opened) => ({ site, connection } = opened));

// Row i of a result: its number, i² with two digits, a text of a length of its own, NULL in every seventh row.
const ROW = "SELECT SEQ4() AS I, (SEQ4() * SEQ4() / 4)::NUMBER(20,2) AS Q, 'row ' || SEQ4() || REPEAT('é', SEQ4() % 50) AS T, " +
  'IFF(SEQ4() % 7 = 0, NULL, SEQ4() % 7) AS N';
const select = (count) => `SELECT * FROM (${ROW} FROM TABLE(GENERATOR(ROWCOUNT => ${count}))) ORDER BY I`;

function checkRow(row, i) {
  if (row[0] !== i || row[1] !== i * i / 4 || row[2] !== `row ${i}${'é'.repeat(i % 50)}` || row[3] !== (i % 7 === 0 ? null : i % 7)) {
    assert.deepEqual(row, [i, i * i / 4, `row ${i}${'é'.repeat(i % 50)}`, i % 7 === 0 ? null : i % 7]);
  }
}

// Reads a result as a stream; answers the number of rows.
function stream(sqlText, onRow = checkRow, range = {}) {
  return new Promise((resolve, reject) => {
    connection.execute({
      sqlText,
      streamResult: true,
      rowMode: 'array',
      complete: (error, statement) => {
        if (error) return reject(error);
        let count = 0;
        statement.streamRows(range)
          .on('error', reject)
          .on('data', (row) => onRow(row, count++))
          .on('end', () => resolve({ count, statement }));
      },
    });
  });
}

for (const count of [0, 1, 2, 999, 1000, 1001, 4095, 4096, 20000, 200000]) {
  test(`${count} rows come whole, in order, without a stranger`, async () => {
    const done = await run(connection, select(count));
    assert.equal(done.rows.length, count);
    assert.equal(done.statement.getNumRows(), count);
    done.rows.forEach(checkRow);
  });

  test(`${count} rows come as a stream`, async () => {
    const { count: seen, statement } = await stream(select(count));
    assert.equal(seen, count);
    assert.equal(statement.getNumRows(), count);
  });
}

test('an empty result still has its columns', async () => {
  const { statement } = await run(connection, select(0));
  assert.deepEqual(statement.getColumns().map((column) => column.getName()), ['I', 'Q', 'T', 'N']);
});

test('large results come in chunks, small ones inline', async () => {
  const served = async (count) => {
    const before = (await site.mock.stats()).chunks_served;
    await rows(connection, select(count));
    return (await site.mock.stats()).chunks_served - before;
  };
  assert.equal(await served(10), 0);
  assert.ok(await served(100000) > 2);
});

test('part of a result can be streamed', async () => {
  const first = 15000;
  const { count } = await stream(select(30000), (row, i) => checkRow(row, first + i), { start: first, end: first + 9999 });
  assert.equal(count, 10000);
});

test('several results are read at once on one connection, each whole', async () => {
  const sizes = [20000, 1, 0, 5000, 20000, 30000, 1000, 999];
  const all = await Promise.all(sizes.map((count) => stream(select(count))));
  assert.deepEqual(all.map((one) => one.count), sizes);
});

test('a result is read while other statements run', async () => {
  const streaming = stream(select(50000));
  for (let i = 0; i < 20; ++i) assert.deepEqual(await rows(connection, `SELECT ${i}`), [[i]]);
  assert.equal((await streaming).count, 50000);
});

test('a result keeps its rows when the table changes meanwhile', async () => {
  await rows(connection, `CREATE TABLE KEPT AS ${select(30000)}`);
  let changed;
  const { count } = await stream('SELECT * FROM KEPT ORDER BY I', (row, i) => {
    changed ??= rows(connection, 'DELETE FROM KEPT');
    checkRow(row, i);
  });
  await changed;
  assert.equal(count, 30000);
  assert.deepEqual(await rows(connection, 'SELECT COUNT(*) FROM KEPT'), [[0]]);
});

test('the same result is fetched again by its query id', async () => {
  const { statement } = await run(connection, select(20000));
  const again = await new Promise((resolve, reject) => connection.fetchResult({
    queryId: statement.getQueryId(),
    rowMode: 'array',
    complete: (error, _, all) => (error ? reject(error) : resolve(all)),
  }));
  assert.equal(again.length, 20000);
  again.forEach(checkRow);
});

test('a keyset reader sees every row exactly once', async () => {
  await rows(connection, `CREATE TABLE PAGED AS SELECT I, DATEADD(SECOND, FLOOR(I / 10)::INT, '2026-01-01'::TIMESTAMP_NTZ) AS UPDATED_AT FROM (${select(5000)})`);
  let last = ['1970-01-01 00:00:00', -1];
  let seen = 0;
  for (let page = 0; page < 20; ++page) {
    const part = await rows(connection,
      `SELECT I, TO_VARCHAR(UPDATED_AT, 'YYYY-MM-DD HH24:MI:SS.FF9') FROM PAGED
       WHERE (UPDATED_AT > ?::TIMESTAMP_NTZ OR (UPDATED_AT = ?::TIMESTAMP_NTZ AND I > ?)) ORDER BY UPDATED_AT, I LIMIT 700`,
      { binds: [last[0], last[0], last[1]] });
    if (part.length === 0) break;
    part.forEach(([i]) => assert.equal(i, seen++));
    last = [part.at(-1)[1], part.at(-1)[0]];
  }
  assert.equal(seen, 5000);
});

test('wide rows of a thousand columns come whole', async () => {
  const columns = Array.from({ length: 1000 }, (_, i) => `${i} AS C${i}`).join(', ');
  const [row] = await rows(connection, `SELECT ${columns}`);
  assert.deepEqual(row, Array.from({ length: 1000 }, (_, i) => i));
});
