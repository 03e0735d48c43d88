// The control API under /__mock/: for tests and demos, not part of Snowflake. No authentication: loopback only.
#pragma once

#include "httplib.h"
#include "tests/snowflake_mock/server/http/query_jobs.h"

namespace cdi::snowflake_mock {

// GET stats, logins, queries; POST sql, faults, sessions. docs/snowflake-mock.md describes each.
void AddControlRoutes(httplib::Server& server, Account& account, QueryJobs& jobs);

}  // namespace cdi::snowflake_mock
