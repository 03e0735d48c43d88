#!/usr/bin/python3
"""Who gets in over the network: certificates, tokens, limits; with plain gRPC clients against the real program."""
import base64
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import authority, harness  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # refused handshakes are what these tests are about
BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()


def reason_of(error):
    """The reason of a refusal; "" of one that never reached the server."""
    from google.rpc import error_details_pb2, status_pb2

    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return info.reason
    return ""


class Site:
    """cdi-server alone, over TLS, with an authority for it and one for its clients."""

    def __init__(self, more="", access=""):
        self.directory = tempfile.TemporaryDirectory(prefix="cdi-access-")
        self.path = pathlib.Path(self.directory.name)
        self.servers = authority.Authority(self.path, "servers")
        self.clients = authority.Authority(self.path, "clients")
        self.certificate, self.key = self.path / "server.pem", self.path / "server.key"
        self.install(*self.servers.issue("first", "/CN=cdi"))
        (self.path / "keys").mkdir(mode=0o700)
        self.config = self.path / "server.yaml"
        self.config.write_text(
            f"listen: 127.0.0.1:0\nmetrics_listen: 127.0.0.1:0\nstate_dir: {self.path}/state\n"
            f"master_key: {{file: {self.path}/keys/master.key, create: true}}\n"
            f"tls: {{certificate_file: {self.certificate}, key_file: {self.key}, client_ca_file: {self.clients.certificate}{more}}}\n"
            f"access: {{certificates: [{{subject: \"CN=ci,O=Shop\", role: operator}}]{access}}}\n")
        self.admin = self.create_token("boss", "admin")
        self.server = None
        self.start()

    def install(self, certificate, key):
        """Puts a pair where the server looks, each file whole at any time."""
        for source, target in ((key, self.key), (certificate, self.certificate)):
            new = target.with_suffix(".new")
            new.write_bytes(pathlib.Path(source).read_bytes())
            new.chmod(0o600)
            os.replace(new, target)

    def create_token(self, name, role):
        result = subprocess.run([BINARIES / "cdi-server", "--config", self.config, "--create_token", name, "--role", role],
                                capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def start(self):
        self.server = harness.Program([BINARIES / "cdi-server", "--config", self.config], self.path / "server.log")
        self.metrics = self.server.process.stdout.readline().split()[-1]

    def close(self):
        self.server.stop()
        self.directory.cleanup()

    def channel(self, authority_file=None, pair=None, name=None, token=None):
        import grpc

        pair = pair or (None, None)
        certificate, key = (pathlib.Path(file).read_bytes() if file else None for file in pair)
        credentials = grpc.ssl_channel_credentials(
            pathlib.Path(authority_file or self.servers.certificate).read_bytes(), key, certificate)
        if token is not None:
            credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
        if name:
            options.append(("grpc.ssl_target_name_override", name))
        return grpc.secure_channel(self.server.address, credentials, options)


def stubs(channel):
    from cdi.v1 import access_pb2_grpc, sync_pb2_grpc

    return access_pb2_grpc.AccessServiceStub(channel), sync_pb2_grpc.SyncServiceStub(channel)


def list_syncs(channel):
    """(code, reason, what the transport said) of one call."""
    import grpc
    from cdi.v1 import sync_pb2

    try:
        stubs(channel)[1].ListSyncs(sync_pb2.ListSyncsRequest(), timeout=10)
        return "OK", "", ""
    except grpc.RpcError as error:
        return error.code().name, reason_of(error), error.details()
    finally:
        channel.close()


def setUpModule():
    """The stubs of the API, for every class here."""
    directory = tempfile.TemporaryDirectory(prefix="cdi-stubs-")
    unittest.addModuleCleanup(directory.cleanup)
    harness.make_stubs(directory.name)


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()

    @classmethod
    def tearDownClass(cls):
        cls.site.close()

    def test_the_right_authority_name_and_token_get_in(self):
        self.assertEqual(list_syncs(self.site.channel(token=self.site.admin))[0], "OK")

    def test_nobody_gets_in_without_credentials(self):
        self.assertEqual(list_syncs(self.site.channel())[:2], ("UNAUTHENTICATED", "CREDENTIALS_MISSING"))

    def test_a_client_with_another_authority_does_not_talk_to_it(self):
        other = authority.Authority(self.site.path, "others")
        code, reason, _ = list_syncs(self.site.channel(authority_file=other.certificate, token=self.site.admin))
        self.assertEqual((code, reason), ("UNAVAILABLE", ""))

    def test_a_client_that_looks_for_another_name_does_not_talk_to_it(self):
        code, reason, _ = list_syncs(self.site.channel(name="cdi.example.com", token=self.site.admin))
        self.assertEqual((code, reason), ("UNAVAILABLE", ""))

    def test_a_plaintext_client_gets_nothing(self):
        import grpc

        code, reason, _ = list_syncs(grpc.insecure_channel(self.site.server.address))
        self.assertEqual((code, reason), ("UNAVAILABLE", ""))

    def test_the_command_line_without_tls_is_told_of_it(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CDI_")}
        asked = subprocess.run([BINARIES / "cdi", "--server", self.site.server.address, "syncs", "list"], env=environment,
                               capture_output=True, text=True, check=False)
        self.assertEqual(asked.returncode, 5, asked.stderr)
        self.assertIn("if it speaks TLS, give --ca-file FILE", asked.stderr)

    def test_only_tls_1_2_and_1_3_are_spoken(self):
        def handshake(version):
            return subprocess.run(["openssl", "s_client", "-connect", self.site.server.address, version, "-alpn", "h2", "-cipher",
                                   "DEFAULT:@SECLEVEL=0", "-CAfile", self.site.servers.certificate, "-verify_return_error"],
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode

        self.assertEqual(handshake("-tls1_2"), 0)
        self.assertEqual(handshake("-tls1_3"), 0)
        self.assertNotEqual(handshake("-tls1_1"), 0)
        self.assertNotEqual(handshake("-tls1"), 0)

    def test_a_client_certificate_is_its_subject(self):
        import grpc
        from cdi.v1 import access_pb2, sync_pb2

        pair = self.site.clients.issue("ci", "/O=Shop/CN=ci")
        channel = self.site.channel(pair=pair)
        access, syncs = stubs(channel)
        syncs.CreateSync(sync_pb2.CreateSyncRequest(sync_id="by-ci", sync=sync_pb2.Sync(data_type=2)))
        with self.assertRaises(grpc.RpcError) as refused:
            access.ListTokens(access_pb2.ListTokensRequest())
        self.assertEqual(reason_of(refused.exception), "ROLE_TOO_LOW")
        self.assertIn("certificates/CN=ci,O=Shop", refused.exception.details())
        channel.close()
        unknown = self.site.clients.issue("other", "/O=Shop/CN=other")
        self.assertEqual(list_syncs(self.site.channel(pair=unknown))[:2], ("UNAUTHENTICATED", "CERTIFICATE_UNKNOWN"))

    def test_a_client_certificate_that_is_not_valid_ends_the_handshake(self):
        expired = self.site.clients.issue("late", "/O=Shop/CN=ci", days=-1)
        foreign = self.site.servers.issue("foreign", "/O=Shop/CN=ci")
        for pair in (expired, foreign):
            code, reason, _ = list_syncs(self.site.channel(pair=pair))
            self.assertEqual((code, reason), ("UNAVAILABLE", ""), pair)

    def test_tokens_that_are_unknown_revoked_or_expired_are_refused(self):
        from cdi.v1 import access_pb2

        self.assertEqual(list_syncs(self.site.channel(token="cdi_" + "A" * 43))[:2], ("UNAUTHENTICATED", "TOKEN_INVALID"))
        channel = self.site.channel(token=self.site.admin)
        access = stubs(channel)[0]
        made = access.CreateToken(access_pb2.CreateTokenRequest(token_id="short", token=access_pb2.Token(role=1)))
        self.assertEqual(list_syncs(self.site.channel(token=made.secret))[0], "OK")
        access.RevokeToken(access_pb2.RevokeTokenRequest(name="tokens/short", reason="test"))
        self.assertEqual(list_syncs(self.site.channel(token=made.secret))[:2], ("UNAUTHENTICATED", "TOKEN_REVOKED"))
        brief = access_pb2.Token(role=1)
        brief.expire_time.FromNanoseconds(time.time_ns() + 1_000_000_000)
        made = access.CreateToken(access_pb2.CreateTokenRequest(token_id="brief", token=brief))
        harness.wait_until(lambda: list_syncs(self.site.channel(token=made.secret))[1] == "TOKEN_EXPIRED")
        channel.close()

    def test_a_message_beyond_the_bound_is_refused_and_the_next_call_goes_on(self):
        import grpc
        from cdi.v1 import sync_pb2

        channel = self.site.channel(token=self.site.admin)
        syncs = stubs(channel)[1]
        with self.assertRaises(grpc.RpcError) as refused:
            syncs.GetSync(sync_pb2.GetSyncRequest(name="a" * (5 << 20)))
        self.assertEqual(refused.exception.code().name, "RESOURCE_EXHAUSTED")
        syncs.ListSyncs(sync_pb2.ListSyncsRequest())
        with self.assertRaises(grpc.RpcError):
            syncs.ListSyncs(sync_pb2.ListSyncsRequest(), metadata=[("x-long", "a" * (1 << 16))])
        # Metadata beyond the bound may cost its sender the connection, and nobody else anything.
        channel.close()
        self.assertEqual(list_syncs(self.site.channel(token=self.site.admin))[0], "OK")

    def test_metrics_need_a_token(self):
        def status(password):
            request = urllib.request.Request(self.site.metrics)
            if password is not None:
                request.add_header("Authorization", "Basic " + base64.b64encode(f"any:{password}".encode()).decode())
            try:
                with urllib.request.urlopen(request) as reply:
                    return reply.status, reply.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        self.assertEqual(status(None)[0], 401)
        self.assertEqual(status("cdi_" + "A" * 43)[0], 401)
        code, text = status(self.site.admin)
        self.assertEqual(code, 200)
        self.assertIn(b"cdi_build_info", text)

    def test_the_command_line_gets_in_by_files_alone(self):
        token_file = self.site.path / "boss.token"
        token_file.touch(mode=0o600)
        token_file.write_text(self.site.admin + "\n")
        cdi = [BINARIES / "cdi", "--server", self.site.server.address, "--ca-file", self.site.servers.certificate]
        listed = subprocess.run([*cdi, "--token-file", token_file, "tokens", "list"], capture_output=True, text=True, check=False)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("boss", listed.stdout)
        made = subprocess.run([*cdi, "--token-file", token_file, "tokens", "create", "made", "--role", "viewer", "--token-only"],
                              capture_output=True, text=True, check=False)
        self.assertRegex(made.stdout, r"^cdi_[\w-]{43}\n$")
        refused = subprocess.run([*cdi, "tokens", "list"], capture_output=True, text=True, check=False)
        self.assertEqual(refused.returncode, 4)
        self.assertIn("CREDENTIALS_MISSING", refused.stderr)
        token_file.chmod(0o644)
        refused = subprocess.run([*cdi, "--token-file", token_file, "tokens", "list"], capture_output=True, text=True, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("chmod 600", refused.stderr)

    def test_a_first_token_is_made_only_while_no_server_runs(self):
        result = subprocess.run([BINARIES / "cdi-server", "--config", self.site.config, "--create_token", "x", "--role", "admin"],
                                capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (1, ""))

    def test_zz_no_secret_of_a_token_is_in_any_file(self):
        for path in self.site.path.rglob("*"):
            if path.is_file() and path.name != "boss.token":
                self.assertNotIn(self.site.admin[4:].encode(), path.read_bytes(), path)


class ReloadTest(unittest.TestCase):
    def test_new_files_are_served_without_a_restart_and_bad_ones_are_not(self):
        site = Site()
        self.addCleanup(site.close)
        second = authority.Authority(site.path, "second")
        process = site.server.process.pid
        site.install(*second.issue("renewed", "/CN=cdi"))
        harness.wait_until(
            lambda: list_syncs(site.channel(authority_file=second.certificate, token=site.admin))[0] == "OK", what="the new pair")
        self.assertEqual(list_syncs(site.channel(token=site.admin))[0], "UNAVAILABLE")
        expired = second.issue("expired", "/CN=cdi", days=-1)
        site.install(*expired)
        harness.wait_until(
            lambda: list_syncs(site.channel(authority_file=second.certificate, token=site.admin))[0] == "UNAVAILABLE",
            what="that clients refuse the expired certificate")
        site.install(*second.issue("again", "/CN=cdi"))
        harness.wait_until(
            lambda: list_syncs(site.channel(authority_file=second.certificate, token=site.admin))[0] == "OK", what="the third pair")
        self.assertEqual(site.server.process.pid, process)
        self.assertIsNone(site.server.process.poll())
        # A start with an expired pair says so.
        site.server.stop()
        site.install(*expired)
        result = subprocess.run([BINARIES / "cdi-server", "--config", site.config], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("has expired", result.stderr)
        certificate, _ = second.issue("whole", "/CN=cdi")
        _, key = second.issue("other", "/CN=cdi")
        site.install(certificate, key)
        result = subprocess.run([BINARIES / "cdi-server", "--config", site.config], capture_output=True, text=True, check=False)
        self.assertIn("belongs to another certificate", result.stderr)
        site.key.chmod(0o644)
        result = subprocess.run([BINARIES / "cdi-server", "--config", site.config], capture_output=True, text=True, check=False)
        self.assertIn("may be read by everybody", result.stderr)


class RequiredCertificateTest(unittest.TestCase):
    def test_a_token_alone_does_not_pass_where_certificates_are_required(self):
        site = Site(more=", require_client_certificate: true")
        self.addCleanup(site.close)
        self.assertEqual(list_syncs(site.channel(token=site.admin))[:2], ("UNAVAILABLE", ""))
        pair = site.clients.issue("other", "/CN=other")
        self.assertEqual(list_syncs(site.channel(pair=pair, token=site.admin))[0], "OK")


class LimitTest(unittest.TestCase):
    def test_a_caller_beyond_his_calls_is_told_when_to_come_back(self):
        import grpc
        from cdi.v1 import sync_pb2
        from google.rpc import error_details_pb2, status_pb2

        site = Site(access=", calls_per_minute: 5")
        self.addCleanup(site.close)
        channel = site.channel(token=site.admin)
        syncs = stubs(channel)[1]
        for _ in range(5):
            syncs.ListSyncs(sync_pb2.ListSyncsRequest())
        with self.assertRaises(grpc.RpcError) as refused:
            for _ in range(5):  # one may have been filled in meanwhile
                syncs.ListSyncs(sync_pb2.ListSyncsRequest())
        self.assertEqual(reason_of(refused.exception), "TOO_MANY_CALLS")
        retry = error_details_pb2.RetryInfo()
        raw = dict(refused.exception.trailing_metadata())["grpc-status-details-bin"]
        self.assertTrue(any(detail.Unpack(retry) for detail in status_pb2.Status.FromString(raw).details))
        self.assertGreater(retry.retry_delay.ToMilliseconds(), 0)
        channel.close()


class StreamTest(unittest.TestCase):
    """Streams of a run that goes on."""

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(BINARIES, ["USERS"], tls=False)
        cls.service.set_up()
        cls.service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.USERS (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                        "DATEADD(second, SEQ4(), '2026-01-01'::TIMESTAMP_NTZ), 'u-' || SEQ4(), '{\"n\":1}' "
                        "FROM TABLE(GENERATOR(ROWCOUNT => 200))")
        sync = cls.service.make_sync("users", "USERS")
        # The first request hangs until the test is over; the run goes on as long.
        cls.service.braze_post("faults", {"faults": [{"kind": "slow_reply", "ms": 25000, "count": 100}]})
        cls.run_name = cls.service.start_run(sync)

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    def token(self, name, role):
        from cdi.v1 import access_pb2

        made = self.service.access.CreateToken(access_pb2.CreateTokenRequest(token_id=name, token=access_pb2.Token(role=role)))
        return [("authorization", f"Bearer {made.secret}")]

    def test_a_stream_ends_with_its_token(self):
        import grpc
        from cdi.v1 import access_pb2, run_pb2

        metadata = self.token("watcher", 1)
        stream = self.service.runs.WatchRun(run_pb2.WatchRunRequest(name=self.run_name), metadata=metadata, timeout=60)
        next(stream)
        self.service.access.RevokeToken(access_pb2.RevokeTokenRequest(name="tokens/watcher", reason="test"))
        with self.assertRaises(grpc.RpcError) as ended:
            for _ in stream:
                pass
        self.assertEqual(reason_of(ended.exception), "TOKEN_REVOKED")

    def test_ten_thousand_streams_are_refused_while_others_are_served(self):
        import grpc
        from cdi.v1 import run_pb2, run_pb2_grpc

        metadata = self.token("other", 1)
        request = run_pb2.WatchRunRequest(name=self.run_name)
        channels = [grpc.insecure_channel(self.service.server.address, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(10)]
        ended, served, turned_away = [], [], []
        lock, all_asked = threading.Lock(), threading.Event()

        def call():
            while not all_asked.is_set() or len(served) < 20:
                try:
                    self.service.runs.GetRun(run_pb2.GetRunRequest(name=self.run_name), metadata=metadata, timeout=20)
                    served.append(True)
                except grpc.RpcError as error:
                    # For a moment all threads may be at work refusing streams: gRPC says so, and the call is repeated.
                    self.assertEqual(error.code().name, "RESOURCE_EXHAUSTED")
                    turned_away.append(True)

        caller = threading.Thread(target=call)
        caller.start()
        streams = []
        for channel in channels:
            stub = run_pb2_grpc.RunServiceStub(channel)
            for _ in range(1000):
                stream = stub.WatchRun(request)

                def note(future):
                    with lock:
                        ended.append(future)

                stream.add_done_callback(note)
                streams.append(stream)
        held = 20
        harness.wait_until(lambda: len(ended) >= 10_000 - held, what="the refusals")
        all_asked.set()
        caller.join(60)
        self.assertFalse(caller.is_alive())
        self.assertGreaterEqual(len(served), 20)
        with lock:
            codes = {}
            for stream in ended:
                codes[stream.code().name] = codes.get(stream.code().name, 0) + 1
        print("streams that were refused:", codes, "calls served meanwhile:", len(served), "and to be repeated:", len(turned_away))
        self.assertGreater(len(served), len(turned_away))
        self.assertEqual(set(codes), {"RESOURCE_EXHAUSTED"})
        for stream in streams:
            stream.cancel()
        for channel in channels:
            channel.close()


class SilentWarehouseTest(unittest.TestCase):
    def test_a_warehouse_that_never_answers_holds_its_share_of_the_threads_and_no_more(self):
        import grpc
        from cdi.v1 import access_pb2, connection_pb2, key_pair_pb2, rotation_pb2, rotation_pb2_grpc, sync_pb2

        service = harness.Service(BINARIES, [], tls=False)
        self.addCleanup(service.__exit__)
        silent = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.addCleanup(silent.close)
        stubs_of, connections, share = [], 26, 24
        for i in range(connections):
            snowflake = connection_pb2.Connection.Snowflake(
                account="MYORG-TEST", user=f"U{i}", host="127.0.0.1", port=silent.getsockname()[1], plaintext=True,
                driver=str(BINARIES.parent / "lib/libcdisfodbc.so"))
            service.connections.CreateConnection(connection_pb2.CreateConnectionRequest(
                connection_id=f"c{i}", connection=connection_pb2.Connection(snowflake=snowflake)))
            service.key_pairs.GenerateKeyPair(key_pair_pb2.GenerateKeyPairRequest(connection=f"connections/c{i}", key_bits=2048))
        for name in ("one", "two"):
            made = service.access.CreateToken(access_pb2.CreateTokenRequest(token_id=name, token=access_pb2.Token(role=2)))
            channel = grpc.insecure_channel(service.server.address, [("grpc.use_local_subchannel_pool", 1)])
            self.addCleanup(channel.close)
            stubs_of.append((rotation_pb2_grpc.RotationServiceStub(channel), [("authorization", f"Bearer {made.secret}")]))
        calls = []
        for i in range(3 * connections):  # fewer than the server has threads
            stub, metadata = stubs_of[i % 2]
            calls.append(stub.GetKeyStatus.future(
                rotation_pb2.GetKeyStatusRequest(connection=f"connections/c{i % connections}"), metadata=metadata, timeout=60))
        harness.wait_until(lambda: sum(call.done() for call in calls) >= len(calls) - share, 10, "the refusals")
        for _ in range(20):
            service.syncs.ListSyncs(sync_pb2.ListSyncsRequest(), timeout=5)
        # Calls that are being refused count for a moment too, so not quite all of the share need be taken.
        self.assertGreaterEqual(sum(not call.done() for call in calls), share // 2)
        self.assertEqual({reason_of(call.exception()) for call in calls if call.done()}, {"TOO_MANY_CALLS"})
        # What is answered from here goes on, for those connections too.
        stub, metadata = stubs_of[0]
        stub.GetKeyStatus(rotation_pb2.GetKeyStatusRequest(connection="connections/c0", offline=True), metadata=metadata, timeout=5)
        for call in calls:
            call.cancel()


if __name__ == "__main__":
    unittest.main(verbosity=2)
