// CDI_CHECK: an assertion about our own bugs that stays on in release builds.
//
// Stopping beats sending wrong rows: a failed check prints where and what to stderr and aborts. Never for bad input.
#pragma once

#include <string_view>

namespace cdi {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, std::string_view message);
}  // namespace cdi

#define CDI_CHECK(condition, message)                                \
  do {                                                               \
    if (!(condition)) [[unlikely]] {                                 \
      ::cdi::CheckFailed(__FILE__, __LINE__, #condition, (message)); \
    }                                                                \
  } while (false)
