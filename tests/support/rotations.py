"""What the tests of key rotations share: the service with short times, and looks at both sides of the keys."""
import subprocess

from tests.support import harness

USER, ROLE = "BRAZE_INGESTION_USER", "BRAZE_INGESTION_ROLE"
# Real times are hours; a drain shorter than a login under way is for stand-ins only, and the server says so.
CONFIG = ("key_rotation: {drain_seconds: 4, login_seconds_max: 4, poll_seconds: 1}\n"
          "key_import_dir: {path}/import\n")
PLANNED, REGISTERING, DRAINING, UNSETTING, DONE, ROLLED_BACK = 1, 3, 6, 7, 9, 13
ASSISTED, AUTOMATIC = 1, 2
SERVICE, ADMINISTRATOR, OPERATOR = 2, 3, 4
GRANT = f"GRANT MODIFY PROGRAMMATIC AUTHENTICATION METHODS ON USER {USER} TO ROLE "
REVOKE = f"REVOKE MODIFY PROGRAMMATIC AUTHENTICATION METHODS ON USER {USER} FROM ROLE "


class KeyService(harness.Service):
    """One Snowflake connection `main` with an active key pair `first`."""

    def __init__(self, binaries, tables=("USERS",), config=CONFIG, **options):
        super().__init__(binaries, list(tables), config=config, **options)
        (self.path / "import").mkdir(mode=0o700)
        self.set_up()
        self.test_connection("main")

    def test_connection(self, connection):
        from cdi.v1 import connection_pb2

        test = self.connections.TestConnection(connection_pb2.TestConnectionRequest(name=f"connections/{connection}"))
        assert test.passed, test

    def start_server(self, environment=None):
        super().start_server(environment)
        self.metrics_url = self.server.process.stdout.readline().split()[-1]

    def let_pass(self, clock, **amount):
        """Moves the clock. The server hangs up on clients of hours ago, so this one comes anew."""
        clock.move(**amount)
        self.channel.close()
        self.make_client()

    def make_connection(self, connection_id, granted=False, rotation=None):
        """A connection with a user of its own, of the same name, an active key, and a schedule if one is given."""
        from cdi.v1 import connection_pb2, key_pair_pb2

        user = connection_id.upper()
        self.sql(f"CREATE USER {user} TYPE=SERVICE DEFAULT_ROLE={ROLE}; GRANT ROLE {ROLE} TO USER {user}")
        if granted:
            self.sql(f"GRANT MODIFY PROGRAMMATIC AUTHENTICATION METHODS ON USER {user} TO ROLE {ROLE}")
        main = self.connections.GetConnection(connection_pb2.GetConnectionRequest(name="connections/main"))
        connection = connection_pb2.Connection(snowflake=main.snowflake, rotation=rotation)
        connection.snowflake.user = user
        self.connections.CreateConnection(connection_pb2.CreateConnectionRequest(
            connection_id=connection_id, connection=connection))
        pair = self.key_pairs.GenerateKeyPair(key_pair_pb2.GenerateKeyPairRequest(
            connection=f"connections/{connection_id}", key_bits=2048))
        self.sql(pair.register_statement)
        self.test_connection(connection_id)

    def schedule(self, connection, rotation=None):
        """Changes the schedule; None ends it."""
        from cdi.v1 import connection_pb2

        self.connections.UpdateConnection(connection_pb2.UpdateConnectionRequest(
            connection=connection_pb2.Connection(name=f"connections/{connection}", rotation=rotation),
            update_mask={"paths": ["rotation"]}))

    def rotate(self, connection="main", **fields):
        from cdi.v1 import rotation_pb2

        return self.rotations.RotateKeyPair(rotation_pb2.RotateKeyPairRequest(
            connection=f"connections/{connection}", **{"key_bits": 0 if "key_pair" in fields else 2048, **fields}))

    def rotation(self, name):
        from cdi.v1 import rotation_pb2

        return self.rotations.GetRotation(rotation_pb2.GetRotationRequest(name=name))

    def rotations_of(self, connection):
        """All of them, newest first."""
        from cdi.v1 import rotation_pb2

        return list(self.rotations.ListRotations(rotation_pb2.ListRotationsRequest(
            connection=f"connections/{connection}")).rotations)

    def resume(self, name):
        from cdi.v1 import rotation_pb2

        return self.rotations.ContinueRotation(rotation_pb2.ContinueRotationRequest(name=name))

    def wait_for(self, name, condition, what, deadline_s=40):
        """The rotation once `condition` holds for it."""
        seen = []

        def look():
            seen[:] = [self.rotation(name)]
            return condition(seen[0])

        try:
            harness.wait_until(look, deadline_s, what)
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {seen}") from None
        return seen[0]

    def wait_for_step(self, name, step, deadline_s=40):
        return self.wait_for(name, lambda rotation: rotation.step == step, f"step {step} of {name}", deadline_s)

    def status(self, connection="main", offline=False):
        from cdi.v1 import rotation_pb2

        return self.rotations.GetKeyStatus(rotation_pb2.GetKeyStatusRequest(
            connection=f"connections/{connection}", offline=offline))

    def there(self, user=USER):
        """The fingerprints that Snowflake has, empty slots left out."""
        properties = {row[0]: row[1] for row in self.sql(f"DESC USER {user}")["rows"]}
        found = {properties["RSA_PUBLIC_KEY_FP"], properties["RSA_PUBLIC_KEY_2_FP"]}
        return {fingerprint for fingerprint in found if fingerprint not in (None, "null", "")}

    def metric(self, name, **labels):
        """The value of one time series; None where there is none."""
        import urllib.request

        with urllib.request.urlopen(self.metrics_url) as reply:
            text = reply.read().decode()
        series = name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "} "
        return next((float(line[len(series):]) for line in text.splitlines() if line.startswith(series)), None)

    def log(self, event):
        """The lines of one event, of all starts of the server."""
        import json

        lines = (json.loads(line) for line in (self.path / "server.log").read_text().splitlines())
        return [line for line in lines if line["event"] == event]

    def logins(self):
        import json
        import urllib.request

        with urllib.request.urlopen(f"http://{self.snowflake.address}/__mock/logins") as reply:
            return json.load(reply)["logins"]

    def check_receipt(self, receipt, test):
        """The receipt of a rotation that is done, against the account's own records."""
        test.assertEqual(receipt.step, DONE, receipt)
        test.assertFalse(receipt.HasField("problem"), receipt)
        session = receipt.proof.text.rsplit(" ", 1)[1]
        proof = [login for login in self.logins() if str(login["session_id"]) == session]
        test.assertEqual([(login["fingerprint"], login["success"]) for login in proof],
                         [(receipt.new_key.fingerprint, True)], receipt)
        reached = [step.step for step in receipt.step_times]
        test.assertEqual(reached, sorted(reached), "no step was taken twice")


def make_key(path, name, passphrase=None):
    """A private key file (encrypted with a passphrase) and its public half as Snowflake wants it, with its fingerprint."""
    import base64
    import hashlib

    plain = path / f"{name}.plain"
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", plain],
                   check=True, stderr=subprocess.DEVNULL)
    public = subprocess.run(["openssl", "pkey", "-in", plain, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    key = path / name
    if passphrase is None:
        plain.rename(key)
    else:
        subprocess.run(["openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", plain, "-out", key, "-passout",
                        f"pass:{passphrase}"], check=True)
        plain.unlink()
    key.chmod(0o600)
    digest = base64.b64encode(hashlib.sha256(public).digest()).decode()
    return key, base64.b64encode(public).decode(), f"SHA256:{digest}"
