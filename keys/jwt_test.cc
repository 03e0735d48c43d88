#include "keys/jwt.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "keys/testing_keys.h"

namespace cdi::keys {
namespace {

constexpr Timestamp kIssuedAt{.seconds = 1'795'000'000, .nanos = 999'999'999};

std::string Decoded(const std::string& part) {
  std::string text;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(part, &text));
  return text;
}

TEST(JwtTest, CarriesSnowflakesClaimsAndASignatureThatThePublicKeyVerifies) {
  const absl::StatusOr<std::string> token =
      MakeJwt(SharedPair(), "myorg-my_acct.eu-west-1", "svc.braze@example.com", kIssuedAt, std::chrono::seconds(60));
  ASSERT_TRUE(token.ok()) << token.status();
  const std::vector<std::string> parts = absl::StrSplit(*token, '.');
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(token->find('='), std::string::npos);
  EXPECT_EQ(Decoded(parts[0]), R"({"alg":"RS256","typ":"JWT"})");
  const std::string subject = "MYORG-MY_ACCT.SVC.BRAZE@EXAMPLE.COM";
  EXPECT_EQ(Decoded(parts[1]), R"({"iss":")" + subject + "." + SharedPair().Fingerprint() + R"(","sub":")" + subject +
                                   R"(","iat":1795000000,"exp":1795000060})");
  EXPECT_TRUE(VerifyRs256(SharedPair().PublicKeyLine(), parts[0] + "." + parts[1], Decoded(parts[2])).ok());
}

struct AccountCase {
  std::string_view account;
  std::string_view claimed;
};

TEST(JwtTest, TheAccountLosesItsRegion) {
  for (const AccountCase& account :
       {AccountCase{"xy12345.us-east-1", "XY12345"}, AccountCase{"myorg-acct", "MYORG-ACCT"},
        AccountCase{"acct-77abc.global", "ACCT"}, AccountCase{"My_Acct", "MY_ACCT"}, AccountCase{"", ""}}) {
    EXPECT_EQ(JwtAccount(account.account), account.claimed);
  }
}

TEST(JwtTest, WrongArgumentsNameTheirField) {
  const auto field = [](const absl::StatusOr<std::string>& token) {
    EXPECT_EQ(token.status().code(), absl::StatusCode::kInvalidArgument);
    return ErrorDetailsOf(token.status())["field"];
  };
  using std::chrono::seconds;
  EXPECT_EQ(field(MakeJwt(SharedPair(), ".x", "u", kIssuedAt, seconds(60))), "account");
  EXPECT_EQ(field(MakeJwt(SharedPair(), "a", "", kIssuedAt, seconds(60))), "user");
  EXPECT_EQ(field(MakeJwt(SharedPair(), "a", "u", kIssuedAt, seconds(0))), "lifetime");
  EXPECT_EQ(field(MakeJwt(SharedPair(), "a", "u", kIssuedAt, seconds(3601))), "lifetime");
  EXPECT_TRUE(MakeJwt(SharedPair(), "a", "u", kIssuedAt, seconds(3600)).ok());
}

}  // namespace
}  // namespace cdi::keys
