// What this process keeps of the environment it was started with.
#pragma once

#include <span>
#include <string_view>

namespace cdi {

// Removes every variable but those named; a name that ends with '*' stands for all that begin so. The memory that the
// kernel laid the environment into is overwritten whole, so that /proc/PID/environ shows nothing (but GLIBC_TUNABLES,
// which glibc copies before us): neither what was removed nor what was kept (a proxy's password, say), which lives on
// in the heap. Whoever starts a service hands it much that it does not need, secrets among it. Changes the environment:
// call before threads start.
void KeepOfEnvironment(std::span<const std::string_view> names);

}  // namespace cdi
