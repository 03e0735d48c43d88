#include "tests/snowflake_mock/odbc/statement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/sql_text.h"

namespace cdi::sfodbc {

// While it lives, Cancel has something to cancel.
class Statement::Busy {
 public:
  Busy(Statement& statement, std::string request_id) : statement_(statement) {
    const std::lock_guard lock(statement_.flight_mutex_);
    statement_.cancel_.Reset();
    statement_.busy_ = true;
    statement_.flying_request_id_ = std::move(request_id);
  }
  ~Busy() {
    const std::lock_guard lock(statement_.flight_mutex_);
    statement_.busy_ = false;
    statement_.flying_request_id_.clear();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  Statement& statement_;
};

TimePoint Statement::Deadline() const {
  return options.query_timeout.count() > 0 ? std::chrono::steady_clock::now() + options.query_timeout : kNoDeadline;
}

void Statement::Prepare(std::string text) {
  CloseCursor();
  prepared_columns_.reset();
  sql = std::move(text);
  marker_count = CountParameterMarkers(sql);
}

absl::StatusOr<Reply> Statement::Run(const QueryRequest& request) {
  Session* const session = connection.session();
  if (session == nullptr) return OdbcError("08003", 0, "the connection is closed");
  const Busy busy(*this, request.request_id);
  return session->Run(request, cancel_, Deadline());
}

absl::Status Statement::Execute() {
  CloseCursor();
  CDI_ASSIGN_OR_RETURN(std::string bindings_json, MakeBindings(parameters, marker_count));
  CDI_ASSIGN_OR_RETURN(Reply reply, Run({.sql = sql,
                                         .bindings = std::move(bindings_json),
                                         .multi_statement_count = options.multi_statement_count,
                                         .request_id = Session::NewRequestId()}));
  const std::string more(reply.Field("resultIds"));
  if (!more.empty()) {
    for (const auto id : absl::StrSplit(more, ',', absl::SkipEmpty())) more_results_.emplace_back(id.data(), id.size());
    const std::string first = more_results_.front();
    more_results_.pop_front();
    const Busy busy(*this, "");
    CDI_ASSIGN_OR_RETURN(reply, connection.session()->FetchResult(first, cancel_, Deadline()));
  }
  TakeReply(std::move(reply));
  return absl::OkStatus();
}

void Statement::TakeReply(Reply reply) {
  last_query_id = reply.Field("queryId");
  if (const auto zone = reply.parameters.find("TIMEZONE"); zone != reply.parameters.end()) {
    if (!absl::LoadTimeZone(zone->second, &context_.session_zone)) context_.session_zone = absl::UTCTimeZone();
  }
  context_.personality = connection.session()->settings().personality;
  ShowResult(std::make_unique<Result>(std::move(reply), *connection.session()));
}

void Statement::ShowResult(std::unique_ptr<Result> result) {
  result_ = std::move(result);
  parts_.Reset();
  on_row_ = false;
  rows_seen_ = 0;
}

absl::StatusOr<std::unique_ptr<Result>> Statement::RunForDriver(const std::string& text) {
  CDI_ASSIGN_OR_RETURN(Reply reply, Run({.sql = text, .bindings = "", .request_id = Session::NewRequestId()}));
  return std::make_unique<Result>(std::move(reply), *connection.session());
}

absl::StatusOr<bool> Statement::AdvanceForDriver(Result& result) {
  const Busy busy(*this, "");
  return result.Advance(cancel_, Deadline());
}

absl::StatusOr<const std::vector<Column>*> Statement::Columns() {
  if (result_ != nullptr) return &result_->columns();
  if (sql.empty()) return OdbcError("HY010", 0, "nothing was prepared or executed");
  if (prepared_columns_ == nullptr) {
    CDI_ASSIGN_OR_RETURN(
        Reply reply, Run({.sql = sql, .bindings = "", .describe_only = true, .request_id = Session::NewRequestId()}));
    const Result described(std::move(reply), *connection.session());
    prepared_columns_ = std::make_unique<std::vector<Column>>(described.columns());
  }
  return prepared_columns_.get();
}

SQLRETURN Statement::MoreResults() {
  CloseCursor();
  if (more_results_.empty()) return SQL_NO_DATA;
  const std::string next = more_results_.front();
  more_results_.pop_front();
  absl::StatusOr<Reply> reply = [&] {
    const Busy busy(*this, "");
    return connection.session()->FetchResult(next, cancel_, Deadline());
  }();
  if (!reply.ok()) return Fail(reply.status());
  TakeReply(*std::move(reply));
  return SQL_SUCCESS;
}

void Statement::CloseCursor() {
  result_.reset();
  on_row_ = false;
}

SQLRETURN Statement::Cancel() {
  std::string request_id;
  {
    const std::lock_guard lock(flight_mutex_);
    if (!busy_) return SQL_SUCCESS;
    cancel_.Cancel();
    request_id = flying_request_id_;
  }
  // The statement's thread reports what came of it; when this request comes too early for the server, it repeats it.
  if (!request_id.empty()) connection.session()->Abort(request_id, "");
  return SQL_SUCCESS;
}

std::vector<Statement::PlannedColumn> Statement::PlanFetch() const {
  std::vector<PlannedColumn> plan;
  const std::vector<Column>& columns = result_->columns();
  for (size_t i = 0; i < std::min(bindings.size(), columns.size()); ++i) {
    if (!bindings[i].is_bound()) continue;
    const size_t fixed = FixedSizeOf(ResolveCType(bindings[i].c_type, columns[i]));
    plan.push_back({&bindings[i], &columns[i], i, fixed > 0 ? fixed : static_cast<size_t>(bindings[i].capacity)});
  }
  return plan;
}

SQLUSMALLINT Statement::ConvertRow(const std::vector<PlannedColumn>& plan, SQLULEN row) {
  const size_t offset = options.row_bind_offset == nullptr ? 0 : *options.row_bind_offset;
  const bool by_column = options.row_bind_type == SQL_BIND_BY_COLUMN;
  SQLUSMALLINT status = SQL_ROW_SUCCESS;
  for (const PlannedColumn& planned : plan) {
    const ColumnBinding& binding = *planned.binding;
    Target target{.c_type = binding.c_type, .capacity = binding.capacity};
    const size_t data_step = by_column ? planned.stride : options.row_bind_type;
    const size_t length_step = by_column ? sizeof(SQLLEN) : options.row_bind_type;
    if (binding.data != nullptr) target.data = static_cast<char*>(binding.data) + offset + row * data_step;
    if (binding.length != nullptr) {
      void* const length = static_cast<char*>(static_cast<void*>(binding.length)) + offset + row * length_step;
      target.length = target.indicator = static_cast<SQLLEN*>(length);
    }
    const Conversion outcome = ConvertCell(result_->row()[planned.index], *planned.column, context_, target);
    if (outcome == Conversion::kDone) [[likely]]
      continue;
    if (IsError(outcome)) status = SQL_ROW_ERROR;
    if (status == SQL_ROW_SUCCESS) status = SQL_ROW_SUCCESS_WITH_INFO;
    diagnostics.Add({std::string(StateOf(outcome)), 0,
                     absl::StrCat(std::string(kMessagePrefix), std::string(MessageOf(outcome))),
                     static_cast<SQLLEN>(row) + 1, static_cast<SQLINTEGER>(planned.index) + 1});
  }
  return status;
}

SQLRETURN Statement::Fetch() {
  if (!has_rows()) return Fail("24000", "there are no rows to fetch");
  const Busy busy(*this, "");
  const TimePoint deadline = Deadline();
  const std::vector<PlannedColumn> plan = PlanFetch();
  parts_.Reset();
  on_row_ = false;
  SQLULEN count = 0;
  SQLULEN failed = 0;
  bool informed = false;
  absl::Status broken;
  for (; count < options.row_array_size; ++count) {
    if (options.max_rows > 0 && rows_seen_ >= options.max_rows) break;
    const absl::StatusOr<bool> advanced = cancel_.cancelled()
                                              ? ServerError("HY008", kNativeCancelled, "SQL execution canceled")
                                              : result_->Advance(cancel_, deadline);
    if (!advanced.ok()) broken = advanced.status();
    if (!advanced.ok() || !*advanced) break;
    ++rows_seen_;
    const SQLUSMALLINT status = ConvertRow(plan, count);
    if (options.row_status != nullptr) options.row_status[count] = status;
    if (status == SQL_ROW_ERROR) ++failed;
    if (status != SQL_ROW_SUCCESS) informed = true;
  }
  if (options.rows_fetched != nullptr) *options.rows_fetched = count;
  if (options.row_status != nullptr) {
    std::fill(options.row_status + count, options.row_status + options.row_array_size,
              static_cast<SQLUSMALLINT>(SQL_ROW_NOROW));
  }
  if (!broken.ok()) return Fail(broken);
  if (count == 0) return SQL_NO_DATA;
  on_row_ = true;
  if (failed == count) return SQL_ERROR;
  return informed ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

SQLRETURN Statement::GetData(SQLUSMALLINT column, const Target& target) {
  if (!has_rows() || !on_row_) return Fail("24000", "there is no current row; fetch one first");
  if (options.row_array_size > 1)
    return Fail("HY109", "SQLGetData works with a row array size of 1 only; bind the column");
  const std::vector<Column>& columns = result_->columns();
  if (column == 0 || column > columns.size()) return Fail("07009", absl::StrCat("there is no column ", column));
  bool exhausted = false;
  const Conversion outcome =
      parts_.Read(column, result_->row()[column - 1U], columns[column - 1U], context_, target, exhausted);
  if (exhausted) return SQL_NO_DATA;
  if (outcome == Conversion::kDone) return SQL_SUCCESS;
  diagnostics.Add({std::string(StateOf(outcome)), 0,
                   absl::StrCat(std::string(kMessagePrefix), std::string(MessageOf(outcome))), 1, column});
  return IsError(outcome) ? SQL_ERROR : SQL_SUCCESS_WITH_INFO;
}

}  // namespace cdi::sfodbc
