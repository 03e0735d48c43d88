// A Warehouse over ODBC: Snowflake by its own driver (or the stand-in's), PostgreSQL by psqlODBC.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/logger.h"
#include "warehouse/connection_settings.h"
#include "warehouse/credential_source.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

// Whether the connection's driver can be used, as far as that can be seen without a login: DRIVER_MISSING,
// DRIVER_THREADING, DRIVER_POOLING, DRIVER_TRACING (driver_profile.h).
absl::Status CheckDriver(const ConnectionSettings& settings);

// Opens nothing yet; the first Connect finds the driver. At most two credentials are tried per login, the second only
// when the first was refused (KEY_REFUSED, PASSWORD_REFUSED). Sessions keep what they need of the warehouse alive;
// `clock` and `logger` outlive them all.
std::unique_ptr<Warehouse> MakeOdbcWarehouse(ConnectionSettings settings, std::shared_ptr<CredentialSource> credentials,
                                             Clock& clock, Logger& logger);

}  // namespace cdi::warehouse
