// What went wrong, as ODBC wants it told: SQLSTATE, native code, message; kept per handle until the next call on it.
//
// Inside the driver an error is an absl::Status made by OdbcError; at the entry points it becomes a diagnostic record.
// Messages of the server are passed on as they are; our own begin with kMessagePrefix, as ODBC asks of a driver.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace cdi::sfodbc {

inline constexpr std::string_view kMessagePrefix = "[cdi][Snowflake ODBC] ";

// An error of the driver itself; the prefix is added.
absl::Status OdbcError(std::string_view sqlstate, int native, std::string_view message);
// An error the server reported: its text, its code.
absl::Status ServerError(std::string_view sqlstate, int native, std::string_view message);

std::string SqlStateOf(const absl::Status& status);  // HY000 for a status not made here
int NativeCodeOf(const absl::Status& status);

struct DiagRecord {
  std::string sqlstate;
  int native = 0;
  std::string message;
  SQLLEN row = SQL_NO_ROW_NUMBER;
  SQLINTEGER column = SQL_NO_COLUMN_NUMBER;
};

// The records of one handle. Guarded by the handle's own lock.
class DiagArea {
 public:
  void Clear() { records_.clear(); }
  // More than kRecordsMax are dropped: a block of a thousand cut cells needs no thousand records.
  void Add(DiagRecord record);
  void Add(const absl::Status& status) {
    Add({SqlStateOf(status), NativeCodeOf(status), std::string(status.message())});
  }
  void Warn(std::string_view sqlstate, std::string_view message);
  const std::vector<DiagRecord>& records() const { return records_; }

 private:
  static constexpr size_t kRecordsMax = 64;
  std::vector<DiagRecord> records_;
};

}  // namespace cdi::sfodbc
