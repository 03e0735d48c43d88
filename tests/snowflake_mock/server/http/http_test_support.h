// What the tests of the protocol share: keys, tokens, a server on a free port and a client of it.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/account/jwt.h"
#include "tests/snowflake_mock/server/http/http_server.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

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

inline const TestKey& Key() {
  static const auto* key = new TestKey();
  return *key;
}
inline const TestKey& OtherKey() {
  static const auto* key = new TestKey();
  return *key;
}

inline int64_t NowSeconds() {
  return std::time(nullptr);
}

struct TestToken {
  std::string algorithm = "RS256";
  std::string account = "MYORG-MYACCT";
  std::string user = "SVC";
  int64_t issued = 0;    // offset from now, seconds
  int64_t expires = 60;  // offset from now
  bool milliseconds = false;
  bool has_times = true;
  int64_t not_before = 0;  // offset from now; 0: none
  const TestKey* signer = &Key();
  const TestKey* claimed = nullptr;  // whose fingerprint; the signer's when null
};

inline std::string MakeToken(const TestToken& token) {
  const TestKey& claimed = token.claimed == nullptr ? *token.signer : *token.claimed;
  Json payload{{"sub", token.account + "." + token.user},
               {"iss", token.account + "." + token.user + "." + claimed.Fingerprint()}};
  const int64_t unit = token.milliseconds ? 1000 : 1;
  if (token.has_times) {
    payload["iat"] = (NowSeconds() + token.issued) * unit;
    payload["exp"] = (NowSeconds() + token.expires) * unit;
  }
  if (token.not_before != 0) payload["nbf"] = (NowSeconds() + token.not_before) * unit;
  return token.signer->Sign({{"alg", token.algorithm}, {"typ", "JWT"}}, payload);
}

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    account_ = *Account::Open("myorg-myacct,xy12345", "");
    Admin(R"(CREATE DATABASE D; CREATE TABLE D.PUBLIC.T (ID INT, NAME VARCHAR(50));
             INSERT INTO D.PUBLIC.T SELECT SEQ4() + 1, 'row ' || (SEQ4() + 1) FROM TABLE(GENERATOR(ROWCOUNT => 100000));
             CREATE TABLE D.PUBLIC.SMALL (ID INT, TS TIMESTAMP_NTZ); INSERT INTO D.PUBLIC.SMALL VALUES (1, '2026-01-01 00:00:00.123456789');
             CREATE ROLE R; CREATE ROLE UNGRANTED; CREATE WAREHOUSE WH INITIALLY_SUSPENDED = TRUE;
             GRANT USAGE ON WAREHOUSE WH TO ROLE R; GRANT USAGE ON DATABASE D TO ROLE R; GRANT USAGE ON ALL SCHEMAS IN DATABASE D TO ROLE R;
             GRANT SELECT ON ALL TABLES IN SCHEMA D.PUBLIC TO ROLE R;
             CREATE USER SVC DEFAULT_ROLE = R DEFAULT_WAREHOUSE = WH; GRANT ROLE R TO USER SVC;)");
    Admin(absl::StrCat("ALTER USER SVC SET RSA_PUBLIC_KEY = '", Key().PublicBase64(), "'"));
    account_->settings = settings_;
    server_ = *HttpServer::Start(*account_, ServerOptions());
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
  Json Get(const std::string& path) {
    const auto reply = Client()->Get(path, Auth(token_));
    EXPECT_TRUE(reply) << path;
    return Json::parse(reply->body);
  }
  Json Result(const std::string& query_id) { return Get("/queries/" + query_id + "/result"); }
  std::string Status(const std::string& query_id) {
    const Json reply = Get("/monitoring/queries/" + query_id);
    return reply["data"]["queries"].empty() ? "" : reply["data"]["queries"][0]["status"];
  }
  Json History() { return Json::parse(Client()->Get("/__mock/queries")->body)["queries"]; }
  Json Renew(const std::string& master) {
    const Json body{{"requestType", "RENEW"}, {"oldSessionToken", token_}};
    return Json::parse(Client()->Post("/session/token-request", Auth(master), body.dump(), "application/json")->body);
  }
  Json Stats() { return Json::parse(Client()->Get("/__mock/stats")->body); }

  Settings settings_;
  std::unique_ptr<Account> account_;
  std::unique_ptr<HttpServer> server_;
  std::string token_;
  std::string master_;
};

}  // namespace cdi::snowflake_mock
