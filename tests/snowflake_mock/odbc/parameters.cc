#include "tests/snowflake_mock/odbc/parameters.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "tests/snowflake_mock/odbc/convert.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"
#include "tests/snowflake_mock/odbc/int128.h"
#include "tests/snowflake_mock/odbc/utf.h"

namespace cdi::sfodbc {
namespace {

using Binding = WireValue;

template <typename Value>
Value Load(const void* data) {
  Value value;
  std::memcpy(&value, data, sizeof(value));
  return value;
}

int64_t DaysOf(int year, unsigned month, unsigned day) {
  using std::chrono::year_month_day;
  return std::chrono::sys_days(
             year_month_day(std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)))
      .time_since_epoch()
      .count();
}

std::string NarrowText(const BoundParameter& parameter, SQLLEN length) {
  const auto* text = static_cast<const char*>(parameter.data);
  return length == SQL_NTS ? std::string(text) : std::string(text, static_cast<size_t>(length));
}

std::string WideText(const BoundParameter& parameter, SQLLEN length) {
  const auto* text = static_cast<const char16_t*>(parameter.data);
  return ToUtf8(length == SQL_NTS ? std::u16string_view(text)
                                  : std::u16string_view(text, static_cast<size_t>(length) / 2));
}

// Text that cannot be read as the number it was declared to be is refused here, as ODBC asks; the server refuses the
// rest.
bool LooksNumeric(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE ") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

// Text is sent as the type the application declared, so that '12' can be compared with a number.
std::string_view TypeForText(SQLSMALLINT sql_type) {
  switch (sql_type) {
    case SQL_DECIMAL:
    case SQL_NUMERIC:
    case SQL_INTEGER:
    case SQL_SMALLINT:
    case SQL_TINYINT:
    case SQL_BIGINT:
      return "FIXED";
    case SQL_DOUBLE:
    case SQL_FLOAT:
    case SQL_REAL:
      return "REAL";
    case SQL_BIT:
      return "BOOLEAN";
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY:
      return "BINARY";  // the text holds hexadecimal digits
    default:
      return "TEXT";
  }
}

absl::StatusOr<WireValue> TextValue(SQLUSMALLINT number, SQLSMALLINT sql_type, std::string text) {
  const std::string_view type = TypeForText(sql_type);
  if (type == "FIXED" && !LooksNumeric(text)) {
    return OdbcError("22018", 0, absl::StrCat("parameter ", number, ": the text is no number"));
  }
  return WireValue{type, std::move(text)};
}

std::string NumericText(const SQL_NUMERIC_STRUCT& numeric) {
  Uint128 digits = 0;
  for (int i = SQL_MAX_NUMERIC_LEN - 1; i >= 0; --i) digits = (digits << 8U) | numeric.val[i];
  std::string text;
  for (; digits > 0 || static_cast<int>(text.size()) <= numeric.scale; digits /= 10) {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(digits % 10)));
  }
  if (numeric.scale > 0) text.insert(text.size() - static_cast<size_t>(numeric.scale), ".");
  return numeric.sign == 0 ? "-" + text : text;
}

std::string TimestampNanos(const SQL_TIMESTAMP_STRUCT& stamp) {
  const int64_t seconds =
      DaysOf(stamp.year, stamp.month, stamp.day) * 86'400 + stamp.hour * 3600 + stamp.minute * 60 + stamp.second;
  const Int128 nanos = static_cast<Int128>(seconds) * 1'000'000'000 + stamp.fraction;  // years 1 to 9999 pass 64 bits
  const bool negative = nanos < 0;
  auto left = static_cast<Uint128>(negative ? -nanos : nanos);
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(left % 10)));
    left /= 10;
  } while (left > 0);
  return negative ? "-" + text : text;
}

std::string DoubleText(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, end};
}

std::string HexText(const void* data, size_t size) {
  std::string hex;
  for (size_t i = 0; i < size; ++i) hex += absl::StrFormat("%02X", static_cast<const unsigned char*>(data)[i]);
  return hex;
}

// What SQL_C_DEFAULT means for a parameter of that SQL type (ODBC, Appendix D).
SQLSMALLINT DefaultCType(SQLSMALLINT sql_type) {
  switch (sql_type) {
    case SQL_BIT:
      return SQL_C_BIT;
    case SQL_TINYINT:
      return SQL_C_STINYINT;
    case SQL_SMALLINT:
      return SQL_C_SSHORT;
    case SQL_INTEGER:
      return SQL_C_SLONG;
    case SQL_REAL:
      return SQL_C_FLOAT;
    case SQL_FLOAT:
    case SQL_DOUBLE:
      return SQL_C_DOUBLE;
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY:
      return SQL_C_BINARY;
    case SQL_DATE:
    case SQL_TYPE_DATE:
      return SQL_C_TYPE_DATE;
    case SQL_TIME:
    case SQL_TYPE_TIME:
      return SQL_C_TYPE_TIME;
    case SQL_TIMESTAMP:
    case SQL_TYPE_TIMESTAMP:
      return SQL_C_TYPE_TIMESTAMP;
    case SQL_WCHAR:
    case SQL_WVARCHAR:
    case SQL_WLONGVARCHAR:
      return SQL_C_WCHAR;
    default:
      return SQL_C_CHAR;
  }
}

bool IsDate(int year, unsigned month, unsigned day) {
  using std::chrono::year_month_day;
  return year >= 1 && year <= 9999 &&
         year_month_day(std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)).ok();
}

bool IsClock(unsigned hour, unsigned minute, unsigned second, unsigned nanos = 0) {
  return hour < 24 && minute < 60 && second < 60 && nanos < 1'000'000'000;
}

absl::Status NoSuch(SQLUSMALLINT number, std::string_view what) {
  return OdbcError("22008", 0, absl::StrCat("parameter ", number, ": there is no such ", std::string(what)));
}

absl::StatusOr<Binding> ReadValue(SQLUSMALLINT number, const BoundParameter& parameter, SQLLEN length) {
  switch (parameter.c_type) {
    case SQL_C_CHAR:
      return TextValue(number, parameter.sql_type, NarrowText(parameter, length));
    case SQL_C_WCHAR:
      return TextValue(number, parameter.sql_type, WideText(parameter, length));
    case SQL_C_LONG:
    case SQL_C_SLONG:
      return Binding{"FIXED", absl::StrCat(Load<int32_t>(parameter.data))};
    case SQL_C_ULONG:
      return Binding{"FIXED", absl::StrCat(Load<uint32_t>(parameter.data))};
    case SQL_C_SHORT:
    case SQL_C_SSHORT:
      return Binding{"FIXED", absl::StrCat(Load<int16_t>(parameter.data))};
    case SQL_C_USHORT:
      return Binding{"FIXED", absl::StrCat(Load<uint16_t>(parameter.data))};
    case SQL_C_TINYINT:
    case SQL_C_STINYINT:
      return Binding{"FIXED", absl::StrCat(static_cast<int>(Load<int8_t>(parameter.data)))};
    case SQL_C_UTINYINT:
      return Binding{"FIXED", absl::StrCat(static_cast<int>(Load<uint8_t>(parameter.data)))};
    case SQL_C_SBIGINT:
      return Binding{"FIXED", absl::StrCat(Load<int64_t>(parameter.data))};
    case SQL_C_UBIGINT:
      return Binding{"FIXED", absl::StrCat(Load<uint64_t>(parameter.data))};
    case SQL_C_DOUBLE:
      return Binding{"REAL", DoubleText(Load<double>(parameter.data))};
    case SQL_C_FLOAT:
      return Binding{"REAL", DoubleText(static_cast<double>(Load<float>(parameter.data)))};
    case SQL_C_BIT:
      return Binding{"BOOLEAN", Load<uint8_t>(parameter.data) != 0 ? "true" : "false"};
    case SQL_C_NUMERIC:
      return Binding{"FIXED", NumericText(Load<SQL_NUMERIC_STRUCT>(parameter.data))};
    case SQL_C_DATE:
    case SQL_C_TYPE_DATE: {
      const auto date = Load<SQL_DATE_STRUCT>(parameter.data);
      if (!IsDate(date.year, date.month, date.day)) return NoSuch(number, "date");
      return Binding{"DATE", absl::StrCat(DaysOf(date.year, date.month, date.day) * 86'400'000)};
    }
    case SQL_C_TIME:
    case SQL_C_TYPE_TIME: {
      const auto time = Load<SQL_TIME_STRUCT>(parameter.data);
      if (!IsClock(time.hour, time.minute, time.second)) return NoSuch(number, "time");
      const int64_t seconds = time.hour * 3600 + time.minute * 60 + time.second;
      return Binding{"TIME", absl::StrCat(seconds * 1'000'000'000)};
    }
    case SQL_C_TIMESTAMP:
    case SQL_C_TYPE_TIMESTAMP: {
      const auto stamp = Load<SQL_TIMESTAMP_STRUCT>(parameter.data);
      if (!IsDate(stamp.year, stamp.month, stamp.day) ||
          !IsClock(stamp.hour, stamp.minute, stamp.second, stamp.fraction)) {
        return NoSuch(number, "timestamp");
      }
      return Binding{"TIMESTAMP_NTZ", TimestampNanos(stamp)};
    }
    case SQL_C_BINARY:
      if (length < 0)
        return OdbcError("HY090", 0, absl::StrCat("parameter ", number, ": binary data needs its length"));
      return Binding{"BINARY", HexText(parameter.data, static_cast<size_t>(length))};
    default:
      return OdbcError("HYC00", 0,
                       absl::StrCat("parameter ", number, ": C type ", parameter.c_type, " is not supported"));
  }
}

}  // namespace

namespace {

absl::StatusOr<WireValue> ReadParameter(SQLUSMALLINT number, BoundParameter parameter) {
  if (parameter.c_type == SQL_C_DEFAULT) parameter.c_type = DefaultCType(parameter.sql_type);
  const SQLLEN length = parameter.length == nullptr ? SQL_NTS : *parameter.length;
  if (length == SQL_NULL_DATA) return WireValue{};
  if (length == SQL_DEFAULT_PARAM) {
    return OdbcError("07S01", 0, absl::StrCat("parameter ", number, ": there are no default parameters"));
  }
  if (parameter.data == nullptr && length != 0) return WireValue{};
  if (IsDataAtExecution(length)) {
    return OdbcError("HYC00", 0, absl::StrCat("parameter ", number, ": its data has to come with SQLPutData"));
  }
  if (length < 0 && length != SQL_NTS) {
    return OdbcError("HY090", 0, absl::StrCat("parameter ", number, ": the length is negative"));
  }
  return ReadValue(number, parameter, length);
}

// The parameter of one set, where the arrays and the bind offset have it.
BoundParameter Resolve(const Descriptor& apd, const Descriptor& ipd, SQLUSMALLINT number, size_t set) {
  const DescriptorRecord& record = *apd.Find(number);
  const DescriptorRecord* const described = ipd.Find(number);
  const size_t offset = apd.bind_offset == nullptr ? 0 : *apd.bind_offset;
  const bool by_column = apd.bind_type == SQL_PARAM_BIND_BY_COLUMN;
  BoundParameter parameter{.c_type = record.type};
  if (described != nullptr) parameter.sql_type = described->type;
  const SQLSMALLINT c_type = parameter.c_type == SQL_C_DEFAULT ? DefaultCType(parameter.sql_type) : parameter.c_type;
  const size_t fixed = FixedSizeOf(c_type);
  const size_t width = fixed > 0 ? fixed : static_cast<size_t>(std::max<SQLLEN>(record.octet_length, 0));
  if (record.data != nullptr) {
    parameter.data = static_cast<char*>(record.data) + offset + set * (by_column ? width : apd.bind_type);
  }
  const auto shifted = [&](SQLLEN* pointer) {
    const size_t shift = offset + set * (by_column ? sizeof(SQLLEN) : apd.bind_type);
    void* const place = static_cast<char*>(static_cast<void*>(pointer)) + shift;
    return static_cast<const SQLLEN*>(place);
  };
  if (record.length != nullptr) parameter.length = shifted(record.length);
  if (record.indicator != nullptr && record.indicator != record.length) {
    const SQLLEN* const indicator = shifted(record.indicator);
    if (*indicator == SQL_NULL_DATA || parameter.length == nullptr) parameter.length = indicator;
  }
  return parameter;
}

bool IsIgnored(const Descriptor& apd, size_t set) {
  return apd.array_status != nullptr && apd.array_status[set] == SQL_PARAM_IGNORE;
}

absl::Status CheckBound(const Descriptor& apd, size_t count) {
  for (size_t number = 1; number <= count; ++number) {
    const DescriptorRecord* const record = apd.Find(static_cast<SQLUSMALLINT>(number));
    if (record == nullptr || !record->is_bound()) {
      return OdbcError("07002", 0, absl::StrCat("parameter ", number, " of ", count, " is not bound"));
    }
  }
  return absl::OkStatus();
}

const PutParameter* FindPut(const std::vector<PutParameter>& put, SQLUSMALLINT number, size_t set) {
  for (const PutParameter& value : put) {
    if (value.number == number && value.set == set) return &value;
  }
  return nullptr;
}

void AppendValue(const WireValue& value, std::string& json) {
  json += value.value.has_value() ? JsonQuote(*value.value) : "null";
}

}  // namespace

absl::StatusOr<std::vector<PutParameter>> FindPutParameters(const Descriptor& apd, size_t count) {
  CDI_RETURN_IF_ERROR(CheckBound(apd, count));
  std::vector<PutParameter> found;
  const Descriptor& no_ipd = apd;  // SQL types do not matter here
  for (size_t set = 0; set < (count == 0 ? 0 : apd.array_size); ++set) {
    if (IsIgnored(apd, set)) continue;
    for (SQLUSMALLINT number = 1; number <= count; ++number) {
      const BoundParameter parameter = Resolve(apd, no_ipd, number, set);
      if (parameter.length == nullptr || !IsDataAtExecution(*parameter.length)) continue;
      const SQLSMALLINT c_type = apd.Find(number)->type;
      void* const token = const_cast<void*>(parameter.data);  // NOLINT: the application's own value, given back
      PutParameter value;
      value.number = number;
      value.set = set;
      value.token = token;
      if (c_type != SQL_C_DEFAULT) value.c_type = c_type;
      found.push_back(std::move(value));
    }
  }
  return found;
}

absl::StatusOr<ParameterSets> ReadParameters(const Descriptor& apd, const Descriptor& ipd, size_t count,
                                             const std::vector<PutParameter>& put) {
  CDI_RETURN_IF_ERROR(CheckBound(apd, count));
  ParameterSets all;
  all.array_size = apd.array_size;
  // Without markers there is one run, however large the arrays are.
  for (size_t set = 0; set < (count == 0 ? 1 : apd.array_size); ++set) {
    if (count > 0 && IsIgnored(apd, set)) continue;
    std::vector<WireValue> values;
    for (SQLUSMALLINT number = 1; number <= count; ++number) {
      BoundParameter parameter = Resolve(apd, ipd, number, set);
      const PutParameter* const data = FindPut(put, number, set);
      SQLLEN length = 0;
      if (data != nullptr) {
        length = data->is_null ? SQLLEN{SQL_NULL_DATA} : static_cast<SQLLEN>(data->bytes.size());
        parameter.c_type = data->c_type;
        parameter.data = data->bytes.data();
        parameter.length = &length;
      }
      CDI_ASSIGN_OR_RETURN(WireValue value, ReadParameter(number, parameter));
      values.push_back(std::move(value));
    }
    all.sets.push_back(std::move(values));
    all.set_numbers.push_back(set);
  }
  return all;
}

std::string BindingsOf(const std::vector<WireValue>& set) {
  std::string json;
  for (size_t i = 0; i < set.size(); ++i) {
    absl::StrAppend(&json, json.empty() ? "{" : ",", "\"", i + 1, "\":{\"type\":\"", std::string(set[i].type),
                    "\",\"value\":");
    AppendValue(set[i], json);
    json += "}";
  }
  return json.empty() ? json : json + "}";
}

std::string ArrayBindingsOf(const ParameterSets& sets) {
  std::string json;
  for (size_t i = 0; i < sets.sets.front().size(); ++i) {
    std::string_view type = "TEXT";  // of the first value that is not NULL
    for (const auto& set : sets.sets) {
      if (!set[i].value.has_value()) continue;
      type = set[i].type;
      break;
    }
    absl::StrAppend(&json, json.empty() ? "{" : ",", "\"", i + 1, "\":{\"type\":\"", std::string(type),
                    "\",\"value\":[");
    for (size_t row = 0; row < sets.sets.size(); ++row) {
      if (row > 0) json += ",";
      AppendValue(sets.sets[row][i], json);
    }
    json += "]}";
  }
  return json.empty() ? json : json + "}";
}

absl::StatusOr<std::string> MakeBindings(const BoundParameters& bound, size_t count) {
  std::vector<WireValue> values;
  for (size_t i = 1; i <= count; ++i) {
    const auto found = bound.find(static_cast<SQLUSMALLINT>(i));
    if (found == bound.end())
      return OdbcError("07002", 0, absl::StrCat("parameter ", i, " of ", count, " is not bound"));
    CDI_ASSIGN_OR_RETURN(WireValue value, ReadParameter(static_cast<SQLUSMALLINT>(i), found->second));
    values.push_back(std::move(value));
  }
  return BindingsOf(values);
}

}  // namespace cdi::sfodbc
