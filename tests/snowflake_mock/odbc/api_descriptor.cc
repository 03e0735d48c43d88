// Entry points: descriptors, field by field and record by record.
#include "tests/snowflake_mock/odbc/column_attributes.h"
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

bool IsTextField(SQLSMALLINT field) {
  return TextAttribute(Column(), static_cast<SQLUSMALLINT>(field)).has_value();
}

SQLSMALLINT CountOf(Descriptor& descriptor) {
  if (descriptor.kind() != Descriptor::Kind::kResultRow) return static_cast<SQLSMALLINT>(descriptor.records.size());
  const auto columns = descriptor.owner()->Columns();
  return columns.ok() ? static_cast<SQLSMALLINT>((*columns)->size()) : SQLSMALLINT{0};
}

// Fields are of different widths; ODBC names one for each (SQLGetDescField's table).
SQLRETURN PutField(SQLSMALLINT field, SQLLEN value, SQLPOINTER out, SQLINTEGER* length) {
  switch (field) {
    case SQL_DESC_LENGTH:
      return PutNumber(out, length, static_cast<SQLULEN>(value));
    case SQL_DESC_OCTET_LENGTH:
    case SQL_DESC_DISPLAY_SIZE:
      return PutNumber(out, length, value);
    case SQL_DESC_AUTO_UNIQUE_VALUE:
    case SQL_DESC_CASE_SENSITIVE:
    case SQL_DESC_NUM_PREC_RADIX:
    case SQL_DESC_DATETIME_INTERVAL_PRECISION:
      return PutNumber(out, length, static_cast<SQLINTEGER>(value));
    default:
      return PutNumber(out, length, static_cast<SQLSMALLINT>(value));
  }
}

// SQL_STILL_EXECUTING stands for "no field of the header".
SQLRETURN GetHeader(Descriptor& descriptor, SQLSMALLINT field, SQLPOINTER out, SQLINTEGER* length) {
  const auto pointer = [&](const void* value) { return PutNumber(out, length, value); };
  switch (field) {
    case SQL_DESC_ALLOC_TYPE:
      return PutNumber(out, length,
                       static_cast<SQLSMALLINT>(descriptor.is_implicit() ? SQL_DESC_ALLOC_AUTO : SQL_DESC_ALLOC_USER));
    case SQL_DESC_COUNT:
      return PutNumber(out, length, CountOf(descriptor));
    case SQL_DESC_ARRAY_SIZE:
      return PutNumber(out, length, descriptor.array_size);
    case SQL_DESC_BIND_TYPE:
      return PutNumber(out, length, static_cast<SQLINTEGER>(descriptor.bind_type));
    case SQL_DESC_BIND_OFFSET_PTR:
      return pointer(descriptor.bind_offset);
    case SQL_DESC_ARRAY_STATUS_PTR:
      return pointer(descriptor.array_status);
    case SQL_DESC_ROWS_PROCESSED_PTR:
      return pointer(descriptor.rows_processed);
    default:
      return SQL_STILL_EXECUTING;
  }
}

template <typename Char>
SQLRETURN GetColumnField(Descriptor& descriptor, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER out,
                         SQLINTEGER capacity, SQLINTEGER* length) {
  const auto columns = descriptor.owner()->Columns();
  if (!columns.ok()) return descriptor.Fail(columns.status());
  if (static_cast<size_t>(number) > (*columns)->size()) return SQL_NO_DATA;
  const Column& column = (**columns)[static_cast<size_t>(number) - 1];
  const auto code = static_cast<SQLUSMALLINT>(field);
  if (const auto text = TextAttribute(column, code)) {
    return Whole(descriptor, PutTextBytes<Char>(*text, out, capacity, length));
  }
  const auto value = NumberAttribute(column, code);
  return value.has_value() ? PutField(field, *value, out, length) : descriptor.Fail("HY091", "the field is not known");
}

template <typename Char>
SQLRETURN GetRecordField(Descriptor& descriptor, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER out,
                         SQLINTEGER capacity, SQLINTEGER* length) {
  const DescriptorRecord* const record = descriptor.Find(static_cast<SQLUSMALLINT>(number));
  if (record == nullptr) return SQL_NO_DATA;
  switch (field) {
    case SQL_DESC_CONCISE_TYPE:
      return PutField(field, record->type, out, length);
    case SQL_DESC_TYPE:
      return PutField(field, VerboseType(record->type), out, length);
    case SQL_DESC_DATETIME_INTERVAL_CODE:
      return PutField(field, DatetimeCode(record->type), out, length);
    case SQL_DESC_LENGTH:
      return PutField(field, static_cast<SQLLEN>(record->column_size), out, length);
    case SQL_DESC_OCTET_LENGTH:
      return PutField(field, record->octet_length, out, length);
    case SQL_DESC_PRECISION:
      return PutField(field, record->precision < 0 ? 38 : record->precision, out, length);
    case SQL_DESC_SCALE:
      return PutField(field, record->scale < 0 ? 0 : record->scale, out, length);
    case SQL_DESC_NUM_PREC_RADIX:
      return PutField(field, 10, out, length);
    case SQL_DESC_DATETIME_INTERVAL_PRECISION:
      return PutField(field, 0, out, length);
    case SQL_DESC_DATA_PTR:
      return PutNumber(out, length, record->data);
    case SQL_DESC_OCTET_LENGTH_PTR:
      return PutNumber(out, length, record->length);
    case SQL_DESC_INDICATOR_PTR:
      return PutNumber(out, length, record->indicator);
    default:
      break;
  }
  if (descriptor.kind() != Descriptor::Kind::kParameter) return descriptor.Fail("HY091", "the field is not known here");
  switch (field) {
    case SQL_DESC_NAME:
      return Whole(descriptor, PutTextBytes<Char>(record->name, out, capacity, length));
    case SQL_DESC_UNNAMED:
      return PutField(field, record->name.empty() ? SQL_UNNAMED : SQL_NAMED, out, length);
    case SQL_DESC_PARAMETER_TYPE:
      return PutField(field, record->direction, out, length);
    case SQL_DESC_NULLABLE:
      return PutField(field, SQL_NULLABLE_UNKNOWN, out, length);
    default:
      return descriptor.Fail("HY091", "the field is not known here");
  }
}

template <typename Char>
SQLRETURN GetField(SQLHDESC raw, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER out, SQLINTEGER capacity,
                   SQLINTEGER* length) {
  return Enter<Descriptor>(raw, [&](Descriptor& descriptor) -> SQLRETURN {
    const SQLRETURN header = GetHeader(descriptor, field, out, length);
    if (header != SQL_STILL_EXECUTING) return header;
    if (number < 1) return descriptor.Fail("07009", "bookmarks are not supported; records are counted from 1");
    return descriptor.kind() == Descriptor::Kind::kResultRow
               ? GetColumnField<Char>(descriptor, number, field, out, capacity, length)
               : GetRecordField<Char>(descriptor, number, field, out, capacity, length);
  });
}

template <typename Char>
SQLRETURN SetField(SQLHDESC raw, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value, SQLINTEGER length) {
  return Enter<Descriptor>(raw, [&](Descriptor& descriptor) {
    std::string text;
    if (IsTextField(field)) {
      const bool counted = length >= 0;
      text = TakeText(static_cast<const Char*>(value),
                      counted ? length / static_cast<SQLINTEGER>(sizeof(Char)) : SQLINTEGER{SQL_NTS});
    }
    return descriptor.Finish(descriptor.SetField(number, field, value, text));
  });
}

template <typename Char>
SQLRETURN GetRecord(SQLHDESC raw, SQLSMALLINT number, Char* name, SQLSMALLINT capacity, SQLSMALLINT* name_length,
                    SQLSMALLINT* type, SQLSMALLINT* sub_type, SQLLEN* length, SQLSMALLINT* precision,
                    SQLSMALLINT* scale, SQLSMALLINT* nullable) {
  return Enter<Descriptor>(raw, [&](Descriptor& descriptor) -> SQLRETURN {
    if (number < 1) return descriptor.Fail("07009", "bookmarks are not supported; records are counted from 1");
    if (number > CountOf(descriptor)) return SQL_NO_DATA;
    const bool of_result = descriptor.kind() == Descriptor::Kind::kResultRow;
    const auto get = [&](SQLSMALLINT field, SQLPOINTER out) {
      return of_result ? GetColumnField<Char>(descriptor, number, field, out, 0, nullptr)
                       : GetRecordField<Char>(descriptor, number, field, out, 0, nullptr);
    };
    for (const auto& [field, out] : {std::pair<SQLSMALLINT, SQLPOINTER>{SQL_DESC_TYPE, type},
                                     {SQL_DESC_OCTET_LENGTH, length},
                                     {SQL_DESC_PRECISION, precision},
                                     {SQL_DESC_SCALE, scale}}) {
      if (out != nullptr && get(field, out) != SQL_SUCCESS) return SQL_ERROR;
    }
    SQLSMALLINT verbose = 0;
    get(SQL_DESC_TYPE, &verbose);
    if (sub_type != nullptr && verbose == SQL_DATETIME) get(SQL_DESC_DATETIME_INTERVAL_CODE, sub_type);
    std::string text;
    if (of_result) {
      const Column& column = (**descriptor.owner()->Columns())[static_cast<size_t>(number) - 1];
      text = column.described.name;
      if (nullable != nullptr) *nullable = column.described.nullable ? SQL_NULLABLE : SQL_NO_NULLS;
    } else {
      text = descriptor.Find(static_cast<SQLUSMALLINT>(number))->name;
      if (nullable != nullptr) *nullable = SQL_NULLABLE_UNKNOWN;
    }
    return Whole(descriptor, PutTextCharacters(text, name, capacity, name_length));
  });
}

SQLRETURN SetRecord(Descriptor& descriptor, SQLSMALLINT number, const DescriptorRecord& record) {
  if (descriptor.kind() == Descriptor::Kind::kResultRow) return descriptor.Fail("HY016", "an IRD cannot be changed");
  if (number < 1 || number > 16'384) return descriptor.Fail("07009", "there is no such record");
  if (descriptor.is_application() && !IsCType(record.type)) return descriptor.Fail("HY021", "the C type is not known");
  descriptor.At(static_cast<SQLUSMALLINT>(number)) = record;
  return SQL_SUCCESS;
}

// The source is read under its own lock, the target written under its own: never both at once.
SQLRETURN Copy(SQLHDESC raw_source, SQLHDESC raw_target) {
  if (raw_source == nullptr) return SQL_INVALID_HANDLE;
  auto& source = *static_cast<Descriptor*>(static_cast<Handle*>(raw_source));
  return Enter<Descriptor>(raw_target, [&](Descriptor& target) -> SQLRETURN {
    if (target.kind() == Descriptor::Kind::kResultRow) return target.Fail("HY016", "an IRD cannot be changed");
    if (source.kind() == Descriptor::Kind::kResultRow) {
      return target.Fail("HYC00", "copying the descriptor of a result is not supported");
    }
    target.CopyFrom(source);
    return SQL_SUCCESS;
  });
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Descriptor;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDescField(SQLHDESC raw, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER out,
                                                  SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::GetField<SQLCHAR>(raw, number, field, out, capacity, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDescFieldW(SQLHDESC raw, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER out,
                                                   SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::GetField<SQLWCHAR>(raw, number, field, out, capacity, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetDescField(SQLHDESC raw, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value,
                                                  SQLINTEGER length) {
  return cdi::sfodbc::SetField<SQLCHAR>(raw, number, field, value, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetDescFieldW(SQLHDESC raw, SQLSMALLINT number, SQLSMALLINT field,
                                                   SQLPOINTER value, SQLINTEGER length) {
  return cdi::sfodbc::SetField<SQLWCHAR>(raw, number, field, value, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDescRec(SQLHDESC raw, SQLSMALLINT number, SQLCHAR* name, SQLSMALLINT capacity,
                                                SQLSMALLINT* name_length, SQLSMALLINT* type, SQLSMALLINT* sub_type,
                                                SQLLEN* length, SQLSMALLINT* precision, SQLSMALLINT* scale,
                                                SQLSMALLINT* nullable) {
  return cdi::sfodbc::GetRecord(raw, number, name, capacity, name_length, type, sub_type, length, precision, scale,
                                nullable);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDescRecW(SQLHDESC raw, SQLSMALLINT number, SQLWCHAR* name, SQLSMALLINT capacity,
                                                 SQLSMALLINT* name_length, SQLSMALLINT* type, SQLSMALLINT* sub_type,
                                                 SQLLEN* length, SQLSMALLINT* precision, SQLSMALLINT* scale,
                                                 SQLSMALLINT* nullable) {
  return cdi::sfodbc::GetRecord(raw, number, name, capacity, name_length, type, sub_type, length, precision, scale,
                                nullable);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetDescRec(SQLHDESC raw, SQLSMALLINT number, SQLSMALLINT type,
                                                SQLSMALLINT sub_type, SQLLEN length, SQLSMALLINT precision,
                                                SQLSMALLINT scale, SQLPOINTER data, SQLLEN* octet_length,
                                                SQLLEN* indicator) {
  return cdi::sfodbc::Enter<Descriptor>(raw, [&](Descriptor& descriptor) {
    cdi::sfodbc::DescriptorRecord record;
    record.type = cdi::sfodbc::ConciseType(type, sub_type);
    record.octet_length = length;
    record.precision = precision;
    record.scale = scale;
    record.data = data;
    record.length = octet_length;
    record.indicator = indicator;
    return cdi::sfodbc::SetRecord(descriptor, number, record);
  });
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLCopyDesc(SQLHDESC source, SQLHDESC target) {
  return cdi::sfodbc::Copy(source, target);
}
