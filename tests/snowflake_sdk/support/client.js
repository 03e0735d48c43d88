'use strict';
// Snowflake's published Node driver, pointed at plain http on loopback and kept from calling anybody else.
const os = require('node:os');
const path = require('node:path');

// Before the driver is loaded: no probes of cloud metadata addresses, no native helper, no telemetry at login, no proxy.
process.env.SNOWFLAKE_DISABLE_PLATFORM_DETECTION = 'true';
process.env.SNOWFLAKE_DISABLE_MINICORE = 'true';
process.env.SF_TELEMETRY_DISABLE_CONNECTION_SHAPE = '1';
for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'all_proxy']) delete process.env[name];
process.env.no_proxy = process.env.NO_PROXY = '127.0.0.1,localhost';
process.env.HOME = os.tmpdir();  // nobody's connections.toml, nobody's credential cache

const root = process.env.CDI_SNOWFLAKE_SDK || path.join(__dirname, '..', '..', '..', 'third_party', 'snowflake_sdk');
let snowflake;
try {
  snowflake = require(path.join(root, 'node_modules', 'snowflake-sdk'));
} catch (error) {
  throw new Error(`snowflake-sdk is not in ${root}: run scripts/install_snowflake_sdk.sh (${error.message})`);
}
snowflake.configure({ logLevel: 'OFF', disableOCSPChecks: true });

function makeConnection(mock, options) {
  return snowflake.createConnection({
    accessUrl: mock.url,
    account: 'myorg-myacct',
    authenticator: 'SNOWFLAKE_JWT',
    representNullAsStringNull: false,
    sfRetryMaxLoginRetries: 1,
    timeout: 60000,
    ...options,
  });
}

// connect(callback), not connectAsync(): without a callback that resolves even when the login was refused.
function login(connection) {
  return new Promise((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve(connection))));
}

function connect(mock, options) {
  return login(makeConnection(mock, options));
}

function logout(connection) {
  return new Promise((resolve, reject) => connection.destroy((error) => (error ? reject(error) : resolve())));
}

// Runs one statement to its end: {rows, statement}. `options` are the driver's own (binds, rowMode, fetchAsString, parameters …).
function run(connection, sqlText, options = {}) {
  return new Promise((resolve, reject) => {
    connection.execute({
      sqlText,
      rowMode: 'array',
      ...options,
      complete: (error, statement, rows) => {
        if (error) {
          error.statement = statement;
          reject(error);
        } else {
          resolve({ rows, statement });
        }
      },
    });
  });
}

async function rows(connection, sqlText, options) {
  return (await run(connection, sqlText, options)).rows;
}

// The only value of the only row.
async function value(connection, sqlText, options) {
  const all = await rows(connection, sqlText, options);
  if (all.length !== 1 || all[0].length !== 1) throw new Error(`not one value: ${JSON.stringify(all)}`);
  return all[0][0];
}

// The error of a promise that must fail.
async function failure(promise) {
  let done;
  try {
    done = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`was expected to fail, but gave ${JSON.stringify(done && done.rows)}`);
}

// Asks again and again, with a bound, until `probe` answers something true.
async function until(what, probe, ms = 30000) {
  for (const end = Date.now() + ms; ; ) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`did not come true in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

module.exports = { snowflake, makeConnection, login, connect, logout, run, rows, value, failure, until };
