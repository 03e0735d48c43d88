#include "tests/snowflake_mock/odbc/row_scanner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace cdi::sfodbc {
namespace {

using Rows = std::vector<std::vector<std::optional<std::string>>>;

// nullopt when the scanner says the text is broken.
std::optional<Rows> Scan(std::string text, size_t columns) {
  RowScanner scanner(text.data(), text.size());
  std::vector<Cell> row(columns);
  Rows rows;
  for (;;) {
    const RowScanner::Step step = scanner.Next(row);
    if (step == RowScanner::Step::kEnd) return rows;
    if (step == RowScanner::Step::kBroken) return std::nullopt;
    auto& out = rows.emplace_back();
    for (const Cell& cell : row) out.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>(cell.text()));
  }
}

TEST(RowScannerTest, ReadsTextsNullsAndEscapes) {
  const auto rows = Scan(R"(["a",null], ["\"\\\/\b\f\n\r\t","\u00fc\u20ac\ud83d\ude00"],["",""])", 2);
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(*rows, (Rows{{"a", std::nullopt}, {"\"\\/\b\f\n\r\t", "\u00fc\u20ac\U0001F600"}, {"", ""}}));
}

TEST(RowScannerTest, AnEmptyTextIsNotNull) {
  const auto rows = Scan(R"([""])", 1);
  ASSERT_TRUE(rows.has_value());
  EXPECT_TRUE((*rows)[0][0].has_value());
}

TEST(RowScannerTest, BareWordsAreTakenAsText) {
  EXPECT_EQ(Scan("[1,true]", 2), (Rows{{"1", "true"}}));
}

TEST(RowScannerTest, ALoneSurrogateBecomesTheReplacementCharacter) {
  EXPECT_EQ(Scan(R"(["\ud800x"])", 1), (Rows{{"\uFFFDx"}}));
}

class BrokenRowsTest : public testing::TestWithParam<const char*> {};

TEST_P(BrokenRowsTest, AreNoticed) {
  EXPECT_EQ(Scan(GetParam(), 2), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Table, BrokenRowsTest,
                         testing::Values(R"(["a"])", R"(["a","b","c"])", R"(["a","b")", R"(["a","b)", R"(["a","b"],)",
                                         R"(["a","b"]["c","d"])", R"([["a","b"]])", R"(["a",{}])", R"(["a",])",
                                         R"(["a","\x"])", R"(["a","\u12"])", "x"));

TEST(CountRowsTest, CountsWhatIsWholeAndRefusesTheRest) {
  EXPECT_EQ(CountRows(""), 0U);
  EXPECT_EQ(CountRows(R"(["a"])"), 1U);
  EXPECT_EQ(CountRows(R"(["a]\"[,"], ["b\\"] )"), 2U);
  EXPECT_EQ(CountRows(R"(["a"],)"), std::nullopt);
  EXPECT_EQ(CountRows(R"(["a)"), std::nullopt);
  EXPECT_EQ(CountRows(R"(["a\)"), std::nullopt);
  EXPECT_EQ(CountRows(R"(["a"]["b"])"), std::nullopt);
  EXPECT_EQ(CountRows(R"([["a"]])"), std::nullopt);
}

RC_GTEST_PROP(RowScannerProperty, ReadsWhatAJsonWriterWrote, (const std::vector<std::vector<std::string>>& texts)) {
  std::string json;
  Rows want;
  for (const auto& row : texts) {
    const std::string first = row.empty() ? "" : row[0];
    const std::string clean = nlohmann::json(first).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    json += (json.empty() ? "[" : ",[") + clean + ",null]";
    want.push_back({nlohmann::json::parse(clean).get<std::string>(), std::nullopt});
  }
  RC_ASSERT(CountRows(json) == texts.size());
  RC_ASSERT(Scan(json, 2) == want);
}

// Any cut of a well-formed text is noticed, or ends exactly behind a row.
RC_GTEST_PROP(RowScannerProperty, NoCutPassesUnnoticed, ()) {
  const std::string whole = R"(["a\"]","b"],["\\",null],["[","x"])";
  const auto cut = *rc::gen::inRange<size_t>(0, whole.size());
  const auto rows = CountRows(std::string_view(whole).substr(0, cut));
  const bool noticed = rows.value_or(0) < 3U;
  RC_ASSERT(noticed);
}

}  // namespace
}  // namespace cdi::sfodbc
