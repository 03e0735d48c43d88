"""Runs the real programs for tests: both stand-ins and cdi-server, on free loopback ports, and plain gRPC stubs made from
the proto files alone. Everything started is ended with the harness, by its own process id."""
import atexit
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATABASE, SCHEMA = "BRAZE_CLOUD_PRODUCTION", "INGESTION"

ACCOUNT_SQL = f"""
CREATE DATABASE {DATABASE};
CREATE SCHEMA {DATABASE}.{SCHEMA};
CREATE ROLE BRAZE_INGESTION_ROLE;
CREATE WAREHOUSE BRAZE_INGESTION_WAREHOUSE WAREHOUSE_SIZE=XSMALL AUTO_SUSPEND=60 AUTO_RESUME=TRUE INITIALLY_SUSPENDED=TRUE;
GRANT USAGE ON WAREHOUSE BRAZE_INGESTION_WAREHOUSE TO ROLE BRAZE_INGESTION_ROLE;
GRANT USAGE ON DATABASE {DATABASE} TO ROLE BRAZE_INGESTION_ROLE;
GRANT USAGE ON SCHEMA {DATABASE}.{SCHEMA} TO ROLE BRAZE_INGESTION_ROLE;
CREATE USER BRAZE_INGESTION_USER TYPE=SERVICE DEFAULT_ROLE=BRAZE_INGESTION_ROLE DEFAULT_WAREHOUSE=BRAZE_INGESTION_WAREHOUSE;
GRANT ROLE BRAZE_INGESTION_ROLE TO USER BRAZE_INGESTION_USER;
"""


def create_table(name):
    return f"""
CREATE TABLE {DATABASE}.{SCHEMA}.{name} (UPDATED_AT TIMESTAMP_NTZ(9) NOT NULL, EXTERNAL_ID VARCHAR(16777216),
  ALIAS_LABEL VARCHAR(16777216), ALIAS_NAME VARCHAR(16777216), BRAZE_ID VARCHAR(16777216), EMAIL VARCHAR(16777216),
  PHONE VARCHAR(16777216), PAYLOAD VARCHAR(16777216));
GRANT SELECT ON TABLE {DATABASE}.{SCHEMA}.{name} TO ROLE BRAZE_INGESTION_ROLE;
"""


def make_stubs(directory):
    """Compiles the proto files of the repository into `directory` and puts it on the import path."""
    from grpc_tools import protoc

    protos = [str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto/cdi/v1").glob("*.proto")]
    third_party = ["google/rpc/status.proto", "google/rpc/error_details.proto"]
    status = protoc.main(["protoc", f"-I{ROOT}/proto", f"-I{ROOT}/proto/third_party", f"--python_out={directory}",
                          f"--grpc_python_out={directory}", *protos, *third_party])
    assert status == 0, "protoc failed"
    sys.path.insert(0, str(directory))


class Program:
    """A child process whose first line of output names the address it listens on."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        atexit.register(self.stop)  # also when a set-up fails half-way
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command[0]} did not start: {pathlib.Path(log).read_text()[-500:]}")
        self.address = line.split()[-1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Asks it to end; answers its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        if not self.process.stdout.closed:
            self.process.stdout.close()
        return self.process.returncode


class Service(contextlib.AbstractContextManager):
    """Both stand-ins, the service, and a client. `binaries` is the build's bin directory, `config` further lines of the
    server's configuration, with {path} for the test's own directory."""

    API_KEY = "canary-api-key-51f0"

    # Who may call: everybody on this machine, as the tests of everything else want it.
    ACCESS = "plaintext: true\naccess: {anonymous_role: admin, tests_per_minute: 600}\n"

    def __init__(self, binaries, tables, latency_ms=10, tls=True, config=""):
        self.binaries = pathlib.Path(binaries).resolve()
        self.directory = tempfile.TemporaryDirectory(prefix="cdi-test-")
        self.path = pathlib.Path(self.directory.name)
        (self.path / "stubs").mkdir()
        make_stubs(self.path / "stubs")
        (self.path / "account.sql").write_text(ACCOUNT_SQL + "".join(create_table(t) for t in tables))
        key_file = self.path / "braze.key"
        key_file.touch(mode=0o600)
        key_file.write_text(self.API_KEY)
        self.snowflake = Program([self.binaries / "snowflake-mock", "--listen", "127.0.0.1:0", "--account", "MYORG-TEST",
                                  "--init", self.path / "account.sql"], self.path / "snowflake.log")
        tls_flags = ["--tls", "--write-ca", self.path / "ca.pem"] if tls else []
        self.braze = Program([self.binaries / "braze-mock", "--listen", "127.0.0.1:0", "--api-key-file", key_file,
                              "--latency", str(latency_ms), *tls_flags], self.path / "braze.log")
        (self.path / "keys").mkdir(mode=0o700)
        ca = f"braze_ca_file: {self.path}/ca.pem\n" if tls else ""
        (self.path / "server.yaml").write_text(
            f"listen: 127.0.0.1:0\n{self.ACCESS}metrics_listen: 127.0.0.1:0\nstate_dir: {self.path}/state\n"
            f"master_key: {{file: {self.path}/keys/master.key, create: true}}\nallow_loopback_endpoints: true\n{ca}"
            f"driver_paths: [{self.binaries.parent}/lib/libcdisfodbc.so]\n{config.replace('{path}', str(self.path))}")
        self.start_server()

    def __exit__(self, *_):
        for program in (self.server, self.braze, self.snowflake):
            program.stop()
        self.directory.cleanup()

    def start_server(self, environment=None):
        old = dict(os.environ)
        os.environ.update(environment or {})
        try:
            self.server = Program([self.binaries / "cdi-server", "--config", self.path / "server.yaml"],
                                  self.path / "server.log")
        finally:
            os.environ.clear()
            os.environ.update(old)
        self.make_client()

    def make_client(self):
        """The stubs, over a connection that is yet to be made."""
        import grpc
        from cdi.v1 import (access_pb2_grpc, audit_pb2_grpc, connection_pb2_grpc, key_pair_pb2_grpc, rotation_pb2_grpc, run_pb2_grpc,
                            sync_pb2_grpc, workspace_pb2_grpc)

        channel = self.channel = grpc.insecure_channel(self.server.address, [("grpc.use_local_subchannel_pool", 1)])
        self.access = access_pb2_grpc.AccessServiceStub(channel)
        self.audit = audit_pb2_grpc.AuditServiceStub(channel)
        self.connections = connection_pb2_grpc.ConnectionServiceStub(channel)
        self.key_pairs = key_pair_pb2_grpc.KeyPairServiceStub(channel)
        self.rotations = rotation_pb2_grpc.RotationServiceStub(channel)
        self.workspaces = workspace_pb2_grpc.WorkspaceServiceStub(channel)
        self.syncs = sync_pb2_grpc.SyncServiceStub(channel)
        self.runs = run_pb2_grpc.RunServiceStub(channel)

    # ---- the stand-ins ----

    def sql(self, statements):
        request = urllib.request.Request(f"http://{self.snowflake.address}/__mock/sql",
                                         json.dumps({"sql": statements}).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"snowflake-mock refused: {error.read().decode()}") from None

    def braze_get(self, path):
        import ssl

        context = ssl.create_default_context(cafile=self.path / "ca.pem") if self.braze.address.startswith("https") else None
        with urllib.request.urlopen(f"{self.braze.address}/__mock/{path}", context=context) as reply:
            return json.load(reply)

    def braze_post(self, path, body):
        import ssl

        context = ssl.create_default_context(cafile=self.path / "ca.pem") if self.braze.address.startswith("https") else None
        request = urllib.request.Request(f"{self.braze.address}/__mock/{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=context) as reply:
            return reply.read()

    def ledger(self):
        """Every object that Braze took, in order: (array, identifier, effect, …)."""
        start = 1
        while start is not None:
            page = self.braze_get(f"ledger?from={start}&limit=20000")
            yield from page["objects"]
            start = page["next"]

    # ---- the usual set-up ----

    def set_up(self):
        """Connection, registered key pair, workspace."""
        from cdi.v1 import connection_pb2, key_pair_pb2, workspace_pb2

        snowflake = connection_pb2.Connection.Snowflake(
            account="MYORG-TEST", user="BRAZE_INGESTION_USER", role="BRAZE_INGESTION_ROLE",
            warehouse="BRAZE_INGESTION_WAREHOUSE", host="127.0.0.1", port=int(self.snowflake.address.split(":")[1]),
            plaintext=True, driver=str(self.binaries.parent / "lib/libcdisfodbc.so"))
        self.connections.CreateConnection(connection_pb2.CreateConnectionRequest(
            connection_id="main", connection=connection_pb2.Connection(snowflake=snowflake)))
        pair = self.key_pairs.GenerateKeyPair(key_pair_pb2.GenerateKeyPairRequest(
            connection="connections/main", key_pair_id="first", key_bits=2048))
        self.sql(pair.register_statement)
        self.workspaces.CreateWorkspace(workspace_pb2.CreateWorkspaceRequest(
            workspace_id="shop", workspace=workspace_pb2.Workspace(endpoint=self.braze.address, api_key=self.API_KEY)))
        return pair

    def make_sync(self, sync_id, table, data_type=1, **fields):
        """A tested, active sync with no commit lag."""
        from cdi.v1 import sync_pb2
        from google.protobuf import duration_pb2

        sync = sync_pb2.Sync(connection="connections/main", workspace="workspaces/shop", data_type=data_type,
                             database=DATABASE, schema=SCHEMA, table=table,
                             commit_lag=duration_pb2.Duration(), **fields)
        self.syncs.CreateSync(sync_pb2.CreateSyncRequest(sync_id=sync_id, sync=sync))
        name = f"syncs/{sync_id}"
        test = self.syncs.TestSync(sync_pb2.TestSyncRequest(name=name))
        assert test.passed, test
        self.syncs.ActivateSync(sync_pb2.ActivateSyncRequest(name=name))
        return name

    def start_run(self, sync):
        from cdi.v1 import sync_pb2

        return self.syncs.RunSync(sync_pb2.RunSyncRequest(name=sync)).name

    def follow(self, run, deadline_s=120):
        """The ended run."""
        from cdi.v1 import run_pb2

        last = None
        for last in self.runs.WatchRun(run_pb2.WatchRunRequest(name=run), timeout=deadline_s):
            pass
        return last

    def run(self, sync):
        return self.follow(self.start_run(sync))

    def check_log(self):
        """Verifies the run log of the stopped or running server."""
        result = subprocess.run([self.binaries / "cdi-server", "--check_log", self.path / "state"], capture_output=True,
                                text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


def wait_until(condition, deadline_s=60, what="the condition"):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true in {deadline_s} s")
