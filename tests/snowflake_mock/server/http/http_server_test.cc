// The protocol over real HTTP on loopback, port 0: login with a fresh RSA key, queries, chunks, cancel, renewal,
// faults.
#include "tests/snowflake_mock/server/engine/gzip.h"
#include "tests/snowflake_mock/server/http/http_test_support.h"

namespace cdi::snowflake_mock {
namespace {

TEST_F(HttpServerTest, LoginGivesASessionWithRoleWarehouseAndDatabase) {
  const Json reply = LoginWith(MakeToken({}), "&databaseName=d&schemaName=public&warehouse=wh&roleName=r");
  ASSERT_TRUE(reply["success"].get<bool>()) << reply;
  EXPECT_EQ(reply["data"]["sessionInfo"],
            (Json{{"databaseName", "D"}, {"schemaName", "PUBLIC"}, {"warehouseName", "WH"}, {"roleName", "R"}}));
  EXPECT_TRUE(reply["data"]["parameters"].is_array());
}

TEST_F(HttpServerTest, LoginWithMissingWarehouseOrDatabaseSucceedsWithoutThem) {
  const Json reply = LoginWith(MakeToken({}), "&databaseName=none&warehouse=none");
  ASSERT_TRUE(reply["success"].get<bool>());
  EXPECT_TRUE(reply["data"]["sessionInfo"]["warehouseName"].is_null());
  EXPECT_TRUE(reply["data"]["sessionInfo"]["databaseName"].is_null());
}

TEST_F(HttpServerTest, MillisecondTimesAndTheSecondSlotAreAccepted) {
  EXPECT_TRUE(LoginWith(MakeToken({.milliseconds = true}))["success"].get<bool>());
  Admin(absl::StrCat("ALTER USER SVC SET RSA_PUBLIC_KEY_2 = '", OtherKey().PublicBase64(), "'"));
  EXPECT_TRUE(LoginWith(MakeToken({.signer = &OtherKey()}))["success"].get<bool>());
  EXPECT_TRUE(LoginWith(MakeToken({}))["success"].get<bool>());
  Admin("ALTER USER SVC UNSET RSA_PUBLIC_KEY");
  EXPECT_FALSE(LoginWith(MakeToken({}))["success"].get<bool>());
}

TEST_F(HttpServerTest, EveryBadTokenIsRefusedWithItsCauseInTheLog) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"rubbish", "JWT_TOKEN_INVALID"},
      {MakeToken({.algorithm = "HS256"}), "JWT_TOKEN_INVALID_ALGORITHM"},
      {MakeToken({.account = "OTHER"}), "JWT_TOKEN_ACCOUNT_MISMATCH"},
      {MakeToken({.user = "SOMEBODY"}), "JWT_TOKEN_INVALID_USER_IN_ISSUER"},
      {MakeToken({.has_times = false}), "JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME"},
      {MakeToken({.issued = -90, .expires = 600}), "JWT_TOKEN_INVALID_ISSUE_TIME"},
      {MakeToken({.issued = -50, .expires = -10}), "JWT_TOKEN_INVALID_EXPIRATION_TIME"},
      {MakeToken({.signer = &OtherKey()}), "JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH"},
      {MakeToken({.signer = &OtherKey(), .claimed = &Key()}), "JWT_TOKEN_INVALID_SIGNATURE"},
  };
  for (const auto& [token, cause] : cases) {
    const Json reply = LoginWith(token);
    EXPECT_EQ(reply["code"], "390144") << cause;
    const std::string message = reply["message"];
    EXPECT_TRUE(absl::StartsWith(message, "JWT token is invalid. [")) << message;
    const std::string id = message.substr(23, 36);
    const Json logins = Json::parse(Client()->Get("/__mock/logins")->body)["logins"];
    EXPECT_EQ(logins.back()["cause"], cause);
    EXPECT_EQ(logins.back()["id"], id);
    const Json details = Control("/__mock/sql", {{"sql", "SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('" + id + "')"}});
    EXPECT_TRUE(absl::StrContains(details["rows"][0][0].get<std::string>(), cause)) << details;
  }
}

TEST_F(HttpServerTest, UsersAreRefusedForDisabledLockedPolicyAndRole) {
  const auto refused = [&](const std::string& sql, const std::string& url, const std::string& code,
                           const std::string& text) {
    if (!sql.empty()) Admin(sql);
    const Json reply = LoginWith(MakeToken({}), url);
    EXPECT_EQ(reply["code"], code) << reply;
    EXPECT_TRUE(absl::StrContains(reply["message"].get<std::string>(), text)) << reply;
  };
  refused("", "&roleName=NO_SUCH", "390189", "does not exist or not authorized");
  refused("", "&roleName=ungranted", "390186", "is not granted to this user");
  refused("ALTER USER SVC SET DISABLED = TRUE", "", "390101", "User access disabled");
  refused("ALTER USER SVC SET DISABLED = FALSE, MINS_TO_UNLOCK = 5", "", "390102", "temporarily locked");
  refused(
      "ALTER USER SVC SET MINS_TO_UNLOCK = 0; CREATE NETWORK POLICY P ALLOWED_IP_LIST = ('10.0.0.0/8'); ALTER USER SVC "
      "SET NETWORK_POLICY = P",
      "", "390432", "Incoming request with IP/Token 127.0.0.1 is not allowed to access Snowflake.");
  EXPECT_EQ(LoginWith(MakeToken({.user = "GHOST"}), "", "ghost")["code"], "390144");
  EXPECT_EQ(Stats()["logins_refused"], 6);
}

TEST_F(HttpServerTest, AQueryAnswersWithTypesAndParameters) {
  LogIn();
  const Json reply = Query("SELECT ID, TS FROM SMALL");
  ASSERT_TRUE(reply["success"].get<bool>()) << reply;
  const Json& data = reply["data"];
  EXPECT_EQ(data["rowset"], Json::parse(R"([["1","1767225600.123456789"]])"));
  EXPECT_EQ(data["rowtype"][0]["type"], "fixed");
  EXPECT_EQ(data["rowtype"][1]["type"], "timestamp_ntz");
  EXPECT_EQ(data["rowtype"][1]["scale"], 9);
  EXPECT_EQ(data["version"], 1);
  EXPECT_EQ(data["returned"], 1);
  EXPECT_EQ(data["finalWarehouseName"], "WH");
  EXPECT_EQ(Stats()["warehouse_resumes"], 1);
}

TEST_F(HttpServerTest, GzipRequestBodiesAreRead) {
  LogIn();
  auto headers = Auth(token_);
  headers.emplace("Content-Encoding", "gzip");
  const auto reply = Client()->Post("/queries/v1/query-request?requestId=" + RandomUuid(), headers,
                                    Gzip(R"({"sqlText": "SELECT 7"})"), "application/json");
  EXPECT_EQ(Json::parse(reply->body)["data"]["rowset"], Json::parse(R"([["7"]])"));
}

TEST_F(HttpServerTest, LargeResultsComeInChunksWithoutLosingARow) {
  LogIn();
  const Json data = Query("SELECT ID, NAME FROM T ORDER BY ID")["data"];
  EXPECT_EQ(data["returned"], 100000);
  ASSERT_GT(data["chunks"].size(), 2U);
  std::vector<int64_t> ids;
  for (const auto& row : data["rowset"]) ids.push_back(std::stoll(row[0].get<std::string>()));
  for (const auto& chunk : data["chunks"]) {
    const std::string url = chunk["url"];
    const size_t path = url.find("/__storage");
    ASSERT_NE(path, std::string::npos);
    auto client = Client();
    client->set_decompress(false);
    const auto body = client->Get(url.substr(path));
    ASSERT_EQ(body->status, 200);
    EXPECT_EQ(body->get_header_value("Content-Encoding"), "gzip");
    EXPECT_EQ(body->body.size(), chunk["compressedSize"]);
    const std::string plain = *Gunzip(body->body);
    EXPECT_EQ(plain.size(), chunk["uncompressedSize"]);
    EXPECT_TRUE(absl::StartsWith(plain, "[\"")) << "rows without the outer brackets";
    const Json rows = Json::parse("[" + plain + "]");
    EXPECT_EQ(rows.size(), chunk["rowCount"]);
    for (const auto& row : rows) ids.push_back(std::stoll(row[0].get<std::string>()));
  }
  ASSERT_EQ(ids.size(), 100000U);
  for (size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], static_cast<int64_t>(i) + 1);
}

TEST_F(HttpServerTest, ARepeatedRequestIdRunsOnce) {
  Admin("GRANT INSERT ON TABLE D.PUBLIC.SMALL TO ROLE R");
  LogIn();
  const std::string id = RandomUuid();
  const Json first = Query("INSERT INTO SMALL (ID) VALUES (2)", {}, id);
  const Json second = Query("INSERT INTO SMALL (ID) VALUES (2)", {}, id);
  EXPECT_EQ(first["data"]["queryId"], second["data"]["queryId"]);
  EXPECT_EQ(first["data"]["stats"]["numRowsInserted"], 1);
  EXPECT_EQ(Query("SELECT COUNT(*) FROM SMALL")["data"]["rowset"][0][0], "2");
}

TEST_F(HttpServerTest, BindingsKeepTypesAndNanoseconds) {
  LogIn();
  const Json bindings =
      Json::parse(R"({"1":{"type":"TIMESTAMP_NTZ","value":"1767225600123456789"},"2":{"type":"FIXED","value":"41"},
    "3":{"type":"TEXT","value":"it's"},"4":{"type":"TEXT","value":null},"5":{"type":"BOOLEAN","value":"true"},"6":{"type":"DATE","value":"86400000"},
    "7":{"type":"REAL","value":"2.5"},"8":{"type":"FIXED","value":"12345678901234567890123456789012345678"}})");
  const Json reply =
      Query("SELECT (SELECT COUNT(*) FROM SMALL WHERE TS = ?), ? + 1, ?, ?, ?, ?, ?, ?", {{"bindings", bindings}});
  ASSERT_TRUE(reply["success"].get<bool>()) << reply;
  EXPECT_EQ(reply["data"]["rowset"][0],
            Json::parse(R"(["1","42","it's",null,"1","1","2.5","12345678901234567890123456789012345678"])"))
      << reply;
  EXPECT_EQ(Query("SELECT ?", {{"bindings", Json::object()}})["code"], "002049");
}

TEST_F(HttpServerTest, DescribeOnlyTellsColumnsAndRunsNothing) {
  LogIn();
  const Json reply = Query("SELECT ID, NAME, ? AS P FROM T", {{"describeOnly", true}});
  ASSERT_TRUE(reply["success"].get<bool>()) << reply;
  EXPECT_EQ(reply["data"]["rowtype"][1]["length"], 50);
  EXPECT_EQ(reply["data"]["rowset"].size(), 0U);
  EXPECT_EQ(Stats()["warehouse_resumes"], 0);
}

TEST_F(HttpServerTest, AStatementIsCancelledByRequestIdFromAnotherThread) {
  LogIn();
  const std::string id = RandomUuid();
  Json answer;
  std::thread running([&] { answer = Query("SELECT SYSTEM$WAIT(600)", {}, id); });
  Json abort;
  do {
    abort = Post("/queries/v1/abort-request?requestId=" + RandomUuid(), {{"requestId", id}});
  } while (!abort["success"].get<bool>());  // 000605 until it has started
  running.join();
  EXPECT_EQ(answer["code"], "000604");
  EXPECT_EQ(answer["data"]["sqlState"], "57014");
  EXPECT_EQ(answer["message"], "SQL execution canceled");
  EXPECT_EQ(Post("/queries/v1/abort-request", {{"requestId", id}})["code"], "000605");
}

TEST_F(HttpServerTest, AnEngineQueryIsCancelledToo) {
  LogIn();
  const Json started = Query("SELECT COUNT(*) FROM T A, T B, T C WHERE A.ID + B.ID + C.ID < 0", {{"asyncExec", true}});
  EXPECT_EQ(started["code"], "333334");
  const std::string query_id = started["data"]["queryId"];
  EXPECT_TRUE(Post("/queries/" + query_id + "/abort-request", {})["success"].get<bool>());
  const Json result = Json::parse(Client()->Get("/queries/" + query_id + "/result", Auth(token_))->body);
  EXPECT_EQ(result["code"], "000604");
  const Json state = Json::parse(Client()->Get("/monitoring/queries/" + query_id, Auth(token_))->body);
  EXPECT_EQ(state["data"]["queries"][0]["status"], "ABORTED");
}

TEST_F(HttpServerTest, TheStatementTimeoutIsEnforced) {
  LogIn();
  ASSERT_TRUE(Query("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1, QUERY_TAG = 'cdi'")["success"].get<bool>());
  EXPECT_EQ(Query("SELECT COUNT(*) FROM T A, T B, T C WHERE A.ID + B.ID + C.ID < 0")["code"], "000630");
  const Json queries = Json::parse(Client()->Get("/__mock/queries")->body)["queries"];
  EXPECT_EQ(queries.back()["tag"], "cdi");
  EXPECT_EQ(queries.back()["code"], "000630");
}

class HttpPollTest : public HttpServerTest {
 protected:
  HttpPollTest() { settings_.poll_hold_ms = 5; }
};

TEST_F(HttpPollTest, ALongStatementIsPolledUntilItIsDone) {
  LogIn();
  Json reply = Query("SELECT SYSTEM$WAIT(50, 'MILLISECONDS')");
  EXPECT_EQ(reply["code"], "333333");
  const std::string url = reply["data"]["getResultUrl"];
  while (reply["code"] == "333333") reply = Json::parse(Client()->Get(url, Auth(token_))->body);
  EXPECT_TRUE(reply["success"].get<bool>()) << reply;
}

TEST_F(HttpServerTest, ExpiredTokensAreRenewedWithTheMasterToken) {
  LogIn();
  Control("/__mock/sessions", {{"expire", "session"}});
  EXPECT_EQ(Query("SELECT 1")["code"], "390112");
  const auto renewed =
      Client()->Post("/session/token-request", Auth(master_), R"({"requestType":"RENEW"})", "application/json");
  const Json reply = Json::parse(renewed->body);
  ASSERT_TRUE(reply["success"].get<bool>()) << reply;
  const std::string old_token = std::exchange(token_, reply["data"]["sessionToken"].get<std::string>());
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
  const auto refused = Client()->Post("/queries/v1/query-request", Auth(old_token), "{}", "application/json");
  EXPECT_EQ(Json::parse(refused->body)["code"], "390112") << "other threads of the client still renew with it";
  Control("/__mock/sessions", {{"expire", "master"}});
  const auto gone =
      Client()->Post("/session/token-request", Auth(reply["data"]["masterToken"]), "{}", "application/json");
  EXPECT_EQ(Json::parse(gone->body)["code"], "390114");
}

TEST_F(HttpServerTest, HeartbeatTelemetryAndLogoutAnswer) {
  LogIn();
  EXPECT_TRUE(Post("/session/heartbeat?requestId=1", {})["success"].get<bool>());
  EXPECT_TRUE(Post("/telemetry/send", {})["success"].get<bool>());
  EXPECT_TRUE(Post("/session?delete=true", {})["success"].get<bool>());
  EXPECT_EQ(Post("/session/heartbeat", {})["code"], "390111");
  EXPECT_EQ(Stats()["sessions"], 0);
}

TEST_F(HttpServerTest, FaultsCountDown) {
  Control("/__mock/faults", {{"fail_logins", 1}});
  EXPECT_EQ(LoginWith(MakeToken({}))["status"], 503);
  LogIn();
  Control("/__mock/faults", {{"fail_queries", 1}, {"fail_chunks", 1}, {"forbid_chunks", 1}, {"truncate_chunks", 1}});
  EXPECT_EQ(Client()->Post("/queries/v1/query-request", Auth(token_), "{}", "application/json")->status, 503);
  const std::string url = Query("SELECT * FROM T")["data"]["chunks"][0]["url"];
  const std::string path = url.substr(url.find("/__storage"));
  auto client = Client();
  client->set_decompress(false);
  EXPECT_EQ(client->Get(path)->status, 503);
  EXPECT_EQ(client->Get(path)->status, 403);
  EXPECT_FALSE(Gunzip(client->Get(path)->body).has_value());
  EXPECT_TRUE(Gunzip(client->Get(path)->body).has_value());
  EXPECT_EQ(client->Get(path.substr(0, path.size() - 1) + "x")->status, 403) << "a URL that was not given out";
}

TEST_F(HttpServerTest, SixteenSessionsReadAndWriteAtOnce) {
  Admin("GRANT INSERT, UPDATE ON TABLE D.PUBLIC.SMALL TO ROLE R");
  LogIn();
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      const std::string token = LoginWith(MakeToken({}), "&databaseName=d&schemaName=public")["data"]["token"];
      for (int k = 0; k < 5; ++k) {
        for (const std::string& sql :
             {std::string("UPDATE SMALL SET ID = ID + 1"), absl::StrCat("INSERT INTO SMALL (ID) VALUES (", i, ")"),
              std::string("SELECT COUNT(*) FROM SMALL")}) {
          const auto reply = Client()->Post("/queries/v1/query-request?requestId=" + RandomUuid(), Auth(token),
                                            Json{{"sqlText", sql}}.dump(), "application/json");
          if (!reply || !Json::parse(reply->body)["success"].get<bool>()) ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(Query("SELECT COUNT(*) FROM SMALL")["data"]["rowset"][0][0], "81");
}

TEST_F(HttpServerTest, ErrorsCarryCodeStateAndPlace) {
  LogIn();
  const Json reply = Query("SELECT ID,\n  NOPE FROM T");
  EXPECT_FALSE(reply["success"].get<bool>());
  EXPECT_EQ(reply["code"], "000904");
  EXPECT_EQ(reply["data"]["sqlState"], "42000");
  EXPECT_EQ(reply["data"]["line"], 2);
  EXPECT_EQ(reply["data"]["pos"], 2);
  EXPECT_EQ(reply["message"], "SQL compilation error: error line 2 at position 2\ninvalid identifier 'NOPE'");
}

}  // namespace
}  // namespace cdi::snowflake_mock
