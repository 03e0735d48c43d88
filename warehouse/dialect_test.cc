// Every SQL text of the product, as golden files under tests/golden/sql.
#include "warehouse/dialect.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/golden.h"

namespace cdi::warehouse {
namespace {

using test::CompareWithGolden;

constexpr Timestamp kLower{1'763'951'151, 123'456'789};
constexpr Timestamp kUpper{1'763'951'211, 999'999'999};

Identifier Name(std::string_view text, CaseFolding folding) {
  return *Identifier::Parse(text, folding, "name");
}

class DialectTest : public testing::TestWithParam<WarehouseKind> {
 protected:
  bool snowflake() const { return GetParam() == WarehouseKind::kSnowflake; }
  const Dialect& dialect() const { return Dialect::Of(GetParam()); }
  CaseFolding folding() const { return dialect().folding(); }
  std::string Golden(std::string_view name) const {
    return std::string("sql/") + (snowflake() ? "snowflake_" : "postgresql_") + std::string(name) + ".sql";
  }
  std::string Timestamp(bool zoned) const {
    if (snowflake()) return zoned ? "TIMESTAMP_TZ(9)" : "TIMESTAMP_NTZ(9)";
    return zoned ? "timestamp with time zone" : "timestamp without time zone";
  }
  std::string Text() const { return snowflake() ? "VARCHAR(16777216)" : "text"; }
  TableName Table() const { return *ParseTableName("d", "\"My \"\"Schema\"\"; --\"", "users", folding()); }
  WindowSelect Select(bool zoned) const {
    return {.table = Table(),
            .cursor = {Name("updated_at", folding()), Timestamp(zoned)},
            .texts = {{Name("external_id", folding()), snowflake() ? "NUMBER(38,0)" : "bigint"},
                      {Name("email", folding()), Text()},
                      {Name("payload", folding()), snowflake() ? "VARIANT" : "jsonb"}},
            .lower = kLower,
            .upper = kUpper,
            .cell_bytes_max = 1'048'576,
            .rows_max = 5'000'000};
  }
};

TEST_P(DialectTest, WindowOfTimesWithoutZone) {
  const std::string sql = dialect().WindowQueryText(Select(false));
  EXPECT_TRUE(sql.starts_with("SELECT "));
  EXPECT_EQ(CompareWithGolden(Golden("window"), sql + "\n"), "");
}

TEST_P(DialectTest, WindowOfTimesWithZone) {
  EXPECT_EQ(CompareWithGolden(Golden("window_zoned"), dialect().WindowQueryText(Select(true)) + "\n"), "");
}

TEST_P(DialectTest, WindowFromTheBeginning) {
  WindowSelect select = Select(false);
  select.lower = std::nullopt;
  select.texts = {{Name("email", folding()), Text()}, {Name("payload", folding()), Text()}};
  EXPECT_EQ(CompareWithGolden(Golden("window_first"), dialect().WindowQueryText(select) + "\n"), "");
}

TEST_P(DialectTest, WaitingRows) {
  const std::string sql = dialect().WaitingQuery(Table(), {Name("updated_at", folding()), Timestamp(true)}, kUpper);
  EXPECT_TRUE(sql.starts_with("SELECT "));
  EXPECT_EQ(CompareWithGolden(Golden("waiting"), sql + "\n"), "");
}

TEST_P(DialectTest, Preview) {
  const std::string sql =
      dialect().PreviewQuery(Table(), {{"UPDATED_AT", Timestamp(true)}, {"a\"b", Text()}, {"x", "OTHER"}},
                             Name("updated_at", folding()), 200, 20);
  EXPECT_TRUE(sql.starts_with("SELECT "));
  EXPECT_EQ(CompareWithGolden(Golden("preview"), sql + "\n"), "");
}

TEST_P(DialectTest, SessionAndCatalog) {
  SessionRequest request{.query_tag = "cdi sync=syncs/a it's \\ run", .role = "R\"x"};
  std::string text;
  for (const std::string& sql : dialect().PinSession(request)) text += sql + "\n";
  const Identifier database = Name("d", folding());
  const Identifier schema = Name("\"it's \\\"", folding());
  for (const std::string& sql : {dialect().NowQuery(), dialect().ContextQuery(),
                                 dialect().SchemaQuery(database, schema), dialect().DescribeQuery(Table())}) {
    text += "\n" + sql + "\n";
  }
  for (const ListStatement& list : dialect().ListQueries(database, schema)) text += "\n" + list.sql + "\n";
  EXPECT_EQ(CompareWithGolden(Golden("session"), text), "");
}

INSTANTIATE_TEST_SUITE_P(All, DialectTest, testing::Values(WarehouseKind::kSnowflake, WarehouseKind::kPostgresql),
                         [](const auto& test) { return std::string(WarehouseKindName(test.param)); });

TEST(SnowflakeDialectTest, ReadsDescribeAndShowSchemas) {
  const Dialect& dialect = Dialect::Of(WarehouseKind::kSnowflake);
  const TableName table = *ParseTableName("d", "s", "t", CaseFolding::kUpper);
  const ResultTable described = {
      {"name", "type", "kind", "null?"},
      {{"A", "NUMBER(38,0)", "COLUMN", "N"}, {"V", "VARCHAR(1)", "VIRTUAL", "Y"}, {"B", "VARCHAR(10)", "COLUMN", "Y"}}};
  const auto columns = dialect.ReadColumns(described, table, "R");
  ASSERT_TRUE(columns.ok());
  ASSERT_EQ(columns->size(), 2U);
  EXPECT_FALSE((*columns)[0].nullable);
  EXPECT_EQ((*columns)[1].type, "VARCHAR(10)");
  EXPECT_EQ(ErrorReason(dialect.ReadColumns({}, table, "R").status()), "TABLE_MISSING");

  const ResultTable schemas = {{"created_on", "name"}, {{"x", "SA"}, {std::nullopt, "S_"}}};
  const Identifier database = Name("d", CaseFolding::kUpper);
  EXPECT_TRUE(dialect.ReadSchema(schemas, database, Name("s_", CaseFolding::kUpper), "R").ok());
  EXPECT_EQ(ErrorReason(dialect.ReadSchema(schemas, database, Name("sb", CaseFolding::kUpper), "R")), "SCHEMA_MISSING");
}

}  // namespace
}  // namespace cdi::warehouse
