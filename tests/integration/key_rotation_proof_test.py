#!/usr/bin/python3
"""The claim of rotations, measured: for two minutes syncs run every few seconds while the key is rotated again and again. No run
fails, no row is lost, and what the receipts say is what the account's login log says."""
import sys
import threading
import time
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import rotations  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402
from tests.support.rotations import AUTOMATIC, DONE, GRANT, ROLE  # noqa: E402

BINARIES = sys.argv.pop(1)
SECONDS = 110
PAUSE_SECONDS = 1.5
TABLES = ("USERS", "EVENTS")


class Syncer(threading.Thread):
    """Adds a row and runs a sync, every few seconds until told to stop."""

    def __init__(self, service, table):
        super().__init__()
        self.service, self.table = service, table
        self.sync = service.make_sync(table.lower(), table)
        self.rows, self.runs, self.failed, self.over = 0, [], None, threading.Event()

    def run(self):
        try:
            while not self.over.is_set():
                self.rows += 1
                self.service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.{self.table} (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                                 f"CURRENT_TIMESTAMP()::TIMESTAMP_NTZ(9), '{self.table}-{self.rows}', '{{\"n\":1}}'")
                self.runs.append(self.service.run(self.sync))
                self.over.wait(PAUSE_SECONDS)
            self.runs.append(self.service.run(self.sync))  # for the row that came last
        except Exception as error:  # told by the main thread
            self.failed = error


class RotationProofTest(unittest.TestCase):
    def test_no_run_fails_while_keys_rotate_for_two_minutes(self):
        with rotations.KeyService(BINARIES, TABLES) as service:
            service.sql(GRANT + ROLE)
            first = service.status().slots[0].fingerprint_here
            syncers = [Syncer(service, table) for table in TABLES]
            for syncer in syncers:
                syncer.start()
            end = time.monotonic() + SECONDS
            receipts = []
            while time.monotonic() < end and all(syncer.failed is None for syncer in syncers):
                receipts.append(service.wait_for_step(service.rotate(mode=AUTOMATIC).name, DONE))
            for syncer in syncers:
                syncer.over.set()
                syncer.join()
                self.assertIsNone(syncer.failed)
            runs = [run for syncer in syncers for run in syncer.runs]
            self.assertEqual([run for run in runs if run.state != 3], [], "failed runs")
            for syncer in syncers:
                self.assertEqual(sum(run.counters.rows_accepted for run in syncer.runs), syncer.rows)
            self.assertGreaterEqual(len(receipts), 5)
            self.assertGreaterEqual(len(runs), 30)
            self.check_chain(service, first, receipts)
            self.check_logins(service, first, receipts)
            self.assertEqual(service.server.stop(), 0)
            service.check_log()
            print(f"{len(receipts)} rotations, {len(runs)} runs, {len(service.logins())} logins, 0 failed")

    def check_chain(self, service, first, receipts):
        """Each rotation replaced the key that the one before it brought, and the last one's is all that is left."""
        active = first
        for receipt in receipts:
            service.check_receipt(receipt, self)
            self.assertEqual(receipt.old_key.fingerprint, active)
            active = receipt.new_key.fingerprint
        self.assertEqual(service.there(), {active})

    def check_logins(self, service, first, receipts):
        """By the login log: a key was used only while its receipts say that it counted, and no login was refused."""
        logins = service.logins()
        self.assertLess(len(logins), 1000, "the log holds all of them")
        self.assertEqual([login for login in logins if not login["success"]], [])
        made, gone = {first: 0}, {}
        for receipt in receipts:
            times = {step.step: step.time.ToNanoseconds() for step in receipt.step_times}
            made[receipt.new_key.fingerprint] = times[3]  # REGISTERING: SET comes after it
            gone[receipt.old_key.fingerprint] = times[8]  # UNSET: seen after it
        for login in logins:
            key = login["fingerprint"]
            self.assertIn(key, made, login)
            self.assertGreaterEqual(login["time_ns"], made[key], login)
            self.assertLessEqual(login["time_ns"], gone.get(key, sys.maxsize), login)
        self.assertEqual({login["fingerprint"] for login in logins}, set(made), "every key was used")


if __name__ == "__main__":
    unittest.main(verbosity=2)
