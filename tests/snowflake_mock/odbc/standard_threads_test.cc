// Threads: eight statements of one connection, eight connections, cancelling while others work. Meant for the tsan
// preset too.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/snowflake_mock/odbc/standard_fixture.h"

namespace cdi::sfodbc {
namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 10;

// Runs `rounds` statements and counts the rows that came.
int RunAndCount(OdbcStatement& statement, int rounds) {
  int rows = 0;
  for (int round = 0; round < rounds; ++round) {
    if (statement.Run("SELECT") != SQL_SUCCESS) return -1;
    while (SQLFetch(statement.handle()) == SQL_SUCCESS) rows += statement.Text(1) == "abc" ? 1 : -1000;
    SQLCloseCursor(statement.handle());
  }
  return rows;
}

TEST_F(StandardTest, EightThreadsShareOneConnection) {
  AnswerText("SELECT", {"abc", "abc"});
  OdbcClient client;
  Connect(client);
  std::atomic<int> rows = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      OdbcStatement statement(client);
      rows += RunAndCount(statement, kRounds);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(rows, kThreads * kRounds * 2);
}

TEST_F(StandardTest, EightThreadsHaveAConnectionEach) {
  AnswerText("SELECT", {"abc", "abc"});
  TestKeyPem();
  std::atomic<int> rows = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      OdbcClient client;
      Connect(client, i % 2 == 0 ? 3 : 4);
      OdbcStatement statement(client);
      rows += RunAndCount(statement, kRounds);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(rows, kThreads * kRounds * 2);
}

TEST_F(StandardTest, CancellingAtEveryMomentLeavesTheStatementUsable) {
  AnswerText("SELECT", {"abc", "abc"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  std::atomic<bool> done = false;
  std::thread canceller([&] {
    while (!done) {
      SQLCancelHandle(SQL_HANDLE_STMT, statement.handle());
      std::this_thread::yield();
    }
  });
  for (int round = 0; round < 50; ++round) {  // each succeeds or is HY008, nothing else
    if (statement.Run("SELECT") != SQL_SUCCESS) {
      EXPECT_EQ(statement.fault().state, "HY008");
    }
    SQLFreeStmt(statement.handle(), SQL_CLOSE);
  }
  done = true;
  canceller.join();
  EXPECT_EQ(RunAndCount(statement, 1), 2);
}

}  // namespace
}  // namespace cdi::sfodbc
