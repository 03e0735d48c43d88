// Which user a row means, and how the object in a body names him.
//
// A row carries exactly one of EXTERNAL_ID, the pair ALIAS_NAME + ALIAS_LABEL, BRAZE_ID, or EMAIL / PHONE (both set:
// the e-mail counts). Sources: Braze CDI integration pages and the /users/track reference, read 2026-11: external id
// 987 bytes, alias name and label 236 bytes each. E-mail 255 and braze id 255 bytes are bounds of ours.
//
// A cell that is set but blank is a fault, not an absent one: `NULLIF(EMAIL, '')` in the view says which was meant.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/row.h"
#include "warehouse/page.h"

namespace cdi::ingest {

enum class IdentifierKind : uint8_t { kNone, kExternalId, kAlias, kBrazeId, kEmail, kPhone };

// Views into the page.
struct Identifier {
  IdentifierKind kind = IdentifierKind::kNone;
  std::string_view value;  // for an alias its name
  std::string_view label;  // only for an alias
};

// The identifier that the row's cells choose. kNone with kIdentifierMissing, kIdentifierAmbiguous or kAliasIncomplete
// in `fault` when they choose none.
Identifier PickIdentifier(const warehouse::Page& page, size_t row, RowFault* fault);

// Whether Braze can take the value: kNone, kIdentifierInvalid or kIdentifierTooLong.
RowFault CheckIdentifier(const Identifier& identifier);

// Appends the member of the object that names the user, `"external_id":"…"` for one, JSON-escaped. Only for an
// identifier that CheckIdentifier passed. Injective: different identifiers give different bytes.
void AppendIdentifierMember(const Identifier& identifier, std::string& out);

}  // namespace cdi::ingest
