#include "cli/names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cdi::cli {
namespace {

using Parser = absl::StatusOr<std::string> (*)(std::string_view);

struct Case {
  std::string name;
  Parser parser;
  std::string text;
  std::string want;  // "": refused
};

class NamesTest : public testing::TestWithParam<Case> {};

TEST_P(NamesTest, ExpandsShortAndTakesFullNames) {
  const absl::StatusOr<std::string> got = GetParam().parser(GetParam().text);
  if (GetParam().want.empty()) {
    EXPECT_EQ(got.status().code(), absl::StatusCode::kInvalidArgument);
  } else {
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, GetParam().want);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, NamesTest,
    testing::Values(Case{"ShortConnection", ConnectionName, "main", "connections/main"},
                    Case{"FullConnection", ConnectionName, "connections/main", "connections/main"},
                    Case{"ConnectionOfAnotherKind", ConnectionName, "syncs/main", ""},
                    Case{"EmptyConnection", ConnectionName, "", ""}, Case{"TrailingSlash", ConnectionName, "main/", ""},
                    Case{"ShortWorkspace", WorkspaceName, "eu", "workspaces/eu"},
                    Case{"ShortSync", SyncName, "shop", "syncs/shop"},
                    Case{"RunWhereSyncIsWanted", SyncName, "syncs/shop/runs/r1", ""},
                    Case{"ShortKeyPair", KeyPairName, "main/k1", "connections/main/keyPairs/k1"},
                    Case{"FullKeyPair", KeyPairName, "connections/main/keyPairs/k1", "connections/main/keyPairs/k1"},
                    Case{"KeyPairWithoutConnection", KeyPairName, "k1", ""},
                    Case{"ShortRun", RunName, "shop/r1", "syncs/shop/runs/r1"},
                    Case{"FullRun", RunName, "syncs/shop/runs/r1", "syncs/shop/runs/r1"},
                    Case{"RunWithWrongCollection", RunName, "syncs/shop/keyPairs/r1", ""},
                    Case{"ParentSync", DeadRowParent, "shop", "syncs/shop"},
                    Case{"ParentFullSync", DeadRowParent, "syncs/shop", "syncs/shop"},
                    Case{"ParentRun", DeadRowParent, "shop/r1", "syncs/shop/runs/r1"},
                    Case{"ParentFullRun", DeadRowParent, "syncs/shop/runs/r1", "syncs/shop/runs/r1"},
                    Case{"ParentNothing", DeadRowParent, "a/b/c", ""}),
    [](const auto& test) { return test.param.name; });

TEST(NamesTest, ShowsShortForms) {
  EXPECT_EQ(ShortName("syncs/shop"), "shop");
  EXPECT_EQ(ShortName("syncs/shop/runs/r1"), "shop/r1");
  EXPECT_EQ(ShortName(""), "");
  EXPECT_EQ(ShortName("odd"), "odd");
}

}  // namespace
}  // namespace cdi::cli
