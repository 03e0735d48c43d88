'use strict';
// Login by key pair, and what a user of the driver sees when it is refused.
const { test } = require('./support/claims');
const assert = require('node:assert/strict');
const { Mock, makeKey } = require('./support/mock');
const { snowflake, connect, logout, rows, value, failure } = require('./support/client');

const first = makeKey();
const second = makeKey(3072);
const stranger = makeKey();
const admin = makeKey();
const UUID = /[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}/;

let mock;
test.before(async () => {
  mock = await Mock.start({
    init: `
      CREATE DATABASE SHOP;
      CREATE DATABASE "mixed Case";
      CREATE ROLE READER; CREATE ROLE OTHER; CREATE ROLE "quoted Role";
      CREATE WAREHOUSE WH; CREATE WAREHOUSE HIDDEN;
      GRANT USAGE ON WAREHOUSE WH TO ROLE READER;
      GRANT USAGE ON DATABASE SHOP TO ROLE READER;
      GRANT USAGE ON SCHEMA SHOP.PUBLIC TO ROLE READER;
      CREATE USER APP TYPE = SERVICE DEFAULT_ROLE = READER DEFAULT_WAREHOUSE = WH DEFAULT_NAMESPACE = SHOP.PUBLIC
        RSA_PUBLIC_KEY = '${first.publicText}' RSA_PUBLIC_KEY_2 = '${second.publicText}';
      GRANT ROLE READER TO USER APP;
      GRANT ROLE "quoted Role" TO USER APP;
      CREATE USER OTHER_NAME LOGIN_NAME = 'app.user@example.com' RSA_PUBLIC_KEY = '${first.publicText}';
      CREATE USER OFF DISABLED = TRUE RSA_PUBLIC_KEY = '${first.publicText}';
      CREATE USER LOCKED MINS_TO_UNLOCK = 15 RSA_PUBLIC_KEY = '${first.publicText}';
      CREATE NETWORK POLICY NOBODY ALLOWED_IP_LIST = ('203.0.113.0/24');
      CREATE NETWORK POLICY LOOPBACK ALLOWED_IP_LIST = ('127.0.0.0/8');
      CREATE USER FENCED NETWORK_POLICY = NOBODY RSA_PUBLIC_KEY = '${first.publicText}';
      CREATE USER HOME NETWORK_POLICY = LOOPBACK RSA_PUBLIC_KEY = '${first.publicText}';
      CREATE USER KEYLESS;
      CREATE USER BOSS DEFAULT_ROLE = ACCOUNTADMIN RSA_PUBLIC_KEY = '${admin.publicText}';
      GRANT ROLE ACCOUNTADMIN TO USER BOSS;`,
  });
});
test.after(() => mock.stop());

const CONTEXT = 'SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_DATABASE(), CURRENT_SCHEMA()';

async function contextOf(options) {
  const connection = await connect(mock, { username: 'APP', privateKey: first.pem, ...options });
  const [context] = await rows(connection, CONTEXT);
  await logout(connection);
  return context;
}

const FULL = ['APP', 'READER', 'WH', 'SHOP', 'PUBLIC'];
for (const [name, options, want] of [
  ['the key of the first slot', {}, FULL],
  ['the key of the second slot, of another size', { privateKey: second.pem }, FULL],
  ['an encrypted key', { privateKey: first.encrypted('a pass phrase'), privateKeyPass: 'a pass phrase' }, FULL],
  ['a user name in small letters', { username: 'app' }, FULL],
  ['an account in other letters', { account: 'MYORG-MyAcct' }, FULL],
  ['an account with a region', { account: 'myorg-myacct.eu-central-1' }, FULL],
  ['a login name that is not the name', { username: 'app.user@example.com' }, ['OTHER_NAME', 'PUBLIC', null, null, null]],
  ['a policy that allows the address', { username: 'HOME' }, ['HOME', 'PUBLIC', null, null, null]],
  ['a role in small letters', { role: 'reader' }, FULL],
  ['a quoted role', { role: '"quoted Role"' }, ['APP', 'quoted Role', null, null, null]],
  ['a warehouse, database and schema', { warehouse: 'wh', database: 'shop', schema: 'public' }, FULL],
  ['a warehouse that does not exist: the session has none', { warehouse: 'NOPE' }, ['APP', 'READER', null, 'SHOP', 'PUBLIC']],
  ['a warehouse without a grant: the session has none', { warehouse: 'HIDDEN' }, ['APP', 'READER', null, 'SHOP', 'PUBLIC']],
  ['a database that does not exist: the session has none', { database: 'NOPE' }, ['APP', 'READER', 'WH', null, null]],
  ['a schema that does not exist: the session has none', { database: 'SHOP', schema: 'NOPE' }, ['APP', 'READER', 'WH', 'SHOP', null]],
]) {
  test(`logs in with ${name}`, async () => assert.deepEqual(await contextOf(options), want));
}

const JWT_REFUSED = new RegExp(`^JWT token is invalid\\. \\[${UUID.source}\\]$`);
for (const [name, options, code, message, cause] of [
  ['a key that nobody registered', { privateKey: stranger.pem }, '390144', JWT_REFUSED,
    'JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH'],
  ['a user without a key', { username: 'KEYLESS' }, '390144', JWT_REFUSED, 'JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH'],
  ['a user that does not exist', { username: 'NOBODY' }, '390144', JWT_REFUSED, 'JWT_TOKEN_INVALID_USER_IN_ISSUER'],
  ['another account', { account: 'otherorg-acct' }, '390144', JWT_REFUSED, 'JWT_TOKEN_ACCOUNT_MISMATCH'],
  ['a disabled user', { username: 'OFF' }, '390101', /^User access disabled\. Contact your local system administrator\.$/,
    'USER_ACCESS_DISABLED'],
  ['a locked user', { username: 'LOCKED' }, '390102', /^User temporarily locked\. Try again later/, 'USER_LOCKED_TEMP'],
  ['a network policy', { username: 'FENCED' }, '390432',
    /^Incoming request with IP\/Token 127\.0\.0\.1 is not allowed to access Snowflake\.$/, 'INCOMING_IP_BLOCKED'],
  ['a role that is not granted', { role: 'OTHER' }, '390186', /^Role 'OTHER' specified in the connect string is not granted/,
    'ROLE_NOT_GRANTED'],
  ['a role that does not exist', { role: 'NOPE' }, '390189', /^Role 'NOPE' specified in the connect string does not exist/,
    'ROLE_DOES_NOT_EXIST'],
  ['a password', { authenticator: 'SNOWFLAKE', password: 'secret', privateKey: undefined }, '390100',
    /^Incorrect username or password was specified\.$/, 'INCORRECT_USERNAME_PASSWORD'],
]) {
  test(`refuses ${name}: ${code}`, async () => {
    const error = await failure(connect(mock, { username: 'APP', privateKey: first.pem, ...options }));
    assert.equal(String(error.code), code);
    assert.match(error.message, message);
    assert.equal(error.name, 'OperationFailedError');
    const refused = (await mock.logins()).at(-1);
    assert.deepEqual([refused.success, refused.code, refused.cause], [false, code, cause]);
  });
}

test('refuses a wrong pass phrase before anything is sent', async () => {
  const before = (await mock.logins()).length;
  const error = await failure(connect(mock, { username: 'APP', privateKey: first.encrypted('right'), privateKeyPass: 'wrong' }));
  assert.ok(error.message.length > 0);
  assert.equal((await mock.logins()).length, before);
});

// The driver signs with the clock of its process; shifted here for the length of one login.
async function loginWithClockShiftedBy(ms) {
  const now = Date.now;
  try {
    Date.now = () => now() + ms;
    return await connect(mock, { username: 'APP', privateKey: first.pem });
  } finally {
    Date.now = now;
  }
}

for (const [name, ms, cause] of [
  ['a clock that is 61 seconds late', -61500, 'JWT_TOKEN_INVALID_ISSUE_TIME'],
  ['a clock that is an hour late', -3600000, undefined],
]) {
  test(`refuses ${name}`, async () => {
    assert.equal((await failure(loginWithClockShiftedBy(ms))).code, '390144');
    const refused = (await mock.logins()).at(-1);
    assert.ok(cause === undefined ? /^JWT_TOKEN_INVALID_(ISSUE|EXPIRATION)_TIME$/.test(refused.cause) : refused.cause === cause, refused.cause);
  });
}

test('a clock that is half a minute late is let in', async () => logout(await loginWithClockShiftedBy(-30000)));

test('the cause of a refusal can be asked by its id', async () => {
  const error = await failure(connect(mock, { username: 'APP', privateKey: stranger.pem }));
  const boss = await connect(mock, { username: 'BOSS', privateKey: admin.pem });
  const details = JSON.parse(await value(boss, `SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('${UUID.exec(error.message)[0]}')`));
  assert.equal(details.errorCode, 'JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH');
  assert.equal(details.username, 'APP');
  assert.equal(details.clientType, 'JavaScript');
  await logout(boss);
});

test('keys are rotated with two slots while sessions stay open', async () => {
  const boss = await connect(mock, { username: 'BOSS', privateKey: admin.pem });
  const open = await connect(mock, { username: 'APP', privateKey: first.pem });
  const next = makeKey();
  const slots = async () => {
    const all = Object.fromEntries((await rows(boss, 'DESC USER APP')).map(([property, text]) => [property, text]));
    return [all.RSA_PUBLIC_KEY_FP, all.RSA_PUBLIC_KEY_2_FP];
  };
  assert.deepEqual(await slots(), [first.fingerprint, second.fingerprint]);

  await rows(boss, `ALTER USER APP SET RSA_PUBLIC_KEY_2 = '${next.publicText}'`);
  assert.deepEqual(await slots(), [first.fingerprint, next.fingerprint]);
  await logout(await connect(mock, { username: 'APP', privateKey: next.pem }));
  assert.equal((await failure(connect(mock, { username: 'APP', privateKey: second.pem }))).code, '390144');

  await rows(boss, 'ALTER USER APP UNSET RSA_PUBLIC_KEY');
  assert.deepEqual(await slots(), ['null', next.fingerprint]);
  assert.equal((await failure(connect(mock, { username: 'APP', privateKey: first.pem }))).code, '390144');
  assert.equal(await value(open, 'SELECT 1'), 1);

  await rows(boss, `ALTER USER APP SET RSA_PUBLIC_KEY = '${first.publicText}' RSA_PUBLIC_KEY_2 = '${second.publicText}'`);
  assert.deepEqual(await slots(), [first.fingerprint, second.fingerprint]);
  for (const connection of [open, boss]) await logout(connection);
});

test('parameters given at login hold in the session', async () => {
  const connection = await connect(mock, { username: 'APP', privateKey: first.pem, queryTag: 'from the driver', application: 'sdk_test' });
  await rows(connection, 'SELECT 41 + 1');
  const query = (await mock.queries()).findLast((one) => one.text === 'SELECT 41 + 1');
  assert.equal(query.tag, 'from the driver');
  await logout(connection);
});

test('a connection serialized by one process goes on in another', async () => {
  const connection = await connect(mock, { username: 'APP', privateKey: first.pem });
  const options = { accessUrl: mock.url, account: 'myorg-myacct', username: 'APP', authenticator: 'SNOWFLAKE_JWT', privateKey: first.pem };
  const again = snowflake.deserializeConnection(options, connection.serialize());
  assert.equal(await value(again, 'SELECT CURRENT_SESSION()'), await value(connection, 'SELECT CURRENT_SESSION()'));
  await logout(connection);
});
