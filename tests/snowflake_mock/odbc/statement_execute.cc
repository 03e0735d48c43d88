// Running a statement: with parameters, sets of them, data at execution; what the imitated version does in SQLPrepare.
#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/statement.h"
#include "tests/snowflake_mock/odbc/statement_busy.h"

namespace cdi::sfodbc {

void Statement::TakeText(std::string text) {
  CloseCursor();
  pending_.reset();
  prepared_columns_.reset();
  sql = std::move(text);
  marker_count = CountParameterMarkers(sql);
}

absl::Status Statement::RunDdlInPrepare() {
  if (!connection.session()->settings().executes_in_prepare || !IsDdl(sql)) return absl::OkStatus();
  CDI_RETURN_IF_ERROR(ExecuteSets({}));
  executed_in_prepare_ = true;
  return absl::OkStatus();
}

SQLRETURN Statement::Execute(bool directly) {
  const Personality& personality = connection.session()->settings().personality;
  if (!directly && std::exchange(executed_in_prepare_, false)) return SQL_SUCCESS;
  CloseCursor();
  pending_.reset();
  if (!directly && !personality.query_id_when_prepared) last_query_id.clear();
  absl::StatusOr<std::vector<PutParameter>> put = FindPutParameters(*apd, marker_count);
  if (!put.ok()) return Fail(put.status());
  if (put->empty()) return ExecuteNow(directly, {});
  pending_ = PendingData{.values = *std::move(put), .directly = directly};
  return SQL_NEED_DATA;
}

SQLRETURN Statement::ExecuteNow(bool directly, const std::vector<PutParameter>& put) {
  const Personality& personality = connection.session()->settings().personality;
  const std::string kept = last_query_id;
  const absl::Status status = ExecuteSets(put);
  if (!directly && !personality.query_id_when_prepared) last_query_id = kept;
  return Finish(status);
}

SQLRETURN Statement::ParamData(SQLPOINTER* token) {
  if (!pending_.has_value()) return Fail("HY010", "no parameter waits for its data");
  PendingData& pending = *pending_;
  if (pending.asked) ++pending.next;
  pending.asked = true;
  if (pending.next < pending.values.size()) {
    if (token != nullptr) *token = pending.values[pending.next].token;
    return SQL_NEED_DATA;
  }
  const PendingData complete = *std::exchange(pending_, std::nullopt);
  return ExecuteNow(complete.directly, complete.values);
}

SQLRETURN Statement::PutData(SQLPOINTER data, SQLLEN length) {
  if (!pending_.has_value() || !pending_->asked || pending_->next >= pending_->values.size()) {
    return Fail("HY010", "SQLParamData has not asked for data");
  }
  PutParameter& value = pending_->values[pending_->next];
  if (length == SQL_NULL_DATA) {
    if (value.has_value) return Fail("HY020", "a NULL cannot be added to a value");
    value.is_null = value.has_value = true;
    return SQL_SUCCESS;
  }
  if (value.is_null) return Fail("HY020", "nothing can be added to a NULL");
  const size_t fixed = FixedSizeOf(value.c_type);
  if (fixed > 0 && value.has_value) return Fail("HY019", "a value that is no text and not binary comes in one part");
  if (data == nullptr && length != 0) return Fail("HY009", "no data was given");
  size_t size = fixed;
  if (fixed == 0 && length == SQL_NTS) {
    size = value.c_type == SQL_C_WCHAR ? 2 * std::char_traits<char16_t>::length(static_cast<char16_t*>(data))
                                       : std::strlen(static_cast<char*>(data));
  } else if (fixed == 0) {
    if (length < 0) return Fail("HY090", "the length is negative");
    size = static_cast<size_t>(length);
  }
  value.bytes.append(static_cast<const char*>(data), size);
  value.has_value = true;
  return SQL_SUCCESS;
}

absl::StatusOr<Reply> Statement::RunStatement(std::string bindings) {
  CDI_ASSIGN_OR_RETURN(Reply reply, Run({.sql = sql,
                                         .bindings = std::move(bindings),
                                         .multi_statement_count = options.multi_statement_count,
                                         .request_id = Session::NewRequestId()}));
  const std::string more(reply.Field("resultIds"));
  last_query_id = reply.Field("queryId");
  if (more.empty()) return reply;
  for (const auto id : absl::StrSplit(more, ',', absl::SkipEmpty())) more_results_.emplace_back(id.data(), id.size());
  const std::string first = more_results_.front();
  more_results_.pop_front();
  const Busy busy(*this, "");
  return connection.session()->FetchResult(first, cancel_, Deadline());
}

void Statement::ReportSets(const ParameterSets& sets, size_t done, bool failed) {
  if (ipd.rows_processed != nullptr) {
    *ipd.rows_processed = failed ? std::min(done + 1, sets.sets.size()) : sets.array_size;
  }
  if (ipd.array_status == nullptr) return;
  std::fill_n(ipd.array_status, sets.array_size, static_cast<SQLUSMALLINT>(SQL_PARAM_UNUSED));
  for (size_t i = 0; i < sets.sets.size(); ++i) {
    const bool ran = i < done;
    if (!ran && (!failed || i > done)) continue;
    ipd.array_status[sets.set_numbers[i]] = static_cast<SQLUSMALLINT>(ran ? SQL_PARAM_SUCCESS : SQL_PARAM_ERROR);
  }
}

absl::Status Statement::ExecuteSets(const std::vector<PutParameter>& put) {
  CDI_ASSIGN_OR_RETURN(const ParameterSets sets, ReadParameters(*apd, ipd, marker_count, put));
  if (sets.sets.empty()) {  // every set is to be ignored
    ReportSets(sets, 0, false);
    summed_rows_ = 0;
    return absl::OkStatus();
  }
  size_t position = 0;
  if (sets.sets.size() > 1 && NextWord(sql, position) != "INSERT") return ExecuteOneByOne(sets);
  absl::StatusOr<Reply> reply =
      RunStatement(sets.sets.size() == 1 ? BindingsOf(sets.sets.front()) : ArrayBindingsOf(sets));
  // One request for all sets: they fail together.
  ReportSets(sets, reply.ok() ? sets.sets.size() : 0, !reply.ok());
  if (!reply.ok()) return reply.status();
  return TakeReply(*std::move(reply));
}

absl::Status Statement::ExecuteOneByOne(const ParameterSets& sets) {
  SQLLEN rows = 0;
  for (size_t i = 0; i < sets.sets.size(); ++i) {
    absl::StatusOr<Reply> reply = RunStatement(BindingsOf(sets.sets[i]));
    absl::Status status = reply.status();
    if (status.ok()) status = TakeReply(*std::move(reply));
    if (status.ok() && has_rows()) {
      status = OdbcError("HYC00", 0, "several sets of parameters need a statement that returns no rows");
    }
    if (!status.ok()) {
      diagnostics.SetRow(static_cast<SQLLEN>(sets.set_numbers[i]) + 1);
      ReportSets(sets, i, true);
      return status;
    }
    rows += static_cast<SQLLEN>(result_->row_count());
  }
  ReportSets(sets, sets.sets.size(), false);
  summed_rows_ = rows;
  return absl::OkStatus();
}

}  // namespace cdi::sfodbc
