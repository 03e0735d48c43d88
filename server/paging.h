// Page sizes and page tokens. A token is opaque to callers and signed, with a key that lives as long as the process:
// one of another list, with another filter, made by somebody else or before a restart is refused instead of misread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cdi::server {

// 0 is `fallback`; above 1000 is read as 1000; negative is refused.
absl::StatusOr<int> PageSize(int requested, int fallback);

// `scope` says which list and filter: "ListRuns syncs/a".
std::string MakePageToken(std::string_view scope, std::string_view after);
// The `after` of a token; "" for an empty token. INVALID_ARGUMENT, PAGE_TOKEN_INVALID otherwise.
absl::StatusOr<std::string> ReadPageToken(std::string_view scope, std::string_view token);

}  // namespace cdi::server
