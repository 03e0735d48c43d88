#include "tests/snowflake_mock/server/engine/engine_functions.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/engine/function_entry.h"
#include "tests/snowflake_mock/server/engine/time_values.h"

namespace cdi::snowflake_mock {
namespace {

// Owns a logical type while a function is described.
class Type {
 public:
  explicit Type(duckdb_logical_type raw, const char* alias = nullptr) : raw_(raw) {
    if (alias != nullptr) duckdb_logical_type_set_alias(raw_, alias);
  }
  ~Type() { duckdb_destroy_logical_type(&raw_); }
  Type(const Type&) = delete;
  Type& operator=(const Type&) = delete;
  duckdb_logical_type get() const { return raw_; }

 private:
  duckdb_logical_type raw_;
};

std::unique_ptr<Type> Plain(duckdb_type id, const char* alias = nullptr) {
  return std::make_unique<Type>(duckdb_create_logical_type(id), alias);
}

std::unique_ptr<Type> Make(ResultKind kind, int scale = 0) {
  switch (kind) {
    case ResultKind::kText:
      return Plain(DUCKDB_TYPE_VARCHAR);
    case ResultKind::kJson:
      return Plain(DUCKDB_TYPE_VARCHAR, "JSON");
    case ResultKind::kBlob:
      return Plain(DUCKDB_TYPE_BLOB);
    case ResultKind::kBigint:
      return Plain(DUCKDB_TYPE_BIGINT);
    case ResultKind::kBoolean:
      return Plain(DUCKDB_TYPE_BOOLEAN);
    case ResultKind::kDouble:
      return Plain(DUCKDB_TYPE_DOUBLE);
    case ResultKind::kDate:
      return Plain(DUCKDB_TYPE_DATE);
    case ResultKind::kTime:
      return Plain(DUCKDB_TYPE_TIME_NS);
    case ResultKind::kNtz:
      return Plain(DUCKDB_TYPE_TIMESTAMP_NS);
    case ResultKind::kLtz:
      return Plain(DUCKDB_TYPE_TIMESTAMP_NS, "SF_LTZ");
    case ResultKind::kTz:
      return Plain(DUCKDB_TYPE_HUGEINT, "SF_TZ");
    case ResultKind::kDecimal:
      return std::make_unique<Type>(duckdb_create_decimal_type(38, static_cast<uint8_t>(scale)));
    case ResultKind::kList: {
      const auto element = Plain(DUCKDB_TYPE_VARCHAR);
      return std::make_unique<Type>(duckdb_create_list_type(element->get()));
    }
  }
  return nullptr;
}

void StoreList(duckdb_vector output, idx_t row, const Outcome& outcome) {
  const idx_t offset = duckdb_list_vector_get_size(output);
  duckdb_list_vector_reserve(output, offset + outcome.list.size());
  duckdb_list_vector_set_size(output, offset + outcome.list.size());
  duckdb_vector child = duckdb_list_vector_get_child(output);
  for (size_t i = 0; i < outcome.list.size(); ++i)
    duckdb_vector_assign_string_element_len(child, offset + i, outcome.list[i].data(), outcome.list[i].size());
  static_cast<duckdb_list_entry*>(duckdb_vector_get_data(output))[row] = {offset, outcome.list.size()};
}

void Store(duckdb_vector output, ResultKind kind, idx_t row, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::kNull) {
    duckdb_vector_ensure_validity_writable(output);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
    return;
  }
  void* const data = kind == ResultKind::kList ? nullptr : duckdb_vector_get_data(output);
  switch (kind) {
    case ResultKind::kText:
    case ResultKind::kJson:
    case ResultKind::kBlob:
      duckdb_vector_assign_string_element_len(output, row, outcome.text.data(), outcome.text.size());
      break;
    case ResultKind::kList:
      StoreList(output, row, outcome);
      break;
    case ResultKind::kTz:
    case ResultKind::kDecimal:
      static_cast<duckdb_hugeint*>(data)[row] = {static_cast<uint64_t>(outcome.number),
                                                 static_cast<int64_t>(outcome.number >> 64)};
      break;
    case ResultKind::kDate:
      static_cast<int32_t*>(data)[row] = static_cast<int32_t>(outcome.number);
      break;
    case ResultKind::kBoolean:
      static_cast<bool*>(data)[row] = outcome.number != 0;
      break;
    case ResultKind::kDouble:
      static_cast<double*>(data)[row] = outcome.real;
      break;
    default:
      static_cast<int64_t*>(data)[row] = static_cast<int64_t>(outcome.number);
  }
}

Outcome RunRow(const FunctionEntry& entry, const std::vector<VectorView>& arguments, idx_t row) {
  if (!entry.sees_nulls) {
    for (const VectorView& argument : arguments) {
      if (argument.IsNull(row)) return Outcome::Null();
    }
  }
  Outcome outcome = entry.run({arguments, row, entry.scale});
  // What the mock does not support says nothing about the value: TRY_… must not call it wrong.
  const bool unsupported = outcome.text.starts_with("~SF:000002:");
  if (outcome.kind == Outcome::Kind::kError && entry.errors_are_null && !unsupported) return Outcome::Null();
  return outcome;
}

void RunScalar(duckdb_function_info call, duckdb_data_chunk input, duckdb_vector output) {
  const auto& entry = *static_cast<const FunctionEntry*>(duckdb_scalar_function_get_extra_info(call));
  std::vector<VectorView> arguments;
  for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(input); ++i)
    arguments.emplace_back(duckdb_data_chunk_get_vector(input, i));
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    const Outcome outcome = RunRow(entry, arguments, row);
    if (outcome.kind == Outcome::Kind::kError) {
      duckdb_scalar_function_set_error(call, outcome.text.c_str());
      return;
    }
    Store(output, entry.result, row, outcome);
  }
}

bool RunCast(duckdb_function_info call, idx_t count, duckdb_vector input, duckdb_vector output) {
  const auto& entry = *static_cast<const FunctionEntry*>(duckdb_cast_function_get_extra_info(call));
  std::vector<VectorView> arguments;
  arguments.emplace_back(input);
  bool all_good = true;
  for (idx_t row = 0; row < count; ++row) {
    const Outcome outcome = RunRow(entry, arguments, row);
    if (outcome.kind == Outcome::Kind::kError) {
      duckdb_cast_function_set_row_error(call, outcome.text.c_str(), row, output);
      all_good = false;
      continue;
    }
    Store(output, entry.result, row, outcome);
  }
  return all_good;
}

struct CastEntry {
  ResultKind from;
  ResultKind to;
  RowFunction run;
};

// Casts between the engine's types and ours, for DDL and DML that the statement layer writes; explicit only: what
// clients write is converted by functions, with their session's time zone.
const std::vector<CastEntry>& Casts() {
  using K = ResultKind;
  static const auto* entries = new std::vector<CastEntry>{
      {K::kText, K::kLtz, CastToLtz},  {K::kText, K::kTz, CastToTz},    {K::kNtz, K::kLtz, CastToLtz},
      {K::kDate, K::kLtz, CastToLtz},  {K::kNtz, K::kTz, CastToTz},     {K::kLtz, K::kTz, CastToTz},
      {K::kDate, K::kTz, CastToTz},    {K::kTz, K::kLtz, CastToLtz},    {K::kLtz, K::kNtz, CastToNtz},
      {K::kTz, K::kNtz, CastToNtz},    {K::kLtz, K::kDate, CastToDate}, {K::kTz, K::kDate, CastToDate},
      {K::kLtz, K::kText, CastToText}, {K::kTz, K::kText, CastToText},
  };
  return *entries;
}

void FreeEntry(void* entry) {
  delete static_cast<FunctionEntry*>(entry);
}

absl::Status RegisterScalar(duckdb_connection connection, const FunctionEntry& entry) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, entry.name.c_str());
  const auto any = Plain(DUCKDB_TYPE_ANY);
  const auto result = Make(entry.result, entry.scale);
  duckdb_scalar_function_set_varargs(function, any->get());
  duckdb_scalar_function_set_return_type(function, result->get());
  duckdb_scalar_function_set_special_handling(function);
  if (entry.is_volatile) duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_extra_info(function, new FunctionEntry(entry), FreeEntry);
  duckdb_scalar_function_set_function(function, RunScalar);
  const duckdb_state done = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (done != DuckDBSuccess) return absl::InternalError(absl::StrCat("DuckDB refuses the function ", entry.name));
  return absl::OkStatus();
}

absl::Status RegisterCasts(duckdb_connection connection) {
  for (const CastEntry& entry : Casts()) {
    duckdb_cast_function cast = duckdb_create_cast_function();
    const auto from = Make(entry.from);
    const auto to = Make(entry.to);
    duckdb_cast_function_set_source_type(cast, from->get());
    duckdb_cast_function_set_target_type(cast, to->get());
    FunctionEntry function;
    function.result = entry.to;
    function.run = entry.run;
    duckdb_cast_function_set_extra_info(cast, new FunctionEntry(function), FreeEntry);
    duckdb_cast_function_set_function(cast, RunCast);
    const duckdb_state done = duckdb_register_cast_function(connection, cast);
    duckdb_destroy_cast_function(&cast);
    if (done != DuckDBSuccess) return absl::InternalError("DuckDB refuses a cast");
  }
  return absl::OkStatus();
}

}  // namespace

Outcome Outcome::Text(std::string text) {
  Outcome outcome;
  outcome.kind = Kind::kText;
  outcome.text = std::move(text);
  return outcome;
}

Outcome Outcome::Number(Int128 number) {
  Outcome outcome;
  outcome.kind = Kind::kNumber;
  outcome.number = number;
  return outcome;
}

Outcome Outcome::Real(double real) {
  Outcome outcome;
  outcome.kind = Kind::kReal;
  outcome.real = real;
  return outcome;
}

Outcome Outcome::List(std::vector<std::string> list) {
  Outcome outcome;
  outcome.kind = Kind::kList;
  outcome.list = std::move(list);
  return outcome;
}

Outcome Outcome::Error(std::string_view code, std::string_view state, std::string_view text) {
  Outcome outcome;
  outcome.kind = Kind::kError;
  outcome.text = absl::StrCat("~SF:", std::string(code), ":", std::string(state), ":", std::string(text));
  return outcome;
}

absl::Status RegisterEngineFunctions(duckdb_connection connection) {
  for (const ResultKind kind : {ResultKind::kLtz, ResultKind::kTz}) {
    const auto type = Make(kind);
    duckdb_register_logical_type(connection, type->get(), nullptr);  // fails only when a data file has it already
  }
  std::vector<FunctionEntry> entries;
  AddConversionFunctions(entries);
  AddNumberFunctions(entries);
  AddTextFunctions(entries);
  AddRegexpFunctions(entries);
  AddJsonFunctions(entries);
  AddArrayFunctions(entries);
  AddTimeFunctions(entries);
  for (const FunctionEntry& entry : entries) CDI_RETURN_IF_ERROR(RegisterScalar(connection, entry));
  return RegisterCasts(connection);
}

}  // namespace cdi::snowflake_mock
