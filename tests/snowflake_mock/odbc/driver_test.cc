// The driver behind unixODBC's driver manager, against a scripted server.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "tests/snowflake_mock/odbc/fake_snowflake.h"
#include "tests/snowflake_mock/odbc/odbc_client.h"

namespace cdi::sfodbc {
namespace {

using Json = FakeSnowflake::Json;

SQLPOINTER AsPointer(SQLULEN number) {
  return reinterpret_cast<SQLPOINTER>(number);
}  // NOLINT: ODBC's way

class DriverTest : public testing::Test {
 protected:
  std::string ConnectionString(const std::string& more = "") const {
    return "DRIVER=" CDI_SFODBC_LIBRARY ";SERVER=127.0.0.1;PORT=" + std::to_string(server_.port()) +
           ";SSL=off;ACCOUNT=myorg-myacct.us-east-1;UID=loader;AUTHENTICATOR=SNOWFLAKE_JWT;DATABASE=D1;SCHEMA=S1;"
           "WAREHOUSE=W1;ROLE=R 1;" +
           more;
  }
  void Connect(OdbcClient& client, const std::string& more = "") {
    client.SetKey(TestKeyPem());
    const SQLRETURN result = client.Connect(ConnectionString(more));
    ASSERT_TRUE(SQL_SUCCEEDED(result)) << (client.faults().empty() ? "" : client.faults()[0].message);
  }
  FakeSnowflake server_;
};

TEST_F(DriverTest, LogsInWithTheKeyAttributeAndLogsOut) {
  {
    OdbcClient client;
    Connect(client);
  }
  ASSERT_EQ(server_.logins().size(), 1U);
  const Json data = server_.logins()[0]["data"];
  EXPECT_EQ(data["ACCOUNT_NAME"], "myorg-myacct");
  EXPECT_EQ(data["LOGIN_NAME"], "loader");
  EXPECT_EQ(data["AUTHENTICATOR"], "SNOWFLAKE_JWT");
  EXPECT_NE(server_.last_login_target().find("databaseName=D1&schemaName=S1&warehouse=W1&roleName=R%201"),
            std::string::npos);
  EXPECT_EQ(server_.logouts(), 1);
}

TEST_F(DriverTest, ARefusedLoginIs28000WithTheServersCode) {
  server_.FailLogins({{200, FakeSnowflake::Failure("390144", "", "JWT token is invalid. [uuid]").dump()}});
  OdbcClient client;
  client.SetKey(TestKeyPem());
  EXPECT_EQ(client.Connect(ConnectionString()), SQL_ERROR);
  ASSERT_EQ(client.faults().size(), 1U);
  EXPECT_EQ(client.faults()[0].state, "28000");
  EXPECT_EQ(client.faults()[0].native, 390144);
  EXPECT_EQ(client.faults()[0].message, "JWT token is invalid. [uuid]");
}

TEST_F(DriverTest, ALoginIsRepeatedWhenTheServerStumbles) {
  server_.FailLogins({{503, "busy"}});
  OdbcClient client;
  Connect(client);
  EXPECT_EQ(server_.logins().size(), 2U);
}

TEST_F(DriverTest, NoServerIs08001) {
  OdbcClient client;
  client.SetKey(TestKeyPem());
  EXPECT_EQ(client.Connect("DRIVER=" CDI_SFODBC_LIBRARY
                           ";SERVER=127.0.0.1;PORT=1;SSL=off;ACCOUNT=a;UID=u;AUTHENTICATOR=SNOWFLAKE_JWT"),
            SQL_ERROR);
  EXPECT_EQ(client.faults().at(0).state, "08001");
}

TEST_F(DriverTest, ABrokenKeyIs28000AndNeverShown) {
  OdbcClient client;
  client.SetKey("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
  EXPECT_EQ(client.Connect(ConnectionString()), SQL_ERROR);
  EXPECT_EQ(client.faults().at(0).state, "28000");
  EXPECT_EQ(client.faults().at(0).message.find("c2VjcmV0"), std::string::npos);
}

TEST_F(DriverTest, AnUnknownKeywordIsAWarning) {
  OdbcClient client;
  client.SetKey(TestKeyPem());
  EXPECT_EQ(client.Connect(ConnectionString("FOO=bar;")), SQL_SUCCESS_WITH_INFO);
  EXPECT_EQ(client.faults().at(0).state, "01S00");
}

TEST_F(DriverTest, ShowsRowsAndNulls) {
  server_.OnSql("SELECT 1", [](const Json&) {
    return FakeSnowflake::ResultOf(
        {FakeSnowflake::Column("ID", "fixed", 38, 0), FakeSnowflake::Column("T", "text", nullptr, nullptr, 10)},
        {{"1", "a\"\\\u00fc\n"}, {nullptr, nullptr}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT 1"), SQL_SUCCESS);
  SQLSMALLINT columns = 0;
  SQLNumResultCols(statement.handle(), &columns);
  EXPECT_EQ(columns, 2);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(statement.Text(1), "1");
  EXPECT_EQ(statement.Text(2), "a\"\\\u00fc\n");
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(statement.Text(1), "<null>");
  EXPECT_EQ(statement.Text(2), "<null>");
  EXPECT_EQ(SQLFetch(statement.handle()), SQL_NO_DATA);
}

TEST_F(DriverTest, AStatementErrorKeepsStateCodeAndText) {
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  EXPECT_EQ(statement.Run("FOO"), SQL_ERROR);
  EXPECT_EQ(statement.fault().state, "42000");
  EXPECT_EQ(statement.fault().native, 1003);
  EXPECT_EQ(statement.fault().message, "SQL compilation error: unexpected FOO");
}

// 100,000 rows: 5 inline, the rest in chunks; every tenth text is NULL.
struct BigResult {
  static constexpr int64_t kRows = 100'000;
  static constexpr int64_t kPerChunk = 5'000;
  static std::string TextOf(int64_t id) { return "text \u20ac " + std::to_string(id * 7919 % 1'000'003); }
  static std::string Rows(int64_t first, int64_t count) {
    std::string rows;
    for (int64_t id = first; id < first + count; ++id) {
      if (!rows.empty()) rows += ",";
      rows +=
          "[\"" + std::to_string(id) + "\"," + (id % 10 == 0 ? std::string("null") : "\"" + TextOf(id) + "\"") + "]";
    }
    return rows;
  }
  static void Install(FakeSnowflake& server) {
    Json chunks = Json::array();
    for (int64_t first = 5; first < kRows; first += kPerChunk) {
      const int64_t count = std::min(kPerChunk, kRows - first);
      const std::string path = "/chunk/" + std::to_string(first);
      chunks.push_back(
          {{"url", server.Url(path)}, {"rowCount", count}, {"uncompressedSize", 1}, {"compressedSize", 1}});
      server.OnGet(path, [first, count] {
        return FakeSnowflake::HttpAnswer{200, GzipForTest(Rows(first, count)), "gzip"};
      });
    }
    server.OnSql("SELECT big", [chunks](const Json&) {
      Json reply = FakeSnowflake::ResultOf(
          {FakeSnowflake::Column("ID", "fixed", 18, 0), FakeSnowflake::Column("T", "text", nullptr, nullptr, 100)},
          Json::parse("[" + Rows(0, 5) + "]"));
      reply["data"]["chunks"] = chunks;
      reply["data"]["total"] = reply["data"]["returned"] = kRows;
      return reply;
    });
  }
};

struct BoundRow {
  int64_t id;
  SQLLEN id_length;
  char text[64];
  SQLLEN text_length;
};

// Fetches everything in blocks; returns the number of rows that came right.
int64_t FetchBig(OdbcStatement& statement, bool by_row) {
  constexpr size_t kBlock = 1000;
  std::vector<BoundRow> rows(kBlock);
  std::vector<int64_t> ids(kBlock);
  std::vector<SQLLEN> id_lengths(kBlock), text_lengths(kBlock);
  std::vector<char> texts(kBlock * 64);
  std::vector<SQLUSMALLINT> status(kBlock);
  SQLULEN fetched = 0;
  SQLHSTMT handle = statement.handle();
  SQLSetStmtAttr(handle, SQL_ATTR_ROW_ARRAY_SIZE, AsPointer(kBlock), 0);
  SQLSetStmtAttr(handle, SQL_ATTR_ROWS_FETCHED_PTR, &fetched, 0);
  SQLSetStmtAttr(handle, SQL_ATTR_ROW_STATUS_PTR, status.data(), 0);
  if (by_row) {
    SQLSetStmtAttr(handle, SQL_ATTR_ROW_BIND_TYPE, AsPointer(sizeof(BoundRow)), 0);
    SQLBindCol(handle, 1, SQL_C_SBIGINT, &rows[0].id, 0, &rows[0].id_length);
    SQLBindCol(handle, 2, SQL_C_CHAR, rows[0].text, sizeof(rows[0].text), &rows[0].text_length);
  } else {
    SQLBindCol(handle, 1, SQL_C_SBIGINT, ids.data(), 0, id_lengths.data());
    SQLBindCol(handle, 2, SQL_C_CHAR, texts.data(), 64, text_lengths.data());
  }
  int64_t right = 0;
  for (;;) {
    const SQLRETURN result = SQLFetch(handle);
    if (result == SQL_NO_DATA) return right;
    if (result != SQL_SUCCESS) return -1;
    for (size_t i = 0; i < fetched; ++i) {
      const int64_t id = by_row ? rows[i].id : ids[i];
      const SQLLEN length = by_row ? rows[i].text_length : text_lengths[i];
      const char* text = by_row ? rows[i].text : &texts[i * 64];
      if (id != right || status[i] != SQL_ROW_SUCCESS) return -1;
      if (id % 10 == 0 ? length != SQL_NULL_DATA
                       : BigResult::TextOf(id) != std::string(text, static_cast<size_t>(length)))
        return -1;
      ++right;
    }
  }
}

TEST_F(DriverTest, BlockFetchOf100000RowsIsExactByColumnAndByRow) {
  BigResult::Install(server_);
  OdbcClient client;
  Connect(client);
  for (const bool by_row : {false, true}) {
    OdbcStatement statement(client);
    ASSERT_EQ(statement.Run("SELECT big"), SQL_SUCCESS);
    EXPECT_EQ(FetchBig(statement, by_row), BigResult::kRows) << "by row: " << by_row;
  }
}

TEST_F(DriverTest, FaultyChunksAreFetchedAgain) {
  BigResult::Install(server_);
  const auto once = [&](int64_t first, FakeSnowflake::HttpAnswer fault) {
    server_.OnGet("/chunk/" + std::to_string(first), [first, fault, used = std::make_shared<std::atomic<bool>>(false)] {
      if (!used->exchange(true)) return fault;
      return FakeSnowflake::HttpAnswer{200, BigResult::Rows(first, BigResult::kPerChunk)};
    });
  };
  const std::string whole = GzipForTest(BigResult::Rows(15'005, BigResult::kPerChunk));
  once(5, {503, "busy"});
  once(5'005, {403, "denied"});
  once(10'005, {200, BigResult::Rows(10'005, 17)});
  once(15'005, {200, whole.substr(0, whole.size() / 2), "gzip"});
  once(20'005,
       {200, GzipForTest(BigResult::Rows(20'005, BigResult::kPerChunk))});  // gzip that does not say so: no fault
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT big"), SQL_SUCCESS);
  EXPECT_EQ(FetchBig(statement, false), BigResult::kRows);
}

TEST_F(DriverTest, AResultLeftHalfReadCanBeClosed) {
  BigResult::Install(server_);
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT big"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(SQLFreeStmt(statement.handle(), SQL_CLOSE), SQL_SUCCESS);
  ASSERT_EQ(statement.Run("SELECT big"), SQL_SUCCESS);
}

TEST_F(DriverTest, DisconnectingEndsAStatementThatIsStillReading) {
  BigResult::Install(server_);
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT big"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(SQLDisconnect(client.connection()), SQL_SUCCESS);
  statement.Forget();
  EXPECT_EQ(server_.logouts(), 1);
}

TEST_F(DriverTest, TheSameHandleConnectsAgainWithTheSameKey) {
  OdbcClient client;
  Connect(client);
  ASSERT_EQ(SQLDisconnect(client.connection()), SQL_SUCCESS);
  EXPECT_EQ(client.Connect(ConnectionString()), SQL_SUCCESS);
  EXPECT_EQ(server_.logins().size(), 2U);
}

TEST_F(DriverTest, StatementsOfOneConnectionRunBesideEachOther) {
  server_.OnSql("SELECT slow", [&](const Json& request) {
    server_.AwaitAbort(request["requestId"]);
    return FakeSnowflake::Failure("000604", "57014", "SQL execution canceled");
  });
  server_.OnSql("SELECT 1", [](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement slow(client);
  OdbcStatement quick(client);
  std::thread other([&] { slow.Run("SELECT slow"); });
  EXPECT_TRUE(server_.AwaitQueries(1));
  EXPECT_EQ(quick.Run("SELECT 1"), SQL_SUCCESS);
  EXPECT_EQ(SQLCancel(slow.handle()), SQL_SUCCESS);
  other.join();
  EXPECT_EQ(slow.fault().state, "HY008");
}

TEST_F(DriverTest, MissingRowsAreAnErrorNotAnEnd) {
  server_.OnSql("SELECT short", [](const Json&) {
    Json reply = FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}, {"2"}});
    reply["data"]["returned"] = 3;
    return reply;
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT short"), SQL_SUCCESS);
  SQLFetch(statement.handle());
  SQLFetch(statement.handle());
  EXPECT_EQ(SQLFetch(statement.handle()), SQL_ERROR);
  EXPECT_EQ(statement.fault().state, "08S01");
}

TEST_F(DriverTest, ALongTextComesInPartsWithTheRestInTheIndicator) {
  const std::string text = "0123456789abcdefghij\u20ac";
  server_.OnSql("SELECT long", [&](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("T", "text", nullptr, nullptr, 16777216)},
                                   Json::array({Json::array({text})}));
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT long"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  std::string read;
  std::vector<SQLLEN> lengths;
  for (;;) {
    char part[9];
    SQLLEN length = 0;
    const SQLRETURN result = SQLGetData(statement.handle(), 1, SQL_C_CHAR, part, sizeof(part), &length);
    if (result == SQL_NO_DATA) break;
    ASSERT_TRUE(SQL_SUCCEEDED(result));
    if (result == SQL_SUCCESS_WITH_INFO) {
      EXPECT_EQ(statement.fault().state, "01004");
    }
    lengths.push_back(length);
    read += part;
  }
  EXPECT_EQ(read, text);
  EXPECT_EQ(lengths, (std::vector<SQLLEN>{23, 15, 7}));
}

TEST_F(DriverTest, ACutCellTellsItsFullLengthAndRow) {
  server_.OnSql("SELECT cut", [](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("T", "text", nullptr, nullptr, 100)}, {{"ab"}, {"abcdef"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  char texts[2][4];
  SQLLEN lengths[2];
  SQLUSMALLINT status[2];
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_ARRAY_SIZE, AsPointer(2), 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_STATUS_PTR, status, 0);
  SQLBindCol(statement.handle(), 1, SQL_C_CHAR, texts, 4, lengths);
  ASSERT_EQ(statement.Run("SELECT cut"), SQL_SUCCESS);
  EXPECT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS_WITH_INFO);
  EXPECT_STREQ(texts[1], "abc");
  EXPECT_EQ(lengths[1], 6);
  EXPECT_EQ(status[0], SQL_ROW_SUCCESS);
  EXPECT_EQ(status[1], SQL_ROW_SUCCESS_WITH_INFO);
  EXPECT_EQ(statement.fault().state, "01004");
}

TEST_F(DriverTest, CancelFromAnotherThreadIsHY008) {
  server_.OnSql("SELECT slow", [&](const Json& request) {
    server_.AwaitAbort(request["requestId"]);
    return FakeSnowflake::Failure("000604", "57014", "SQL execution canceled");
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  std::thread canceller([&] {
    ASSERT_TRUE(server_.AwaitQueries(1));
    EXPECT_EQ(SQLCancel(statement.handle()), SQL_SUCCESS);
  });
  EXPECT_EQ(statement.Run("SELECT slow"), SQL_ERROR);
  canceller.join();
  EXPECT_EQ(statement.fault().state, "HY008");
  EXPECT_EQ(statement.fault().native, 604);
  EXPECT_EQ(SQLCancel(statement.handle()), SQL_SUCCESS);  // nothing runs: no effect on what comes next
  server_.OnSql("SELECT 1", [](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}});
  });
  EXPECT_EQ(statement.Run("SELECT 1"), SQL_SUCCESS);
}

TEST_F(DriverTest, TheQueryTimeoutAbortsAndIsHYT00) {
  server_.OnSql("SELECT slow", [&](const Json& request) {
    server_.AwaitAbort(request["requestId"]);
    return FakeSnowflake::Failure("000604", "57014", "SQL execution canceled");
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_QUERY_TIMEOUT, AsPointer(1), 0);
  EXPECT_EQ(statement.Run("SELECT slow"), SQL_ERROR);
  EXPECT_EQ(statement.fault().state, "HYT00");
  EXPECT_EQ(server_.aborted().size(), 1U);
}

TEST_F(DriverTest, AnExpiredTokenIsRenewedAndTheSameRequestSentAgain) {
  server_.OnSql("SELECT 1", [](const Json& request) {
    if (request["authorization"] == "Snowflake Token=\"session-1\"")
      return FakeSnowflake::Failure("390112", "", "expired");
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  EXPECT_EQ(statement.Run("SELECT 1"), SQL_SUCCESS);
  EXPECT_EQ(server_.renewals(), 1);
  ASSERT_EQ(server_.query_ids().size(), 2U);
  EXPECT_EQ(server_.query_ids()[0], server_.query_ids()[1]);
}

TEST_F(DriverTest, ALostReplyIsAskedForAgainWithTheSameRequestId) {
  server_.FailQueries({{503, "busy"}, {200, "{\"data\":{\"rowtype\":["}});
  server_.OnSql("SELECT 1", [](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  EXPECT_EQ(statement.Run("SELECT 1"), SQL_SUCCESS);
  ASSERT_EQ(server_.query_ids().size(), 3U);
  EXPECT_EQ(server_.query_ids()[0], server_.query_ids()[2]);
}

TEST_F(DriverTest, ASessionThatIsGoneIs08S01) {
  server_.OnSql("SELECT 1",
                [](const Json&) { return FakeSnowflake::Failure("390111", "", "Session no longer exists."); });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  EXPECT_EQ(statement.Run("SELECT 1"), SQL_ERROR);
  EXPECT_EQ(statement.fault().state, "08S01");
  EXPECT_EQ(statement.fault().native, 390111);
}

TEST_F(DriverTest, ALongStatementIsPolledForItsResult) {
  server_.OnSql("SELECT later", [](const Json&) {
    return Json{{"success", true},
                {"code", "333333"},
                {"message", nullptr},
                {"data", {{"queryId", "01-x"}, {"getResultUrl", "/queries/01-x/result"}}}};
  });
  server_.OnGet("/queries/01-x/result", [polls = std::make_shared<std::atomic<int>>(0)] {
    Json reply = FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"42"}});
    if (polls->fetch_add(1) < 2)
      reply = {{"success", true},
               {"code", "333333"},
               {"data", {{"queryId", "01-x"}, {"getResultUrl", "/queries/01-x/result"}}}};
    return FakeSnowflake::HttpAnswer{200, reply.dump()};
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT later"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(statement.Text(1), "42");
}

TEST_F(DriverTest, ParametersTravelWithTheirTypes) {
  Json seen;
  server_.OnSql("SELECT ?, ?, ?", [&](const Json& request) {
    seen = request["bindings"];
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  const std::string sql = "SELECT ?, ?, ?";
  SQLPrepare(statement.handle(), reinterpret_cast<SQLCHAR*>(const_cast<char*>(sql.data())),
             SQL_NTS);  // NOLINT: only read
  SQLSMALLINT count = 0;
  ASSERT_EQ(SQLNumParams(statement.handle(), &count), SQL_SUCCESS);
  EXPECT_EQ(count, 3);
  int32_t number = -7;
  char text[] = "it's";
  SQLLEN text_length = SQL_NTS;
  SQLLEN null_length = SQL_NULL_DATA;
  SQLBindParameter(statement.handle(), 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &number, 0, nullptr);
  SQLBindParameter(statement.handle(), 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 10, 0, text, 0, &text_length);
  SQLBindParameter(statement.handle(), 3, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 10, 0, text, 0, &null_length);
  ASSERT_EQ(SQLExecute(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(
      seen,
      Json::parse(
          R"({"1":{"type":"FIXED","value":"-7"},"2":{"type":"TEXT","value":"it's"},"3":{"type":"TEXT","value":null}})"));
}

TEST_F(DriverTest, ADmlStatementHasARowCountAndNoColumns) {
  server_.OnSql("INSERT", [](const Json&) {
    Json reply = FakeSnowflake::ResultOf({FakeSnowflake::Column("number of rows inserted", "fixed", 19, 0)}, {{"3"}});
    reply["data"]["statementTypeId"] = 0x3100;
    return reply;
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("INSERT"), SQL_SUCCESS);
  SQLLEN rows = 0;
  SQLSMALLINT columns = -1;
  SQLRowCount(statement.handle(), &rows);
  SQLNumResultCols(statement.handle(), &columns);
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(columns, 0);
}

TEST_F(DriverTest, TheLastQueryIdIsAStatementAttribute) {
  server_.OnSql("SELECT 1", [](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT 1"), SQL_SUCCESS);
  char id[64] = {};
  SQLINTEGER length = 0;
  ASSERT_EQ(SQLGetStmtAttr(statement.handle(), 0x4107, id, sizeof(id), &length), SQL_SUCCESS);
  EXPECT_STREQ(id, "01ba13b4-0104-e9fd-0000-0111029ca00e");
}

TEST_F(DriverTest, SQLGetDataAndBlocksExcludeEachOther) {
  server_.OnSql("SELECT 1", [](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("ID", "fixed", 38, 0)}, {{"1"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_ARRAY_SIZE, AsPointer(2), 0);
  ASSERT_EQ(statement.Run("SELECT 1"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(statement.Text(1), "<error>");
  EXPECT_EQ(statement.fault().state, "HY109");
}

}  // namespace
}  // namespace cdi::sfodbc
