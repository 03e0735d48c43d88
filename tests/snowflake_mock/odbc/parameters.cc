#include "tests/snowflake_mock/odbc/parameters.h"

#include <charconv>
#include <chrono>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"
#include "tests/snowflake_mock/odbc/int128.h"
#include "tests/snowflake_mock/odbc/utf.h"

namespace cdi::sfodbc {
namespace {

struct Binding {
  std::string_view type;
  std::string value;
};

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
    default:
      return "TEXT";
  }
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

absl::StatusOr<Binding> ReadValue(SQLUSMALLINT number, const BoundParameter& parameter, SQLLEN length) {
  switch (parameter.c_type) {
    case SQL_C_CHAR:
      return Binding{TypeForText(parameter.sql_type), NarrowText(parameter, length)};
    case SQL_C_WCHAR:
      return Binding{TypeForText(parameter.sql_type), WideText(parameter, length)};
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
      return Binding{"DATE", absl::StrCat(DaysOf(date.year, date.month, date.day) * 86'400'000)};
    }
    case SQL_C_TIME:
    case SQL_C_TYPE_TIME: {
      const auto time = Load<SQL_TIME_STRUCT>(parameter.data);
      const int64_t seconds = time.hour * 3600 + time.minute * 60 + time.second;
      return Binding{"TIME", absl::StrCat(seconds * 1'000'000'000)};
    }
    case SQL_C_TIMESTAMP:
    case SQL_C_TYPE_TIMESTAMP:
      return Binding{"TIMESTAMP_NTZ", TimestampNanos(Load<SQL_TIMESTAMP_STRUCT>(parameter.data))};
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

absl::StatusOr<std::string> MakeBindings(const BoundParameters& bound, size_t count) {
  if (count == 0) return std::string();
  std::string json;
  for (size_t i = 1; i <= count; ++i) {
    const auto number = static_cast<SQLUSMALLINT>(i);
    const auto found = bound.find(number);
    if (found == bound.end())
      return OdbcError("07002", 0, absl::StrCat("parameter ", i, " of ", count, " is not bound"));
    BoundParameter parameter = found->second;
    if (parameter.c_type == SQL_C_DEFAULT) parameter.c_type = SQL_C_CHAR;
    const SQLLEN length = parameter.length == nullptr ? SQL_NTS : *parameter.length;
    absl::StrAppend(&json, json.empty() ? "{" : ",", "\"", i, "\":{\"type\":");
    if (length == SQL_NULL_DATA || parameter.data == nullptr) {
      absl::StrAppend(&json, "\"TEXT\",\"value\":null}");
      continue;
    }
    if (length == SQL_DATA_AT_EXEC || length <= SQL_LEN_DATA_AT_EXEC_OFFSET) {
      return OdbcError("HYC00", 0,
                       absl::StrCat("parameter ", i, ": data at execution is not supported; bind the whole value"));
    }
    CDI_ASSIGN_OR_RETURN(const Binding binding, ReadValue(number, parameter, length));
    absl::StrAppend(&json, "\"", std::string(binding.type), "\",\"value\":", JsonQuote(binding.value), "}");
  }
  return json + "}";
}

}  // namespace cdi::sfodbc
