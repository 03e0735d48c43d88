#include "base/loopback.h"

#include <gtest/gtest.h>

namespace cdi {
namespace {

TEST(LoopbackTest, ThisMachineIsKnownInEverySpelling) {
  for (const std::string_view host : {"localhost",
                                      "127.0.0.1",
                                      "127.200.3.4",
                                      "::1",
                                      "[::1]",
                                      "LOCALHOST",
                                      "localhost.",
                                      "LocalHost.",
                                      "127.1",
                                      "127.0.0.1.",
                                      "2130706433",
                                      "0x7f000001",
                                      "0X7F.1",
                                      "0177.0.0.1",
                                      "0127.0.0.1",
                                      "017700000001",
                                      "0",
                                      "0.0.0.0",
                                      "::",
                                      "[::]",
                                      "[::ffff:127.0.0.1]",
                                      "::ffff:7f00:1",
                                      "[::FFFF:0.0.0.0]",
                                      "[::127.0.0.1]",
                                      "0:0:0:0:0:0:0:1",
                                      "ip6-localhost",
                                      "ip6-loopback",
                                      "ipv6-localhost",
                                      "localhost..",
                                      "localhost.localdomain",
                                      "localhost4.localdomain4",
                                      "db.localhost"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
}

TEST(LoopbackTest, OthersAreOthers) {
  for (const std::string_view host :
       {"", ".", "[]", "127.example.com", "128.0.0.1", "10.0.0.1", "167772161", "localhost.example.com", "mylocalhost",
        "[::2]", "[::ffff:10.0.0.1]", "2001:db8::1", "myorg-acc.snowflakecomputing.com", "0x7fg", "4294967296.1"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(LoopbackTest, OnlyItsPlainSpellingIsLetIn) {
  for (const std::string_view host : {"localhost", "127.0.0.1", "127.200.3.4", "::1", "[::1]"}) {
    EXPECT_TRUE(IsPlainLoopback(host)) << host;
  }
  for (const std::string_view host : {"127.example.com", "127.", "0.0.0.0", "::", "128.0.0.1", "127.1", "2130706433",
                                      "LOCALHOST", "localhost.", "localhost.example.com", ""}) {
    EXPECT_FALSE(IsPlainLoopback(host)) << host;
  }
}

}  // namespace
}  // namespace cdi
