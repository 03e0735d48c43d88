// The parts that CREATE and ALTER share: KEY = VALUE options, column lists, defaults.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

// KEY = VALUE pairs (the = may be missing, commas between are allowed) as long as known keys come. Keys upper case,
// values as text; TRUE and FALSE upper case.
absl::StatusOr<std::map<std::string, std::string>> ReadOptions(TokenReader& reader, const std::set<std::string>& known);

// Columns behind "(" up to and with ")". Constraints are kept as declared; Snowflake enforces NOT NULL only, as here.
absl::StatusOr<std::vector<Column>> ReadColumns(TokenReader& reader);
// One column definition: name, type, then DEFAULT, NOT NULL, COMMENT, PRIMARY KEY and so on.
absl::StatusOr<Column> ReadColumn(TokenReader& reader);

// The engine's text of a column default.
absl::StatusOr<std::string> EngineDefault(Execution& run, const Column& column);

absl::Status ApplyWarehouseOptions(TokenReader& reader, Warehouse& warehouse);
absl::Status ApplyNetworkPolicyOptions(TokenReader& reader, NetworkPolicy& policy);
// Sets a key slot (0 or 1) from base64 or PEM text; empty clears it. 390144-like 001008 when it is no RSA public key.
absl::Status SetUserKey(User& user, int slot, const std::string& text, int64_t now_ns);

}  // namespace cdi::snowflake_mock
