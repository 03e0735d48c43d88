#!/usr/bin/python3
"""Rotations that a schedule starts, through the whole service, with the times of a default configuration: the test moves the clock
that cdi-server and the stand-ins share by months."""
import datetime
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness, moved_clock, rotations  # noqa: E402
from tests.support.rotations import (ADMINISTRATOR, ASSISTED, AUTOMATIC, DONE, DRAINING, GRANT, PLANNED, REGISTERING,  # noqa: E402
                                     ROLE, ROLLED_BACK, UNSETTING)

BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()
SCHEDULED = 3  # of Rotation.Mode
SUCCEEDED = 3  # of Run.State
ACTIVE = 3  # of KeyPair.State
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def midnight_after(moment):
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + DAY


def time_of(timestamp):
    return timestamp.ToDatetime(datetime.timezone.utc)


class Runs(threading.Thread):
    """One run of a sync after the other, until `stop`; none is in progress while `between` is held."""

    def __init__(self, service, sync):
        super().__init__()
        self.service, self.sync = service, sync
        self.between, self.over = threading.Lock(), threading.Event()
        self.states, self.failed = [], None

    def run(self):
        try:
            while not self.over.wait(0.05):
                with self.between:
                    self.states.append(self.service.run(self.sync).state)
        except Exception as error:  # told by `stop`
            self.failed = error

    def stop(self):
        """The states in which the runs ended."""
        self.over.set()
        self.join()
        if self.failed:
            raise self.failed
        return self.states


class KeyRotationScheduleTest(unittest.TestCase):
    """Each test has a connection of its own, made at the time that the tests before it left behind."""

    @classmethod
    def setUpClass(cls):
        cls.clock = cls.enterClassContext(moved_clock.MovedClock())
        cls.service = cls.enterClassContext(rotations.KeyService(BINARIES, config=""))
        cls.sync = cls.service.make_sync("users", "USERS")

    def move(self, moment):
        self.service.let_pass(self.clock, seconds=(moment - self.clock.now()).total_seconds())

    def make_connection(self, name, rotation=None, **options):
        """The midnight at which its day begins; the key is some seconds younger."""
        midnight = midnight_after(self.clock.now())
        self.move(midnight)
        self.service.make_connection(name, rotation=rotation, **options)
        self.addCleanup(self.service.schedule, name)
        return midnight

    def wait_for_a_look(self, name):
        """Until the service has looked at its connections at this time: the age of the key is measured in the same look."""
        active = next(slot for slot in self.service.status(name, offline=True).slots if slot.state == ACTIVE)

        def shown():
            return self.service.metric("cdi_key_age_seconds", connection=f"connections/{name}", slot=active.slot) or 0

        harness.wait_until(lambda: shown() > active.age.seconds - 30, 30, f"a look at {name}")

    def started(self, name):
        """The newest rotation of a connection, None before the first, once the service has looked."""
        self.wait_for_a_look(name)
        return next(iter(self.service.rotations_of(name)), None)

    def cli(self, *arguments):
        done = subprocess.run([BINARIES / "cdi", "--server", self.service.server.address, *arguments], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_it_starts_on_its_day_and_in_its_window_and_at_no_other_time(self):
        windows = {"day": (8, 16), "night": (22, 4)}
        midnight = None
        for name, (start, end) in windows.items():
            made = self.make_connection(name, rotation={"every_days": 60, "window_start_hour": start, "window_end_hour": end,
                                                        "mode": ASSISTED})
            midnight = midnight or made
        # The key of `night` is a day younger. At each moment: who has started, and when the others will.
        for day, hour, have_started, will_start in ((59, 12, set(), {"day": (60, 8), "night": (61, 0)}),
                                                    (60, 7, set(), {"day": (60, 8), "night": (61, 0)}),
                                                    (60, 16, set(), {"day": (61, 8), "night": (61, 0)}),
                                                    (61, 5, set(), {"day": (61, 8), "night": (61, 22)}),
                                                    (61, 8, {"day"}, {"night": (61, 22)}),
                                                    (61, 21, {"day"}, {"night": (61, 22)}),
                                                    (62, 3, {"day", "night"}, {})):
            with self.subTest(day=day, hour=hour):
                self.move(midnight + day * DAY + hour * HOUR)
                self.assertEqual({name for name in windows if self.started(name)}, have_started)
                for name in windows:
                    status = self.service.status(name)
                    self.assertEqual(status.HasField("next_scheduled"), name in will_start, name)
                    if name in will_start:
                        then = midnight + will_start[name][0] * DAY + will_start[name][1] * HOUR
                        late = time_of(status.next_scheduled) - then  # not before the second at which the key was made
                        self.assertTrue(datetime.timedelta(0) <= late < HOUR / 60, (name, then, late))

    def test_it_goes_by_itself_from_start_to_receipt_while_a_sync_runs(self):
        from cdi.v1 import audit_pb2

        self.service.sql(GRANT + ROLE)
        days = self.service.status().age.ToTimedelta().days + 60
        self.service.schedule("main", {"every_days": days, "window_start_hour": 8, "window_end_hour": 16, "mode": AUTOMATIC})
        self.addCleanup(self.service.schedule, "main")
        old = self.service.there()
        scheduled = time_of(self.service.status().next_scheduled)
        self.assertIn(scheduled.hour, range(8, 16))
        self.move(scheduled - HOUR)
        self.assertIsNone(self.started("main"))
        runs = Runs(self.service, self.sync)
        runs.start()
        with runs.between:
            self.service.let_pass(self.clock, hours=1, minutes=1)
        self.assertIsNotNone(rotation := self.started("main"))
        rotation = self.service.wait_for_step(rotation.name, DRAINING)
        self.assertEqual(self.service.there(), old | {rotation.new_key.fingerprint})
        for passed in ({"hours": 23}, {"minutes": 2}):  # at the second look, whatever the first one led to is done
            with runs.between:
                self.service.let_pass(self.clock, **passed)
            self.wait_for_a_look("main")
        self.assertEqual(self.service.rotation(rotation.name).step, DRAINING)
        with runs.between:
            self.service.let_pass(self.clock, hours=2)
        receipt = self.service.wait_for_step(rotation.name, DONE)
        states = runs.stop()
        self.assertEqual(set(states), {SUCCEEDED}, states)
        self.service.check_receipt(receipt, self)
        self.assertEqual((receipt.requested_by, receipt.mode, receipt.reason), ("schedule", SCHEDULED, f"every {days} days"))
        self.assertEqual((receipt.set_by, receipt.unset_by), ("connections/main", "connections/main"))
        self.assertEqual(self.service.there(), {receipt.new_key.fingerprint})
        at = {step.step: time_of(step.time) for step in receipt.step_times}
        self.assertTrue(scheduled <= at[PLANNED] < scheduled + HOUR, (scheduled, at))
        self.assertGreaterEqual(at[UNSETTING] - at[DRAINING], DAY)
        lines = self.service.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(
            name=receipt.name, verb="RotateKeyPair", oldest_first=True)).entries
        self.assertEqual([line.caller for line in lines], ["schedule"])
        self.assertIn(f"SCHEDULED: every {days} days", lines[0].detail)
        self.assertIn(receipt.new_key.fingerprint, self.cli("keys", "receipt", receipt.name))
        again = time_of(self.service.status().next_scheduled)
        self.assertTrue(days * DAY <= again - at[PLANNED] <= (days + 1) * DAY, again)

    def test_where_it_may_not_run_the_statement_it_tells_people(self):
        midnight = self.make_connection("people", rotation={"every_days": 1})
        self.move(midnight + DAY + HOUR)
        self.assertIsNotNone(rotation := self.started("people"))
        rotation = self.service.wait_for(rotation.name, lambda r: r.next_actor == ADMINISTRATOR, "the request for a statement")
        self.assertEqual(rotation.step, REGISTERING)
        self.assertIn("MODIFY PROGRAMMATIC AUTHENTICATION METHODS", rotation.fallback)
        self.assertEqual(self.service.metric("cdi_rotation_waits_for_people", connection="connections/people"), 1)
        told = [line["for"] for line in self.service.log("rotation_waits") if line["rotation"] == rotation.name]
        self.assertEqual(told, ["administrator"])
        self.service.sql(rotation.next_statement)
        self.service.let_pass(self.clock, minutes=1)  # it looks every thirty seconds
        self.service.wait_for_step(rotation.name, DRAINING)

    def test_one_that_did_not_succeed_is_not_repeated_before_a_day_has_passed(self):
        from cdi.v1 import rotation_pb2

        midnight = self.make_connection("again", granted=True, rotation={"every_days": 1})
        self.move(midnight + DAY + HOUR)
        self.assertIsNotNone(first := self.started("again"))
        self.service.wait_for_step(first.name, DRAINING)
        self.service.rotations.RollBackRotation(rotation_pb2.RollBackRotationRequest(name=first.name, reason="no"))
        self.service.wait_for_step(first.name, ROLLED_BACK)
        self.service.let_pass(self.clock, hours=23)
        self.assertEqual(self.started("again").name, first.name)
        self.service.let_pass(self.clock, hours=2)
        self.assertNotEqual(self.started("again").name, first.name)

    def test_a_key_of_ninety_days_is_warned_of_once_a_day_without_any_schedule(self):
        midnight = self.make_connection("old")
        pair = self.service.status("old").login_order[0]
        for day, hour, warned_days in ((89, 12, []), (90, 12, [90]), (90, 20, [90]), (91, 1, [90, 91])):
            with self.subTest(day=day, hour=hour):
                self.move(midnight + day * DAY + hour * HOUR)
                self.assertIsNone(self.started("old"))
                self.assertEqual([line["days"] for line in self.service.log("key_pair_old") if line["key_pair"] == pair],
                                 warned_days)
                status = self.service.status("old")
                self.assertEqual(status.overdue, day >= 90)
                self.assertEqual("older than 90 days" in status.advice, day >= 90, status.advice)
                self.assertEqual("older than 90 days" in self.cli("keys", "status", "old"), day >= 90)


if __name__ == "__main__":
    unittest.main(verbosity=2)
