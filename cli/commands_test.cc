// Whole commands against a fake server: what is asked, what is printed, how it ends.
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/text_format.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cdi/v1/access.pb.h"
#include "cdi/v1/audit.pb.h"
#include "cdi/v1/connection.pb.h"
#include "cdi/v1/key_pair.pb.h"
#include "cdi/v1/run.pb.h"
#include "cdi/v1/sync.pb.h"
#include "cdi/v1/workspace.pb.h"
#include "cli/cli_testing.h"
#include "cli/exit_code.h"
#include "cli/golden_testing.h"

namespace cdi::cli {
namespace {

constexpr char kSnowflake[] =
    R"pb(name: "connections/main"
         display_name: "Main"
         etag: "e1"
         create_time { seconds: 86400 }
         snowflake { account: "myorg-acme" user: "BRAZE_INGESTION_USER" role: "BRAZE_ROLE" })pb";
constexpr char kPostgresql[] = R"pb(name: "connections/crm"
                                    etag: "e2"
                                    postgresql { host: "db" database: "crm" user: "cdi" password_set: true })pb";
constexpr char kToken[] = R"pb(
  name: "tokens/ci"
  role: OPERATOR
  scopes: "syncs/shop"
  scopes: "workspaces/eu"
  state: ACTIVE
  creator: "tokens/boss"
  create_time { seconds: 100 }
  expire_time { seconds: 200 }
  last_use_time { seconds: 150 })pb";

constexpr char kAuditEntry[] = R"pb(
  sequence: 7
  time { seconds: 1800000000 }
  caller: "tokens/ci"
  verb: "RewindSync"
  name: "syncs/shop"
  detail: "to nothing, from 2026-11-24T02:25:51Z: backfill"
  outcome: DONE)pb";
constexpr char kWholeAudit[] = R"pb(
  passed: true
  entries: 7
  head { sequence: 7 chain: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" })pb";

constexpr char kWorkspace[] =
    R"pb(name: "workspaces/eu"
         endpoint: "https://rest.fra-01.braze.eu"
         api_key_set: true
         etag: "w1"
         limits {
           rate_requests: 500
           rate_window { seconds: 3 }
         })pb";
constexpr char kSync[] = R"pb(name: "syncs/shop"
                              connection: "connections/main"
                              workspace: "workspaces/eu"
                              data_type: USER_ATTRIBUTES
                              database: "CDI"
                              schema: "PUBLIC"
                              table: "USERS"
                              schedule { every_minutes: 15 }
                              state: DRAFT
                              test_required: true
                              etag: "s1"
                              watermark { seconds: 86400 nanos: 120000000 }
                              last_run: "syncs/shop/runs/r1")pb";
constexpr char kPreview[] = R"pb(
  columns { name: "UPDATED_AT" type: "TIMESTAMP_NTZ" }
  columns { name: "EXTERNAL_ID" }
  columns { name: "PAYLOAD" }
  rows {
    cells { text: "2026-11-24 02:00:00" }
    cells { text: "日本" }
    cells { text: "{\"name\":\"An" cut: true }
  }
  rows {
    cells { text: "2026-11-24 01:00:00" }
    cells { null: true }
    cells { text: "no\njson\x1b[2J" }
    fault: "PAYLOAD_NOT_JSON"
  }
)pb";

std::vector<Case> Cases() {
  const std::string preview = kPreview;
  return {
      {"connections_create_snowflake",
       {"connections", "create", "snowflake", "main", "--account", "myorg-acme", "--user", "BRAZE_INGESTION_USER",
        "--role", "BRAZE_ROLE", "--port", "8443", "--plaintext", "--host", "127.0.0.1", "--display-name", "Main"},
       {Answer<v1::Connection>("ConnectionService/CreateConnection", kSnowflake)}},
      {"connections_get",
       {"connections", "get", "crm"},
       {Answer<v1::Connection>("ConnectionService/GetConnection", kPostgresql)}},
      {"connections_list",
       {"connections", "list"},
       {Answer<v1::ListConnectionsResponse>("ConnectionService/ListConnections",
                                            std::string("connections {") + kPostgresql + "} next_page_token: \"p2\""),
        Answer<v1::ListConnectionsResponse>("ConnectionService/ListConnections",
                                            std::string("connections {") + kSnowflake + "}")}},
      {"connections_list_empty",
       {"connections", "list"},
       {Answer<v1::ListConnectionsResponse>("ConnectionService/ListConnections", "")}},
      {"connections_update_postgresql",
       {"connections", "update", "crm", "--host", "db2", "--port", "5433", "--driver", "", "--etag", "e2"},
       {Answer<v1::Connection>("ConnectionService/GetConnection", kPostgresql),
        Answer<v1::Connection>("ConnectionService/UpdateConnection", kPostgresql)}},
      {"connections_update_wrong_kind",
       {"connections", "update", "crm", "--role", "R"},
       {Answer<v1::Connection>("ConnectionService/GetConnection", kPostgresql)},
       kUsage},
      {"connections_delete",
       {"connections", "delete", "connections/main"},
       {Answer<v1::DeleteConnectionResponse>("ConnectionService/DeleteConnection", "")}},
      {"connections_delete_with_keys",
       {"connections", "delete", "main"},
       {Answer<v1::DeleteConnectionResponse>("ConnectionService/DeleteConnection",
                                             R"pb(unregister_statements: "ALTER USER U UNSET RSA_PUBLIC_KEY"
                                                  unregister_statements: "ALTER USER U UNSET RSA_PUBLIC_KEY_2")pb")}},
      {"connections_test_fails",
       {"connections", "test", "main", "--database", "CDI"},
       {Answer<v1::TestConnectionResponse>(
           "ConnectionService/TestConnection",
           R"pb(checks {
                  check: "login"
                  passed: true
                  message: "as BRAZE_INGESTION_USER with connections/main/keyPairs/k1"
                }
                checks {
                  check: "warehouse"
                  message: "warehouse BRAZE_WH does not exist or the role may not use it\nfix: GRANT USAGE ON WAREHOUSE BRAZE_WH TO ROLE BRAZE_ROLE"
                  reason: "WAREHOUSE_MISSING"
                }
                server_version: "8.40.1"
                duration { nanos: 250000000 }
                key_pair: "connections/main/keyPairs/k1")pb")},
       kTestFailed},
      {"connections_tables",
       {"connections", "tables", "main", "--database", "CDI", "--schema", "PUBLIC"},
       {Answer<v1::ListTablesResponse>("ConnectionService/ListTables", R"pb(tables { name: "USERS" }
                                                                            tables { name: "V" view: true })pb")}},
      {"connections_describe",
       {"connections", "describe", "main", "--database", "CDI", "--schema", "PUBLIC", "--table", "USERS"},
       {Answer<v1::DescribeTableResponse>("ConnectionService/DescribeTable",
                                          R"pb(columns { name: "UPDATED_AT" type: "TIMESTAMP_NTZ(9)" }
                                               columns { name: "PAYLOAD" type: "VARCHAR" nullable: true })pb")}},
      {"audit_list",
       {"audit", "list", "--name", "syncs/shop", "--since", "2026-11-24T00:00:00Z", "--limit", "10"},
       {Answer<v1::ListAuditEntriesResponse>("AuditService/ListAuditEntries",
                                             std::string("entries {") + kAuditEntry + "}")}},
      {"audit_list_nothing",
       {"audit", "list", "--refused"},
       {Answer<v1::ListAuditEntriesResponse>("AuditService/ListAuditEntries", "")}},
      {"audit_verify", {"audit", "verify"}, {Answer<v1::VerifyAuditResponse>("AuditService/VerifyAudit", kWholeAudit)}},
      {"audit_verify_not_whole",
       {"audit", "verify", "--head", std::string("7:") + std::string(64, 'a')},
       {Answer<v1::VerifyAuditResponse>(
           "AuditService/VerifyAudit",
           "entries: 6 faults { sequence: 7 message: 'audit line 7 is missing: the end was cut off' }")},
       kTestFailed},
      {"audit_export",
       {"audit", "export"},
       {Answer<v1::ListAuditEntriesResponse>("AuditService/ListAuditEntries",
                                             std::string("entries {") + kAuditEntry + "}"),
        Answer<v1::VerifyAuditResponse>("AuditService/VerifyAudit", kWholeAudit)}},
      {"tokens_create",
       {"tokens", "create", "ci", "--role", "operator", "--scope", "syncs/shop", "--scope", "workspaces/eu",
        "--expires-in", "30d"},
       {Answer<v1::CreateTokenResponse>("AccessService/CreateToken",
                                        std::string("secret: 'cdi_abc' token {") + kToken + "}")}},
      {"tokens_create_token_only",
       {"tokens", "create", "--role", "viewer", "--token-only"},
       {Answer<v1::CreateTokenResponse>("AccessService/CreateToken",
                                        std::string("secret: 'cdi_abc' token {") + kToken + "}")}},
      {"tokens_get", {"tokens", "get", "ci"}, {Answer<v1::Token>("AccessService/GetToken", kToken)}},
      {"tokens_list",
       {"tokens", "list"},
       {Answer<v1::ListTokensResponse>("AccessService/ListTokens", std::string("tokens {") + kToken + "}")}},
      {"tokens_revoke",
       {"tokens", "revoke", "tokens/ci", "--reason", "left"},
       {Answer<v1::Token>("AccessService/RevokeToken",
                          std::string(kToken) + "revoke_time { seconds: 300 } revoke_reason: 'left'")}},
      {"workspaces_get",
       {"workspaces", "get", "eu"},
       {Answer<v1::Workspace>("WorkspaceService/GetWorkspace", kWorkspace)}},
      {"workspaces_list",
       {"workspaces", "list", "--json"},
       {Answer<v1::ListWorkspacesResponse>("WorkspaceService/ListWorkspaces",
                                           std::string("workspaces {") + kWorkspace + "}")}},
      {"workspaces_update",
       {"workspaces", "update", "eu", "--rate-requests", "500", "--rate-window", "3s"},
       {Answer<v1::Workspace>("WorkspaceService/UpdateWorkspace", kWorkspace)}},
      {"workspaces_update_nothing", {"workspaces", "update", "eu"}, {}, kUsage},
      {"workspaces_delete",
       {"workspaces", "delete", "eu"},
       {Answer<google::protobuf::Empty>("WorkspaceService/DeleteWorkspace", "")}},
      {"workspaces_test",
       {"workspaces", "test", "eu"},
       {Answer<v1::TestWorkspaceResponse>("WorkspaceService/TestWorkspace",
                                          R"pb(passed: true
                                               check { check: "workspace" passed: true message: "Braze took the key" }
                                               duration { nanos: 90000000 })pb")}},
      {"syncs_create",
       {"syncs",
        "create",
        "shop",
        "--connection",
        "main",
        "--workspace",
        "eu",
        "--data-type",
        "user-attributes",
        "--database",
        "CDI",
        "--schema",
        "PUBLIC",
        "--table",
        "USERS",
        "--every-minutes",
        "15",
        "--commit-lag",
        "5m",
        "--on-ambiguous",
        "hold",
        "--start-from",
        "2026-01-01T00:00:00Z",
        "--reject-ratio-max",
        "0.5",
        "--strip-identifiers",
        "--request-id",
        "q1"},
       {Answer<v1::Sync>("SyncService/CreateSync", kSync)}},
      {"syncs_create_wrong_value", {"syncs", "create", "shop", "--data-type", "pictures"}, {}, kUsage},
      {"syncs_get", {"syncs", "get", "shop"}, {Answer<v1::Sync>("SyncService/GetSync", kSync)}},
      {"syncs_get_of_a_name_like_a_verb", {"syncs", "get", "list"}, {Answer<v1::Sync>("SyncService/GetSync", kSync)}},
      {"syncs_list",
       {"syncs", "list"},
       {Answer<v1::ListSyncsResponse>("SyncService/ListSyncs", std::string("syncs {") + kSync + "}")}},
      {"syncs_update",
       {"syncs", "update", "shop", "--every-minutes", "0", "--no-strip-identifiers", "--role", ""},
       {Answer<v1::Sync>("SyncService/UpdateSync", kSync)}},
      {"syncs_delete",
       {"syncs", "delete", "shop", "--force"},
       {Answer<google::protobuf::Empty>("SyncService/DeleteSync", "")}},
      {"syncs_test_passes",
       {"syncs", "test", "shop", "--rows", "2"},
       {Answer<v1::TestSyncResponse>("SyncService/TestSync",
                                     R"pb(passed: true
                                          checks { check: "login" passed: true message: "ok" }
                                          checks { check: "columns" passed: true message: "3 columns" }
                                          estimate { rows_after_upper: 100 rows_null_cursor: 1 }
                                          duration { seconds: 1 }
                                          preview {)pb" +
                                         preview + "}")}},
      {"syncs_preview",
       {"syncs", "preview", "shop"},
       {Answer<v1::PreviewSyncResponse>("SyncService/PreviewSync", "preview {" + preview + "}")}},
      {"syncs_activate",
       {"syncs", "activate", "shop"},
       {Answer<v1::Sync>("SyncService/ActivateSync", R"pb(name: "syncs/shop"
                                                          state: ACTIVE
                                                          next_run_time { seconds: 86400 })pb")}},
      {"syncs_pause", {"syncs", "pause", "shop"}, {Answer<v1::Sync>("SyncService/PauseSync", R"pb(name: "syncs/shop"
                                                                                                  state: PAUSED)pb")}},
      {"syncs_run", {"syncs", "run", "shop"}, {Answer<v1::Run>("SyncService/RunSync", R"pb(name: "syncs/shop/runs/r7"
                                                                                           state: PENDING)pb")}},
      {"syncs_rewind_to_time",
       {"syncs", "rewind", "shop", "--to", "1970-01-02T02:00:00+02:00", "--reason", "wrong attribute"},
       {Answer<v1::Sync>("SyncService/RewindSync", kSync)}},
      {"syncs_rewind_to_beginning",
       {"syncs", "rewind", "shop", "--to", "beginning", "--reason", "new workspace"},
       {Answer<v1::Sync>("SyncService/RewindSync", R"pb(name: "syncs/shop")pb")}},
      {"runs_get",
       {"runs", "get", "shop/r1"},
       {Answer<v1::Run>("RunService/GetRun",
                        R"pb(name: "syncs/shop/runs/r1"
                             state: SUCCESS
                             trigger: MANUAL
                             create_time { seconds: 86400 }
                             start_time { seconds: 86401 }
                             end_time { seconds: 86410 }
                             counters { rows_fetched: 2 rows_accepted: 2 batches: 1 }
                             window {
                               upper { seconds: 86340 }
                               commit_lag { seconds: 60 }
                             })pb")}},
      {"runs_get_running",
       {"runs", "get", "shop/r1"},
       {Answer<v1::Run>("RunService/GetRun", R"pb(name: "syncs/shop/runs/r1"
                                                  state: RUNNING
                                                  trigger: SCHEDULE
                                                  start_time { seconds: 43140 }
                                                  counters { rows_fetched: 5 })pb")}},
      {"runs_list",
       {"runs", "list", "shop", "--limit", "2"},
       {Answer<v1::ListRunsResponse>("RunService/ListRuns",
                                     R"pb(runs {
                                            name: "syncs/shop/runs/r2"
                                            state: CONFIG_ERROR
                                            trigger: SCHEDULE
                                            error { code: 9 message: "table missing" }
                                          }
                                          runs {
                                            name: "syncs/shop/runs/r1"
                                            state: PARTIAL
                                            trigger: MANUAL
                                            start_time { seconds: 1 }
                                            end_time { seconds: 66 }
                                            counters { rows_fetched: 1200 rows_accepted: 1199 rows_rejected: 1 }
                                          }
                                          next_page_token: "more")pb")}},
      {"runs_cancel",
       {"runs", "cancel", "shop/r1"},
       {Answer<v1::Run>("RunService/CancelRun",
                        R"pb(name: "syncs/shop/runs/r1" state: RUNNING cancel_requested: true)pb")}},
      {"runs_dead_rows",
       {"runs", "dead-rows", "shop/r1", "--held", "--all"},
       {Answer<v1::ListDeadRowsResponse>("RunService/ListDeadRows",
                                         R"pb(dead_rows {
                                                id: 17
                                                run: "syncs/shop/runs/r1"
                                                reason: "PAYLOAD_NOT_JSON"
                                                message: "the payload is no JSON object"
                                                cursor { seconds: 86400 }
                                                identifiers { key: "EXTERNAL_ID" value: "u1" }
                                                identifiers { key: "EMAIL" value: "a@b" }
                                                payload: "{oops"
                                                state: "OPEN"
                                              }
                                              dead_rows {
                                                id: 18
                                                run: "syncs/shop/runs/r1"
                                                held: true
                                                by_braze: true
                                                reason: "AMBIGUOUS"
                                                payload: "{\"a\":1"
                                                payload_cut: true
                                                state: "DISCARDED"
                                              })pb")}},
      {"runs_replay",
       {"runs", "replay", "shop", "17", "18", "--force"},
       {Answer<v1::Run>("RunService/ReplayDeadRows", R"pb(name: "syncs/shop/runs/r3")pb")}},
      {"runs_release",
       {"runs", "release", "shop/r1", "--reason", "missing there"},
       {Answer<v1::Run>("RunService/ReleaseHeldRows", R"pb(name: "syncs/shop/runs/r4")pb")}},
      {"runs_discard",
       {"runs", "discard", "shop", "18", "--reason", "seen there"},
       {Answer<v1::DiscardHeldRowsResponse>("RunService/DiscardHeldRows", "discarded: 1")}},
      {"runs_discard_without_reason", {"runs", "discard", "shop"}, {}, kUsage},
      {"version", {"version"}, {}},
      {"health", {"health"}, {}},
  };
}

class CommandsTest : public testing::TestWithParam<Case> {};

TEST_P(CommandsTest, AsksAndPrintsAsTheGoldenFileSays) {
  ExpectAsGolden(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Golden, CommandsTest, testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

// A file with a secret, removed at the end.
class SecretFile {
 public:
  explicit SecretFile(const std::string& text) {
    std::string pattern = testing::TempDir() + "/cdi_secret_XXXXXX";
    const int descriptor = mkstemp(pattern.data());
    EXPECT_GE(descriptor, 0);
    close(descriptor);
    path_ = pattern;
    std::ofstream(path_) << text;
  }
  ~SecretFile() { std::filesystem::remove(path_); }
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(SecretsTest, ComeFromAFileWithoutItsLineBreakAndAreNeverPrinted) {
  const SecretFile file("canary-key\n");
  CliShell shell;
  shell.server.Reply("cdi.v1.WorkspaceService/CreateWorkspace", Parse<v1::Workspace>(kWorkspace));
  const CliResult result = shell.Run(
      {"workspaces", "create", "eu", "--endpoint", "https://rest.fra-01.braze.eu", "--api-key-file", file.path()});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_EQ(shell.server.calls().at(0),
            "CreateWorkspace workspace_id: \"eu\" workspace { endpoint: \"https://rest.fra-01.braze.eu\" api_key: "
            "\"canary-key\" }");
  EXPECT_EQ((result.out + result.err).find("canary"), std::string::npos);
}

TEST(SecretsTest, ComeFromAVariableAndJoinTheMaskOfAnUpdate) {
  CliShell shell;
  shell.environment["CRM_PASSWORD"] = "canary";
  shell.server.Reply("cdi.v1.ConnectionService/GetConnection", Parse<v1::Connection>(kPostgresql));
  shell.server.Reply("cdi.v1.ConnectionService/UpdateConnection", Parse<v1::Connection>(kPostgresql));
  const CliResult result = shell.Run({"connections", "update", "crm", "--password-env", "CRM_PASSWORD"});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_EQ(shell.server.calls().at(1),
            "UpdateConnection connection { name: \"connections/crm\" postgresql { password: \"canary\" } } "
            "update_mask { paths: \"postgresql.password\" }");
  EXPECT_EQ((result.out + result.err).find("canary"), std::string::npos);
}

TEST(SecretsTest, FaultsNameTheSourceAndSendNothing) {
  const SecretFile empty("\n");
  struct Fault {
    std::vector<std::string> flags;
    std::string message;
  };
  for (const Fault& fault : {Fault{{}, "--api-key-file or --api-key-env is required"},
                             Fault{{"--api-key-file", "/no/such/file"}, "file /no/such/file cannot be read"},
                             Fault{{"--api-key-env", "NOT_SET"}, "environment variable NOT_SET is not set"},
                             Fault{{"--api-key-file", empty.path()}, "is empty"},
                             Fault{{"--api-key-file", "a", "--api-key-env", "B"}, "excludes"}}) {
    CliShell shell;
    std::vector<std::string> arguments = {"workspaces", "create", "eu"};
    arguments.insert(arguments.end(), fault.flags.begin(), fault.flags.end());
    const CliResult result = shell.Run(arguments);
    EXPECT_EQ(result.code, kUsage);
    EXPECT_NE(result.err.find(fault.message), std::string::npos) << result.err;
    EXPECT_TRUE(shell.server.calls().empty());
  }
}

grpc::Status TestRequired() {
  google::rpc::Status status;
  status.set_code(9);
  status.set_message("syncs/shop was not tested since its last change; run TestSync first");
  google::rpc::ErrorInfo facts;
  facts.set_reason("TEST_REQUIRED");
  (*facts.mutable_metadata())["etag"] = "s1";
  status.add_details()->PackFrom(facts);
  return {grpc::StatusCode::FAILED_PRECONDITION, status.message(), status.SerializeAsString()};
}

TEST(ErrorsTest, ARefusalShowsReasonAndDetailsAndEndsWithFour) {
  CliShell shell;
  shell.server.Refuse("cdi.v1.SyncService/ActivateSync", TestRequired());
  const CliResult result = shell.Run({"syncs", "activate", "shop"});
  EXPECT_EQ(result.code, kRefused);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "error: syncs/shop was not tested since its last change; run TestSync first\n"
            "reason: TEST_REQUIRED\n"
            "details:\n"
            "  etag=s1\n");
}

TEST(ErrorsTest, WithJsonTheErrorIsOneObjectOnTheErrorStream) {
  CliShell shell;
  shell.server.Refuse("cdi.v1.SyncService/ActivateSync", TestRequired());
  const CliResult result = shell.Run({"syncs", "activate", "shop", "--json"});
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err.find(R"json({"error":{"code":"FAILED_PRECONDITION","message":"syncs/shop was not tested)json"),
            0U)
      << result.err;
  const CliResult usage = shell.Run({"--json", "syncs", "activate"});
  EXPECT_EQ(usage.code, kUsage);
  EXPECT_EQ(usage.err.find(R"json({"error":{"code":"INVALID_ARGUMENT")json"), 0U) << usage.err;
}

TEST(ErrorsTest, AnUnreachableServerIsNamed) {
  CliShell shell;
  shell.environment["CDI_SERVER"] = "127.0.0.1:1";  // a port that needs privileges: nobody of ours listens
  const CliResult result = shell.RunAsTyped({"syncs", "list"});
  EXPECT_EQ(result.code, kUnreachable);
  EXPECT_NE(result.err.find("no server can be reached at 127.0.0.1:1"), std::string::npos) << result.err;
}

TEST(ErrorsTest, AServerWithoutAnAnswerIsLeftAfterTheTimeout) {
  CliShell shell;
  shell.server.Reply("cdi.v1.SyncService/GetSync", FakeReply{{}, grpc::Status::OK, true});
  const CliResult result = shell.Run({"syncs", "get", "shop", "--timeout", "20ms"});
  EXPECT_EQ(result.code, kUnreachable);
  EXPECT_NE(result.err.find("no answer in time"), std::string::npos) << result.err;
}

TEST(ErrorsTest, AServerThatRepeatsItsPageTokenDoesNotTrapUs) {
  CliShell shell;
  for (int i = 0; i < 2; ++i) {
    shell.server.Reply("cdi.v1.SyncService/ListSyncs", Parse<v1::ListSyncsResponse>("next_page_token: \"same\""));
  }
  const CliResult result = shell.Run({"syncs", "list"});
  EXPECT_EQ(result.code, kRefused);
  EXPECT_NE(result.err.find("same page token twice"), std::string::npos);
}

TEST(ErrorsTest, WrongTimeoutsAreUsage) {
  CliShell shell;
  for (const char* timeout : {"soon", "0s", "-1s"}) {
    EXPECT_EQ(shell.Run({"syncs", "list", std::string("--timeout=") + timeout}).code, kUsage) << timeout;
  }
}

TEST(HealthTest, NotServingIsNotReady) {
  CliShell shell;
  shell.server.health().SetServingStatus(false);
  const CliResult result = shell.Run({"health", "--json"});
  EXPECT_EQ(result.code, kUnreachable);
  EXPECT_NE(result.out.find("\"serving\":false"), std::string::npos) << result.out;
}

TEST(HealthTest, ASealedServerSaysWhy) {
  CliShell shell;
  shell.server.health().SetServingStatus("", false);
  shell.server.health().SetServingStatus("cdi.sealed.MASTER_KEY_WRONG", false);
  const CliResult text = shell.Run({"health"});
  EXPECT_EQ(text.code, kUnreachable);
  EXPECT_NE(text.out.find(" is not serving: sealed (MASTER_KEY_WRONG: its master key opens nothing of this state"),
            std::string::npos)
      << text.out;
  const CliResult json = shell.Run({"health", "--json"});
  EXPECT_NE(json.out.find("\"serving\":false,\"sealed\":\"MASTER_KEY_WRONG\"}"), std::string::npos) << json.out;
}

TEST(ErrorsTest, AWordThatIsNoCommandAndAFlagGivenTwiceAreNamed) {
  CliShell shell;
  const auto error_of = [&shell](const std::vector<std::string>& arguments) {
    const CliResult result = shell.RunAsTyped(arguments);
    EXPECT_EQ(result.code, kUsage);
    return result.err;
  };
  EXPECT_EQ(error_of({"syncz"}), "error: there is no `cdi syncz`\nhint: see `cdi --help`\n");
  EXPECT_EQ(error_of({"syncs", "begin"}), "error: there is no `cdi syncs begin`\nhint: see `cdi syncs --help`\n");
  EXPECT_EQ(error_of({"syncs", "list", "--timeout", "1s", "--timeout", "2s"}),
            "error: --timeout is given more than once\nhint: see `cdi syncs list --help`\n");
}

}  // namespace
}  // namespace cdi::cli
