#!/usr/bin/python3
"""The whole path with a plain gRPC client of another language, made from the proto files alone: Snowflake's stand-in over
ODBC, Braze's over HTTPS."""
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

BINARIES = sys.argv.pop(1)
ATTRIBUTES, EVENTS, PURCHASES = 1, 2, 3


def insert(table, rows):
    """Rows: (timestamp, external_id, payload)."""
    values = ", ".join(f"('{t}'::TIMESTAMP_NTZ(9), '{user}', '{payload}')" for t, user, payload in rows)
    return f"INSERT INTO {DATABASE}.{SCHEMA}.{table} (UPDATED_AT, EXTERNAL_ID, PAYLOAD) VALUES {values}"


class MainJobTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(BINARIES, ["USERS", "EVENTS", "PURCHASES", "TIES", "HELD", "BLOCKED", "CLOCK", "REWOUND"])
        cls.pair = cls.service.set_up()

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    def taken(self, array):
        return self.service.braze_get("stats")["objects_accepted"][array]

    def test_a_table_reaches_braze_row_for_row(self):
        self.service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.USERS (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                         "DATEADD(second, SEQ4(), '2026-01-01'::TIMESTAMP_NTZ), 'u-' || SEQ4(), '{\"n\":1}' "
                         "FROM TABLE(GENERATOR(ROWCOUNT => 5000))")
        before = self.taken("attributes")
        run = self.service.run(self.service.make_sync("users", "USERS"))
        self.assertEqual(run.state, 3, run)  # SUCCESS
        self.assertEqual(run.counters.rows_accepted, 5000)
        self.assertEqual(self.taken("attributes") - before, 5000)
        self.assertEqual(self.service.braze_get("users/u-4999")["attributes"], {"n": 1})

    def test_events_take_their_time_from_the_cursor(self):
        self.service.sql(insert("EVENTS", [("2026-03-04 05:06:07.5", "ev", '{"name":"opened"}')]))
        run = self.service.run(self.service.make_sync("events", "EVENTS", EVENTS))
        self.assertEqual(run.state, 3, run)
        event = self.service.braze_get("users/ev")["events"][0]
        self.assertEqual((event["name"], event["time"]), ("opened", "2026-03-04T05:06:07.500Z"))

    def test_refused_rows_are_listed_and_a_mended_rule_lets_them_through_by_replay(self):
        from cdi.v1 import run_pb2

        self.service.sql(insert("PURCHASES", [("2026-01-01 00:00:01", "p1", '{"product_id":"a","currency":"EUR","price":1}'),
                                              ("2026-01-01 00:00:02", "p2", "not json")]))
        sync = self.service.make_sync("purchases", "PURCHASES", PURCHASES)
        run = self.service.run(sync)
        self.assertEqual(run.state, 4, run)  # PARTIAL
        rows = self.service.runs.ListDeadRows(run_pb2.ListDeadRowsRequest(parent=run.name)).dead_rows
        self.assertEqual([row.reason for row in rows], ["PAYLOAD_NOT_JSON"])
        self.assertEqual(rows[0].identifiers["EXTERNAL_ID"], "p2")
        replay = self.service.runs.ReplayDeadRows(run_pb2.ReplayDeadRowsRequest(parent=sync))
        self.assertEqual(self.service.follow(replay.name).counters.rows_rejected, 1)  # still not JSON
        rows = self.service.runs.ListDeadRows(run_pb2.ListDeadRowsRequest(parent=sync)).dead_rows
        self.assertEqual(len(rows), 1)

    def test_equal_timestamps_are_neither_lost_nor_sent_twice(self):
        stamp = "2026-05-05 05:05:05.123456789"
        self.service.sql(insert("TIES", [(stamp, f"t-{i}", "{\"a\":1}") for i in range(100)]))
        sync = self.service.make_sync("ties", "TIES")
        self.assertEqual(self.service.run(sync).counters.rows_accepted, 100)
        self.service.sql(insert("TIES", [(stamp, f"t-{i}", "{\"a\":1}") for i in range(100, 150)]))
        run = self.service.run(sync)
        self.assertEqual((run.counters.rows_accepted, run.counters.rows_skipped), (50, 100))
        self.assertEqual(self.service.run(sync).counters.rows_accepted, 0)

    def test_purchases_of_unknown_fate_are_held_and_can_be_released(self):
        from cdi.v1 import run_pb2

        self.service.sql(insert("HELD", [("2026-01-01", "h1", '{"product_id":"h","currency":"EUR","price":2}')]))
        sync = self.service.make_sync("held", "HELD", PURCHASES)
        self.service.braze_post("faults", {"faults": [{"kind": "close_before_apply", "count": 1}]})
        run = self.service.run(sync)
        self.service.braze_post("faults", {"faults": []})
        self.assertEqual((run.state, run.counters.rows_held), (4, 1), run)
        release = self.service.runs.ReleaseHeldRows(run_pb2.ReleaseHeldRowsRequest(parent=sync, reason="not in Braze"))
        self.assertEqual(self.service.follow(release.name).counters.rows_accepted, 1)
        self.assertEqual(len(self.service.braze_get("users/h1")["purchases"]), 1)

    def test_a_refused_api_key_pauses_the_sync_and_loses_nothing(self):
        from cdi.v1 import sync_pb2

        self.service.sql(insert("BLOCKED", [("2026-01-01", "b1", '{"a":1}')]))
        sync = self.service.make_sync("blocked", "BLOCKED")
        self.service.braze_post("faults", {"faults": [{"kind": "auth", "count": 50}]})
        run = self.service.run(sync)
        self.service.braze_post("faults", {"faults": []})
        self.assertEqual((run.state, run.counters.rows_unfinished), (6, 1), run)  # CONFIG_ERROR
        harness.wait_until(lambda: self.service.syncs.GetSync(sync_pb2.GetSyncRequest(name=sync)).state == 3)
        self.assertEqual(self.service.syncs.GetSync(sync_pb2.GetSyncRequest(name=sync)).pause_reason, "API_KEY_REFUSED")
        self.assertTrue(self.service.syncs.TestSync(sync_pb2.TestSyncRequest(name=sync)).passed)
        self.service.syncs.ActivateSync(sync_pb2.ActivateSyncRequest(name=sync))
        self.assertEqual(self.service.run(sync).counters.rows_accepted, 1)

    def test_a_schedule_starts_at_activation_and_survives_a_restart(self):
        from cdi.v1 import run_pb2, sync_pb2

        self.service.sql(insert("CLOCK", [("2026-01-01", "c1", '{"a":1}')]))
        sync = self.service.make_sync("clock", "CLOCK", schedule=sync_pb2.Sync.Schedule(every_minutes=60))

        def runs():
            return self.service.runs.ListRuns(run_pb2.ListRunsRequest(sync=sync)).runs

        harness.wait_until(lambda: runs() and runs()[0].state == 3, what="the scheduled run")
        self.assertEqual((runs()[0].trigger, runs()[0].counters.rows_accepted), (1, 1))
        next_run = self.service.syncs.GetSync(sync_pb2.GetSyncRequest(name=sync)).next_run_time
        self.assertEqual(self.service.server.stop(), 0)
        self.service.start_server()
        self.assertEqual(self.service.syncs.GetSync(sync_pb2.GetSyncRequest(name=sync)).next_run_time, next_run)
        self.assertEqual(len(runs()), 1)

    def test_rewinding_sends_again_and_a_cancelled_run_loses_nothing(self):
        from cdi.v1 import run_pb2, sync_pb2

        self.service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.REWOUND (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                         "DATEADD(second, SEQ4(), '2026-01-01'::TIMESTAMP_NTZ), 'w-' || SEQ4(), '{\"n\":1}' "
                         "FROM TABLE(GENERATOR(ROWCOUNT => 300))")
        sync = self.service.make_sync("rewound", "REWOUND")
        self.service.braze_post("faults", {"faults": [{"kind": "slow_reply", "ms": 1500, "count": 1}]})
        run = self.service.start_run(sync)
        self.service.runs.CancelRun(run_pb2.CancelRunRequest(name=run))
        cancelled = self.service.follow(run)
        self.service.braze_post("faults", {"faults": []})
        self.assertIn(cancelled.state, (3, 8), cancelled)  # CANCELLED, or over before the cancel came
        rest = self.service.run(sync)
        self.assertEqual(cancelled.counters.rows_accepted + rest.counters.rows_accepted, 300, (cancelled, rest))
        self.service.syncs.RewindSync(sync_pb2.RewindSyncRequest(name=sync, reason="test"))
        self.assertEqual(self.service.run(sync).counters.rows_accepted, 300)

    def test_zz_no_secret_leaves_and_the_log_keeps_its_promises(self):
        self.assertEqual(self.service.braze_get("stats")["concurrent_user_violations"], 0)
        print(self.service.check_log(), end="")
        for path in self.service.path.rglob("*"):
            if path.is_file() and path.name not in ("braze.key", "master.key"):
                content = path.read_bytes()
                self.assertNotIn(harness.Service.API_KEY.encode(), content, path)
                self.assertNotIn(b"BEGIN PRIVATE KEY", content, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
