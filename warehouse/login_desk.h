// The one way into a warehouse over ODBC: finds the driver, logs in with the connection's credentials in their order,
// pins the session and says in the log how it went. Shared by what opens sessions and by the sessions, which reconnect
// by it. Thread-safe.
#pragma once

#include <memory>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "warehouse/connection_settings.h"
#include "warehouse/credential_source.h"
#include "warehouse/driver_profile.h"
#include "warehouse/odbc_handle.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

class LoginDesk {
 public:
  // `clock` and `logger` outlive it.
  LoginDesk(ConnectionSettings settings, std::shared_ptr<CredentialSource> credentials, Clock& clock, Logger& logger)
      : settings_(std::move(settings)), credentials_(std::move(credentials)), clock_(clock), logger_(logger) {}

  const ConnectionSettings& settings() const { return settings_; }
  const Clock& clock() const { return clock_; }

  // `request` with the connection's role and warehouse where it has none of its own.
  SessionRequest Complete(SessionRequest request) const;
  DiagnosticContext ContextFor(const SessionRequest& request) const;

  // `request` is complete. At most two credentials are tried, the second only when the first was refused.
  absl::StatusOr<std::unique_ptr<OdbcConnection>> Open(const SessionRequest& request, const std::stop_token& stop);

 private:
  absl::StatusOr<std::shared_ptr<OdbcEnvironment>> Environment();
  absl::StatusOr<std::unique_ptr<OdbcConnection>> Login(const std::shared_ptr<OdbcEnvironment>& environment,
                                                        const DriverChoice& choice, const Credential& credential,
                                                        const SessionRequest& request) const;
  absl::Status Pin(OdbcConnection& connection, const SessionRequest& request) const;
  void Log(const Credential& credential, const absl::Status& status, MonoTime duration) const;

  const ConnectionSettings settings_;
  const std::shared_ptr<CredentialSource> credentials_;
  Clock& clock_;
  Logger& logger_;
  Mutex mutex_;
  std::shared_ptr<OdbcEnvironment> environment_ CDI_GUARDED_BY(mutex_);
};

}  // namespace cdi::warehouse
