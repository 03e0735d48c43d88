// The fixture of the claims that hold at every site (warehouse_site.h), and the names of their instances.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "tests/integration/warehouse_site.h"

namespace cdi::test {

class WarehouseSuite : public testing::TestWithParam<std::string> {
 protected:
  static WarehouseSite& Site() { return WarehouseSite::Get(GetParam()); }
};

// Instantiates a fixture made of WarehouseSuite at every site of this build.
#define CDI_AT_EVERY_SITE(fixture)                                                 \
  INSTANTIATE_TEST_SUITE_P(At, fixture, testing::ValuesIn(WarehouseSite::Names()), \
                           [](const auto& test) { return std::string(test.param); })

}  // namespace cdi::test
