#include "tests/snowflake_mock/odbc/statement_attributes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cdi::sfodbc {
namespace {

constexpr SQLULEN kArrayMax = 1'000'000;  // rows of a block or sets of parameters

SQLULEN Number(const void* value) {
  return reinterpret_cast<SQLULEN>(value);  // NOLINT: ODBC passes numbers in pointers
}

// Attributes that have one supported value each.
std::optional<SQLULEN> OnlyValue(SQLINTEGER attribute) {
  switch (attribute) {
    case SQL_ATTR_CURSOR_TYPE:
      return SQL_CURSOR_FORWARD_ONLY;
    case SQL_ATTR_CONCURRENCY:
      return SQL_CONCUR_READ_ONLY;
    case SQL_ATTR_CURSOR_SCROLLABLE:
      return SQL_NONSCROLLABLE;
    case SQL_ATTR_CURSOR_SENSITIVITY:
      return SQL_INSENSITIVE;
    case SQL_ATTR_KEYSET_SIZE:
      return 0;
    case SQL_ATTR_SIMULATE_CURSOR:
      return SQL_SC_NON_UNIQUE;
    default:
      return std::nullopt;
  }
}

// Attributes that are off, and refuse to be turned on.
bool IsAlwaysOff(SQLINTEGER attribute) {
  return attribute == SQL_ATTR_USE_BOOKMARKS || attribute == SQL_ATTR_ASYNC_ENABLE ||
         attribute == SQL_ATTR_ENABLE_AUTO_IPD;
}

// False when the attribute is none of a descriptor's header.
bool SetHeader(Statement& statement, SQLINTEGER attribute, SQLPOINTER value) {
  const auto array_size = [&] {
    const SQLULEN asked = Number(value);
    if (asked > kArrayMax) statement.diagnostics.Warn("01S02", "the array size was lowered to 1000000");
    return std::clamp<SQLULEN>(asked, 1, kArrayMax);
  };
  switch (attribute) {
    case SQL_ATTR_ROW_ARRAY_SIZE:
      statement.ard->array_size = array_size();
      return true;
    case SQL_ROWSET_SIZE:
      statement.options.rowset_size = array_size();
      return true;
    case SQL_ATTR_ROW_BIND_TYPE:
      statement.ard->bind_type = Number(value);
      return true;
    case SQL_ATTR_ROW_BIND_OFFSET_PTR:
      statement.ard->bind_offset = static_cast<SQLULEN*>(value);
      return true;
    case SQL_ATTR_ROW_OPERATION_PTR:
      statement.ard->array_status = static_cast<SQLUSMALLINT*>(value);
      return true;
    case SQL_ATTR_ROWS_FETCHED_PTR:
      statement.ird.rows_processed = static_cast<SQLULEN*>(value);
      return true;
    case SQL_ATTR_ROW_STATUS_PTR:
      statement.ird.array_status = static_cast<SQLUSMALLINT*>(value);
      return true;
    case SQL_ATTR_PARAMSET_SIZE:
      statement.apd->array_size = array_size();
      return true;
    case SQL_ATTR_PARAM_BIND_TYPE:
      statement.apd->bind_type = Number(value);
      return true;
    case SQL_ATTR_PARAM_BIND_OFFSET_PTR:
      statement.apd->bind_offset = static_cast<SQLULEN*>(value);
      return true;
    case SQL_ATTR_PARAM_OPERATION_PTR:
      statement.apd->array_status = static_cast<SQLUSMALLINT*>(value);
      return true;
    case SQL_ATTR_PARAM_STATUS_PTR:
      statement.ipd.array_status = static_cast<SQLUSMALLINT*>(value);
      return true;
    case SQL_ATTR_PARAMS_PROCESSED_PTR:
      statement.ipd.rows_processed = static_cast<SQLULEN*>(value);
      return true;
    default:
      return false;
  }
}

std::optional<SQLULEN> GetHeader(Statement& statement, SQLINTEGER attribute) {
  switch (attribute) {
    case SQL_ATTR_ROW_ARRAY_SIZE:
      return statement.ard->array_size;
    case SQL_ROWSET_SIZE:
      return statement.options.rowset_size;
    case SQL_ATTR_ROW_BIND_TYPE:
      return statement.ard->bind_type;
    case SQL_ATTR_ROW_BIND_OFFSET_PTR:
      return Number(statement.ard->bind_offset);
    case SQL_ATTR_ROW_OPERATION_PTR:
      return Number(statement.ard->array_status);
    case SQL_ATTR_ROWS_FETCHED_PTR:
      return Number(statement.ird.rows_processed);
    case SQL_ATTR_ROW_STATUS_PTR:
      return Number(statement.ird.array_status);
    case SQL_ATTR_PARAMSET_SIZE:
      return statement.apd->array_size;
    case SQL_ATTR_PARAM_BIND_TYPE:
      return statement.apd->bind_type;
    case SQL_ATTR_PARAM_BIND_OFFSET_PTR:
      return Number(statement.apd->bind_offset);
    case SQL_ATTR_PARAM_OPERATION_PTR:
      return Number(statement.apd->array_status);
    case SQL_ATTR_PARAM_STATUS_PTR:
      return Number(statement.ipd.array_status);
    case SQL_ATTR_PARAMS_PROCESSED_PTR:
      return Number(statement.ipd.rows_processed);
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::Status SetStatementAttribute(Statement& statement, SQLINTEGER attribute, SQLPOINTER value) {
  if (SetHeader(statement, attribute, value)) return absl::OkStatus();
  StatementOptions& options = statement.options;
  if (const auto only = OnlyValue(attribute)) {
    if (Number(value) == *only) return absl::OkStatus();
    if (statement.has_rows()) return OdbcError("24000", 0, "a cursor is open");
    statement.diagnostics.Warn("01S02", "the value is not supported; the only supported one was kept");
    return absl::OkStatus();
  }
  if (IsAlwaysOff(attribute)) {
    if (Number(value) == 0) return absl::OkStatus();
    return OdbcError("HYC00", 0, absl::StrCat("statement attribute ", attribute, " cannot be turned on"));
  }
  switch (attribute) {
    case SQL_ATTR_MAX_ROWS:
      options.max_rows = Number(value);
      return absl::OkStatus();
    case SQL_ATTR_MAX_LENGTH:
      options.max_length = Number(value);
      return absl::OkStatus();
    case SQL_ATTR_QUERY_TIMEOUT:
      options.query_timeout = std::chrono::seconds(std::min<SQLULEN>(Number(value), 31'536'000));
      return absl::OkStatus();
    case kAttrMultiStatementCount:
      options.multi_statement_count = static_cast<int32_t>(Number(value));
      return absl::OkStatus();
    case SQL_ATTR_METADATA_ID:
      options.metadata_id = Number(value) == SQL_TRUE;
      return absl::OkStatus();
    case SQL_ATTR_RETRIEVE_DATA:
      options.retrieve_data = Number(value) == SQL_RD_ON;
      return absl::OkStatus();
    case SQL_ATTR_NOSCAN:
      options.no_scan = Number(value);
      return absl::OkStatus();
    case SQL_ATTR_APP_ROW_DESC:
    case SQL_ATTR_APP_PARAM_DESC:
      return statement.UseDescriptor(attribute, static_cast<Descriptor*>(static_cast<Handle*>(value)));
    case SQL_ATTR_IMP_ROW_DESC:
    case SQL_ATTR_IMP_PARAM_DESC:
      return OdbcError("HY017", 0, "an implementation descriptor cannot be replaced");
    case SQL_ATTR_FETCH_BOOKMARK_PTR:
      return OdbcError("HYC00", 0, "bookmarks are not supported");
    case kAttrLastQueryId:
    case SQL_ATTR_ROW_NUMBER:
      return OdbcError("HY092", 0, absl::StrCat("statement attribute ", attribute, " is read-only"));
    default:
      return OdbcError("HY092", 0, absl::StrCat("statement attribute ", attribute, " is not known"));
  }
}

absl::StatusOr<SQLULEN> GetStatementAttribute(Statement& statement, SQLINTEGER attribute) {
  if (const auto header = GetHeader(statement, attribute)) return *header;
  if (const auto only = OnlyValue(attribute)) return *only;
  if (IsAlwaysOff(attribute)) return 0;
  const StatementOptions& options = statement.options;
  const auto handle = [](Descriptor& descriptor) { return Number(static_cast<Handle*>(&descriptor)); };
  switch (attribute) {
    case SQL_ATTR_MAX_ROWS:
      return options.max_rows;
    case SQL_ATTR_MAX_LENGTH:
      return options.max_length;
    case SQL_ATTR_QUERY_TIMEOUT:
      return static_cast<SQLULEN>(options.query_timeout.count());
    case kAttrMultiStatementCount:
      return static_cast<SQLULEN>(options.multi_statement_count);
    case SQL_ATTR_METADATA_ID:
      return options.metadata_id ? SQL_TRUE : SQL_FALSE;
    case SQL_ATTR_RETRIEVE_DATA:
      return options.retrieve_data ? SQL_RD_ON : SQL_RD_OFF;
    case SQL_ATTR_NOSCAN:
      return options.no_scan;
    case SQL_ATTR_APP_ROW_DESC:
      return handle(*statement.ard);
    case SQL_ATTR_APP_PARAM_DESC:
      return handle(*statement.apd);
    case SQL_ATTR_IMP_ROW_DESC:
      return handle(statement.ird);
    case SQL_ATTR_IMP_PARAM_DESC:
      return handle(statement.ipd);
    case SQL_ATTR_ROW_NUMBER:
      return statement.RowNumber();
    case SQL_ATTR_FETCH_BOOKMARK_PTR:
      return OdbcError("HYC00", 0, "bookmarks are not supported");
    default:
      return OdbcError("HY092", 0, absl::StrCat("statement attribute ", attribute, " is not known"));
  }
}

}  // namespace cdi::sfodbc
