#!/usr/bin/python3
"""SIGTERM during load: a clean stop leaves nothing ambiguous, and one that cannot be clean still ends and loses nothing."""
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

BINARIES = sys.argv.pop(1)
ROWS = 20_000


class StopTest(unittest.TestCase):
    def setUp(self):
        self.service = harness.Service(BINARIES, ["USERS"], latency_ms=40, tls=False)
        self.service.set_up()
        self.service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.USERS (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                         "DATEADD(second, SEQ4(), '2026-01-01'::TIMESTAMP_NTZ), 'u-' || SEQ4(), '{\"a\":1}' "
                         f"FROM TABLE(GENERATOR(ROWCOUNT => {ROWS}))")
        self.sync = self.service.make_sync("users", "USERS")

    def tearDown(self):
        self.service.__exit__()

    def taken(self):
        return self.service.braze_get("stats")["objects_accepted"]["attributes"]

    def test_a_stop_under_load_is_clean_and_the_run_goes_on_without_a_repeat(self):
        run = self.service.start_run(self.sync)
        harness.wait_until(lambda: self.taken() > 500, what="progress")
        self.assertEqual(self.service.server.stop(), 0)
        self.assertLess(self.taken(), ROWS)
        self.service.start_server()
        ended = self.service.follow(run)
        self.assertEqual((ended.state, ended.counters.rows_accepted, ended.counters.batches_repeated), (3, ROWS, 0), ended)
        self.assertEqual(self.taken(), ROWS)

    def test_a_stop_that_braze_does_not_let_be_clean_ends_all_the_same(self):
        self.service.braze_post("faults", {"faults": [{"kind": "slow_reply", "ms": 25_000, "count": 3}]})
        run = self.service.start_run(self.sync)
        harness.wait_until(lambda: self.taken() > 500, what="progress")
        # The harness kills what has not ended after 20 s; the server promises 15.
        self.assertEqual(self.service.server.stop(), 1)
        self.service.braze_post("faults", {"faults": []})
        self.service.start_server()
        ended = self.service.follow(run)
        self.assertEqual((ended.state, ended.counters.rows_accepted), (3, ROWS), ended)
        print(self.service.check_log(), end="")


if __name__ == "__main__":
    unittest.main(verbosity=2)
