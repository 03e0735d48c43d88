#include "warehouse/contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace cdi::warehouse {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr WarehouseKind kSf = WarehouseKind::kSnowflake;
constexpr WarehouseKind kPg = WarehouseKind::kPostgresql;

const std::vector<ColumnFacts> kWhole = {
    {"UPDATED_AT", "TIMESTAMP_NTZ(9)", false},
    {"EXTERNAL_ID", "VARCHAR(16777216)"},
    {"ALIAS_LABEL", "VARCHAR(16777216)"},
    {"ALIAS_NAME", "VARCHAR(16777216)"},
    {"BRAZE_ID", "VARCHAR(16777216)"},
    {"EMAIL", "VARCHAR(16777216)"},
    {"PHONE", "VARCHAR(16777216)"},
    {"PAYLOAD", "VARCHAR(16777216)", false},
    {"SOMETHING_ELSE", "GEOGRAPHY"},
};

TEST(ContractTest, TheWholeShapeIsTaken) {
  const auto columns = CheckContract(kWhole, "", kSf);
  ASSERT_TRUE(columns.ok()) << columns.status();
  EXPECT_EQ(columns->cursor.text(), "UPDATED_AT");
  for (size_t i = 0; i < kColumnRoleCount; ++i) {
    ASSERT_TRUE(columns->roles[i].has_value());
    EXPECT_EQ(columns->roles[i]->text(), ColumnRoleName(static_cast<ColumnRole>(i)));
  }
  EXPECT_EQ(SelectedColumns(kWhole, *columns).size(), 8U);
}

struct Shape {
  std::string_view name;
  WarehouseKind kind;
  std::vector<ColumnFacts> columns;
  std::string cursor;
  std::string_view reason;              // empty: taken
  std::vector<std::string_view> words;  // all in the message
};
class ContractShapeTest : public testing::TestWithParam<Shape> {};

TEST_P(ContractShapeTest, IsTakenOrSaysAllThatIsWrong) {
  const auto columns = CheckContract(GetParam().columns, GetParam().cursor, GetParam().kind);
  EXPECT_EQ(ErrorReason(columns.status()), GetParam().reason) << columns.status();
  EXPECT_EQ(columns.ok(), GetParam().reason.empty());
  for (const std::string_view words : GetParam().words) {
    EXPECT_THAT(std::string(columns.status().message()), HasSubstr(std::string(words)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ContractShapeTest,
    testing::Values(
        Shape{"OneIdentifier",
              kSf,
              {{"UPDATED_AT", "TIMESTAMP_TZ(9)"}, {"EMAIL", "TEXT"}, {"PAYLOAD", "VARIANT"}},
              "",
              "",
              {}},
        Shape{"NumberAsIdentifier",
              kSf,
              {{"UPDATED_AT", "TIMESTAMP_LTZ(3)"}, {"EXTERNAL_ID", "NUMBER(38,0)"}, {"PAYLOAD", "VARCHAR(10)"}},
              "",
              "",
              {}},
        Shape{"OtherCursor",
              kSf,
              {{"Changed", "TIMESTAMP_NTZ(9)"}, {"EMAIL", "TEXT"}, {"PAYLOAD", "TEXT"}},
              "\"Changed\"",
              "",
              {}},
        Shape{"LowerCaseInPostgresql",
              kPg,
              {{"updated_at", "timestamp without time zone"}, {"external_id", "bigint"}, {"payload", "jsonb"}},
              "",
              "",
              {}},
        Shape{"ZonedAndNarrowInPostgresql",
              kPg,
              {{"updated_at", "timestamp(3) with time zone"}, {"email", "character varying(50)"}, {"payload", "text"}},
              "",
              "",
              {}},
        Shape{"EverythingMissing",
              kSf,
              {{"X", "TEXT"}},
              "",
              "COLUMN_MISSING",
              {"UPDATED_AT", "PAYLOAD", "an identifier (one of EXTERNAL_ID, ALIAS_NAME with ALIAS_LABEL"}},
        Shape{"WrongCase",
              kSf,
              {{"Updated_At", "TIMESTAMP_NTZ(9)"}, {"external_id", "TEXT"}, {"payload", "TEXT"}},
              "",
              "COLUMN_MISSING",
              {"Updated_At (must be UPDATED_AT)", "external_id (must be EXTERNAL_ID)", "payload (must be PAYLOAD)"}},
        Shape{"HalfAnAlias",
              kSf,
              {{"UPDATED_AT", "TIMESTAMP_NTZ(9)"}, {"ALIAS_NAME", "TEXT"}, {"PAYLOAD", "TEXT"}},
              "",
              "COLUMN_MISSING",
              {"lacks columns: ALIAS_LABEL."}},
        Shape{"OtherHalfBesideAnIdentifier",
              kSf,
              {{"UPDATED_AT", "TIMESTAMP_NTZ(9)"}, {"ALIAS_LABEL", "TEXT"}, {"EMAIL", "TEXT"}, {"PAYLOAD", "TEXT"}},
              "",
              "COLUMN_MISSING",
              {"ALIAS_NAME"}},
        Shape{"WrongTypes",
              kSf,
              {{"UPDATED_AT", "VARCHAR(20)"}, {"EXTERNAL_ID", "NUMBER(38,2)"}, {"PAYLOAD", "NUMBER(38,0)"}},
              "",
              "COLUMN_TYPE",
              {"UPDATED_AT must be a timestamp", "it is VARCHAR(20)", "EXTERNAL_ID must be text or a whole number",
               "PAYLOAD must be text that holds JSON"}},
        Shape{"DateIsNoCursor",
              kSf,
              {{"UPDATED_AT", "DATE"}, {"EMAIL", "TEXT"}, {"PAYLOAD", "TEXT"}},
              "",
              "COLUMN_TYPE",
              {"it is DATE"}},
        Shape{"BadCursorName", kSf, {{"UPDATED_AT", "TIMESTAMP_NTZ(9)"}}, "a b", "INVALID_FIELD", {"cursor_column"}}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::warehouse
