'use strict';
// Sessions: tokens that expire at the worst moment, heartbeats, the end, many at once.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { makeKey } = require('./support/mock');
const { startSite, KEY } = require('./support/site');
const { snowflake, makeConnection, connect, login, logout, run, rows, value, failure, until } = require('./support/client');

let site;
test.before(async () => (site = await startSite({ settings: { poll_hold_ms: 50 } })));
test.after(() => site.mock.stop());

const renewals = async () => (await site.mock.stats()).token_renewals;

test('an expired session token is renewed and the statement runs once', async () => {
  const connection = await site.open();
  await rows(connection, 'CREATE OR REPLACE TABLE RENEWED (I NUMBER)');
  const before = await renewals();
  await site.mock.expire('session');
  assert.deepEqual(await rows(connection, 'INSERT INTO RENEWED VALUES (1)'), [[1]]);
  assert.equal(await renewals(), before + 1);
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM RENEWED'), 1);
  await logout(connection);
});

test('the session stays the same after a renewal: role, variables, temporary tables', async () => {
  const connection = await site.open();
  const session = await value(connection, 'SELECT CURRENT_SESSION()');
  await rows(connection, 'USE SCHEMA PUBLIC');
  await rows(connection, "ALTER SESSION SET QUERY_TAG = 'kept'");
  await site.mock.expire('session');
  assert.deepEqual(await rows(connection, 'SELECT CURRENT_SESSION(), CURRENT_SCHEMA(), CURRENT_ROLE()'), [[session, 'PUBLIC', 'WRITER']]);
  await logout(connection);
});

test('a token that expires while a result is being read costs no row', async () => {
  const connection = await site.open();
  let expired;
  let sum = 0;
  let count = 0;
  await new Promise((resolve, reject) => connection.execute({
    sqlText: 'SELECT SEQ4() AS I FROM TABLE(GENERATOR(ROWCOUNT => 100000)) ORDER BY I',
    streamResult: true,
    rowMode: 'array',
    complete: (error, statement) => (error ? reject(error) : statement.streamRows()
      .on('error', reject)
      .on('end', resolve)
      .on('data', ([i]) => {
        expired ??= site.mock.expire('session');
        sum += i;
        ++count;
      })),
  }));
  await expired;
  assert.deepEqual([count, sum], [100000, 100000 * 99999 / 2]);
  assert.equal(await value(connection, 'SELECT 1'), 1);
  await logout(connection);
});

test('a token that expires while a statement runs costs nothing but a renewal', async () => {
  const connection = await site.open();
  const before = await renewals();
  let statement;
  const done = new Promise((resolve, reject) => {
    statement = connection.execute({ sqlText: 'SELECT SYSTEM$WAIT(1), 9', rowMode: 'array', complete: (error, _, all) => (error ? reject(error) : resolve(all)) });
  });
  await until('it is polled for', () => statement.getQueryId());
  await site.mock.expire('session');
  assert.equal((await done)[0][1], 9);
  assert.ok((await renewals()) > before);
  await logout(connection);
});

test('tokens of one second are renewed as often as it takes', async () => {
  await site.mock.settings({ session_seconds: 1 });
  const connection = await site.open();
  const before = await renewals();
  for (const end = Date.now() + 2500; Date.now() < end;) assert.equal(await value(connection, 'SELECT 3'), 3);
  assert.ok((await renewals()) > before);
  await site.mock.settings({ session_seconds: 3600 });
  await logout(connection);
});

test('a session whose master token has expired is over', async () => {
  const connection = await site.open();
  await site.mock.expire('master');
  const error = await failure(rows(connection, 'SELECT 1'));
  assert.deepEqual([error.code, error.sqlState], [407002, '08003']);
  assert.equal(connection.isUp(), false);
});

test('a session that the server has dropped is over', async () => {
  const connection = await site.open();
  await site.mock.expire('drop');
  const error = await failure(rows(connection, 'SELECT 1'));
  assert.deepEqual([error.code, error.sqlState], [407002, '08003']);
});

test('a heartbeat is answered, and tells a live session from a dead one', async () => {
  const connection = await site.open();
  assert.deepEqual(await connection.heartbeatAsync(), [{ 1: 1 }]);
  assert.equal(connection.isTokenValid(), true);
  assert.equal(await connection.isValidAsync(), true);
  await site.mock.expire('drop');
  assert.equal(await connection.isValidAsync(), false);
});

test('after the logout the session is gone', async () => {
  const connection = await site.open();
  const before = (await site.mock.stats()).sessions;
  await logout(connection);
  assert.equal((await site.mock.stats()).sessions, before - 1);
  assert.equal(connection.isUp(), false);
  assert.ok(await failure(rows(connection, 'SELECT 1')));
});

test('50 sessions at once each see their own rows', async () => {
  const before = (await site.mock.stats()).sessions;
  const all = await Promise.all(Array.from({ length: 50 }, () => site.open()));
  assert.equal((await site.mock.stats()).sessions, before + 50);
  const ids = new Set(await Promise.all(all.map((connection) => value(connection, 'SELECT CURRENT_SESSION()'))));
  assert.equal(ids.size, 50);
  await Promise.all(all.map(async (connection, i) => {
    await rows(connection, `ALTER SESSION SET QUERY_TAG = 'session ${i}'`);
    await rows(connection, i % 2 ? 'USE SCHEMA PUBLIC' : 'USE SCHEMA CRM');
    const mine = await rows(connection, `SELECT SEQ4() * ${i} AS V FROM TABLE(GENERATOR(ROWCOUNT => 2000)) ORDER BY V`);
    assert.equal(mine.length, 2000);
    mine.forEach(([v], row) => assert.equal(v, row * i));
    assert.equal(await value(connection, 'SELECT CURRENT_SCHEMA()'), i % 2 ? 'PUBLIC' : 'CRM');
  }));
  await Promise.all(all.map(logout));
  assert.equal((await site.mock.stats()).sessions, before);
});

test('50 sessions write one table and lose nothing', async () => {
  const all = await Promise.all(Array.from({ length: 50 }, () => site.open()));
  await rows(all[0], 'CREATE OR REPLACE TABLE SHARED (S NUMBER, I NUMBER)');
  await Promise.all(all.map(async (connection, s) => {
    for (let i = 0; i < 5; ++i) assert.deepEqual(await rows(connection, 'INSERT INTO SHARED VALUES (?, ?)', { binds: [s, i] }), [[1]]);
  }));
  assert.deepEqual(await rows(all[0], 'SELECT COUNT(*), COUNT(DISTINCT S * 10 + I), SUM(I) FROM SHARED'), [[250, 250, 500]]);
  await Promise.all(all.map(logout));
});

test('the pool of the driver lends and takes back connections', async () => {
  const options = { accessUrl: site.mock.url, account: 'myorg-myacct', authenticator: 'SNOWFLAKE_JWT', username: 'APP', privateKey: KEY.pem };
  const pool = snowflake.createPool(options, { max: 4, min: 0 });
  const got = await Promise.all(Array.from({ length: 12 }, (_, i) => pool.use((connection) => value(connection, `SELECT ${i}`))));
  assert.deepEqual(got, Array.from({ length: 12 }, (_, i) => i));
  await pool.drain();
  await pool.clear();
});

test('nobody else’s session is answered', async () => {
  const connection = await site.open();
  const { statement } = await run(connection, 'SELECT 1');
  const key = makeKey();
  await site.mock.sql(`CREATE USER OTHER RSA_PUBLIC_KEY = '${key.publicText}'`);
  const other = await connect(site.mock, { username: 'OTHER', privateKey: key.pem });
  const error = await failure(new Promise((resolve, reject) => other.fetchResult({
    queryId: statement.getQueryId(),
    complete: (problem, _, all) => (problem ? reject(problem) : resolve({ rows: all })),
  })));
  assert.match(String(error.code), /^\d{6}$/);
  for (const one of [connection, other]) await logout(one);
});

test('a server that is not there is reported, not waited for', async () => {
  const gone = makeConnection({ url: 'http://127.0.0.1:1' }, { username: 'APP', privateKey: KEY.pem });
  assert.ok((await failure(login(gone))).code);
});
