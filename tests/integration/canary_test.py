#!/usr/bin/python3
"""Secrets seeded into a real cdi-server, at work with the stand-ins and a PostgreSQL, are looked for everywhere: logs,
metrics, replies, the state's files, temporary files, /proc; and, as root, in its memory once what they belonged to is gone."""
import base64
import ctypes
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness, postgres  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

BINARIES = sys.argv.pop(1)
IN_ENVIRONMENT = "canary-environment-5b77-c2d1"


def text_forms(secret):
    """As it is, as base64 (which shows at any of three offsets), as hex, and as wide characters."""
    raw = secret.encode()
    encoded = [base64.b64encode(b"\0" * shift + raw)[4 if shift else 0:-4] for shift in range(3)]
    return [raw, raw.hex().encode(), "".join(f"{c}\0" for c in secret).encode(), *encoded]


def found_in(content, canaries):
    return sorted(name for name, forms in canaries.items() if any(form in content for form in forms))


def aes_256_ctr(key, nonce, text):
    """Decrypts what AES-256-GCM encrypted, without looking at the tag: GCM counts from 2."""
    crypto = ctypes.CDLL("libcrypto.so.3")
    crypto.EVP_CIPHER_CTX_new.restype = crypto.EVP_aes_256_ctr.restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, size = ctypes.create_string_buffer(len(text) + 16), ctypes.c_int()
    assert crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_ctr()), None, key, nonce + b"\0\0\0\2") == 1
    assert crypto.EVP_DecryptUpdate(context, out, ctypes.byref(size), text, len(text)) == 1
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw[:size.value]


def unseal(master_key, blob):
    """The secret of a sealed blob; the layout is that of keys/sealed_box.h."""
    data_key = aes_256_ctr(master_key, blob[10:22], blob[22:54])
    return aes_256_ctr(data_key, blob[70:82], blob[82:-16])


def private_key_forms(pem):
    """A piece of the private exponent as text and as bytes: line ten of a 2048-bit key lies within it."""
    line = pem.split(b"\n")[10]
    assert len(line) == 64, pem[:30]
    return [line[8:40], base64.b64decode(line)[6:30]]


def memory_of(pid):
    """(where, bytes) of every writable private mapping of another process; it is not dumpable, so only root gets this far."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.p", line)
            if not found:
                continue
            begin, end = int(found[1], 16), int(found[2], 16)
            for start in range(begin, end, 16 << 20):
                try:
                    memory.seek(start)
                    yield line.split(maxsplit=5)[5:] or ["anonymous"], memory.read(min(end, start + (16 << 20)) - start)
                except OSError:
                    pass  # a guard page, or gone since


class CanaryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="cdi-canary-"))
        cls.postgres = postgres.Postgres()
        cls.service = service = harness.Service(BINARIES, ["USERS"])
        cls.master_key = os.urandom(32)
        service.server.stop()
        text = (service.path / "server.yaml").read_text()
        text = re.sub(r"master_key: .*", "master_key: {env: CDI_CANARY_KEY}\nlog_level: debug", text)
        (service.path / "server.yaml").write_text(text)
        # Without the cache of small blocks M_PERTURB clears these as well: what is found then lives on, and is not a rest.
        cls.environment = {"CDI_CANARY_KEY": cls.master_key.hex(), "CDI_CANARY": IN_ENVIRONMENT, "TMPDIR": str(cls.scratch),
                           "PGPASSWORD": IN_ENVIRONMENT, "https_proxy": f"http://u:{IN_ENVIRONMENT}@127.0.0.1:9",
                           "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
        service.start_server(cls.environment)
        cls.replies = []
        cls.use_everything()
        key = cls.private_key()
        cls.canaries = {
            "master key": [cls.master_key, *text_forms(cls.master_key.hex()), base64.b64encode(cls.master_key)[:40]],
            "private key": private_key_forms(key),
            "API key": text_forms(harness.Service.API_KEY),
            "password": text_forms(postgres.Postgres.PASSWORD),
            "environment": text_forms(IN_ENVIRONMENT),
        }

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()
        cls.postgres.__exit__()
        shutil.rmtree(cls.scratch, ignore_errors=True)

    @classmethod
    def use_everything(cls):
        from cdi.v1 import connection_pb2 as c, sync_pb2 as s

        service = cls.service
        service.set_up()
        service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.USERS (UPDATED_AT, EXTERNAL_ID, PAYLOAD) VALUES "
                    "('2026-01-01'::TIMESTAMP_NTZ(9), 'u', '{\"a\":1}'), ('2026-01-02'::TIMESTAMP_NTZ(9), 'v', 'not json')")
        cls.sync = service.make_sync("users", "USERS")
        cls.first_run = service.run(cls.sync)
        assert cls.first_run.counters.rows_accepted == 1 and cls.first_run.counters.rows_rejected == 1, cls.first_run
        service.connections.CreateConnection(c.CreateConnectionRequest(connection_id="pg", connection=c.Connection(
            postgresql=c.Connection.Postgresql(host="127.0.0.1", port=cls.postgres.port, database="warehouse", user="cdi",
                                               password=postgres.Postgres.PASSWORD, plaintext=True))))
        for connection in ("main", "pg"):
            test = service.connections.TestConnection(c.TestConnectionRequest(name=f"connections/{connection}"))
            assert test.passed, test
            cls.replies.append(test)
        service.braze_post("faults", {"faults": [{"kind": "auth", "count": 50}]})
        service.syncs.RewindSync(s.RewindSyncRequest(name=cls.sync, reason="test"))
        cls.replies.append(service.run(cls.sync))
        service.braze_post("faults", {"faults": []})

    @classmethod
    def private_key(cls):
        """From a copy of the state, by the master key: what the server holds is otherwise out of reach."""
        with tempfile.TemporaryDirectory() as copy:
            for name in ("state.db", "state.db-wal"):
                shutil.copy(cls.service.path / "state" / name, copy)
            database = sqlite3.connect(f"{copy}/state.db")
            blob = database.execute("SELECT sealed_private_key FROM key_pairs").fetchone()[0]
            database.close()
        pem = unseal(cls.master_key, blob)
        assert pem.startswith(b"-----BEGIN PRIVATE KEY-----"), "the seed cannot be read, so nothing would be proven"
        return pem

    def pid(self):
        return self.service.server.process.pid

    def nothing_in(self, content, where, but=()):
        canaries = {name: forms for name, forms in self.canaries.items() if name not in but}
        self.assertEqual(found_in(content, canaries), [], where)

    def test_the_search_finds_what_is_there(self):
        for name, forms in self.canaries.items():
            self.assertEqual(found_in(b"xx" + forms[0] + b"yy", self.canaries), [name])
        raw = (self.service.path / "braze.key").read_bytes()
        self.assertEqual(found_in(raw, self.canaries), ["API key"])
        for shift in range(3):
            self.assertEqual(found_in(base64.b64encode(b"x" * shift + raw), self.canaries), ["API key"])

    def test_logs_metrics_and_replies(self):
        from cdi.v1 import connection_pb2 as c, key_pair_pb2 as k, run_pb2 as r, sync_pb2 as s, workspace_pb2 as w

        service = self.service
        log = (service.path / "server.log").read_bytes()
        self.assertIn(b'"rpc"', log, "the log is not at debug level")
        self.nothing_in(log, "server.log")
        address = service.server.process.stdout.readline().split()[-1]
        self.nothing_in(urllib.request.urlopen(address).read(), "the metrics page")
        replies = [*self.replies, self.first_run, service.connections.ListConnections(c.ListConnectionsRequest()),
                   service.workspaces.ListWorkspaces(w.ListWorkspacesRequest()),
                   service.syncs.ListSyncs(s.ListSyncsRequest()), service.runs.ListRuns(r.ListRunsRequest(sync=self.sync)),
                   service.key_pairs.ListKeyPairs(k.ListKeyPairsRequest(connection="connections/main")),
                   service.runs.ListDeadRows(r.ListDeadRowsRequest(parent=self.sync)),
                   service.connections.GetConnection(c.GetConnectionRequest(name="connections/pg")),
                   service.workspaces.GetWorkspace(w.GetWorkspaceRequest(name="workspaces/shop"))]
        self.assertTrue(replies[-1].api_key_set and replies[-2].postgresql.password_set)
        for reply in replies:
            self.nothing_in(reply.SerializeToString() + str(reply).encode(), type(reply).__name__)

    def test_files_of_the_state_and_temporary_ones(self):
        self.assertTrue((self.service.path / "state/state.db").exists())
        looked_at = 0
        for root in (self.service.path / "state", self.scratch, pathlib.Path("/dev/shm")):
            for path in root.rglob("*"):
                if path.is_file():
                    looked_at += 1
                    self.nothing_in(path.read_bytes(), path)
        self.assertGreater(looked_at, 2)
        user = os.environ.get("USER", "root")
        for path in pathlib.Path("/tmp").glob(f"*{self.pid()}*"):  # psqlodbc and others name their logs so
            if path.is_file():
                self.nothing_in(path.read_bytes(), (user, path))

    def test_process_list_environment_and_core_files(self):
        proc = pathlib.Path(f"/proc/{self.pid()}")
        # The name of the variable of the master key, whose value is gone, and what glibc itself leaves of its own one.
        left = {entry for entry in (proc / "environ").read_bytes().split(b"\0") if entry}
        self.assertLessEqual(left, {b"CDI_CANARY_KEY=", b"GLIBC_TUNABLES=" + self.environment["GLIBC_TUNABLES"].encode()})
        self.nothing_in((proc / "cmdline").read_bytes(), "cmdline")
        self.nothing_in(subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, check=True).stdout, "ps")
        self.assertRegex((proc / "limits").read_text(), r"Max core file size +0 +0 ")

    @unittest.skipIf(os.geteuid() != 0, "only root can read the memory of a process that is not dumpable")
    def test_zz_memory_after_everything_was_deleted(self):
        from cdi.v1 import connection_pb2 as c, key_pair_pb2 as k, sync_pb2 as s, workspace_pb2 as w

        def counts():
            found = dict.fromkeys(self.canaries, 0)
            for where, chunk in memory_of(self.pid()):
                for name, forms in self.canaries.items():
                    for form in forms:
                        copies = chunk.count(form)
                        found[name] += copies
                        if copies and "-v" in sys.argv:
                            at = chunk.find(form)
                            print(name, forms.index(form), where, chunk[max(at - 96, 0):at + len(form) + 64])
            return found

        before = counts()
        self.assertGreater(before["master key"], 0, "the scan sees nothing, so it would prove nothing")
        service = self.service
        service.syncs.DeleteSync(s.DeleteSyncRequest(name=self.sync))
        for name in ("main", "pg"):
            service.connections.DeleteConnection(c.DeleteConnectionRequest(name=f"connections/{name}"))
        service.workspaces.DeleteWorkspace(w.DeleteWorkspaceRequest(name="workspaces/shop"))
        deleted = counts()
        self.assertEqual(deleted["private key"], 0)
        # gRPC keeps what it read from a connection until that one ends (docs/security.md).
        service.channel.close()
        gone = ("private key", "password", "API key")
        harness.wait_until(lambda: all(counts()[name] == 0 for name in gone), 30, f"no copy of {gone} in {deleted}")
        print("copies in memory at work, after the deletion, at the end:", before, deleted, counts())


if __name__ == "__main__":
    unittest.main(verbosity=2)
