// What a PAYLOAD must be before its bytes are spliced into a body: JSON that Braze can read, with the fields its data
// type needs and no user identifier inside.
//
// The text is parsed once (simdjson, DOM) to judge it and never printed again: what Braze receives are the bytes of the
// table. Sources: Braze CDI integration and best-practice pages, event and purchase object pages, read 2026-11 (1 MB
// and 250 top-level keys per row, quantity 1 to 100, time formats). Depth 64 and one meaning per key are rules of ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ingest/identifier_rules.h"
#include "ingest/row.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest {

struct PayloadVerdict {
  RowFault fault = RowFault::kNone;
  // Of the payload given to Check: what stands between its outer braces, without outer blanks.
  std::string_view members;
  bool adds_time = false;  // as in DecodedRow
  bool adds_update_only = false;
  bool strips = false;
};

// Judges payloads, reusing its parser and buffer. Not thread-safe: one per thread. Total: any bytes get a verdict.
class PayloadChecker {
 public:
  PayloadChecker();
  ~PayloadChecker();
  PayloadChecker(const PayloadChecker&) = delete;
  PayloadChecker& operator=(const PayloadChecker&) = delete;

  // `kind` is how the row names its user: it decides whether `email` and `phone` in the payload are plain attributes
  // (beside a stronger identifier) or a second identifier.
  PayloadVerdict Check(std::string_view payload, const SyncSpec& spec, IdentifierKind kind);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// What stands between the outer braces of a payload that passed Check, without outer blanks.
std::string_view PayloadMembers(std::string_view payload);

// Appends the members of a payload that passed Check, byte by byte, without those that name a user.
void AppendMembersWithoutIdentifiers(std::string_view members, DataType type, IdentifierKind kind, std::string& out);

// True for the forms that Braze documents for times: ISO 8601 (date; date and time to the minute, second or fraction;
// blank or T between; Z, an offset or nothing) and yyyy-MM-dd'T'HH:mm:ss:SSSZ.
bool IsBrazeTime(std::string_view text);

}  // namespace cdi::ingest
