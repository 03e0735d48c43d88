#include "warehouse/user_session.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "warehouse/result_table.h"

namespace cdi::warehouse {
namespace {

ResultTable DescUser(std::vector<std::pair<std::string, std::optional<std::string>>> properties) {
  ResultTable table;
  table.columns = {"property", "value", "default", "description"};
  for (auto& [property, value] : properties) table.rows.push_back({property, value, "null", ""});
  return table;
}

TEST(UserSessionTest, ReadsBothFingerprintsWhateverStandsAround) {
  const auto keys = ReadPublicKeys(DescUser({{"NAME", "SVC"},
                                             {"RSA_PUBLIC_KEY", "MIIB"},
                                             {"RSA_PUBLIC_KEY_FP", "SHA256:one="},
                                             {"RSA_PUBLIC_KEY_LAST_SET_TIME", "2026-11-01"},
                                             {"RSA_PUBLIC_KEY_2_FP", "SHA256:two="}}));
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->first, "SHA256:one=");
  EXPECT_EQ(keys->second, "SHA256:two=");
}

TEST(UserSessionTest, TheTextNullAndARealNullAreAnEmptySlot) {
  const auto keys = ReadPublicKeys(DescUser({{"RSA_PUBLIC_KEY_FP", "null"}, {"RSA_PUBLIC_KEY_2_FP", std::nullopt}}));
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->first, "");
  EXPECT_EQ(keys->second, "");
}

// An answer that lacks a slot must not pass for one that shows it empty: a foreign key could be overwritten.
TEST(UserSessionTest, RefusesAnAnswerWithoutOneOfTheSlots) {
  const auto keys = ReadPublicKeys(DescUser({{"RSA_PUBLIC_KEY_FP", "SHA256:one="}}));
  EXPECT_EQ(ErrorReason(keys.status()), "WAREHOUSE_ERROR");
}

}  // namespace
}  // namespace cdi::warehouse
