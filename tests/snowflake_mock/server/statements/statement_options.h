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

// Columns and constraints behind "(" up to and with ")". Snowflake enforces NOT NULL only, as here. `typed` tells for
// each column whether a type was given (CREATE TABLE … AS needs none). An identity column's `sequence` is "?".
absl::StatusOr<Relation> ReadTableBody(TokenReader& reader, const RewriteContext& context, std::vector<bool>& typed);
// [CONSTRAINT name] PRIMARY KEY | UNIQUE | FOREIGN KEY (…) …, into the table.
absl::Status ReadConstraint(TokenReader& reader, const RewriteContext& context, Relation& table);
// 001003 when a name of one to three parts comes next and is, unquoted, a reserved word (docs.snowflake.com, "Reserved
// & limited keywords", read 2026-11).
absl::Status RefuseReservedWord(const TokenReader& reader);
// One column definition: name, type, then DEFAULT, NOT NULL, COMMENT, PRIMARY KEY and so on. `own` receives a key that
// is declared with it.
absl::StatusOr<Column> ReadColumn(TokenReader& reader, const RewriteContext* context = nullptr,
                                  std::optional<Constraint>* own = nullptr);

absl::Status ApplyWarehouseOptions(TokenReader& reader, Warehouse& warehouse);
absl::Status ApplyNetworkPolicyOptions(TokenReader& reader, NetworkPolicy& policy);
// Sets a key slot (0 or 1) from base64 or PEM text; empty clears it. 390144-like 001008 when it is no RSA public key.
absl::Status SetUserKey(User& user, int slot, const std::string& text, int64_t now_ns);

}  // namespace cdi::snowflake_mock
