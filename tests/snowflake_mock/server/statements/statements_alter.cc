// ALTER USER, WAREHOUSE, TABLE, SESSION, ACCOUNT.
#include <mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/alter.h"
#include "tests/snowflake_mock/server/statements/cancel_calls.h"
#include "tests/snowflake_mock/server/statements/statement.h"
#include "tests/snowflake_mock/server/statements/statement_options.h"
#include "tests/snowflake_mock/server/statements/transactions.h"

namespace cdi::snowflake_mock {
namespace {

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
    SettleWarehouse(warehouse, run.now_ns);
    if (warehouse.suspended)
      return SqlError("090064", "22000", absl::StrCat("Invalid state. Warehouse '", name, "' cannot be suspended."));
    SuspendWarehouse(warehouse, run.now_ns);
    return Done();
  }
  if (reader.TakeWords("RESUME")) {
    const bool if_suspended = reader.TakeWords("IF SUSPENDED");
    if (!HasPrivilege(context, "OPERATE", "WAREHOUSE", object)) return InsufficientPrivileges("warehouse", name);
    SettleWarehouse(warehouse, run.now_ns);
    if (!warehouse.suspended && !if_suspended) {
      return SqlError(
          "090063", "22000",
          absl::StrCat("Invalid state. Warehouse '", name, "' cannot be resumed because it is not suspended."));
    }
    if (warehouse.suspended) {
      ++warehouse.resumes;
      StartWarehouse(warehouse, run.now_ns);
    }
    return Done();
  }
  if (reader.TakeWords("ABORT ALL QUERIES")) {
    if (!HasPrivilege(context, "OPERATE", "WAREHOUSE", object)) return InsufficientPrivileges("warehouse", name);
    return Unsupported("ALTER WAREHOUSE … ABORT ALL QUERIES");
  }
  if (reader.TakeWords("RENAME TO")) {
    CDI_ASSIGN_OR_RETURN(const std::string new_name, reader.Name());
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    if (!IsOwner(context, warehouse.owner)) return InsufficientPrivileges("warehouse", name);
    if (run.account.catalog.warehouses.contains(new_name)) return AlreadyExists(new_name);
    auto node = run.account.catalog.warehouses.extract(found);
    node.key() = node.mapped().name = new_name;
    run.account.catalog.warehouses.insert(std::move(node));
    for (Grant& grant : run.account.catalog.grants) {
      if (grant.kind == "WAREHOUSE" && grant.object == object) grant.object = DisplayName(new_name);
    }
    if (run.session.warehouse == name) run.session.warehouse = new_name;
    return Done();
  }
  CDI_RETURN_IF_ERROR(reader.ExpectWords("SET"));
  if (!HasPrivilege(context, "MODIFY", "WAREHOUSE", object)) return InsufficientPrivileges("warehouse", name);
  Warehouse changed = warehouse;
  CDI_RETURN_IF_ERROR(ApplyWarehouseOptions(reader, changed));
  warehouse = changed;
  return Done();
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

// The user that an ALTER USER has left disabled: Snowflake aborts what such a user runs. Empty: none.
std::string DisabledUser(Execution& run) {
  TokenReader reader(run.tokens, 1);
  if (!reader.TakeWords("USER")) return "";
  reader.TakeWords("IF EXISTS");
  const auto name = reader.Name();
  if (!name.ok()) return "";
  const auto user = run.account.catalog.users.find(*name);
  return user != run.account.catalog.users.end() && user->second.disabled ? *name : "";
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
  if (reader.Peek().IsWord("TABLE")) {
    TokenReader name_reader(run.tokens, 2);
    name_reader.TakeWords("IF EXISTS");
    CDI_ASSIGN_OR_RETURN(const auto parts, name_reader.DottedName());
    CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, MakeContext(run)));
    if (name.physical.empty()) CDI_RETURN_IF_ERROR(LockTable(run, name));
  }
  const auto alter = [&]() -> absl::StatusOr<ResultSet> {
    if (reader.TakeWords("USER")) return AlterUser(run, reader);
    if (reader.TakeWords("WAREHOUSE")) return AlterWarehouse(run, reader);
    if (reader.TakeWords("TABLE")) return AlterTable(run, reader);
    if (reader.TakeWords("VIEW")) return AlterView(run, reader);
    if (reader.TakeWords("SCHEMA")) return AlterSchema(run, reader);
    if (reader.TakeWords("DATABASE")) return AlterDatabase(run, reader);
    if (reader.TakeWords("SEQUENCE")) return Unsupported("ALTER SEQUENCE");
    if (reader.TakeWords("ACCOUNT")) return AlterAccount(run, reader);
    if (reader.Peek().kind != TokenKind::kWord) return reader.Unexpected();
    return Unsupported(absl::StrCat("ALTER ", reader.Peek().text));
  };
  std::unique_lock write_lock(run.account.write_mutex);
  std::unique_lock lock(run.account.catalog.mutex);
  CDI_ASSIGN_OR_RETURN(ResultSet result, alter());
  CDI_RETURN_IF_ERROR(run.account.Save());
  const std::string disabled = DisabledUser(run);
  lock.unlock();
  write_lock.unlock();
  if (!disabled.empty()) CancelStatementsOf(run, disabled);
  return result;
}

}  // namespace cdi::snowflake_mock
