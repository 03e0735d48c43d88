// Data through ODBC: blocks, truncation, parts, arrays of parameters, data at execution.
#include <vector>

#include "tests/snowflake_mock/odbc/standard_fixture.h"

namespace cdi::sfodbc {
namespace {

TEST_F(StandardTest, RowsAreBoundByRowWithAnOffset) {
  AnswerText("SELECT", {"a", nullptr, "c"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  struct Row {
    char text[8];
    SQLLEN length;
  };
  Row rows[4] = {};
  SQLULEN offset = sizeof(Row), fetched = 0;
  SQLUSMALLINT status[3] = {};
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_ARRAY_SIZE, AsPointer(3), 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_BIND_TYPE, AsPointer(sizeof(Row)), 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_BIND_OFFSET_PTR, &offset, 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROWS_FETCHED_PTR, &fetched, 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_STATUS_PTR, status, 0);
  SQLBindCol(statement.handle(), 1, SQL_C_CHAR, rows[0].text, sizeof(rows[0].text), &rows[0].length);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetchScroll(statement.handle(), SQL_FETCH_NEXT, 0), SQL_SUCCESS);
  EXPECT_EQ(fetched, 3U);
  EXPECT_STREQ(rows[1].text, "a");
  EXPECT_EQ(rows[2].length, SQL_NULL_DATA);
  EXPECT_STREQ(rows[3].text, "c");
  EXPECT_EQ(SQLFetchScroll(statement.handle(), SQL_FETCH_PRIOR, 0), SQL_ERROR);
  EXPECT_EQ(SQLFetchScroll(statement.handle(), SQL_FETCH_NEXT, 0), SQL_NO_DATA);
  EXPECT_EQ(fetched, 0U);
  EXPECT_EQ(status[0], SQL_ROW_NOROW);
}

TEST_F(StandardTest, MaxRowsAndMaxLengthCutQuietly) {
  AnswerText("SELECT", {"abc\u20acdef", "b", "c"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_MAX_ROWS, AsPointer(2), 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_MAX_LENGTH, AsPointer(5), 0);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(statement.Text(1), "abc");  // five bytes would cut the third character
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(SQLFetch(statement.handle()), SQL_NO_DATA);
}

TEST_F(StandardTest, WidePartsFillTheirBuffersAndMakeUpTheWhole) {
  AnswerText("SELECT", {"a\U0001F600b\U0001F601"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  std::u16string whole;
  std::vector<size_t> parts;
  for (;;) {
    char16_t part[3] = {};
    SQLLEN length = 0;
    const SQLRETURN result = SQLGetData(statement.handle(), 1, SQL_C_WCHAR, part, sizeof(part), &length);
    if (result == SQL_NO_DATA) break;
    ASSERT_TRUE(SQL_SUCCEEDED(result));
    parts.push_back(std::u16string(part).size());
    whole += part;
  }
  EXPECT_EQ(whole, u"a\U0001F600b\U0001F601");
  EXPECT_EQ(parts, (std::vector<size_t>{2, 2, 2}));
}

struct ConversionCase {
  const char* name;
  const char* type;
  const char* value;
  SQLSMALLINT c_type;
  SQLLEN capacity;
  const char* state;
};

class ConversionStateTest : public StandardTest, public testing::WithParamInterface<ConversionCase> {};

TEST_P(ConversionStateTest, IsOdbcs) {
  const ConversionCase& given = GetParam();
  const bool number = std::string(given.type) == "fixed";
  const bool text = std::string(given.type) == "text";
  Answer("SELECT",
         FakeSnowflake::Column("C", given.type, number ? Json(38) : Json(nullptr), text ? Json(nullptr) : Json(3),
                               text ? Json(100) : Json(nullptr)),
         {given.value});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  char buffer[64];
  SQLLEN length = 0;
  SQLGetData(statement.handle(), 1, given.c_type, buffer, given.capacity, &length);
  EXPECT_EQ(statement.fault().state, given.state) << statement.fault().message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConversionStateTest,
    testing::Values(ConversionCase{"TextCut", "text", "abcdef", SQL_C_CHAR, 4, "01004"},
                    ConversionCase{"NumberCutBeforeThePoint", "fixed", "12345.678", SQL_C_CHAR, 4, "22003"},
                    ConversionCase{"TooLarge", "fixed", "300.000", SQL_C_UTINYINT, 0, "22003"},
                    ConversionCase{"Negative", "fixed", "-1.000", SQL_C_ULONG, 0, "22003"},
                    ConversionCase{"Fraction", "fixed", "1.250", SQL_C_SBIGINT, 0, "01S07"},
                    ConversionCase{"NoNumber", "text", "abc", SQL_C_SLONG, 0, "22018"},
                    ConversionCase{"NoDate", "text", "yesterday", SQL_C_TYPE_DATE, 0, "22018"},
                    ConversionCase{"NoSuchDate", "text", "2026-13-45", SQL_C_TYPE_DATE, 0, "22007"},
                    ConversionCase{"TimeLost", "timestamp_ntz", "1700000000.5", SQL_C_TYPE_DATE, 0, "01S07"},
                    ConversionCase{"NumberAsDate", "fixed", "1.000", SQL_C_TYPE_DATE, 0, "07006"},
                    ConversionCase{"Guid", "text", "x", SQL_C_GUID, 16, "07006"},
                    ConversionCase{"Interval", "text", "1", SQL_C_INTERVAL_DAY, 32, "07006"},
                    ConversionCase{"TimeAsTimestamp", "time", "45296.123", SQL_C_TYPE_TIMESTAMP, 0, ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(StandardTest, ANullWithoutIndicatorIs22002) {
  AnswerText("SELECT", {nullptr});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  char text[8];
  SQLBindCol(statement.handle(), 1, SQL_C_CHAR, text, sizeof(text), nullptr);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  EXPECT_EQ(SQLFetch(statement.handle()), SQL_ERROR);
  EXPECT_EQ(statement.fault().state, "22002");
}

TEST_F(StandardTest, ArraysOfParametersGoInOneRequest) {
  Json bindings;
  server_.OnSql("INSERT INTO T VALUES (?, ?)", [&](const Json& request) {
    bindings = request["bindings"];
    Json reply = FakeSnowflake::ResultOf({FakeSnowflake::Column("number of rows inserted", "fixed", 19, 0)}, {{"2"}});
    reply["data"]["statementTypeId"] = 0x3100;
    return reply;
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQLINTEGER ids[3] = {1, 2, 3};
  char texts[3][4] = {"a", "bb", "ccc"};
  SQLLEN id_lengths[3] = {0, 0, 0}, text_lengths[3] = {SQL_NTS, SQL_NTS, SQL_NULL_DATA};
  SQLUSMALLINT operations[3] = {SQL_PARAM_PROCEED, SQL_PARAM_IGNORE, SQL_PARAM_PROCEED}, status[3] = {};
  SQLULEN processed = 0;
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAMSET_SIZE, AsPointer(3), 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAM_OPERATION_PTR, operations, 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAM_STATUS_PTR, status, 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAMS_PROCESSED_PTR, &processed, 0);
  SQLBindParameter(statement.handle(), 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, ids, 0, id_lengths);
  SQLBindParameter(statement.handle(), 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 3, 0, texts, 4, text_lengths);
  ASSERT_EQ(statement.Run("INSERT INTO T VALUES (?, ?)"), SQL_SUCCESS) << statement.fault().message;
  EXPECT_EQ(bindings,
            Json::parse(R"({"1":{"type":"FIXED","value":["1","3"]},"2":{"type":"TEXT","value":["a",null]}})"));
  EXPECT_EQ(processed, 3U);
  EXPECT_EQ(status[0], SQL_PARAM_SUCCESS);
  EXPECT_EQ(status[1], SQL_PARAM_UNUSED);
  EXPECT_EQ(status[2], SQL_PARAM_SUCCESS);
}

TEST_F(StandardTest, OtherStatementsRunOncePerSetAndSumTheirRows) {
  server_.OnSql("DELETE FROM T WHERE ID = ?", [&](const Json& request) {
    if (request["bindings"]["1"]["value"] == "3") return FakeSnowflake::Failure("100038", "22018", "bad value");
    Json reply = FakeSnowflake::ResultOf({FakeSnowflake::Column("number of rows deleted", "fixed", 19, 0)}, {{"5"}});
    reply["data"]["statementTypeId"] = 0x3300;
    return reply;
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  struct Row {
    SQLINTEGER id;
    SQLLEN length;
  };
  Row rows[3] = {{1, 0}, {2, 0}, {3, 0}};
  SQLUSMALLINT status[3] = {};
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAMSET_SIZE, AsPointer(2), 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAM_BIND_TYPE, AsPointer(sizeof(Row)), 0);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAM_STATUS_PTR, status, 0);
  SQLBindParameter(statement.handle(), 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &rows[0].id, 0,
                   &rows[0].length);
  ASSERT_EQ(statement.Run("DELETE FROM T WHERE ID = ?"), SQL_SUCCESS);
  SQLLEN count = 0;
  SQLRowCount(statement.handle(), &count);
  EXPECT_EQ(count, 10);
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_PARAMSET_SIZE, AsPointer(3), 0);
  EXPECT_EQ(statement.Run("DELETE FROM T WHERE ID = ?"), SQL_ERROR);
  EXPECT_EQ(status[1], SQL_PARAM_SUCCESS);
  EXPECT_EQ(status[2], SQL_PARAM_ERROR);
}

TEST_F(StandardTest, DataAtExecutionComesInParts) {
  Json bindings;
  server_.OnSql("SELECT ?, ?", [&](const Json& request) {
    bindings = request["bindings"];
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("T", "text", nullptr, nullptr, 10)}, {{"x"}});
  });
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQLLEN at_execution = SQL_LEN_DATA_AT_EXEC(6);
  char first[] = "first", second[] = "second";  // the tokens that SQLParamData gives back
  SQLBindParameter(statement.handle(), 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 10, 0, first, 0, &at_execution);
  SQLBindParameter(statement.handle(), 2, SQL_PARAM_INPUT, SQL_C_BINARY, SQL_VARBINARY, 9, 0, second, 0, &at_execution);
  ASSERT_EQ(statement.Run("SELECT ?, ?"), SQL_NEED_DATA);
  SQLPOINTER token = nullptr;
  ASSERT_EQ(SQLParamData(statement.handle(), &token), SQL_NEED_DATA);
  EXPECT_EQ(token, static_cast<SQLPOINTER>(first));
  SQLPutData(statement.handle(), Chars("abc"), 3);
  SQLPutData(statement.handle(), Chars("def"), SQL_NTS);
  ASSERT_EQ(SQLParamData(statement.handle(), &token), SQL_NEED_DATA);
  EXPECT_EQ(token, static_cast<SQLPOINTER>(second));
  SQLPutData(statement.handle(), Chars("\x01\xff"), 2);
  ASSERT_EQ(SQLParamData(statement.handle(), &token), SQL_SUCCESS) << statement.fault().message;
  EXPECT_EQ(bindings, Json::parse(R"({"1":{"type":"TEXT","value":"abcdef"},"2":{"type":"BINARY","value":"01FF"}})"));
}

TEST_F(StandardTest, WhatCannotBeBoundIsRefused) {
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQLINTEGER value = 0;
  EXPECT_EQ(
      SQLBindParameter(statement.handle(), 1, SQL_PARAM_OUTPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &value, 0, nullptr),
      SQL_ERROR);
  EXPECT_EQ(statement.fault().state, "HYC00");
  SQL_DATE_STRUCT date{2026, 2, 30};
  SQLBindParameter(statement.handle(), 1, SQL_PARAM_INPUT, SQL_C_TYPE_DATE, SQL_TYPE_DATE, 10, 0, &date, 0, nullptr);
  EXPECT_EQ(statement.Run("SELECT ?"), SQL_ERROR);
  EXPECT_EQ(statement.fault().state, "22008");
}

TEST_F(StandardTest, ExtendedFetchHasItsOwnRowset) {
  AnswerText("SELECT", {"a", "b", "c"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  char texts[2][4];
  SQLLEN lengths[2];
  SQLULEN rows = 0;
  SQLUSMALLINT status[2] = {};
  SQLSetStmtAttr(statement.handle(), SQL_ROWSET_SIZE, AsPointer(2), 0);
  SQLBindCol(statement.handle(), 1, SQL_C_CHAR, texts, 4, lengths);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLExtendedFetch(statement.handle(), SQL_FETCH_NEXT, 0, &rows, status), SQL_SUCCESS);
  EXPECT_EQ(rows, 2U);
  EXPECT_STREQ(texts[1], "b");
}

}  // namespace
}  // namespace cdi::sfodbc
