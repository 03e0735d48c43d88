// The version of this build.
#pragma once

namespace cdi::server {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace cdi::server
