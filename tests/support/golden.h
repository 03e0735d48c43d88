// Text that is compared with a file under tests/golden, so that a change of it shows in review.
//
// CDI_UPDATE_GOLDEN=1 in the environment writes the files instead.
#pragma once

#include <string>
#include <string_view>

namespace cdi::test {

// "" when `actual` is what the file says; else what differs, and how to update it. `name` is relative to tests/golden.
std::string CompareWithGolden(const std::string& name, std::string_view actual);

}  // namespace cdi::test
