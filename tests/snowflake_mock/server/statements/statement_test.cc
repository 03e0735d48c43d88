// What RunStatement refuses before it looks at a word.
#include "tests/snowflake_mock/server/statements/statement.h"

#include <gtest/gtest.h>

namespace cdi::snowflake_mock {
namespace {

// Found by sql_front_fuzz: such a name made a later SHOW … ->> SELECT end the process.
TEST(RunStatementTest, BytesThatAreNoUtf8NeverBecomeAName) {
  const auto account = *Account::Open("mock", "");
  const auto session = *account->AdministratorSession();
  for (const std::string name : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf"}) {
    const auto made = RunScript(*account, *session, "CREATE USER \"" + name + "\"");
    ASSERT_FALSE(made.ok()) << name;
    EXPECT_EQ(SqlErrorCode(made.status()), "001003");
  }
  EXPECT_TRUE(RunScript(*account, *session, "CREATE USER \"\xc3\xa9\"").ok());
  const auto shown = RunScript(*account, *session, "SHOW USERS ->> SELECT \"name\" FROM $1 WHERE \"name\" > 'z'");
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->inline_rows, "[\"\xc3\xa9\"]");
}

}  // namespace
}  // namespace cdi::snowflake_mock
