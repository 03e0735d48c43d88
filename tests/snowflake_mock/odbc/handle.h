// What environments, connections and statements have in common: a lock, diagnostics, and the way an entry point enters.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <mutex>
#include <new>

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

  std::mutex mutex;  // held during every call on the handle except SQLCancel
  DiagArea diagnostics;
};

struct Environment final : Handle {
  SQLINTEGER odbc_version = SQL_OV_ODBC3;
};

// Runs `body` on the handle under its lock with fresh diagnostics. Nothing may be thrown into the driver manager.
template <typename Kind, typename Body>
SQLRETURN Enter(SQLHANDLE raw, Body body) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  Kind& handle = *static_cast<Kind*>(static_cast<Handle*>(raw));
  const std::lock_guard lock(handle.mutex);
  handle.diagnostics.Clear();
  try {
    return body(handle);
  } catch (const std::bad_alloc&) {
    return handle.Fail("HY001", "no memory left");
  } catch (...) {
    return handle.Fail("HY000", "internal error");
  }
}

}  // namespace cdi::sfodbc
