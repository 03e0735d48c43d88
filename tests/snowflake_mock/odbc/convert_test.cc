#include "tests/snowflake_mock/odbc/convert.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/snowflake_mock/odbc/catalog.h"
#include "tests/snowflake_mock/odbc/utf.h"

namespace cdi::sfodbc {
namespace {

constexpr Conversion kDone = Conversion::kDone;
constexpr Conversion kCut = Conversion::kTruncated;
constexpr Conversion kFraction = Conversion::kFractionLost;
constexpr Conversion kRange = Conversion::kOutOfRange;
constexpr Conversion kBad = Conversion::kBadText;
constexpr Conversion kNever = Conversion::kNotPossible;

struct ConvertCase {
  std::string_view declared;
  std::string_view wire;
  SQLSMALLINT c_type;
  Conversion outcome;
  std::string want = {};  // what stands in the buffer, printed; not looked at after an error
  SQLLEN capacity = 64;
  SQLLEN length = -100;  // -100: the size of what is in the buffer
};

void PrintTo(const ConvertCase& test, std::ostream* out) {
  *out << test.declared << " '" << test.wire << "' as " << test.c_type;
}

template <typename Value>
Value Read(const char* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

std::string PrintNumeric(const SQL_NUMERIC_STRUCT& numeric) {
  return absl::StrFormat("%s%d e-%d p%d", numeric.sign == 1 ? "+" : "-",
                         Read<uint64_t>(reinterpret_cast<const char*>(numeric.val)),  // NOLINT
                         numeric.scale, numeric.precision);
}

std::string Print(SQLSMALLINT c_type, const char* bytes, SQLLEN length) {
  switch (c_type) {
    case SQL_C_CHAR:
      return bytes;
    case SQL_C_WCHAR:
      return ToUtf8(std::u16string(reinterpret_cast<const char16_t*>(bytes)));  // NOLINT
    case SQL_C_BINARY:
      return {bytes, static_cast<size_t>(std::min<SQLLEN>(length, 3))};
    case SQL_C_SLONG:
      return absl::StrCat(Read<int32_t>(bytes));
    case SQL_C_ULONG:
      return absl::StrCat(Read<uint32_t>(bytes));
    case SQL_C_SSHORT:
      return absl::StrCat(Read<int16_t>(bytes));
    case SQL_C_USHORT:
      return absl::StrCat(Read<uint16_t>(bytes));
    case SQL_C_STINYINT:
      return absl::StrCat(Read<int8_t>(bytes));
    case SQL_C_BIT:
    case SQL_C_UTINYINT:
      return absl::StrCat(Read<uint8_t>(bytes));
    case SQL_C_SBIGINT:
      return absl::StrCat(Read<int64_t>(bytes));
    case SQL_C_UBIGINT:
      return absl::StrCat(Read<uint64_t>(bytes));
    case SQL_C_DOUBLE:
      return absl::StrCat(Read<double>(bytes));
    case SQL_C_FLOAT:
      return absl::StrCat(Read<float>(bytes));
    case SQL_C_NUMERIC:
      return PrintNumeric(Read<SQL_NUMERIC_STRUCT>(bytes));
    case SQL_C_TYPE_DATE: {
      const auto date = Read<SQL_DATE_STRUCT>(bytes);
      return absl::StrFormat("%d-%d-%d", date.year, date.month, date.day);
    }
    case SQL_C_TYPE_TIME: {
      const auto time = Read<SQL_TIME_STRUCT>(bytes);
      return absl::StrFormat("%d:%d:%d", time.hour, time.minute, time.second);
    }
    case SQL_C_TYPE_TIMESTAMP: {
      const auto stamp = Read<SQL_TIMESTAMP_STRUCT>(bytes);
      return absl::StrFormat("%d-%d-%d %d:%d:%d %d", stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute,
                             stamp.second, stamp.fraction);
    }
    default:
      return "?";
  }
}

class ConvertTest : public testing::TestWithParam<ConvertCase> {};

TEST_P(ConvertTest, GivesValueLengthAndOutcome) {
  const ConvertCase& test = GetParam();
  const Column column = DescribeForOdbc(ParseDeclaredType(test.declared), Settings());
  alignas(16) std::array<char, 80> buffer{};
  buffer.fill('#');
  SQLLEN length = -77;
  const Cell cell{test.wire.data(), test.wire.size()};
  const Target target{test.c_type, buffer.data(), test.capacity, &length, &length};
  ASSERT_EQ(ConvertCell(cell, column, {}, target), test.outcome);
  EXPECT_EQ(buffer[static_cast<size_t>(test.capacity)], '#') << "wrote behind the buffer";
  if (IsError(test.outcome)) return;
  const SQLSMALLINT resolved = ResolveCType(test.c_type, column);
  EXPECT_EQ(Print(resolved, buffer.data(), length), test.want);
  const size_t unit = resolved == SQL_C_WCHAR ? 2 : 1;
  const SQLLEN whole = FixedSizeOf(resolved) > 0 ? static_cast<SQLLEN>(FixedSizeOf(resolved))
                                                 : static_cast<SQLLEN>(unit * ToUtf16(test.want).size());
  EXPECT_EQ(length, test.length == -100 ? whole : test.length);
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, ConvertTest,
    testing::Values(
        ConvertCase{"NUMBER(10,2)", "-12.50", SQL_C_CHAR, kDone, "-12.50"},
        ConvertCase{"NUMBER(10,2)", "-12.50", SQL_C_WCHAR, kDone, "-12.50"},
        ConvertCase{"NUMBER(10,2)", "-12.50", SQL_C_DEFAULT, kDone, "-12.50"},
        ConvertCase{"NUMBER(10,2)", "-12.50", SQL_C_SLONG, kFraction, "-12"},
        ConvertCase{"NUMBER(10,2)", "-12.00", SQL_C_SLONG, kDone, "-12"},
        ConvertCase{"NUMBER(10,2)", "-12.50", SQL_C_DOUBLE, kDone, "-12.5"},
        ConvertCase{"NUMBER(10,2)", "-12.50", SQL_C_FLOAT, kDone, "-12.5"},
        ConvertCase{"NUMBER(10,2)", "-12.50", SQL_C_NUMERIC, kDone, "-1250 e-2 p10"},
        ConvertCase{"NUMBER(10,2)", "12.5", SQL_C_NUMERIC, kDone, "+1250 e-2 p10"},
        ConvertCase{"NUMBER(10,2)", "1234567.89", SQL_C_CHAR, kCut, "1234567.", 9, 10},
        ConvertCase{"NUMBER(10,2)", "1234567.89", SQL_C_CHAR, kRange, "", 7},
        ConvertCase{"NUMBER(38,0)", "2147483647", SQL_C_SLONG, kDone, "2147483647"},
        ConvertCase{"NUMBER(38,0)", "2147483648", SQL_C_SLONG, kRange},
        ConvertCase{"NUMBER(38,0)", "-2147483648", SQL_C_LONG, kDone, "-2147483648"},
        ConvertCase{"NUMBER(38,0)", "-2147483649", SQL_C_SLONG, kRange},
        ConvertCase{"NUMBER(38,0)", "4294967295", SQL_C_ULONG, kDone, "4294967295"},
        ConvertCase{"NUMBER(38,0)", "-1", SQL_C_ULONG, kRange},
        ConvertCase{"NUMBER(38,0)", "32768", SQL_C_SHORT, kRange},
        ConvertCase{"NUMBER(38,0)", "-32768", SQL_C_SSHORT, kDone, "-32768"},
        ConvertCase{"NUMBER(38,0)", "65535", SQL_C_USHORT, kDone, "65535"},
        ConvertCase{"NUMBER(38,0)", "128", SQL_C_TINYINT, kRange},
        ConvertCase{"NUMBER(38,0)", "255", SQL_C_UTINYINT, kDone, "255"},
        ConvertCase{"NUMBER(38,0)", "9223372036854775807", SQL_C_SBIGINT, kDone, "9223372036854775807"},
        ConvertCase{"NUMBER(38,0)", "-9223372036854775808", SQL_C_SBIGINT, kDone, "-9223372036854775808"},
        ConvertCase{"NUMBER(38,0)", "9223372036854775808", SQL_C_SBIGINT, kRange},
        ConvertCase{"NUMBER(38,0)", "18446744073709551615", SQL_C_UBIGINT, kDone, "18446744073709551615"},
        ConvertCase{"NUMBER(38,0)", "18446744073709551616", SQL_C_UBIGINT, kRange},
        ConvertCase{"NUMBER(38,0)", "1", SQL_C_BIT, kDone, "1"}, ConvertCase{"NUMBER(38,0)", "2", SQL_C_BIT, kRange},
        ConvertCase{"NUMBER(38,0)", "-1", SQL_C_BIT, kRange}, ConvertCase{"NUMBER(38,0)", "1", SQL_C_TYPE_DATE, kNever},
        ConvertCase{"NUMBER(38,0)", "1", SQL_C_BINARY, kNever}, ConvertCase{"NUMBER(38,0)", "1", SQL_C_GUID, kNever},
        ConvertCase{"FLOAT", "1.5", SQL_C_DEFAULT, kDone, "1.5"},
        ConvertCase{"FLOAT", "1.5e10", SQL_C_SBIGINT, kDone, "15000000000"},
        ConvertCase{"FLOAT", "NaN", SQL_C_DOUBLE, kDone, "nan"},
        ConvertCase{"FLOAT", "-inf", SQL_C_DOUBLE, kDone, "-inf"}, ConvertCase{"FLOAT", "NaN", SQL_C_SLONG, kRange},
        ConvertCase{"FLOAT", "1e300", SQL_C_FLOAT, kRange}, ConvertCase{"FLOAT", "1e300", SQL_C_SBIGINT, kRange},
        ConvertCase{"FLOAT", "1.5", SQL_C_CHAR, kDone, "1.5"}));

INSTANTIATE_TEST_SUITE_P(
    TextAndBytes, ConvertTest,
    testing::Values(
        ConvertCase{"VARCHAR", "a\u20acb", SQL_C_CHAR, kDone, "a\u20acb", 64, 5},
        ConvertCase{"VARCHAR", "a\u20acb", SQL_C_WCHAR, kDone, "a\u20acb", 64, 6},
        ConvertCase{"VARCHAR", "a\U0001F600", SQL_C_WCHAR, kDone, "a\U0001F600", 64, 6},
        ConvertCase{"VARCHAR", "abcdef", SQL_C_CHAR, kCut, "abc", 4, 6},
        ConvertCase{"VARCHAR", "abcdef", SQL_C_WCHAR, kCut, "abc", 8, 12},
        ConvertCase{"VARCHAR", "abcdef", SQL_C_CHAR, kDone, "abcdef", 7},
        ConvertCase{"VARCHAR", "abcdef", SQL_C_BINARY, kCut, "abc", 3, 6},
        ConvertCase{"VARCHAR", "", SQL_C_CHAR, kDone, ""}, ConvertCase{"VARCHAR", " 42 ", SQL_C_SLONG, kDone, "42"},
        ConvertCase{"VARCHAR", "x", SQL_C_SLONG, kBad}, ConvertCase{"VARCHAR", "", SQL_C_SLONG, kBad},
        ConvertCase{"VARCHAR", "x", SQL_C_DOUBLE, kBad},
        ConvertCase{"VARCHAR", "2026-11-24", SQL_C_TYPE_DATE, kDone, "2026-11-24"},
        ConvertCase{"VARCHAR", "2026-02-30", SQL_C_TYPE_DATE, Conversion::kBadDatetime},
        ConvertCase{"VARCHAR", "12:34:56", SQL_C_TYPE_TIME, kDone, "12:34:56"},
        ConvertCase{"VARCHAR", "2026-11-24 12:34:56.5", SQL_C_TYPE_TIMESTAMP, kDone, "2026-11-24 12:34:56 500000000"},
        ConvertCase{"VARIANT", "{}", SQL_C_CHAR, kDone, "{}"},
        ConvertCase{"BINARY", "414243", SQL_C_BINARY, kDone, "ABC"},
        ConvertCase{"BINARY", "414243", SQL_C_DEFAULT, kDone, "ABC"},
        ConvertCase{"BINARY", "414243", SQL_C_CHAR, kDone, "414243"},
        ConvertCase{"BINARY", "4142434445", SQL_C_BINARY, kCut, "ABC", 3, 5},
        ConvertCase{"BINARY", "41", SQL_C_SLONG, kNever}, ConvertCase{"BOOLEAN", "1", SQL_C_DEFAULT, kDone, "1"},
        ConvertCase{"BOOLEAN", "true", SQL_C_BIT, kDone, "1"}, ConvertCase{"BOOLEAN", "FALSE", SQL_C_CHAR, kDone, "0"},
        ConvertCase{"BOOLEAN", "0", SQL_C_SLONG, kDone, "0"}, ConvertCase{"BOOLEAN", "true", SQL_C_DOUBLE, kDone, "1"},
        ConvertCase{"BOOLEAN", "maybe", SQL_C_BIT, kBad}));

INSTANTIATE_TEST_SUITE_P(
    Times, ConvertTest,
    testing::Values(
        ConvertCase{"DATE", "19000", SQL_C_CHAR, kDone, "2022-01-08"},
        ConvertCase{"DATE", "-1", SQL_C_TYPE_DATE, kDone, "1969-12-31"},
        ConvertCase{"DATE", "19000", SQL_C_DATE, kDone, "2022-1-8"},
        ConvertCase{"DATE", "19000", SQL_C_TYPE_TIMESTAMP, kDone, "2022-1-8 0:0:0 0"},
        ConvertCase{"DATE", "19000", SQL_C_TYPE_TIME, kNever}, ConvertCase{"DATE", "19000", SQL_C_SLONG, kNever},
        ConvertCase{"DATE", "2932896", SQL_C_CHAR, kDone, "9999-12-31"},
        ConvertCase{"TIME(9)", "45296.123456789", SQL_C_CHAR, kDone, "12:34:56.123456789"},
        ConvertCase{"TIME(3)", "45296.123", SQL_C_CHAR, kDone, "12:34:56.123"},
        ConvertCase{"TIME(0)", "45296", SQL_C_TYPE_TIME, kDone, "12:34:56"},
        ConvertCase{"TIME(9)", "45296.100000000", SQL_C_TYPE_TIME, kFraction, "12:34:56"},
        ConvertCase{"TIME(0)", "45296", SQL_C_TYPE_DATE, kNever},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.123456789", SQL_C_CHAR, kDone, "2023-11-14 22:13:20.123456789"},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.123456789", SQL_C_TYPE_TIMESTAMP, kDone,
                    "2023-11-14 22:13:20 123456789"},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.123456789", SQL_C_DEFAULT, kDone, "2023-11-14 22:13:20 123456789"},
        ConvertCase{"TIMESTAMP_NTZ(0)", "1700000000", SQL_C_CHAR, kDone, "2023-11-14 22:13:20"},
        ConvertCase{"TIMESTAMP_NTZ(9)", "-1.500000000", SQL_C_CHAR, kDone, "1969-12-31 23:59:58.500000000"},
        ConvertCase{"TIMESTAMP_NTZ(9)", "-62135596800.000000000", SQL_C_CHAR, kDone, "0001-01-01 00:00:00.000000000"},
        ConvertCase{"TIMESTAMP_TZ(9)", "1700000000.123456789 1560", SQL_C_CHAR, kDone, "2023-11-14 22:13:20.123456789"},
        ConvertCase{"TIMESTAMP_LTZ(9)", "1700000000.000000001", SQL_C_TYPE_TIMESTAMP, kDone, "2023-11-14 22:13:20 1"},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.123456789", SQL_C_CHAR, kCut, "2023-11-14 22:13:20.123", 24, 29},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.123456789", SQL_C_CHAR, kRange, "", 19},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.0", SQL_C_TYPE_DATE, kFraction, "2023-11-14"},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.0", SQL_C_TYPE_TIME, kDone, "22:13:20"},
        ConvertCase{"TIMESTAMP_NTZ(9)", "soon", SQL_C_CHAR, kBad},
        ConvertCase{"TIMESTAMP_NTZ(9)", "1700000000.0", SQL_C_SBIGINT, kNever}));

Column TextColumn() {
  return DescribeForOdbc(ParseDeclaredType("VARCHAR"), Settings());
}

TEST(ConvertNullTest, NullGoesToTheIndicatorAndNeedsOne) {
  SQLLEN length = 0;
  int32_t value = 7;
  EXPECT_EQ(ConvertCell(Cell{}, TextColumn(), {}, {SQL_C_SLONG, &value, 4, &length, &length}), kDone);
  EXPECT_EQ(length, SQL_NULL_DATA);
  EXPECT_EQ(value, 7);
  EXPECT_EQ(ConvertCell(Cell{}, TextColumn(), {}, {SQL_C_SLONG, &value, 4, nullptr, nullptr}),
            Conversion::kIndicatorMissing);
}

TEST(ConvertZoneTest, LtzIsShownInTheSessionsZone) {
  ConversionContext context;
  ASSERT_TRUE(absl::LoadTimeZone("America/Los_Angeles", &context.session_zone));
  const Column column = DescribeForOdbc(ParseDeclaredType("TIMESTAMP_LTZ(0)"), Settings());
  char text[32];
  SQLLEN length = 0;
  const std::string_view wire = "1700000000";
  ASSERT_EQ(ConvertCell({wire.data(), wire.size()}, column, context, {SQL_C_CHAR, text, 32, &length, &length}), kDone);
  EXPECT_STREQ(text, "2023-11-14 14:13:20");
}

TEST(PersonalityTest, VersionFourRefusesALostFraction) {
  ConversionContext context;
  context.personality.fraction_loss_is_error = true;
  const Column column = DescribeForOdbc(ParseDeclaredType("NUMBER(4,1)"), Settings());
  int32_t value = 0;
  SQLLEN length = 0;
  const std::string_view wire = "1.5";
  EXPECT_EQ(ConvertCell({wire.data(), wire.size()}, column, context, {SQL_C_SLONG, &value, 4, &length, &length}),
            kRange);
}

TEST(PersonalityTest, StatesOfServerErrorsPassOrAreHidden) {
  Personality personality = Personality::ThreeX();
  EXPECT_EQ(personality.StateOfServerError("02000"), "02000");
  EXPECT_EQ(personality.StateOfServerError("42S02"), "42S02");
  EXPECT_EQ(personality.StateOfServerError(""), "HY000");
  personality.hides_completion_states = true;
  EXPECT_EQ(personality.StateOfServerError("02000"), "HY000");
}

// Reads a cell with SQLGetData in parts of `capacity` bytes.
std::string ReadInParts(std::string_view text, SQLSMALLINT c_type, size_t capacity) {
  PartReader reader;
  std::string all;
  for (;;) {
    std::string part(capacity, '#');
    SQLLEN length = 0;
    bool exhausted = false;
    const Conversion outcome =
        reader.Read(1, {text.data(), text.size()}, TextColumn(), {},
                    {c_type, part.data(), static_cast<SQLLEN>(capacity), &length, &length}, exhausted);
    if (exhausted) return all;
    const size_t terminator = c_type == SQL_C_CHAR ? 1 : c_type == SQL_C_WCHAR ? 2 : 0;
    all += part.substr(0, std::min(static_cast<size_t>(length),
                                   (capacity - terminator) & ~static_cast<size_t>(c_type == SQL_C_WCHAR ? 1 : 0)));
    if (IsError(outcome)) return "error";
  }
}

TEST(PartReaderTest, PartsMakeUpTheWholeInEveryEncoding) {
  const std::string text = "gr\u00fc\u00dfe \U0001F600 und mehr";
  const std::u16string wide = ToUtf16(text);
  std::string wide_bytes(2 * wide.size(), '\0');
  std::memcpy(wide_bytes.data(), wide.data(), wide_bytes.size());
  for (size_t capacity = 4; capacity < 40; ++capacity) {
    EXPECT_EQ(ReadInParts(text, SQL_C_CHAR, capacity), text) << capacity;
    EXPECT_EQ(ReadInParts(text, SQL_C_BINARY, capacity), text) << capacity;
    EXPECT_EQ(ReadInParts(text, SQL_C_WCHAR, capacity), wide_bytes) << capacity;
  }
}

TEST(PartReaderTest, ALengthProbeTakesNothingAway) {
  PartReader reader;
  SQLLEN length = 0;
  bool exhausted = false;
  const Cell cell{"abc", 3};
  EXPECT_EQ(reader.Read(1, cell, TextColumn(), {}, {SQL_C_CHAR, nullptr, 0, &length, &length}, exhausted), kCut);
  EXPECT_EQ(length, 3);
  char text[8];
  EXPECT_EQ(reader.Read(1, cell, TextColumn(), {}, {SQL_C_CHAR, text, 8, &length, &length}, exhausted), kDone);
  EXPECT_STREQ(text, "abc");
}

}  // namespace
}  // namespace cdi::sfodbc
