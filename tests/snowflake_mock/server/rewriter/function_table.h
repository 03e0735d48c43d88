// Snowflake functions and what the engine is given for each: the one table of function rewrites.
//
// A function that is not listed is refused (002141), so that nothing reaches DuckDB whose meaning differs unnoticed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/language/sql_type.h"
#include "tests/snowflake_mock/server/language/tokenizer.h"

namespace cdi::snowflake_mock {

struct FunctionRewrite {
  const char* name;
  size_t arguments_min;
  size_t arguments_max;
  // Engine SQL: $1 … $9 are the arguments, $* all of them, comma between. nullptr: the same name with $*.
  const char* engine;
  // The call gives NULL when any argument is NULL, where the engine would skip it.
  bool null_if_any_null = false;
};

// nullptr when there is none.
const FunctionRewrite* FindFunction(const std::string& name);

// The engine SQL of a call; `arguments` are engine SQL already.
absl::StatusOr<std::string> ExpandFunction(const FunctionRewrite& function, const std::vector<std::string>& arguments,
                                           const Token& at);

// `operand` (engine SQL) cast to `type`; with `try_cast`, NULL instead of an error.
std::string CastExpression(const std::string& operand, const SqlType& type, bool try_cast);

// 002141
absl::Status UnknownFunction(const Token& name);

}  // namespace cdi::snowflake_mock
