// Faults on demand, each as a client meets it.
#include "tests/snowflake_mock/server/engine/gzip.h"
#include "tests/snowflake_mock/server/http/http_test_support.h"

namespace cdi::snowflake_mock {
namespace {

class FaultTest : public HttpServerTest {
 protected:
  void SetUp() override {
    HttpServerTest::SetUp();
    Admin("GRANT INSERT ON TABLE D.PUBLIC.SMALL TO ROLE R; TRUNCATE TABLE D.PUBLIC.SMALL");
    LogIn();
  }
  Json Set(const Json& fault) {
    const Json reply = Control("/__mock/faults", fault);
    EXPECT_TRUE(reply.contains("id")) << reply;
    return reply;
  }
  // The raw reply; empty when the connection broke.
  httplib::Result Send(const std::string& sql, const std::string& request_id = RandomUuid()) {
    return Client()->Post("/queries/v1/query-request?requestId=" + request_id, Auth(token_),
                          Json{{"sqlText", sql}}.dump(), "application/json");
  }
  std::string ChunkPath() {
    const std::string url = Query("SELECT ID, NAME FROM T")["data"]["chunks"][1]["url"];
    return url.substr(url.find("/__storage"));
  }
  std::string CountOfSmall() { return Query("SELECT COUNT(*) FROM SMALL")["data"]["rowset"][0][0]; }
};

TEST_F(FaultTest, AStatusComesWithRetryAfterBeforeOrAfterTheStatementRan) {
  Set({{"fault", "429"}, {"retry_after", 7}});
  const auto early = Send("INSERT INTO SMALL (ID) VALUES (1)");
  EXPECT_EQ(early->status, 429);
  EXPECT_EQ(early->get_header_value("Retry-After"), "7");
  EXPECT_EQ(CountOfSmall(), "0");
  Set({{"fault", "500"}, {"when", "after"}});
  const std::string id = RandomUuid();
  EXPECT_EQ(Send("INSERT INTO SMALL (ID) VALUES (1)", id)->status, 500);
  EXPECT_EQ(CountOfSmall(), "1");
  EXPECT_EQ(Send("INSERT INTO SMALL (ID) VALUES (1)", id)->status, 200);
  EXPECT_EQ(CountOfSmall(), "1") << "the repeat ran nothing";
}

TEST_F(FaultTest, ConnectionsAreResetOnEveryRoute) {
  for (const char* when : {"before", "after"}) {
    Set({{"fault", "reset"}, {"when", when}});
    EXPECT_FALSE(Send("SELECT 1")) << when;
    EXPECT_EQ(Send("SELECT 1")->status, 200);
    Set({{"fault", "reset"}, {"route", "login"}, {"when", when}});
    EXPECT_FALSE(Client()->Post("/session/v1/login-request", "{}", "application/json")) << when;
    const std::string path = ChunkPath();
    Set({{"fault", "reset"}, {"route", "chunk"}, {"when", when}});
    EXPECT_FALSE(Client()->Get(path)) << when;
    EXPECT_EQ(Client()->Get(path)->status, 200);
  }
  const std::string path = ChunkPath();
  Set({{"fault", "reset"}, {"route", "chunk"}, {"bytes", 100}});
  EXPECT_FALSE(Client()->Get(path)) << "in the middle of the body";
}

TEST_F(FaultTest, BodiesAreCutWithAMatchingOrAWrongLength) {
  const std::string path = ChunkPath();
  auto client = Client();
  client->set_decompress(false);
  Set({{"fault", "truncate"}, {"route", "chunk"}});
  const auto half = client->Get(path);
  ASSERT_TRUE(half);
  EXPECT_EQ(half->get_header_value("Content-Length"), std::to_string(half->body.size()));
  EXPECT_FALSE(Gunzip(half->body).has_value());
  Set({{"fault", "truncate"}, {"route", "chunk"}, {"length", "wrong"}, {"bytes", 50}});
  EXPECT_FALSE(Client()->Get(path)) << "the connection ends before the length is reached";
  Set({{"fault", "truncate"}});
  auto headers = Auth(token_);
  headers.emplace("Accept-Encoding", "gzip");
  const auto reply =
      client->Post("/queries/v1/query-request", headers, R"({"sqlText":"SELECT 1"})", "application/json");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->get_header_value("Content-Encoding"), "gzip");
  EXPECT_FALSE(Gunzip(reply->body).has_value()) << "a query's reply is cut as gzip too";
}

TEST_F(FaultTest, BodiesCanBeSlowAndRepliesCanHang) {
  const std::string path = ChunkPath();
  Set({{"fault", "slow"}, {"route", "chunk"}, {"rate", 100}});
  auto impatient = Client();
  bool began = false;
  EXPECT_FALSE(impatient->Get(path, [&](const char*, size_t) {
    const bool first = !std::exchange(began, true);
    return first;  // gives up at the second piece
  }));
  EXPECT_TRUE(began);
  Set({{"fault", "hang"}, {"seconds", 0}});
  impatient = Client();
  impatient->set_read_timeout(0, 100'000);
  EXPECT_FALSE(
      impatient->Post("/queries/v1/query-request", Auth(token_), R"({"sqlText":"SELECT 1"})", "application/json"));
}

TEST_F(FaultTest, StatementsFailInSnowflakesWords) {
  const std::vector<std::vector<std::string>> cases = {{"suspended", "000606", "57P03"},
                                                       {"timeout", "000630", "57014"},
                                                       {"canceled", "000604", "57014"},
                                                       {"incident", "000603", "XX000"}};
  for (const auto& one : cases) {
    Set({{"fault", one[0]}});
    const Json reply = Query("INSERT INTO SMALL (ID) VALUES (1)");
    EXPECT_EQ(reply["code"], one[1]);
    EXPECT_EQ(reply["data"]["sqlState"], one[2]);
  }
  EXPECT_EQ(CountOfSmall(), "0");
  Set({{"fault", "error"}, {"code", "300002"}, {"message", "strange"}, {"when", "after"}});
  EXPECT_EQ(Query("INSERT INTO SMALL (ID) VALUES (1)")["message"], "strange");
  EXPECT_EQ(CountOfSmall(), "1");
}

TEST_F(FaultTest, FiltersChooseTheVictim) {
  Set({{"fault", "503"}, {"sql", "from small"}});
  Set({{"fault", "500"}, {"tag", "etl"}});
  Set({{"fault", "502"}, {"user", "SOMEBODY"}});
  EXPECT_EQ(Send("SELECT 1")->status, 200);
  EXPECT_EQ(Send("SELECT * FROM SMALL")->status, 503);
  EXPECT_EQ(Send("SELECT * FROM SMALL")->status, 200);
  Query("ALTER SESSION SET QUERY_TAG = 'etl'");
  EXPECT_EQ(Send("SELECT 1")->status, 500);
  const Json list = Json::parse(Client()->Get("/__mock/faults")->body)["faults"];
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[2]["hits"], 0);
  EXPECT_EQ(Client()->Delete(absl::StrCat("/__mock/faults/", list[2]["id"].get<int64_t>()))->status, 200);
  EXPECT_EQ(Json::parse(Client()->Delete("/__mock/faults")->body)["faults"].size(), 0U);
}

TEST_F(FaultTest, ACommentInTheStatementStrikesItsRequestOnly) {
  const std::string id = RandomUuid();
  const std::string sql = "/* mock:fault=503,count=2 */ SELECT 5";
  EXPECT_EQ(Send(sql, id)->status, 503);
  EXPECT_EQ(Send("SELECT 1")->status, 200);
  EXPECT_EQ(Send(sql, id)->status, 503);
  EXPECT_EQ(Json::parse(Send(sql, id)->body)["data"]["rowset"][0][0], "5");
  const Json data = Query("/* mock:fault=403,route=chunk,count=1 */ SELECT ID, NAME FROM T")["data"];
  const std::string url = data["chunks"][0]["url"];
  const std::string path = url.substr(url.find("/__storage"));
  EXPECT_EQ(Client()->Get(ChunkPath())->status, 200) << "another statement's chunk";
  EXPECT_EQ(Client()->Get(path)->status, 403);
  EXPECT_EQ(Client()->Get(path)->status, 200);
  EXPECT_EQ(Query("/* mock:fault=suspended */ SELECT 1")["code"], "000606");
  EXPECT_EQ(Query("/* mock:fault=nonsense */ SELECT 1")["code"], "001003");
}

TEST_F(FaultTest, ASessionParameterStrikesItsSession) {
  EXPECT_TRUE(Query("ALTER SESSION SET MOCK_FAULT = 'fault=500,count=1'")["success"].get<bool>());
  EXPECT_EQ(Send("SELECT 1")->status, 500);
  EXPECT_EQ(Send("SELECT 1")->status, 200);
  EXPECT_TRUE(Query("ALTER SESSION SET MOCK_FAULT = '502,count=-1'")["success"].get<bool>());
  EXPECT_EQ(Send("SELECT 1")->status, 502);
  const std::string other = std::exchange(token_, LoginWith(MakeToken({}))["data"]["token"].get<std::string>());
  EXPECT_EQ(Send("SELECT 1")->status, 200) << "not this one's";
  token_ = other;
  EXPECT_EQ(Send("SELECT 1")->status, 502);
}

TEST_F(FaultTest, TheSchemaChangesBetweenTwoStatementsOrChunks) {
  Admin("CREATE TABLE D.PUBLIC.W (A INT, B INT); GRANT SELECT ON TABLE D.PUBLIC.W TO ROLE R");
  Set({{"fault", "sql"}, {"statement", "ALTER TABLE D.PUBLIC.W DROP COLUMN B"}, {"sql", "SELECT A, B"}, {"skip", 1}});
  EXPECT_TRUE(Query("SELECT A, B FROM W")["success"].get<bool>());
  EXPECT_EQ(Query("SELECT A, B FROM W")["code"], "000904");
  const std::string path = ChunkPath();
  Set({{"fault", "sql"}, {"statement", "ALTER TABLE D.PUBLIC.W RENAME COLUMN A TO Z"}, {"route", "chunk"}});
  EXPECT_TRUE(Query("SELECT A FROM W")["success"].get<bool>());
  EXPECT_EQ(Client()->Get(path)->status, 200);
  EXPECT_EQ(Query("SELECT A FROM W")["code"], "000904");
}

TEST_F(FaultTest, TokensExpireAtAChosenMoment) {
  Set({{"fault", "expire"}, {"token", "session"}, {"when", "after"}, {"sql", "SELECT 1"}});
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
  EXPECT_EQ(Query("SELECT 2")["code"], "390112");
  token_ = Renew(master_)["data"]["sessionToken"];
  Set({{"fault", "expire"}, {"token", "drop"}, {"when", "after"}});
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
  EXPECT_EQ(Query("SELECT 2")["code"], "390111");
}

TEST_F(FaultTest, WrongFaultsAreRefusedWithTheReason) {
  for (const Json& wrong : std::vector<Json>{{{"fault", "explode"}},
                                             {{"fault", "reset"}, {"route", "nowhere"}},
                                             {{"fault", "reset"}, {"count", "many"}},
                                             {{"fault", "reset"}, {"colour", "red"}},
                                             {{"fail_everything", 1}}}) {
    const Json reply = Control("/__mock/faults", wrong);
    EXPECT_TRUE(reply.contains("error")) << wrong;
  }
}

}  // namespace
}  // namespace cdi::snowflake_mock
