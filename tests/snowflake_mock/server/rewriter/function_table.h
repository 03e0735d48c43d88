// Snowflake functions that are a pattern of engine SQL: the one table of them. The others are in functions_*.cc.
//
// A function that is in neither is refused (002141), so that nothing reaches DuckDB whose meaning differs unnoticed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/snowflake_mock/server/language/sql_type.h"
#include "tests/snowflake_mock/server/language/tokenizer.h"

namespace cdi::snowflake_mock {

struct FunctionPattern {
  const char* name;
  // One letter per argument: t text, i integer (BIGINT for the engine), n number, f float, b boolean, d date,
  // m date or timestamp, v VARIANT, j anything semi-structured, a anything, u anything, all given one type.
  // '?' makes the rest optional, '*' repeats the letter before it.
  const char* arguments;
  // t VARCHAR, 1 the first argument's type (texts keep their length), i NUMBER(38,0), I NUMBER(18,0), 9 NUMBER(9,0),
  // f FLOAT, b BOOLEAN, d DATE, v VARIANT, A ARRAY, O OBJECT, u the unified type, y BINARY.
  char result;
  // $1 … $9 are the arguments, $* all of them with commas, $Z the session's time zone.
  const char* engine;
  // The value is never NULL for arguments that are not.
  bool keeps_not_null = true;
};

// All patterns of a name; they differ in their number of arguments. Empty: none.
std::vector<const FunctionPattern*> FindFunctionPatterns(const std::string& name);

// `operand` (engine SQL of any type) cast to `type`; with `try_cast`, NULL instead of an error. Texts without a zone
// are in `zone`: for statements that write. Expressions of clients go through Conversions.
std::string CastExpression(const std::string& operand, const SqlType& type, bool try_cast,
                           const std::string& zone = "UTC");

// 002141
absl::Status UnknownFunction(const std::string& name, Place place);

}  // namespace cdi::snowflake_mock
