#include "tests/snowflake_mock/server/engine/engine_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/text.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/engine/time_values.h"
#include "tests/snowflake_mock/server/language/json_text.h"
#include "tests/snowflake_mock/server/language/time_format.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

bool IsInteger(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return true;
    default:
      return false;
  }
}

Int128 Wide(const duckdb_hugeint& value) {
  return static_cast<Int128>((static_cast<UInt128>(static_cast<uint64_t>(value.upper)) << 64) | value.lower);
}

std::string HexText(std::string_view bytes) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

// "<seconds>.<fraction of `digits`>"; a moment before 1970 keeps its sign in front of the whole: -1.500000000.
std::string EpochText(const Moment& moment, int digits) {
  Int128 nanos = static_cast<Int128>(moment.seconds) * kNanosPerSecond + moment.nanos;
  for (int i = digits; i < 9; ++i) nanos /= 10;
  return DecimalText(nanos, digits);
}

}  // namespace

EngineType ReadEngineType(duckdb_logical_type type) {
  EngineType read;
  read.id = duckdb_get_type_id(type);
  if (char* const alias = duckdb_logical_type_get_alias(type); alias != nullptr) {
    read.alias = alias;
    duckdb_free(alias);
  }
  if (read.id == DUCKDB_TYPE_DECIMAL) {
    read.width = duckdb_decimal_width(type);
    read.scale = duckdb_decimal_scale(type);
    read.internal = duckdb_decimal_internal_type(type);
  }
  return read;
}

EngineType TakeEngineType(duckdb_logical_type type) {
  EngineType read = ReadEngineType(type);
  duckdb_destroy_logical_type(&type);
  return read;
}

absl::StatusOr<SqlType> ToSqlType(const EngineType& type) {
  if (type.alias == "SF_LTZ") return SqlType::Of(Kind::kTimestampLtz, 9);
  if (type.alias == "SF_TZ") return SqlType::Of(Kind::kTimestampTz, 9);
  if (type.alias == "JSON") return SqlType::Of(Kind::kVariant);
  if (IsInteger(type.id)) return SqlType::Number(38, 0);
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return SqlType::Of(Kind::kBoolean);
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return SqlType::Of(Kind::kFloat);
    case DUCKDB_TYPE_DECIMAL:
      return SqlType::Number(type.width, type.scale);
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_SQLNULL:
      return SqlType::Text();
    case DUCKDB_TYPE_BLOB:
      return SqlType{Kind::kBinary, 0, 0, SqlType::kBinaryLengthMax};
    case DUCKDB_TYPE_DATE:
      return SqlType::Of(Kind::kDate);
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIME_NS:
      return SqlType::Of(Kind::kTime, 9);
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return SqlType::Of(Kind::kTimestampNtz, 9);
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return SqlType::Of(Kind::kTimestampLtz, 9);
    default:
      return Unsupported(absl::StrCat("a result of this data type (engine type ", static_cast<int>(type.id), ")"));
  }
}

Moment MomentOfNanos(Int128 nanos) {
  Int128 seconds = nanos / kNanosPerSecond;
  auto rest = static_cast<int32_t>(nanos % kNanosPerSecond);
  if (rest < 0) {
    rest += static_cast<int32_t>(kNanosPerSecond);
    --seconds;
  }
  return {static_cast<int64_t>(seconds), rest, 0};
}

std::string Int128Text(Int128 value) {
  std::array<char, 48> digits;
  size_t at = digits.size();
  const bool negative = value < 0;
  auto rest = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  do {
    digits[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest > 0);
  if (negative) digits[--at] = '-';
  return std::string(digits.data() + at, digits.size() - at);
}

std::string DecimalText(Int128 value, int scale) {
  std::string text = Int128Text(value);
  if (scale == 0) return text;
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);
  const auto digits = static_cast<size_t>(scale);
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  text.insert(text.size() - digits, ".");
  return negative ? "-" + text : text;
}

std::string DoubleText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> text;
  const bool plain = value == 0 || (std::fabs(value) >= 1e-5 && std::fabs(value) < 1e15);
  const auto end = plain ? std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr
                         : std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end);
}

VectorView::VectorView(duckdb_vector vector)
    : type_(TakeEngineType(duckdb_vector_get_column_type(vector))),
      null_type_(type_.id == DUCKDB_TYPE_SQLNULL),
      data_(duckdb_vector_get_data(vector)),
      validity_(duckdb_vector_get_validity(vector)) {}

bool VectorView::IsTimeLike() const {
  switch (type_.id) {
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIME_NS:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return true;
    default:
      return type_.alias == "SF_TZ";
  }
}

Int128 VectorView::Integer(idx_t row) const {
  switch (type_.id == DUCKDB_TYPE_DECIMAL ? type_.internal : type_.id) {
    case DUCKDB_TYPE_TINYINT:
      return static_cast<const int8_t*>(data_)[row];
    case DUCKDB_TYPE_SMALLINT:
      return static_cast<const int16_t*>(data_)[row];
    case DUCKDB_TYPE_INTEGER:
      return static_cast<const int32_t*>(data_)[row];
    case DUCKDB_TYPE_BIGINT:
      return static_cast<const int64_t*>(data_)[row];
    case DUCKDB_TYPE_UTINYINT:
      return static_cast<const uint8_t*>(data_)[row];
    case DUCKDB_TYPE_USMALLINT:
      return static_cast<const uint16_t*>(data_)[row];
    case DUCKDB_TYPE_UINTEGER:
      return static_cast<const uint32_t*>(data_)[row];
    case DUCKDB_TYPE_UBIGINT:
      return static_cast<const uint64_t*>(data_)[row];
    default:
      return Wide(static_cast<const duckdb_hugeint*>(data_)[row]);
  }
}

double VectorView::Real(idx_t row) const {
  return type_.id == DUCKDB_TYPE_FLOAT ? static_cast<double>(static_cast<const float*>(data_)[row])
                                       : static_cast<const double*>(data_)[row];
}

std::string_view VectorView::Text(idx_t row) const {
  auto* const text = static_cast<duckdb_string_t*>(data_) + row;
  return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

Moment VectorView::AsMoment(idx_t row) const {
  if (type_.alias == "SF_TZ") {
    const Int128 raw = Integer(row);
    Int128 low = raw % kTzFactor;
    if (low < 0) low += kTzFactor;
    Moment moment = MomentOfNanos((raw - low) / kTzFactor);
    moment.offset_minutes = static_cast<int>(low) - kTzOffsetBias;
    return moment;
  }
  if (type_.id == DUCKDB_TYPE_DATE) return {int64_t{86400} * Days(row), 0, 0};
  const int64_t raw = static_cast<const int64_t*>(data_)[row];
  switch (type_.id) {
    case DUCKDB_TYPE_TIMESTAMP_S:
      return {raw, 0, 0};
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return MomentOfNanos(static_cast<Int128>(raw) * 1'000'000);
    case DUCKDB_TYPE_TIME_NS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return MomentOfNanos(raw);
    default:
      return MomentOfNanos(static_cast<Int128>(raw) * 1000);
  }
}

void AppendWireValue(const VectorView& column, idx_t row, const SqlType& declared, std::string& out) {
  if (column.IsNull(row)) {
    out += "null";
    return;
  }
  out += '"';
  switch (declared.kind) {
    case Kind::kNumber:
      out += DecimalText(column.Integer(row), column.type().scale);
      break;
    case Kind::kFloat:
      out += DoubleText(column.Real(row));
      break;
    case Kind::kBoolean:
      out += column.Boolean(row) ? '1' : '0';
      break;
    case Kind::kDate:
      out += std::to_string(column.Days(row));
      break;
    case Kind::kTime:
    case Kind::kTimestampNtz:
    case Kind::kTimestampLtz:
      out += EpochText(column.AsMoment(row), declared.scale);
      break;
    case Kind::kTimestampTz: {
      const Moment moment = column.AsMoment(row);
      out += EpochText(moment, declared.scale);
      absl::StrAppend(&out, " ", moment.offset_minutes + kTzOffsetBias);
      break;
    }
    case Kind::kBinary:
      out += HexText(column.Text(row));
      break;
    case Kind::kText:
      AppendJsonEscaped(column.Text(row), out);
      break;
    case Kind::kVariant:
    case Kind::kObject:
    case Kind::kArray: {
      const auto pretty = NormalizeJson(column.Text(row), JsonLayout::kPretty);
      AppendJsonEscaped(pretty.has_value() ? std::string_view(*pretty) : column.Text(row), out);
      break;
    }
  }
  out += '"';
}

std::string PlainText(const VectorView& column, idx_t row) {
  const EngineType& type = column.type();
  if (column.IsTimeLike()) {
    const Moment moment = column.AsMoment(row);
    std::string_view format = "YYYY-MM-DD HH24:MI:SS.FF3";
    if (type.id == DUCKDB_TYPE_DATE) format = "YYYY-MM-DD";
    if (type.id == DUCKDB_TYPE_TIME || type.id == DUCKDB_TYPE_TIME_NS) format = "HH24:MI:SS";
    if (!type.alias.empty() || type.id == DUCKDB_TYPE_TIMESTAMP_TZ) format = "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM";
    return FormatTime(format, moment.seconds, moment.nanos, moment.offset_minutes);
  }
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return column.Boolean(row) ? "true" : "false";
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return DoubleText(column.Real(row));
    case DUCKDB_TYPE_BLOB:
      return HexText(column.Text(row));
    case DUCKDB_TYPE_VARCHAR: {
      const std::string_view text = column.Text(row);
      if (type.alias != "JSON") return std::string(text);
      const JsonPtr node = ParseJsonNode(text);
      return node == nullptr ? std::string(text) : JsonPlainText(*node);
    }
    default:
      return DecimalText(column.Integer(row), type.scale);
  }
}

std::string KeptMoment(const VectorView& column, const Moment& moment) {
  const EngineType& type = column.type();
  const bool is_ltz = IsLtz(column);
  const char kind = type.id == DUCKDB_TYPE_DATE                                     ? 'D'
                    : type.id == DUCKDB_TYPE_TIME || type.id == DUCKDB_TYPE_TIME_NS ? 'T'
                    : is_ltz                                                        ? 'L'
                    : !type.alias.empty() || type.id == DUCKDB_TYPE_TIMESTAMP_TZ    ? 'Z'
                                                                                    : 'N';
  const char* const format = kind == 'D'   ? "YYYY-MM-DD"
                             : kind == 'T' ? "HH24:MI:SS.FF9"
                             : kind == 'N' ? "YYYY-MM-DD HH24:MI:SS.FF9"
                                           : "YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM";
  return KeptTime(kind, FormatTime(format, moment.seconds, moment.nanos, moment.offset_minutes));
}

std::string JsonText(const VectorView& column, idx_t row) {
  if (column.IsNull(row)) return "null";
  const EngineType& type = column.type();
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return column.Boolean(row) ? "true" : "false";
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE: {
      const double value = column.Real(row);
      if (!std::isfinite(value)) return JsonQuote(DoubleText(value));
      std::array<char, 64> text;  // the exponent says that it is no NUMBER
      const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
      return {text.data(), end};
    }
    case DUCKDB_TYPE_VARCHAR:
      if (type.alias == "JSON") return NormalizeJson(column.Text(row), JsonLayout::kKept).value_or("null");
      return KeptText(column.Text(row));
    case DUCKDB_TYPE_BLOB:
      return JsonQuote(HexText(column.Text(row)));
    default:
      break;
  }
  if (column.IsTimeLike()) {
    const Moment moment = column.AsMoment(row);
    return KeptMoment(column, moment);
  }
  return DecimalText(column.Integer(row), type.scale);
}

}  // namespace cdi::snowflake_mock
