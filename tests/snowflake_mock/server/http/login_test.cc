// Every way a login ends: the code the client sees, the cause in the log and in SYSTEM$GET_LOGIN_FAILURE_DETAILS.
#include "tests/snowflake_mock/server/http/http_test_support.h"

namespace cdi::snowflake_mock {
namespace {

class LoginTest : public HttpServerTest {
 protected:
  Json LastLogin() { return Json::parse(Client()->Get("/__mock/logins")->body)["logins"].back(); }
  Json LoginBy(const std::string& authenticator, const Json& more = Json::object()) {
    Json data{{"ACCOUNT_NAME", "myorg-myacct"}, {"LOGIN_NAME", "SVC"}, {"AUTHENTICATOR", authenticator}};
    data.update(more);
    return Json::parse(
        Client()->Post("/session/v1/login-request", Json{{"data", data}}.dump(), "application/json")->body);
  }
};

TEST_F(LoginTest, TokenTimesOfEverySort) {
  struct Case {
    TestToken token;
    std::string cause;  // empty: accepted
  };
  const std::vector<Case> cases = {
      {{.issued = -30}, ""},
      {{.issued = -70}, "JWT_TOKEN_INVALID_ISSUE_TIME"},
      {{.issued = 30, .expires = 90}, ""},
      {{.issued = 150, .expires = 210}, "JWT_TOKEN_INVALID_ISSUE_TIME"},
      {{.issued = -10, .expires = 3580}, ""},
      {{.issued = -10, .expires = 3610}, "JWT_TOKEN_INVALID_EXPIRATION_TIME"},
      {{.issued = -50, .expires = -1}, "JWT_TOKEN_INVALID_EXPIRATION_TIME"},
      {{.issued = -30, .milliseconds = true}, ""},
      {{.issued = -70, .milliseconds = true}, "JWT_TOKEN_INVALID_ISSUE_TIME"},
      {{.not_before = -1000}, ""},
      {{.not_before = 300}, "JWT_TOKEN_INVALID"},
  };
  for (const Case& one : cases) {
    const Json reply = LoginWith(MakeToken(one.token));
    EXPECT_EQ(reply["success"].get<bool>(), one.cause.empty()) << one.token.issued << " " << one.token.expires;
    if (!one.cause.empty()) {
      EXPECT_EQ(LastLogin()["cause"], one.cause) << one.token.issued << " " << one.token.expires;
    }
  }
}

TEST_F(LoginTest, OnlyRs256IsAccepted) {
  for (const char* algorithm : {"none", "HS256", "RS384", "RS512", "ES256", "rs256", ""}) {
    EXPECT_EQ(LoginWith(MakeToken({.algorithm = algorithm}))["code"], "390144") << algorithm;
    EXPECT_EQ(LastLogin()["cause"], "JWT_TOKEN_INVALID_ALGORITHM") << algorithm;
  }
}

TEST_F(LoginTest, EverySpellingOfTheAccountIsAccepted) {
  for (const char* account : {"MYORG-MYACCT", "MYORG_MYACCT", "XY12345", "MYORG-MYACCT.US-EAST-1"}) {
    const std::string claim = std::string(account).substr(0, std::string(account).find('.'));
    const Json reply = LoginWith(MakeToken({.account = claim}), "", "svc", account);
    EXPECT_TRUE(reply["success"].get<bool>()) << account << reply;
  }
  EXPECT_TRUE(LoginWith(MakeToken({}), "", "SVC", "myorg-myacct-a1b2c3.global")["success"].get<bool>());
  EXPECT_FALSE(LoginWith(MakeToken({}), "", "SVC", "myorg-other")["success"].get<bool>());
  EXPECT_EQ(LastLogin()["cause"], "JWT_TOKEN_ACCOUNT_MISMATCH");
}

TEST_F(LoginTest, TheLoginNameCountsNotTheName) {
  Admin(absl::StrCat("CREATE USER U LOGIN_NAME = 'robot@x.example' RSA_PUBLIC_KEY = '", Key().PublicBase64(), "'"));
  EXPECT_TRUE(LoginWith(MakeToken({.user = "ROBOT@X.EXAMPLE"}), "", "robot@x.example")["success"].get<bool>());
  EXPECT_EQ(LoginWith(MakeToken({.user = "U"}), "", "U")["code"], "390144");
  EXPECT_EQ(LastLogin()["cause"], "JWT_TOKEN_INVALID_USER_IN_ISSUER");
  Admin("DROP USER U");
  EXPECT_EQ(LoginWith(MakeToken({.user = "ROBOT@X.EXAMPLE"}), "", "robot@x.example")["code"], "390144");
  EXPECT_EQ(LastLogin()["cause"], "JWT_TOKEN_INVALID_USER_IN_ISSUER");
}

TEST_F(LoginTest, OtherAuthenticatorsAreRefusedInTheirOwnWords) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"SNOWFLAKE", "390100"},       {"", "390100"},
      {"OAUTH", "390303"},           {"PROGRAMMATIC_ACCESS_TOKEN", "394400"},
      {"EXTERNALBROWSER", "390190"}, {"USERNAME_PASSWORD_MFA", "390100"}};
  for (const auto& [authenticator, code] : cases) {
    const Json reply = LoginBy(authenticator, {{"PASSWORD", "secret"}, {"TOKEN", "abc"}});
    EXPECT_EQ(reply["code"], code) << authenticator;
    EXPECT_EQ(reply["data"]["nextAction"], "RETRY_LOGIN");
  }
}

TEST_F(LoginTest, ANetworkPolicyOfTheAccountHoldsForAll) {
  Admin("CREATE NETWORK POLICY P ALLOWED_IP_LIST = ('0.0.0.0/0') BLOCKED_IP_LIST = ('127.0.0.1')");
  Admin("ALTER ACCOUNT SET NETWORK_POLICY = P");
  const Json reply = LoginWith(MakeToken({}));
  EXPECT_EQ(reply["code"], "390432");
  EXPECT_TRUE(absl::StrContains(reply["message"].get<std::string>(), "is not allowed to access Snowflake"));
  Admin("CREATE NETWORK POLICY OPEN ALLOWED_IP_LIST = ('127.0.0.0/8'); ALTER USER SVC SET NETWORK_POLICY = OPEN");
  EXPECT_TRUE(LoginWith(MakeToken({}))["success"].get<bool>()) << "a user's own policy goes first";
}

TEST_F(LoginTest, MissingDefaultsAreRefusedOnlyOnRequest) {
  const auto strict = [&](const std::string& url) {
    const Json data{{"ACCOUNT_NAME", "myorg-myacct"},
                    {"LOGIN_NAME", "SVC"},
                    {"AUTHENTICATOR", "SNOWFLAKE_JWT"},
                    {"TOKEN", MakeToken({})},
                    {"SESSION_PARAMETERS", {{"CLIENT_VALIDATE_DEFAULT_PARAMETERS", true}}}};
    return Json::parse(
        Client()->Post("/session/v1/login-request?" + url, Json{{"data", data}}.dump(), "application/json")->body);
  };
  for (const char* url : {"warehouse=none", "databaseName=none", "databaseName=d&schemaName=none"}) {
    EXPECT_EQ(strict(url)["code"], "390201") << url;
    EXPECT_TRUE(LoginWith(MakeToken({}), absl::StrCat("&", url))["success"].get<bool>()) << url;
  }
  EXPECT_TRUE(strict("warehouse=wh&databaseName=d&schemaName=public")["success"].get<bool>());
}

TEST_F(LoginTest, SpecificCodesCanBeAskedFor) {
  Control("/__mock/settings", {{"specific_jwt_codes", 1}});
  EXPECT_EQ(LoginWith(MakeToken({.issued = -300, .expires = 300}))["code"], "394302");
  EXPECT_EQ(LoginWith(MakeToken({.signer = &OtherKey()}))["code"], "394304");
  EXPECT_EQ(LoginWith("rubbish")["code"], "390144") << "it has no code of its own";
}

TEST_F(LoginTest, TheServersClockDecides) {
  Control("/__mock/clock", {{"shift_seconds", 600}});
  EXPECT_EQ(LoginWith(MakeToken({}))["code"], "390144");
  EXPECT_EQ(LastLogin()["cause"], "JWT_TOKEN_INVALID_EXPIRATION_TIME");
  Control("/__mock/clock", {{"shift_seconds", -600}});
  EXPECT_EQ(LoginWith(MakeToken({}))["code"], "390144");
  EXPECT_EQ(LastLogin()["cause"], "JWT_TOKEN_INVALID_ISSUE_TIME");
  Control("/__mock/clock", {{"shift_seconds", 0}});
  EXPECT_TRUE(LoginWith(MakeToken({}))["success"].get<bool>());
}

TEST_F(LoginTest, FailureDetailsNameClientAndCause) {
  const Json reply = LoginWith(MakeToken({.user = "NOBODY"}));
  const std::string message = reply["message"];
  const std::string id = message.substr(message.find('[') + 1, 36);
  const Json rows = Control("/__mock/sql", {{"sql", "SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('" + id + "')"}})["rows"];
  const Json details = Json::parse(rows[0][0].get<std::string>());
  EXPECT_EQ(details["clientType"], "TEST");
  EXPECT_EQ(details["clientIP"], "127.0.0.1");
  EXPECT_EQ(details["errorCode"], "JWT_TOKEN_INVALID_USER_IN_ISSUER");
}

}  // namespace
}  // namespace cdi::snowflake_mock
