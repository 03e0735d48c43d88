#!/usr/bin/python3
"""The whole path from a real database over a driver that nobody here wrote: PostgreSQL, psqlODBC, HTTPS."""
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness, postgres  # noqa: E402

BINARIES = sys.argv.pop(1)


class PostgresJobTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = postgres.Postgres()
        cls.service = harness.Service(BINARIES, [])
        cls.service.set_up()

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()
        cls.postgres.__exit__()

    def test_rows_arrive_once_and_microsecond_ties_are_kept_apart(self):
        from cdi.v1 import connection_pb2 as c, sync_pb2 as s
        from google.protobuf import duration_pb2

        self.postgres.sql("CREATE TABLE users (updated_at timestamptz NOT NULL, external_id text, payload jsonb)")
        self.postgres.sql("INSERT INTO users SELECT timestamptz '2026-01-01 00:00:00.123456+02' + (i / 4) * interval '1 microsecond', "
                          "'pg-' || i, jsonb_build_object('n', i, 'name', 'Zoë €') FROM generate_series(0, 19999) i")
        self.service.connections.CreateConnection(c.CreateConnectionRequest(connection_id="pg", connection=c.Connection(
            postgresql=c.Connection.Postgresql(host="127.0.0.1", port=self.postgres.port, database="warehouse", user="cdi",
                                               password=postgres.Postgres.PASSWORD, plaintext=True))))
        self.service.syncs.CreateSync(s.CreateSyncRequest(sync_id="pg", sync=s.Sync(
            connection="connections/pg", workspace="workspaces/shop", data_type=1, database="warehouse", schema="public",
            table="users", commit_lag=duration_pb2.Duration())))
        test = self.service.syncs.TestSync(s.TestSyncRequest(name="syncs/pg"))
        self.assertTrue(test.passed, test)
        self.service.syncs.ActivateSync(s.ActivateSyncRequest(name="syncs/pg"))
        run = self.service.run("syncs/pg")
        self.assertEqual((run.state, run.counters.rows_accepted), (3, 20000), run)
        self.assertEqual(self.service.braze_get("users/pg-19999")["attributes"], {"n": 19999, "name": "Zoë €"})
        self.postgres.sql("INSERT INTO users SELECT max(updated_at), 'late', '{\"n\":0}' FROM users")
        self.assertEqual(self.service.run("syncs/pg").counters.rows_accepted, 1)
        for path in self.service.path.rglob("*"):
            if path.is_file():
                self.assertNotIn(postgres.Postgres.PASSWORD.encode(), path.read_bytes(), path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
