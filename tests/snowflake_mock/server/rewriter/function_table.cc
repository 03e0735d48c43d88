#include "tests/snowflake_mock/server/rewriter/function_table.h"

#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cdi::snowflake_mock {
namespace {

constexpr size_t kAny = 1000;

constexpr FunctionRewrite kFunctions[] = {
    // conditions
    {"IFF", 3, 3, "CASE WHEN $1 THEN $2 ELSE $3 END"},
    {"NVL", 2, 2, "coalesce($1, $2)"},
    {"IFNULL", 2, 2, "coalesce($1, $2)"},
    {"NVL2", 3, 3, "CASE WHEN ($1) IS NOT NULL THEN $2 ELSE $3 END"},
    {"COALESCE", 2, kAny, nullptr},
    {"NULLIF", 2, 2, nullptr},
    {"ZEROIFNULL", 1, 1, "coalesce($1, 0)"},
    {"NULLIFZERO", 1, 1, "nullif($1, 0)"},
    {"EQUAL_NULL", 2, 2, "(($1) IS NOT DISTINCT FROM ($2))"},
    {"GREATEST", 1, kAny, nullptr, true},
    {"LEAST", 1, kAny, nullptr, true},
    {"GREATEST_IGNORE_NULLS", 1, kAny, "greatest($*)"},
    {"LEAST_IGNORE_NULLS", 1, kAny, "least($*)"},
    // conversion
    {"TO_VARCHAR", 1, 2, "SF_TO_VARCHAR($*)"},
    {"TO_CHAR", 1, 2, "SF_TO_VARCHAR($*)"},
    {"TO_TIMESTAMP", 1, 1, "SF_TO_NTZ($1)"},
    {"TO_TIMESTAMP_NTZ", 1, 1, "SF_TO_NTZ($1)"},
    {"TO_TIMESTAMP_LTZ", 1, 1, "SF_TO_LTZ($1)"},
    {"TO_TIMESTAMP_TZ", 1, 1, "SF_TO_TZ($1)"},
    {"TRY_TO_TIMESTAMP", 1, 1, "TRY_CAST($1 AS TIMESTAMP_NS)"},
    {"TRY_TO_TIMESTAMP_NTZ", 1, 1, "TRY_CAST($1 AS TIMESTAMP_NS)"},
    {"TO_DATE", 1, 1, "CAST(SF_TO_NTZ($1) AS DATE)"},
    {"DATE", 1, 1, "CAST(SF_TO_NTZ($1) AS DATE)"},
    {"TRY_TO_DATE", 1, 1, "TRY_CAST($1 AS DATE)"},
    {"TO_TIME", 1, 1, "CAST($1 AS TIME_NS)"},
    {"TO_BOOLEAN", 1, 1, "CAST($1 AS BOOLEAN)"},
    {"TO_DOUBLE", 1, 1, "CAST($1 AS DOUBLE)"},
    {"TRY_TO_BOOLEAN", 1, 1, "TRY_CAST($1 AS BOOLEAN)"},
    {"TRY_TO_DOUBLE", 1, 1, "TRY_CAST($1 AS DOUBLE)"},
    {"TO_BINARY", 1, 1, "from_hex($1)"},
    {"CONVERT_TIMEZONE", 3, 3, "SF_CONVERT_WALL($1, $2, $3)"},
    // semi-structured
    {"PARSE_JSON", 1, 1, "SF_PARSE_JSON($1)"},
    {"TRY_PARSE_JSON", 1, 1, "SF_TRY_PARSE_JSON($1)"},
    {"TO_JSON", 1, 1, "SF_TO_JSON($1)"},
    {"TO_VARIANT", 1, 1, "SF_TO_VARIANT($1)"},
    {"OBJECT_CONSTRUCT", 0, kAny, "SF_OBJECT_CONSTRUCT($*)"},
    {"OBJECT_CONSTRUCT_KEEP_NULL", 0, kAny, "SF_OBJECT_CONSTRUCT_KEEP_NULL($*)"},
    {"ARRAY_CONSTRUCT", 0, kAny, "SF_ARRAY_CONSTRUCT($*)"},
    {"ARRAY_SIZE", 1, 1, "CAST(json_array_length($1) AS BIGINT)"},
    // texts
    {"UPPER", 1, 1, nullptr},
    {"LOWER", 1, 1, nullptr},
    {"TRIM", 1, 2, nullptr},
    {"LTRIM", 1, 2, nullptr},
    {"RTRIM", 1, 2, nullptr},
    {"LENGTH", 1, 1, nullptr},
    {"LEN", 1, 1, "length($1)"},
    {"OCTET_LENGTH", 1, 1, "strlen($1)"},
    {"SUBSTR", 2, 3, nullptr},
    {"SUBSTRING", 2, 3, nullptr},
    {"LEFT", 2, 2, nullptr},
    {"RIGHT", 2, 2, nullptr},
    {"REPLACE", 3, 3, nullptr},
    {"SPLIT_PART", 3, 3, nullptr},
    {"CONTAINS", 2, 2, nullptr},
    {"STARTSWITH", 2, 2, "starts_with($1, $2)"},
    {"ENDSWITH", 2, 2, "ends_with($1, $2)"},
    {"CHARINDEX", 2, 2, "instr($2, $1)"},
    {"LPAD", 3, 3, nullptr},
    {"RPAD", 3, 3, nullptr},
    {"REPEAT", 2, 2, nullptr},
    {"REVERSE", 1, 1, nullptr},
    {"ASCII", 1, 1, nullptr},
    {"CHR", 1, 1, nullptr},
    {"MD5", 1, 1, nullptr},
    {"MD5_HEX", 1, 1, "md5($1)"},
    {"SHA2", 1, 1, "sha256($1)"},
    {"SHA1", 1, 1, nullptr},
    {"HEX_ENCODE", 1, 1, "hex($1)"},
    {"REGEXP_LIKE", 2, 2, "regexp_full_match($1, $2)"},
    {"RLIKE", 2, 2, "regexp_full_match($1, $2)"},
    {"REGEXP_REPLACE", 3, 3, "regexp_replace($1, $2, $3, 'g')"},
    {"UUID_STRING", 0, 0, "CAST(uuid() AS VARCHAR)"},
    {"HASH", 1, kAny, "CAST(CAST(hash($*) AS HUGEINT) - 9223372036854775808 AS BIGINT)"},
    // numbers
    {"ABS", 1, 1, nullptr},
    {"CEIL", 1, 1, nullptr},
    {"FLOOR", 1, 1, nullptr},
    {"ROUND", 1, 2, nullptr},
    {"TRUNC", 1, 1, nullptr},
    {"MOD", 2, 2, "(($1) % ($2))"},
    {"SIGN", 1, 1, nullptr},
    {"SQRT", 1, 1, nullptr},
    {"POWER", 2, 2, nullptr},
    {"POW", 2, 2, nullptr},
    {"EXP", 1, 1, nullptr},
    {"LN", 1, 1, nullptr},
    {"SQUARE", 1, 1, "(($1) * ($1))"},
    {"RANDOM", 0, 1, "CAST(CAST(hash(random()) AS HUGEINT) - 9223372036854775808 AS BIGINT)"},
    {"UNIFORM", 3, 3, "CAST(floor(random() * (($2) - ($1) + 1)) + ($1) AS BIGINT)"},
    {"SEQ1", 0, 1, "(row_number() OVER () - 1)"},
    {"SEQ2", 0, 1, "(row_number() OVER () - 1)"},
    {"SEQ4", 0, 1, "(row_number() OVER () - 1)"},
    {"SEQ8", 0, 1, "(row_number() OVER () - 1)"},
    // aggregates and windows
    {"COUNT", 1, 1, nullptr},
    {"SUM", 1, 1, nullptr},
    {"MIN", 1, 1, nullptr},
    {"MAX", 1, 1, nullptr},
    {"AVG", 1, 1, nullptr},
    {"MEDIAN", 1, 1, nullptr},
    {"STDDEV", 1, 1, nullptr},
    {"VARIANCE", 1, 1, nullptr},
    {"ANY_VALUE", 1, 1, nullptr},
    {"COUNT_IF", 1, 1, "count_if($1)"},
    {"BOOLAND_AGG", 1, 1, "bool_and($1)"},
    {"BOOLOR_AGG", 1, 1, "bool_or($1)"},
    {"MAX_BY", 2, 2, nullptr},
    {"MIN_BY", 2, 2, nullptr},
    {"APPROX_COUNT_DISTINCT", 1, 1, "count(DISTINCT $1)"},
    {"ROW_NUMBER", 0, 0, nullptr},
    {"RANK", 0, 0, nullptr},
    {"DENSE_RANK", 0, 0, nullptr},
    {"LAG", 1, 3, nullptr},
    {"LEAD", 1, 3, nullptr},
    {"FIRST_VALUE", 1, 1, nullptr},
    {"LAST_VALUE", 1, 1, nullptr},
    {"NTILE", 1, 1, nullptr},
    // times
    {"YEAR", 1, 1, "year(SF_TO_NTZ($1))"},
    {"QUARTER", 1, 1, "quarter(SF_TO_NTZ($1))"},
    {"MONTH", 1, 1, "month(SF_TO_NTZ($1))"},
    {"DAY", 1, 1, "day(SF_TO_NTZ($1))"},
    {"DAYOFMONTH", 1, 1, "day(SF_TO_NTZ($1))"},
    {"DAYOFWEEK", 1, 1, "dayofweek(SF_TO_NTZ($1))"},
    {"HOUR", 1, 1, "hour(SF_TO_NTZ($1))"},
    {"MINUTE", 1, 1, "minute(SF_TO_NTZ($1))"},
    {"SECOND", 1, 1, "second(SF_TO_NTZ($1))"},
};

}  // namespace

const FunctionRewrite* FindFunction(const std::string& name) {
  static const auto* by_name = [] {
    auto* map = new std::unordered_map<std::string, const FunctionRewrite*>();
    for (const FunctionRewrite& function : kFunctions) map->emplace(function.name, &function);
    return map;
  }();
  const auto found = by_name->find(name);
  return found == by_name->end() ? nullptr : found->second;
}

absl::Status UnknownFunction(const Token& name) {
  return SqlError("002141", "42601", absl::StrCat("SQL compilation error:\nUnknown function ", name.text), name.place);
}

absl::StatusOr<std::string> ExpandFunction(const FunctionRewrite& function, const std::vector<std::string>& arguments,
                                           const Token& at) {
  if (arguments.size() < function.arguments_min || arguments.size() > function.arguments_max) {
    return SqlError(
        "000939", "22023",
        absl::StrCat("SQL compilation error: error line ", at.place.line, " at position ", at.place.position, "\n",
                     arguments.size() < function.arguments_min ? "not enough" : "too many", " arguments for function [",
                     function.name, "] expected ",
                     arguments.size() < function.arguments_min ? function.arguments_min : function.arguments_max,
                     ", got ", arguments.size()),
        at.place);
  }
  const std::string all = absl::StrJoin(arguments, ", ");
  std::string call;
  if (function.engine == nullptr) {
    call = absl::StrCat(function.name, "(", all, ")");
  } else {
    const std::string_view pattern = function.engine;
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '$') {
        call += pattern[i];
      } else if (pattern[++i] == '*') {
        call += all;
      } else {
        call += arguments[static_cast<size_t>(pattern[i] - '1')];
      }
    }
  }
  if (!function.null_if_any_null) return call;
  const std::string any_null = absl::StrJoin(arguments, " OR ", [](std::string* out, const std::string& argument) {
    absl::StrAppend(out, "(", argument, ") IS NULL");
  });
  return absl::StrCat("CASE WHEN ", any_null, " THEN NULL ELSE ", call, " END");
}

std::string CastExpression(const std::string& operand, const SqlType& type, bool try_cast) {
  using Kind = SqlType::Kind;
  if (try_cast) return absl::StrCat("TRY_CAST(", operand, " AS ", type.EngineName(), ")");
  const auto cut_fraction = [&](const std::string& value, const char* function) {
    if (type.scale == 9) return value;
    const bool tz = type.kind == Kind::kTimestampTz;
    return absl::StrCat(function, "(SF_TO_VARCHAR(", value, ", 'YYYY-MM-DD HH24:MI:SS", type.scale > 0 ? "." : "", "FF",
                        type.scale, tz ? " TZH:TZM" : "", "'))");
  };
  switch (type.kind) {
    case Kind::kText: {
      const std::string text = absl::StrCat("SF_TO_VARCHAR(", operand, ")");
      return type.length >= SqlType::kTextLengthMax ? text : absl::StrCat("left(", text, ", ", type.length, ")");
    }
    case Kind::kTimestampNtz:
      return cut_fraction(absl::StrCat("SF_TO_NTZ(", operand, ")"), "SF_TO_NTZ");
    case Kind::kTimestampLtz:
      return cut_fraction(absl::StrCat("SF_TO_LTZ(", operand, ")"), "SF_TO_LTZ");
    case Kind::kTimestampTz:
      return cut_fraction(absl::StrCat("SF_TO_TZ(", operand, ")"), "SF_TO_TZ");
    case Kind::kDate:
      return absl::StrCat("CAST(SF_TO_NTZ(", operand, ") AS DATE)");
    case Kind::kBinary:
      return absl::StrCat("from_hex(SF_TO_VARCHAR(", operand, "))");
    case Kind::kVariant:
    case Kind::kObject:
    case Kind::kArray:
      return absl::StrCat("CAST(SF_TO_VARIANT(", operand, ") AS JSON)");
    default:
      return absl::StrCat("CAST(", operand, " AS ", type.EngineName(), ")");
  }
}

}  // namespace cdi::snowflake_mock
