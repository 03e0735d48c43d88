// When a warehouse runs and what it bills: per second, at least 60 seconds for each start or resume, until it is
// suspended or AUTO_SUSPEND has passed since its last statement. docs.snowflake.com "Overview of warehouses", read
// 2026-11.
//
// The caller holds the catalog (exclusively for what takes a non-const warehouse). Times are nanoseconds since 1970.
#pragma once

#include <map>
#include <string>

#include "tests/snowflake_mock/server/catalog/catalog.h"

namespace cdi::snowflake_mock {

// False when suspended, or idle beyond AUTO_SUSPEND.
bool IsRunning(const Warehouse& warehouse, int64_t now_ns);
// Makes a pause beyond AUTO_SUSPEND into a suspension that began when it was due.
void SettleWarehouse(Warehouse& warehouse, int64_t now_ns);
void StartWarehouse(Warehouse& warehouse, int64_t now_ns);  // does nothing to a running one
void SuspendWarehouse(Warehouse& warehouse, int64_t now_ns);

int64_t BilledSeconds(const Warehouse& warehouse, int64_t now_ns);
// Beginning of the hour -> seconds billed in it.
std::map<int64_t, int64_t> BilledByHour(const Warehouse& warehouse, int64_t now_ns);
// 1 for X-Small, doubling.
int CreditsPerHour(const std::string& size);
// "XSMALL", "x-small", "'X-SMALL'" -> "X-Small"; empty for what is no size.
std::string WarehouseSize(const std::string& given);

}  // namespace cdi::snowflake_mock
