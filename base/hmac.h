// Keyed hashes: who has not the key makes none that holds.
#pragma once

#include <string>
#include <string_view>

namespace cdi {

// HMAC-SHA256 (RFC 2104): 32 raw bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

}  // namespace cdi
