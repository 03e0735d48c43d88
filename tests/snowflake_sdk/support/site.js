'use strict';
// The account most files need: one user with a key, a role, a warehouse and a database it may write to.
const { Mock, makeKey } = require('./mock');
const { test } = require('./claims');
const { connect, logout } = require('./client');

const KEY = makeKey();
const SETUP = `
  CREATE DATABASE SHOP;
  CREATE SCHEMA SHOP.CRM;
  CREATE ROLE READER;
  CREATE ROLE WRITER;
  CREATE WAREHOUSE WH AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;
  CREATE WAREHOUSE WH2;
  GRANT USAGE ON WAREHOUSE WH TO ROLE READER;
  GRANT USAGE ON WAREHOUSE WH TO ROLE WRITER;
  GRANT USAGE ON WAREHOUSE WH2 TO ROLE WRITER;
  GRANT USAGE ON DATABASE SHOP TO ROLE READER;
  GRANT USAGE ON DATABASE SHOP TO ROLE WRITER;
  GRANT USAGE ON SCHEMA SHOP.CRM TO ROLE READER;
  GRANT ALL ON SCHEMA SHOP.CRM TO ROLE WRITER;
  GRANT USAGE ON SCHEMA SHOP.PUBLIC TO ROLE WRITER;
  CREATE USER APP TYPE = SERVICE DEFAULT_ROLE = WRITER DEFAULT_WAREHOUSE = WH DEFAULT_NAMESPACE = SHOP.CRM
    RSA_PUBLIC_KEY = '${KEY.publicText}';
  GRANT ROLE READER TO USER APP;
  GRANT ROLE WRITER TO USER APP;
`;

// {mock, open(options)}: open() logs in as APP.
async function startSite({ init = '', settings } = {}) {
  const mock = await Mock.start({ init: SETUP + init, settings });
  return { mock, open: (options) => connect(mock, { username: 'APP', privateKey: KEY.pem, ...options }) };
}

// One site with one connection for all tests of the file; `take({site, connection})` comes before the first of them.
function shareSite(take, options) {
  let site;
  let connection;
  test.before(async () => {
    site = await startSite(options);
    connection = await site.open();
    await take({ site, connection });
  });
  test.after(async () => {
    await logout(connection);
    await site.mock.stop();
  });
}

module.exports = { startSite, shareSite, KEY };
