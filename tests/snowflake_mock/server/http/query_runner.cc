// One job from request to result: parameters of the request, faults, several statements, array bindings, the record.
#include <algorithm>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/account/session_parameters.h"
#include "tests/snowflake_mock/server/http/query_jobs.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int kMultiStatement = 0xA000;
constexpr size_t kQueryIdsMax = 1000;
constexpr size_t kFoldedBindsMax = 4000;  // of one engine statement made of many executions

// "CREATE_TABLE" of "create table …": what QUERY_HISTORY calls the type.
std::string StatementWord(const std::string& sql) {
  const auto tokens = Tokenize(sql.substr(0, 4096));
  if (!tokens.ok()) return "UNKNOWN";
  const auto word = [&](size_t i) { return i < tokens->size() && (*tokens)[i].kind == TokenKind::kWord; };
  size_t i = 0;
  while (i < tokens->size() && (*tokens)[i].IsOperator("(")) ++i;
  if (!word(i)) return "UNKNOWN";
  std::string verb = (*tokens)[i].text;
  if (verb == "WITH") return "SELECT";
  if (verb == "START") return "BEGIN_TRANSACTION";
  if (verb == "BEGIN") return "BEGIN_TRANSACTION";
  if (verb == "DESC") return "DESCRIBE";
  if (verb != "CREATE" && verb != "ALTER" && verb != "DROP" && verb != "TRUNCATE") return verb;
  for (size_t k = i + 1; word(k); ++k) {
    const std::string& next = (*tokens)[k].text;
    if (next == "OR" || next == "REPLACE" || next == "TRANSIENT" || next == "TEMPORARY" || next == "TEMP") continue;
    return verb + "_" + next;
  }
  return verb;
}

// The places for values in a text: how many ?, and the highest n of :n.
struct BindPlaces {
  size_t unnumbered = 0;
  size_t numbered_max = 0;

  size_t values() const { return std::max(unnumbered, numbered_max); }  // both count the same list
};

BindPlaces FindBindPlaces(const std::string& sql) {
  BindPlaces places;
  const auto tokens = Tokenize(sql);
  if (!tokens.ok()) return places;
  for (const Token& token : *tokens) {
    if (token.kind != TokenKind::kParameter) continue;
    if (token.text == "?") ++places.unnumbered;
    if (token.text != "?") places.numbered_max = std::max(places.numbered_max, token.index + 1);
  }
  return places;
}

std::string ParameterOf(const Session& session, const std::string& name) {
  const auto found = session.parameters.find(name);
  return found == session.parameters.end() ? std::string() : found->second;
}

// The request's parameters on top of the session's while one statement runs. What the statement itself sets stays.
class ParameterOverlay {
 public:
  ParameterOverlay(Session& session, const std::map<std::string, std::string>& parameters) : session_(session) {
    for (const auto& [name, value] : parameters) {
      if (!IsSessionParameter(name)) continue;
      Saved saved{value, std::nullopt};
      if (const auto found = session.parameters.find(name); found != session.parameters.end())
        saved.before = found->second;
      saved_[name] = std::move(saved);
      session.parameters[name] = value;
    }
  }
  ~ParameterOverlay() {
    for (const auto& [name, saved] : saved_) {
      const auto found = session_.parameters.find(name);
      if (found == session_.parameters.end() || found->second != saved.overlay) continue;
      if (saved.before.has_value()) {
        found->second = *saved.before;
      } else {
        session_.parameters.erase(found);
      }
    }
  }
  ParameterOverlay(const ParameterOverlay&) = delete;
  ParameterOverlay& operator=(const ParameterOverlay&) = delete;

 private:
  struct Saved {
    std::string overlay;
    std::optional<std::string> before;
  };
  Session& session_;
  std::map<std::string, Saved> saved_;
};

// ---- array bindings ----

// `INSERT … VALUES (?, ?)`: where the one group stands, so that many executions become one statement.
struct ValuesGroup {
  std::string before;         // up to and with VALUES
  std::string group;          // "(?, ?)"
  std::vector<Token> places;  // the ? and :1 in it; offsets are those of the group
};

ValuesGroup CutValuesGroup(const std::string& sql, const std::vector<Token>& tokens, size_t open, size_t close) {
  const size_t begin = tokens[open].begin;
  ValuesGroup cut{sql.substr(0, begin), sql.substr(begin, tokens[close].end - begin), {}};
  for (size_t i = open; i < close; ++i) {
    if (tokens[i].kind != TokenKind::kParameter) continue;
    cut.places.push_back(tokens[i]);
    cut.places.back().begin -= begin;
    cut.places.back().end -= begin;
  }
  return cut;
}

// The group with its places numbered for execution `row` of those that are folded, each of `width` values.
std::string GroupOfRow(const ValuesGroup& values, size_t row, size_t width) {
  std::string text;
  size_t done = 0;
  for (const Token& place : values.places) {
    absl::StrAppend(&text, values.group.substr(done, place.begin - done), ":", row * width + place.index + 1);
    done = place.end;
  }
  return text + values.group.substr(done);
}

std::optional<ValuesGroup> FindValuesGroup(const std::string& sql) {
  const auto tokens = Tokenize(sql);
  if (!tokens.ok() || tokens->size() < 4 || !(*tokens)[0].IsWord("INSERT")) return std::nullopt;
  int depth = 0;
  for (size_t i = 1; i + 1 < tokens->size(); ++i) {
    const Token& token = (*tokens)[i];
    if (token.IsOperator("(")) ++depth;
    if (token.IsOperator(")")) --depth;
    if (depth > 0 || !token.IsWord("VALUES") || !(*tokens)[i + 1].IsOperator("(")) continue;
    size_t last = i + 1;
    int inner = 0;
    for (; last + 1 < tokens->size(); ++last) {
      if ((*tokens)[last].IsOperator("(")) ++inner;
      if ((*tokens)[last].IsOperator(")") && --inner == 0) break;
    }
    if ((*tokens)[last + 1].kind != TokenKind::kEnd || inner != 0) return std::nullopt;
    return CutValuesGroup(sql, *tokens, i + 1, last);
  }
  return std::nullopt;
}

// The counts of all executions as one result.
ResultSet SumOfCounts(const ResultSet& last, const RowCounts& counts) {
  ResultWriter writer;
  writer.SetColumns(last.columns);
  const int64_t total = counts.inserted + counts.updated + counts.deleted;
  std::vector<std::optional<std::string>> cells(last.columns.size(), "0");
  if (!cells.empty()) cells[0] = std::to_string(total);
  if (!cells.empty()) writer.AddRow(cells);
  ResultSet sum = writer.Finish();
  sum.statement_type = last.statement_type;
  sum.row_counts = counts;
  return sum;
}

absl::StatusOr<ResultSet> RunBatches(Account& account, Session& session, QueryJob& job) {
  const std::string& sql = job.request.sql;
  const auto& rows = job.request.binding_rows;
  const std::optional<ValuesGroup> values = FindValuesGroup(sql);
  const size_t width = std::max<size_t>(1, rows.empty() ? 1 : rows[0].size());
  // A place without a value must not take one of the next row.
  const bool folds = values.has_value() && std::all_of(values->places.begin(), values->places.end(),
                                                       [&](const Token& place) { return place.index < width; });
  const size_t step = folds ? std::max<size_t>(1, kFoldedBindsMax / width) : 1;
  RowCounts counts;
  std::optional<ResultSet> last;
  for (size_t begin = 0; begin < rows.size(); begin += step) {
    const size_t end = std::min(rows.size(), begin + step);
    std::string text = sql;
    std::vector<Binding> bindings = rows[begin];
    for (size_t row = begin + 1; row < end; ++row) {
      if (row == begin + 1) text = values->before + GroupOfRow(*values, 0, width);
      text += ",";
      text += GroupOfRow(*values, row - begin, width);
      bindings.insert(bindings.end(), rows[row].begin(), rows[row].end());
    }
    CDI_ASSIGN_OR_RETURN(ResultSet result, RunStatement(account, session, text, &bindings, false, job.stop));
    if (result.row_counts.has_value()) {
      counts.inserted += result.row_counts->inserted;
      counts.updated += result.row_counts->updated;
      counts.deleted += result.row_counts->deleted;
    }
    last = std::move(result);
  }
  if (!last.has_value()) return StatusResult("Statement executed successfully.");
  return SumOfCounts(*last, counts);
}

// All executions or none.
absl::StatusOr<ResultSet> RunArrayBound(Account& account, Session& session, QueryJob& job) {
  const std::string verb = StatementWord(job.request.sql);
  if (verb != "INSERT" && verb != "UPDATE" && verb != "DELETE" && verb != "MERGE") {
    return SqlError("002049", "42601", "SQL compilation error:\nBind variable ? not set.");
  }
  for (const Binding& binding :
       job.request.binding_rows.empty() ? std::vector<Binding>() : job.request.binding_rows[0]) {
    const std::string type = absl::AsciiStrToUpper(binding.type);
    // github.com/snowflakedb/snowflake-connector-nodejs/issues/237, read 2026-11
    if (type == "VARIANT" || type == "OBJECT" || type == "ARRAY")
      return SqlError("002040", "42601", absl::StrCat("SQL compilation error:\nUnsupported data type '", type, "'."));
  }
  if (job.request.binding_rows.size() == 1)
    return RunStatement(account, session, job.request.sql, job.request.binding_rows.data(), false, job.stop);
  // With AUTOCOMMIT off the statement begins the session's own transaction, which is not ours to end.
  const bool own_transaction = !session.transaction.has_value() && ParameterOf(session, "AUTOCOMMIT") != "false";
  if (own_transaction) {
    CDI_RETURN_IF_ERROR(RunStatement(account, session, "BEGIN", nullptr, false, job.stop).status());
  }
  auto result = RunBatches(account, session, job);
  if (!own_transaction) return result;
  StopSignal never;
  const auto ended = RunStatement(account, session, result.ok() ? "COMMIT" : "ROLLBACK", nullptr, false, never);
  if (result.ok() && !ended.ok()) return ended.status();
  return result;
}

// ---- one statement, or several ----

absl::StatusOr<ResultSet> RunOne(Account& account, Session& session, QueryJob& job) {
  const QueryRequest& request = job.request;
  if (request.array_bound && !request.describe_only) return RunArrayBound(account, session, job);
  // A description may leave bind variables open, an execution may not.
  static const std::vector<Binding> none;
  const std::vector<Binding>* bindings = request.binding_rows.empty() ? &none : request.binding_rows.data();
  if (request.describe_only && request.binding_rows.empty()) bindings = nullptr;
  return RunStatement(account, session, request.sql, bindings, request.describe_only, job.stop);
}

// How many statements the request says it holds; 0: any number.
int64_t WantedStatements(const Session& session) {
  int64_t wanted = 1;
  if (!absl::SimpleAtoi(ParameterOf(session, "MULTI_STATEMENT_COUNT"), &wanted)) return 1;
  return wanted;
}

void NoteFinished(Session& session, const std::string& query_id) {
  session.last_query_id = query_id;
  session.query_ids.push_back(query_id);
  if (session.query_ids.size() > kQueryIdsMax) session.query_ids.pop_front();
}

void CopyContext(const Session& session, QueryJob& job) {
  job.role = session.role;
  job.warehouse = session.warehouse;
  job.database = session.database;
  job.schema = session.schema;
  job.parameters = session.parameters;
  job.tag = ParameterOf(session, "QUERY_TAG");
}

void RecordEnd(Account& account, const QueryJob& job, absl::StatusOr<ResultSet>& result) {
  std::shared_ptr<const ResultSet> shared;
  if (result.ok()) shared = std::make_shared<const ResultSet>(*std::move(result));
  account.history.Update(job.query_id, [&](QueryRecord& record) {
    record.role = job.role;
    record.warehouse = job.warehouse;
    record.database = job.database;
    record.schema = job.schema;
    record.tag = job.tag;
    record.ended_ns = job.ended_ns;
    if (shared != nullptr) {
      record.status = "SUCCESS";
      record.statement_type = shared->statement_type;
      record.rows = shared->row_count;
      record.bytes = static_cast<int64_t>(shared->inline_rows.size());
      for (const ResultChunk& chunk : shared->chunks) record.bytes += static_cast<int64_t>(chunk.uncompressed_bytes);
      if (shared->row_counts.has_value()) {
        record.rows = shared->row_counts->inserted + shared->row_counts->updated + shared->row_counts->deleted;
      }
      record.result = shared;
      return;
    }
    record.code = SqlErrorCode(result.status());
    record.sqlstate = SqlErrorState(result.status());
    record.message = std::string(result.status().message());
    record.status = record.code == "000604"   ? "ABORTED"
                    : record.code == "000603" ? "FAILED_WITH_INCIDENT"
                                              : "FAILED_WITH_ERROR";
  });
  ++account.counters.statements;
  if (shared != nullptr) {
    account.counters.rows_out += shared->row_count;
  } else {
    ++account.counters.statements_failed;
  }
}

// Part `index` of a multi-statement request: a job and a record of its own. Its status.
absl::Status RunPart(Account& account, Session& session, QueryJobs& jobs, QueryJob& parent, const std::string& sql,
                     size_t& bind_offset) {
  auto part = std::make_shared<QueryJob>();
  part->query_id = NewQueryId();
  part->session_id = parent.session_id;
  part->user = parent.user;
  part->text = sql.substr(0, 100'000);
  QueryRecord record;
  record.id = part->query_id;
  record.parent_id = parent.query_id;
  record.text = part->text;
  record.type = StatementWord(sql);
  record.status = "RUNNING";
  record.user = session.user;
  record.client = session.client;
  record.session_id = session.id;
  record.queued_ns = record.started_ns = account.Now();
  account.history.Add(std::move(record));
  const std::vector<Binding> all =
      parent.request.binding_rows.empty() ? std::vector<Binding>() : parent.request.binding_rows[0];
  // Each ? takes the next value of the request, a :1 its first in every statement.
  const BindPlaces places = FindBindPlaces(sql);
  const size_t binds = std::min(places.unnumbered, all.size() - std::min(all.size(), bind_offset));
  std::vector<Binding> mine = all;
  if (places.numbered_max == 0)
    mine.assign(all.begin() + static_cast<std::ptrdiff_t>(bind_offset),
                all.begin() + static_cast<std::ptrdiff_t>(bind_offset + binds));
  bind_offset += binds;
  session.current_query_id = part->query_id;
  auto result = RunStatement(account, session, sql, &mine, false, parent.stop);
  NoteFinished(session, part->query_id);
  CopyContext(session, *part);
  part->binds = std::min(places.values(), mine.size());
  part->ended_ns = account.Now();
  part->done = true;
  part->error = result.status();
  const int type = result.ok() ? result->statement_type : 0;
  RecordEnd(account, *part, result);
  jobs.AddFinished(part);
  {
    const std::lock_guard lock(parent.mutex);
    parent.children.emplace_back(part->query_id, type);
  }
  return part->error;
}

absl::StatusOr<ResultSet> RunStatements(Account& account, Session& session, QueryJobs& jobs, QueryJob& job) {
  const int64_t wanted = WantedStatements(session);
  if (wanted == 1 || job.request.describe_only) return RunOne(account, session, job);
  CDI_ASSIGN_OR_RETURN(const std::vector<std::string> statements, SplitStatements(job.request.sql));
  if (wanted > 0 && statements.size() != static_cast<size_t>(wanted)) {
    return SqlError("000008", "0A000",
                    absl::StrCat("Actual statement count ", statements.size(),
                                 " did not match the desired statement count ", wanted, "."));
  }
  if (statements.size() <= 1) return RunOne(account, session, job);
  size_t bind_offset = 0;
  for (const std::string& sql : statements) {
    CDI_RETURN_IF_ERROR(RunPart(account, session, jobs, job, sql, bind_offset));
  }
  TextColumns columns;
  columns.names = {"multiple statement execution"};
  return TextResult(columns, {{"Multiple statements executed successfully."}}, kMultiStatement);
}

// ---- faults of the running statement ----

// Delays are waited for; an error is returned.
absl::Status StrikeFaults(Account& account, FaultBook& faults, QueryJob& job, bool after) {
  FaultTarget target{.route = "query",
                     .after = after,
                     .running = true,
                     .user = job.user,
                     .session_id = job.session_id,
                     .tag = job.tag,
                     .sql = job.text,
                     .request_id = job.request_id};
  for (const Fault& fault : faults.Take(target)) {
    if (fault.kind == Fault::Kind::kError) return SqlError(fault.code, fault.sqlstate, fault.message);
    const std::string state = fault.state.empty() ? "RUNNING" : fault.state;
    account.history.Update(job.query_id, [&](QueryRecord& record) {
      if (record.status != "ABORTING") record.status = state;
    });
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(fault.milliseconds) +
                       std::chrono::seconds(fault.seconds);
    while (std::chrono::steady_clock::now() < until) {
      CDI_RETURN_IF_ERROR(job.stop.Check());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    account.history.Update(job.query_id, [&](QueryRecord& record) {
      if (record.status == state) record.status = "RUNNING";
    });
  }
  return absl::OkStatus();
}

absl::StatusOr<ResultSet> RunWithFaults(Account& account, Session& session, FaultBook& faults, QueryJobs& jobs,
                                        QueryJob& job) {
  if (job.stop.canceled()) return StatementCanceled();
  for (const auto& [name, value] : job.request.parameters) {
    if (IsSessionParameter(name)) CDI_RETURN_IF_ERROR(CheckSessionParameter(name, value));
  }
  CDI_RETURN_IF_ERROR(StrikeFaults(account, faults, job, /*after=*/false));
  auto result = RunStatements(account, session, jobs, job);
  CDI_RETURN_IF_ERROR(StrikeFaults(account, faults, job, /*after=*/true));
  return result;
}

void Finish(Account& account, QueryJob& job, absl::StatusOr<ResultSet> result) {
  {
    const std::lock_guard lock(job.mutex);
    job.ended_ns = account.Now();
    job.error = result.status();
    RecordEnd(account, job, result);
    job.request = {};
    job.session.reset();
    job.done = true;
  }
  job.changed.notify_all();
}

}  // namespace

bool LeavesSessionAlone(const std::string& sql) {
  const std::string word = StatementWord(sql);
  for (const char* verb : {"SELECT", "VALUES", "SHOW", "DESCRIBE", "CALL"}) {
    if (word == verb) return true;
  }
  return false;
}

void FinishCanceled(Account& account, QueryJob& job) {
  Finish(account, job, StatementCanceled());
}

void RunJob(Account& account, FaultBook& faults, QueryJobs& jobs, QueryJob& job) {
  const std::shared_ptr<Session> keep = job.session;
  Session& session = *keep;
  const std::lock_guard statement_lock(session.statement_mutex);
  std::optional<ParameterOverlay> overlay(std::in_place, session, job.request.parameters);
  {
    const std::lock_guard lock(job.mutex);
    CopyContext(session, job);
    job.abort_detached = absl::AsciiStrToLower(ParameterOf(session, "ABORT_DETACHED_QUERY")) == "true";
    job.binds = job.request.binding_rows.empty() ? 0 : job.request.binding_rows[0].size();
    if (job.request.describe_only) {
      job.binds = FindBindPlaces(job.request.sql).values();
      job.array_bind_supported = job.binds > 0 && StatementWord(job.request.sql) == "INSERT";
    }
  }
  account.history.Update(job.query_id, [&](QueryRecord& record) {
    if (record.status != "ABORTING") record.status = "RUNNING";
    record.started_ns = account.Now();
    record.type = StatementWord(job.request.sql);
    record.role = session.role;
    record.warehouse = session.warehouse;
    record.database = session.database;
    record.schema = session.schema;
    record.tag = job.tag;
  });
  session.current_query_id = job.query_id;
  auto result = RunWithFaults(account, session, faults, jobs, job);
  if (!job.describe_only) NoteFinished(session, job.query_id);
  // Replies echo what the statement ran with, its own parameters included.
  {
    const std::lock_guard lock(job.mutex);
    const std::string tag = job.tag;
    CopyContext(session, job);
    job.tag = tag.empty() ? job.tag : tag;  // of this statement, not of the session behind it
  }
  overlay.reset();
  const std::string wish = ParameterOf(session, "MOCK_FAULT");
  if (result.ok() && StatementWord(job.text) == "ALTER_SESSION" &&
      absl::StrContains(absl::AsciiStrToUpper(job.text), "MOCK_FAULT")) {
    if (const absl::Status set = faults.SetForSession(session.id, wish); !set.ok())
      result = SqlError("001008", "22023", absl::StrCat("MOCK_FAULT: ", std::string(set.message())));
  }
  account.KeepContext(session);
  Finish(account, job, std::move(result));
}

}  // namespace cdi::snowflake_mock
