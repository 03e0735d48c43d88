// Turns a cell into the C type an application asked for (spec/snowflake.md §2.3; ODBC's own rules where that is
// silent).
//
// Everything but SQLGetData in parts is done without an allocation. Text is UTF-8 for SQL_C_CHAR, UTF-16 for
// SQL_C_WCHAR; a cut narrow text fills its buffer, so a character may be cut too; a cut wide text in a bound column
// never ends in half a surrogate pair, while SQLGetData fills each part and goes on with the other half. SQL_C_NUMERIC
// takes precision and scale from the column unless its descriptor sets them.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tests/snowflake_mock/odbc/column_types.h"
#include "tests/snowflake_mock/odbc/personality.h"
#include "tests/snowflake_mock/odbc/row_scanner.h"

namespace cdi::sfodbc {

enum class Conversion {
  kDone,
  kTruncated,         // 01004, the full length is in the indicator
  kFractionLost,      // 01S07
  kOutOfRange,        // 22003
  kBadText,           // 22018
  kIndicatorMissing,  // 22002: a NULL without an indicator
  kNotPossible,       // 07006: no such conversion
  kBadDatetime,       // 22007: the text looks like a date or time, but there is no such
};

// The SQLSTATE and the words for a diagnostic record; not for kDone.
std::string_view StateOf(Conversion conversion);
std::string_view MessageOf(Conversion conversion);
bool IsError(Conversion conversion);  // as opposed to a warning

struct ConversionContext {
  absl::TimeZone session_zone = absl::UTCTimeZone();
  Personality personality = Personality::ThreeX();
  bool keeps_zeros = true;  // false: numbers as text lose zeros at both ends (0.50 is .5)
};

struct Target {
  SQLSMALLINT c_type = SQL_C_DEFAULT;
  void* data = nullptr;                // nullptr: only the length is wanted
  SQLLEN capacity = 0;                 // bytes, for text and binary
  SQLLEN* length = nullptr;            // full length in bytes
  SQLLEN* indicator = nullptr;         // SQL_NULL_DATA goes here; usually the same place as `length`
  SQLSMALLINT numeric_precision = -1;  // of SQL_C_NUMERIC; -1: the column's
  SQLSMALLINT numeric_scale = -1;
};

// SQL_C_DEFAULT and the types of ODBC 2 replaced by what they stand for.
SQLSMALLINT ResolveCType(SQLSMALLINT c_type, const Column& column);

// Whether ODBC knows that C type, convertible or not.
bool IsCType(SQLSMALLINT c_type);

// The size of one value of a fixed C type; 0 for text and binary.
size_t FixedSizeOf(SQLSMALLINT resolved_c_type);

Conversion ConvertCell(const Cell& cell, const Column& column, const ConversionContext& context, const Target& target);

// The state of SQLGetData on one column of one row: which part comes next.
class PartReader {
 public:
  void Reset() { column_ = 0; }
  // SQL_NO_DATA (true in `exhausted`) when the column was read to its end before.
  Conversion Read(SQLUSMALLINT column_number, const Cell& cell, const Column& column, const ConversionContext& context,
                  const Target& target, bool& exhausted);

 private:
  Conversion Begin(const Cell& cell, const Column& column, const ConversionContext& context);
  SQLUSMALLINT column_ = 0;  // 0: none
  SQLSMALLINT c_type_ = 0;
  std::string rendered_;    // holds what the cell itself does not
  std::string_view bytes_;  // in the target's encoding
  size_t offset_ = 0;
  bool finished_ = false;
};

}  // namespace cdi::sfodbc
