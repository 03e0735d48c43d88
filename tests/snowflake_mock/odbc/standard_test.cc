// What the driver owes to ODBC beside data: personalities, attributes, descriptors, diagnostics, names.
#include "tests/snowflake_mock/odbc/standard_fixture.h"

namespace cdi::sfodbc {
namespace {

class PersonalityTest : public StandardTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Both, PersonalityTest, testing::Values(3, 4));

std::string Info(const OdbcClient& client, SQLUSMALLINT type) {
  char text[128] = {};
  SQLSMALLINT length = 0;
  return SQL_SUCCEEDED(SQLGetInfo(client.connection(), type, text, sizeof(text), &length)) ? text : "<error>";
}

TEST_P(PersonalityTest, IsTheLibrarysUnlessTheConnectionSaysOtherwise) {
  const std::string own = GetParam() == 3 ? "03.52" : "03.80";
  const std::string other = GetParam() == 3 ? "03.80" : "03.52";
  OdbcClient client, changed;
  Connect(client, GetParam());
  EXPECT_EQ(Info(client, SQL_DRIVER_ODBC_VER), own);
  EXPECT_EQ(Info(client, SQL_DRIVER_NAME), GetParam() == 3 ? "libSnowflake.so" : "libsfodbc.so");
  Connect(changed, GetParam(), GetParam() == 3 ? "CDI_PERSONALITY=4;" : "CDI_PERSONALITY=3;");
  EXPECT_EQ(Info(changed, SQL_DRIVER_ODBC_VER), other);
}

TEST_P(PersonalityTest, UnknownKeywordsWarnOrGoToTheServer) {
  OdbcClient client;
  client.SetKey(TestKeyPem());
  const SQLRETURN result = client.Connect(ConnectionString(GetParam(), "FOO=bar;QUERY_TAG=mine;"));
  const Json parameters = server_.logins().at(0)["data"]["SESSION_PARAMETERS"];
  if (GetParam() == 3) {
    EXPECT_EQ(result, SQL_SUCCESS_WITH_INFO);
    EXPECT_EQ(client.faults().at(0).state, "01S00");
    EXPECT_FALSE(parameters.contains("FOO"));
    EXPECT_FALSE(parameters.contains("QUERY_TAG"));
  } else {
    EXPECT_EQ(result, SQL_SUCCESS);
    EXPECT_EQ(parameters["FOO"], "bar");
    EXPECT_EQ(parameters["QUERY_TAG"], "mine");
  }
}

TEST_P(PersonalityTest, AKeywordGivenTwiceIsRefusedBy4Only) {
  OdbcClient client;
  client.SetKey(TestKeyPem());
  EXPECT_EQ(SQL_SUCCEEDED(client.Connect(ConnectionString(GetParam(), "ROLE=A;ROLE=B;"))), GetParam() == 3);
}

TEST_P(PersonalityTest, StatesAndMessagesOfServerErrorsDiffer) {
  server_.OnSql("USE X", [](const Json&) { return FakeSnowflake::Failure("002043", "02000", "does not exist"); });
  OdbcClient client;
  Connect(client, GetParam());
  OdbcStatement statement(client);
  EXPECT_EQ(statement.Run("USE X"), SQL_ERROR);
  EXPECT_EQ(statement.fault().native, 2043);
  EXPECT_EQ(statement.fault().state, GetParam() == 3 ? "02000" : "HY000");
  const std::string message = statement.fault().message;
  if (GetParam() == 3) {
    EXPECT_EQ(message, "does not exist");
  } else {
    EXPECT_EQ(message.find("[Snowflake][Snowflake ODBC Driver][Snowflake] does not exist\n"), 0U) << message;
  }
}

TEST_P(PersonalityTest, ALostFractionIsAWarningOrAnError) {
  AnswerNumber("SELECT", {"1.500"});
  OdbcClient client;
  Connect(client, GetParam());
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  SQLINTEGER value = 0;
  SQLLEN length = 0;
  const SQLRETURN result = SQLGetData(statement.handle(), 1, SQL_C_SLONG, &value, 0, &length);
  EXPECT_EQ(result, GetParam() == 3 ? SQL_SUCCESS_WITH_INFO : SQL_ERROR);
  EXPECT_EQ(statement.fault().state, GetParam() == 3 ? "01S07" : "22003");
}

TEST_P(PersonalityTest, DdlRunsInPrepareOf3AndOnceInAll) {
  server_.OnSql("CREATE TABLE T", [](const Json&) {
    return FakeSnowflake::ResultOf({FakeSnowflake::Column("status", "text", nullptr, nullptr, 100)}, {{"done"}});
  });
  OdbcClient client;
  Connect(client, GetParam());
  OdbcStatement statement(client);
  ASSERT_EQ(SQLPrepare(statement.handle(), Chars("CREATE TABLE T"), SQL_NTS), SQL_SUCCESS);
  EXPECT_EQ(server_.query_ids().size(), GetParam() == 3 ? 1U : 0U);
  ASSERT_EQ(SQLExecute(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(server_.query_ids().size(), 1U);
}

TEST_P(PersonalityTest, TheQueryIdIsThereAfterExecDirectAndIn4AfterExecute) {
  AnswerText("SELECT", {"x"});
  OdbcClient client;
  Connect(client, GetParam());
  const auto query_id = [](const OdbcStatement& statement) {
    char id[64] = {};
    SQLGetStmtAttr(statement.handle(), 0x4107, id, sizeof(id), nullptr);
    return std::string(id);
  };
  OdbcStatement direct(client), prepared(client);
  ASSERT_EQ(direct.Run("SELECT"), SQL_SUCCESS);
  EXPECT_EQ(query_id(direct).size(), 36U);
  ASSERT_EQ(SQLPrepare(prepared.handle(), Chars("SELECT"), SQL_NTS), SQL_SUCCESS);
  ASSERT_EQ(SQLExecute(prepared.handle()), SQL_SUCCESS);
  EXPECT_EQ(query_id(prepared).size(), GetParam() == 3 ? 0U : 36U);
}

TEST_F(StandardTest, TextOfNarrowAndWideCallsIsTheSame) {
  AnswerText("SELECT '\u20ac\U0001F600'", {"\u20ac\U0001F600"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  ASSERT_EQ(statement.Run("SELECT '\u20ac\U0001F600'"), SQL_SUCCESS) << statement.fault().message;  // locale C
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_EQ(statement.Text(1), "\u20ac\U0001F600");
}

TEST_F(StandardTest, TheCompletedStringHasEverythingButSecrets) {
  OdbcClient client;
  client.SetKey(TestKeyPem());
  char completed[1024] = {};
  SQLSMALLINT length = 0;
  const std::string text = ConnectionString(3, "PWD=topsecret;");
  ASSERT_EQ(SQLDriverConnect(client.connection(), nullptr, Chars(text.c_str()), SQL_NTS, Chars(completed),
                             sizeof(completed), &length, SQL_DRIVER_NOPROMPT),
            SQL_SUCCESS);
  EXPECT_NE(std::string(completed).find("DATABASE=D1"), std::string::npos) << completed;
  EXPECT_EQ(std::string(completed).find("topsecret"), std::string::npos);
  EXPECT_EQ(length, static_cast<SQLSMALLINT>(std::strlen(completed)));
  SQLDisconnect(client.connection());
}

struct AttributeCase {
  const char* name;
  SQLINTEGER attribute;
  SQLULEN value;
  SQLRETURN result;
  const char* state;
  SQLULEN kept;
};

class StatementAttributeTest : public StandardTest, public testing::WithParamInterface<AttributeCase> {};

TEST_P(StatementAttributeTest, IsSetSubstitutedOrRefused) {
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  const AttributeCase& want = GetParam();
  EXPECT_EQ(SQLSetStmtAttr(statement.handle(), want.attribute, AsPointer(want.value), 0), want.result);
  EXPECT_EQ(statement.fault().state, want.state);
  SQLULEN value = 99;
  ASSERT_EQ(SQLGetStmtAttr(statement.handle(), want.attribute, &value, sizeof(value), nullptr), SQL_SUCCESS);
  EXPECT_EQ(value, want.kept);
}

INSTANTIATE_TEST_SUITE_P(
    Table, StatementAttributeTest,
    testing::Values(AttributeCase{"ArraySizeZero", SQL_ATTR_ROW_ARRAY_SIZE, 0, SQL_SUCCESS, "", 1},
                    AttributeCase{"ArraySize", SQL_ATTR_ROW_ARRAY_SIZE, 7, SQL_SUCCESS, "", 7},
                    AttributeCase{"MaxRows", SQL_ATTR_MAX_ROWS, 5, SQL_SUCCESS, "", 5},
                    AttributeCase{"MaxLength", SQL_ATTR_MAX_LENGTH, 9, SQL_SUCCESS, "", 9},
                    AttributeCase{"Timeout", SQL_ATTR_QUERY_TIMEOUT, 3, SQL_SUCCESS, "", 3},
                    AttributeCase{"MetadataId", SQL_ATTR_METADATA_ID, SQL_TRUE, SQL_SUCCESS, "", SQL_TRUE},
                    AttributeCase{"Cursor", SQL_ATTR_CURSOR_TYPE, SQL_CURSOR_STATIC, SQL_SUCCESS_WITH_INFO, "01S02",
                                  SQL_CURSOR_FORWARD_ONLY},
                    AttributeCase{"Concurrency", SQL_ATTR_CONCURRENCY, SQL_CONCUR_LOCK, SQL_SUCCESS_WITH_INFO, "01S02",
                                  SQL_CONCUR_READ_ONLY},
                    AttributeCase{"Bookmarks", SQL_ATTR_USE_BOOKMARKS, SQL_UB_VARIABLE, SQL_ERROR, "HYC00", SQL_UB_OFF},
                    AttributeCase{"ParameterSets", SQL_ATTR_PARAMSET_SIZE, 3, SQL_SUCCESS, "", 3}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(StandardTest, ConnectionAttributesAreKeptAndGuarded) {
  OdbcClient client;
  Connect(client);
  const auto set = [&](SQLINTEGER attribute, SQLULEN value) {
    return SQLSetConnectAttr(client.connection(), attribute, AsPointer(value), SQL_IS_UINTEGER);
  };
  EXPECT_EQ(set(SQL_ATTR_ACCESS_MODE, SQL_MODE_READ_ONLY), SQL_SUCCESS);
  EXPECT_EQ(set(SQL_ATTR_LOGIN_TIMEOUT, 5), SQL_ERROR);
  EXPECT_EQ(client.faults().at(0).state, "HY011");
  EXPECT_EQ(set(SQL_ATTR_TXN_ISOLATION, SQL_TXN_SERIALIZABLE), SQL_SUCCESS_WITH_INFO);
  EXPECT_EQ(client.faults().at(0).state, "01S02");
  EXPECT_EQ(set(30'000, 1), SQL_ERROR);
  EXPECT_EQ(client.faults().at(0).state, "HY092");
  SQLUINTEGER value = 9;
  ASSERT_EQ(SQLGetConnectAttr(client.connection(), SQL_ATTR_CONNECTION_DEAD, &value, 0, nullptr), SQL_SUCCESS);
  EXPECT_EQ(value, static_cast<SQLUINTEGER>(SQL_CD_FALSE));
  server_.OnSql("SELECT gone", [](const Json&) { return FakeSnowflake::Failure("390111", "", "gone"); });
  OdbcStatement statement(client);
  EXPECT_EQ(statement.Run("SELECT gone"), SQL_ERROR);
  ASSERT_EQ(SQLGetConnectAttr(client.connection(), SQL_ATTR_CONNECTION_DEAD, &value, 0, nullptr), SQL_SUCCESS);
  EXPECT_EQ(value, static_cast<SQLUINTEGER>(SQL_CD_TRUE));
}

TEST_F(StandardTest, UnknownInformationIsHY096AndBufferlessAsksTellTheLength) {
  OdbcClient client;
  Connect(client);
  SQLUINTEGER value = 0;
  SQLSMALLINT length = 0;
  EXPECT_EQ(SQLGetInfo(client.connection(), 29'999, &value, sizeof(value), &length), SQL_ERROR);
  EXPECT_EQ(client.faults().at(0).state, "HY096");
  EXPECT_EQ(SQLGetInfo(client.connection(), SQL_DBMS_NAME, nullptr, 0, &length), SQL_SUCCESS);
  EXPECT_EQ(length, 9);
  char small[4] = {};
  EXPECT_EQ(SQLGetInfo(client.connection(), SQL_DBMS_NAME, small, sizeof(small), &length), SQL_SUCCESS_WITH_INFO);
  EXPECT_STREQ(small, "Sno");
}

TEST_F(StandardTest, CursorNamesAreGivenTakenAndUnique) {
  OdbcClient client;
  Connect(client);
  OdbcStatement first(client), second(client);
  char name[64] = {};
  SQLSMALLINT length = 0;
  ASSERT_EQ(SQLGetCursorName(first.handle(), Chars(name), sizeof(name), &length), SQL_SUCCESS);
  EXPECT_EQ(std::string(name).substr(0, 7), "SQL_CUR");
  ASSERT_EQ(SQLSetCursorName(first.handle(), Chars("MINE"), SQL_NTS), SQL_SUCCESS);
  ASSERT_EQ(SQLGetCursorName(first.handle(), Chars(name), sizeof(name), &length), SQL_SUCCESS);
  EXPECT_STREQ(name, "MINE");
  EXPECT_EQ(SQLSetCursorName(second.handle(), Chars("MINE"), SQL_NTS), SQL_ERROR);
  EXPECT_EQ(second.fault().state, "3C000");
}

TEST_F(StandardTest, DescriptorsShowBindingsAndColumns) {
  AnswerNumber("SELECT", {"12.345"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQL_NUMERIC_STRUCT number{};
  SQLLEN length = 0;
  ASSERT_EQ(SQLBindCol(statement.handle(), 1, SQL_C_NUMERIC, &number, sizeof(number), &length), SQL_SUCCESS);
  SQLHDESC ard = nullptr, ird = nullptr;
  ASSERT_EQ(SQLGetStmtAttr(statement.handle(), SQL_ATTR_APP_ROW_DESC, &ard, 0, nullptr), SQL_SUCCESS);
  ASSERT_EQ(SQLGetStmtAttr(statement.handle(), SQL_ATTR_IMP_ROW_DESC, &ird, 0, nullptr), SQL_SUCCESS);
  SQLSMALLINT type = 0;
  ASSERT_EQ(SQLGetDescField(ard, 1, SQL_DESC_TYPE, &type, sizeof(type), nullptr), SQL_SUCCESS);
  EXPECT_EQ(type, SQL_C_NUMERIC);
  ASSERT_EQ(SQLSetDescField(ard, 1, SQL_DESC_PRECISION, AsPointer(10), 0), SQL_SUCCESS);
  ASSERT_EQ(SQLSetDescField(ard, 1, SQL_DESC_SCALE, AsPointer(1), 0), SQL_SUCCESS);
  ASSERT_EQ(SQLSetDescField(ard, 1, SQL_DESC_DATA_PTR, &number, 0), SQL_SUCCESS);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  EXPECT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS_WITH_INFO);  // 01S07: two digits went
  EXPECT_EQ(number.scale, 1);
  EXPECT_EQ(number.precision, 10);
  EXPECT_EQ(number.val[0], 123);
  SQLSMALLINT count = 0;
  ASSERT_EQ(SQLGetDescField(ird, 0, SQL_DESC_COUNT, &count, sizeof(count), nullptr), SQL_SUCCESS);
  EXPECT_EQ(count, 1);
  char name[16] = {};
  ASSERT_EQ(SQLGetDescField(ird, 1, SQL_DESC_NAME, name, sizeof(name), nullptr), SQL_SUCCESS);
  EXPECT_STREQ(name, "N");
  EXPECT_EQ(SQLSetDescField(ird, 1, SQL_DESC_PRECISION, AsPointer(1), 0), SQL_ERROR);
}

TEST_F(StandardTest, AnExplicitDescriptorServesAndGoesAway) {
  AnswerText("SELECT", {"abc"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  SQLHDESC own = nullptr;
  ASSERT_EQ(SQLAllocHandle(SQL_HANDLE_DESC, client.connection(), &own), SQL_SUCCESS);
  ASSERT_EQ(SQLSetStmtAttr(statement.handle(), SQL_ATTR_APP_ROW_DESC, own, 0), SQL_SUCCESS);
  char text[8] = {};
  SQLLEN length = 0;
  ASSERT_EQ(SQLSetDescRec(own, 1, SQL_C_CHAR, 0, sizeof(text), 0, 0, text, &length, &length), SQL_SUCCESS);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);
  EXPECT_STREQ(text, "abc");
  ASSERT_EQ(SQLFreeHandle(SQL_HANDLE_DESC, own), SQL_SUCCESS);
  SQLCloseCursor(statement.handle());
  std::memset(text, 0, sizeof(text));
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS);  // back to the implicit one, where nothing is bound
  EXPECT_STREQ(text, "");
}

TEST_F(StandardTest, DiagnosticsTellRowColumnOriginAndCount) {
  AnswerText("SELECT", {"abc", "abcdef"});
  OdbcClient client;
  Connect(client);
  OdbcStatement statement(client);
  char texts[2][4];
  SQLLEN lengths[2];
  SQLSetStmtAttr(statement.handle(), SQL_ATTR_ROW_ARRAY_SIZE, AsPointer(2), 0);
  SQLBindCol(statement.handle(), 1, SQL_C_CHAR, texts, 4, lengths);
  ASSERT_EQ(statement.Run("SELECT"), SQL_SUCCESS);
  ASSERT_EQ(SQLFetch(statement.handle()), SQL_SUCCESS_WITH_INFO);
  SQLINTEGER number = 0, column = 0;
  SQLLEN row = 0;
  char origin[32] = {};
  SQLGetDiagField(SQL_HANDLE_STMT, statement.handle(), 0, SQL_DIAG_NUMBER, &number, 0, nullptr);
  SQLGetDiagField(SQL_HANDLE_STMT, statement.handle(), 1, SQL_DIAG_ROW_NUMBER, &row, 0, nullptr);
  SQLGetDiagField(SQL_HANDLE_STMT, statement.handle(), 1, SQL_DIAG_COLUMN_NUMBER, &column, 0, nullptr);
  SQLGetDiagField(SQL_HANDLE_STMT, statement.handle(), 1, SQL_DIAG_CLASS_ORIGIN, origin, sizeof(origin), nullptr);
  EXPECT_EQ(number, 1);
  EXPECT_EQ(row, 2);
  EXPECT_EQ(column, 1);
  EXPECT_STREQ(origin, "ISO 9075");
}

}  // namespace
}  // namespace cdi::sfodbc
