// Rows per second of a window read into pages, as a ratio to a bare bound-column ODBC fetch of the same rows in the
// same run: what the product's own work costs. Usage: read_bench [rows, default 300000]
//
// Starts a PostgreSQL of its own; psqlODBC reads both, three times in turn. Target: a ratio of 0.7 or more.
#include <sql.h>
#include <sqlext.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/logger.h"
#include "tests/support/postgres_server.h"
#include "warehouse/odbc_warehouse.h"

namespace cdi {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 3;

class PasswordOnly final : public warehouse::CredentialSource {
 public:
  absl::StatusOr<std::vector<warehouse::Credential>> Credentials() override {
    std::vector<warehouse::Credential> credentials;
    credentials.push_back({"admin", Secret(), Secret(test::PostgresServer::kAdminPassword)});
    return credentials;
  }
  void LoggedIn(const warehouse::Credential&) override {}
};

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The fastest form measured for psqlODBC: blocks of 1000, the time as a struct, cells that fit.
double ReadBare(int port, size_t rows_wanted) {
  constexpr size_t kBlock = 1000;
  constexpr size_t kId = 64;
  constexpr size_t kPayload = 1024;
  SQLHENV environment = nullptr;
  SQLHDBC connection = nullptr;
  SQLHSTMT statement = nullptr;
  SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment);
  SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, reinterpret_cast<SQLPOINTER>(SQLULEN{SQL_OV_ODBC3}), 0);
  SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection);
  std::string text = "DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=" + std::to_string(port) +
                     ";DATABASE=postgres;UID=admin;PWD=" + test::PostgresServer::kAdminPassword +
                     ";SSLmode=disable;UseDeclareFetch=1;Fetch=1000;";
  CDI_CHECK(SQL_SUCCEEDED(SQLDriverConnect(connection, nullptr, reinterpret_cast<SQLCHAR*>(text.data()), SQL_NTS,
                                           nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT)),
            "the bare reader logs in");
  SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement);
  SQLULEN fetched = 0;
  SQLSetStmtAttr(statement, SQL_ATTR_ROW_ARRAY_SIZE, reinterpret_cast<SQLPOINTER>(kBlock), 0);
  SQLSetStmtAttr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &fetched, 0);
  std::vector<SQL_TIMESTAMP_STRUCT> cursors(kBlock);
  std::vector<char> ids(kBlock * kId);
  std::vector<char> payloads(kBlock * kPayload);
  std::vector<SQLLEN> lengths(3 * kBlock);
  SQLBindCol(statement, 1, SQL_C_TYPE_TIMESTAMP, cursors.data(), sizeof cursors[0], lengths.data());
  SQLBindCol(statement, 2, SQL_C_CHAR, ids.data(), kId, lengths.data() + kBlock);
  SQLBindCol(statement, 3, SQL_C_CHAR, payloads.data(), kPayload, lengths.data() + 2 * kBlock);

  const auto begin = Clock::now();
  std::string sql = "SELECT updated_at, external_id, payload FROM bench ORDER BY updated_at";
  CDI_CHECK(SQL_SUCCEEDED(SQLExecDirect(statement, reinterpret_cast<SQLCHAR*>(sql.data()), SQL_NTS)), "it reads");
  size_t rows = 0;
  while (SQL_SUCCEEDED(SQLFetch(statement))) rows += fetched;
  const double seconds = SecondsSince(begin);
  CDI_CHECK(rows == rows_wanted, "the bare reader sees every row");
  SQLFreeHandle(SQL_HANDLE_STMT, statement);
  SQLDisconnect(connection);
  SQLFreeHandle(SQL_HANDLE_DBC, connection);
  SQLFreeHandle(SQL_HANDLE_ENV, environment);
  return seconds;
}

double ReadWindow(warehouse::Warehouse& door, size_t rows_wanted) {
  auto session = door.Connect({.query_tag = "bench"}, std::stop_token());
  CDI_CHECK(session.ok(), session.status().ToString());
  const auto name = [](std::string_view text) {
    return *warehouse::Identifier::Parse(text, warehouse::CaseFolding::kLower, "column");
  };
  warehouse::SourceColumns columns{name("updated_at"), {}};
  columns.roles[static_cast<size_t>(warehouse::ColumnRole::kExternalId)] = name("external_id");
  columns.roles[static_cast<size_t>(warehouse::ColumnRole::kPayload)] = name("payload");
  auto reader = (*session)->OpenWindow(
      {.table = *warehouse::ParseTableName("postgres", "public", "bench", warehouse::CaseFolding::kLower),
       .columns = columns,
       .lower = std::nullopt,
       .upper = Timestamp::FromCivil(2100, 1, 1, 0, 0, 0, 0)});
  CDI_CHECK(reader.ok(), reader.status().ToString());
  const auto begin = Clock::now();
  size_t rows = 0;
  for (;;) {
    const auto page = (*reader)->Next();
    CDI_CHECK(page.ok(), page.status().ToString());
    if (*page == nullptr) break;
    rows += (*page)->size();
  }
  CDI_CHECK(rows == rows_wanted, "the window holds every row");
  return SecondsSince(begin);
}

int Run(size_t rows) {
  auto server = test::PostgresServer::Start();
  CDI_CHECK(server.ok(), server.status().ToString());
  const absl::Status filled = (*server)->Run(
      "CREATE TABLE bench AS SELECT timestamp '2026-01-01' + n * interval '1 ms' AS updated_at, "
      "lpad(n::text, 31, 'x') AS external_id, rpad('{\"n\":' || n || ',\"text\":\"', 195, 'y') || '\"}' AS payload "
      "FROM "
      "generate_series(1, " +
      std::to_string(rows) + ") n; CREATE INDEX ON bench (updated_at); ANALYZE bench");
  CDI_CHECK(filled.ok(), filled.ToString());

  SystemClock clock;
  NullLogger logger;
  warehouse::ConnectionSettings settings;
  settings.kind = warehouse::WarehouseKind::kPostgresql;
  settings.port = (*server)->port();
  settings.tls = false;
  settings.user = test::PostgresServer::kAdmin;
  settings.database = "postgres";
  const auto door = warehouse::MakeOdbcWarehouse(settings, std::make_shared<PasswordOnly>(), clock, logger);

  std::vector<double> bare;
  std::vector<double> window;
  for (int round = 0; round < kRounds; ++round) {
    bare.push_back(ReadBare((*server)->port(), rows));
    window.push_back(ReadWindow(*door, rows));
  }
  std::sort(bare.begin(), bare.end());
  std::sort(window.begin(), window.end());
  const double rate_bare = static_cast<double>(rows) / bare[kRounds / 2];
  const double rate_window = static_cast<double>(rows) / window[kRounds / 2];
  std::printf("bare bound fetch   %9.0f rows/s\nwindow into pages  %9.0f rows/s\nratio              %9.2f\n", rate_bare,
              rate_window, rate_window / rate_bare);
  return 0;
}

}  // namespace
}  // namespace cdi

int main(int argc, char** argv) {
  const long rows = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 300'000;
  if (rows < 1) {
    std::fprintf(stderr, "usage: read_bench [rows]\n");
    return 2;
  }
  return cdi::Run(static_cast<size_t>(rows));
}
