#include "warehouse/table_name.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"

namespace cdi::warehouse {
namespace {

struct Name {
  std::string_view name;
  std::string text;
  std::string upper;  // empty: refused
  std::string lower;
};
class IdentifierTest : public testing::TestWithParam<Name> {};

TEST_P(IdentifierTest, IsFoldedOrRefused) {
  const Name& test = GetParam();
  const auto upper = Identifier::Parse(test.text, CaseFolding::kUpper, "table");
  const auto lower = Identifier::Parse(test.text, CaseFolding::kLower, "table");
  ASSERT_EQ(upper.ok(), !test.upper.empty()) << upper.status();
  ASSERT_EQ(lower.ok(), upper.ok());
  if (upper.ok()) {
    EXPECT_EQ(upper->text(), test.upper);
    EXPECT_EQ(lower->text(), test.lower);
    return;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(upper.status()));
  EXPECT_EQ(ErrorDetailsOf(upper.status())["field"], "table");
}

INSTANTIATE_TEST_SUITE_P(
    All, IdentifierTest,
    testing::Values(
        Name{"Plain", "Users_1$", "USERS_1$", "users_1$"}, Name{"Underscore", "_x", "_X", "_x"},
        Name{"Quoted", "\"Users\"", "Users", "Users"}, Name{"QuotedQuote", "\"a\"\"b\"", "a\"b", "a\"b"},
        Name{"QuotedAnything", "\"; DROP TABLE x; --\"", "; DROP TABLE x; --", "; DROP TABLE x; --"},
        Name{"QuotedBlank", "\" \"", " ", " "}, Name{"QuotedUnicode", "\"kündigung\"", "kündigung", "kündigung"},
        Name{"Longest", std::string(255, 'a'), std::string(255, 'A'), std::string(255, 'a')}, Name{"Empty", "", "", ""},
        Name{"EmptyQuoted", "\"\"", "", ""}, Name{"OnlyQuote", "\"", "", ""}, Name{"OpenQuote", "\"a", "", ""},
        Name{"CloseQuote", "a\"", "", ""}, Name{"InnerQuote", "\"a\"b\"", "", ""},
        Name{"TripleQuote", "\"\"\"", "", ""}, Name{"TooLong", std::string(256, 'a'), "", ""},
        Name{"Digit", "1a", "", ""}, Name{"Dollar", "$a", "", ""}, Name{"Dot", "a.b", "", ""},
        Name{"Blank", "a b", "", ""}, Name{"Semicolon", "a;drop table b", "", ""}, Name{"Comment", "a--", "", ""},
        Name{"SingleQuote", "a'b", "", ""}, Name{"Parenthesis", "f()", "", ""}, Name{"Umlaut", "ü", "", ""},
        Name{"LineBreak", "a\nb", "", ""}, Name{"NulInside", std::string("\"a\0b\"", 5), "", ""},
        Name{"NotUtf8", "\"\xff\"", "", ""}, Name{"LongAfterUnquoting", "\"" + std::string(256, 'a') + "\"", "", ""}),
    [](const auto& test) { return std::string(test.param.name); });

RC_GTEST_PROP(IdentifierProperty, QuotingAndParsingGiveTheNameBack, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "Z", "\"", "\"\"", "'", ";", "--", "/*", "\\", "ü", "😀", " ", "\n", "?", "{", "}"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  RC_PRE(!text.empty() && text.size() <= 255);
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  quoted += '"';
  const auto parsed = Identifier::Parse(quoted, CaseFolding::kUpper, "table");
  RC_ASSERT(parsed.ok());
  RC_ASSERT(parsed->text() == text);
  RC_ASSERT(parsed->Quoted() == quoted);
}

RC_GTEST_PROP(IdentifierProperty, WhateverIsTakenCannotEndItsQuotes, (const std::string& text)) {
  const auto parsed = Identifier::Parse(text, CaseFolding::kUpper, "table");
  if (!parsed.ok()) return;
  const std::string quoted = parsed->Quoted();
  RC_ASSERT(quoted.front() == '"' && quoted.back() == '"' && quoted.size() > 2);
  const std::string inner = quoted.substr(1, quoted.size() - 2);
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '"') continue;
    ++i;
    RC_ASSERT(i < inner.size() && inner[i] == '"');
  }
}

TEST(TableNameTest, IsQuotedPartByPart) {
  const auto table = ParseTableName("db", "\"My \"\"Schema\"", "t", CaseFolding::kUpper);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->Quoted(), "\"DB\".\"My \"\"Schema\".\"T\"");
  EXPECT_EQ(table->ToString(), "DB.My \"Schema.T");
}

TEST(TableNameTest, TheFieldAtFaultIsNamed) {
  EXPECT_EQ(ErrorDetailsOf(ParseTableName("", "s", "t", CaseFolding::kUpper).status())["field"], "database");
  EXPECT_EQ(ErrorDetailsOf(ParseTableName("d", "s.x", "t", CaseFolding::kUpper).status())["field"], "schema");
  EXPECT_EQ(ErrorDetailsOf(ParseTableName("d", "s", "t t", CaseFolding::kUpper).status())["field"], "table");
}

}  // namespace
}  // namespace cdi::warehouse
