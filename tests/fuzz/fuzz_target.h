// What a fuzz target gives: the entry that libFuzzer knows, and seeds for the driver of our own (seeded_main.cc), which
// runs it as a plain test where no clang is at hand. With clang: -fsanitize=fuzzer, and leave seeded_main.cc out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace cdi::test {

// Inputs that reach deep: the driver mutates and crosses them.
std::vector<std::string> FuzzSeeds();

}  // namespace cdi::test
