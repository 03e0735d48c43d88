// What went wrong, as ODBC wants it told: SQLSTATE, native code, message; kept per handle until the next call on it.
//
// Inside the driver an error is an absl::Status made by OdbcError or ServerError; at the entry points it becomes a
// diagnostic record, whose message gets the prefix that the imitated version of the driver uses.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tests/snowflake_mock/odbc/personality.h"

namespace cdi::sfodbc {

// An error of the driver itself.
absl::Status OdbcError(std::string_view sqlstate, int native, std::string_view message);
// An error the server reported: its text, its code.
absl::Status ServerError(std::string_view sqlstate, int native, std::string_view message);

std::string SqlStateOf(const absl::Status& status);  // HY000 for a status not made here
int NativeCodeOf(const absl::Status& status);
bool IsServerError(const absl::Status& status);

struct DiagRecord {
  std::string sqlstate;
  int native = 0;
  std::string message;
  SQLLEN row = SQL_NO_ROW_NUMBER;
  SQLINTEGER column = SQL_NO_COLUMN_NUMBER;
};

// The header and the records of one handle. Guarded by the handle's own lock.
class DiagArea {
 public:
  void Clear() {
    records_.clear();
    row_number_ = SQL_NO_ROW_NUMBER;
  }
  // Prefixes and traces as of that version from now on.
  void Imitate(const Personality& personality, bool traces) {
    personality_ = personality;
    traces_ = traces;
  }
  // More than kRecordsMax are dropped: a block of a thousand cut cells needs no thousand records.
  void Add(const absl::Status& status);
  void Warn(std::string_view sqlstate, std::string_view message) { AddOwn(sqlstate, message, row_number_); }
  void AddOwn(std::string_view sqlstate, std::string_view message, SQLLEN row = SQL_NO_ROW_NUMBER,
              SQLINTEGER column = SQL_NO_COLUMN_NUMBER);
  // Records from now on, until Clear, are about that row (or set of parameters); counted from 1.
  void SetRow(SQLLEN row) { row_number_ = row; }

  const std::vector<DiagRecord>& records() const { return records_; }
  SQLRETURN return_code = SQL_SUCCESS;

 private:
  static constexpr size_t kRecordsMax = 64;
  void Add(DiagRecord record);
  std::vector<DiagRecord> records_;
  SQLLEN row_number_ = SQL_NO_ROW_NUMBER;
  Personality personality_ = Personality::ThreeX();
  bool traces_ = false;
};

}  // namespace cdi::sfodbc
