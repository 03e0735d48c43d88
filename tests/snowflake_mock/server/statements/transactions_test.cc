// Writers of one table queue; a waiting one gets the table when the holder commits, times out, or is refused in a
// deadlock; a session that goes away rolls back.
#include "tests/snowflake_mock/server/statements/transactions.h"

#include <gtest/gtest.h>

#include <future>

namespace cdi::snowflake_mock {
namespace {

class TransactionsTest : public testing::Test {
 protected:
  void SetUp() override {
    account_ = *Account::Open("mock", "");
    for (auto& session : sessions_) session = *account_->AdministratorSession();
    ASSERT_TRUE(
        RunScript(*account_, *sessions_[0], "CREATE DATABASE D; CREATE TABLE A (X INT); CREATE TABLE B (X INT)").ok());
    for (auto& session : sessions_) {
      session->database = "D";
      session->schema = "PUBLIC";
    }
  }

  std::string Run(size_t session, const std::string& sql) {
    const auto result = RunScript(*account_, *sessions_[session], sql);
    if (!result.ok()) return SqlErrorCode(result.status());
    return result->inline_rows;
  }

  std::unique_ptr<Account> account_;
  std::shared_ptr<Session> sessions_[3];
};

TEST_F(TransactionsTest, AWaitingWriterGoesOnAfterTheCommit) {
  EXPECT_EQ(Run(0, "BEGIN; INSERT INTO A VALUES (1)"), R"(["1"])");
  auto waiting = std::async(std::launch::async, [&] { return Run(1, "UPDATE A SET X = X + 10"); });
  EXPECT_EQ(Run(0, "INSERT INTO A VALUES (2)"), R"(["1"])");
  EXPECT_EQ(Run(0, "COMMIT"), R"(["Statement executed successfully."])");
  const std::string updated = waiting.get();
  // It ran before the first INSERT or after the COMMIT, never in between.
  EXPECT_TRUE(updated == R"(["2","0"])" || updated == R"(["0","0"])") << updated;
  EXPECT_EQ(Run(2, "SELECT COUNT(*) FROM A"), R"(["2"])");
}

TEST_F(TransactionsTest, ADeadlockIsRefusedAndTheOtherGoesOn) {
  Run(0, "BEGIN; INSERT INTO A VALUES (1)");
  Run(1, "BEGIN; INSERT INTO B VALUES (1)");
  const auto write = [&](size_t session, const std::string& sql) {
    const std::string result = Run(session, sql);
    if (result == "000626") Run(session, "ROLLBACK");
    return result;
  };
  auto other = std::async(std::launch::async, [&] { return write(0, "INSERT INTO B VALUES (2)"); });
  const std::string mine = write(1, "INSERT INTO A VALUES (2)");
  const std::string theirs = other.get();
  // Whoever comes second closes the circle.
  EXPECT_TRUE((mine == "000626") != (theirs == "000626")) << mine << " " << theirs;
}

TEST_F(TransactionsTest, ASessionThatEndsRollsBack) {
  account_->AddSession(sessions_[0]);
  Run(0, "BEGIN; INSERT INTO A VALUES (1)");
  account_->RemoveSession(sessions_[0]);
  EXPECT_EQ(Run(1, "ALTER SESSION SET LOCK_TIMEOUT = 0; INSERT INTO A VALUES (5)"), R"(["1"])");
  EXPECT_EQ(Run(1, "SELECT X FROM A"), R"(["5"])");
}

TEST_F(TransactionsTest, AMarkOfChangeMovesAtCommit) {
  const std::string before = Run(1, "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('A')");
  Run(0, "BEGIN; INSERT INTO A VALUES (1)");
  EXPECT_EQ(Run(1, "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('A')"), before);
  Run(0, "COMMIT");
  EXPECT_NE(Run(1, "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('A')"), before);
}

}  // namespace
}  // namespace cdi::snowflake_mock
