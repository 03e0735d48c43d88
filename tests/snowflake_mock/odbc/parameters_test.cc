#include "tests/snowflake_mock/odbc/parameters.h"

#include <gtest/gtest.h>

#include "tests/snowflake_mock/odbc/diagnostics.h"
#include "tests/snowflake_mock/odbc/sql_text.h"

namespace cdi::sfodbc {
namespace {

std::string BindOne(SQLSMALLINT c_type, SQLSMALLINT sql_type, const void* data, SQLLEN length = SQL_NTS) {
  const BoundParameters bound = {{1, {c_type, sql_type, 0, data, &length}}};
  const auto json = MakeBindings(bound, 1);
  return json.ok() ? *json : SqlStateOf(json.status());
}

template <typename Value>
std::string BindValue(SQLSMALLINT c_type, Value value) {
  return BindOne(c_type, SQL_VARCHAR, &value, sizeof(value));
}

TEST(ParametersTest, EveryCTypeHasItsWireForm) {
  EXPECT_EQ(BindOne(SQL_C_CHAR, SQL_VARCHAR, "a\"b"), R"({"1":{"type":"TEXT","value":"a\"b"}})");
  EXPECT_EQ(BindOne(SQL_C_CHAR, SQL_VARCHAR, "abc", 2), R"({"1":{"type":"TEXT","value":"ab"}})");
  EXPECT_EQ(BindOne(SQL_C_WCHAR, SQL_VARCHAR, u"\u20ac"), "{\"1\":{\"type\":\"TEXT\",\"value\":\"\u20ac\"}}");
  EXPECT_EQ(BindOne(SQL_C_CHAR, SQL_DECIMAL, "1.5"), R"({"1":{"type":"FIXED","value":"1.5"}})");
  EXPECT_EQ(BindOne(SQL_C_CHAR, SQL_VARCHAR, "x", SQL_NULL_DATA), R"({"1":{"type":"TEXT","value":null}})");
  EXPECT_EQ(BindOne(SQL_C_BINARY, SQL_BINARY, "\x01\xff", 2), R"({"1":{"type":"BINARY","value":"01FF"}})");
  EXPECT_EQ(BindValue<int32_t>(SQL_C_SLONG, -5), R"({"1":{"type":"FIXED","value":"-5"}})");
  EXPECT_EQ(BindValue<uint64_t>(SQL_C_UBIGINT, ~0ULL), R"({"1":{"type":"FIXED","value":"18446744073709551615"}})");
  EXPECT_EQ(BindValue<int8_t>(SQL_C_STINYINT, -1), R"({"1":{"type":"FIXED","value":"-1"}})");
  EXPECT_EQ(BindValue<double>(SQL_C_DOUBLE, 2.5), R"({"1":{"type":"REAL","value":"2.5"}})");
  EXPECT_EQ(BindValue<uint8_t>(SQL_C_BIT, 1), R"({"1":{"type":"BOOLEAN","value":"true"}})");
  EXPECT_EQ(BindValue(SQL_C_TYPE_DATE, SQL_DATE_STRUCT{2022, 1, 8}),
            R"({"1":{"type":"DATE","value":"1641600000000"}})");
  EXPECT_EQ(BindValue(SQL_C_TYPE_TIME, SQL_TIME_STRUCT{0, 0, 2}), R"({"1":{"type":"TIME","value":"2000000000"}})");
  EXPECT_EQ(BindValue(SQL_C_TYPE_TIMESTAMP, SQL_TIMESTAMP_STRUCT{2023, 11, 14, 22, 13, 20, 5}),
            R"({"1":{"type":"TIMESTAMP_NTZ","value":"1700000000000000005"}})");
  EXPECT_EQ(BindValue(SQL_C_TYPE_TIMESTAMP, SQL_TIMESTAMP_STRUCT{1, 1, 1, 0, 0, 0, 0}),
            R"({"1":{"type":"TIMESTAMP_NTZ","value":"-62135596800000000000"}})");
  SQL_NUMERIC_STRUCT numeric{};
  numeric.scale = 2;
  numeric.val[0] = 5;
  EXPECT_EQ(BindValue(SQL_C_NUMERIC, numeric), R"({"1":{"type":"FIXED","value":"-0.05"}})");
}

TEST(ParametersTest, WhatCannotBeSentIsRefused) {
  EXPECT_EQ(BindOne(SQL_C_CHAR, SQL_VARCHAR, "x", SQL_DATA_AT_EXEC), "HYC00");
  EXPECT_EQ(BindOne(SQL_C_GUID, SQL_GUID, "x", 16), "HYC00");
  EXPECT_EQ(BindOne(SQL_C_BINARY, SQL_BINARY, "x"), "HY090");
  EXPECT_EQ(SqlStateOf(MakeBindings({}, 1).status()), "07002");
  EXPECT_EQ(MakeBindings({}, 0).value(), "");
}

TEST(SqlTextTest, MarkersCountOnlyOutsideQuotesAndComments) {
  EXPECT_EQ(CountParameterMarkers("SELECT ?, ?"), 2U);
  EXPECT_EQ(CountParameterMarkers(R"(SELECT '?', 'it''s ?', '\'?', "?""?", $$?'$$, ? -- ?)"), 1U);
  EXPECT_EQ(CountParameterMarkers("SELECT ? // ?\n, ? /* ? */"), 2U);
  EXPECT_EQ(CountParameterMarkers("SELECT '?"), 0U);
}

TEST(SqlTextTest, NamesAndTextsAreQuoted) {
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteText("it's \\"), R"('it''s \\')");
}

}  // namespace
}  // namespace cdi::sfodbc
