#!/usr/bin/python3
"""What wrong requests get: status, reason and field, as a table."""
import sys
import unittest

sys.path.insert(0, __file__.rsplit("/", 3)[0])
from tests.support import harness  # noqa: E402

BINARIES = sys.argv.pop(1)


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(BINARIES, ["USERS", "DOOMED"], tls=False)
        cls.service.set_up()
        cls.service.make_sync("users", "USERS")

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__()

    def refused(self, call):
        """(code, reason, field, message) of a call that must be refused."""
        import grpc
        from google.rpc import error_details_pb2, status_pb2

        with self.assertRaises(grpc.RpcError) as caught:
            call()
        trailers = dict(caught.exception.trailing_metadata())
        status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        reason, field = "", ""
        for detail in status.details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                info = error_details_pb2.ErrorInfo()
                detail.Unpack(info)
                reason = info.reason
            if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                bad = error_details_pb2.BadRequest()
                detail.Unpack(bad)
                field = bad.field_violations[0].field
        return caught.exception.code().name, reason, field, caught.exception.details()

    def test_every_wrong_request_names_field_reason_and_fix(self):
        from cdi.v1 import connection_pb2 as c, key_pair_pb2 as k, run_pb2 as r, sync_pb2 as s, workspace_pb2 as w
        from google.protobuf import duration_pb2, field_mask_pb2

        service = self.service
        snowflake = c.Connection.Snowflake

        def connection(connection_id="x", **fields):
            message = c.Connection(snowflake=snowflake(**{"account": "A-B", "user": "U", **fields}))
            return lambda: service.connections.CreateConnection(
                c.CreateConnectionRequest(connection_id=connection_id, connection=message))

        def rotated_over(name):
            message = c.Connection(snowflake=snowflake(account="A-B", user="U"), rotation={"rotator_connection": name})
            return lambda: service.connections.CreateConnection(c.CreateConnectionRequest(connection_id="x", connection=message))

        def workspace(endpoint, key="k"):
            return lambda: service.workspaces.CreateWorkspace(w.CreateWorkspaceRequest(
                workspace_id="x", workspace=w.Workspace(endpoint=endpoint, api_key=key)))

        def sync(**fields):
            return lambda: service.syncs.CreateSync(s.CreateSyncRequest(sync_id="x", sync=s.Sync(**{"data_type": 1, **fields})))

        def update(paths, **fields):
            return lambda: service.syncs.UpdateSync(s.UpdateSyncRequest(
                sync=s.Sync(name="syncs/users", **fields), update_mask=field_mask_pb2.FieldMask(paths=paths)))

        invalid, missing, wrong_state = "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"
        endpoint, rotator = "workspace.endpoint", "connection.rotation.rotator_connection"
        table = [
            ("empty name", lambda: service.syncs.GetSync(s.GetSyncRequest()), invalid, "INVALID_FIELD", "name"),
            ("name of another kind", lambda: service.syncs.GetSync(s.GetSyncRequest(name="runs/x")), invalid, "INVALID_FIELD", "name"),
            ("too long id", connection("a" * 64), invalid, "INVALID_FIELD", "connection_id"),
            ("id with SQL", connection("a';drop"), invalid, "INVALID_FIELD", "connection_id"),
            ("unknown sync", lambda: service.syncs.GetSync(s.GetSyncRequest(name="syncs/none")), missing, None, ""),
            ("unknown run", lambda: service.runs.GetRun(r.GetRunRequest(name="syncs/users/runs/none")), missing, None, ""),
            ("dead rows of an unknown run", lambda: service.runs.ListDeadRows(r.ListDeadRowsRequest(parent="syncs/users/runs/none")),
             missing, "RUN_NOT_FOUND", ""),
            ("dead rows of an unknown sync", lambda: service.runs.ListDeadRows(r.ListDeadRowsRequest(parent="syncs/none")), missing,
             "SYNC_NOT_FOUND", ""),
            ("replay of an unknown run", lambda: service.runs.ReplayDeadRows(r.ReplayDeadRowsRequest(parent="syncs/users/runs/none")),
             missing, "RUN_NOT_FOUND", ""),
            ("discard of an unknown run", lambda: service.runs.DiscardHeldRows(r.DiscardHeldRowsRequest(
                parent="syncs/users/runs/none", reason="r")), missing, "RUN_NOT_FOUND", ""),
            ("id that no key pair could be under", connection("a-"), invalid, "INVALID_FIELD", "connection_id"),
            ("no warehouse kind", lambda: service.connections.CreateConnection(
                c.CreateConnectionRequest(connection_id="x", connection=c.Connection())), invalid, "INVALID_FIELD", None),
            ("account with scheme", connection(account="https://a-b.snowflakecomputing.com"), invalid, "INVALID_FIELD",
             "connection.snowflake.account"),
            ("empty user", connection(user=""), invalid, "INVALID_FIELD", "connection.snowflake.user"),
            ("user that no statement can name", connection(user='"a"b'), invalid, "INVALID_FIELD", "connection.snowflake.user"),
            ("host with user info", connection(host="u:p@host"), invalid, "INVALID_FIELD", "connection.snowflake.host"),
            ("plaintext to the world", connection(host="example.com", plaintext=True), invalid, "INVALID_FIELD", "connection.snowflake.plaintext"),
            ("port that is none", connection(port=70000), invalid, "INVALID_FIELD", "connection.snowflake.port"),
            ("library of the caller's choice", connection(driver="/tmp/mine.so"), invalid, "INVALID_FIELD", "connection.snowflake.driver"),
            ("second connection of a user", connection(account="MYORG-TEST", user="braze_ingestion_user"), "ALREADY_EXISTS", None, None),
            ("second connection of a user, spelled otherwise", connection(account="myorg_test", user="braze_ingestion_user"),
             "ALREADY_EXISTS", "UNIQUE_KEY_TAKEN", None),
            ("rotator that is not there", rotated_over("connections/none"), missing, "RESOURCE_NOT_FOUND", rotator),
            ("rotator that is itself", rotated_over("connections/x"), invalid, "INVALID_FIELD", rotator),
            ("rotator of another account", rotated_over("connections/main"), invalid, "INVALID_FIELD", rotator),
            ("rotator by an update", lambda: service.connections.UpdateConnection(c.UpdateConnectionRequest(
                connection=c.Connection(name="connections/main", rotation={"rotator_connection": "connections/main"}),
                update_mask={"paths": ["rotation.rotator_connection"]})), invalid, "INVALID_FIELD", rotator),
            ("key size", lambda: service.key_pairs.GenerateKeyPair(k.GenerateKeyPairRequest(
                connection="connections/main", key_bits=1024)), invalid, "INVALID_FIELD", "key_bits"),
            ("slot that is none", lambda: service.key_pairs.GenerateKeyPair(k.GenerateKeyPairRequest(
                connection="connections/main", slot=9)), invalid, "INVALID_FIELD", "slot"),
            ("endpoint with user info", workspace("https://user:pass@rest.iad-01.braze.com"), invalid, "ENDPOINT_INVALID", endpoint),
            ("endpoint with an IP", workspace("https://10.0.0.1"), invalid, "ENDPOINT_INVALID", endpoint),
            ("endpoint with a path", workspace("https://rest.iad-01.braze.com/users"), invalid, "ENDPOINT_INVALID", endpoint),
            ("endpoint of somebody else", workspace("https://evil.example.com"), invalid, "ENDPOINT_INVALID", endpoint),
            ("endpoint without TLS", workspace("http://rest.iad-01.braze.com"), invalid, "ENDPOINT_INVALID", endpoint),
            ("no API key", workspace("https://rest.iad-01.braze.com", key=""), invalid, "INVALID_FIELD", "workspace.api_key"),
            ("no data type", sync(data_type=0), invalid, "INVALID_FIELD", "sync.data_type"),
            ("unknown connection", sync(connection="connections/none"), missing, "RESOURCE_NOT_FOUND", "sync.connection"),
            ("unknown workspace", update(["workspace"], workspace="workspaces/none"), missing, "RESOURCE_NOT_FOUND", "sync.workspace"),
            ("SQL in a table name", sync(table="users; drop table x"), invalid, None, "sync.table"),
            ("commit lag of a day", sync(commit_lag=duration_pb2.Duration(seconds=86400)), invalid, "INVALID_FIELD", "sync.commit_lag"),
            ("schedule below zero", sync(schedule=s.Sync.Schedule(every_minutes=-1)), invalid, "INVALID_FIELD", "sync.schedule.every_minutes"),
            ("empty mask", update([]), invalid, "INVALID_FIELD", "update_mask"),
            ("unknown path", update(["nonsense"]), invalid, "INVALID_FIELD", "update_mask"),
            ("wrong type change", update(["data_type"], data_type=2), invalid, "INVALID_FIELD", "update_mask"),
            ("stale etag", update(["display_name"], etag="v999"), "ABORTED", "ETAG_STALE", None),
            ("etag that never was", update(["display_name"], etag="nonsense"), invalid, "INVALID_FIELD", "etag"),
            ("edit of what the test covers", update(["table"], table="OTHER"), wrong_state, "PAUSE_FIRST", ""),
            ("bad page token", lambda: service.syncs.ListSyncs(s.ListSyncsRequest(page_token="abc")), invalid, "PAGE_TOKEN_INVALID", "page_token"),
            ("negative page size", lambda: service.syncs.ListSyncs(s.ListSyncsRequest(page_size=-1)), invalid, "INVALID_FIELD", "page_size"),
            ("row limit", lambda: service.syncs.TestSync(s.TestSyncRequest(name="syncs/users", row_limit=5000)), invalid, "INVALID_FIELD", "row_limit"),
            ("rewind without reason", lambda: service.syncs.RewindSync(s.RewindSyncRequest(name="syncs/users")), invalid, "INVALID_FIELD", "reason"),
            ("nothing to replay", lambda: service.runs.ReplayDeadRows(r.ReplayDeadRowsRequest(parent="syncs/users")), wrong_state, "NOTHING_TO_DO", ""),
            ("connection in use", lambda: service.connections.DeleteConnection(c.DeleteConnectionRequest(name="connections/main")), wrong_state, "IN_USE", ""),
            ("workspace in use", lambda: service.workspaces.DeleteWorkspace(w.DeleteWorkspaceRequest(name="workspaces/shop")), wrong_state, "IN_USE", ""),
            ("request id with blanks", lambda: service.syncs.RunSync(s.RunSyncRequest(name="syncs/users", request_id="a b")), invalid, "INVALID_FIELD", "request_id"),
        ]
        for name, call, code, reason, field in table:
            with self.subTest(name):
                got_code, got_reason, got_field, message = self.refused(call)
                self.assertEqual(got_code, code, message)
                self.assertTrue(got_reason, "no reason")
                if reason is not None:
                    self.assertEqual(got_reason, reason, message)
                if field is not None:
                    self.assertEqual(got_field, field, message)
                self.assertGreater(len(message), 20, message)

    def test_database_and_schema_are_checked_without_a_table_too(self):
        from cdi.v1 import connection_pb2 as c

        for database, schema, passed, check in (("BRAZE_CLOUD_PRODUCTION", "INGESTION", True, "schema"),
                                                ("BRAZE_CLOUD_PRODUCTION", "", True, "database"),
                                                ("NOPE", "", False, "database"), ("NOPE", "X", False, "database"),
                                                ("BRAZE_CLOUD_PRODUCTION", "NOPE", False, "schema")):
            with self.subTest(f"{database}.{schema}"):
                test = self.service.connections.TestConnection(c.TestConnectionRequest(
                    name="connections/main", database=database, schema=schema))
                self.assertEqual((test.passed, test.checks[-1].check), (passed, check), test)

    def test_an_incomplete_draft_is_saved_but_neither_tested_nor_activated(self):
        from cdi.v1 import sync_pb2 as s

        self.service.syncs.CreateSync(s.CreateSyncRequest(sync_id="draft", sync=s.Sync(data_type=1)))
        for call in (lambda: self.service.syncs.TestSync(s.TestSyncRequest(name="syncs/draft")),
                     lambda: self.service.syncs.ActivateSync(s.ActivateSyncRequest(name="syncs/draft"))):
            code, reason, _, message = self.refused(call)
            self.assertEqual((code, reason), ("FAILED_PRECONDITION", "SYNC_INCOMPLETE"), message)
        code, reason, _, message = self.refused(lambda: self.service.syncs.RunSync(s.RunSyncRequest(name="syncs/draft")))
        self.assertEqual((code, reason), ("FAILED_PRECONDITION", "SYNC_NOT_ACTIVE"), message)

    def test_a_request_id_gets_the_same_answer_and_another_request_with_it_none(self):
        from cdi.v1 import sync_pb2 as s

        request = s.CreateSyncRequest(sync=s.Sync(data_type=1, display_name="a"), request_id="once")
        self.assertEqual(self.service.syncs.CreateSync(request).name, self.service.syncs.CreateSync(request).name)
        request.sync.display_name = "b"
        code, reason, _, message = self.refused(lambda: self.service.syncs.CreateSync(request))
        self.assertEqual((code, reason), ("ALREADY_EXISTS", "REQUEST_ID_REUSED"), message)

    def test_a_repeated_request_for_a_key_pair_gets_that_pair_and_another_one_none(self):
        from cdi.v1 import connection_pb2 as c, key_pair_pb2 as k

        def generate(**fields):
            return self.service.key_pairs.GenerateKeyPair(k.GenerateKeyPairRequest(connection="connections/pairs", **fields))

        def reused(**fields):
            code, reason, field, message = self.refused(lambda: generate(**fields))
            self.assertEqual((code, reason, field), ("ALREADY_EXISTS", "REQUEST_ID_REUSED", "request_id"), message)

        self.service.connections.CreateConnection(c.CreateConnectionRequest(
            connection_id="pairs", connection=c.Connection(snowflake=c.Connection.Snowflake(account="A-PAIRS", user="U"))))
        pair = generate(request_id="pair-1", key_bits=2048)
        self.assertEqual(generate(request_id="pair-1", key_bits=2048), pair)
        reused(request_id="pair-1", key_bits=4096)
        reused(request_id="pair-1", key_bits=2048, slot=2)
        named = generate(request_id="pair-2", key_pair_id="mine", key_bits=2048)
        self.assertEqual(generate(request_id="pair-2", key_pair_id="mine", key_bits=2048), named)
        reused(request_id="pair-2", key_pair_id="other", key_bits=2048)
        code, reason, _, message = self.refused(lambda: generate(request_id="pair-3", key_pair_id="mine", key_bits=2048))
        self.assertEqual((code, reason), ("ALREADY_EXISTS", "KEY_PAIR_EXISTS"), message)

    def test_a_second_run_is_refused_while_one_is_active(self):
        from cdi.v1 import run_pb2 as r, sync_pb2 as s

        self.service.sql("INSERT INTO BRAZE_CLOUD_PRODUCTION.INGESTION.USERS (UPDATED_AT, EXTERNAL_ID, PAYLOAD) "
                         "VALUES ('2026-01-01'::TIMESTAMP_NTZ(9), 'slow', '{\"a\":1}')")
        self.service.braze_post("faults", {"faults": [{"kind": "latency", "ms": 3000, "count": 1}]})
        run = self.service.start_run("syncs/users")
        code, reason, _, message = self.refused(lambda: self.service.start_run("syncs/users"))
        self.assertEqual((code, reason), ("FAILED_PRECONDITION", "RUN_ACTIVE"), message)
        self.service.runs.CancelRun(r.CancelRunRequest(name=run))
        self.assertIn(self.service.follow(run).state, (3, 8))

    def test_a_sync_with_an_active_run_is_deleted_only_by_force(self):
        from cdi.v1 import sync_pb2 as s

        sync = self.service.make_sync("doomed", "DOOMED")
        self.service.sql("INSERT INTO BRAZE_CLOUD_PRODUCTION.INGESTION.DOOMED (UPDATED_AT, EXTERNAL_ID, PAYLOAD) "
                         "VALUES ('2026-01-01'::TIMESTAMP_NTZ(9), 'doomed', '{\"a\":1}')")
        self.service.braze_post("faults", {"faults": [{"kind": "latency", "ms": 2000, "count": 1}]})
        self.service.start_run(sync)
        code, reason, _, message = self.refused(lambda: self.service.syncs.DeleteSync(s.DeleteSyncRequest(name=sync)))
        self.assertEqual((code, reason), ("FAILED_PRECONDITION", "RUN_ACTIVE"), message)
        self.service.syncs.DeleteSync(s.DeleteSyncRequest(name=sync, force=True))
        code, _, _, message = self.refused(lambda: self.service.syncs.GetSync(s.GetSyncRequest(name=sync)))
        self.assertEqual(code, "NOT_FOUND", message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
