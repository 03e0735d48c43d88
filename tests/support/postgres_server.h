// A PostgreSQL of the test's own: made and started in a temporary directory, on a free loopback port and a unix socket
// there, gone with the object. Without fsync: it is to be fast, not to last.
//
// Needs Debian's postgresql (its newest server under /usr/lib/postgresql). Started as root it runs as user `postgres`,
// because PostgreSQL refuses root.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/child_process.h"

namespace cdi::test {

class PostgresServer {
 public:
  // Ready for connections when it returns. Database `postgres` and superuser `admin` with password `admin-secret`
  // exist; every login over TCP needs a password (scram-sha-256).
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  int port() const { return port_; }  // on 127.0.0.1
  static constexpr const char* kAdmin = "admin";
  static constexpr const char* kAdminPassword = "admin-secret";

  // Runs SQL as the administrator, by psql; stops at the first error, which the status tells.
  absl::Status Run(const std::string& sql, const std::string& database = "postgres");
  // The same, with psql's unaligned output, without the last line end.
  absl::StatusOr<std::string> Query(const std::string& sql, const std::string& database = "postgres");

 private:
  PostgresServer() = default;
  std::string directory_;
  std::string binaries_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace cdi::test
