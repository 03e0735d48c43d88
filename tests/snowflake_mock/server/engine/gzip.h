// gzip of whole texts: chunk bodies of results. By ISA-L, which costs a quarter of zlib's time for the same size
// (docs/performance.md). Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdi::snowflake_mock {

// One gzip member, fast level.
std::string Gzip(std::string_view body);
// nullopt when it is no complete gzip stream.
std::optional<std::string> Gunzip(std::string_view body);

}  // namespace cdi::snowflake_mock
