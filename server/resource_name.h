// Resource names and ids: parsed here, nowhere else.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/rng.h"

namespace cdi::server {

// "connections/a", "syncs/s/runs/r": alternating collection and id. Refuses (INVALID_FIELD naming `field`) anything
// that does not match `pattern`, for example "syncs/*/runs/*".
absl::Status CheckName(std::string_view name, std::string_view pattern, std::string_view field);

// 1 to 63 characters of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`, as keys::KeyRing wants it
// too; empty: made here with `prefix`. Stricter than CheckName, which still reaches what an older release made.
absl::StatusOr<std::string> ChosenOrMadeId(std::string_view id, std::string_view prefix, Rng& rng,
                                           std::string_view field);

// "syncs/s" of "syncs/s/runs/r".
std::string_view ParentOf(std::string_view name);
// "r" of "syncs/s/runs/r".
std::string_view LastSegment(std::string_view name);

// What a principal can be limited to: `connections/*`, `syncs/*`, `workspaces/*`.
absl::Status CheckScope(std::string_view scope, std::string_view field);

// Up to 64 printable ASCII characters, or empty.
absl::Status CheckRequestId(std::string_view request_id);

}  // namespace cdi::server
