#include "tests/snowflake_mock/server/language/tokenizer.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace cdi::snowflake_mock {
namespace {

std::string Shape(const std::string& sql) {
  const auto tokens = Tokenize(sql);
  if (!tokens.ok()) return absl::StrCat("error ", SqlErrorCode(tokens.status()));
  std::string shape;
  for (const Token& token : *tokens) {
    static constexpr char kLetters[] = "wqsno?$r.";
    absl::StrAppend(&shape, shape.empty() ? "" : " ", std::string(1, kLetters[static_cast<size_t>(token.kind)]),
                    token.text.empty() ? "" : ":", token.text);
  }
  return shape;
}

struct Case {
  const char* name;
  const char* sql;
  const char* want;
};

class TokenizerTest : public testing::TestWithParam<Case> {};

TEST_P(TokenizerTest, ReadsAsWritten) {
  EXPECT_EQ(Shape(GetParam().sql), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, TokenizerTest,
    testing::Values(
        Case{"FoldsWords", "select Ab_1$", "w:SELECT w:AB_1$ ."}, Case{"KeepsQuoted", R"("a ""b""")", R"(q:a "b" .)"},
        Case{"UndoesEscapes", R"('it''s \'x\' \\ \x41 \u00e9 \101')", "s:it's 'x' \\ A \xC3\xA9 A ."},
        Case{"ReadsDollarText", "$$a 'b' \\n$$", "s:a 'b' \\n ."},
        Case{"SkipsComments", "1 -- a\n // b\n /* c */ 2", "n:1 n:2 ."},
        Case{"ReadsNumbers", "1 .5 1.5e-3 2E5 1e", "n:1 n:.5 n:1.5e-3 n:2E5 n:1 w:E ."},
        Case{"ReadsOperators", "a::b=>c||d<>?->>", "w:A o::: w:B o:=> w:C o:|| w:D o:<> ?:? o:->> ."},
        Case{"ReadsNumberedPlaces", ":2=?,:10", "?::2 o:= ?:? o:, ?::10 ."},
        Case{"KeepsTheColonOfObjects", "{'a':1}", "o:{ s:a o:: n:1 o:} ."},
        Case{"KeepsCastsAndPaths", "a:b::c", "w:A o:: w:B o::: w:C ."}, Case{"RefusesPlaceZero", ":0", "error 001003"},
        Case{"RefusesPlacesBeyondCounting", ":99999999999999999999", "error 001003"},
        Case{"ReadsVariables", "$x $1", "$:X $:1 ."}, Case{"RefusesOpenString", "'a", "error 001003"},
        Case{"RefusesOpenName", "\"a", "error 001003"}, Case{"RefusesEmptyName", "\"\"", "error 001003"},
        Case{"RefusesOpenComment", "/* a", "error 001003"}, Case{"RefusesBackslashAtEnd", "'\\", "error 001003"},
        Case{"RefusesStrangeBytes", "\x01", "error 001003"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TokenizerPlaceTest, PlacesKnowWhichValueTheyStandFor) {
  const auto tokens = Tokenize("? :3 ? :1");
  ASSERT_TRUE(tokens.ok());
  std::vector<size_t> indexes;
  for (size_t i = 0; i < 4; ++i) indexes.push_back((*tokens)[i].index);
  EXPECT_EQ(indexes, (std::vector<size_t>{0, 2, 1, 0}));
}

TEST(TokenizerPlaceTest, LinesCountFromOneAndPositionsFromZero) {
  const auto tokens = Tokenize("a\n  b");
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ((*tokens)[1].place.line, 2);
  EXPECT_EQ((*tokens)[1].place.position, 2);
}

TEST(SplitStatementsTest, CutsAtTopLevelSemicolonsOnly) {
  const auto statements = SplitStatements("a ';' ; ; b -- ;\n c;");
  ASSERT_TRUE(statements.ok());
  EXPECT_EQ(*statements, (std::vector<std::string>{"a ';'", "b -- ;\n c"}));
}

TEST(DisplayNameTest, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(DisplayName("A_1$"), "A_1$");
  EXPECT_EQ(DisplayName("a"), "\"a\"");
  EXPECT_EQ(DisplayName("1A"), "\"1A\"");
  EXPECT_EQ(DisplayName("A\"B"), "\"A\"\"B\"");
}

}  // namespace
}  // namespace cdi::snowflake_mock
