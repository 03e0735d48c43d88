'use strict';
// Every type comes back to the digit: through literals, through tables, as values, as strings and as big integers.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { shareSite } = require('./support/site');
const { logout, run, rows, value, failure } = require('./support/client');

let site;
let connection;
shareSite((opened) => ({ site, connection } = opened));

const TEXT = { fetchAsString: ['Number', 'Date', 'Buffer', 'Boolean', 'JSON'] };
let tables = 0;

// Stores the expressions one by one in a table of `type` and reads them back in order.
async function throughTable(type, expressions, options) {
  const name = `T${++tables}`;
  await rows(connection, `CREATE TABLE ${name} (I NUMBER, V ${type})`);
  for (const [i, expression] of expressions.entries()) {
    await rows(connection, `INSERT INTO ${name} SELECT ${i}, ${expression}`);
  }
  const done = await run(connection, `SELECT V FROM ${name} ORDER BY I`, options);
  return { values: done.rows.map((row) => row[0]), column: done.statement.getColumns()[0] };
}

for (const [type, precision, scale, digits] of [
  ['NUMBER(38,0)', 38, 0, ['0', '1', '-1', '9007199254740993', '9'.repeat(38), '-' + '9'.repeat(38)]],
  ['NUMBER(38,37)', 38, 37, ['9.' + '9'.repeat(37), '-9.' + '9'.repeat(37), '0.' + '0'.repeat(36) + '1', '0.' + '0'.repeat(37)]],
  ['NUMBER(12,2)', 12, 2, ['0.00', '0.05', '-0.05', '12.30', '-12.34', '9999999999.99']],
  ['NUMBER(1,0)', 1, 0, ['0', '9', '-9']],
  ['NUMBER(18,9)', 18, 9, ['123456789.123456789', '-0.000000001']],
  ['INT', 38, 0, ['9223372036854775808', '-9223372036854775809']],
]) {
  test(`${type} comes back to the digit`, async () => {
    const { values, column } = await throughTable(type, digits, TEXT);
    assert.deepEqual(values, digits);
    assert.deepEqual([column.getType(), column.getPrecision(), column.getScale()], ['fixed', precision, scale]);
  });
}

test('whole numbers are numbers up to 2^53 and big integers when asked for', async () => {
  assert.equal(await value(connection, 'SELECT 9007199254740991::NUMBER(38,0)'), 9007199254740991);
  const big = await site.open({ jsTreatIntegerAsBigInt: true });
  await rows(big, 'ALTER SESSION SET JS_TREAT_INTEGER_AS_BIGINT = TRUE');
  const got = await value(big, `SELECT ${'9'.repeat(38)}::NUMBER(38,0)`);
  assert.equal(got.toString(), '9'.repeat(38));
  assert.equal(await value(big, 'SELECT 1.5::NUMBER(3,1)'), 1.5);
  await rows(big, 'ALTER SESSION UNSET JS_TREAT_INTEGER_AS_BIGINT');
  await logout(big);
});

test('FLOAT keeps every bit, and its three specials', async () => {
  const floats = ['0', '-0.5', '1.5', '0.1', '1e300', '-1e-300', '1.7976931348623157e308', '5e-324', '123456789.125'];
  const { values, column } = await throughTable('FLOAT', floats.map((text) => `'${text}'::FLOAT`));
  assert.deepEqual(values, floats.map(Number));
  assert.equal(column.getType(), 'real');
  const [nan, plus, minus] = (await rows(connection, "SELECT 'NaN'::FLOAT, 'inf'::FLOAT, '-inf'::FLOAT", TEXT))[0];
  assert.deepEqual([nan, plus, minus], ['NaN', 'inf', '-inf']);
});

test('VARCHAR keeps every character', async () => {
  const words = ['', ' ', "it's", 'say "hi"', 'back\\slash', 'tab\tnew\nline\r\n', 'naïve – ‘quoted’', '日本語', '😀👩‍👩‍👧', '\u0001\u001f', 'a'.repeat(5000)];
  const name = `T${++tables}`;
  await rows(connection, `CREATE TABLE ${name} (I NUMBER, V VARCHAR)`);
  for (const [i, word] of words.entries()) await rows(connection, `INSERT INTO ${name} VALUES (?, ?)`, { binds: [i, word] });
  assert.deepEqual((await rows(connection, `SELECT V FROM ${name} ORDER BY I`)).map((row) => row[0]), words);
  const lengths = (await rows(connection, `SELECT LENGTH(V) FROM ${name} ORDER BY I`)).map((row) => row[0]);
  assert.deepEqual(lengths, words.map((word) => [...word].length));
  assert.equal(await value(connection, String.raw`SELECT 'it''s\n\'q\' \\ \u263a'`), "it's\n'q' \\ ☺");
  assert.equal(await value(connection, String.raw`SELECT $$it's \n raw$$`), String.raw`it's \n raw`);
});

test('a megabyte of text comes back whole', async () => {
  const megabyte = 'é€😀x'.repeat(1024 * 1024 / 10);
  assert.equal(await value(connection, 'SELECT ?', { binds: [megabyte] }), megabyte);
  assert.equal(await value(connection, "SELECT REPEAT('0123456789abcdef', 65536)"), '0123456789abcdef'.repeat(65536));
});

test('the length of a VARCHAR is told', async () => {
  await rows(connection, 'CREATE TABLE SIZED (A VARCHAR(10) NOT NULL, B VARCHAR)');
  const { statement } = await run(connection, 'SELECT A, B FROM SIZED');
  assert.deepEqual(statement.getColumns().map((column) => [column.getName(), column.getType(), column.isNullable()]),
    [['A', 'text', false], ['B', 'text', true]]);
});

test('BOOLEAN is true, false or null', async () => {
  const { values, column } = await throughTable('BOOLEAN', ['TRUE', 'FALSE', 'NULL']);
  assert.deepEqual(values, [true, false, null]);
  assert.equal(column.getType(), 'boolean');
  assert.deepEqual((await rows(connection, 'SELECT TRUE, FALSE', TEXT))[0], ['TRUE', 'FALSE']);
});

test('DATE comes back from the year 1 to the year 9999', async () => {
  const days = ['0001-01-01', '1582-10-04', '1582-10-15', '1900-02-28', '1969-12-31', '1970-01-01', '2000-02-29', '2026-11-26', '9999-12-31'];
  const { values, column } = await throughTable('DATE', days.map((day) => `'${day}'::DATE`), TEXT);
  assert.deepEqual(values, days);
  assert.equal(column.getType(), 'date');
  const day = await value(connection, "SELECT '1969-12-31'::DATE");
  assert.equal(day.getTime(), -86400000);
});

const NANOS = '123456789';
for (let scale = 0; scale <= 9; ++scale) {
  const fraction = NANOS.slice(0, scale);
  const nanos = Number(fraction.padEnd(9, '0'));
  const point = scale ? '.' + fraction : '';

  test(`TIME(${scale}) keeps its digits`, async () => {
    const done = await run(connection, `SELECT '12:34:56${point}'::TIME(${scale}), '00:00:00'::TIME(${scale}), '23:59:59${point}'::TIME(${scale})`);
    const column = done.statement.getColumns()[0];
    assert.deepEqual([column.getType(), column.getScale()], ['time', scale]);
    assert.deepEqual(done.rows[0], ['12:34:56', '00:00:00', '23:59:59']);  // TIME_OUTPUT_FORMAT has no fraction
    await rows(connection, "ALTER SESSION SET TIME_OUTPUT_FORMAT = 'HH24:MI:SS.FF9'");
    assert.equal(await value(connection, `SELECT '12:34:56${point}'::TIME(${scale})`), `12:34:56.${fraction.padEnd(9, '0')}`);
    await rows(connection, 'ALTER SESSION UNSET TIME_OUTPUT_FORMAT');
  });

  for (const [type, suffix, offset] of [
    ['TIMESTAMP_NTZ', '', 0],
    ['TIMESTAMP_LTZ', ' +0000', 0],
    ['TIMESTAMP_TZ', ' +0530', 330],
  ]) {
    test(`${type}(${scale}) keeps its digits, before 1970 too`, async () => {
      const moments = ['2026-11-26 10:15:00', '1970-01-01 00:00:00', '1969-12-31 23:59:58', '1901-01-02 03:04:05'];
      const { values, column } = await throughTable(`${type}(${scale})`, moments.map((moment) => `'${moment}${point}${suffix}'::${type}(${scale})`));
      assert.deepEqual([column.getType(), column.getScale()], [type.toLowerCase(), scale]);
      for (const [i, moment] of moments.entries()) {
        const seconds = Date.parse(moment.replace(' ', 'T') + 'Z') / 1000 - offset * 60;
        assert.deepEqual([values[i].getEpochSeconds(), values[i].getNanoSeconds(), values[i].getScale()], [seconds, nanos, scale], moment);
        if (type === 'TIMESTAMP_TZ') assert.equal(values[i].getTimezone(), offset);
      }
    });
  }
}

test('TIMESTAMP_TZ keeps offsets from -12:00 to +14:00', async () => {
  const offsets = { '-1200': -720, '-0930': -570, '-0001': -1, '+0000': 0, '+0545': 345, '+1400': 840 };
  const { values } = await throughTable('TIMESTAMP_TZ', Object.keys(offsets).map((offset) => `'2026-01-02 03:04:05.000000001 ${offset}'::TIMESTAMP_TZ`));
  assert.deepEqual(values.map((moment) => moment.getTimezone()), Object.values(offsets));
  assert.deepEqual(values.map((moment) => moment.getEpochSeconds()),
    Object.values(offsets).map((minutes) => Date.UTC(2026, 0, 2, 3, 4, 5) / 1000 - minutes * 60));
  assert.ok(values.every((moment) => moment.getNanoSeconds() === 1));
});

test('timestamps are written as the session says', async () => {
  const show = (expression) => value(connection, `SELECT ${expression}`, TEXT);
  assert.equal(await show("'2026-01-02 03:04:05.006'::TIMESTAMP_NTZ"), '2026-01-02 03:04:05.006');
  await rows(connection, `ALTER SESSION SET TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYY/MM/DD HH24:MI:SS.FF9', TIMESTAMP_TZ_OUTPUT_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS TZH:TZM'`);
  assert.equal(await show("'2026-01-02 03:04:05.006'::TIMESTAMP_NTZ"), '2026/01/02 03:04:05.006000000');
  assert.match(await show("'2026-01-02 03:04:05 -0330'::TIMESTAMP_TZ"), /03:04:05 -03:30$/);
  await rows(connection, 'ALTER SESSION UNSET TIMESTAMP_NTZ_OUTPUT_FORMAT, TIMESTAMP_TZ_OUTPUT_FORMAT');
  assert.equal(await show("'2026-01-02 03:04:05.006'::TIMESTAMP_NTZ"), '2026-01-02 03:04:05.006');
});

// Snowflake has the years 1 to 9999. The mock counts nanoseconds in 64 bits and refuses the rest (docs/snowflake-mock.md, "Known differences").
test('timestamps come back up to both ends of the nanoseconds', async () => {
  for (const [text, seconds, nanoseconds] of [
    ['1677-09-21 00:12:43.145224194', -9223372037, 145224194],
    ['2262-04-11 23:47:16.854775807', 9223372036, 854775807],
  ]) {
    for (const type of ['TIMESTAMP_NTZ', 'TIMESTAMP_LTZ', 'TIMESTAMP_TZ']) {
      const moment = await value(connection, `SELECT '${text}'::${type}`);
      assert.deepEqual([moment.getEpochSeconds(), moment.getNanoSeconds()], [seconds, nanoseconds], `${text} ${type}`);
    }
  }
});

test('timestamps of far years are refused, never changed', async () => {
  await rows(connection, 'CREATE TABLE FAR (NTZ TIMESTAMP_NTZ, LTZ TIMESTAMP_LTZ, TZ TIMESTAMP_TZ, D DATE)');
  const expressions = ['0001-06-01 00:00:00', '1500-06-01 00:00:00', '1677-09-21 00:12:43', '2262-04-11 23:47:17', '2300-06-01 00:00:00', '9999-12-31 23:59:59']
    .flatMap((text) => ['TIMESTAMP_NTZ', 'TIMESTAMP_LTZ', 'TIMESTAMP_TZ'].map((type) => `'${text}'::${type}`))
    .concat([
      "'9999-12-31'::DATE::TIMESTAMP_NTZ",
      "DATEADD(YEAR, 300, '2026-01-01'::TIMESTAMP_NTZ)",
      "DATEADD(NANOSECOND, 1, '2262-04-11 23:47:16.854775807'::TIMESTAMP_NTZ)",
      "DATEADD(SECOND, 99999999999, '2026-01-01'::TIMESTAMP_NTZ)",
      'TO_TIMESTAMP(253402300799, 0)',
      "TO_TIMESTAMP('31535999999')",
      "TRY_TO_TIMESTAMP('9999-12-31 23:59:59')",
      "TIMESTAMP_FROM_PARTS(9999, 12, 31, 23, 59, 59)",
      "TO_TIMESTAMP_TZ('0001-01-01 00:00:00 +0000')",
    ]);
  for (const expression of expressions) {
    const error = await failure(run(connection, `SELECT ${expression}`));
    assert.deepEqual([error.code, error.sqlState], ['000002', '0A000'], `${expression}: ${error.message}`);
    assert.match(error.message, /1677 to 2262/);
  }
  for (const column of ['NTZ', 'LTZ', 'TZ']) {
    const error = await failure(run(connection, `INSERT INTO FAR (${column}) VALUES (?)`, { binds: ['9999-12-31 23:59:59'] }));
    assert.equal(error.code, '000002', column);
  }
  await rows(connection, 'INSERT INTO FAR (D) VALUES (?)', { binds: ['9999-12-31'] });
  assert.deepEqual(await rows(connection, "SELECT TO_VARCHAR(D), NTZ FROM FAR"), [['9999-12-31', null]]);
});

test('BINARY comes back byte by byte', async () => {
  const everyByte = Buffer.from([...Array(256).keys()]);
  const { values, column } = await throughTable('BINARY', ["X'DEADbeef'", "''::BINARY", `TO_BINARY('${everyByte.toString('hex')}', 'HEX')`]);
  assert.deepEqual(values.map((buffer) => buffer.toString('hex')), ['deadbeef', '', everyByte.toString('hex')]);
  assert.equal(column.getType(), 'binary');
  assert.equal(await value(connection, "SELECT X'00ff'", TEXT), '00FF');
});

test('VARIANT, OBJECT and ARRAY are parsed by the driver', async () => {
  const cases = [
    ["PARSE_JSON('{\"b\": [1, 2.50, null, true], \"a\": {\"x\": \"q\\\\\"uote\"}}')", 'variant', { a: { x: 'q"uote' }, b: [1, 2.5, null, true] }],
    ["OBJECT_CONSTRUCT('k', 1, 'gone', NULL, 'text', 'é😀')", 'object', { k: 1, text: 'é😀' }],
    ["OBJECT_CONSTRUCT_KEEP_NULL('k', NULL)", 'object', { k: null }],
    ["ARRAY_CONSTRUCT(1, 'two', TRUE)", 'array', [1, 'two', true]],
    ["PARSE_JSON('[]')", 'variant', []],
    ["PARSE_JSON('\"text\"')", 'variant', 'text'],
    ["PARSE_JSON('12345678901234567890')", 'variant', 12345678901234567890],
    ["PARSE_JSON('null')", 'variant', null],
    ['NULL::VARIANT', 'variant', null],
  ];
  for (const [expression, type, want] of cases) {
    const done = await run(connection, `SELECT ${expression}`);
    assert.deepEqual(done.rows[0][0], want, expression);
    assert.equal(done.statement.getColumns()[0].getType(), type, expression);
  }
  assert.equal(JSON.parse(await value(connection, "SELECT TO_JSON(PARSE_JSON('{\"n\": 123456789012345678901234567890}'))::VARCHAR").then((text) => text.replace(/(\d{20,})/, '"$1"'))).n,
    '123456789012345678901234567890');
});

test('a VARIANT null and an SQL NULL are told apart', async () => {
  const [json, sql] = (await rows(connection, "SELECT PARSE_JSON('null'), NULL::VARIANT", { ...TEXT, fetchAsString: ['JSON'] }))[0];
  assert.equal(json, 'null');
  assert.equal(sql, null);
  assert.deepEqual((await rows(connection, "SELECT PARSE_JSON('null') IS NULL, IS_NULL_VALUE(PARSE_JSON('null'))"))[0], [false, true]);
});

test('NULL of every type is null', async () => {
  const types = ['NUMBER(5,2)', 'NUMBER(38,0)', 'FLOAT', 'VARCHAR', 'BOOLEAN', 'DATE', 'TIME', 'TIMESTAMP_NTZ', 'TIMESTAMP_LTZ', 'TIMESTAMP_TZ', 'BINARY', 'VARIANT', 'OBJECT', 'ARRAY'];
  const columns = types.map((type, i) => `C${i} ${type}`).join(', ');
  await rows(connection, `CREATE TABLE NULLS (${columns})`);
  await rows(connection, `INSERT INTO NULLS SELECT ${types.map((type) => `NULL::${type}`).join(', ')}`);
  const done = await run(connection, 'SELECT * FROM NULLS');
  // The driver gives the NULL of a TIME as the text NULL (its own habit).
  assert.deepEqual(done.rows[0].map((cell) => (cell === 'NULL' ? null : cell)), types.map(() => null));
  assert.ok(done.statement.getColumns().every((column) => column.isNullable()));
});

test('names of columns are exact, and duplicates stay apart', async () => {
  const { statement } = await run(connection, 'SELECT 1 AS a, 2 AS "a", 3 AS "Mixed Case", 4 AS "q""uote", 5 AS A');
  assert.deepEqual(statement.getColumns().map((column) => column.getName()), ['A', 'a', 'Mixed Case', 'q"uote', 'A']);
  const [renamed] = await rows(connection, 'SELECT 1 AS A, 2 AS A', { rowMode: 'object_with_renamed_duplicated_columns' });
  assert.deepEqual(renamed, { A: 1, A_2: 2 });
});

test('columns without an alias are named by their text', async () => {
  const { statement } = await run(connection, 'select 1+1, count(*), max(id) from (select 1 as id)');
  assert.deepEqual(statement.getColumns().map((column) => column.getName()), ['1+1', 'COUNT(*)', 'MAX(ID)']);
});
