#include "tests/snowflake_mock/odbc/descriptor.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/connection.h"

namespace cdi::sfodbc {
namespace {

constexpr SQLULEN kArrayMax = 1'000'000;  // rows of one block, sets of parameters

SQLULEN NumberOf(SQLPOINTER value) {
  return reinterpret_cast<SQLULEN>(value);  // NOLINT: ODBC passes it so
}

absl::Status Unknown(SQLSMALLINT field) {
  return OdbcError("HY091", 0, absl::StrCat("descriptor field ", field, " cannot be set here"));
}

}  // namespace

SQLSMALLINT VerboseType(SQLSMALLINT concise) {
  return concise >= SQL_TYPE_DATE && concise <= SQL_TYPE_TIMESTAMP ? SQLSMALLINT{SQL_DATETIME} : concise;
}

SQLSMALLINT DatetimeCode(SQLSMALLINT concise) {
  if (VerboseType(concise) != SQL_DATETIME) return 0;
  return static_cast<SQLSMALLINT>(concise - SQL_TYPE_DATE + SQL_CODE_DATE);
}

SQLSMALLINT ConciseType(SQLSMALLINT verbose, SQLSMALLINT code) {
  if (verbose != SQL_DATETIME || code < SQL_CODE_DATE || code > SQL_CODE_TIMESTAMP) return verbose;
  return static_cast<SQLSMALLINT>(SQL_TYPE_DATE + code - SQL_CODE_DATE);
}

Descriptor::Descriptor(Connection& connection) : kind_(Kind::kExplicit), connection_(&connection), lock_(&mutex) {
  connection.Add(*this);
}

Descriptor::~Descriptor() {
  if (connection_ != nullptr) connection_->Remove(*this);
}

DescriptorRecord& Descriptor::At(SQLUSMALLINT number) {
  if (records.size() < number) records.resize(number);
  return records[number - 1U];
}

absl::Status Descriptor::SetHeader(SQLSMALLINT field, SQLPOINTER value, bool& is_header) {
  is_header = true;
  switch (field) {
    case SQL_DESC_ARRAY_SIZE:
      if (!is_application()) return Unknown(field);
      array_size = std::clamp<SQLULEN>(NumberOf(value), 1, kArrayMax);
      return absl::OkStatus();
    case SQL_DESC_ARRAY_STATUS_PTR:
      array_status = static_cast<SQLUSMALLINT*>(value);
      return absl::OkStatus();
    case SQL_DESC_BIND_OFFSET_PTR:
      if (!is_application()) return Unknown(field);
      bind_offset = static_cast<SQLULEN*>(value);
      return absl::OkStatus();
    case SQL_DESC_BIND_TYPE:
      if (!is_application()) return Unknown(field);
      bind_type = NumberOf(value);
      return absl::OkStatus();
    case SQL_DESC_ROWS_PROCESSED_PTR:
      if (is_application()) return Unknown(field);
      rows_processed = static_cast<SQLULEN*>(value);
      return absl::OkStatus();
    case SQL_DESC_ALLOC_TYPE:
      return OdbcError("HY091", 0, "SQL_DESC_ALLOC_TYPE is read-only");
    case SQL_DESC_COUNT:
      if (kind_ == Kind::kResultRow) return OdbcError("HY016", 0, "an IRD cannot be changed");
      if (NumberOf(value) > 16'384) return OdbcError("07009", 0, "too many records");
      records.resize(NumberOf(value));
      return absl::OkStatus();
    default:
      is_header = false;
      return absl::OkStatus();
  }
}

absl::Status Descriptor::SetField(SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value, const std::string& text) {
  bool is_header = false;
  CDI_RETURN_IF_ERROR(SetHeader(field, value, is_header));
  if (is_header) return absl::OkStatus();
  if (kind_ == Kind::kResultRow) return OdbcError("HY016", 0, "an IRD cannot be changed");
  if (number < 1) return OdbcError("07009", 0, "bookmarks are not supported; records are counted from 1");
  if (number > 16'384) return OdbcError("07009", 0, "there is no such record");
  DescriptorRecord& record = At(static_cast<SQLUSMALLINT>(number));
  const auto small = static_cast<SQLSMALLINT>(NumberOf(value));
  switch (field) {
    case SQL_DESC_DATA_PTR:
      if (!is_application()) return absl::OkStatus();  // asks for a consistency check only
      record.data = value;
      return absl::OkStatus();
    case SQL_DESC_OCTET_LENGTH_PTR:
      if (!is_application()) return Unknown(field);
      record.length = static_cast<SQLLEN*>(value);
      return absl::OkStatus();
    case SQL_DESC_INDICATOR_PTR:
      if (!is_application()) return Unknown(field);
      record.indicator = static_cast<SQLLEN*>(value);
      return absl::OkStatus();
    case SQL_DESC_CONCISE_TYPE:
    case SQL_DESC_TYPE:
      record.type = small;
      if (small == SQL_DATETIME) record.type = SQL_TYPE_TIMESTAMP;
      record.precision = record.scale = -1;
      break;
    case SQL_DESC_DATETIME_INTERVAL_CODE:
      record.type = ConciseType(VerboseType(record.type), small);
      break;
    case SQL_DESC_OCTET_LENGTH:
      record.octet_length = static_cast<SQLLEN>(NumberOf(value));
      break;
    case SQL_DESC_LENGTH:
      record.column_size = NumberOf(value);
      break;
    case SQL_DESC_PRECISION:
      if (small < 0 || (record.type == SQL_NUMERIC && (small < 1 || small > 38))) {
        return OdbcError("HY104", 0, "the precision is out of range");
      }
      record.precision = small;
      break;
    case SQL_DESC_SCALE:
      if (record.type == SQL_NUMERIC && (small < 0 || small > 38)) {
        return OdbcError("HY104", 0, "the scale is out of range");
      }
      record.scale = small;
      break;
    case SQL_DESC_NUM_PREC_RADIX:
    case SQL_DESC_DATETIME_INTERVAL_PRECISION:
      break;
    case SQL_DESC_PARAMETER_TYPE:
      if (kind_ != Kind::kParameter) return Unknown(field);
      if (small != SQL_PARAM_INPUT) return OdbcError("HYC00", 0, "only input parameters are supported");
      record.direction = small;
      break;
    case SQL_DESC_NAME:
      if (kind_ != Kind::kParameter) return Unknown(field);
      record.name = text;
      break;
    case SQL_DESC_UNNAMED:
      if (kind_ != Kind::kParameter || small != SQL_UNNAMED) return Unknown(field);
      record.name.clear();
      break;
    default:
      return Unknown(field);
  }
  record.data = nullptr;  // ODBC: any change but of the deferred fields takes the binding away
  return absl::OkStatus();
}

void Descriptor::CopyFrom(const Descriptor& source) {
  array_size = source.array_size;
  bind_type = source.bind_type;
  bind_offset = source.bind_offset;
  array_status = source.array_status;
  rows_processed = source.rows_processed;
  records = source.records;
}

}  // namespace cdi::sfodbc
