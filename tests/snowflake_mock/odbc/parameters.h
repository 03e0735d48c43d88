// Turns what an application bound to the `?` markers into the bindings of a query request (spec/snowflake.md §3.3).
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace cdi::sfodbc {

// One SQLBindParameter; the pointers are read when the statement is executed.
struct BoundParameter {
  SQLSMALLINT c_type = SQL_C_DEFAULT;
  SQLSMALLINT sql_type = SQL_VARCHAR;
  SQLSMALLINT decimal_digits = 0;
  const void* data = nullptr;
  const SQLLEN* length = nullptr;  // SQL_NTS, a byte count or SQL_NULL_DATA; nullptr means SQL_NTS
};

using BoundParameters = std::map<SQLUSMALLINT, BoundParameter>;

// The JSON object of bindings 1 to `count`; "" for none. 07002 when one is not bound, HYC00 for data at execution.
absl::StatusOr<std::string> MakeBindings(const BoundParameters& bound, size_t count);

}  // namespace cdi::sfodbc
