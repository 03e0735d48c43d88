'use strict';
// What statements report: counts, the session's state, transactions, several statements in one, tags and history.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { startSite } = require('./support/site');
const { logout, run, rows, value, failure } = require('./support/client');

let site;
let connection;
test.before(async () => {
  site = await startSite({ init: 'CREATE TABLE SHOP.CRM.USERS (ID NUMBER, NAME VARCHAR); INSERT INTO SHOP.CRM.USERS VALUES (1, \'a\'), (2, \'b\'); GRANT SELECT ON TABLE SHOP.CRM.USERS TO ROLE READER; GRANT ALL ON TABLE SHOP.CRM.USERS TO ROLE WRITER;' });
});
test.after(() => site.mock.stop());
test.beforeEach(async () => (connection = await site.open()));
test.afterEach(() => logout(connection));

test('changes tell how many rows they changed', async () => {
  await rows(connection, 'CREATE TABLE COUNTED (I NUMBER, V VARCHAR)');
  for (const [sql, updated, columns, counts] of [
    ["INSERT INTO COUNTED VALUES (1, 'a'), (2, 'b'), (3, 'c')", 3, ['number of rows inserted'], [3]],
    ["UPDATE COUNTED SET V = 'x' WHERE I > 1", 2, ['number of rows updated', 'number of multi-joined rows updated'], [2, 0]],
    ["MERGE INTO COUNTED T USING (SELECT 3 AS I UNION ALL SELECT 4 UNION ALL SELECT 5) S ON T.I = S.I WHEN MATCHED THEN UPDATE SET V = 'm' WHEN NOT MATCHED THEN INSERT (I, V) VALUES (S.I, 'n')",
      3, ['number of rows inserted', 'number of rows updated'], [2, 1]],
    ['DELETE FROM COUNTED WHERE I = 1', 1, ['number of rows deleted'], [1]],
    ['DELETE FROM COUNTED WHERE I = 77', 0, ['number of rows deleted'], [0]],
  ]) {
    const done = await run(connection, sql);
    assert.equal(done.statement.getNumUpdatedRows(), updated, sql);
    assert.deepEqual(done.statement.getColumns().map((column) => column.getName()), columns, sql);
    assert.deepEqual(done.rows, [counts], sql);
  }
  assert.deepEqual(await rows(connection, 'SELECT * FROM COUNTED ORDER BY I'), [[2, 'x'], [3, 'm'], [4, 'n'], [5, 'n']]);
});

test('a query updates no rows, a definition says what it did', async () => {
  assert.equal((await run(connection, 'SELECT 1')).statement.getNumUpdatedRows(), -1);
  const done = await run(connection, 'CREATE TABLE DEFINED (I NUMBER)');
  assert.deepEqual(done.rows, [['Table DEFINED successfully created.']]);
  assert.deepEqual(await rows(connection, 'DROP TABLE DEFINED'), [['DEFINED successfully dropped.']]);
  assert.deepEqual(await rows(connection, "ALTER SESSION SET QUERY_TAG = 'x'"), [['Statement executed successfully.']]);
  await rows(connection, 'ALTER SESSION UNSET QUERY_TAG');
});

test('the state of the session follows USE', async () => {
  const state = async (sql) => {
    const session = (await run(connection, sql)).statement.getSessionState();
    return [session.getCurrentRole(), session.getCurrentWarehouse(), session.getCurrentDatabase(), session.getCurrentSchema()];
  };
  assert.deepEqual(await state('SELECT 1'), ['WRITER', 'WH', 'SHOP', 'CRM']);
  assert.deepEqual(await state('USE SCHEMA PUBLIC'), ['WRITER', 'WH', 'SHOP', 'PUBLIC']);
  assert.deepEqual(await state('USE WAREHOUSE WH2'), ['WRITER', 'WH2', 'SHOP', 'PUBLIC']);
  assert.deepEqual(await state('USE SHOP.CRM'), ['WRITER', 'WH2', 'SHOP', 'CRM']);
  assert.deepEqual((await state('USE ROLE READER')).slice(0, 1), ['READER']);
  assert.deepEqual(await rows(connection, 'SELECT CURRENT_ROLE(), CURRENT_DATABASE(), CURRENT_SCHEMA()'), [['READER', 'SHOP', 'CRM']]);
});

test('a role may only what it was granted', async () => {
  const reader = await site.open({ role: 'READER' });
  assert.deepEqual(await rows(reader, 'SELECT * FROM USERS ORDER BY ID'), [[1, 'a'], [2, 'b']]);
  assert.equal((await failure(rows(reader, 'DELETE FROM USERS'))).code, '003001');
  assert.equal((await failure(rows(reader, 'CREATE TABLE T (I NUMBER)'))).code, '003001');
  assert.equal((await failure(rows(reader, 'USE ROLE ACCOUNTADMIN'))).code, '003013');
  await logout(reader);
});

test('a transaction is seen by others when it is committed, and never when rolled back', async () => {
  const other = await site.open();
  const count = (from) => value(from, 'SELECT COUNT(*) FROM LEDGER');
  await rows(connection, 'CREATE TABLE LEDGER (I NUMBER)');
  await rows(connection, 'BEGIN');
  await rows(connection, 'INSERT INTO LEDGER VALUES (1), (2)');
  assert.deepEqual([await count(connection), await count(other)], [2, 0]);
  await rows(connection, 'COMMIT');
  assert.equal(await count(other), 2);
  await rows(connection, 'BEGIN TRANSACTION');
  await rows(connection, 'DELETE FROM LEDGER');
  assert.deepEqual([await count(connection), await count(other)], [0, 2]);
  await rows(connection, 'ROLLBACK');
  assert.equal(await count(connection), 2);
  await logout(other);
});

test('a transaction goes on after an error inside it', async () => {
  await rows(connection, 'BEGIN');
  await rows(connection, 'INSERT INTO LEDGER VALUES (3)');
  assert.equal((await failure(rows(connection, "SELECT 'x'::NUMBER"))).code, '100038');
  await rows(connection, 'INSERT INTO LEDGER VALUES (4)');
  await rows(connection, 'COMMIT');
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM LEDGER'), 4);
});

test('without autocommit nothing stays that was not committed', async () => {
  const open = await site.open();
  await rows(open, 'ALTER SESSION SET AUTOCOMMIT = FALSE');
  await rows(open, 'INSERT INTO LEDGER VALUES (5)');
  await logout(open);
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM LEDGER'), 4);
});

// The results of a request with several statements, one after the other.
function several(sqlText, count) {
  return new Promise((resolve, reject) => {
    const results = [];
    connection.execute({
      sqlText,
      rowMode: 'array',
      parameters: { MULTI_STATEMENT_COUNT: count },
      complete: (error, statement, all) => {
        if (error) return reject(error);
        results.push(all);
        if (statement.hasNext()) statement.NextResult();
        else resolve(results);
      },
    });
  });
}

test('several statements in one request answer one by one', async () => {
  const text = "CREATE TABLE MULTI (I NUMBER); INSERT INTO MULTI VALUES (1), (2); SELECT ';' AS T, I FROM MULTI ORDER BY I; SELECT COUNT(*) FROM MULTI";
  assert.deepEqual(await several(text, 4), [[['Table MULTI successfully created.']], [[2]], [[';', 1], [';', 2]], [[2]]]);
  assert.deepEqual(await several('SELECT 1; SELECT 2; SELECT 3', 0), [[[1]], [[2]], [[3]]]);
});

test('another number of statements than told is refused, and nothing is run', async () => {
  for (const [sql, count] of [['INSERT INTO MULTI VALUES (9); SELECT 1', 3], ['INSERT INTO MULTI VALUES (9); SELECT 1', 1]]) {
    const error = await failure(several(sql, count));
    assert.equal(error.code, '000008');
    assert.match(error.message, /Actual statement count 2 did not match the desired statement count/);
  }
  assert.equal((await failure(rows(connection, 'SELECT 1; SELECT 2'))).code, '000008');
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM MULTI'), 2);
});

test('a statement that fails in the middle stops the ones after it', async () => {
  await failure(several('INSERT INTO MULTI VALUES (7); SELECT NOPE FROM MULTI; INSERT INTO MULTI VALUES (8)', 3));
  assert.deepEqual(await rows(connection, 'SELECT I FROM MULTI WHERE I > 6'), [[7]]);
});

test('a repeated request id answers the first execution and runs nothing', async () => {
  await rows(connection, 'CREATE TABLE ONCE (I NUMBER)');
  const first = await run(connection, 'INSERT INTO ONCE VALUES (1)');
  const again = await run(connection, 'INSERT INTO ONCE VALUES (1)', { requestId: first.statement.getRequestId() });
  assert.equal(again.statement.getQueryId(), first.statement.getQueryId());
  assert.deepEqual(again.rows, [[1]]);
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM ONCE'), 1);
});

test('tags and texts are read back from the history', async () => {
  await rows(connection, "ALTER SESSION SET QUERY_TAG = 'nightly'");
  const marked = await run(connection, 'SELECT 10 AS MARKED');
  const own = await run(connection, 'SELECT 11 AS MARKED', { parameters: { QUERY_TAG: 'just this one' } });
  await rows(connection, 'ALTER SESSION UNSET QUERY_TAG');
  const history = await site.mock.queries();
  const of = (statement) => history.find((query) => query.query_id === statement.getQueryId());
  assert.deepEqual([of(marked.statement).tag, of(own.statement).tag], ['nightly', 'just this one']);
  assert.deepEqual([of(marked.statement).text, of(marked.statement).user, of(marked.statement).role, of(marked.statement).rows],
    ['SELECT 10 AS MARKED', 'APP', 'WRITER', 1]);
  const [seen] = await rows(connection, "SELECT QUERY_TEXT, QUERY_TAG, EXECUTION_STATUS FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY()) WHERE QUERY_ID = ?",
    { binds: [marked.statement.getQueryId()] });
  assert.deepEqual(seen, ['SELECT 10 AS MARKED', 'nightly', 'SUCCESS']);
});

test('the last query, and the result of an earlier one, are at hand', async () => {
  const first = await run(connection, "SELECT 1 AS ID, 'x' AS NAME UNION ALL SELECT 2, 'y' ORDER BY 1");
  assert.equal(await value(connection, 'SELECT LAST_QUERY_ID()'), first.statement.getQueryId());
  assert.deepEqual(await rows(connection, 'SELECT NAME FROM TABLE(RESULT_SCAN(?)) WHERE ID = 2', { binds: [first.statement.getQueryId()] }), [['y']]);
  await rows(connection, 'SHOW TABLES IN SCHEMA SHOP.CRM');
  assert.deepEqual(await rows(connection, `SELECT "name" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) WHERE "name" = 'USERS'`), [['USERS']]);
  assert.deepEqual(await rows(connection, `SHOW TABLES IN SCHEMA SHOP.CRM ->> SELECT "name", "rows" FROM $1 WHERE "name" = 'USERS'`), [['USERS', 2]]);
});

test('a source is inspected without a warehouse', async () => {
  const resumes = async () => (await site.mock.stats()).warehouse_resumes;
  const before = await resumes();
  const described = await run(connection, 'DESCRIBE TABLE SHOP.CRM.USERS', { rowMode: 'object' });
  assert.deepEqual(described.rows.map((row) => [row.name, row.type, row.kind, row['null?']]),
    [['ID', 'NUMBER(38,0)', 'COLUMN', 'Y'], ['NAME', 'VARCHAR(16777216)', 'COLUMN', 'Y']]);
  const shown = await run(connection, "SHOW TABLES LIKE 'users' IN SCHEMA SHOP.CRM", { rowMode: 'object' });
  assert.deepEqual(shown.rows.map((row) => [row.name, row.database_name, row.schema_name, row.rows]), [['USERS', 'SHOP', 'CRM', 2]]);
  assert.ok((await rows(connection, 'SHOW GRANTS TO ROLE READER')).length >= 4);
  const token = await value(connection, "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('SHOP.CRM.USERS')");
  assert.ok(token > 0);
  assert.equal(await resumes(), before);
});

test('a suspended warehouse is resumed by a query, or refuses when it may not', async () => {
  await site.mock.sql('ALTER WAREHOUSE WH SUSPEND');
  const before = (await site.mock.stats()).warehouses.WH.resumes;
  await rows(connection, 'SELECT COUNT(*) FROM USERS');
  assert.equal((await site.mock.stats()).warehouses.WH.resumes, before + 1);
  await site.mock.sql('ALTER WAREHOUSE WH SET AUTO_RESUME = FALSE; ALTER WAREHOUSE WH SUSPEND');
  const error = await failure(rows(connection, 'SELECT COUNT(*) FROM USERS'));
  assert.deepEqual([error.code, error.sqlState], ['000606', '57P03']);
  await site.mock.sql('ALTER WAREHOUSE WH SET AUTO_RESUME = TRUE');
  assert.equal(await value(connection, 'SELECT COUNT(*) FROM USERS'), 2);
});
