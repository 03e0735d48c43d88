#include "warehouse/connection_string.h"

#include <gtest/gtest.h>

namespace cdi::warehouse {
namespace {

std::string Pair(std::string_view value) {
  ConnectionString text;
  text.Add("K", value);
  return std::string(text.Expose());
}

TEST(ConnectionStringTest, OnlyWhatNeedsBracesGetsThem) {
  EXPECT_EQ(Pair("value"), "K=value;");
  EXPECT_EQ(Pair(""), "");
  EXPECT_EQ(Pair("a b"), "K=a b;");
  EXPECT_EQ(Pair("a=b"), "K=a=b;");
  EXPECT_EQ(Pair("me@example.org"), "K=me@example.org;");
  EXPECT_EQ(Pair("a;b"), "K={a;b};");
  EXPECT_EQ(Pair(" a"), "K={ a};");
  EXPECT_EQ(Pair("a "), "K={a };");
  EXPECT_EQ(Pair("{a"), "K={{a};");
  EXPECT_EQ(Pair("a}b"), "K={a}}b};");
  EXPECT_EQ(Pair("x};PWD={y"), "K={x}};PWD={y};");
}

TEST(ConnectionStringTest, GrowsWithoutLosingAnything) {
  ConnectionString text;
  std::string wanted;
  for (int i = 0; i < 100; ++i) {
    text.AddBraced("KEY", std::string(100, 'x'));
    wanted += "KEY={" + std::string(100, 'x') + "};";
  }
  EXPECT_EQ(text.Expose(), wanted);
}

}  // namespace
}  // namespace cdi::warehouse
