// What arrived, in order: every request, every object in it and what became of it. For comparing what a client says it
// sent with what was taken, and for counting repeats.
//
// Small per object (about 32 bytes, the identifier and 40 bytes of counting), so that a run of a million objects stays
// under some hundred megabytes. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/digest.h"
#include "tests/braze_mock/braze_model.h"

namespace cdi::braze_mock {

enum class LedgerMode : uint8_t {
  kNone,    // requests only
  kCounts,  // requests, and how often each object came
  kFull,    // every object too
};

struct LedgerRequest {
  int status = 0;  // as answered, or as it would have been; 0: closed before it was judged
  Digest128 body_hash;
  uint32_t objects = 0;  // with a verdict; 0 for a request that was refused as a whole
  uint64_t bytes = 0;
  int64_t arrival_ms = 0;    // since 1970
  std::string_view fault{};  // kind of the fault that hit it, a static text; empty for none
};

class Ledger {
 public:
  explicit Ledger(LedgerMode mode) : mode_(mode) {}

  // Numbers requests from 1, objects from 1.
  void Add(const LedgerRequest& request, const std::vector<ObjectVerdict>& objects);

  struct Totals {
    uint64_t objects = 0;   // with a verdict
    uint64_t accepted = 0;  // of them
    uint64_t rejected = 0;
    uint64_t distinct = 0;  // accepted ones that differ in array, user or content
    uint64_t repeats = 0;   // accepted - distinct
  };
  Totals totals() const;

  // {"objects":[{"n","request","body_hash","array","index","id_kind","identifier","digest","effect","error"?}],
  //  "next":N|null}, or the elements alone, one a line. `from` is the first number wanted.
  std::string ObjectsJson(uint64_t from, uint64_t limit, bool lines) const;
  // {"requests":[{"n","status","body_hash","objects","bytes","arrival_ms","fault"?}],"next":N|null}
  std::string RequestsJson(uint64_t from, uint64_t limit, bool lines) const;
  // {"objects","accepted","rejected","distinct","repeats","duplicates":[{"array","id_kind","identifier","digest",
  //  "count"}]}: the first `limit` accepted objects that came more than once; listed in full mode only.
  std::string SummaryJson(uint64_t limit) const;

 private:
  struct Entry {
    uint64_t digest;
    uint64_t identifier_at;  // in identifiers_
    uint32_t request;        // position in requests_
    uint32_t error;          // position in errors_
    uint16_t index;          // a request holds a thousand objects at most
    uint16_t identifier_bytes;
    InputArray array;
    IdentifierKind kind;
    ObjectVerdict::Effect effect;
  };
  struct Count {
    uint32_t times = 0;
    uint32_t first = 0;  // position in entries_
  };

  void CountObject(const ObjectVerdict& verdict);
  void Keep(const ObjectVerdict& verdict);
  std::string_view IdentifierOf(const Entry& entry) const;
  std::string EntryJson(uint64_t position) const;
  std::string RequestJson(uint64_t position) const;

  LedgerMode mode_;
  std::deque<LedgerRequest> requests_;
  std::deque<Entry> entries_;
  std::string identifiers_;
  std::vector<std::string> errors_ = {""};
  absl::flat_hash_map<std::string, uint32_t> error_numbers_;
  absl::flat_hash_map<Digest128, Count> counts_;  // of array, user and content
  uint64_t objects_ = 0;
  uint64_t accepted_ = 0;
};

}  // namespace cdi::braze_mock
