// ODBC's descriptors: what SQLBindCol and SQLBindParameter keep, and what applications read and set field by field.
//
// A statement has four implicit ones; an application may allocate more and put them in place of its statement's ARD or
// APD. The IRD holds only header fields here: its records are the columns of the result (column_attributes.h).
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/snowflake_mock/odbc/handle.h"

namespace cdi::sfodbc {

class Statement;
class Connection;

// One column or parameter. `type` is a C type in an application's descriptor, an SQL type in an IPD.
struct DescriptorRecord {
  SQLSMALLINT type = SQL_C_DEFAULT;  // concise
  void* data = nullptr;
  SQLLEN octet_length = 0;  // the buffer's bytes; in row-wise binding too
  SQLLEN* length = nullptr;
  SQLLEN* indicator = nullptr;
  SQLULEN column_size = 0;
  SQLSMALLINT precision = -1;  // -1: not set; the column's own
  SQLSMALLINT scale = -1;
  SQLSMALLINT direction = SQL_PARAM_INPUT;
  std::string name;
  bool is_bound() const { return data != nullptr || length != nullptr; }
};

// What SQLBindCol and SQLBindParameter say of the application's buffer; one place for length and indicator.
inline DescriptorRecord BoundRecord(SQLSMALLINT c_type, SQLPOINTER data, SQLLEN capacity, SQLLEN* length) {
  DescriptorRecord record;
  record.type = c_type;
  record.data = data;
  record.octet_length = capacity;
  record.length = record.indicator = length;
  return record;
}

class Descriptor final : public Handle {
 public:
  enum class Kind { kAppRow, kAppParameter, kResultRow, kParameter, kExplicit };

  // Of a statement, under whose lock calls run.
  Descriptor(Kind kind, Statement& owner, std::mutex& lock) : kind_(kind), owner_(&owner), lock_(&lock) {}
  // Of the application.
  explicit Descriptor(Connection& connection);
  ~Descriptor() override;

  std::mutex& call_mutex() override { return *lock_; }
  Kind kind() const { return kind_; }
  bool is_implicit() const { return kind_ != Kind::kExplicit; }
  bool is_application() const { return kind_ == Kind::kAppRow || kind_ == Kind::kAppParameter || !is_implicit(); }
  Statement* owner() const { return owner_; }
  Connection* connection() const { return connection_; }

  // The record of column or parameter `number` (from 1), made when it is not there.
  DescriptorRecord& At(SQLUSMALLINT number);
  const DescriptorRecord* Find(SQLUSMALLINT number) const {
    return number >= 1 && number <= records.size() ? &records[number - 1U] : nullptr;
  }

  // Texts (SQL_DESC_NAME) come as UTF-8 in `text`; numbers and pointers in `value`. HY091 a field that is not known or
  // cannot be set here, HY016 an IRD, 07009 a record number out of range, HYC00 what the driver does not do.
  absl::Status SetField(SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value, const std::string& text);
  void CopyFrom(const Descriptor& source);

  SQLULEN array_size = 1;
  SQLULEN bind_type = SQL_BIND_BY_COLUMN;  // or the size of a row
  SQLULEN* bind_offset = nullptr;
  SQLUSMALLINT* array_status = nullptr;
  SQLULEN* rows_processed = nullptr;
  std::vector<DescriptorRecord> records;  // [0] is number 1

 private:
  absl::Status SetHeader(SQLSMALLINT field, SQLPOINTER value, bool& is_header);
  const Kind kind_;
  Statement* const owner_ = nullptr;
  Connection* const connection_ = nullptr;
  std::mutex* const lock_;
};

// SQL_DESC_TYPE, and SQL_DESC_DATETIME_INTERVAL_CODE (0 for other types), of a concise type; and back.
SQLSMALLINT VerboseType(SQLSMALLINT concise);
SQLSMALLINT DatetimeCode(SQLSMALLINT concise);
SQLSMALLINT ConciseType(SQLSMALLINT verbose, SQLSMALLINT code);

}  // namespace cdi::sfodbc
