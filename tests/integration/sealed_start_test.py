#!/usr/bin/python3
"""The master key of a real cdi-server: gone, wrong, from a command, and changed by --rekey with crashes on the way."""
import os
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

BINARIES = sys.argv.pop(1)


class SealedStartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(BINARIES, ["USERS"])
        cls.service.set_up()
        cls.service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.USERS (UPDATED_AT, EXTERNAL_ID, PAYLOAD) VALUES "
                        "('2026-01-01'::TIMESTAMP_NTZ(9), 'u', '{\"a\":1}')")
        cls.sync = cls.service.make_sync("users", "USERS")
        cls.config = cls.service.path / "server.yaml"
        cls.text = cls.config.read_text()
        cls.key = cls.service.path / "keys/master.key"

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    def restart(self, source=None):
        """With another source of the master key."""
        self.service.server.stop()
        self.configure(source)
        self.service.start_server()

    def configure(self, source=None):
        line = f"master_key: {source}" if source else f"master_key: {{file: {self.key}, create: true}}"
        self.config.write_text(re.sub(r"master_key: .*", line, self.text))

    def health(self):
        result = subprocess.run([self.service.binaries / "cdi", "health", "--json", "--server", self.service.server.address],
                                capture_output=True, text=True, check=False)
        return result.returncode, result.stdout

    def metrics(self):
        """The page of the server that runs: its address is the second line that it printed."""
        address = self.service.server.process.stdout.readline().split()[-1]
        return urllib.request.urlopen(address).read().decode()

    def refused(self, call):
        import grpc

        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertIn("sealed", caught.exception.details())
        self.assertNotIn(str(self.service.path), caught.exception.details())

    def check_sealed(self, reason):
        from cdi.v1 import key_pair_pb2 as k, run_pb2 as r, sync_pb2 as s, workspace_pb2 as w
        from google.protobuf import field_mask_pb2

        service = self.service
        code, health = self.health()
        self.assertEqual(code, 5)
        self.assertIn(f'"serving":false,"sealed":"{reason}"', health)
        self.assertIn("cdi_sealed 1", self.metrics())
        log = (service.path / "server.log").read_text().splitlines()
        self.assertTrue(any('"server_sealed"' in line and reason in line for line in log), log[-5:])
        # Reading works.
        self.assertEqual(service.syncs.GetSync(s.GetSyncRequest(name=self.sync)).state, 2)
        self.assertEqual(len(service.workspaces.ListWorkspaces(w.ListWorkspacesRequest()).workspaces), 1)
        runs = service.runs.ListRuns(r.ListRunsRequest(sync=self.sync)).runs
        # What needs a secret is refused, and changes nothing.
        self.refused(lambda: service.start_run(self.sync))
        self.refused(lambda: service.workspaces.UpdateWorkspace(w.UpdateWorkspaceRequest(
            workspace=w.Workspace(name="workspaces/shop", display_name="changed"),
            update_mask=field_mask_pb2.FieldMask(paths=["display_name"]))))
        shop = service.workspaces.GetWorkspace(w.GetWorkspaceRequest(name="workspaces/shop"))
        self.assertEqual(shop.display_name, "")
        self.refused(lambda: service.key_pairs.GenerateKeyPair(k.GenerateKeyPairRequest(
            connection="connections/main", key_pair_id="second", key_bits=2048)))
        self.assertEqual(list(service.runs.ListRuns(r.ListRunsRequest(sync=self.sync)).runs), list(runs))

    def check_works(self):
        self.assertEqual(self.health()[0], 0)
        self.assertIn("cdi_sealed 0", self.metrics())
        self.assertEqual(self.service.run(self.sync).state, 3)

    def rekey(self, *flags, point=None):
        environment = dict(os.environ, **({"CDI_FAILPOINT": f"{point}:1:abort"} if point else {}))
        return subprocess.run([self.service.binaries / "cdi-server", "--config", self.config, "--rekey", *flags],
                              capture_output=True, text=True, env=environment, check=False)

    def test_a_missing_key_seals_and_a_schedule_is_caught_up_afterwards(self):
        from cdi.v1 import run_pb2 as r, sync_pb2 as s
        from google.protobuf import field_mask_pb2

        away = self.key.with_suffix(".away")
        self.service.server.stop()
        self.key.rename(away)
        self.restart()
        self.check_sealed("MASTER_KEY_MISSING")
        self.assertFalse(self.key.exists(), "a new key would open nothing")
        # A schedule that is due does not fire into errors.
        self.service.syncs.UpdateSync(s.UpdateSyncRequest(
            sync=s.Sync(name=self.sync, schedule=s.Sync.Schedule(every_minutes=60)),
            update_mask=field_mask_pb2.FieldMask(paths=["schedule"])))
        before = len(self.service.runs.ListRuns(r.ListRunsRequest(sync=self.sync)).runs)
        self.service.server.stop()
        away.rename(self.key)
        self.restart()

        def scheduled():
            runs = self.service.runs.ListRuns(r.ListRunsRequest(sync=self.sync)).runs
            return len(runs) == before + 1 and runs[0].trigger == 1 and runs[0].state == 3

        harness.wait_until(scheduled, what="the run that was missed")
        self.check_works()

    def test_a_key_pair_can_be_revoked_while_sealed(self):
        from cdi.v1 import connection_pb2 as c, key_pair_pb2 as k

        snowflake = c.Connection.Snowflake(account="MYORG-TEST", user="ANOTHER_USER")
        self.service.connections.CreateConnection(c.CreateConnectionRequest(
            connection_id="spare", connection=c.Connection(snowflake=snowflake)))
        name = self.service.key_pairs.GenerateKeyPair(k.GenerateKeyPairRequest(
            connection="connections/spare", key_pair_id="first", key_bits=2048)).name
        self.restart("{env: CDI_NO_SUCH_VARIABLE}")
        self.check_sealed("MASTER_KEY_MISSING")
        revoked = self.service.key_pairs.RevokeKeyPair(k.RevokeKeyPairRequest(name=name, reason="test"))
        self.assertEqual(k.KeyPair.State.Name(revoked.state), "REVOKED")
        self.restart()
        self.check_works()

    def test_another_key_seals_and_both_are_named(self):
        other = self.service.path / "keys/other.key"
        other.touch(mode=0o600)
        other.write_text(os.urandom(32).hex())
        self.restart(f"{{file: {other}}}")
        self.check_sealed("MASTER_KEY_WRONG")
        line = next(line for line in reversed((self.service.path / "server.log").read_text().splitlines())
                    if "server_sealed" in line)
        self.assertRegex(line, r"under [0-9a-f]{8}\), and the one loaded is [0-9a-f]{8};")
        self.restart()
        self.check_works()

    def test_a_command_gives_the_key_and_a_failing_one_seals(self):
        program = self.service.path / "keys/print-key"
        program.write_text(f"#!/bin/sh\ncat {self.key}\n")
        program.chmod(0o700)
        self.restart(f"{{command: [{program}]}}")
        self.check_works()
        program.write_text("#!/bin/sh\necho 'no answer from the key service' >&2\nexit 4\n")
        self.restart(f"{{command: [{program}]}}")
        self.check_sealed("MASTER_KEY_COMMAND_FAILED")
        self.assertIn("no answer from the key service", (self.service.path / "server.log").read_text())
        self.restart()
        self.check_works()

    def test_what_must_not_be_used_still_stops_the_start(self):
        self.service.server.stop()
        self.key.chmod(0o644)
        result = subprocess.run([self.service.binaries / "cdi-server", "--config", self.config], capture_output=True,
                                text=True, timeout=60, check=False)
        self.key.chmod(0o600)
        self.assertEqual(result.returncode, 1)
        self.assertIn("chmod it to 0600", result.stderr)
        self.restart()
        self.check_works()

    def test_zz_rekey_at_every_crash_leaves_one_key(self):
        new = self.service.path / "keys/new.key"
        busy = self.rekey(new, "--rekey_create")
        self.assertEqual((busy.returncode, new.exists()), (1, False), busy.stderr)
        self.service.server.stop()
        for point in ("rekey_key_loaded", "rekey_replaced", "rekey_before_commit", "state_before_commit"):
            result = self.rekey(new, "--rekey_create", point=point)
            self.assertEqual(result.returncode, 134, (point, result.stderr))
            self.assertTrue(new.exists())
            self.configure(f"{{file: {new}}}")
            self.service.start_server()
            self.check_sealed("MASTER_KEY_WRONG")
            self.restart()
            self.check_works()
            self.service.server.stop()
        self.assertEqual(self.rekey(new, point="rekey_committed").returncode, 134)
        again = self.rekey(new)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertRegex(again.stdout, r"re-wrapped 0 secrets \(\d were under it already\): master key \w{8} -> \w{8}")
        self.service.start_server()
        self.check_sealed("MASTER_KEY_WRONG")
        self.restart(f"{{file: {new}}}")
        self.check_works()
        # And back.
        self.service.server.stop()
        back = self.rekey(self.key)
        self.assertEqual(back.returncode, 0, back.stderr)
        self.assertRegex(back.stdout, r"re-wrapped [2-9] secrets: ")
        self.restart()
        self.check_works()


if __name__ == "__main__":
    unittest.main(verbosity=2)
