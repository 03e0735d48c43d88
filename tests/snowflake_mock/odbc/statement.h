// An ODBC statement: text, parameters, result, bound columns.
//
// All calls but Cancel happen under the statement's lock (handle.h); Cancel comes from any other thread meanwhile.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/convert.h"
#include "tests/snowflake_mock/odbc/descriptor.h"
#include "tests/snowflake_mock/odbc/handle.h"
#include "tests/snowflake_mock/odbc/parameters.h"
#include "tests/snowflake_mock/odbc/result.h"
#include "tests/snowflake_mock/odbc/sql_text.h"

namespace cdi::sfodbc {

inline constexpr SQLINTEGER kAttrLastQueryId = 0x4107;
inline constexpr SQLINTEGER kAttrMultiStatementCount = 0x4108;

// What SQLSetStmtAttr sets about fetching and running, beside the headers of the descriptors.
struct StatementOptions {
  SQLULEN rowset_size = 1;  // of SQLExtendedFetch
  SQLULEN max_rows = 0;
  SQLULEN max_length = 0;  // bytes of one text or binary value
  std::chrono::seconds query_timeout{0};
  int64_t multi_statement_count = -1;
  bool metadata_id = false;
  bool retrieve_data = true;
  SQLULEN no_scan = SQL_NOSCAN_OFF;
};

// Where a fetch reports to: the IRD's pointers, or those that SQLExtendedFetch is given.
struct FetchReport {
  SQLULEN array_size = 1;
  SQLULEN* rows_fetched = nullptr;
  SQLUSMALLINT* row_status = nullptr;
};

class Statement final : public Handle {
 public:
  explicit Statement(Connection& owner);
  ~Statement() override { connection.Remove(*this); }

  void TakeText(std::string sql);
  // Version 3.x of the driver executes DDL in SQLPrepare; the next Execute then only shows what came of it.
  absl::Status RunDdlInPrepare();
  // SQL_NEED_DATA when a parameter's value comes with SQLPutData.
  SQLRETURN Execute(bool directly);
  SQLRETURN ParamData(SQLPOINTER* token);
  SQLRETURN PutData(SQLPOINTER data, SQLLEN length);
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
  SQLLEN RowCount() const;
  SQLULEN RowNumber() const { return on_row_ ? rows_seen_ : 0; }
  DynamicFunction dynamic_function() const { return DynamicFunctionOf(sql); }

  SQLRETURN Fetch() { return Fetch({ard->array_size, ird.rows_processed, ird.array_status}); }
  SQLRETURN Fetch(const FetchReport& report);
  SQLRETURN GetData(SQLUSMALLINT column, const Target& target);
  // SQL_NO_DATA when there is none.
  SQLRETURN MoreResults();
  void CloseCursor();  // and drops the results behind it

  SQLRETURN Cancel();  // without the lock

  // Puts an application's descriptor in place of the implicit one (nullptr: back to it); HY017, HY024 when it cannot
  // be.
  absl::Status UseDescriptor(SQLINTEGER attribute, Descriptor* descriptor);
  void ReleaseDescriptor(const Descriptor& descriptor);

  Connection& connection;
  StatementOptions options;
  Descriptor implicit_ard, implicit_apd, ird, ipd;
  Descriptor* ard;
  Descriptor* apd;
  std::string sql;
  size_t marker_count = 0;
  std::string last_query_id;
  std::string cursor_name;

 private:
  class Busy;
  struct PlannedColumn {
    const DescriptorRecord* binding;
    const Column* column;
    size_t index;
    size_t stride;
  };
  struct PendingData {  // parameters whose values SQLPutData brings
    std::vector<PutParameter> values;
    size_t next = 0;     // SQLParamData asks for this one
    bool asked = false;  // it has asked for one: PutData is in order
    bool directly = false;
  };
  absl::StatusOr<Reply> Run(const QueryRequest& request);
  absl::StatusOr<Reply> RunStatement(std::string bindings);
  absl::Status ExecuteSets(const std::vector<PutParameter>& put);
  absl::Status ExecuteOneByOne(const ParameterSets& sets);
  SQLRETURN ExecuteNow(bool directly, const std::vector<PutParameter>& put);
  void ReportSets(const ParameterSets& sets, size_t done, bool failed);
  absl::Status TakeReply(Reply reply);
  void DropResult();
  std::vector<PlannedColumn> PlanFetch() const;
  SQLUSMALLINT ConvertRow(const std::vector<PlannedColumn>& plan, SQLULEN row);
  Cell Shortened(Cell cell, const Column& column) const;
  TimePoint Deadline() const;

  std::unique_ptr<Result> result_;
  std::unique_ptr<std::vector<Column>> prepared_columns_;
  std::deque<std::string> more_results_;  // query ids
  std::optional<SQLLEN> summed_rows_;     // changed by all sets of parameters, when they ran one by one
  std::optional<PendingData> pending_;
  bool executed_in_prepare_ = false;
  ConversionContext context_;
  PartReader parts_;
  bool on_row_ = false;
  bool in_block_ = false;
  SQLULEN rows_seen_ = 0;

  CancelToken cancel_;
  std::mutex flight_mutex_;
  bool busy_ = false;              // guarded by flight_mutex_
  std::string flying_request_id_;  // guarded by flight_mutex_: the statement the server runs for us
};

}  // namespace cdi::sfodbc
