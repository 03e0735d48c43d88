#!/usr/bin/python3
"""What the listener bears: hours of a connection, pings, streams, memory; HTTP/2 by hand against the real program, whose clock the
test moves. Each bound is asked from both sides."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import authority, harness, http2, moved_clock  # noqa: E402

BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()
HEALTH, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
SERVING = b"\x08\x01"
CUT_FOR_PINGS = (http2.ENHANCE_YOUR_CALM, "too_many_pings")


class Site:
    """cdi-server alone; plaintext and open to viewers, or over TLS."""

    def __init__(self, listen="127.0.0.1:0", tls=False):
        self.directory = tempfile.TemporaryDirectory(prefix="cdi-limits-")
        self.path = pathlib.Path(self.directory.name)
        (self.path / "keys").mkdir(mode=0o700)
        self.authority = None
        transport = "plaintext: true\naccess: {anonymous_role: viewer}\n"
        if tls:
            self.authority = authority.Authority(self.path, "servers")
            certificate, key = self.authority.issue("server", "/CN=cdi")
            transport = f"tls: {{certificate_file: {certificate}, key_file: {key}}}\n"
        self.config = self.path / "server.yaml"
        self.config.write_text(f"listen: {listen.replace('{path}', str(self.path))}\n{transport}log_level: debug\n"
                               f"state_dir: {self.path}/state\nmaster_key: {{file: {self.path}/keys/master.key, create: true}}\n")
        self.server = harness.Program([BINARIES / "cdi-server", "--config", self.config], self.path / "server.log")

    def close(self):
        self.server.stop()
        self.directory.cleanup()

    def channel(self):
        import grpc

        if self.authority is None:
            return grpc.insecure_channel(self.server.address)
        port = self.server.address.rsplit(":", 1)[1]
        return grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(self.authority.certificate.read_bytes()))

    def log(self):
        return (self.path / "server.log").read_text()


class LimitsTest(unittest.TestCase):
    """One server for all; every test has connections of its own, and time only goes on."""

    @classmethod
    def setUpClass(cls):
        cls.clock = cls.enterClassContext(moved_clock.MovedClock())
        cls.site = Site()
        cls.addClassCleanup(cls.site.close)

    def connect(self, **options):
        connection = http2.Connection(self.site.server.address, **options)
        self.addCleanup(connection.close)
        if not options:
            connection.announced()
        return connection

    def answers(self, connection):
        return connection.finish_call(connection.open_call(HEALTH))

    def stays(self, connection):
        """That it does not end by what has happened so far: the server has had time to look at its clock."""
        return not connection.wait(lambda: connection.ended or connection.goaways(), deadline_s=0.3)

    # ---- time of a connection

    def test_a_connection_is_told_to_go_after_an_hour_and_its_calls_are_answered(self):
        connection = self.connect()
        call = connection.open_call(HEALTH)
        self.assertTrue(self.stays(connection))
        self.clock.move(minutes=53)  # gRPC spreads the hour by a tenth
        self.assertTrue(connection.wait(lambda: connection.count(http2.PING)), "asked whether it lives, for two minutes passed")
        self.assertTrue(self.stays(connection))
        self.clock.move(minutes=14)
        self.assertTrue(connection.wait(connection.goaways))
        self.assertEqual(connection.goaways()[0][0], http2.NO_ERROR)
        self.assertTrue(connection.finish_call(call))
        self.assertTrue(connection.wait(lambda: connection.ended))
        self.assertTrue(self.answers(self.connect()))

    def test_a_call_that_does_not_end_has_five_minutes_more(self):
        connection = self.connect()
        connection.open_call(HEALTH)
        self.assertTrue(self.stays(connection))
        self.clock.move(minutes=67)
        self.assertTrue(connection.wait(lambda: len(connection.goaways()) == 2), "the second says which calls were taken")
        self.assertFalse(connection.wait(lambda: connection.ended, deadline_s=0.3))
        self.clock.move(minutes=6)
        self.assertTrue(connection.wait(lambda: connection.ended))

    def test_a_client_of_grpc_notices_nothing_but_a_new_connection(self):
        import json

        from cdi.v1 import sync_pb2, sync_pb2_grpc

        channel = self.site.channel()
        self.addCleanup(channel.close)
        syncs = sync_pb2_grpc.SyncServiceStub(channel)
        done = []

        def peers():
            """Where the calls came from, one entry a call."""
            lines = [json.loads(line) for line in self.site.log().splitlines()]
            return [line["peer"] for line in lines if line["event"] == "rpc" and line["method"].endswith("ListSyncs")]

        def call():
            syncs.ListSyncs(sync_pb2.ListSyncsRequest(), timeout=30)  # raises where it fails
            done.append(1)
            harness.wait_until(lambda: len(peers()) == len(done))

        for _ in range(6):
            call()
            self.clock.move(minutes=10)  # less than the idle time
        self.assertEqual(len(set(peers()[:5])), 1, peers())
        self.clock.move(minutes=7)
        harness.wait_until(lambda: call() or len(set(peers())) == 2, what="a call over another connection")

    def test_a_connection_without_calls_is_told_to_go_after_a_quarter_of_an_hour(self):
        connection = self.connect()
        self.assertTrue(self.stays(connection))
        self.clock.move(minutes=14)
        self.assertTrue(self.stays(connection))
        self.clock.move(minutes=2)
        self.assertTrue(connection.wait(lambda: connection.ended))
        self.assertEqual([words for _, words in connection.goaways()], ["enter idle"])

    def test_who_says_nothing_is_hung_up_on_after_ten_seconds(self):
        connection = self.connect(silent=True)
        self.assertTrue(self.stays(connection))
        self.clock.move(seconds=5)
        self.assertTrue(self.stays(connection))
        self.clock.move(seconds=6)
        self.assertTrue(connection.wait(lambda: connection.ended, deadline_s=5))

    def test_a_client_that_does_not_answer_a_ping_within_twenty_seconds_is_hung_up_on(self):
        for answers in (True, False):
            with self.subTest(answers=answers):
                connection = self.connect()
                connection.open_call(HEALTH)
                self.assertTrue(self.stays(connection))
                connection.silent = not answers
                self.clock.move(minutes=3)
                self.assertTrue(connection.wait(lambda: connection.count(http2.PING)))
                self.assertTrue(self.stays(connection))
                self.clock.move(seconds=25)
                self.assertEqual(connection.wait(lambda: connection.ended, deadline_s=0.5 if answers else 30), not answers)

    # ---- how much of it

    def test_a_client_that_pings_too_often_is_cut_off(self):
        for name, in_a_call, pause_s, is_cut in (("every eleven seconds, in a call", True, 11, False),
                                                 ("every five seconds, in a call", True, 5, True),
                                                 ("without a pause, in a call", True, 0, True),
                                                 ("every eleven seconds, without a call", False, 11, True)):
            with self.subTest(name):
                connection = self.connect()
                if in_a_call:
                    connection.open_call(HEALTH)
                self.assertTrue(self.stays(connection))
                answered = 0
                while answered < 10 and connection.ping():
                    answered += 1
                    self.clock.move(seconds=pause_s)
                self.assertEqual(answered < 10, is_cut, answered)
                self.assertEqual(connection.goaways(), [CUT_FOR_PINGS] if is_cut else [])
                self.assertTrue(self.answers(self.connect()), "nobody else minds")

    def test_a_connection_has_a_hundred_streams_and_16_kib_of_metadata_and_is_told_so(self):
        connection, other = self.connect(), self.connect()
        settings = connection.announced()
        self.assertEqual(settings[http2.MAX_CONCURRENT_STREAMS], 100)
        self.assertEqual(settings[http2.MAX_HEADER_LIST_SIZE], 16 << 10)
        streams = [connection.open_call(WATCH) for _ in range(100)]
        for stream in streams:
            connection.send(http2.DATA, http2.END_STREAM, stream, http2.EMPTY_MESSAGE)
        self.assertTrue(connection.wait(lambda: all(connection.of_stream(stream, http2.DATA) for stream in streams)))
        self.assertFalse(connection.finish_call(connection.open_call(HEALTH), deadline_s=0.5))
        self.assertTrue(self.answers(other))

    def test_messages_beyond_the_memory_are_not_taken_and_who_tries_again_is_served_meanwhile(self):
        import grpc
        from cdi.v1 import sync_pb2, sync_pb2_grpc

        channel = self.site.channel()
        self.addCleanup(channel.close)
        connections = [self.connect() for _ in range(4)]
        shed = [connection.flood(calls=99, method="/cdi.v1.SyncService/ListSyncs", size=1_000_000) for connection in connections]
        self.assertTrue(any(shed))
        codes = []

        def is_answered():
            with self.assertRaises(grpc.RpcError) as answered:
                sync_pb2_grpc.SyncServiceStub(channel).GetSync(sync_pb2.GetSyncRequest(name="a" * (3 << 18)), timeout=30)
            codes.append(answered.exception.code().name)
            return codes[-1] == "INVALID_ARGUMENT"  # by the handler, which read it all

        harness.wait_until(is_answered, what=f"an answer to somebody else, after {codes}")
        self.assertLessEqual(set(codes), {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"})
        self.assertFalse(any(connection.ended for connection in connections))
        self.assertTrue(self.answers(self.connect()))

    def test_a_request_has_1_mib_at_most_and_one_byte_more_is_refused(self):
        import grpc
        from cdi.v1 import sync_pb2, sync_pb2_grpc

        channel = self.site.channel()
        self.addCleanup(channel.close)
        syncs = sync_pb2_grpc.SyncServiceStub(channel)
        for more, code in ((0, "INVALID_ARGUMENT"), (1, "RESOURCE_EXHAUSTED"), (0, "INVALID_ARGUMENT")):
            with self.assertRaises(grpc.RpcError) as answered:
                # Four bytes are the field's number and length.
                syncs.GetSync(sync_pb2.GetSyncRequest(name="a" * ((1 << 20) - 4 + more)), timeout=30)
            self.assertEqual(answered.exception.code().name, code, more)


class WhoSeesTheApiTest(unittest.TestCase):
    def test_the_api_describes_itself_on_this_machine_only_and_health_answers_everybody(self):
        import grpc

        # 127.1 is 127.0.0.1 for who listens, and no loopback address by its text: as if it were another machine's.
        for listen, tls, is_local in (("127.0.0.1:0", False, True), ("127.0.0.1:0", True, True), ("unix:{path}/socket", False, True),
                                      ("127.1:0", True, False)):
            with self.subTest(listen=listen, tls=tls):
                site = Site(listen, tls)
                self.addCleanup(site.close)
                channel = site.channel()
                self.addCleanup(channel.close)

                def outcome(call):
                    try:
                        return call()
                    except grpc.RpcError as error:
                        return error.code()

                list_services = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
                described = outcome(lambda: b"".join(list_services(iter([b"\x3a\x01*"]), timeout=30)))  # noqa: B023
                if is_local:
                    self.assertIn(b"cdi.v1.SyncService", described)
                else:
                    self.assertEqual(described, grpc.StatusCode.UNIMPLEMENTED)
                self.assertEqual(outcome(lambda: channel.unary_unary(HEALTH)(b"", timeout=30)), SERVING)  # noqa: B023
                for hidden in ("/grpc.channelz.v1.Channelz/GetServers", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"):
                    self.assertEqual(outcome(lambda: channel.unary_unary(hidden)(b"", timeout=30)),  # noqa: B023
                                     grpc.StatusCode.UNIMPLEMENTED)

    def test_an_address_that_is_none_of_loopback_by_its_text_has_no_plaintext(self):
        with tempfile.TemporaryDirectory(prefix="cdi-limits-") as directory:
            config = pathlib.Path(directory) / "server.yaml"
            config.write_text(f"listen: 127.1:0\nplaintext: true\nstate_dir: {directory}/state\nmaster_key: {{env: KEY}}\n")
            checked = subprocess.run([BINARIES / "cdi-server", "--config", config, "--check_config"], capture_output=True, text=True,
                                     check=False)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("plaintext goes with a loopback address", checked.stderr)


def setUpModule():
    """The stubs of the API."""
    directory = tempfile.TemporaryDirectory(prefix="cdi-stubs-")
    unittest.addModuleCleanup(directory.cleanup)
    harness.make_stubs(directory.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
