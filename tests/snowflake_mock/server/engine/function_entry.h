// What one engine function of ours is: name, result type, and a function of a row. Internal to engine/.
//
// All take any number of arguments of any type: the rewriter (function_table.h) is the only caller and gives what fits.
#pragma once

#include <string>
#include <vector>

#include "tests/snowflake_mock/server/engine/engine_values.h"

namespace cdi::snowflake_mock {

enum class ResultKind {
  kText,
  kJson,
  kBlob,
  kBigint,
  kBoolean,
  kDouble,
  kDate,
  kTime,
  kNtz,
  kLtz,
  kTz,
  kDecimal,
  kList
};

// What one row of a function gives: a value of the result type, nothing (NULL), or an error.
struct Outcome {
  enum class Kind { kNull, kText, kNumber, kReal, kList, kError } kind = Kind::kNull;
  std::string text;
  Int128 number = 0;
  double real = 0;
  std::vector<std::string> list;

  static Outcome Null() { return {}; }
  static Outcome Text(std::string text);
  static Outcome Number(Int128 number);
  static Outcome Real(double real);
  static Outcome List(std::vector<std::string> list);
  // An error as Snowflake words it: travels through the engine as "~SF:code:state:text" (TranslateEngineError).
  static Outcome Error(std::string_view code, std::string_view state, std::string_view text);
};

struct FunctionCall {
  const std::vector<VectorView>& in;
  idx_t row = 0;
  int scale = 0;  // of a decimal result

  size_t count() const { return in.size(); }
  bool IsNull(size_t i) const { return in[i].IsNull(row); }
  // Arguments of known kinds.
  std::string_view Text(size_t i) const { return in[i].Text(row); }
  Int128 Integer(size_t i) const { return in[i].Integer(row); }
  int64_t Bigint(size_t i) const { return static_cast<int64_t>(in[i].Integer(row)); }
  double Real(size_t i) const { return in[i].Real(row); }
  bool Boolean(size_t i) const { return in[i].Boolean(row); }
};

using RowFunction = Outcome (*)(const FunctionCall&);

struct FunctionEntry {
  std::string name;
  ResultKind result;
  RowFunction run;
  int scale = 0;                 // kDecimal: DECIMAL(38, scale)
  bool sees_nulls = false;       // otherwise a NULL argument gives NULL
  bool errors_are_null = false;  // TRY_
  bool is_volatile = false;
};

void AddConversionFunctions(std::vector<FunctionEntry>& entries);
void AddNumberFunctions(std::vector<FunctionEntry>& entries);
void AddTextFunctions(std::vector<FunctionEntry>& entries);
void AddRegexpFunctions(std::vector<FunctionEntry>& entries);
void AddJsonFunctions(std::vector<FunctionEntry>& entries);
void AddArrayFunctions(std::vector<FunctionEntry>& entries);
void AddTimeFunctions(std::vector<FunctionEntry>& entries);

}  // namespace cdi::snowflake_mock
