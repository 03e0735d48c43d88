#!/usr/bin/python3
"""Rotations of a Snowflake user's key as people meet them: by hand, by the service, over a rotator, around foreign keys, there and
back, and through a crash. Both sides are asked each time: the receipts here, DESC USER and the login log there."""
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness, rotations  # noqa: E402
from tests.support.rotations import (ADMINISTRATOR, ASSISTED, AUTOMATIC, DONE, DRAINING, GRANT, OPERATOR,  # noqa: E402
                                     REGISTERING, REVOKE, ROLE, ROLLED_BACK, UNSETTING, USER)

BINARIES = sys.argv.pop(1)


class KeyRotationTest(unittest.TestCase):
    """One account for all: each test begins with one active key and leaves one behind, as years of rotations do."""

    @classmethod
    def setUpClass(cls):
        cls.service = rotations.KeyService(BINARIES)
        cls.sync = cls.service.make_sync("users", "USERS")

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    def tearDown(self):
        """Whatever was done: one key is left, the same on both sides, and a run works with it."""
        from cdi.v1 import connection_pb2

        status = self.service.status()
        here = {slot.fingerprint_here for slot in status.slots if slot.fingerprint_here}
        self.assertEqual(len(here), 1, status)
        self.assertEqual(self.service.there(), here)
        self.assertEqual(self.service.run(self.sync).state, 3)
        self.service.sql(REVOKE + ROLE)
        self.service.connections.UpdateConnection(connection_pb2.UpdateConnectionRequest(
            connection=connection_pb2.Connection(name="connections/main"), update_mask={"paths": ["rotation"]}))

    def refused(self, reason, call):
        import grpc

        with self.assertRaises(grpc.RpcError) as raised:
            call()
        details = dict(raised.exception.trailing_metadata())["grpc-status-details-bin"]
        self.assertIn(reason.encode(), details, raised.exception)

    def audited(self, verb, outcome):
        from cdi.v1 import audit_pb2

        answer = self.service.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(verb=verb, page_size=1000))
        return [entry.detail for entry in answer.entries if audit_pb2.AuditEntry.Outcome.Name(entry.outcome) == outcome]

    def run_statement(self, rotation):
        self.assertEqual(rotation.next_actor, ADMINISTRATOR, rotation)
        self.service.sql(rotation.next_statement)

    def test_by_hand_the_service_shows_each_statement_and_proves_what_it_did(self):
        rotation = self.service.rotate(mode=ASSISTED, reason="quarterly")
        self.assertEqual(rotation.step, REGISTERING, rotation)
        self.assertIn("SET RSA_PUBLIC_KEY", rotation.next_statement)
        self.refused("ROTATION_IN_PROGRESS", self.service.rotate)
        self.run_statement(rotation)
        rotation = self.service.resume(rotation.name)
        self.assertEqual(rotation.step, DRAINING, rotation)
        self.refused("ROTATION_DRAINING", self.service.rotate)
        self.assertEqual(self.service.there(), {rotation.old_key.fingerprint, rotation.new_key.fingerprint})
        rotation = self.service.wait_for(rotation.name, lambda r: r.next_actor == ADMINISTRATOR, "the end of the drain")
        self.assertIn("UNSET RSA_PUBLIC_KEY", rotation.next_statement)
        self.run_statement(rotation)
        receipt = self.service.wait_for_step(rotation.name, DONE)  # seen by itself, without a word from anybody
        self.service.check_receipt(receipt, self)
        self.assertEqual((receipt.set_by, receipt.unset_by, receipt.reason), ("administrator", "administrator", "quarterly"))
        self.assertEqual(self.service.there(), {receipt.new_key.fingerprint})

    def test_with_the_grant_the_service_does_all_of_it(self):
        self.service.sql(GRANT + ROLE)
        receipt = self.service.wait_for_step(self.service.rotate(mode=AUTOMATIC).name, DONE)
        self.service.check_receipt(receipt, self)
        self.assertEqual((receipt.set_by, receipt.unset_by), ("connections/main", "connections/main"))

    def test_without_the_grant_it_says_so_and_asks_an_administrator(self):
        rotation = self.service.rotate(mode=AUTOMATIC)
        self.assertIn("MODIFY PROGRAMMATIC AUTHENTICATION METHODS", rotation.fallback)
        self.run_statement(rotation)
        self.service.sql(GRANT + ROLE)  # from now on it may itself
        receipt = self.service.wait_for_step(rotation.name, DONE)
        self.service.check_receipt(receipt, self)
        self.assertEqual((receipt.set_by, receipt.unset_by), ("administrator", "connections/main"))

    def test_the_grant_that_was_asked_for_is_used_when_somebody_resumes(self):
        rotation = self.service.rotate(mode=AUTOMATIC)
        self.assertEqual(rotation.next_actor, ADMINISTRATOR, rotation)
        self.service.sql(GRANT + ROLE)
        rotation = self.service.resume(rotation.name)
        self.assertEqual((rotation.step, rotation.fallback), (DRAINING, ""), rotation)
        self.service.check_receipt(self.service.wait_for_step(rotation.name, DONE), self)

    def test_the_same_request_gets_the_same_rotation_and_another_one_is_refused(self):
        self.service.sql(GRANT + ROLE)
        self.refused("INVALID_FIELD", lambda: self.service.rotate(request_id="q1", rotation_id="named"))
        first = self.service.rotate(mode=AUTOMATIC, request_id="q1")
        self.refused("REQUEST_ID_REUSED", lambda: self.service.rotate(mode=ASSISTED, request_id="q1"))
        self.service.wait_for_step(first.name, DONE)
        self.assertEqual(self.service.rotate(mode=AUTOMATIC, request_id="q1").name, first.name)
        named = self.service.rotate(mode=AUTOMATIC, rotation_id="named")
        self.refused("RESOURCE_EXISTS", lambda: self.service.rotate(mode=ASSISTED, rotation_id="named"))
        self.assertEqual(self.service.rotate(mode=AUTOMATIC, rotation_id="named").name, named.name)
        self.service.wait_for_step(named.name, DONE)
        self.refused("RESOURCE_EXISTS", lambda: self.service.rotate(mode=AUTOMATIC, rotation_id="named"))

    def test_a_rotator_connection_runs_what_the_own_role_may_not(self):
        from cdi.v1 import connection_pb2, key_pair_pb2

        self.service.sql(f"CREATE ROLE KEY_ROTATOR; CREATE USER KEY_ROTATOR TYPE=SERVICE DEFAULT_ROLE=KEY_ROTATOR; "
                         f"GRANT ROLE KEY_ROTATOR TO USER KEY_ROTATOR; {GRANT}KEY_ROTATOR")
        main = self.service.connections.GetConnection(connection_pb2.GetConnectionRequest(name="connections/main"))
        rotator = connection_pb2.Connection(snowflake=main.snowflake)
        rotator.snowflake.user = rotator.snowflake.role = "KEY_ROTATOR"
        rotator.snowflake.warehouse = ""
        rotator.snowflake.account = "myorg-test"  # the same account, as some write it
        self.service.connections.CreateConnection(connection_pb2.CreateConnectionRequest(
            connection_id="rotator", connection=rotator))
        pair = self.service.key_pairs.GenerateKeyPair(key_pair_pb2.GenerateKeyPairRequest(
            connection="connections/rotator", key_bits=2048))
        self.service.sql(pair.register_statement)
        self.service.connections.UpdateConnection(connection_pb2.UpdateConnectionRequest(
            connection=connection_pb2.Connection(name="connections/main", rotation={"rotator_connection": "connections/rotator"}),
            update_mask={"paths": ["rotation.rotator_connection"]}))
        self.service.test_connection("rotator")  # without a virtual warehouse, as it is meant to be
        receipt = self.service.wait_for_step(self.service.rotate(mode=AUTOMATIC).name, DONE)
        self.service.check_receipt(receipt, self)
        self.assertEqual((receipt.set_by, receipt.unset_by), ("connections/rotator", "connections/rotator"))

    def test_a_foreign_key_is_overwritten_only_when_it_is_named(self):
        from cdi.v1 import rotation_pb2

        self.service.sql(GRANT + ROLE)
        _, public, fingerprint = rotations.make_key(self.service.path, "foreign.p8")
        free = next(slot for slot in self.service.status().slots if not slot.key_pair)
        self.service.sql(f"ALTER USER {USER} SET {('RSA_PUBLIC_KEY', 'RSA_PUBLIC_KEY_2')[free.slot - 1]}='{public}'")
        verdicts = {slot.verdict for slot in self.service.status().slots}
        self.assertEqual(verdicts, {2, 4})  # MATCHES, FOREIGN
        rotation = self.service.rotate(mode=AUTOMATIC)
        self.assertEqual((rotation.next_actor, rotation.problem.reason), (OPERATOR, "ROTATION_SLOT_FOREIGN"), rotation)
        self.assertIn(fingerprint, rotation.problem.message)
        self.assertIn(fingerprint, self.service.there())

        def permit(named):
            return self.service.rotations.PermitOverwrite(rotation_pb2.PermitOverwriteRequest(name=rotation.name, fingerprint=named))

        self.refused("INVALID_FIELD", lambda: permit("SHA256:" + "A" * 43 + "="))
        self.assertNotEqual(permit(fingerprint).next_actor, OPERATOR)
        receipt = self.service.wait_for_step(rotation.name, DONE)
        self.assertEqual(receipt.permitted_fingerprint, fingerprint)
        self.assertNotIn(fingerprint, self.service.there())

    def test_the_way_back_is_open_until_the_old_key_is_unset(self):
        from cdi.v1 import rotation_pb2

        self.service.sql(GRANT + ROLE)
        rotation = self.service.rotate(mode=AUTOMATIC)
        self.assertEqual(rotation.step, DRAINING, rotation)
        back = self.service.rotations.RollBackRotation(rotation_pb2.RollBackRotationRequest(name=rotation.name, reason="no"))
        back = self.service.wait_for_step(back.name, ROLLED_BACK)
        self.assertEqual(self.service.there(), {rotation.old_key.fingerprint})
        self.assertIn("no", back.rollback_reason)
        self.assertTrue(back.restore_proof.text)
        self.refused("ROTATION_ENDED", lambda: self.service.rotations.RollBackRotation(
            rotation_pb2.RollBackRotationRequest(name=rotation.name, reason="again")))

    def test_a_crash_at_any_step_is_taken_up_where_it_happened(self):
        rotation = self.service.rotate(mode=ASSISTED)
        self.service.server.kill()
        self.service.sql(rotation.next_statement)  # run while nobody watches
        self.service.start_server()
        rotation = self.service.wait_for_step(rotation.name, DRAINING)
        self.service.server.kill()
        self.service.start_server()
        rotation = self.service.wait_for_step(rotation.name, UNSETTING)
        self.service.wait_for(rotation.name, lambda r: r.next_actor == ADMINISTRATOR, "the statement")
        self.service.server.kill()
        self.service.sql(self.unset(rotation))
        self.service.start_server()
        self.service.check_receipt(self.service.wait_for_step(rotation.name, DONE), self)

    @staticmethod
    def unset(rotation):
        return f"ALTER USER {USER} UNSET {('RSA_PUBLIC_KEY', 'RSA_PUBLIC_KEY_2')[rotation.old_key.slot - 1]}"

    def test_an_encrypted_key_file_is_imported_and_rotated_to(self):
        from cdi.v1 import key_pair_pb2

        self.service.sql(GRANT + ROLE)
        folder = self.service.path / "import"
        key, _, fingerprint = rotations.make_key(folder, "own.p8", "canary pass 77")
        (folder / "own.pass").write_text("canary pass 77\n")

        def take(**fields):
            return self.service.key_pairs.ImportKeyPair(key_pair_pb2.ImportKeyPairRequest(
                connection="connections/main", key_pair_id="own", **fields))

        (folder / "own.pass").chmod(0o640)
        self.refused("KEY_IMPORT_UNSAFE", lambda: take(file="own.p8", passphrase_file="own.pass"))
        (folder / "own.pass").chmod(0o600)
        (folder / "link.p8").symlink_to(key)
        self.refused("KEY_IMPORT_UNREADABLE", lambda: take(file="link.p8", passphrase_file="own.pass"))
        self.refused("INVALID_FIELD", lambda: take(file="../import/own.p8", passphrase_file="own.pass"))
        self.refused("passphrase_file", lambda: take(file="own.p8"))
        pair = take(file="own.p8", passphrase_file="own.pass")
        for outcome in ("DONE", "REFUSED"):  # the pair's name and the file, also of the attempts that were refused
            self.assertTrue(any(f'{pair.name} of file "own.p8"' in line for line in self.audited("ImportKeyPair", outcome)), outcome)
        self.assertEqual(pair.fingerprint, fingerprint)
        receipt = self.service.wait_for_step(self.service.rotate(mode=AUTOMATIC, key_pair=pair.name).name, DONE)
        self.service.check_receipt(receipt, self)
        self.assertEqual(self.service.there(), {fingerprint})

    def test_a_revoked_new_pair_turns_its_rotation_back(self):
        from cdi.v1 import key_pair_pb2

        self.service.sql(GRANT + ROLE)
        rotation = self.service.rotate(mode=AUTOMATIC)
        self.assertEqual(rotation.step, DRAINING, rotation)
        pair = self.service.key_pairs.RevokeKeyPair(key_pair_pb2.RevokeKeyPairRequest(
            name=rotation.new_key.key_pair, reason="stolen"))
        self.assertEqual((pair.state, pair.rotation), (5, rotation.name))
        self.assertIn("UNSET", pair.unregister_statement)
        self.service.wait_for_step(rotation.name, ROLLED_BACK)
        self.assertEqual(self.service.there(), {rotation.old_key.fingerprint})

    def test_zz_no_key_and_no_passphrase_is_in_any_log_or_state_file(self):
        kept = ("master.key", "own.p8", "own.pass", "foreign.p8", "braze.key")
        for path in self.service.path.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.name not in kept:
                content = path.read_bytes()
                self.assertNotIn(b"canary pass 77", content, path)
                self.assertNotIn(b"PRIVATE KEY", content, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
