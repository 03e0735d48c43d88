#!/usr/bin/python3
"""kill -9 of the real server, again and again, in the middle of a run: no row is lost, repeats stay within what was in flight,
order per user holds, and the run log keeps its promises."""
import random
import re
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

BINARIES = sys.argv.pop(1)
ROUNDS = 20
ROWS = 30_000
USERS = 3_000


class KillLoopTest(unittest.TestCase):
    def test_twenty_kills_lose_nothing(self):
        generator = random.Random(7)
        with harness.Service(BINARIES, ["USERS", "PURCHASES"], latency_ms=30) as service:
            service.set_up()
            # Ten rows for each user, in cursor order; a purchase table beside it, whose type is held when in doubt.
            service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.USERS (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                        f"DATEADD(second, FLOOR(SEQ4() / 3), '2026-01-01'::TIMESTAMP_NTZ), 'u-' || (SEQ4() % {USERS}), "
                        f"'{{\"n\":' || SEQ4() || '}}' FROM TABLE(GENERATOR(ROWCOUNT => {ROWS}))")
            service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.PURCHASES (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                        "DATEADD(second, SEQ4(), '2026-01-01'::TIMESTAMP_NTZ), 'p-' || SEQ4(), "
                        "'{\"product_id\":\"sku\",\"currency\":\"EUR\",\"price\":1}' FROM TABLE(GENERATOR(ROWCOUNT => 4000))")
            self.slow_down(service)
            users = service.start_run(service.make_sync("users", "USERS"))
            purchases = service.start_run(service.make_sync("purchases", "PURCHASES", 3))
            kills = 0
            for _ in range(ROUNDS):
                goal = self.taken(service) + generator.randrange(50, 1500)
                harness.wait_until(lambda: self.taken(service) >= goal or self.over(service, users, purchases), 60, "progress")
                if self.over(service, users, purchases):
                    break
                service.server.kill()
                kills += 1
                service.start_server()
            self.speed_up(service)
            ended = {run: service.follow(run) for run in (users, purchases)}
            self.assertGreaterEqual(kills, 10, "the runs were over too early for the test to mean anything")
            self.check_users(service, ended[users], kills)
            self.check_purchases(service, ended[purchases])
            self.assertEqual(service.braze_get("stats")["concurrent_user_violations"], 0)
            self.assertEqual(service.server.stop(), 0)
            print(f"{kills} kills; {service.check_log()}", end="")

    @staticmethod
    def slow_down(service):
        """About 1,500 rows a second, so that twenty kills hit a run of 30,000 rows."""
        KillLoopTest.set_rate(service, 20)

    @staticmethod
    def speed_up(service):
        KillLoopTest.set_rate(service, 900)

    @staticmethod
    def set_rate(service, requests):
        from cdi.v1 import workspace_pb2 as w
        from google.protobuf import field_mask_pb2

        service.workspaces.UpdateWorkspace(w.UpdateWorkspaceRequest(
            workspace=w.Workspace(name="workspaces/shop", limits=w.Workspace.Limits(rate_requests=requests)),
            update_mask=field_mask_pb2.FieldMask(paths=["limits.rate_requests"])))

    @staticmethod
    def taken(service):
        counts = service.braze_get("stats")["objects_accepted"]
        return counts["attributes"] + counts["purchases"]

    @staticmethod
    def over(service, *runs):
        from cdi.v1 import run_pb2 as r

        return all(service.runs.GetRun(r.GetRunRequest(name=run)).state > 2 for run in runs)

    def check_users(self, service, run, kills):
        self.assertEqual(run.state, 3, run)
        self.assertEqual(run.counters.rows_accepted, ROWS, run)
        self.assertEqual(run.recoveries, kills)
        # Every row is there, and what every user has is his last row.
        for user in range(0, USERS, 97):
            profile = service.braze_get(f"users/u-{user}")
            self.assertEqual(profile["attributes"]["n"], ROWS - USERS + user, profile)
        arrived = sum(1 for o in service.ledger() if o["array"] == "attributes" and o["effect"] == "applied")
        self.assertGreaterEqual(arrived, ROWS)
        self.assertLessEqual(arrived - ROWS, kills * 192 * 75, "more repeats than requests in flight")

    def check_purchases(self, service, run):
        self.assertIn(run.state, (3, 4), run)
        self.assertEqual(run.counters.rows_accepted + run.counters.rows_held, 4000, run)
        seen = {}
        for o in service.ledger():
            if o["array"] == "purchases" and o["effect"] == "applied":
                identifier = re.search(r"p-\d+", str(o["identifier"])).group()
                seen[identifier] = seen.get(identifier, 0) + 1
        self.assertEqual(max(seen.values()), 1, "a held type was sent twice")
        self.assertGreaterEqual(len(seen), run.counters.rows_accepted)


if __name__ == "__main__":
    unittest.main(verbosity=2)
