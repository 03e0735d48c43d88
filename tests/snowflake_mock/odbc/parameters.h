// Turns what an application bound to the `?` markers into the bindings of a query request (spec/snowflake.md §3.3).
//
// One set of parameters becomes an object of values, several become values that are arrays (Snowflake's array binding).
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/odbc/descriptor.h"

namespace cdi::sfodbc {

// One parameter of one set, pointers resolved.
struct BoundParameter {
  SQLSMALLINT c_type = SQL_C_DEFAULT;
  SQLSMALLINT sql_type = SQL_VARCHAR;
  SQLSMALLINT decimal_digits = 0;
  const void* data = nullptr;
  const SQLLEN* length = nullptr;  // SQL_NTS, a byte count or SQL_NULL_DATA; nullptr means SQL_NTS
};

using BoundParameters = std::map<SQLUSMALLINT, BoundParameter>;

// A value that came with SQLPutData, in parts.
struct PutParameter {
  SQLUSMALLINT number = 0;
  size_t set = 0;
  SQLPOINTER token = nullptr;  // what SQLParamData gives to the application
  SQLSMALLINT c_type = SQL_C_CHAR;
  std::string bytes;
  bool is_null = false;
  bool has_value = false;
};

// What goes over the wire for one parameter of one set; nullopt for NULL.
struct WireValue {
  std::string_view type = "TEXT";
  std::optional<std::string> value;
};

// [set][parameter]; `set_numbers` are the positions in the application's arrays, ignored ones left out.
struct ParameterSets {
  std::vector<std::vector<WireValue>> sets;
  std::vector<size_t> set_numbers;
  size_t array_size = 1;
};

// Whether `length` says that the value comes with SQLPutData.
inline bool IsDataAtExecution(SQLLEN length) {
  return length == SQL_DATA_AT_EXEC || length <= SQL_LEN_DATA_AT_EXEC_OFFSET;
}

// Of all sets, the parameters whose values SQLPutData has to bring. 07002 when one is not bound.
absl::StatusOr<std::vector<PutParameter>> FindPutParameters(const Descriptor& apd, size_t count);

// 07002 when one is not bound, HYC00 for a C type that cannot be sent, 22007, 22008, 22018, 22003 for its value.
absl::StatusOr<ParameterSets> ReadParameters(const Descriptor& apd, const Descriptor& ipd, size_t count,
                                             const std::vector<PutParameter>& put);

// The JSON object of one set, and of all of them; "" when there are no parameters.
std::string BindingsOf(const std::vector<WireValue>& set);
std::string ArrayBindingsOf(const ParameterSets& sets);

// The JSON object of bindings 1 to `count` of one set; "" for none.
absl::StatusOr<std::string> MakeBindings(const BoundParameters& bound, size_t count);

}  // namespace cdi::sfodbc
