// What the CREATE statements share.
#pragma once

#include <optional>
#include <string>

#include "tests/snowflake_mock/server/statements/statement.h"
#include "tests/snowflake_mock/server/statements/statement_options.h"

namespace cdi::snowflake_mock {

struct CreateOptions {
  bool or_replace = false;
  bool if_not_exists = false;
  bool transient = false;
  bool temporary = false;
  bool secure = false;
};

void AddOwnership(Execution& run, const std::string& kind, const std::string& object, const std::string& owner);
std::string CreatedText(const std::string& kind, const std::string& name);
std::string ExistsText(const std::string& name);

// The callers hold write_mutex and the catalog.
absl::StatusOr<ResultSet> CreateTable(Execution& run, TokenReader& reader, const CreateOptions& options);
absl::StatusOr<ResultSet> CreateView(Execution& run, TokenReader& reader, const CreateOptions& options);
absl::StatusOr<ResultSet> CreateSequence(Execution& run, TokenReader& reader, const CreateOptions& options);
// Copies every table and view of a schema: CREATE SCHEMA … CLONE.
absl::Status CloneSchema(Execution& run, const ObjectName& from, const ObjectName& to);

// CREATE TABLE and its identity sequences in the engine.
absl::Status CreatePhysicalTable(Execution& run, const ObjectName& name, Relation& table, bool or_replace);
// DROP TABLE and its identity sequences.
absl::Status DropPhysicalTable(Execution& run, const ObjectName& name, const Relation& table);
absl::Status CreateIdentity(Execution& run, const ObjectName& name, Column& column);
// Tells a table's or view's columns and text from its query. The text of names inside is resolved in `name`'s schema.
absl::StatusOr<RewrittenQuery> RelationFromQuery(Execution& run, const ObjectName* scope, size_t query_begin,
                                                 Relation& relation);
// A default must compile and fit its column.
absl::Status CheckDefault(Execution& run, const Column& column);

}  // namespace cdi::snowflake_mock
