#include "server/access/token_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/manual_clock.h"
#include "ingest/state/sqlite_store.h"
#include "server/access/access_control.h"
#include "server/config.h"
#include "server/documents.h"

namespace cdi::server {
namespace {

class TokenStoreTest : public testing::Test {
 protected:
  TokenStoreTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "cdi-tokens-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    options_.clock = &clock_;
    Open();
  }
  ~TokenStoreTest() override {
    Close();
    std::filesystem::remove_all(directory_);
  }

  void Open() {
    store_ = *state::SqliteStore::Open(directory_ / "state", options_);
    tokens_ = std::make_unique<TokenStore>(*store_, clock_, rng_);
    ASSERT_TRUE(tokens_->Load().ok());
  }
  void Close() {
    tokens_.reset();
    store_.reset();
  }

  std::string Make(const std::string& id, v1::Role role, std::initializer_list<const char*> scopes = {}) {
    v1::Token wanted;
    wanted.set_role(role);
    for (const char* scope : scopes) wanted.add_scopes(scope);
    const auto made = tokens_->Create(id, wanted, "tokens/boss");
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? std::string(made->secret.Expose()) : "";
  }

  std::string ReasonOf(std::string_view secret) { return ErrorReason(tokens_->Check(secret).status()); }

  ManualClock clock_;
  SystemRng rng_;
  std::filesystem::path directory_;
  state::StoreOptions options_;
  std::unique_ptr<state::SqliteStore> store_;
  std::unique_ptr<TokenStore> tokens_;
};

TEST_F(TokenStoreTest, ASecretIsItsHoldersNameRoleAndScopes) {
  const std::string secret = Make("ci", v1::OPERATOR, {"syncs/shop"});
  EXPECT_EQ(secret.size(), 47U);
  EXPECT_TRUE(secret.starts_with("cdi_"));
  const auto principal = tokens_->Check(secret);
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ(principal->name, "tokens/ci");
  EXPECT_EQ(principal->role, Role::kOperator);
  EXPECT_EQ(principal->scopes, std::vector<std::string>{"syncs/shop"});
  EXPECT_NE(secret, Make("other", v1::OPERATOR));
}

TEST_F(TokenStoreTest, AnyOtherTextIsNobody) {
  const std::string secret = Make("ci", v1::ADMIN);
  std::string changed = secret;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  for (const std::string& text : {std::string(), changed, secret + "x", secret.substr(1), std::string(1 << 20, 'a')}) {
    EXPECT_EQ(ReasonOf(text), "TOKEN_INVALID");
  }
}

TEST_F(TokenStoreTest, EndsByTimeAndByRevocationAndStaysSoAfterARestart) {
  const std::string secret = Make("ci", v1::VIEWER);
  const std::string kept = Make("kept", v1::VIEWER);
  ASSERT_TRUE(tokens_->Revoke("tokens/ci", "left", "tokens/boss").ok());
  EXPECT_EQ(ReasonOf(secret), "TOKEN_REVOKED");
  EXPECT_EQ(ErrorReason(tokens_->Recheck("tokens/ci")), "TOKEN_REVOKED");
  EXPECT_EQ(ErrorDetailsOf(tokens_->Check(secret).status()).at("token"), "tokens/ci");
  Close();
  Open();
  EXPECT_EQ(ReasonOf(secret), "TOKEN_REVOKED");
  EXPECT_EQ(ReasonOf(kept), "");
  clock_.wall = clock_.wall.Plus(std::chrono::hours{24 * 90});
  EXPECT_EQ(ReasonOf(kept), "TOKEN_EXPIRED");
  EXPECT_EQ(ErrorReason(tokens_->Recheck("tokens/kept")), "TOKEN_EXPIRED");
  EXPECT_EQ(tokens_->Get("tokens/kept")->state(), v1::Token::EXPIRED);
  EXPECT_EQ(tokens_->Get("tokens/ci")->state(), v1::Token::REVOKED);
  EXPECT_EQ(tokens_->Get("tokens/ci")->revoke_reason(), "left");
}

TEST_F(TokenStoreTest, RevokingAgainKeepsTheFirstReason) {
  Make("ci", v1::VIEWER);
  ASSERT_TRUE(tokens_->Revoke("tokens/ci", "left", "tokens/boss").ok());
  EXPECT_EQ(tokens_->Revoke("tokens/ci", "again", "tokens/boss")->revoke_reason(), "left");
  EXPECT_EQ(ErrorReason(tokens_->Revoke("tokens/nobody", "r", "b").status()), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(ErrorReason(tokens_->Revoke("tokens/ci", "", "b").status()), "INVALID_FIELD");
}

TEST_F(TokenStoreTest, AReasonIsKeptWholeOrRefused) {
  Make("ci", v1::VIEWER);
  const absl::Status refused = tokens_->Revoke("tokens/ci", std::string(301, 'r'), "b").status();
  EXPECT_EQ(ErrorDetailsOf(refused).at("field"), "reason");
  EXPECT_EQ(tokens_->Get("tokens/ci")->state(), v1::Token::ACTIVE);
  EXPECT_EQ(tokens_->Revoke("tokens/ci", std::string(300, 'r'), "b")->revoke_reason(), std::string(300, 'r'));
}

TEST_F(TokenStoreTest, RefusesWhatIsNoToken) {
  const auto field_of = [&](const v1::Token& wanted, const std::string& id) {
    const ErrorDetails details = ErrorDetailsOf(tokens_->Create(id, wanted, "b").status());
    return details.contains("field") ? details.at("field") : "";
  };
  v1::Token wanted;
  EXPECT_EQ(field_of(wanted, "a"), "token.role");
  EXPECT_EQ(tokens_->Create("a", wanted, "b").status().message(), "role is missing: VIEWER, OPERATOR or ADMIN");
  wanted.set_role(static_cast<v1::Role>(99));
  EXPECT_EQ(field_of(wanted, "a"), "token.role");
  EXPECT_EQ(tokens_->Create("a", wanted, "b").status().message(), "role must be VIEWER, OPERATOR or ADMIN; got 99");
  wanted.set_role(v1::VIEWER);
  EXPECT_EQ(field_of(wanted, "../a"), "token_id");
  wanted.add_scopes("syncs/shop/runs/r1");
  EXPECT_EQ(field_of(wanted, "a"), "token.scopes");
  wanted.clear_scopes();
  *wanted.mutable_expire_time() = ToProto(clock_.wall);
  EXPECT_EQ(field_of(wanted, "a"), "token.expire_time");
  *wanted.mutable_expire_time() = ToProto(clock_.wall.Plus(std::chrono::hours{24 * 3651}));
  EXPECT_EQ(field_of(wanted, "a"), "token.expire_time");
  Make("taken", v1::VIEWER);
  wanted.clear_expire_time();
  const absl::Status taken = tokens_->Create("taken", wanted, "b").status();
  EXPECT_EQ(ErrorReason(taken), "RESOURCE_EXISTS");
  EXPECT_EQ(taken.message(),
            "tokens/taken exists already; choose another id: a token is never changed, and the id of a revoked one "
            "stays taken");
}

TEST_F(TokenStoreTest, UseIsNotedOnceADay) {
  const std::string secret = Make("ci", v1::VIEWER);
  EXPECT_FALSE(tokens_->Get("tokens/ci")->has_last_use_time());
  const Timestamp first = clock_.wall;
  ASSERT_TRUE(tokens_->Check(secret).ok());
  clock_.wall = first.Plus(std::chrono::hours{23});
  ASSERT_TRUE(tokens_->Check(secret).ok());
  EXPECT_EQ(FromProto(tokens_->Get("tokens/ci")->last_use_time()), first);
  clock_.wall = first.Plus(std::chrono::hours{24});
  ASSERT_TRUE(tokens_->Check(secret).ok());
  EXPECT_EQ(FromProto(tokens_->Get("tokens/ci")->last_use_time()), clock_.wall);
}

TEST_F(TokenStoreTest, TheSecretIsInNoFile) {
  const std::string secret = Make("ci", v1::ADMIN);
  ASSERT_TRUE(tokens_->Check(secret).ok());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(bytes.find(secret.substr(4)), std::string::npos) << entry.path();
  }
}

class AuthenticateTest : public TokenStoreTest {
 protected:
  AuthenticateTest()
      : config_(*ParseConfig("state_dir: /x\nmaster_key: {file: k}\n"
                             "tls: {certificate_file: c, key_file: k, client_ca_file: a}\n"
                             "access: {certificates: [{subject: \"CN=ci\", role: operator, scopes: [syncs/shop]}]}\n",
                             "c")),
        access_(config_, tokens_.get(), clock_) {}

  const config::v1::ServerConfig config_;
  AccessControl access_;
};

TEST_F(AuthenticateTest, ATokenCountsBeforeACertificateAndNeitherIsReplaced) {
  const std::string secret = Make("boss", v1::ADMIN);
  const auto name_of = [&](const Credentials& credentials) {
    const auto principal = access_.Authenticate(credentials);
    return principal.ok() ? principal->name : ErrorReason(principal.status());
  };
  EXPECT_EQ(name_of({}), "CREDENTIALS_MISSING");
  EXPECT_EQ(name_of({.authorization = {"Bearer " + secret}}), "tokens/boss");
  EXPECT_EQ(name_of({.authorization = {"Bearer " + secret}, .certificate_subject = "CN=ci"}), "tokens/boss");
  EXPECT_EQ(name_of({.certificate_subject = "CN=ci"}), "certificates/CN=ci");
  EXPECT_EQ(name_of({.certificate_subject = "CN=ci,O=Other"}), "CERTIFICATE_UNKNOWN");
  EXPECT_EQ(name_of({.authorization = {"Bearer cdi_wrong"}, .certificate_subject = "CN=ci"}), "TOKEN_INVALID");
  EXPECT_EQ(name_of({.authorization = {secret}}), "TOKEN_INVALID");
  EXPECT_EQ(name_of({.authorization = {"Bearer " + secret, "Bearer " + secret}}), "TOKEN_INVALID");
}

}  // namespace
}  // namespace cdi::server
