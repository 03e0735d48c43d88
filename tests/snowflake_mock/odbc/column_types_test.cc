#include "tests/snowflake_mock/odbc/column_types.h"

#include <gtest/gtest.h>

#include "tests/snowflake_mock/odbc/catalog.h"

namespace cdi::sfodbc {
namespace {

struct TypeCase {
  std::string_view name;
  std::string_view declared;
  SQLSMALLINT sql_type;
  SQLLEN column_size, display_size, octet_length;
  SQLSMALLINT digits;
  std::string_view type_name;
};

class ReportedTypeTest : public testing::TestWithParam<TypeCase> {};

TEST_P(ReportedTypeTest, IsTheOfficialDrivers) {
  const TypeCase& want = GetParam();
  const Column column = DescribeForOdbc(ParseDeclaredType(want.declared), Settings());
  EXPECT_EQ(column.sql_type, want.sql_type);
  EXPECT_EQ(column.column_size, want.column_size);
  EXPECT_EQ(column.display_size, want.display_size);
  EXPECT_EQ(column.octet_length, want.octet_length);
  EXPECT_EQ(column.decimal_digits, want.digits);
  EXPECT_EQ(column.type_name, want.type_name);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReportedTypeTest,
    testing::Values(TypeCase{"Number", "NUMBER(12,2)", SQL_DECIMAL, 12, 136, 136, 2, "DECIMAL"},
                    TypeCase{"Float", "FLOAT", SQL_DOUBLE, 53, 24, 8, 0, "DOUBLE"},
                    TypeCase{"Text", "VARCHAR(10)", SQL_VARCHAR, 10, 10, 40, 0, "VARCHAR"},
                    TypeCase{"UnsizedText", "VARCHAR(16777216)", SQL_VARCHAR, 16777216, 16777216, 16777216, 0,
                             "VARCHAR"},
                    TypeCase{"Variant", "VARIANT", SQL_VARCHAR, 134217728, 134217728, 134217728, 0, "VARCHAR"},
                    TypeCase{"Boolean", "BOOLEAN", SQL_BIT, 1, 1, 1, 0, "BIT"},
                    TypeCase{"Binary", "BINARY(16)", SQL_BINARY, 16, 32, 16, 0, "BINARY"},
                    TypeCase{"Date", "DATE", SQL_TYPE_DATE, 10, 10, 6, 0, "TYPE_DATE"},
                    TypeCase{"Time0", "TIME(0)", SQL_TYPE_TIME, 8, 8, 6, 0, "TYPE_TIME"},
                    TypeCase{"Time9", "TIME(9)", SQL_TYPE_TIME, 18, 18, 6, 9, "TYPE_TIME"},
                    TypeCase{"Ntz9", "TIMESTAMP_NTZ(9)", SQL_TYPE_TIMESTAMP, 29, 29, 16, 9, "TIMESTAMP"},
                    TypeCase{"Ltz3", "TIMESTAMP_LTZ(3)", SQL_TYPE_TIMESTAMP, 23, 23, 16, 3, "TIMESTAMP"},
                    TypeCase{"Tz0", "TIMESTAMP_TZ(0)", SQL_TYPE_TIMESTAMP, 19, 19, 16, 0, "TIMESTAMP"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ColumnTypesTest, UnsizedTextCanBeReportedSmaller) {
  Settings settings;
  settings.varchar_size = 1000;
  EXPECT_EQ(DescribeForOdbc(ParseDeclaredType("VARCHAR(16777216)"), settings).column_size, 1000);
  EXPECT_EQ(DescribeForOdbc(ParseDeclaredType("VARCHAR(2000)"), settings).column_size, 2000);
}

TEST(CatalogTest, PatternsAreLike) {
  EXPECT_TRUE(MatchesPattern("ORDERS", "%"));
  EXPECT_TRUE(MatchesPattern("ORDERS", "O_D%"));
  EXPECT_TRUE(MatchesPattern("A_B", "A\\_B"));
  EXPECT_FALSE(MatchesPattern("AXB", "A\\_B"));
  EXPECT_FALSE(MatchesPattern("ORDERS", "ORDER"));
}

}  // namespace
}  // namespace cdi::sfodbc
