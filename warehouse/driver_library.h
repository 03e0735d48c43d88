// Why a driver's library cannot be loaded: unixODBC says "file not found" of a missing file, of one that this user may
// not read, of one built for another processor, and of one whose own libraries are missing.
#pragma once

#include <string>

namespace cdi::warehouse {

// The cause in words ("it is built for aarch64, and this program for x86-64"); empty when nothing is wrong that can be
// seen without running the library's code. `load`: also ask the dynamic linker, which runs it.
std::string WhyNotLoadable(const std::string& path, bool load);

}  // namespace cdi::warehouse
