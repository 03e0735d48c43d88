#include "keys/alter_user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "keys/testing_keys.h"

namespace cdi::keys {
namespace {

using ::testing::HasSubstr;

TEST(AlterUserTest, StatementsForBothSlotsReadAsSnowflakeWantsThem) {
  const std::string line = SharedPair().PublicKeyLine();
  EXPECT_EQ(*AlterUserSetStatement("svc_braze", KeySlot::k1, line),
            "ALTER USER SVC_BRAZE SET RSA_PUBLIC_KEY='" + line + "'");
  EXPECT_EQ(*AlterUserSetStatement("svc_braze", KeySlot::k2, line),
            "ALTER USER SVC_BRAZE SET RSA_PUBLIC_KEY_2='" + line + "'");
  EXPECT_EQ(*AlterUserUnsetStatement("svc_braze", KeySlot::k1), "ALTER USER SVC_BRAZE UNSET RSA_PUBLIC_KEY");
  EXPECT_EQ(*AlterUserUnsetStatement("svc_braze", KeySlot::k2), "ALTER USER SVC_BRAZE UNSET RSA_PUBLIC_KEY_2");
}

struct UserCase {
  std::string_view name;
  std::string user;
  std::string_view quoted;
};

class UserNameTest : public ::testing::TestWithParam<UserCase> {};

TEST_P(UserNameTest, IsQuotedWhereNeeded) {
  const absl::StatusOr<std::string> quoted = QuoteUserName(GetParam().user);
  ASSERT_TRUE(quoted.ok()) << quoted.status();
  EXPECT_EQ(*quoted, GetParam().quoted);
}

INSTANTIATE_TEST_SUITE_P(
    AlterUser, UserNameTest,
    ::testing::Values(UserCase{"Plain", "SVC", "SVC"}, UserCase{"LowerIsUpperCased", "svc_1$", "SVC_1$"},
                      UserCase{"QuotedPlainNeedsNoQuotes", "\"SVC\"", "SVC"},
                      UserCase{"QuotedKeepsCase", "\"Svc\"", "\"Svc\""},
                      UserCase{"Email", "svc.braze@example.com", "\"svc.braze@example.com\""},
                      UserCase{"LeadingDigit", "1svc", "\"1svc\""}, UserCase{"Blank", "a b", "\"a b\""},
                      UserCase{"InnerQuoteIsDoubled", "a\"b", "\"a\"\"b\""},
                      UserCase{"DoubledQuoteStaysOne", "\"a\"\"b\"", "\"a\"\"b\""},
                      UserCase{"Injection", "x SET PASSWORD='p'; --", "\"x SET PASSWORD='p'; --\""},
                      UserCase{"InjectionThroughQuotes", "a\" SET DISABLED=TRUE --", "\"a\"\" SET DISABLED=TRUE --\""},
                      UserCase{"Reserved", "select", "\"SELECT\""}, UserCase{"IfOfIfExists", "IF", "\"IF\""},
                      UserCase{"Umlaut", "jürgen", "\"jürgen\""}),
    [](const auto& test) { return std::string(test.param.name); });

class BadUserNameTest : public ::testing::TestWithParam<UserCase> {};

TEST_P(BadUserNameTest, IsRefusedWithTheCause) {
  for (const absl::Status& refused :
       {AlterUserUnsetStatement(GetParam().user, KeySlot::k1).status(),
        AlterUserSetStatement(GetParam().user, KeySlot::k1, SharedPair().PublicKeyLine()).status()}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorDetailsOf(refused).at("field"), "user");
    EXPECT_THAT(std::string(refused.message()), HasSubstr(std::string(GetParam().quoted)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    AlterUser, BadUserNameTest,
    ::testing::Values(UserCase{"Empty", "", "must not be empty"}, UserCase{"EmptyQuoted", "\"\"", "must not be empty"},
                      UserCase{"LoneQuote", "\"", "never closed"}, UserCase{"Unclosed", "\"abc", "never closed"},
                      UserCase{"StrayQuote", "\"a\"b\"", "double it"},
                      UserCase{"QuoteAtTheEnd", "\"a\"\"", "double it"},
                      UserCase{"Nul", std::string("a\0b", 3), "control characters"},
                      UserCase{"LineBreak", "a\nb", "control characters"}, UserCase{"NotUtf8", "a\xff", "UTF-8"},
                      UserCase{"TooLong", std::string(256, 'a'), "at most 255 characters; got 256"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(AlterUserTest, TwoHundredAndFiftyFiveCharactersAreCountedAsCharacters) {
  std::string name;
  for (int i = 0; i < 255; ++i) name += "ü";
  EXPECT_TRUE(QuoteUserName(name).ok());
  EXPECT_FALSE(QuoteUserName(name + "ü").ok());
}

TEST(AlterUserTest, APublicKeyThatIsNoneIsRefused) {
  for (const std::string& line :
       {std::string(), std::string("' SET PASSWORD='x"), std::string("aGVsbG8="), SharedPair().PublicKeyLine() + "'"}) {
    const absl::Status refused = AlterUserSetStatement("svc", KeySlot::k1, line).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorDetailsOf(refused).at("field"), "public_key");
  }
}

// Whatever name goes in, what comes out is one identifier: plain, or quoted with every inner quote doubled; and reading
// it again gives the same.
RC_GTEST_PROP(AlterUserTest, QuotingIsOneIdentifierAndStable, (const std::string& user)) {
  const absl::StatusOr<std::string> quoted = QuoteUserName(user);
  if (!quoted.ok()) return;
  if (quoted->front() == '"') {
    const std::string inner = quoted->substr(1, quoted->size() - 2);
    size_t run = 0;
    for (const char c : inner + "x") {
      if (c == '"') {
        ++run;
      } else {
        RC_ASSERT(run % 2 == 0);
        run = 0;
      }
    }
  } else {
    RC_ASSERT(quoted->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$") == std::string::npos);
  }
  RC_ASSERT(*QuoteUserName(*quoted) == *quoted);
}

}  // namespace
}  // namespace cdi::keys
