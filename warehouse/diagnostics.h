// What a driver reports → what happened, why, and what to do: the one place that reads SQLSTATEs and native codes.
//
// The faults and their words are in faults.h. Order of evidence: the driver manager's own words, the text "is not
// allowed to access Snowflake" (sources disagree about its code), then the native code, then the SQLSTATE: 3.x and 4.x
// of Snowflake's driver agree about the code alone.
//
// Reasons given here: KEY_REFUSED, KEY_NOT_TAKEN, PASSWORD_REFUSED, TOKEN_REFUSED, USER_DISABLED, USER_LOCKED,
// NETWORK_POLICY, LOGIN_POLICY, ROLE_MISSING, WAREHOUSE_MISSING, WAREHOUSE_SUSPENDED, DATABASE_MISSING, SCHEMA_MISSING,
// TABLE_MISSING, OBJECT_MISSING, COLUMN_MISSING, GRANT_MISSING, DRIVER_MISSING, CONNECT_FAILED, CONNECTION_LOST,
// LOGIN_TIMEOUT, STATEMENT_TIMEOUT, CANCELLED, WAREHOUSE_BUSY, DATA_INVALID, STATEMENT_REFUSED, WAREHOUSE_ERROR.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "warehouse/connection_settings.h"

namespace cdi::warehouse {

struct DiagnosticRecord {
  std::string sqlstate;
  int native = 0;
  std::string message;
};

// What the connection asked for, so that a message can name it.
struct DiagnosticContext {
  WarehouseKind kind = WarehouseKind::kSnowflake;
  std::string user;
  std::string role;
  std::string warehouse;
  std::string database;
  std::string host;        // of the warehouse, with its port
  std::string object;      // the table or view that the statement is about, D.S.T; may be empty
  std::string sql_object;  // the same as a statement takes it, "D"."S"."T"
  bool login = false;      // the failed call was the login
};

// The records of one failed call, first one first. Never OK. Details: sqlstate, native, login_failure (Snowflake's id
// of a refused login, which SYSTEM$GET_LOGIN_FAILURE_DETAILS explains). The message holds the server's own words only
// where they can hold neither SQL text nor values of rows.
absl::Status StatusFromDiagnostics(const std::vector<DiagnosticRecord>& records, const DiagnosticContext& context);

// The driver's text without the `[vendor][driver]` prefixes and Snowflake's "SQL compilation error:" line, cut at the
// first line (4.x appends a trace of its own) and at 300 bytes.
std::string CleanDriverMessage(std::string_view message);

// The UUID of "JWT token is invalid. [0f1e…]"; empty when there is none.
std::string LoginFailureId(std::string_view message);

// The statement's connection is gone: a new login may go on where this one stopped.
bool IsConnectionLost(const absl::Status& status);
// The credential was refused: another one may be tried.
bool IsCredentialRefused(const absl::Status& status);

}  // namespace cdi::warehouse
