#include "tests/snowflake_mock/odbc/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "tests/snowflake_mock/odbc/cell_values.h"
#include "tests/snowflake_mock/odbc/utf.h"

namespace cdi::sfodbc {
namespace {

void SetLength(const Target& target, size_t length) {
  if (target.indicator != nullptr && target.indicator != target.length) *target.indicator = 0;
  if (target.length != nullptr) *target.length = static_cast<SQLLEN>(length);
}

template <typename Value>
Conversion Store(const Target& target, const Value& value, Conversion outcome = Conversion::kDone) {
  if (target.data != nullptr) std::memcpy(target.data, &value, sizeof(value));
  SetLength(target, sizeof(value));
  return outcome;
}

Conversion FractionLost(const ConversionContext& context) {
  return context.personality.fraction_loss_is_error ? Conversion::kOutOfRange : Conversion::kFractionLost;
}

bool IsHighSurrogate(char16_t unit) {
  return (unit & 0xFC00U) == 0xD800U;
}

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}
unsigned HexDigit(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

bool IsHexText(std::string_view text) {
  return text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), &IsHex);
}

void WriteHexBytes(std::string_view hex, char* out, size_t count) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<char>(HexDigit(hex[2 * i]) * 16 + HexDigit(hex[2 * i + 1]));
}

// "-0.50" as "-.5", "12.00" as "12", "0.0" as "0"; `out` has room for the whole text.
std::string_view WithoutZeros(std::string_view text, char* out) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos) return text;
  while (text.back() == '0') text.remove_suffix(1);
  if (text.back() == '.') text.remove_suffix(1);
  const bool negative = text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.size() < 2 || digits.substr(0, 2) != "0.") return text;
  if (negative) *out = '-';
  std::memcpy(out + (negative ? 1 : 0), digits.data() + 1, digits.size() - 1);
  return {out, text.size() - 1};
}

// The cell as text, in `buffer` (kTemporalTextMax bytes) when it is not the cell itself; nullopt when it is malformed.
std::optional<std::string_view> RenderText(const Cell& cell, const Column& column, const ConversionContext& context,
                                           char* buffer) {
  const SnowflakeType type = column.described.type;
  if (type == SnowflakeType::kBoolean) {
    const auto value = ParseBoolean(cell.text());
    if (!value.has_value()) return std::nullopt;
    return *value ? "1" : "0";
  }
  if (type == SnowflakeType::kFixed && !context.keeps_zeros && cell.size < kTemporalTextMax)
    return WithoutZeros(cell.text(), buffer);
  if (!IsTemporal(type)) return cell.text();
  const auto time = DecodeTemporal(cell.text(), type, context.session_zone);
  if (!time.has_value()) return std::nullopt;
  return RenderTemporal(*time, type, column.scale(), buffer);
}

// Cutting a number or a time must not change what it says: only digits of a fraction may go.
Conversion TextCut(std::string_view text, size_t kept, const Column& column, const ConversionContext& context) {
  const SnowflakeType type = column.described.type;
  const bool number = type == SnowflakeType::kFixed || type == SnowflakeType::kDecfloat;
  if (!number && !IsTemporal(type))
    return type == SnowflakeType::kReal ? Conversion::kOutOfRange : Conversion::kTruncated;
  const size_t needed = std::min(text.find('.'), text.size());
  if (kept < needed) return Conversion::kOutOfRange;
  return number && context.personality.fraction_loss_is_error ? Conversion::kOutOfRange : Conversion::kTruncated;
}

Conversion StoreChar(std::string_view text, const Column& column, const ConversionContext& context,
                     const Target& target) {
  SetLength(target, text.size());
  const size_t room = target.capacity > 0 && target.data != nullptr ? static_cast<size_t>(target.capacity) - 1 : 0;
  const size_t kept = std::min(room, text.size());
  if (target.capacity > 0 && target.data != nullptr) {
    auto* out = static_cast<char*>(target.data);
    std::memcpy(out, text.data(), kept);
    out[kept] = '\0';
  }
  return kept == text.size() && target.capacity > 0 ? Conversion::kDone : TextCut(text, kept, column, context);
}

Conversion StoreWide(std::string_view text, const Column& column, const ConversionContext& context,
                     const Target& target) {
  const size_t units = target.data == nullptr ? 0 : static_cast<size_t>(std::max<SQLLEN>(target.capacity, 0)) / 2;
  auto* out = static_cast<char16_t*>(target.data);
  const size_t total = WriteUtf16(text, out, units > 0 ? units - 1 : 0);
  if (units > 0) {
    size_t end = std::min(total, units - 1);
    if (end < total && end > 0 && IsHighSurrogate(out[end - 1])) --end;
    out[end] = u'\0';
  }
  SetLength(target, 2 * total);
  return total < units ? Conversion::kDone : TextCut(text, units > 0 ? units - 1 : 0, column, context);
}

Conversion StoreBinary(const Cell& cell, const Column& column, const Target& target) {
  const auto capacity = static_cast<size_t>(std::max<SQLLEN>(target.capacity, 0));
  const bool hex = column.described.type == SnowflakeType::kBinary;
  if (hex && !IsHexText(cell.text())) return Conversion::kBadText;
  const size_t total = hex ? cell.size / 2 : cell.size;
  const size_t kept = target.data == nullptr ? 0 : std::min(capacity, total);
  if (hex) {
    WriteHexBytes(cell.text(), static_cast<char*>(target.data), kept);
  } else if (kept > 0) {
    std::memcpy(target.data, cell.data, kept);
  }
  SetLength(target, total);
  return kept == total ? Conversion::kDone : Conversion::kTruncated;
}

// The cell as a number. False when it is none (`bad` tells whether the type never is one).
bool ReadNumber(const Cell& cell, const Column& column, DecimalValue& value, Conversion& fault) {
  fault = Conversion::kBadText;
  const SnowflakeType type = column.described.type;
  if (type == SnowflakeType::kBoolean) {
    const auto boolean = ParseBoolean(cell.text());
    if (!boolean.has_value()) return false;
    value.whole = value.unscaled = *boolean ? 1 : 0;
    return true;
  }
  if (const auto decimal = ParseDecimal(cell.text())) {
    value = *decimal;
    return true;
  }
  const auto real = ParseDouble(cell.text());
  if (!real.has_value()) return false;
  fault = Conversion::kOutOfRange;
  if (!std::isfinite(*real) || std::fabs(*real) >= 1e38) return false;
  value.negative = *real < 0;
  value.whole = value.unscaled = static_cast<Uint128>(std::fabs(*real));
  value.has_fraction = std::trunc(*real) != *real;
  return true;
}

template <typename Integer>
Conversion StoreInteger(const DecimalValue& value, const ConversionContext& context, const Target& target) {
  using Limits = std::numeric_limits<Integer>;
  const auto most = static_cast<Uint128>(Limits::max());
  const auto limit = value.negative ? (Limits::is_signed ? most + 1 : 0) : most;
  if (value.overflow || value.whole > limit) return Conversion::kOutOfRange;
  const auto magnitude = static_cast<uint64_t>(value.whole);
  const auto integer = static_cast<Integer>(value.negative ? 0 - magnitude : magnitude);
  if (value.has_fraction && context.personality.fraction_loss_is_error) return Conversion::kOutOfRange;
  return Store(target, integer, value.has_fraction ? Conversion::kFractionLost : Conversion::kDone);
}

Conversion StoreNumeric(const DecimalValue& value, const Column& column, const ConversionContext& context,
                        const Target& target) {
  if (value.overflow) return Conversion::kOutOfRange;
  const bool scaled = column.described.type == SnowflakeType::kFixed;
  const int scale = target.numeric_scale >= 0 ? target.numeric_scale : scaled ? column.scale() : value.scale;
  const int precision = target.numeric_precision > 0 ? target.numeric_precision
                                                     : static_cast<int>(column.described.precision.value_or(38));
  Uint128 digits = value.unscaled;
  bool lost = false;
  for (int i = value.scale; i > scale; --i) {
    lost = lost || digits % 10 != 0;
    digits /= 10;
  }
  for (int i = value.scale; i < scale; ++i) {
    if (digits > ~static_cast<Uint128>(0) / 10) return Conversion::kOutOfRange;
    digits *= 10;
  }
  Uint128 bound = 1;
  for (int i = 0; i < std::min(precision, 38); ++i) bound *= 10;
  if (target.numeric_precision > 0 && digits >= bound) return Conversion::kOutOfRange;
  SQL_NUMERIC_STRUCT numeric{};
  numeric.precision = static_cast<SQLCHAR>(precision);
  numeric.scale = static_cast<SQLSCHAR>(scale);
  numeric.sign = value.negative ? 0 : 1;
  for (SQLCHAR& byte : numeric.val) {
    byte = static_cast<SQLCHAR>(digits & 0xFFU);
    digits >>= 8U;
  }
  return Store(target, numeric, lost ? FractionLost(context) : Conversion::kDone);
}

Conversion StoreNumber(SQLSMALLINT c_type, const Cell& cell, const Column& column, const ConversionContext& context,
                       const Target& target) {
  const SnowflakeType type = column.described.type;
  if (IsTemporal(type) || type == SnowflakeType::kBinary) return Conversion::kNotPossible;
  if (c_type == SQL_C_DOUBLE || c_type == SQL_C_FLOAT) {
    const auto boolean = type == SnowflakeType::kBoolean ? ParseBoolean(cell.text()) : std::nullopt;
    const auto real = boolean.has_value() ? std::optional<double>(*boolean ? 1.0 : 0.0) : ParseDouble(cell.text());
    if (!real.has_value()) return Conversion::kBadText;
    if (c_type == SQL_C_DOUBLE) return Store(target, *real);
    const bool too_large =
        std::isfinite(*real) && std::fabs(*real) > static_cast<double>(std::numeric_limits<float>::max());
    return too_large ? Conversion::kOutOfRange : Store(target, static_cast<float>(*real));
  }
  DecimalValue value;
  Conversion fault{};
  if (!ReadNumber(cell, column, value, fault)) return fault;
  switch (c_type) {
    case SQL_C_SLONG:
      return StoreInteger<int32_t>(value, context, target);
    case SQL_C_ULONG:
      return StoreInteger<uint32_t>(value, context, target);
    case SQL_C_SSHORT:
      return StoreInteger<int16_t>(value, context, target);
    case SQL_C_USHORT:
      return StoreInteger<uint16_t>(value, context, target);
    case SQL_C_STINYINT:
      return StoreInteger<int8_t>(value, context, target);
    case SQL_C_UTINYINT:
      return StoreInteger<uint8_t>(value, context, target);
    case SQL_C_SBIGINT:
      return StoreInteger<int64_t>(value, context, target);
    case SQL_C_UBIGINT:
      return StoreInteger<uint64_t>(value, context, target);
    case SQL_C_NUMERIC:
      return StoreNumeric(value, column, context, target);
    default:
      break;
  }
  if (value.overflow || value.whole > 1 || (value.negative && (value.whole > 0 || value.has_fraction)))
    return Conversion::kOutOfRange;  // SQL_C_BIT
  return StoreInteger<uint8_t>(value, context, target);
}

// Digits in the shape of a date or time.
bool LooksTemporal(std::string_view text) {
  return text.size() >= 8 && text.find_first_not_of("0123456789-:. T") == std::string_view::npos &&
         text.find_first_of("-:") != std::string_view::npos;
}

Conversion StoreTemporal(SQLSMALLINT c_type, const Cell& cell, const Column& column, const ConversionContext& context,
                         const Target& target) {
  const SnowflakeType type = column.described.type;
  const bool text = type == SnowflakeType::kText || type == SnowflakeType::kVariant;
  if (!text && !IsTemporal(type)) return Conversion::kNotPossible;
  if (type == SnowflakeType::kTime && c_type == SQL_C_TYPE_DATE) return Conversion::kNotPossible;
  if (type == SnowflakeType::kDate && c_type == SQL_C_TYPE_TIME) return Conversion::kNotPossible;
  auto time = text ? ParseCivilText(cell.text()) : DecodeTemporal(cell.text(), type, context.session_zone);
  if (!time.has_value()) return text && LooksTemporal(cell.text()) ? Conversion::kBadDatetime : Conversion::kBadText;
  if (type == SnowflakeType::kTime && c_type == SQL_C_TYPE_TIMESTAMP) {  // ODBC: on the current day
    const absl::CivilDay today = absl::ToCivilDay(absl::Now(), context.session_zone);
    time->year = static_cast<int>(today.year());
    time->month = today.month();
    time->day = today.day();
  }
  const auto part = [](int value) { return static_cast<SQLUSMALLINT>(value); };
  const auto year = static_cast<SQLSMALLINT>(time->year);
  if (c_type == SQL_C_TYPE_DATE) {
    const SQL_DATE_STRUCT date{year, part(time->month), part(time->day)};
    const bool lost = time->hour != 0 || time->minute != 0 || time->second != 0 || time->nanos != 0;
    return Store(target, date, lost ? Conversion::kFractionLost : Conversion::kDone);
  }
  if (c_type == SQL_C_TYPE_TIME) {
    const SQL_TIME_STRUCT clock{part(time->hour), part(time->minute), part(time->second)};
    return Store(target, clock, time->nanos != 0 ? Conversion::kFractionLost : Conversion::kDone);
  }
  const SQL_TIMESTAMP_STRUCT stamp{
      year, part(time->month), part(time->day), part(time->hour), part(time->minute), part(time->second), time->nanos};
  return Store(target, stamp);
}

bool IsPartial(SQLSMALLINT c_type) {
  return c_type == SQL_C_CHAR || c_type == SQL_C_WCHAR || c_type == SQL_C_BINARY;
}

bool HasBytes(SnowflakeType type) {
  return type == SnowflakeType::kText || type == SnowflakeType::kVariant || type == SnowflakeType::kBinary ||
         type == SnowflakeType::kVector;
}

}  // namespace

std::string_view StateOf(Conversion conversion) {
  switch (conversion) {
    case Conversion::kDone:
      return "00000";
    case Conversion::kTruncated:
      return "01004";
    case Conversion::kFractionLost:
      return "01S07";
    case Conversion::kOutOfRange:
      return "22003";
    case Conversion::kBadText:
      return "22018";
    case Conversion::kIndicatorMissing:
      return "22002";
    case Conversion::kNotPossible:
      return "07006";
    case Conversion::kBadDatetime:
      return "22007";
  }
  return "HY000";
}

std::string_view MessageOf(Conversion conversion) {
  switch (conversion) {
    case Conversion::kDone:
      return "";
    case Conversion::kTruncated:
      return "the value is longer than its buffer; the indicator holds its length";
    case Conversion::kFractionLost:
      return "digits behind the point do not fit the C type and were dropped";
    case Conversion::kOutOfRange:
      return "the value does not fit the C type";
    case Conversion::kBadText:
      return "the text cannot be read as a value of the C type";
    case Conversion::kIndicatorMissing:
      return "the value is NULL and no indicator was given";
    case Conversion::kNotPossible:
      return "this SQL type cannot be converted to this C type";
    case Conversion::kBadDatetime:
      return "the text is no date or time that exists";
  }
  return "";
}

bool IsError(Conversion conversion) {
  return conversion != Conversion::kDone && conversion != Conversion::kTruncated &&
         conversion != Conversion::kFractionLost;
}

SQLSMALLINT ResolveCType(SQLSMALLINT c_type, const Column& column) {
  switch (c_type) {
    case SQL_C_DEFAULT:
      return column.default_c_type;
    case SQL_C_LONG:
      return SQL_C_SLONG;
    case SQL_C_SHORT:
      return SQL_C_SSHORT;
    case SQL_C_TINYINT:
      return SQL_C_STINYINT;
    case SQL_C_DATE:
      return SQL_C_TYPE_DATE;
    case SQL_C_TIME:
      return SQL_C_TYPE_TIME;
    case SQL_C_TIMESTAMP:
      return SQL_C_TYPE_TIMESTAMP;
    default:
      return c_type;
  }
}

bool IsCType(SQLSMALLINT c_type) {
  switch (c_type) {
    case SQL_C_DEFAULT:
    case SQL_C_CHAR:
    case SQL_C_WCHAR:
    case SQL_C_BINARY:
    case SQL_C_GUID:
    case SQL_C_LONG:
    case SQL_C_SHORT:
    case SQL_C_TINYINT:
    case SQL_C_DATE:
    case SQL_C_TIME:
    case SQL_C_TIMESTAMP:
      return true;
    default:
      return FixedSizeOf(c_type) > 0 || (c_type >= SQL_C_INTERVAL_YEAR && c_type <= SQL_C_INTERVAL_MINUTE_TO_SECOND);
  }
}

size_t FixedSizeOf(SQLSMALLINT c_type) {
  switch (c_type) {
    case SQL_C_SLONG:
    case SQL_C_ULONG:
    case SQL_C_FLOAT:
      return 4;
    case SQL_C_SSHORT:
    case SQL_C_USHORT:
      return 2;
    case SQL_C_STINYINT:
    case SQL_C_UTINYINT:
    case SQL_C_BIT:
      return 1;
    case SQL_C_SBIGINT:
    case SQL_C_UBIGINT:
    case SQL_C_DOUBLE:
      return 8;
    case SQL_C_NUMERIC:
      return sizeof(SQL_NUMERIC_STRUCT);
    case SQL_C_TYPE_DATE:
      return sizeof(SQL_DATE_STRUCT);
    case SQL_C_TYPE_TIME:
      return sizeof(SQL_TIME_STRUCT);
    case SQL_C_TYPE_TIMESTAMP:
      return sizeof(SQL_TIMESTAMP_STRUCT);
    case SQL_C_LONG:  // the types of ODBC 2, where nobody has resolved them
      return 4;
    case SQL_C_SHORT:
      return 2;
    case SQL_C_TINYINT:
      return 1;
    case SQL_C_DATE:
      return sizeof(SQL_DATE_STRUCT);
    case SQL_C_TIME:
      return sizeof(SQL_TIME_STRUCT);
    case SQL_C_TIMESTAMP:
      return sizeof(SQL_TIMESTAMP_STRUCT);
    default:
      return 0;
  }
}

Conversion ConvertCell(const Cell& cell, const Column& column, const ConversionContext& context, const Target& target) {
  if (cell.is_null()) {
    if (target.indicator == nullptr) return Conversion::kIndicatorMissing;
    *target.indicator = SQL_NULL_DATA;
    return Conversion::kDone;
  }
  const SQLSMALLINT c_type = ResolveCType(target.c_type, column);
  switch (c_type) {
    case SQL_C_CHAR:
    case SQL_C_WCHAR: {
      char buffer[kTemporalTextMax];
      const auto text = RenderText(cell, column, context, buffer);
      if (!text.has_value()) return Conversion::kBadText;
      return c_type == SQL_C_CHAR ? StoreChar(*text, column, context, target)
                                  : StoreWide(*text, column, context, target);
    }
    case SQL_C_BINARY:
      return HasBytes(column.described.type) ? StoreBinary(cell, column, target) : Conversion::kNotPossible;
    case SQL_C_TYPE_DATE:
    case SQL_C_TYPE_TIME:
    case SQL_C_TYPE_TIMESTAMP:
      return StoreTemporal(c_type, cell, column, context, target);
    default:
      if (FixedSizeOf(c_type) == 0) return Conversion::kNotPossible;
      return StoreNumber(c_type, cell, column, context, target);
  }
}

Conversion PartReader::Begin(const Cell& cell, const Column& column, const ConversionContext& context) {
  rendered_.clear();
  if (c_type_ == SQL_C_BINARY) {
    if (!HasBytes(column.described.type)) return Conversion::kNotPossible;
    bytes_ = cell.text();
    if (column.described.type != SnowflakeType::kBinary) return Conversion::kDone;
    if (!IsHexText(bytes_)) return Conversion::kBadText;
    rendered_.resize(cell.size / 2);
    WriteHexBytes(bytes_, rendered_.data(), rendered_.size());
    bytes_ = rendered_;
    return Conversion::kDone;
  }
  char buffer[kTemporalTextMax];
  const auto text = RenderText(cell, column, context, buffer);
  if (!text.has_value()) return Conversion::kBadText;
  if (c_type_ == SQL_C_WCHAR) {
    const std::u16string wide = ToUtf16(*text);
    rendered_.resize(2 * wide.size());
    std::memcpy(rendered_.data(), wide.data(), rendered_.size());
    bytes_ = rendered_;
  } else if (text->data() == cell.data) {
    bytes_ = *text;
  } else {
    rendered_ = *text;
    bytes_ = rendered_;
  }
  return Conversion::kDone;
}

Conversion PartReader::Read(SQLUSMALLINT column_number, const Cell& cell, const Column& column,
                            const ConversionContext& context, const Target& target, bool& exhausted) {
  const SQLSMALLINT c_type = ResolveCType(target.c_type, column);
  const bool continues = column_ == column_number && c_type_ == c_type;
  exhausted = continues && finished_;
  if (exhausted) return Conversion::kDone;
  if (cell.is_null() || !IsPartial(c_type)) {
    const Conversion outcome = ConvertCell(cell, column, context, target);
    column_ = column_number;
    c_type_ = c_type;
    finished_ = !IsError(outcome);
    return outcome;
  }
  if (!continues) {
    column_ = column_number;
    c_type_ = c_type;
    offset_ = 0;
    finished_ = false;
    if (const Conversion begun = Begin(cell, column, context); begun != Conversion::kDone) {
      Reset();
      return begun;
    }
  }
  const size_t terminator = c_type == SQL_C_CHAR ? 1 : c_type == SQL_C_WCHAR ? 2 : 0;
  const size_t capacity = target.data == nullptr ? 0 : static_cast<size_t>(std::max<SQLLEN>(target.capacity, 0));
  size_t room = capacity > terminator ? capacity - terminator : 0;
  if (c_type == SQL_C_WCHAR) room &= ~static_cast<size_t>(1);
  const size_t left = bytes_.size() - offset_;
  // Filled to the last unit, also when that parts a surrogate pair: applications (pyodbc) take a cut part for a full
  // one.
  const size_t kept = std::min(room, left);
  if (kept < left && room > 0 && offset_ == 0 && !HasBytes(column.described.type)) {
    // A number or a time may lose digits of its fraction only; it does not go on in a second part.
    const size_t width = c_type == SQL_C_WCHAR ? 2 : 1;
    std::string text;
    for (size_t i = 0; i < bytes_.size(); i += width) text += bytes_[i];
    if (const Conversion cut = TextCut(text, kept / width, column, context); IsError(cut)) {
      Reset();
      return cut;
    }
  }
  SetLength(target, left);
  if (capacity >= terminator && target.data != nullptr) {
    auto* out = static_cast<char*>(target.data);
    std::memcpy(out, bytes_.data() + offset_, kept);
    std::memset(out + kept, 0, terminator);
  }
  offset_ += kept;
  finished_ = kept == left && capacity >= terminator && (capacity > 0 || terminator == 0);
  return finished_ ? Conversion::kDone : Conversion::kTruncated;
}

}  // namespace cdi::sfodbc
