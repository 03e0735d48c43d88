// The rows of one result, one after another: those in the reply, then those of its chunks.
//
// One thread at a time. The session it came from outlives it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/odbc/cancel_token.h"
#include "tests/snowflake_mock/odbc/chunk_stream.h"
#include "tests/snowflake_mock/odbc/column_types.h"
#include "tests/snowflake_mock/odbc/reply.h"
#include "tests/snowflake_mock/odbc/row_scanner.h"
#include "tests/snowflake_mock/odbc/session.h"

namespace cdi::sfodbc {

class Result {
 public:
  // Takes the rows over from a successful reply.
  Result(Reply reply, Session& session);
  // A result made here (catalog functions): `rows` as JSON, without the outer brackets.
  Result(std::vector<Column> columns, std::string rows, int64_t row_count);
  Result(const Result&) = delete;  // the scanner points into the text
  Result& operator=(const Result&) = delete;

  const std::vector<Column>& columns() const { return columns_; }
  // The number of rows, or of rows changed by a DML statement; -1 when not known.
  int64_t row_count() const { return row_count_; }
  // INSERT, UPDATE, DELETE, MERGE and COPY: for ODBC there are no rows to fetch.
  bool is_row_count_only() const { return is_row_count_only_; }

  // Moves to the next row; false at the end. 08S01 when rows are missing.
  absl::StatusOr<bool> Advance(CancelToken& cancel, TimePoint deadline);
  // The current row; valid until the next Advance, except that rows of one text stay valid with it.
  const std::vector<Cell>& row() const { return row_; }

 private:
  void CountChangedRows();
  std::vector<Column> columns_;
  std::string text_;  // holds the rows of the reply
  RowScanner scanner_;
  std::vector<Cell> row_;
  std::unique_ptr<ChunkStream> chunks_;
  ScannedRows chunk_;  // being read
  size_t chunk_row_ = 0;
  int64_t row_count_ = -1;
  int64_t returned_ = -1;
  int64_t delivered_ = 0;
  bool is_row_count_only_ = false;
};

}  // namespace cdi::sfodbc
