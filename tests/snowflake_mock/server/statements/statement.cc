#include "tests/snowflake_mock/server/statements/statement.h"

#include <algorithm>
#include <shared_mutex>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/cancel_calls.h"
#include "tests/snowflake_mock/server/statements/sequences.h"
#include "tests/snowflake_mock/server/statements/table_sources.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"
#include "tests/snowflake_mock/server/statements/transactions.h"

namespace cdi::snowflake_mock {
namespace {

std::string TextOrNull(const std::string& text) {
  return text.empty() ? "CAST(NULL AS VARCHAR)" : QuoteLiteral(text);
}

std::chrono::seconds StatementTimeout(Execution& run) {
  int64_t seconds = 172800;
  if (const auto found = run.session.parameters.find("STATEMENT_TIMEOUT_IN_SECONDS");
      found != run.session.parameters.end()) {
    int64_t given = 0;
    if (absl::SimpleAtoi(found->second, &given) && given > 0) seconds = given;
  }
  const std::shared_lock lock(run.account.catalog.mutex);
  const auto warehouse = run.account.catalog.warehouses.find(run.session.warehouse);
  if (warehouse != run.account.catalog.warehouses.end() && warehouse->second.statement_timeout_seconds > 0) {
    seconds = std::min(seconds, warehouse->second.statement_timeout_seconds);
  }
  return std::chrono::seconds(seconds);
}

// The roles that USE SECONDARY ROLES ALL, or the user's default, adds.
std::set<std::string> SecondaryRoles(Execution& run) {
  const std::shared_lock lock(run.account.catalog.mutex);
  const auto user = run.account.catalog.users.find(run.session.user);
  if (user == run.account.catalog.users.end()) return {};
  const std::string mode = run.session.secondary_roles.empty() ? user->second.Property("DEFAULT_SECONDARY_ROLES")
                                                               : run.session.secondary_roles;
  return mode == "ALL" ? run.account.catalog.RolesOfUser(user->second) : std::set<std::string>();
}

// CALL SYSTEM$WAIT(n [, 'SECONDS']); nullopt for anything else.
std::optional<int64_t> WaitMillis(const std::vector<Token>& tokens) {
  if (tokens.size() < 6 || !tokens[0].IsWord("CALL") || !tokens[1].IsWord("SYSTEM$WAIT") ||
      tokens[3].kind != TokenKind::kNumber) {
    return std::nullopt;
  }
  double amount = 0;
  if (!absl::SimpleAtod(tokens[3].text, &amount)) return std::nullopt;
  if (tokens[4].IsOperator(")") && tokens[5].kind == TokenKind::kEnd) return static_cast<int64_t>(amount * 1000);
  if (tokens.size() != 8 || tokens[5].kind != TokenKind::kString) return std::nullopt;
  if (tokens[5].text == "MILLISECONDS") return static_cast<int64_t>(amount);
  if (tokens[5].text == "SECONDS") return static_cast<int64_t>(amount * 1000);
  if (tokens[5].text == "MINUTES") return static_cast<int64_t>(amount * 60000);
  return std::nullopt;
}

absl::Status WaitFor(Execution& run, int64_t millis) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(millis);
  while (std::chrono::steady_clock::now() < until) {
    CDI_RETURN_IF_ERROR(run.stop.Check());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return absl::OkStatus();
}

absl::StatusOr<ResultSet> RunWait(Execution& run, int64_t millis) {
  CDI_RETURN_IF_ERROR(WaitFor(run, millis));
  return TextResult({{"SYSTEM$WAIT"}}, {{absl::StrCat("waited ", millis / 1000, " seconds")}}, kSelect);
}

absl::StatusOr<ResultSet> Route(Execution& run) {
  if (HasPipe(run.tokens)) return RunPipe(run);
  return RunRouted(run);
}

}  // namespace

absl::StatusOr<ResultSet> RunRouted(Execution& run) {
  const Token& first = run.tokens[0];
  if (const auto millis = WaitMillis(run.tokens)) return RunWait(run, *millis);
  if (IsCancelCall(run.tokens)) return RunCancelCall(run);
  if (first.IsOperator("(") || first.IsWord("SELECT") || first.IsWord("WITH") || first.IsWord("VALUES"))
    return RunQuery(run);
  if (first.IsWord("INSERT") || first.IsWord("UPDATE") || first.IsWord("DELETE")) return RunDml(run);
  if (first.IsWord("MERGE")) return RunMerge(run);
  if (run.describe_only && !first.IsWord("SHOW") && !first.IsWord("DESC") && !first.IsWord("DESCRIBE")) {
    return StatusResult("", kDdl);
  }
  for (const char* verb : {"TRUNCATE", "CREATE", "ALTER", "DROP", "UNDROP", "GRANT", "REVOKE", "COMMENT"}) {
    // DDL ends the open transaction; ALTER SESSION is none.
    if (first.IsWord(verb) && !(run.tokens.size() > 1 && run.tokens[1].IsWord("SESSION")))
      CDI_RETURN_IF_ERROR(CommitTransaction(run));
  }
  if (first.IsWord("TRUNCATE")) return RunTruncate(run);
  if (first.IsWord("CREATE")) return RunCreate(run);
  if (first.IsWord("ALTER")) return RunAlter(run);
  if (first.IsWord("DROP")) return RunDrop(run);
  if (first.IsWord("COMMENT")) return RunComment(run);
  if (first.IsWord("GRANT") || first.IsWord("REVOKE")) return RunGrant(run);
  if (first.IsWord("USE")) return RunUse(run);
  if (first.IsWord("SET") || first.IsWord("UNSET")) return RunSet(run);
  if (first.IsWord("SHOW")) return RunShow(run);
  if (first.IsWord("DESC") || first.IsWord("DESCRIBE")) return RunDescribe(run);
  for (const char* verb : {"BEGIN", "START", "COMMIT", "ROLLBACK"}) {
    if (first.IsWord(verb)) return RunTransaction(run);
  }
  for (const char* verb : {"COPY", "PUT", "GET", "CALL", "EXPLAIN", "UNDROP", "LIST", "EXECUTE", "DECLARE"}) {
    if (first.IsWord(verb)) return Unsupported(verb);
  }
  return SyntaxError(first.place, first.kind == TokenKind::kEnd ? "<EOF>" : first.text);
}

RewriteContext MakeContext(Execution& run) {
  Session& session = run.session;
  RewriteContext context{.catalog = run.account.catalog,
                         .role = session.role,
                         .database = session.database,
                         .schema = session.schema,
                         .all_privileges = session.administrator && session.role == "ACCOUNTADMIN",
                         .now_ns = run.now_ns,
                         .bindings = run.bindings,
                         .temporaries = &session.temporaries,
                         .copies = &session.copied,
                         .secondary_roles = run.secondary_roles,
                         .table_source = MakeTableSource(run),
                         .variables = &session.variables,
                         .context_functions = {},
                         .login_failure_details = {}};
  const std::string now = absl::StrCat("make_timestamp_ns(", run.now_ns, ")");
  auto& functions = context.context_functions;
  functions["CURRENT_ROLE"] = TextOrNull(session.role);
  functions["CURRENT_WAREHOUSE"] = TextOrNull(session.warehouse);
  functions["CURRENT_DATABASE"] = TextOrNull(session.database);
  functions["CURRENT_SCHEMA"] = TextOrNull(session.schema);
  functions["CURRENT_USER"] = TextOrNull(session.user);
  functions["CURRENT_ACCOUNT"] = QuoteLiteral(run.account.name());
  functions["CURRENT_ACCOUNT_NAME"] = QuoteLiteral(run.account.name());
  functions["CURRENT_REGION"] = "'SNOWFLAKE_MOCK'";
  functions["CURRENT_VERSION"] = "'9.38.1'";
  functions["CURRENT_SESSION"] = QuoteLiteral(std::to_string(session.id));
  functions["LAST_QUERY_ID"] = TextOrNull(session.last_query_id);
  functions["CURRENT_TRANSACTION"] =
      TextOrNull(session.transaction.has_value() ? std::to_string(session.transaction->id) : "");
  functions["CURRENT_TIMESTAMP"] = absl::StrCat("SF_TO_LTZ(", now, ")");
  functions["LOCALTIMESTAMP"] = functions["CURRENT_TIMESTAMP"];
  functions["GETDATE"] = functions["CURRENT_TIMESTAMP"];
  functions["SYSTIMESTAMP"] = functions["CURRENT_TIMESTAMP"];
  functions["SYSDATE"] = now;
  context.parameters = run.parameters;
  const std::string in_zone = absl::StrCat(functions["CURRENT_TIMESTAMP"], ", ", QuoteLiteral(run.Zone()));
  functions["CURRENT_DATE"] = absl::StrCat("SF_DATE(", in_zone, ")");
  functions["CURRENT_TIME"] = absl::StrCat("SF_TIME(", in_zone, ")");
  functions["LOCALTIME"] = functions["CURRENT_TIME"];
  context.describe = [&session](const std::string& sql) -> absl::StatusOr<std::vector<Column>> {
    CDI_ASSIGN_OR_RETURN(const std::vector<ResultColumn> described, session.connection->Describe(sql));
    std::vector<Column> columns;
    for (const ResultColumn& column : described) {
      Column& one = columns.emplace_back();
      one.name = DecodeName(column.name);
      one.type = column.type;
      one.nullable = column.nullable;
    }
    return columns;
  };
  context.login_failure_details = [&account = run.account](const std::string& id) {
    return account.LoginFailureDetails(id);
  };
  return context;
}

ResultSet TextResult(const TextColumns& columns, const std::vector<std::vector<std::optional<std::string>>>& rows,
                     int statement_type) {
  ResultWriter writer;
  std::vector<ResultColumn> described;
  for (const std::string& name : columns.names) described.push_back({name, SqlType::Text(), true});
  writer.SetColumns(std::move(described));
  for (const auto& row : rows) writer.AddRow(row);
  ResultSet result = writer.Finish();
  result.statement_type = statement_type;
  return result;
}

ResultSet StatusResult(const std::string& text, int statement_type) {
  return TextResult({{"status"}}, {{text}}, statement_type);
}

absl::StatusOr<int64_t> RunEngine(Execution& run, const std::string& sql) {
  auto changed = run.session.connection->Run(sql, run.stop, nullptr);
  if (!changed.ok()) return TranslateEngineError(changed.status(), run.tokens);
  return changed;
}

absl::Status UseWarehouse(Execution& run) {
  const std::unique_lock lock(run.account.catalog.mutex);
  return UseWarehouseLocked(run);
}

absl::Status UseWarehouseLocked(Execution& run) {
  if (run.session.administrator) return absl::OkStatus();
  const RewriteContext context = MakeContext(run);
  const auto found = run.account.catalog.warehouses.find(run.session.warehouse);
  if (found == run.account.catalog.warehouses.end()) return NoActiveWarehouse();
  Warehouse& warehouse = found->second;
  if (!HasPrivilege(context, "USAGE", "WAREHOUSE", DisplayName(warehouse.name))) return NoActiveWarehouse();
  if (!IsRunning(warehouse, run.now_ns)) {
    if (!warehouse.auto_resume) return NoActiveWarehouse();
    StartWarehouse(warehouse, run.now_ns);
    ++warehouse.resumes;
  }
  StartWarehouse(warehouse, run.now_ns);
  if (run.warehouse_in_use.empty()) ++warehouse.running_statements;
  run.warehouse_in_use = warehouse.name;
  warehouse.used_ns = run.now_ns;
  return absl::OkStatus();
}

void LeaveWarehouse(Execution& run) {
  if (run.warehouse_in_use.empty()) return;
  const int64_t now = run.account.Now();
  const std::unique_lock lock(run.account.catalog.mutex);
  const auto found = run.account.catalog.warehouses.find(run.warehouse_in_use);
  if (found == run.account.catalog.warehouses.end()) return;
  // One that was replaced meanwhile counts none.
  if (found->second.running_statements > 0) --found->second.running_statements;
  found->second.used_ns = std::max(found->second.used_ns, now);
}

void NoteChange(Execution& run, const ObjectName& name) {
  const int64_t now = run.account.Now();
  const std::unique_lock lock(run.account.catalog.mutex);
  const auto temporary = run.session.temporaries.find(name.Display());
  Relation* const relation =
      temporary != run.session.temporaries.end() ? &temporary->second : run.account.catalog.FindRelation(name);
  if (relation != nullptr) relation->changed_ns = now;
}

absl::StatusOr<ResultSet> RunStatement(Account& account, Session& session, const std::string& sql,
                                       const std::vector<Binding>* bindings, bool describe_only, StopSignal& stop) {
  // A name of broken bytes would end up in results that no client can parse.
  if (!IsValidUtf8(sql)) return SqlError("001003", "42000", "SQL compilation error: The statement is not valid UTF-8.");
  CDI_ASSIGN_OR_RETURN(const std::vector<std::string> statements, SplitStatements(sql));
  if (statements.empty()) return SqlError("000900", "42601", "SQL compilation error: Empty SQL statement.");
  if (statements.size() > 1) {
    return SqlError(
        "000008", "0A000",
        absl::StrCat("Actual statement count ", statements.size(), " did not match the desired statement count 1."));
  }
  CDI_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(statements[0]));
  Execution run{account, session, stop, bindings, describe_only, account.Now(), statements[0], std::move(tokens)};
  {
    const std::shared_lock lock(account.catalog.mutex);
    run.parameters = account.catalog.account_parameters;
  }
  for (const auto& [name, value] : session.parameters) run.parameters[name] = value;
  stop.SetTimeout(StatementTimeout(run));
  run.secondary_roles = SecondaryRoles(run);
  auto result = Route(run);
  LeaveWarehouse(run);
  AfterStatement(run);
  return result;
}

absl::StatusOr<ResultSet> RunScript(Account& account, Session& session, const std::string& script) {
  CDI_ASSIGN_OR_RETURN(const std::vector<std::string> statements, SplitStatements(script));
  ResultSet last = StatusResult("Statement executed successfully.");
  for (size_t i = 0; i < statements.size(); ++i) {
    StopSignal stop;
    auto result = RunStatement(account, session, statements[i], nullptr, false, stop);
    if (!result.ok()) {
      return SqlError(SqlErrorCode(result.status()), SqlErrorState(result.status()),
                      statements.size() == 1
                          ? std::string(result.status().message())
                          : absl::StrCat("statement ", i + 1, ": ", std::string(result.status().message())),
                      SqlErrorPlace(result.status()));
    }
    last = *std::move(result);
  }
  return last;
}

// ---- queries ----

namespace {

absl::StatusOr<RewrittenQuery> Compile(Execution& run, CancelCalls& cancels) {
  RewriteContext context = MakeContext(run);
  context.cancel = cancels.Hook();
  const std::shared_lock lock(run.account.catalog.mutex);
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, ReplaceNextval(run, run.tokens, context));
  return RewriteQuery(tokens, context);
}

}  // namespace

absl::StatusOr<ResultSet> RunQuery(Execution& run) {
  CancelCalls cancels(run);
  CDI_ASSIGN_OR_RETURN(RewrittenQuery query, Compile(run, cancels));
  const auto described = run.session.connection->Describe(query.sql);
  if (!described.ok()) return TranslateEngineError(described.status(), run.tokens);
  std::vector<ResultColumn> columns;
  for (const Column& column : query.columns) columns.push_back({column.name, column.type, column.nullable});
  // The wire encoder reads the engine's values by the type told: they must be of one kind.
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i >= described->size() || columns[i].type.EngineName() != (*described)[i].type.EngineName()) {
      return SqlError("000603", "XX000",
                      absl::StrCat("SQL execution internal error: column ", i + 1, " is a ",
                                   i < described->size() ? (*described)[i].type.SnowflakeName() : "nothing",
                                   ", told as ", columns[i].type.SnowflakeName()));
    }
  }
  ResultWriter writer;
  writer.SetColumns(std::move(columns));
  if (!run.describe_only) {
    if (query.needs_warehouse) CDI_RETURN_IF_ERROR(UseWarehouse(run));
    for (const auto& [place, millis] : query.waits_ms) CDI_RETURN_IF_ERROR(WaitFor(run, millis));
    if (!cancels.empty()) {
      CDI_RETURN_IF_ERROR(cancels.Perform());
      CDI_ASSIGN_OR_RETURN(query, Compile(run, cancels));
    }
    const auto done = run.session.connection->Run(query.sql, run.stop, &writer);
    if (!done.ok()) return TranslateEngineError(done.status(), run.tokens);
  }
  return writer.Finish();
}

absl::StatusOr<ResultSet> RunTruncate(Execution& run) {
  TokenReader reader(run.tokens, 1);
  reader.TakeWords("TABLE");
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  ObjectName name;
  {
    const RewriteContext context = MakeContext(run);
    const std::shared_lock lock(run.account.catalog.mutex);
    CDI_ASSIGN_OR_RETURN(name, CompleteName(parts, context));
    const auto relation = FindWithPrivilege(name, "TRUNCATE", context);
    if (!relation.ok() && if_exists && SqlErrorCode(relation.status()) == "002003")
      return StatusResult("Statement executed successfully.");
    CDI_RETURN_IF_ERROR(relation.status());
    if ((*relation)->is_view) return MissingOrImpossible();
  }
  if (name.physical.empty()) CDI_RETURN_IF_ERROR(LockTable(run, name));
  const std::lock_guard write_lock(run.account.write_mutex);
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DELETE FROM ", PhysicalName(name))).status());
  NoteChange(run, name);
  return StatusResult("Statement executed successfully.");
}

}  // namespace cdi::snowflake_mock
