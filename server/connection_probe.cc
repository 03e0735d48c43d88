#include "server/connection_probe.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace cdi::server {
namespace {

// Which step of the list an error of the context check belongs to.
std::string_view CheckOfReason(const std::string& reason) {
  if (reason == "ROLE_MISSING") return "role";
  if (reason == "WAREHOUSE_MISSING" || reason == "WAREHOUSE_SUSPENDED") return "warehouse";
  if (reason == "DATABASE_MISSING") return "database";
  if (reason == "SCHEMA_MISSING") return "schema";
  return "table";
}

// What of database and schema is to be proved beside the login. Every database has an information schema: it proves the
// database where no schema is named.
absl::StatusOr<std::optional<warehouse::SchemaName>> SchemaOf(const ProbeRequest& request,
                                                              warehouse::CaseFolding folding) {
  if (request.database.empty()) return std::nullopt;
  CDI_ASSIGN_OR_RETURN(warehouse::Identifier database,
                       warehouse::Identifier::Parse(request.database, folding, "database"));
  const std::string schema_text = request.schema.empty() ? "information_schema" : request.schema;
  CDI_ASSIGN_OR_RETURN(warehouse::Identifier schema, warehouse::Identifier::Parse(schema_text, folding, "schema"));
  return warehouse::SchemaName{std::move(database), std::move(schema)};
}

}  // namespace

v1::CheckResult Passed(std::string_view check, std::string_view message) {
  v1::CheckResult result;
  result.set_check(std::string(check));
  result.set_passed(true);
  result.set_message(std::string(message));
  return result;
}

v1::CheckResult Failed(std::string_view check, const absl::Status& status) {
  v1::CheckResult result;
  result.set_check(std::string(check));
  result.set_message(std::string(status.message()));
  std::string reason = ErrorReason(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  result.set_reason(reason);
  return result;
}

ProbeResult Probe(warehouse::Warehouse& target, const ProbeRequest& request) {
  ProbeResult result;
  warehouse::SessionRequest login;
  login.query_tag = "cdi test";
  login.role = request.role;
  login.warehouse = request.warehouse;
  login.statement_timeout = std::chrono::seconds{25};
  login.login_timeout = std::chrono::seconds{15};
  auto session = target.Connect(login, {});
  if (!session.ok()) {
    result.checks.push_back(Failed("login", session.status()));
    return result;
  }
  result.session = *std::move(session);
  if (!request.table.empty()) {
    auto table = warehouse::ParseTableName(request.database, request.schema, request.table, target.folding());
    if (!table.ok()) {
      result.checks.push_back(Failed("table", table.status()));
      return result;
    }
    result.table = *std::move(table);
  }
  const auto where = SchemaOf(request, target.folding());
  if (!where.ok()) {
    result.checks.push_back(Failed("database", where.status()));
    return result;
  }
  auto facts = result.session->CheckContext(*where);
  if (!facts.ok() && request.schema.empty() && ErrorReason(facts.status()) == "SCHEMA_MISSING") {
    // The database answered: only the schema that stood in for none is not visible.
    facts = result.session->CheckContext(std::nullopt);
  }
  result.checks.push_back(Passed("login", "the login succeeded"));
  if (!facts.ok()) {
    result.checks.push_back(Failed(CheckOfReason(ErrorReason(facts.status())), facts.status()));
    return result;
  }
  result.facts = *std::move(facts);
  if (!result.facts.role.empty()) result.checks.push_back(Passed("role", absl::StrCat("role ", result.facts.role)));
  if (!result.facts.warehouse.empty()) {
    result.checks.push_back(Passed("warehouse", absl::StrCat("warehouse ", result.facts.warehouse)));
  }
  if (!request.database.empty()) {
    result.checks.push_back(Passed("database", absl::StrCat("database ", request.database)));
    if (!request.schema.empty()) result.checks.push_back(Passed("schema", absl::StrCat("schema ", request.schema)));
  }
  if (result.table) {
    auto columns = result.session->Describe(*result.table);
    if (!columns.ok()) {
      result.checks.push_back(Failed(CheckOfReason(ErrorReason(columns.status())), columns.status()));
      return result;
    }
    result.columns = *std::move(columns);
    result.checks.push_back(
        Passed("table", absl::StrCat(result.table->ToString(), " has ", result.columns.size(), " columns")));
  }
  if (request.check_columns) {
    auto source = warehouse::CheckContract(result.columns, request.cursor_column, request.kind);
    if (!source.ok()) {
      result.checks.push_back(Failed("columns", source.status()));
      return result;
    }
    result.source = *std::move(source);
    result.checks.push_back(Passed("columns", "every column that the sync needs is there"));
  }
  result.passed = true;
  return result;
}

}  // namespace cdi::server
