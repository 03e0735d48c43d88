#include "base/secret.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace cdi {
namespace {

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);

TEST(SecretTest, MovesWithoutLeavingACopy) {
  Secret first("hunter2");
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): what is left is the point
  EXPECT_EQ(second.Expose(), "hunter2");
}

TEST(SecretTest, ExposedTextIsNulTerminatedForCLibraries) {
  const Secret secret("abc");
  EXPECT_EQ(secret.Expose().data()[3], '\0');
}

TEST(SecretTest, WipedStringIsEmpty) {
  std::string text = "hunter2";
  WipeString(text);
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace cdi
