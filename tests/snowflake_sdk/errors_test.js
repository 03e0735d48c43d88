'use strict';
// Errors of statements as users of the driver see them: code, SQLSTATE, message, place, query id.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { shareSite } = require('./support/site');
const { logout, run, rows, value, failure } = require('./support/client');

let site;
let connection;
shareSite(async (opened) => {
  ({ site, connection } = opened);
  await rows(connection, 'CREATE TABLE T (ID NUMBER(5,0) NOT NULL, V VARCHAR(3))');
}, { init: 'CREATE TABLE SHOP.CRM.HIDDEN (I NUMBER);' });

for (const [sql, code, state, message] of [
  ['SELEC 1', '001003', '42000', /^SQL compilation error:\nsyntax error line 1 at position 0 unexpected 'SELEC'\.$/],
  ['', '000900', '42601', /empty SQL statement/i],
  ['SELECT NOPE FROM T', '000904', '42000', /^SQL compilation error: error line 1 at position 7\ninvalid identifier 'NOPE'$/],
  ['SELECT "id" FROM T', '000904', '42000', /invalid identifier '"id"'/],
  ['SELECT * FROM NOWHERE', '002003', '42S02', /^SQL compilation error:\nObject 'SHOP\.CRM\.NOWHERE' does not exist or not authorized\.$/],
  ['SELECT * FROM HIDDEN', '002003', '42S02', /does not exist or not authorized/],
  ['SELECT * FROM NO_DB.S.T', '002003', '02000', /Database 'NO_DB' does not exist or not authorized/],
  ['SELECT * FROM SHOP.NO_SCHEMA.T', '002003', '02000', /Schema 'SHOP\.NO_SCHEMA' does not exist or not authorized/],
  ['USE WAREHOUSE NOPE', '002043', '02000', /^SQL compilation error:\nObject does not exist, or operation cannot be performed\.$/],
  ['DESCRIBE TABLE NOPE', '002003', '42S02', /Table 'SHOP\.CRM\.NOPE' does not exist or not authorized/],
  ['SELECT NO_SUCH_FUNCTION(1)', '002141', '42601', /Unknown function NO_SUCH_FUNCTION/],
  ["SELECT 'abc'::NUMBER", '100038', '22018', /^Numeric value 'abc' is not recognized$/],
  ["SELECT 'abc'::DATE", '100040', '22007', /^Date 'abc' is not recognized$/],
  ["SELECT 'abc'::TIMESTAMP_NTZ", '100035', '22007', /^Timestamp 'abc' is not recognized$/],
  ["SELECT 'abc'::BOOLEAN", '100037', '22018', /^Boolean value 'abc' is not recognized$/],
  ['SELECT 1 / 0', '100051', '22012', /^Division by zero$/],
  ['SELECT 123456::NUMBER(5,0)', /^1000(39|46)$|^100132$/, '22003', /out of .*range/],
  ["INSERT INTO T VALUES (1, 'toolong')", '100078', '22000', /^String 'toolong' is too long and would be truncated$/],
  ["INSERT INTO T VALUES (NULL, 'x')", '100072', '22000', /^NULL result in a non-nullable column$/],
  ['INSERT INTO T VALUES (1)', '002020', '21S01', /Insert value list does not match column list expecting 2 but got 1/],
  ['CREATE TABLE T (I NUMBER)', '002002', '42710', /^SQL compilation error:\nObject '(SHOP\.CRM\.)?T' already exists\.$/],
  ['SELECT ID, COUNT(*) FROM T', '000979', '42601', /ID\] is not a valid group by expression$/],
  ["SELECT PARSE_JSON('{')", '100069', '22P02', /^Error parsing JSON/],
  ['GRANT SELECT ON TABLE T TO ROLE NOPE', '002003', '02000', /Role 'NOPE' does not exist or not authorized/],
  ['DROP DATABASE SHOP', '003001', '42501', /^SQL access control error:\nInsufficient privileges to operate on database 'SHOP'\.?$/],
  ["SELECT '1' || ) FROM T", '001003', '42000', /syntax error line 1 at position 14 unexpected '\)'/],
]) {
  test(`${sql || '(nothing)'}: ${code}`, async () => {
    const error = await failure(run(connection, sql));
    assert.deepEqual([error.sqlState, error.name], [state, 'OperationFailedError']);
    assert.match(error.code, code instanceof RegExp ? code : new RegExp(`^${code}$`));
    assert.match(error.message, message);
    assert.match(error.data.queryId, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    assert.equal(error.data.errorCode, error.code);
  });
}

test('the place of an error is its line and column', async () => {
  const { data } = await failure(run(connection, 'SELECT ID,\n  NOPE\nFROM T'));
  assert.deepEqual([data.line, data.pos], [2, 2]);
});

test('what cannot be done is refused with an error, never answered wrongly', async () => {
  for (const sql of [
    'COPY INTO T FROM @STAGE', 'CREATE STREAM S ON TABLE T', 'CREATE TASK K AS SELECT 1', 'CREATE STAGE ST', 'PUT file:///tmp/x @~', 'SELECT * FROM T SAMPLE (10)',
    'SELECT * FROM T PIVOT (SUM(ID) FOR V IN (1, 2))', 'CREATE FUNCTION F() RETURNS NUMBER AS $$1$$', 'SELECT * FROM T CHANGES (INFORMATION => DEFAULT) AT (OFFSET => -60)',
    "SELECT * FROM READ_CSV('/etc/passwd')", 'PRAGMA VERSION', "ATTACH 'x.db'", "COPY T TO 'x'", 'INSTALL JSON', 'EXPLAIN SELECT 1',
  ]) {
    const error = await failure(run(connection, sql));
    assert.match(String(error.code), /^\d{6}$/, sql);
    assert.match(error.sqlState, /^[0-9A-Z]{5}$/, sql);
    assert.doesNotMatch(error.message, /duckdb|parser error|binder error|catalog error/i, sql);
  }
});

test('a failed statement leaves the session as it was', async () => {
  for (let i = 0; i < 20; ++i) await failure(run(connection, 'SELECT * FROM NOWHERE'));
  assert.equal(await value(connection, 'SELECT CURRENT_SCHEMA()'), 'CRM');
});

test('failed statements are in the history with their code', async () => {
  const error = await failure(run(connection, 'SELECT NOPE AS REMEMBERED FROM T'));
  const query = (await site.mock.queries()).find((one) => one.query_id === error.data.queryId);
  assert.equal(query.code, '000904');
});

test('a session without a database says so', async () => {
  const bare = await site.open({ database: 'NOPE' });
  const error = await failure(run(bare, 'SELECT * FROM T'));
  assert.deepEqual([error.code, error.sqlState], ['090105', '22000']);
  assert.match(error.message, /This session does not have a current database/);
  await logout(bare);
});

test('a session without a warehouse says so', async () => {
  const bare = await site.open({ warehouse: 'NOPE' });
  const error = await failure(run(bare, 'SELECT * FROM T'));
  assert.deepEqual([error.code, error.sqlState], ['000606', '57P03']);
  assert.match(error.message, /^No active warehouse selected in the current session\./);
  await logout(bare);
});

test('a failing statement among good ones at once fails alone', async () => {
  const all = await Promise.allSettled([value(connection, 'SELECT 1'), value(connection, 'SELECT NOPE'), value(connection, 'SELECT 2')]);
  assert.deepEqual(all.map((one) => one.value), [1, undefined, 2]);
});
