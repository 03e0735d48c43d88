// The driver and snowflake-mock together: the same path that the service takes.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "tests/snowflake_mock/odbc/odbc_client.h"
#include "tests/support/child_process.h"

namespace cdi::sfodbc {
namespace {

class LiveTest : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/sfodbc_live_XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    std::ofstream(folder_ / "init.sql")
        << "CREATE DATABASE D1;\nCREATE SCHEMA D1.S1;\nCREATE WAREHOUSE W1;\nCREATE ROLE R1;\n"
        << "CREATE USER LOADER TYPE=SERVICE DEFAULT_ROLE=R1 DEFAULT_WAREHOUSE=W1 RSA_PUBLIC_KEY='" << TestPublicKey()
        << "';\n"
        << "GRANT ROLE R1 TO USER LOADER;\nGRANT USAGE ON WAREHOUSE W1 TO ROLE R1;\nGRANT USAGE ON DATABASE D1 TO ROLE "
           "R1;\n"
        << "GRANT USAGE ON SCHEMA D1.S1 TO ROLE R1;\n"
        << "CREATE TABLE D1.S1.BIG (ID NUMBER(38,0), T VARCHAR(100), UPDATED_AT TIMESTAMP_NTZ(9));\n"
        << "INSERT INTO D1.S1.BIG SELECT SEQ4(), IFF(MOD(SEQ4(), 10) = 0, NULL, 'row ' || SEQ4()), "
        << "'2026-01-01 00:00:00.123456789'::TIMESTAMP_NTZ FROM TABLE(GENERATOR(ROWCOUNT => 100000));\n"
        << "GRANT SELECT ON TABLE D1.S1.BIG TO ROLE R1;\n";
    const char* const program = std::getenv("CDI_TEST_SNOWFLAKE_MOCK");  // another build of it, when given
    auto started = test::StartServer(
        {.program = program == nullptr ? CDI_SNOWFLAKE_MOCK : program,
         .args = {"--listen", "127.0.0.1:0", "--account", "myorg-myacct", "--init", folder_ / "init.sql"}},
        "snowflake-mock listening on 127.0.0.1:");
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = std::make_unique<test::StartedServer>(*std::move(started));
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Connect(OdbcClient& client) {
    client.SetKey(TestKeyPem());
    ASSERT_TRUE(SQL_SUCCEEDED(client.Connect(ConnectionString("LOADER")))) << client.faults().at(0).message;
  }
  std::string ConnectionString(const std::string& user) const {
    return "DRIVER=" CDI_SFODBC_LIBRARY
           ";SERVER=127.0.0.1;SSL=off;ACCOUNT=myorg-myacct;AUTHENTICATOR=SNOWFLAKE_JWT;DATABASE=D1;SCHEMA=S1;WAREHOUSE="
           "W1;ROLE=R1;UID=" +
           user + ";PORT=" + server_->address;
  }
  std::filesystem::path folder_;
  std::unique_ptr<test::StartedServer> server_;
};

TEST_F(LiveTest, AnUnknownUserIsRefusedAs28000) {
  OdbcClient client;
  client.SetKey(TestKeyPem());
  EXPECT_EQ(client.Connect(ConnectionString("NOBODY")), SQL_ERROR);
  EXPECT_EQ(client.faults().at(0).state, "28000");
  EXPECT_EQ(client.faults().at(0).native, 390144);
}

TEST_F(LiveTest, ABlockFetchOf100000RowsIsExact) {
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  constexpr size_t kBlock = 1000;
  std::vector<int64_t> ids(kBlock);
  std::vector<char> texts(kBlock * 32);
  std::vector<SQL_TIMESTAMP_STRUCT> stamps(kBlock);
  std::vector<SQLLEN> id_lengths(kBlock), lengths(kBlock), stamp_lengths(kBlock);
  SQLULEN fetched = 0;
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_ARRAY_SIZE, reinterpret_cast<SQLPOINTER>(kBlock),
                 0);  // NOLINT: ODBC's way
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROWS_FETCHED_PTR, &fetched, 0);
  SQLBindCol(statement.handle(), 1, SQL_C_SBIGINT, ids.data(), 0, id_lengths.data());
  SQLBindCol(statement.handle(), 2, SQL_C_CHAR, texts.data(), 32, lengths.data());
  SQLBindCol(statement.handle(), 3, SQL_C_TYPE_TIMESTAMP, stamps.data(), 0, stamp_lengths.data());
  ASSERT_EQ(statement.Run("SELECT ID, T, UPDATED_AT FROM BIG ORDER BY ID"), SQL_SUCCESS) << statement.fault().message;
  int64_t next = 0;
  while (SQLFetch(statement.handle()) == SQL_SUCCESS) {
    for (size_t i = 0; i < fetched; ++i, ++next) {
      ASSERT_EQ(ids[i], next);
      ASSERT_EQ(lengths[i] == SQL_NULL_DATA, next % 10 == 0);
      if (next % 10 != 0) {
        ASSERT_EQ(std::string(&texts[i * 32]), "row " + std::to_string(next));
      }
      ASSERT_EQ(stamps[i].fraction, 123456789U);
    }
  }
  EXPECT_EQ(next, 100'000);
}

TEST_F(LiveTest, ErrorsParametersAndPartsArriveThroughTheRealServer) {
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  EXPECT_EQ(statement.Run("SELECT * FROM NOWHERE"), SQL_ERROR);
  EXPECT_EQ(statement.fault().native, 2003) << statement.fault().message;
  EXPECT_EQ(statement.fault().state, "42S02");
  char wanted[] = "row 77";
  SQLLEN length = SQL_NTS;
  SQLBindParameter(statement.handle(), 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 10, 0, wanted, 0, &length);
  ASSERT_EQ(statement.Run("SELECT ID, UPDATED_AT FROM BIG WHERE T = ?"), SQL_SUCCESS) << statement.fault().message;
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(statement.Text(1), "77");
  EXPECT_EQ(statement.Text(2), "2026-01-01 00:00:00.123456789");
  EXPECT_EQ(SQLFetch(statement.handle()), SQL_NO_DATA);
}

TEST_F(LiveTest, AStatementThatRunsIsCancelledFromAnotherThread) {
  OdbcClient client;
  OdbcClient watcher;
  Connect(client);
  Connect(watcher);
  OdbcStatement statement(client);
  // Cancelling has no effect before the statement runs, and clears its diagnostics afterwards: once, while it is seen.
  std::thread canceller([&] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(40);
    while (std::chrono::steady_clock::now() < deadline) {
      OdbcStatement look(watcher);
      if (look.Run("SELECT QUERY_ID FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY()) WHERE EXECUTION_STATUS = 'RUNNING' "
                   "AND QUERY_TEXT = 'SELECT SYSTEM$WAIT(60)'") != SQL_SUCCESS ||
          SQLFetch(look.handle()) != SQL_SUCCESS) {
        continue;
      }
      EXPECT_EQ(SQLCancel(statement.handle()), SQL_SUCCESS);
      return;
    }
    ADD_FAILURE() << "the statement was never seen to run";
  });
  EXPECT_EQ(statement.Run("SELECT SYSTEM$WAIT(60)"), SQL_ERROR);
  canceller.join();
  EXPECT_EQ(statement.fault().state, "HY008");
  EXPECT_EQ(statement.fault().native, 604);
}

}  // namespace
}  // namespace cdi::sfodbc
