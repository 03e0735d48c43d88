// An ODBC statement: text, parameters, result, bound columns.
//
// All calls but Cancel happen under the statement's lock (handle.h); Cancel comes from any other thread meanwhile.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/convert.h"
#include "tests/snowflake_mock/odbc/handle.h"
#include "tests/snowflake_mock/odbc/parameters.h"
#include "tests/snowflake_mock/odbc/result.h"

namespace cdi::sfodbc {

inline constexpr SQLINTEGER kAttrLastQueryId = 0x4107;
inline constexpr SQLINTEGER kAttrMultiStatementCount = 0x4108;

// One SQLBindCol. `data` nullptr: not bound.
struct ColumnBinding {
  SQLSMALLINT c_type = SQL_C_DEFAULT;
  void* data = nullptr;
  SQLLEN capacity = 0;
  SQLLEN* length = nullptr;
  bool is_bound() const { return data != nullptr || length != nullptr; }
};

// What SQLSetStmtAttr sets about fetching and running.
struct StatementOptions {
  SQLULEN row_array_size = 1;
  SQLULEN row_bind_type = SQL_BIND_BY_COLUMN;  // or the size of a row
  SQLULEN* row_bind_offset = nullptr;
  SQLULEN* rows_fetched = nullptr;
  SQLUSMALLINT* row_status = nullptr;
  SQLULEN max_rows = 0;
  std::chrono::seconds query_timeout{0};
  int64_t multi_statement_count = -1;
};

class Statement final : public Handle {
 public:
  explicit Statement(Connection& owner) : connection(owner) {
    options.query_timeout = owner.session()->settings().query_timeout;
    owner.Add(*this);
  }
  ~Statement() override { connection.Remove(*this); }

  void Prepare(std::string sql);
  absl::Status Execute();
  // Shows rows made by the driver (catalog functions).
  void ShowResult(std::unique_ptr<Result> result);
  // Runs a statement of the driver's own for its rows, without touching this statement's result.
  absl::StatusOr<std::unique_ptr<Result>> RunForDriver(const std::string& sql);
  // Reads the next row of such a result.
  absl::StatusOr<bool> AdvanceForDriver(Result& result);

  // Of the open result, or of the prepared statement (asked of the server then). Empty when it returns no rows.
  absl::StatusOr<const std::vector<Column>*> Columns();
  const Result* result() const { return result_.get(); }
  bool has_rows() const { return result_ != nullptr && !result_->is_row_count_only(); }

  SQLRETURN Fetch();
  SQLRETURN GetData(SQLUSMALLINT column, const Target& target);
  // SQL_NO_DATA when there is none.
  SQLRETURN MoreResults();
  void CloseCursor();

  SQLRETURN Cancel();  // without the lock

  Connection& connection;
  StatementOptions options;
  BoundParameters parameters;
  std::vector<ColumnBinding> bindings;  // [0] is column 1
  std::string sql;
  size_t marker_count = 0;
  std::string last_query_id;

 private:
  class Busy;
  struct PlannedColumn {
    const ColumnBinding* binding;
    const Column* column;
    size_t index;
    size_t stride;
  };
  absl::StatusOr<Reply> Run(const QueryRequest& request);
  void TakeReply(Reply reply);
  std::vector<PlannedColumn> PlanFetch() const;
  SQLUSMALLINT ConvertRow(const std::vector<PlannedColumn>& plan, SQLULEN row);
  TimePoint Deadline() const;

  std::unique_ptr<Result> result_;
  std::unique_ptr<std::vector<Column>> prepared_columns_;
  std::deque<std::string> more_results_;  // query ids
  ConversionContext context_;
  PartReader parts_;
  bool on_row_ = false;
  SQLULEN rows_seen_ = 0;

  CancelToken cancel_;
  std::mutex flight_mutex_;
  bool busy_ = false;              // guarded by flight_mutex_
  std::string flying_request_id_;  // guarded by flight_mutex_: the statement the server runs for us
};

}  // namespace cdi::sfodbc
