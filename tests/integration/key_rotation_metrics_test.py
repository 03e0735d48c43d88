#!/usr/bin/python3
"""What the metrics show of a rotation: where it stands, for whom it waits, how it ended (docs/operations.md)."""
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness, moved_clock, rotations  # noqa: E402
from tests.support.rotations import ASSISTED, DRAINING, PLANNED, REGISTERING, UNSETTING  # noqa: E402

BINARIES = sys.argv.pop(1)
NONE, WITHDRAWING = 0, 11


class KeyRotationMetricsTest(unittest.TestCase):
    """Each test has a connection of its own, named for it; the times are those of a default configuration."""

    @classmethod
    def setUpClass(cls):
        cls.clock = cls.enterClassContext(moved_clock.MovedClock())
        cls.service = cls.enterClassContext(rotations.KeyService(BINARIES, config=""))

    def wait_for_metrics(self, connection, step, waits):
        def look():
            return (self.service.metric("cdi_rotation_step", connection=f"connections/{connection}"),
                    self.service.metric("cdi_rotation_waits_for_people", connection=f"connections/{connection}"))

        try:
            harness.wait_until(lambda: look() == (step, waits), 30)
        except AssertionError:
            self.assertEqual(look(), (step, waits))

    def ended(self, connection):
        """The ends that were counted."""
        ends = {end: self.service.metric("cdi_rotations_total", connection=f"connections/{connection}", end=end)
                for end in ("DONE", "ROLLED_BACK", "FAILED")}
        return {end: count for end, count in ends.items() if count is not None}

    def slots(self, connection):
        """The slots whose keys have an age."""
        ages = {slot: self.service.metric("cdi_key_age_seconds", connection=f"connections/{connection}", slot=slot)
                for slot in (1, 2)}
        return {slot for slot, age in ages.items() if age is not None}

    def run_statement(self, rotation):
        self.service.sql(self.service.rotation(rotation.name).next_statement)
        self.service.resume(rotation.name)

    def test_a_rotation_by_hand_shows_each_step_and_when_a_person_is_needed(self):
        self.service.make_connection("steps")
        self.service.let_pass(self.clock, minutes=2)
        harness.wait_until(lambda: self.slots("steps") == {1})
        self.assertIsNone(self.service.metric("cdi_rotation_step", connection="connections/steps"))
        rotation = self.service.rotate("steps", mode=ASSISTED)
        self.wait_for_metrics("steps", REGISTERING, 1)
        self.run_statement(rotation)
        self.wait_for_metrics("steps", DRAINING, 0)
        self.service.let_pass(self.clock, hours=23)
        harness.wait_until(lambda: self.slots("steps") == {1, 2})
        self.wait_for_metrics("steps", DRAINING, 0)
        self.assertEqual(self.ended("steps"), {})
        self.service.let_pass(self.clock, hours=2)
        self.wait_for_metrics("steps", UNSETTING, 1)
        self.run_statement(rotation)
        self.wait_for_metrics("steps", NONE, 0)
        self.assertEqual(self.ended("steps"), {"DONE": 1})
        self.service.let_pass(self.clock, minutes=2)
        harness.wait_until(lambda: self.slots("steps") == {2})

    def test_one_that_waits_for_a_decision_is_seen_and_its_way_back_as_well(self):
        from cdi.v1 import rotation_pb2

        self.service.make_connection("decision")
        _, foreign, _ = rotations.make_key(self.service.path, "foreign.p8")
        self.service.sql(f"ALTER USER DECISION SET RSA_PUBLIC_KEY_2='{foreign}'")
        rotation = self.service.rotate("decision", mode=ASSISTED)
        self.wait_for_metrics("decision", PLANNED, 1)
        self.service.sql("ALTER USER DECISION UNSET RSA_PUBLIC_KEY_2")
        self.service.resume(rotation.name)
        self.wait_for_metrics("decision", REGISTERING, 1)
        self.run_statement(rotation)
        self.wait_for_metrics("decision", DRAINING, 0)
        self.service.rotations.RollBackRotation(rotation_pb2.RollBackRotationRequest(name=rotation.name, reason="no"))
        self.wait_for_metrics("decision", WITHDRAWING, 1)
        self.run_statement(rotation)
        self.wait_for_metrics("decision", NONE, 0)
        self.assertEqual(self.ended("decision"), {"ROLLED_BACK": 1})

    def test_one_that_failed_is_counted_and_no_longer_open(self):
        from cdi.v1 import key_pair_pb2

        self.service.make_connection("failure")
        rotation = self.service.rotate("failure", mode=ASSISTED)
        self.wait_for_metrics("failure", REGISTERING, 1)
        for pair in (rotation.old_key.key_pair, rotation.new_key.key_pair):
            self.service.key_pairs.RevokeKeyPair(key_pair_pb2.RevokeKeyPairRequest(name=pair, reason="both"))
        harness.wait_until(lambda: self.ended("failure") == {"FAILED": 1}, what="the end")
        self.wait_for_metrics("failure", NONE, 0)

    def test_an_open_rotation_is_shown_again_after_a_restart(self):
        self.service.make_connection("restart")
        self.service.rotate("restart", mode=ASSISTED)
        self.wait_for_metrics("restart", REGISTERING, 1)
        self.service.server.stop()
        self.service.start_server()
        self.wait_for_metrics("restart", REGISTERING, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
