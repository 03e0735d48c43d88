#include "tests/snowflake_mock/odbc/statement.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/sql_text.h"
#include "tests/snowflake_mock/odbc/statement_busy.h"

namespace cdi::sfodbc {

TimePoint Statement::Deadline() const {
  return options.query_timeout.count() > 0 ? std::chrono::steady_clock::now() + options.query_timeout : kNoDeadline;
}

Statement::Statement(Connection& owner)
    : connection(owner),
      implicit_ard(Descriptor::Kind::kAppRow, *this, mutex),
      implicit_apd(Descriptor::Kind::kAppParameter, *this, mutex),
      ird(Descriptor::Kind::kResultRow, *this, mutex),
      ipd(Descriptor::Kind::kParameter, *this, mutex),
      ard(&implicit_ard),
      apd(&implicit_apd) {
  static std::atomic<uint64_t> made = 0;
  const Settings& settings = owner.session()->settings();
  options.query_timeout = settings.query_timeout;
  options.metadata_id = owner.metadata_id();
  cursor_name = absl::StrCat("SQL_CUR", made.fetch_add(1) + 1);
  for (Handle* const handle : std::initializer_list<Handle*>{this, &implicit_ard, &implicit_apd, &ird, &ipd}) {
    handle->diagnostics.Imitate(settings.personality, settings.traces_errors);
  }
  owner.Add(*this);
}

absl::Status Statement::UseDescriptor(SQLINTEGER attribute, Descriptor* descriptor) {
  const bool of_rows = attribute == SQL_ATTR_APP_ROW_DESC;
  Descriptor& own = of_rows ? implicit_ard : implicit_apd;
  if (descriptor != nullptr && descriptor != &own) {
    if (descriptor->is_implicit()) return OdbcError("HY017", 0, "an implicit descriptor belongs to its statement");
    if (descriptor->connection() != &connection) return OdbcError("HY024", 0, "the descriptor is another connection's");
  }
  (of_rows ? ard : apd) = descriptor == nullptr ? &own : descriptor;
  return absl::OkStatus();
}

void Statement::ReleaseDescriptor(const Descriptor& descriptor) {
  if (ard == &descriptor) ard = &implicit_ard;
  if (apd == &descriptor) apd = &implicit_apd;
}

absl::StatusOr<Reply> Statement::Run(const QueryRequest& request) {
  Session* const session = connection.session();
  if (session == nullptr) return OdbcError("08003", 0, "the connection is closed");
  const Busy busy(*this, request.request_id);
  return session->Run(request, cancel_, Deadline());
}

absl::Status Statement::TakeReply(Reply reply) {
  const Settings& settings = connection.session()->settings();
  if (const auto zone = reply.parameters.find("TIMEZONE"); zone != reply.parameters.end()) {
    if (!absl::LoadTimeZone(zone->second, &context_.session_zone)) context_.session_zone = absl::UTCTimeZone();
  }
  context_.personality = settings.personality;
  context_.keeps_zeros = settings.keeps_zeros;
  for (const ColumnDescription& column : reply.columns) {
    if (column.type == SnowflakeType::kVector && !settings.personality.vectors) {
      return OdbcError("HYC00", 0, absl::StrCat("column ", column.name, ": VECTOR is not supported"));
    }
  }
  ShowResult(std::make_unique<Result>(std::move(reply), *connection.session()));
  return absl::OkStatus();
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
  DropResult();
  if (more_results_.empty()) return SQL_NO_DATA;
  const std::string next = more_results_.front();
  more_results_.pop_front();
  absl::StatusOr<Reply> reply = [&] {
    const Busy busy(*this, "");
    return connection.session()->FetchResult(next, cancel_, Deadline());
  }();
  if (!reply.ok()) return Fail(reply.status());
  last_query_id = reply->Field("queryId");
  return Finish(TakeReply(*std::move(reply)));
}

void Statement::DropResult() {
  result_.reset();
  on_row_ = false;
  summed_rows_.reset();
}

void Statement::CloseCursor() {
  DropResult();
  more_results_.clear();
  executed_in_prepare_ = false;
}

SQLLEN Statement::RowCount() const {
  if (summed_rows_.has_value()) return *summed_rows_;
  return result_ == nullptr ? -1 : static_cast<SQLLEN>(result_->row_count());
}

SQLRETURN Statement::Cancel() {
  std::string request_id;
  {
    const std::lock_guard flight(flight_mutex_);
    if (!busy_) {
      // Nothing runs; but a statement that waits for the data of its parameters is abandoned.
      if (const std::unique_lock lock(mutex, std::try_to_lock); lock.owns_lock()) pending_.reset();
      return SQL_SUCCESS;
    }
    cancel_.Cancel();
    request_id = flying_request_id_;
  }
  // The statement's thread reports what came of it; when this request comes too early for the server, it repeats it.
  if (!request_id.empty()) connection.session()->Abort(request_id, "");
  return SQL_SUCCESS;
}

}  // namespace cdi::sfodbc
