#include "tests/snowflake_mock/odbc/row_scanner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace cdi::sfodbc {
namespace {

using Rows = std::vector<std::vector<std::optional<std::string>>>;

void Append(const std::vector<Cell>& row, Rows& rows) {
  auto& out = rows.emplace_back();
  for (const Cell& cell : row) out.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>(cell.text()));
}

// nullopt when the scanner says the text is broken. Row by row and all at once, which must agree.
std::optional<Rows> Scan(const std::string& text, size_t columns) {
  std::string writable = text;
  RowScanner scanner(writable.data(), writable.size());
  std::vector<Cell> row(columns);
  std::optional<Rows> rows = Rows();
  for (RowScanner::Step step; (step = scanner.Next(row)) != RowScanner::Step::kEnd;) {
    if (step == RowScanner::Step::kBroken) {
      rows.reset();
      break;
    }
    Append(row, *rows);
  }
  ScannedRows at_once;
  EXPECT_EQ(at_once.Scan(std::string(text), columns), rows.has_value());
  Rows again;
  for (size_t i = 0; i < at_once.rows(); ++i) {
    at_once.Read(i, row);
    Append(row, again);
  }
  EXPECT_EQ(again, rows.value_or(Rows()));
  return rows;
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

TEST(RowScannerTest, ATextWithoutRowsIsWhole) {
  EXPECT_EQ(Scan("", 3), Rows());
}

TEST(ScannedRowsTest, UsesOneMemoryForTextAfterText) {
  ScannedRows rows;
  std::vector<Cell> row(1);
  ASSERT_TRUE(rows.Scan(R"(["a\nb"],[null],[""])", 1));
  ASSERT_EQ(rows.rows(), 3U);
  ASSERT_FALSE(rows.Scan(R"(["c"],["d")", 1));
  EXPECT_EQ(rows.rows(), 0U);
  ASSERT_TRUE(rows.Scan(R"(["e"])", 1));
  ASSERT_EQ(rows.rows(), 1U);
  rows.Read(0, row);
  EXPECT_EQ(row[0].text(), "e");
  rows.TakeText();
  EXPECT_EQ(rows.rows(), 0U);
}

TEST(ScannedRowsTest, TakesCellsOfManyMegabytes) {
  const std::string huge(20'000'000, 'x');
  ScannedRows rows;
  std::vector<Cell> row(2);
  ASSERT_TRUE(rows.Scan("[\"" + huge + "\\u00fc\",\"end\"]", 2));
  rows.Read(0, row);
  EXPECT_TRUE(row[0].text() == huge + "\u00fc");
  EXPECT_EQ(row[1].text(), "end");
}

// Texts with quotes, backslashes, control characters and every length around the scanner's step of eight bytes.
rc::Gen<std::string> CellText() {
  const auto piece = rc::gen::oneOf(
      rc::gen::arbitrary<std::string>(),
      rc::gen::elementOf(std::vector<std::string>{"\"", "\\", "\n", "\x01", "\u00fc", "\U0001F600", "[", "],["}),
      rc::gen::map(rc::gen::inRange<size_t>(0, 40), [](size_t size) { return std::string(size, 'x'); }));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string text;
    for (const std::string& one : pieces) text += one;
    // Without what is no UTF-8.
    return nlohmann::json::parse(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore))
        .get<std::string>();
  });
}

RC_GTEST_PROP(RowScannerProperty, ReadsWhatAnyJsonWriterWrote, ()) {
  const auto columns = *rc::gen::inRange<size_t>(1, 5);
  const auto escape_all = *rc::gen::arbitrary<bool>();
  const auto count = *rc::gen::inRange<size_t>(0, 20);
  std::string theirs;
  std::string ours;
  Rows want;
  for (size_t i = 0; i < count; ++i) {
    auto& row = want.emplace_back();
    for (size_t column = 0; column < columns; ++column) {
      for (std::string* json : {&theirs, &ours}) *json += column > 0 ? "," : i > 0 ? ",[" : "[";
      const auto text = *rc::gen::maybe(CellText());
      row.push_back(text ? std::optional<std::string>(*text) : std::nullopt);
      theirs += text ? nlohmann::json(*text).dump(-1, ' ', escape_all) : "null";
      ours += text ? JsonQuote(*text) : "null";
    }
    theirs += "]";
    ours += "]";
  }
  RC_ASSERT(Scan(theirs, columns) == want);
  RC_ASSERT(Scan(ours, columns) == want);
}

// Any cut of a well-formed text is noticed, or ends exactly behind a row.
RC_GTEST_PROP(RowScannerProperty, NoCutPassesUnnoticed, ()) {
  const std::string whole = R"(["a\"]","b"],["\\",null],["[","x"])";
  const auto cut = *rc::gen::inRange<size_t>(0, whole.size());
  const auto rows = Scan(whole.substr(0, cut), 2);
  RC_ASSERT(rows.value_or(Rows()).size() < 3U);
}

}  // namespace
}  // namespace cdi::sfodbc
