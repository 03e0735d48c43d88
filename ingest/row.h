// Rows after decoding: what the run machine needs to know of each, beside the shared page that holds its bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/timestamp.h"
#include "ingest/sync_spec.h"
#include "warehouse/page.h"

namespace cdi::ingest {

// Why a row was refused before it was sent. A closed set; names are in docs/errors.md and stored with dead rows.
enum class RowFault : uint8_t {
  kNone = 0,
  kIdentifierMissing,    // no identifier column has a value
  kIdentifierAmbiguous,  // two of external_id, alias, braze_id, or one of these beside email or phone
  kAliasIncomplete,      // only one of ALIAS_NAME and ALIAS_LABEL
  kIdentifierTooLong,    // external_id over 987 bytes, alias over 236, …
  kIdentifierInvalid,    // empty after trimming, not UTF-8, NUL, an e-mail or phone that cannot be one
  kIdentifierInPayload,  // external_id, braze_id, user_alias, … inside PAYLOAD
  kPayloadNull,
  kPayloadNotUtf8,
  kPayloadNotJson,
  kPayloadNotObject,
  kPayloadTooLarge,      // over payload_bytes_max, also cells never fetched
  kPayloadTooDeep,       // more than 64 levels
  kPayloadDuplicateKey,  // the same top-level key twice
  kPayloadEmpty,         // attributes: no key at all
  kTooManyAttributes,    // over 250 top-level keys
  kFieldMissing,         // event without name; purchase without product_id, currency or price
  kFieldInvalid,         // such a field, or time, quantity, properties, of the wrong type or range
  kNumberOutOfRange,     // a number that JSON readers cannot carry (NaN, 1e400)
};
std::string_view RowFaultName(RowFault fault);  // "IDENTIFIER_MISSING", …
// One sentence with the rule and the fix, for people.
std::string_view RowFaultHelp(RowFault fault);

struct DecodedRow {
  Timestamp cursor;
  Digest128 digest;
  Digest128 user;             // of identifier kind + exact value; zero for a refused row without a usable identifier
  uint32_t object_bytes = 0;  // exact length of the object in a body, without separator
  RowFault fault = RowFault::kNone;
  // How the object differs from identifier + payload; decided once here, carried out by AppendObject.
  bool adds_time = false;         // events and purchases without "time": the cursor's is used
  bool adds_update_only = false;  // "_update_existing_only":true, unless the payload says so itself
  bool strips = false;            // identifier keys of the payload are left out
  uint64_t parked_id = 0;         // a replayed row: its id in the state store; 0: from the table
};

// A page with its decoded rows, index by index. Immutable, shared.
struct DecodedPage {
  std::shared_ptr<const warehouse::Page> page;
  std::vector<DecodedRow> rows;
};

// One row, kept alive by its page.
struct RowRef {
  std::shared_ptr<const DecodedPage> page;
  uint32_t index = 0;

  const DecodedRow& row() const { return page->rows[index]; }
};

// Decodes every row of a page (row_decoder.cc): identifier rules, JSON rules, sizes. Pure; thread-safe; total: any page
// gives a decoded one, faults included. `parked_ids` is empty, or has one id per row (replays).
std::shared_ptr<const DecodedPage> DecodePage(std::shared_ptr<const warehouse::Page> page, const SyncSpec& spec,
                                              const std::vector<uint64_t>& parked_ids = {});

// Appends the row's JSON object, exactly `object_bytes` bytes, to `out`. Only for rows without a fault.
void AppendObject(const DecodedPage& page, size_t index, const SyncSpec& spec, std::string& out);

// The whole request body for rows of one type: {"attributes":[…]}. Deterministic: same rows, same bytes.
std::string BuildBody(const std::vector<RowRef>& rows, const SyncSpec& spec);
// Bytes of the body around the objects and separators: a body of n objects has overhead + sum(object_bytes) + n - 1
// bytes.
uint32_t BodyOverheadBytes(const SyncSpec& spec);

}  // namespace cdi::ingest
