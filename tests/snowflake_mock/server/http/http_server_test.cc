// The protocol over real HTTP on loopback, port 0: login with a fresh RSA key, queries, chunks, cancel, renewal,
// faults.
#include "tests/snowflake_mock/server/http/http_server.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <set>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/account/jwt.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::json;

// An RSA pair of its own for each test program run.
class TestKey {
 public:
  TestKey() : key_(EVP_RSA_gen(2048)) {}
  ~TestKey() { EVP_PKEY_free(key_); }
  TestKey(const TestKey&) = delete;
  TestKey& operator=(const TestKey&) = delete;

  std::string PublicBase64() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_, &der);
    std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    return absl::Base64Escape(text);
  }
  std::string Fingerprint() const { return ReadPublicKey(PublicBase64())->fingerprint; }

  std::string Sign(const Json& header, const Json& payload) const {
    const std::string text = absl::StrCat(Encode(header.dump()), ".", Encode(payload.dump()));
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    size_t size = 0;
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_);
    EVP_DigestSign(context, nullptr, &size, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    return absl::StrCat(text, ".", Encode(signature));
  }

 private:
  static std::string Encode(const std::string& raw) { return absl::WebSafeBase64Escape(raw); }
  EVP_PKEY* key_;
};

const TestKey& Key() {
  static const auto* key = new TestKey();
  return *key;
}
const TestKey& OtherKey() {
  static const auto* key = new TestKey();
  return *key;
}

int64_t NowSeconds() {
  return std::time(nullptr);
}

struct Token {
  std::string algorithm = "RS256";
  std::string account = "MYORG-MYACCT";
  std::string user = "SVC";
  int64_t issued = 0;    // offset from now, seconds
  int64_t expires = 60;  // offset from now
  bool milliseconds = false;
  bool has_times = true;
  const TestKey* signer = &Key();
  const TestKey* claimed = nullptr;  // whose fingerprint; the signer's when null
};

std::string MakeToken(const Token& token) {
  const TestKey& claimed = token.claimed == nullptr ? *token.signer : *token.claimed;
  Json payload{{"sub", token.account + "." + token.user},
               {"iss", token.account + "." + token.user + "." + claimed.Fingerprint()}};
  const int64_t unit = token.milliseconds ? 1000 : 1;
  if (token.has_times) {
    payload["iat"] = (NowSeconds() + token.issued) * unit;
    payload["exp"] = (NowSeconds() + token.expires) * unit;
  }
  return token.signer->Sign({{"alg", token.algorithm}, {"typ", "JWT"}}, payload);
}

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    account_ = *Account::Open("myorg-myacct", "");
    Admin(R"(CREATE DATABASE D; CREATE TABLE D.PUBLIC.T (ID INT, NAME VARCHAR(50));
             INSERT INTO D.PUBLIC.T SELECT SEQ4() + 1, 'row ' || (SEQ4() + 1) FROM TABLE(GENERATOR(ROWCOUNT => 100000));
             CREATE TABLE D.PUBLIC.SMALL (ID INT, TS TIMESTAMP_NTZ); INSERT INTO D.PUBLIC.SMALL VALUES (1, '2026-01-01 00:00:00.123456789');
             CREATE ROLE R; CREATE ROLE UNGRANTED; CREATE WAREHOUSE WH INITIALLY_SUSPENDED = TRUE;
             GRANT USAGE ON WAREHOUSE WH TO ROLE R; GRANT USAGE ON DATABASE D TO ROLE R; GRANT USAGE ON ALL SCHEMAS IN DATABASE D TO ROLE R;
             GRANT SELECT ON ALL TABLES IN SCHEMA D.PUBLIC TO ROLE R;
             CREATE USER SVC DEFAULT_ROLE = R DEFAULT_WAREHOUSE = WH; GRANT ROLE R TO USER SVC;)");
    Admin(absl::StrCat("ALTER USER SVC SET RSA_PUBLIC_KEY = '", Key().PublicBase64(), "'"));
    ServerOptions options;
    options.poll_hold = hold_;
    server_ = *HttpServer::Start(*account_, options);
  }

  void Admin(const std::string& sql) {
    const auto done = RunScript(*account_, **account_->AdministratorSession(), sql);
    ASSERT_TRUE(done.ok()) << done.status();
  }

  std::unique_ptr<httplib::Client> Client() const {
    auto client = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
    client->set_tcp_nodelay(true);
    client->set_keep_alive(true);
    client->set_read_timeout(60);
    return client;
  }

  Json LoginWith(const std::string& token, const std::string& url_options = "", const std::string& user = "svc",
                 const std::string& account = "myorg-myacct") {
    const Json body{{"data",
                     {{"ACCOUNT_NAME", account},
                      {"LOGIN_NAME", user},
                      {"AUTHENTICATOR", "SNOWFLAKE_JWT"},
                      {"TOKEN", token},
                      {"CLIENT_APP_ID", "TEST"}}}};
    const auto reply = Client()->Post("/session/v1/login-request?requestId=" + RandomUuid() + url_options, body.dump(),
                                      "application/json");
    EXPECT_TRUE(reply);
    if (reply->status != 200) return Json{{"status", reply->status}};
    return Json::parse(reply->body);
  }

  void LogIn() {
    const Json reply = LoginWith(MakeToken({}), "&databaseName=d&schemaName=public");
    ASSERT_TRUE(reply["success"].get<bool>()) << reply;
    token_ = reply["data"]["token"];
    master_ = reply["data"]["masterToken"];
  }

  httplib::Headers Auth(const std::string& token) const {
    return {{"Authorization", "Snowflake Token=\"" + token + "\""}, {"Accept", "application/snowflake"}};
  }

  Json Post(const std::string& path, const Json& body) {
    const auto reply = Client()->Post(path, Auth(token_), body.dump(), "application/json");
    EXPECT_TRUE(reply) << path;
    return Json::parse(reply->body);
  }
  Json Query(const std::string& sql, Json more = Json::object(), const std::string& request_id = RandomUuid()) {
    more["sqlText"] = sql;
    return Post("/queries/v1/query-request?requestId=" + request_id, more);
  }
  Json Control(const std::string& path, const Json& body) {
    return Json::parse(Client()->Post(path, body.dump(), "application/json")->body);
  }
  Json Stats() { return Json::parse(Client()->Get("/__mock/stats")->body); }

  std::chrono::milliseconds hold_{45'000};
  std::unique_ptr<Account> account_;
  std::unique_ptr<HttpServer> server_;
  std::string token_;
  std::string master_;
};

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
  HttpPollTest() { hold_ = std::chrono::milliseconds(5); }
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
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(Json::parse(refused->body)["code"], "390104");
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
  EXPECT_EQ(Post("/session/heartbeat", {})["code"], "390104");
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
  EXPECT_EQ(client->Get(path.substr(0, path.size() - 1) + "99")->status, 404);
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
