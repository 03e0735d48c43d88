#include "base/error.h"

#include <gtest/gtest.h>

namespace cdi {
namespace {

TEST(ErrorTest, CarriesReasonAndDetailsBesideTheMessage) {
  const absl::Status status = MakeError(absl::StatusCode::kFailedPrecondition, "TABLE_NOT_FOUND", "no such table",
                                        {{"native", "2003"}, {"sqlstate", "42S02"}});
  EXPECT_EQ(ErrorReason(status), "TABLE_NOT_FOUND");
  EXPECT_EQ(ErrorDetailsOf(status).at("native"), "2003");
  EXPECT_EQ(status.message(), "no such table");
}

TEST(ErrorTest, AStatusWithoutAReasonHasAnEmptyOne) {
  EXPECT_EQ(ErrorReason(absl::InternalError("x")), "");
}

TEST(ErrorTest, InvalidFieldNamesTheField) {
  EXPECT_EQ(ErrorDetailsOf(InvalidField("sync.table", "empty")).at("field"), "sync.table");
}

}  // namespace
}  // namespace cdi
