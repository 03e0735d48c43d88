'use strict';
// A snowflake-mock of a test's own: started on a free port, asked through its control API, ended by its process id.
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const PROGRAM = process.env.CDI_SNOWFLAKE_MOCK || process.argv[2];
const START_MS_MAX = 60000;
const STOP_MS_MAX = 15000;
const FILE_MS_MAX = 280000;  // before ctest ends the file and leaves the server behind

// An RSA pair as users make it: the private half in PEM (PKCS#8), plain and encrypted, the public half as RSA_PUBLIC_KEY wants it.
function makeKey(bits = 2048) {
  const pair = crypto.generateKeyPairSync('rsa', { modulusLength: bits });
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  return {
    pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    encrypted: (passphrase) =>
      pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }),
    publicText: spki.toString('base64'),
    fingerprint: 'SHA256:' + crypto.createHash('sha256').update(spki).digest('base64'),
  };
}

class Mock {
  // `init`: SQL run as the administrator before the first client comes. `settings`: what POST /__mock/settings takes.
  static async start({ init = '', settings } = {}) {
    if (!PROGRAM) throw new Error('give the path of snowflake-mock as the first argument, or in CDI_SNOWFLAKE_MOCK');
    const mock = new Mock();
    mock.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'snowflake-sdk-test-'));
    mock.log = path.join(mock.folder, 'requests.log');
    const flags = ['--listen', '127.0.0.1:0', '--account', 'myorg-myacct', '--log', mock.log];
    if (init) {
      fs.writeFileSync(path.join(mock.folder, 'init.sql'), init);
      flags.push('--init', path.join(mock.folder, 'init.sql'));
    }
    mock.process = spawn(PROGRAM, flags, { cwd: mock.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    process.on('exit', () => mock.process.kill('SIGKILL'));
    setTimeout(() => process.exit(1), FILE_MS_MAX).unref();
    mock.port = await mock.ready();
    if (settings) await mock.settings(settings);
    return mock;
  }

  ready() {
    return new Promise((resolve, reject) => {
      let out = '';
      let err = '';
      const late = setTimeout(() => reject(new Error(`snowflake-mock is not ready: ${out}${err}`)), START_MS_MAX);
      this.process.stderr.on('data', (text) => (err += text));
      this.process.stdout.on('data', (text) => {
        const line = /listening on .*:(\d+)\n/.exec((out += text));
        if (!line) return;
        clearTimeout(late);
        resolve(Number(line[1]));
      });
      this.process.on('error', reject);
      this.process.on('exit', (code, signal) => {
        clearTimeout(late);
        this.exited = `${code ?? signal}`;
        reject(new Error(`snowflake-mock ended with ${this.exited}: ${err}`));
      });
      this.stderr = () => err;
    });
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  // Ends the program and says what it wrote to stderr; a sanitizer's report or a status other than 0 fails the test file.
  async stop() {
    if (this.exited === undefined) {
      const insist = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS_MAX);
      await new Promise((resolve) => {
        this.process.once('exit', resolve);
        this.process.kill('SIGTERM');
      });
      clearTimeout(insist);
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
    if (this.exited !== '0') throw new Error(`snowflake-mock ended with ${this.exited}: ${this.stderr()}`);
  }

  // One request of the control API; the parsed answer, or an error with its text.
  control(method, route, body) {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port: this.port, path: `/__mock/${route}`, method, headers: { 'Content-Type': 'application/json' } },
        (reply) => {
          let text = '';
          reply.setEncoding('utf8');
          reply.on('data', (part) => (text += part));
          reply.on('end', () =>
            reply.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${route}: ${reply.statusCode} ${text}`)));
        });
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  sql(text) { return this.control('POST', 'sql', { sql: text }); }
  settings(values) { return this.control('POST', 'settings', values); }
  faults(switches) { return this.control('POST', 'faults', switches); }
  expire(what) { return this.control('POST', 'sessions', { expire: what }); }
  stats() { return this.control('GET', 'stats'); }
  async logins() { return (await this.control('GET', 'logins')).logins; }
  async queries() { return (await this.control('GET', 'queries')).queries; }
  requests() {
    return fs.readFileSync(this.log, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
}

module.exports = { Mock, makeKey };
