#include "tests/snowflake_mock/server/rewriter/function_table.h"

#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {
namespace {

constexpr FunctionPattern kFunctions[] = {
    // conditions
    {"NVL", "uu", 'u', "coalesce($1, $2)"},
    {"IFNULL", "uu", 'u', "coalesce($1, $2)"},
    {"COALESCE", "uu*", 'u', "coalesce($*)"},
    {"GREATEST_IGNORE_NULLS", "u*", 'u', "greatest($*)"},
    {"LEAST_IGNORE_NULLS", "u*", 'u', "least($*)"},
    {"BOOLAND", "bb", 'b', "($1 AND $2)"},
    {"BOOLOR", "bb", 'b', "($1 OR $2)"},
    {"BOOLXOR", "bb", 'b', "($1 <> $2)"},
    {"BOOLNOT", "b", 'b', "(NOT $1)"},
    // semi-structured
    {"PARSE_JSON", "t?t", 'v', "SF_PARSE_JSON($*)", false},
    {"TRY_PARSE_JSON", "t?t", 'v', "SF_TRY_PARSE_JSON($*)", false},
    {"CHECK_JSON", "t", 't', "SF_CHECK_JSON($1)", false},
    {"TO_JSON", "v", 't', "SF_TO_JSON($1)", false},
    {"TO_VARIANT", "v", 'v', "$1"},
    {"TO_ARRAY", "a", 'A', "SF_TO_ARRAY($1)", false},
    {"TO_OBJECT", "v", 'O', "SF_OBJECT($1)", false},
    {"ARRAY_SIZE", "v", '9', "SF_ARRAY_SIZE($1)", false},
    {"ARRAY_CONTAINS", "vj", 'b', "SF_ARRAY_CONTAINS($1, $2)", false},
    {"ARRAY_POSITION", "vj", '9', "SF_ARRAY_POSITION($1, $2)", false},
    {"ARRAY_CAT", "jj", 'A', "SF_ARRAY_CAT($1, $2)", false},
    {"ARRAY_APPEND", "jv", 'A', "SF_ARRAY_APPEND($1, $2)", false},
    {"ARRAY_PREPEND", "jv", 'A', "SF_ARRAY_PREPEND($1, $2)", false},
    {"ARRAY_INSERT", "jiv", 'A', "SF_ARRAY_INSERT($1, $2, $3)", false},
    {"ARRAY_REMOVE", "jv", 'A', "SF_ARRAY_REMOVE($1, $2)", false},
    {"ARRAY_REMOVE_AT", "ji", 'A', "SF_ARRAY_REMOVE_AT($1, $2)", false},
    {"ARRAY_SLICE", "jii", 'A', "SF_ARRAY_SLICE($1, $2, $3)", false},
    {"ARRAY_DISTINCT", "j", 'A', "SF_ARRAY_DISTINCT($1)", false},
    {"ARRAY_COMPACT", "j", 'A', "SF_ARRAY_COMPACT($1)", false},
    {"ARRAY_INTERSECTION", "jj", 'A', "SF_ARRAY_INTERSECTION($1, $2)", false},
    {"ARRAY_EXCEPT", "jj", 'A', "SF_ARRAY_EXCEPT($1, $2)", false},
    {"ARRAYS_OVERLAP", "jj", 'b', "SF_ARRAYS_OVERLAP($1, $2)", false},
    {"ARRAY_SORT", "j", 'A', "SF_ARRAY_SORT($1)", false},
    {"ARRAY_MIN", "j", 'v', "SF_ARRAY_MIN($1)", false},
    {"ARRAY_MAX", "j", 'v', "SF_ARRAY_MAX($1)", false},
    {"ARRAY_REVERSE", "j", 'A', "SF_ARRAY_REVERSE($1)", false},
    {"ARRAY_FLATTEN", "j", 'A', "SF_ARRAY_FLATTEN($1)", false},
    {"ARRAY_TO_STRING", "jt", 't', "SF_ARRAY_TO_STRING($1, $2)", false},
    {"ARRAY_GENERATE_RANGE", "ii", 'A', "SF_ARRAY_RANGE($1, $2, 1)"},
    {"ARRAY_GENERATE_RANGE", "iii", 'A', "SF_ARRAY_RANGE($1, $2, $3)"},
    {"OBJECT_KEYS", "j", 'A', "SF_OBJECT_KEYS($1)", false},
    {"OBJECT_INSERT", "jtv?b", 'O', "SF_OBJECT_INSERT($*)", false},
    {"OBJECT_DELETE", "jt*", 'O', "SF_OBJECT_DELETE($*)", false},
    {"OBJECT_PICK", "ja*", 'O', "SF_OBJECT_PICK($*)", false},
    {"GET_PATH", "jt", 'v', "SF_GET_PATH($1, $2)", false},
    {"GET_IGNORE_CASE", "jt", 'v', "SF_GET_IGNORE_CASE($1, $2)", false},
    {"JSON_EXTRACT_PATH_TEXT", "tt", 't', "SF_TEXT(SF_GET_PATH(SF_PARSE_JSON($1), $2))", false},
    {"TYPEOF", "v", 't', "SF_TYPEOF($1)", false},
    {"IS_NULL_VALUE", "j", 'b', "SF_IS_NULL_VALUE($1)", false},
    {"STRIP_NULL_VALUE", "j", 'v', "SF_STRIP_NULL_VALUE($1)", false},
    {"IS_ARRAY", "v", 'b', "SF_IS_TYPE($1, 'ARRAY')", false},
    {"IS_OBJECT", "v", 'b', "SF_IS_TYPE($1, 'OBJECT')", false},
    {"IS_BOOLEAN", "v", 'b', "SF_IS_TYPE($1, 'BOOLEAN')", false},
    {"IS_INTEGER", "v", 'b', "SF_IS_TYPE($1, 'INTEGER')", false},
    {"IS_DECIMAL", "v", 'b', "SF_IS_TYPE($1, 'DECIMAL')", false},
    {"IS_DOUBLE", "v", 'b', "SF_IS_TYPE($1, 'DOUBLE')", false},
    {"IS_REAL", "v", 'b', "SF_IS_TYPE($1, 'DOUBLE')", false},
    {"IS_VARCHAR", "v", 'b', "SF_IS_TYPE($1, 'VARCHAR')", false},
    {"IS_CHAR", "v", 'b', "SF_IS_TYPE($1, 'VARCHAR')", false},
    {"IS_DATE", "v", 'b', "SF_IS_TYPE($1, 'DATE')", false},
    {"IS_DATE_VALUE", "v", 'b', "SF_IS_TYPE($1, 'DATE')", false},
    {"IS_TIME", "v", 'b', "SF_IS_TYPE($1, 'TIME')", false},
    {"IS_TIMESTAMP_NTZ", "v", 'b', "SF_IS_TYPE($1, 'TIMESTAMP_NTZ')", false},
    {"IS_TIMESTAMP_LTZ", "v", 'b', "SF_IS_TYPE($1, 'TIMESTAMP_LTZ')", false},
    {"IS_TIMESTAMP_TZ", "v", 'b', "SF_IS_TYPE($1, 'TIMESTAMP_TZ')", false},
    // texts
    {"UPPER", "t", '1', "upper($1)"},
    {"LOWER", "t", '1', "lower($1)"},
    {"INITCAP", "t", '1', "SF_INITCAP($1)"},
    {"TRIM", "t", '1', "trim($1, ' ')"},
    {"TRIM", "tt", '1', "trim($1, $2)"},
    {"LTRIM", "t", '1', "ltrim($1, ' ')"},
    {"LTRIM", "tt", '1', "ltrim($1, $2)"},
    {"RTRIM", "t", '1', "rtrim($1, ' ')"},
    {"RTRIM", "tt", '1', "rtrim($1, $2)"},
    {"LENGTH", "t", 'I', "length($1)"},
    {"LEN", "t", 'I', "length($1)"},
    {"CHARACTER_LENGTH", "t", 'I', "length($1)"},
    {"OCTET_LENGTH", "t", 'I', "strlen($1)"},
    {"BIT_LENGTH", "t", 'I', "(8 * strlen($1))"},
    {"SUBSTR", "ti?i", '1', "SF_SUBSTR($*)"},
    {"SUBSTRING", "ti?i", '1', "SF_SUBSTR($*)"},
    {"LEFT", "ti", '1', "left($1, greatest($2, 0))"},
    {"RIGHT", "ti", '1', "right($1, greatest($2, 0))"},
    {"INSERT", "tiit", 't', "SF_INSERT($1, $2, $3, $4)"},
    {"REPLACE", "tt", 't', "replace($1, $2, '')"},
    {"REPLACE", "ttt", 't', "replace($1, $2, $3)"},
    {"TRANSLATE", "ttt", 't', "SF_TRANSLATE($1, $2, $3)"},
    {"SPLIT", "tt", 'A', "SF_SPLIT($1, $2)"},
    {"SPLIT_PART", "tti", 't', "SF_SPLIT_PART($1, $2, $3)"},
    {"STRTOK", "t?ti", 't', "SF_STRTOK($*)", false},
    {"STRTOK_TO_ARRAY", "tt", 'A', "SF_STRTOK_SPLIT($1, $2)"},
    {"CONTAINS", "tt", 'b', "contains($1, $2)"},
    {"STARTSWITH", "tt", 'b', "starts_with($1, $2)"},
    {"ENDSWITH", "tt", 'b', "ends_with($1, $2)"},
    {"LIKE", "tt?t", 'b', "SF_LIKE($*)"},
    {"ILIKE", "tt?t", 'b', "SF_ILIKE($*)"},
    {"CHARINDEX", "tt?i", 'I', "SF_POSITION($*)"},
    {"POSITION", "tt?i", 'I', "SF_POSITION($*)"},
    {"LPAD", "ti", 't', "SF_LPAD($1, $2, ' ')"},
    {"LPAD", "tit", 't', "SF_LPAD($1, $2, $3)"},
    {"RPAD", "ti", 't', "SF_RPAD($1, $2, ' ')"},
    {"RPAD", "tit", 't', "SF_RPAD($1, $2, $3)"},
    {"REPEAT", "ti", 't', "SF_REPEAT($1, $2)"},
    {"SPACE", "i", 't', "SF_REPEAT(' ', $1)"},
    {"REVERSE", "t", '1', "reverse($1)"},
    {"ASCII", "t", 'I', "SF_ASCII($1)"},
    {"UNICODE", "t", 'I', "SF_UNICODE($1)"},
    {"CHR", "i", 't', "SF_CHR($1)"},
    {"CHAR", "i", 't', "SF_CHR($1)"},
    {"MD5", "t", 't', "md5($1)"},
    {"MD5_HEX", "t", 't', "md5($1)"},
    {"SHA1", "t", 't', "SF_SHA($1, 1)"},
    {"SHA1_HEX", "t", 't', "SF_SHA($1, 1)"},
    {"SHA2", "t", 't', "SF_SHA($1, 256)"},
    {"SHA2", "ti", 't', "SF_SHA($1, $2)"},
    {"SHA2_HEX", "t", 't', "SF_SHA($1, 256)"},
    {"SHA2_HEX", "ti", 't', "SF_SHA($1, $2)"},
    {"REGEXP_LIKE", "tt?t", 'b', "SF_REGEXP_LIKE($*)"},
    {"RLIKE", "tt?t", 'b', "SF_REGEXP_LIKE($*)"},
    {"REGEXP_COUNT", "tt?it", 'I', "SF_REGEXP_COUNT($*)"},
    {"REGEXP_INSTR", "tt?iiiti", 'I', "SF_REGEXP_INSTR($*)"},
    {"REGEXP_SUBSTR", "tt?iiti", 't', "SF_REGEXP_SUBSTR($*)", false},
    {"REGEXP_REPLACE", "tt?tiit", 't', "SF_REGEXP_REPLACE($*)"},
    {"EDITDISTANCE", "tt", 'I', "levenshtein($1, $2)"},
    {"UUID_STRING", "", 't', "CAST(uuid() AS VARCHAR)"},
    // numbers
    {"SQRT", "f", 'f', "SF_SQRT($1)"},
    {"CBRT", "f", 'f', "cbrt($1)"},
    {"POWER", "ff", 'f', "pow($1, $2)"},
    {"POW", "ff", 'f', "pow($1, $2)"},
    {"EXP", "f", 'f', "exp($1)"},
    {"LN", "f", 'f', "SF_LN($1)"},
    {"LOG", "ff", 'f', "(SF_LN($2) / SF_LN($1))"},
    {"PI", "", 'f', "pi()"},
    {"SIN", "f", 'f', "sin($1)"},
    {"COS", "f", 'f', "cos($1)"},
    {"TAN", "f", 'f', "tan($1)"},
    {"ASIN", "f", 'f', "asin($1)"},
    {"ACOS", "f", 'f', "acos($1)"},
    {"ATAN", "f", 'f', "atan($1)"},
    {"ATAN2", "ff", 'f', "atan2($1, $2)"},
    {"RADIANS", "f", 'f', "radians($1)"},
    {"DEGREES", "f", 'f', "degrees($1)"},
    {"BITAND", "ii", 'i', "($1 & $2)"},
    {"BITOR", "ii", 'i', "($1 | $2)"},
    {"BITXOR", "ii", 'i', "xor($1, $2)"},
    {"BITNOT", "i", 'i', "(~ $1)"},
    {"BITSHIFTLEFT", "ii", 'i', "SF_SHIFT($1, $2)"},
    {"BITSHIFTRIGHT", "ii", 'i', "($1 >> $2)"},
    {"RANDOM", "?i", 'i', "SF_RANDOM()"},
    {"UNIFORM", "iia", 'i', "CAST(floor(random() * ($2 - $1 + 1)) + $1 AS BIGINT)"},
    {"SEQ1", "?i", 'i', "(row_number() OVER () - 1)"},
    {"SEQ2", "?i", 'i', "(row_number() OVER () - 1)"},
    {"SEQ4", "?i", 'i', "(row_number() OVER () - 1)"},
    {"SEQ8", "?i", 'i', "(row_number() OVER () - 1)"},
    {"HASH", "a*", 'i', "SF_HASH($*)"},
    // binary
    {"HEX_ENCODE", "a", 't', "SF_HEX($1)"},
    {"HEX_DECODE_STRING", "t", 't', "SF_FROM_HEX($1)"},
    {"HEX_DECODE_BINARY", "t", 'y', "SF_BINARY($1, 'HEX')"},
    {"BASE64_ENCODE", "a", 't', "SF_BASE64($1)"},
    {"BASE64_DECODE_STRING", "t", 't', "SF_FROM_BASE64($1)"},
    {"BASE64_DECODE_BINARY", "t", 'y', "SF_BINARY($1, 'BASE64')"},
    {"TO_BINARY", "t", 'y', "SF_BINARY($1, 'HEX')"},
    {"TO_BINARY", "tt", 'y', "SF_BINARY($1, $2)"},
    {"TRY_TO_BINARY", "t", 'y', "SF_TRY_BINARY($1, 'HEX')", false},
    {"TRY_TO_BINARY", "tt", 'y', "SF_TRY_BINARY($1, $2)", false},
    // times
    {"DAYNAME", "m", 't', "SF_DAYNAME($1, $Z)"},
    {"MONTHNAME", "m", 't', "SF_MONTHNAME($1, $Z)"},
    {"DATE_FROM_PARTS", "iii", 'd', "SF_DATE_FROM_PARTS($1, $2, $3)"},
    {"DATEFROMPARTS", "iii", 'd', "SF_DATE_FROM_PARTS($1, $2, $3)"},
};

}  // namespace

std::vector<const FunctionPattern*> FindFunctionPatterns(const std::string& name) {
  static const auto* by_name = [] {
    auto* map = new std::unordered_map<std::string, std::vector<const FunctionPattern*>>();
    for (const FunctionPattern& function : kFunctions) (*map)[function.name].push_back(&function);
    return map;
  }();
  const auto found = by_name->find(name);
  return found == by_name->end() ? std::vector<const FunctionPattern*>{} : found->second;
}

absl::Status UnknownFunction(const std::string& name, Place place) {
  return SqlError("002141", "42601", absl::StrCat("SQL compilation error:\nUnknown function ", name), place);
}

std::string CastExpression(const std::string& operand, const SqlType& type, bool try_cast, const std::string& zone) {
  using Kind = SqlType::Kind;
  const std::string prefix = try_cast ? "SF_TRY_" : "SF_";
  const auto zoned = [&](const char* name) {
    return absl::StrCat(prefix, name, "(", operand, ", ", QuoteLiteral(zone), ", ", type.scale, ")");
  };
  switch (type.kind) {
    case Kind::kText: {
      const std::string text = absl::StrCat("SF_TEXT(", operand, ")");
      return type.length >= SqlType::kTextLengthMax ? text : absl::StrCat("left(", text, ", ", type.length, ")");
    }
    case Kind::kNumber:
      return absl::StrCat("CAST(", prefix, "NUMBER_", type.scale, "(", operand, ", ", type.precision, ") AS ",
                          type.EngineName(), ")");
    case Kind::kFloat:
      return absl::StrCat(prefix, "FLOAT(", operand, ")");
    case Kind::kBoolean:
      return absl::StrCat(prefix, "BOOLEAN(", operand, ")");
    case Kind::kDate:
      return zoned("DATE");
    case Kind::kTime:
      return zoned("TIME");
    case Kind::kTimestampNtz:
      return zoned("NTZ");
    case Kind::kTimestampLtz:
      return zoned("LTZ");
    case Kind::kTimestampTz:
      return zoned("TZ");
    case Kind::kBinary:
      return absl::StrCat(prefix, "BINARY(", operand, ", 'HEX')");
    case Kind::kObject:
      return absl::StrCat(prefix, "OBJECT(", operand, ")");
    case Kind::kArray:
      return absl::StrCat(prefix, "ARRAY(", operand, ")");
    case Kind::kVariant:
      return absl::StrCat(prefix, "VARIANT(", operand, ", ", QuoteLiteral(zone), ")");
  }
  return operand;
}

}  // namespace cdi::snowflake_mock
