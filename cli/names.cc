#include "cli/names.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/text.h"
#include "cli/concat.h"

namespace cdi::cli {
namespace {

using Segments = std::vector<std::string>;

// Segments of `text`; nothing when one of them is empty.
Segments SplitName(std::string_view text) {
  Segments segments = absl::StrSplit(absl::string_view(text.data(), text.size()), '/');
  if (std::any_of(segments.begin(), segments.end(), [](const std::string& segment) { return segment.empty(); })) {
    return {};
  }
  return segments;
}

// The full name of `segments` in nested `collections`, whether they came short or full; "" when they are neither.
std::string Expand(const Segments& segments, const Segments& collections) {
  const size_t depth = collections.size();
  if (segments.size() == depth) {
    Segments full;
    for (size_t i = 0; i < depth; ++i) {
      full.push_back(collections[i]);
      full.push_back(segments[i]);
    }
    return absl::StrJoin(full, "/");
  }
  if (segments.size() != 2 * depth) return "";
  for (size_t i = 0; i < depth; ++i) {
    if (segments[2 * i] != collections[i]) return "";
  }
  return absl::StrJoin(segments, "/");
}

absl::Status WrongShape(std::string_view what, std::string_view shapes, std::string_view text) {
  return absl::InvalidArgumentError(Concat(what, " must look like ", shapes, "; got ", JsonQuote(text)));
}

absl::StatusOr<std::string> ExpandOrRefuse(std::string_view what, std::string_view shapes, std::string_view text,
                                           const Segments& collections) {
  std::string full = Expand(SplitName(text), collections);
  if (full.empty()) return WrongShape(what, shapes, text);
  return full;
}

}  // namespace

absl::StatusOr<std::string> ConnectionName(std::string_view text) {
  return ExpandOrRefuse("connection", "`main` or `connections/main`", text, {"connections"});
}

absl::StatusOr<std::string> WorkspaceName(std::string_view text) {
  return ExpandOrRefuse("workspace", "`eu` or `workspaces/eu`", text, {"workspaces"});
}

absl::StatusOr<std::string> SyncName(std::string_view text) {
  return ExpandOrRefuse("sync", "`shop` or `syncs/shop`", text, {"syncs"});
}

absl::StatusOr<std::string> TokenName(std::string_view text) {
  return ExpandOrRefuse("token", "`ci` or `tokens/ci`", text, {"tokens"});
}

absl::StatusOr<std::string> KeyPairName(std::string_view text) {
  return ExpandOrRefuse("key pair", "`main/k1` or `connections/main/keyPairs/k1`", text, {"connections", "keyPairs"});
}

absl::StatusOr<std::string> RotationName(std::string_view text) {
  return ExpandOrRefuse("rotation", "`main/r1` or `connections/main/rotations/r1`", text, {"connections", "rotations"});
}

absl::StatusOr<std::string> RunName(std::string_view text) {
  return ExpandOrRefuse("run", "`shop/r1` or `syncs/shop/runs/r1`", text, {"syncs", "runs"});
}

absl::StatusOr<std::string> DeadRowParent(std::string_view text) {
  const Segments segments = SplitName(text);
  // Two segments are a full sync name when the first is the collection, else a short run name.
  const bool sync = segments.size() == 1 || (segments.size() == 2 && segments[0] == "syncs");
  std::string full = sync ? Expand(segments, {"syncs"}) : Expand(segments, {"syncs", "runs"});
  if (full.empty()) {
    return WrongShape("sync or run", "`shop`, `syncs/shop`, `shop/r1` or `syncs/shop/runs/r1`", text);
  }
  return full;
}

std::string ShortName(std::string_view full_name) {
  const Segments segments = SplitName(full_name);
  if (segments.empty() || segments.size() % 2 != 0) return std::string(full_name);
  Segments ids;
  for (size_t i = 1; i < segments.size(); i += 2) ids.push_back(segments[i]);
  return absl::StrJoin(ids, "/");
}

}  // namespace cdi::cli
