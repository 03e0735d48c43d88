#!/usr/bin/python3
"""What deleting a connection does to its keys: nothing is left valid in Snowflake that nobody was told of, and no rotation and no other
connection is left without it."""
import subprocess
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import rotations  # noqa: E402

BINARIES = sys.argv.pop(1)


class DeleteConnectionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = rotations.KeyService(BINARIES)

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    def make(self, name, **fields):
        """A connection of a user of its own, with one active key pair; the user's name."""
        from cdi.v1 import connection_pb2, key_pair_pb2

        service, user = self.service, f"USER_{name.upper()}"
        service.sql(f"CREATE USER {user} TYPE=SERVICE DEFAULT_ROLE={rotations.ROLE} DEFAULT_WAREHOUSE=BRAZE_INGESTION_WAREHOUSE; "
                    f"GRANT ROLE {rotations.ROLE} TO USER {user}")
        connection = connection_pb2.Connection(rotation=fields.pop("rotation", None))
        connection.snowflake.CopyFrom(service.connections.GetConnection(
            connection_pb2.GetConnectionRequest(name="connections/main")).snowflake)
        connection.snowflake.user = user
        service.connections.CreateConnection(connection_pb2.CreateConnectionRequest(connection_id=name, connection=connection))
        pair = service.key_pairs.GenerateKeyPair(key_pair_pb2.GenerateKeyPairRequest(
            connection=f"connections/{name}", key_pair_id="k1", key_bits=2048))
        service.sql(pair.register_statement)
        service.test_connection(name)
        return user

    def delete(self, name):
        from cdi.v1 import connection_pb2

        return self.service.connections.DeleteConnection(connection_pb2.DeleteConnectionRequest(name=f"connections/{name}"))

    def refused(self, reason, call):
        import grpc

        with self.assertRaises(grpc.RpcError) as raised:
            call()
        self.assertIn(reason.encode(), dict(raised.exception.trailing_metadata())["grpc-status-details-bin"])
        return raised.exception.details()

    def test_the_answer_holds_what_ends_the_keys_in_snowflake(self):
        user = self.make("told")
        self.assertEqual(len(self.service.there(user)), 1)
        answer = self.delete("told")
        self.assertEqual(list(answer.unregister_statements), [f"ALTER USER {user} UNSET RSA_PUBLIC_KEY"])
        self.assertEqual(len(self.service.there(user)), 1, "Snowflake does not notice by itself")
        self.service.sql(answer.unregister_statements[0])
        self.assertEqual(self.service.there(user), set())

    def test_the_command_line_prints_it(self):
        user = self.make("printed")
        shown = subprocess.run([self.service.binaries / "cdi", "--server", self.service.server.address, "connections", "delete",
                                "printed"], check=True, capture_output=True, text=True).stdout
        self.assertIn("deleted connections/printed", shown)
        self.assertIn("still valid in Snowflake", shown)
        self.assertIn(f"ALTER USER {user} UNSET RSA_PUBLIC_KEY;", shown)

    def test_the_rotator_of_another_connection_stays(self):
        from cdi.v1 import connection_pb2

        self.make("helper")
        self.make("helped", rotation={"rotator_connection": "connections/helper"})
        self.assertIn("connections/helped", self.refused("IN_USE", lambda: self.delete("helper")))
        self.service.connections.UpdateConnection(connection_pb2.UpdateConnectionRequest(
            connection=connection_pb2.Connection(name="connections/helped"),
            update_mask={"paths": ["rotation.rotator_connection"]}))
        self.assertEqual(len(self.delete("helper").unregister_statements), 1)

    def test_an_open_rotation_is_ended_first(self):
        from cdi.v1 import key_pair_pb2, rotation_pb2

        self.make("turning")
        rotation = self.service.rotations.RotateKeyPair(rotation_pb2.RotateKeyPairRequest(
            connection="connections/turning", mode=rotations.ASSISTED, key_bits=2048))
        self.assertEqual(rotation.step, rotations.REGISTERING)
        message = self.refused("ROTATION_IN_PROGRESS", lambda: self.delete("turning"))
        self.assertIn(rotation.name, message)
        self.assertIn("revoke", message)
        self.assertEqual(self.service.rotation(rotation.name).step, rotations.REGISTERING)
        for pair in (rotation.old_key.key_pair, rotation.new_key.key_pair):
            self.refused("ROTATION_IN_PROGRESS", lambda: self.delete("turning"))
            self.service.key_pairs.RevokeKeyPair(key_pair_pb2.RevokeKeyPairRequest(name=pair, reason="leak"))
        # At once, whenever the service looks at the rotation next.
        self.assertEqual(list(self.delete("turning").unregister_statements), [])

    def test_a_rotation_that_was_rolled_back_is_in_nobodys_way(self):
        from cdi.v1 import rotation_pb2

        user = self.make("back")
        rotation = self.service.rotations.RotateKeyPair(rotation_pb2.RotateKeyPairRequest(
            connection="connections/back", mode=rotations.ASSISTED, key_bits=2048))
        self.service.rotations.RollBackRotation(rotation_pb2.RollBackRotationRequest(name=rotation.name, reason="no"))
        self.service.wait_for_step(rotation.name, rotations.ROLLED_BACK)
        answer = self.delete("back")
        for statement in answer.unregister_statements:
            self.service.sql(statement)
        self.assertEqual(self.service.there(user), set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
