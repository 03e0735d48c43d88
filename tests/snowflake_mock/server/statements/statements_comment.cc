// COMMENT ON.
#include <mutex>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/alter.h"

namespace cdi::snowflake_mock {
namespace {

// What a comment is about: where the comment is kept, and who may change it.
struct Commented {
  std::string* comment = nullptr;
  std::string owner;
};

absl::StatusOr<Commented> FindCommentedRelation(Execution& run, const Token& kind, std::vector<std::string> parts) {
  const RewriteContext context = MakeContext(run);
  std::string column;
  if (kind.IsWord("COLUMN")) {
    column = parts.back();
    parts.pop_back();
  }
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  Relation* relation = FindTemporary(name, context);
  if (relation == nullptr) relation = run.account.catalog.FindRelation(name);
  if (relation == nullptr) return MissingObject(kind.IsWord("VIEW") ? "View" : "Table", name.Display());
  if (column.empty()) return Commented{&relation->comment, relation->owner};
  CDI_ASSIGN_OR_RETURN(Column* const found, FindColumn(*relation, column));
  return Commented{&found->comment, relation->owner};
}

absl::StatusOr<Commented> FindCommented(Execution& run, const Token& kind, std::vector<std::string> parts) {
  Catalog& catalog = run.account.catalog;
  if (kind.IsWord("TABLE") || kind.IsWord("VIEW") || (kind.IsWord("COLUMN") && parts.size() > 1))
    return FindCommentedRelation(run, kind, std::move(parts));
  if (kind.IsWord("SCHEMA")) {
    if (parts.size() == 1) parts.insert(parts.begin(), run.session.database);
    Schema* const schema = catalog.FindSchema(parts[0], parts[1]);
    if (schema == nullptr) return MissingObject("Schema", ObjectName{parts[0], parts[1], ""}.SchemaDisplay());
    return Commented{&schema->comment, schema->owner};
  }
  if (kind.IsWord("DATABASE")) {
    Database* const database = catalog.FindDatabase(parts[0]);
    if (database == nullptr) return MissingObject("Database", DisplayName(parts[0]));
    return Commented{&database->comment, database->owner};
  }
  if (kind.IsWord("ROLE") && catalog.roles.contains(parts[0])) {
    Role& role = catalog.roles[parts[0]];
    return Commented{&role.comment, role.owner};
  }
  if (kind.IsWord("WAREHOUSE") && catalog.warehouses.contains(parts[0])) {
    Warehouse& warehouse = catalog.warehouses[parts[0]];
    return Commented{&warehouse.comment, warehouse.owner};
  }
  if (kind.IsWord("USER") && catalog.users.contains(parts[0])) {
    User& user = catalog.users[parts[0]];
    return Commented{&user.properties["COMMENT"], user.owner};
  }
  return Unsupported(absl::StrCat("COMMENT ON ", kind.text));
}

}  // namespace

// COMMENT [IF EXISTS] ON kind name IS 'text'
absl::StatusOr<ResultSet> RunComment(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_RETURN_IF_ERROR(reader.ExpectWords("ON"));
  const Token kind = reader.Next();
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectWords("IS"));
  CDI_ASSIGN_OR_RETURN(const std::string text, reader.OptionValue());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  const std::lock_guard write_lock(run.account.write_mutex);
  const std::unique_lock lock(run.account.catalog.mutex);
  const auto found = FindCommented(run, kind, parts);
  ResultSet done = StatusResult("Statement executed successfully.");
  if (!found.ok() && if_exists && SqlErrorCode(found.status()) == "002003") return done;
  CDI_RETURN_IF_ERROR(found.status());
  if (!IsOwner(MakeContext(run), found->owner)) return InsufficientPrivileges("object", parts.back());
  *found->comment = text;
  CDI_RETURN_IF_ERROR(run.account.Save());
  return done;
}

}  // namespace cdi::snowflake_mock
