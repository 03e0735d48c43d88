// Resource names as people type them: `shop` for `syncs/shop`, `shop/r1` for `syncs/shop/runs/r1`; full names pass
// unchanged. Only the shape is checked here; which characters an id may have is the server's rule. Every function
// returns INVALID_ARGUMENT with the accepted shapes for anything else. Pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cdi::cli {

absl::StatusOr<std::string> ConnectionName(std::string_view text);
absl::StatusOr<std::string> WorkspaceName(std::string_view text);
absl::StatusOr<std::string> SyncName(std::string_view text);
absl::StatusOr<std::string> TokenName(std::string_view text);
// `shop/k1` for `connections/shop/keyPairs/k1`.
absl::StatusOr<std::string> KeyPairName(std::string_view text);
// `shop/r1` for `connections/shop/rotations/r1`.
absl::StatusOr<std::string> RotationName(std::string_view text);
absl::StatusOr<std::string> RunName(std::string_view text);
// What owns dead rows: a sync (`shop`) or one of its runs (`shop/r1`).
absl::StatusOr<std::string> DeadRowParent(std::string_view text);

// The short form of a full name, as tables show it and commands take it: `shop`, `shop/r1`. Other text is returned as
// it is.
std::string ShortName(std::string_view full_name);

}  // namespace cdi::cli
