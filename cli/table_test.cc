#include "cli/table.h"

#include <gtest/gtest.h>

namespace cdi::cli {
namespace {

TEST(TableTest, CountsTerminalColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("é"), 1U);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1U) << "combining acute accent";
  EXPECT_EQ(DisplayWidth("日本"), 4U);
  EXPECT_EQ(DisplayWidth("🚀"), 2U);
  EXPECT_EQ(DisplayWidth("\xFF\xFE"), 2U) << "each wrong byte is one replacement character";
}

TEST(TableTest, CutsAtCharactersAndMarksTheCut) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdef", 4), "abc…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…") << "half a wide character is none";
  EXPECT_EQ(CutToWidth("abc", 0), "");
}

TEST(TableTest, TextFromADatabaseCannotMoveTheTerminal) {
  EXPECT_EQ(PrintableText("a\x1b[2Jb\nc\td\r"), "a\\x1b[2Jb\\nc\\td\\r");
  EXPECT_EQ(PrintableText("a\nb\x07", true), "a\nb\\x07");
  EXPECT_EQ(PrintableText("\xC2\x9B"), "\\x9b") << "the eight-bit escape";
  EXPECT_EQ(PrintableText("\xE2\x80\xAE"), "\\u202e") << "right-to-left override";
  EXPECT_EQ(PrintableText("\xC0\xAF"), "��") << "overlong encoding";
  EXPECT_EQ(PrintableText("日本 é 🚀"), "日本 é 🚀");
}

TEST(TableTest, AlignsColumnsAndLeavesNoTrailingBlanks) {
  Table table({{"NAME"}, {"ROWS", Table::Align::kRight}, {"NOTE"}});
  table.AddRow({"shop", "1,000", "日本"});
  table.AddRow({"日本", "5", ""});
  EXPECT_EQ(table.Render(0),
            "NAME   ROWS  NOTE\n"
            "shop  1,000  日本\n"
            "日本      5\n");
}

TEST(TableTest, CutsTheWidestColumnToFitTheTerminal) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"short", "a very long text that does not fit"});
  EXPECT_EQ(table.Render(20),
            "A      B\n"
            "short  a very long …\n");
}

TEST(TableTest, NeverNarrowsBelowWhatCanBeRead) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"0123456789", "0123456789"});
  EXPECT_EQ(table.Render(5),
            "A         B\n"
            "0123456…  0123456…\n");
}

TEST(TableTest, WithoutHeadersPrintsOnlyRows) {
  Table table({{""}, {""}});
  table.AddRow({"name", "shop"});
  EXPECT_EQ(table.Render(0), "name  shop\n");
}

}  // namespace
}  // namespace cdi::cli
