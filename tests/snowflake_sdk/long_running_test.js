'use strict';
// Statements that take long: held polls, asynchronous runs, both ways of cancelling, timeouts.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { startSite } = require('./support/site');
const { logout, run, rows, value, failure, until } = require('./support/client');

// The server lets go of a request after 50 ms, so that every statement below is polled for.
let site;
let connection;
test.before(async () => (site = await startSite({ settings: { poll_hold_ms: 50 } })));
test.after(() => site.mock.stop());
test.beforeEach(async () => (connection = await site.open()));
test.afterEach(() => logout(connection));

const polls = (queryId) => site.mock.requests().filter((request) => request.path === `/queries/${queryId}/result`).length;
const running = (text) => until(`${text} runs`, async () => (await site.mock.queries()).find((one) => one.text === text && one.status === 'RUNNING'));

// Starts a statement: {statement, done}; `done` settles when it ends.
function start(sqlText, options = {}) {
  let statement;
  const done = new Promise((resolve, reject) => {
    statement = connection.execute({
      sqlText,
      rowMode: 'array',
      ...options,
      complete: (error, finished, all) => (error ? reject(error) : resolve({ rows: all, statement: finished })),
    });
  });
  done.catch(() => {});
  return { statement, done };
}

const cancel = (statement) => new Promise((resolve, reject) => statement.cancel((error) => (error ? reject(error) : resolve())));

function assertCanceled(error) {
  assert.deepEqual([error.code, error.sqlState, error.message], ['000604', '57014', 'SQL execution canceled']);
}

test('a statement beyond the hold is polled for, and answers once', async () => {
  const done = await run(connection, 'SELECT SYSTEM$WAIT(1), 42');
  assert.equal(done.rows[0][1], 42);
  const count = polls(done.statement.getQueryId());
  assert.ok(count >= 1 && count <= 40, `${count} polls: the server must hold each, the driver does not pause`);
});

test('a large result comes by polling too', async () => {
  const all = await rows(connection, 'SELECT SEQ4() AS I, SYSTEM$WAIT(0) FROM TABLE(GENERATOR(ROWCOUNT => 100000)) ORDER BY I');
  assert.equal(all.length, 100000);
  assert.equal(all.reduce((sum, row) => sum + row[0], 0), 100000 * 99999 / 2);
});

test('a statement that the driver polls for is cancelled by its query id', async () => {
  const { statement, done } = start('SELECT SYSTEM$WAIT(600)');
  await until('the query id is known', () => statement.getQueryId());
  await cancel(statement);
  assertCanceled(await failure(done));
  assert.deepEqual(await rows(connection, 'SELECT 1'), [[1]]);
});

test('what has ended cannot be cancelled', async () => {
  const { statement } = await run(connection, 'SELECT 1');
  assert.equal((await failure(cancel(statement))).code, '000605');
});

test('cancelling one statement leaves the others alone', async () => {
  const other = await site.open();
  const slow = rows(other, "SELECT SYSTEM$WAIT(1), 'mine'");
  const { statement, done } = start("SELECT SYSTEM$WAIT(600), 'cancelled'");
  await until('the query id is known', () => statement.getQueryId());
  await cancel(statement);
  assertCanceled(await failure(done));
  assert.equal((await slow)[0][1], 'mine');
  await logout(other);
});

test('a busy scan is cancelled in the middle of its work', async () => {
  const { statement, done } = start('SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 100000)) A, TABLE(GENERATOR(ROWCOUNT => 100000)) B WHERE RANDOM() = RANDOM()');
  await until('the query id is known', () => statement.getQueryId());
  await cancel(statement);
  assertCanceled(await failure(done));
});

test('SYSTEM$CANCEL_QUERY ends a statement of another session of the user', async () => {
  const { statement, done } = start('SELECT SYSTEM$WAIT(600)');
  await until('the query id is known', () => statement.getQueryId());
  const other = await site.open();
  await rows(other, `SELECT SYSTEM$CANCEL_QUERY('${statement.getQueryId()}')`);
  assertCanceled(await failure(done));
  await logout(other);
});

test('a statement that runs into its timeout says so', async () => {
  await rows(connection, 'ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1');
  const error = await failure(rows(connection, 'SELECT SYSTEM$WAIT(600)'));
  assert.deepEqual([error.code, error.sqlState], ['000630', '57014']);
  assert.match(error.message, /^Statement reached its statement or warehouse timeout of 1 second\(s\) and was canceled\.$/);
});

test('the driver’s status of an asynchronous statement goes from running to success', async () => {
  const { statement } = await start('SELECT SYSTEM$WAIT(1), 7 AS SEVEN', { asyncExec: true }).done;
  const queryId = statement.getQueryId();
  const status = await connection.getQueryStatus(queryId);
  assert.ok(connection.isStillRunning(status), status);
  const finished = await connection.getResultsFromQueryId({ queryId });
  const got = await new Promise((resolve, reject) => finished.streamRows().on('error', reject).on('data', resolve));
  assert.equal(got.SEVEN, 7);
  assert.equal(await connection.getQueryStatus(queryId), 'SUCCESS');
});

test('an asynchronous statement is fetched from another session of the same user', async () => {
  const { statement } = await start('SELECT 5 AS FIVE', { asyncExec: true }).done;
  const other = await site.open();
  const finished = await other.getResultsFromQueryId({ queryId: statement.getQueryId() });
  const got = await new Promise((resolve, reject) => finished.streamRows().on('error', reject).on('data', resolve));
  assert.deepEqual(got, { FIVE: 5 });
  await logout(other);
});

test('an asynchronous statement that fails tells its error by its status', async () => {
  const { statement } = await start("SELECT 'x'::NUMBER", { asyncExec: true }).done;
  const queryId = statement.getQueryId();
  await until('it has failed', async () => (await connection.getQueryStatus(queryId)) === 'FAILED_WITH_ERROR');
  const error = await failure(connection.getQueryStatusThrowIfError(queryId));
  assert.match(error.message, /Numeric value 'x' is not recognized/);
});

test('a query id that nobody gave has no data', async () => {
  assert.equal(await connection.getQueryStatus('01000000-0000-0000-0000-000000000000'), 'NO_QUERY_DATA');
});

test('statements on one connection may overlap', async () => {
  const slow = rows(connection, "SELECT SYSTEM$WAIT(1), 'slow'");
  const all = await Promise.all([1, 2, 3].map((i) => value(connection, `SELECT ${i}`)));
  assert.deepEqual(all, [1, 2, 3]);
  assert.equal((await slow)[0][1], 'slow');
});

test('a session that ends takes its running statements with it', async () => {
  const open = await site.open();
  const text = "SELECT SYSTEM$WAIT(600), 'left behind'";
  const abandoned = rows(open, text).catch((error) => error);
  await running(text);
  await logout(open);
  await until('it has ended', async () => (await site.mock.queries()).some((one) => one.text === text && one.status !== 'RUNNING'));
  await abandoned;
});

// A second server, which holds requests for long: the first POST is still open, and the driver knows no query id.
test('a statement whose request is still held is cancelled by its request id', async () => {
  const patient = await startSite();
  const open = await patient.open();
  const text = 'SELECT SYSTEM$WAIT(600)';
  let statement;
  const done = new Promise((resolve, reject) => {
    statement = open.execute({ sqlText: text, complete: (error, _, all) => (error ? reject(error) : resolve(all)) });
  });
  done.catch(() => {});
  await until('it runs', async () => (await patient.mock.queries()).some((one) => one.text === text && one.status === 'RUNNING'));
  assert.equal(statement.getQueryId(), undefined);
  await cancel(statement);
  assertCanceled(await failure(done));
  assert.ok(patient.mock.requests().some((request) => request.path === '/queries/v1/abort-request'));
  await logout(open);
  await patient.mock.stop();
});
