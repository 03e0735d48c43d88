// ALTER USER, WAREHOUSE, TABLE, SESSION, ACCOUNT.
#include <mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/statement.h"
#include "tests/snowflake_mock/server/statements/statement_options.h"

namespace cdi::snowflake_mock {
namespace {

std::string EngineColumn(const std::string& name) {
  return absl::StrCat("\"", absl::StrReplaceAll(EncodeName(name), {{"\"", "\"\""}}), "\"");
}

const ResultSet& Done() {
  static const auto* done = new ResultSet(StatusResult("Statement executed successfully."));
  return *done;
}

absl::StatusOr<ResultSet> AlterWarehouse(Execution& run, TokenReader& reader) {
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  const RewriteContext context = MakeContext(run);
  const auto found = run.account.catalog.warehouses.find(name);
  const std::string object = DisplayName(name);
  if (found == run.account.catalog.warehouses.end() || !HasAnyPrivilege(context, "WAREHOUSE", object)) {
    if (if_exists) return Done();
    return MissingObject("Warehouse", object);
  }
  Warehouse& warehouse = found->second;
  if (reader.TakeWords("SUSPEND")) {
    if (!HasPrivilege(context, "OPERATE", "WAREHOUSE", object)) return InsufficientPrivileges("warehouse", name);
    if (warehouse.suspended)
      return SqlError("090064", "22000", absl::StrCat("Invalid state. Warehouse '", name, "' cannot be suspended."));
    warehouse.suspended = true;
    return Done();
  }
  if (reader.TakeWords("RESUME")) {
    const bool if_suspended = reader.TakeWords("IF SUSPENDED");
    if (!HasPrivilege(context, "OPERATE", "WAREHOUSE", object)) return InsufficientPrivileges("warehouse", name);
    if (!warehouse.suspended && !if_suspended) {
      return SqlError(
          "090063", "22000",
          absl::StrCat("Invalid state. Warehouse '", name, "' cannot be resumed because it is not suspended."));
    }
    if (warehouse.suspended) ++warehouse.resumes;
    warehouse.suspended = false;
    warehouse.used_ns = run.now_ns;
    return Done();
  }
  CDI_RETURN_IF_ERROR(reader.ExpectWords("SET"));
  if (!HasPrivilege(context, "MODIFY", "WAREHOUSE", object)) return InsufficientPrivileges("warehouse", name);
  Warehouse changed = warehouse;
  CDI_RETURN_IF_ERROR(ApplyWarehouseOptions(reader, changed));
  warehouse = changed;
  return Done();
}

absl::StatusOr<ResultSet> AddColumn(Execution& run, TokenReader& reader, const ObjectName& name, Relation& table) {
  reader.TakeWords("COLUMN");
  const bool if_not_exists = reader.TakeWords("IF NOT EXISTS");
  CDI_ASSIGN_OR_RETURN(Column column, ReadColumn(reader));
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  for (const Column& other : table.columns) {
    if (other.name != column.name) continue;
    if (if_not_exists) return Done();
    return SqlError("001430", "42601",
                    absl::StrCat("SQL compilation error:\ncolumn '", column.name, "' already exists"));
  }
  std::string definition = absl::StrCat(EngineColumn(column.name), " ", column.type.EngineName());
  if (!column.default_text.empty()) {
    CDI_ASSIGN_OR_RETURN(const std::string text, EngineDefault(run, column));
    absl::StrAppend(&definition, " DEFAULT ", text);
  }
  CDI_RETURN_IF_ERROR(
      RunEngine(run, absl::StrCat("ALTER TABLE ", PhysicalName(name), " ADD COLUMN ", definition)).status());
  if (!column.nullable) {
    CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("ALTER TABLE ", PhysicalName(name), " ALTER COLUMN ",
                                                    EngineColumn(column.name), " SET NOT NULL"))
                            .status());
  }
  table.columns.push_back(std::move(column));
  return Done();
}

absl::StatusOr<Column*> FindColumn(Relation& table, const std::string& name, Place place) {
  for (Column& column : table.columns) {
    if (column.name == name) return &column;
  }
  return InvalidIdentifier(place, DisplayName(name));
}

absl::StatusOr<ResultSet> AlterTable(Execution& run, TokenReader& reader) {
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  Catalog& catalog = run.account.catalog;
  Relation* const table = catalog.FindRelation(name);
  if (table == nullptr || table->is_view) {
    if (if_exists) return Done();
    return MissingObject("Table", name.Display());
  }
  if (!IsOwner(context, table->owner)) return InsufficientPrivileges("table", DisplayName(name.object));
  if (reader.TakeWords("ADD")) return AddColumn(run, reader, name, *table);
  const std::string alter = absl::StrCat("ALTER TABLE ", PhysicalName(name));
  if (reader.TakeWords("DROP")) {
    reader.TakeWords("COLUMN");
    const Place place = reader.Peek().place;
    CDI_ASSIGN_OR_RETURN(const std::string column, reader.Name());
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    CDI_RETURN_IF_ERROR(FindColumn(*table, column, place).status());
    CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat(alter, " DROP COLUMN ", EngineColumn(column))).status());
    std::erase_if(table->columns, [&](const Column& one) { return one.name == column; });
    return Done();
  }
  if (reader.TakeWords("RENAME COLUMN")) {
    const Place place = reader.Peek().place;
    CDI_ASSIGN_OR_RETURN(const std::string old_name, reader.Name());
    CDI_RETURN_IF_ERROR(reader.ExpectWords("TO"));
    CDI_ASSIGN_OR_RETURN(const std::string new_name, reader.Name());
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    CDI_ASSIGN_OR_RETURN(Column* const column, FindColumn(*table, old_name, place));
    if (FindColumn(*table, new_name, place).ok()) return AlreadyExists(new_name);
    CDI_RETURN_IF_ERROR(
        RunEngine(run, absl::StrCat(alter, " RENAME COLUMN ", EngineColumn(old_name), " TO ", EngineColumn(new_name)))
            .status());
    column->name = new_name;
    return Done();
  }
  if (reader.TakeWords("SET")) {
    CDI_ASSIGN_OR_RETURN(auto options,
                         ReadOptions(reader, {"CHANGE_TRACKING", "COMMENT", "DATA_RETENTION_TIME_IN_DAYS"}));
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    if (options.contains("CHANGE_TRACKING")) table->change_tracking = options["CHANGE_TRACKING"] == "TRUE";
    if (options.contains("COMMENT")) table->comment = options["COMMENT"];
    return Done();
  }
  return Unsupported(absl::StrCat("ALTER TABLE … ", reader.Peek().text));
}

absl::StatusOr<ResultSet> AlterAccount(Execution& run, TokenReader& reader) {
  if (!IsOwner(MakeContext(run), "ACCOUNTADMIN")) return InsufficientPrivileges("account", run.account.name());
  const bool unset = reader.TakeWords("UNSET");
  if (!unset) CDI_RETURN_IF_ERROR(reader.ExpectWords("SET"));
  while (!reader.AtEnd()) {
    CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
    if (name != "NETWORK_POLICY") return Unsupported(absl::StrCat("account parameter ", name));
    if (unset) {
      run.account.catalog.account_parameters.erase(name);
    } else {
      CDI_RETURN_IF_ERROR(reader.ExpectOperator("="));
      CDI_ASSIGN_OR_RETURN(run.account.catalog.account_parameters[name], reader.OptionValue());
    }
    reader.TakeOperator(",");
  }
  return Done();
}

// What may be changed with MODIFY PROGRAMMATIC AUTHENTICATION METHODS alone.
bool OnlyKeys(const TokenReader& from) {
  TokenReader reader = from;
  for (; !reader.AtEnd(); reader.Next()) {
    const Token& token = reader.Peek();
    if (token.kind == TokenKind::kWord && !token.IsWord("SET") && !token.IsWord("UNSET") &&
        !token.IsWord("RSA_PUBLIC_KEY") && !token.IsWord("RSA_PUBLIC_KEY_2")) {
      return false;
    }
  }
  return true;
}

absl::Status UnsetUserOptions(TokenReader& reader, int64_t now_ns, User& user) {
  do {
    CDI_ASSIGN_OR_RETURN(const std::string key, reader.Name());
    if (key == "RSA_PUBLIC_KEY" || key == "RSA_PUBLIC_KEY_2") {
      CDI_RETURN_IF_ERROR(SetUserKey(user, key == "RSA_PUBLIC_KEY" ? 0 : 1, "", now_ns));
    } else if (key == "DISABLED") {
      user.disabled = false;
    } else if (key == "MINS_TO_UNLOCK") {
      user.locked_until_ns = 0;
    } else {
      user.properties.erase(key);
    }
  } while (reader.TakeOperator(","));
  return reader.ExpectEnd();
}

}  // namespace

absl::StatusOr<ResultSet> AlterUser(Execution& run, TokenReader& reader) {
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  const RewriteContext context = MakeContext(run);
  const auto found = run.account.catalog.users.find(name);
  if (found == run.account.catalog.users.end()) {
    if (if_exists) return Done();
    return MissingObject("User", DisplayName(name));
  }
  const bool owner = IsOwner(context, found->second.owner);
  const bool keys_only =
      HasPrivilege(context, "MODIFY PROGRAMMATIC AUTHENTICATION METHODS", "USER", DisplayName(name)) &&
      OnlyKeys(reader);
  if (!owner && !keys_only) return InsufficientPrivileges("user", name);
  User changed = found->second;
  if (reader.TakeWords("SET")) {
    if (reader.AtEnd()) return reader.Unexpected();
    CDI_RETURN_IF_ERROR(ApplyUserOptions(reader, run.now_ns, changed));
  } else {
    CDI_RETURN_IF_ERROR(reader.ExpectWords("UNSET"));
    CDI_RETURN_IF_ERROR(UnsetUserOptions(reader, run.now_ns, changed));
  }
  found->second = std::move(changed);
  return Done();
}

absl::StatusOr<ResultSet> RunAlter(Execution& run) {
  TokenReader reader(run.tokens, 1);
  if (reader.TakeWords("SESSION")) return AlterSession(run, reader);
  const std::lock_guard write_lock(run.account.write_mutex);
  const std::unique_lock lock(run.account.catalog.mutex);
  const auto alter = [&]() -> absl::StatusOr<ResultSet> {
    if (reader.TakeWords("USER")) return AlterUser(run, reader);
    if (reader.TakeWords("WAREHOUSE")) return AlterWarehouse(run, reader);
    if (reader.TakeWords("TABLE")) return AlterTable(run, reader);
    if (reader.TakeWords("ACCOUNT")) return AlterAccount(run, reader);
    if (reader.Peek().kind != TokenKind::kWord) return reader.Unexpected();
    return Unsupported(absl::StrCat("ALTER ", reader.Peek().text));
  };
  CDI_ASSIGN_OR_RETURN(ResultSet result, alter());
  CDI_RETURN_IF_ERROR(run.account.Save());
  return result;
}

}  // namespace cdi::snowflake_mock
