// What environments, connections, statements and descriptors have in common: a lock, diagnostics, and the way an entry
// point enters.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <mutex>
#include <new>
#include <set>

#include "tests/snowflake_mock/odbc/diagnostics.h"

namespace cdi::sfodbc {

struct Handle {
  Handle() = default;
  virtual ~Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  SQLRETURN Fail(const absl::Status& status) {
    diagnostics.Add(status);
    return SQL_ERROR;
  }
  SQLRETURN Fail(std::string_view sqlstate, std::string_view message) { return Fail(OdbcError(sqlstate, 0, message)); }
  // SQL_SUCCESS, or what its diagnostics make of it.
  SQLRETURN Finish(const absl::Status& status) {
    if (!status.ok()) return Fail(status);
    return diagnostics.records().empty() ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
  }
  // The lock held during every call on the handle except cancellation.
  virtual std::mutex& call_mutex() { return mutex; }

  std::mutex mutex;
  DiagArea diagnostics;
};

struct Environment final : Handle {
  SQLINTEGER odbc_version = SQL_OV_ODBC3;
  SQLINTEGER connection_pooling = SQL_CP_OFF;
  SQLINTEGER pooling_match = SQL_CP_STRICT_MATCH;
  std::set<Handle*> connections;  // guarded by `mutex`
};

// Runs `body` on the handle under its lock with fresh diagnostics. Nothing may be thrown into the driver manager.
template <typename Kind, typename Body>
SQLRETURN Enter(SQLHANDLE raw, Body body) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  Kind& handle = *static_cast<Kind*>(static_cast<Handle*>(raw));
  const std::lock_guard lock(handle.call_mutex());
  handle.diagnostics.Clear();
  SQLRETURN result = SQL_ERROR;
  try {
    result = body(handle);
  } catch (const std::bad_alloc&) {
    result = handle.Fail("HY001", "no memory left");
  } catch (...) {
    result = handle.Fail("HY000", "internal error");
  }
  handle.diagnostics.return_code = result;
  return result;
}

}  // namespace cdi::sfodbc
