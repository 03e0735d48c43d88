// How one connection reaches its warehouse: plain values, checked by whoever took them from a request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/backoff.h"

namespace cdi::warehouse {

enum class WarehouseKind : uint8_t { kSnowflake = 1, kPostgresql = 2 };
std::string_view WarehouseKindName(WarehouseKind kind);  // "Snowflake", "PostgreSQL": for people

struct ConnectionSettings {
  WarehouseKind kind = WarehouseKind::kSnowflake;
  // The name of an odbcinst.ini section, or the absolute path of a driver library; empty: the first known one that is
  // registered (driver_profile.h).
  std::string driver;
  std::string account;  // Snowflake's account identifier, "myorg-myaccount"; unused by PostgreSQL
  std::string host;     // empty: ACCOUNT.snowflakecomputing.com, and 127.0.0.1 for PostgreSQL
  int port = 0;         // 0: 443, and 5432 for PostgreSQL
  // False only where the server's own setting allows loopback without TLS; whoever fills this in has checked it.
  bool tls = true;
  // A PEM file of the authorities to trust, PostgreSQL only; empty: the system's.
  std::string ca_file;
  std::string user;
  std::string role;       // empty: the user's default
  std::string warehouse;  // empty: the user's default; unused by PostgreSQL
  // Snowflake: may be empty, every statement names its database. PostgreSQL: required, one database per login.
  std::string database;
  // The pause before a lost connection is opened again.
  BackoffPolicy reconnect_backoff{std::chrono::milliseconds(1000), std::chrono::milliseconds(30'000)};
};

}  // namespace cdi::warehouse
