// Tokens and sessions over time: expiry, renewal, idleness, logout. The clock is shifted, never slept on.
#include "tests/snowflake_mock/server/http/http_test_support.h"

namespace cdi::snowflake_mock {
namespace {

class SessionTest : public HttpServerTest {
 protected:
  void Shift(int64_t seconds) { Control("/__mock/clock", {{"shift_seconds", seconds}}); }
};

TEST_F(SessionTest, TokensLiveAsLongAsTheSettingsSay) {
  Control("/__mock/settings", {{"session_seconds", 10}, {"master_seconds", 100}});
  const Json login = LoginWith(MakeToken({}));
  EXPECT_EQ(login["data"]["validityInSeconds"], 10);
  EXPECT_EQ(login["data"]["masterValidityInSeconds"], 100);
  token_ = login["data"]["token"];
  master_ = login["data"]["masterToken"];
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
  Shift(11);
  EXPECT_EQ(Query("SELECT 1")["code"], "390112");
  const Json renewed = Renew(master_);
  ASSERT_TRUE(renewed["success"].get<bool>()) << renewed;
  EXPECT_EQ(renewed["data"]["validityInSecondsST"], 10);
  const std::string first_token = std::exchange(token_, renewed["data"]["sessionToken"].get<std::string>());
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
  EXPECT_NE(first_token, token_);
  Shift(500);
  EXPECT_EQ(Query("SELECT 1")["code"], "390112");
  EXPECT_EQ(Renew(renewed["data"]["masterToken"])["code"], "390114");
}

TEST_F(SessionTest, ATokenThatWasRenewedEarlyStaysGoodForItsTime) {
  LogIn();
  const std::string first = token_;
  token_ = Renew(master_)["data"]["sessionToken"];
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
  token_ = first;
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>()) << "a second thread of the client may still use it";
}

TEST_F(SessionTest, RequestsAndHeartbeatsKeepTheMasterTokenAlive) {
  Control("/__mock/settings", {{"session_seconds", 10000}, {"master_seconds", 100}});
  LogIn();
  for (int step = 1; step <= 3; ++step) {
    Shift(step * 90);
    EXPECT_TRUE(Post("/session/heartbeat", {})["success"].get<bool>());
  }
  EXPECT_TRUE(Renew(master_)["success"].get<bool>());
  Shift(3 * 90 + 101);
  EXPECT_EQ(Renew(master_)["code"], "390114") << "idle for too long";
}

TEST_F(SessionTest, WrongTokensAnswerTheirOwnCodes) {
  LogIn();
  EXPECT_EQ(Renew("nothing")["code"], "390113");
  EXPECT_EQ(Renew(token_)["code"], "390115");
  const auto post = [&](const httplib::Headers& headers) {
    return Client()->Post("/queries/v1/query-request", headers, "{}", "application/json");
  };
  EXPECT_EQ(post({})->status, 401);
  EXPECT_EQ(Json::parse(post({})->body)["code"], "390101");
  EXPECT_EQ(post(Auth("nothing"))->status, 401);
  EXPECT_EQ(Json::parse(post(Auth("nothing"))->body)["code"], "390104");
  EXPECT_EQ(Json::parse(post(Auth(master_))->body)["code"], "390104") << "a master token runs no statements";
}

TEST_F(SessionTest, AfterLogoutTheSessionNoLongerExists) {
  LogIn();
  EXPECT_TRUE(Post("/session?delete=true", {})["success"].get<bool>());
  EXPECT_EQ(Query("SELECT 1")["code"], "390111");
  EXPECT_EQ(Renew(master_)["code"], "390111");
  Control("/__mock/settings", {{"gone_session_as_401", 1}});
  const auto refused = Client()->Post("/queries/v1/query-request", Auth(token_), "{}", "application/json");
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(Json::parse(refused->body)["code"], "390104");
}

TEST_F(SessionTest, LogoutAbortsWhatRuns) {
  LogIn();
  const std::string id = Query("SELECT SYSTEM$WAIT(600)", {{"asyncExec", true}})["data"]["queryId"];
  EXPECT_TRUE(Post("/session?delete=true", {})["success"].get<bool>());
  LogIn();
  EXPECT_EQ(Result(id)["code"], "000604");
}

TEST_F(SessionTest, DisablingAUserAbortsWhatItRuns) {
  LogIn();
  const std::string id = Query("SELECT SYSTEM$WAIT(600)", {{"asyncExec", true}})["data"]["queryId"];
  const auto administrator = *account_->AdministratorSession();
  ASSERT_TRUE(RunScript(*account_, *administrator, "ALTER USER SVC SET COMMENT = 'still enabled'").ok());
  EXPECT_NE(Status(id), "ABORTED");
  ASSERT_TRUE(RunScript(*account_, *administrator, "ALTER USER SVC SET DISABLED = TRUE").ok());
  EXPECT_EQ(Result(id)["code"], "000604");
}

TEST_F(SessionTest, ADroppedUserHasNoSessions) {
  LogIn();
  const std::string id = Query("SELECT SYSTEM$WAIT(600)", {{"asyncExec", true}})["data"]["queryId"];
  Admin("DROP USER SVC");
  EXPECT_EQ(Query("SELECT 1")["code"], "390111");
  while (account_->history.Find(id)->ended_ns == 0) std::this_thread::yield();
  EXPECT_EQ(account_->history.Find(id)->code, "000604");
}

TEST_F(SessionTest, ASessionMayBeLookedAtWithoutEndingIt) {
  LogIn();
  const Json reply = Post("/session", {});
  EXPECT_EQ(reply["data"]["sessionInfo"]["roleName"], "R");
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
}

TEST_F(SessionTest, ARenewalInTheMiddleOfAResultLosesNothing) {
  LogIn();
  const std::string id = RandomUuid();
  const Json first = Query("SELECT ID FROM T ORDER BY ID", {}, id);
  Control("/__mock/sessions", {{"expire", "session"}});
  const std::string query_id = first["data"]["queryId"];
  EXPECT_EQ(Result(query_id)["code"], "390112");
  const std::string url = first["data"]["chunks"][0]["url"];
  EXPECT_EQ(Client()->Get(url.substr(url.find("/__storage")))->status, 200) << "chunks need no session";
  token_ = Renew(master_)["data"]["sessionToken"];
  EXPECT_EQ(Result(query_id)["data"]["returned"], 100000);
  EXPECT_EQ(Query("SELECT ID FROM T ORDER BY ID", {}, id)["data"]["queryId"], query_id)
      << "the same request under a new token is the same request";
}

TEST_F(SessionTest, OnlyTheNamedSessionsExpire) {
  LogIn();
  Control("/__mock/sessions", {{"expire", "session"}, {"user", "somebody"}});
  EXPECT_TRUE(Query("SELECT 1")["success"].get<bool>());
  Control("/__mock/sessions", {{"expire", "session"}, {"user", "svc"}});
  EXPECT_EQ(Query("SELECT 1")["code"], "390112");
}

TEST_F(SessionTest, TheEndClosesIdleConnections) {
  auto client = Client();
  ASSERT_EQ(client->Get("/__mock/stats")->status, 200);  // kept alive
  server_.reset();
  EXPECT_FALSE(client->Get("/__mock/stats"));
}

}  // namespace
}  // namespace cdi::snowflake_mock
