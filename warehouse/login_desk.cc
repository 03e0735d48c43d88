#include "warehouse/login_desk.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/cancel_gate.h"
#include "warehouse/connection_string.h"
#include "warehouse/diagnostics.h"
#include "warehouse/dialect.h"

namespace cdi::warehouse {
namespace {

constexpr size_t kLoginsMax = 2;

}  // namespace

SessionRequest LoginDesk::Complete(SessionRequest request) const {
  if (request.role.empty()) request.role = settings_.role;
  if (request.warehouse.empty()) request.warehouse = settings_.warehouse;
  return request;
}

DiagnosticContext LoginDesk::ContextFor(const SessionRequest& request) const {
  return {.kind = settings_.kind,
          .user = settings_.user,
          .role = request.role.empty() ? settings_.role : request.role,
          .warehouse = request.warehouse.empty() ? settings_.warehouse : request.warehouse,
          .database = settings_.database,
          .host = HostOf(settings_),
          .object = "",
          .sql_object = "",
          .login = false};
}

absl::StatusOr<std::unique_ptr<OdbcConnection>> LoginDesk::Open(const SessionRequest& request,
                                                                const std::stop_token& stop) {
  CDI_ASSIGN_OR_RETURN(const std::shared_ptr<OdbcEnvironment> environment, Environment());
  const InstalledDrivers installed = environment->Drivers();
  CDI_ASSIGN_OR_RETURN(const DriverChoice choice, ChooseDriver(settings_, installed));
  CDI_ASSIGN_OR_RETURN(const std::vector<Credential> credentials, credentials_->Credentials());
  if (credentials.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_PAIR_MISSING",
                     "the connection has no key pair and no password to log in with; make a key pair and register "
                     "its public half");
  }
  absl::Status refused;
  for (size_t i = 0; i < std::min(credentials.size(), kLoginsMax); ++i) {
    if (stop.stop_requested()) return CancelledError();
    const MonoTime start = clock_.MonoNow();
    auto connection = Login(environment, choice, credentials[i], request);
    Log(credentials[i], connection.status(), clock_.MonoNow() - start);
    if (connection.ok()) {
      credentials_->LoggedIn(credentials[i]);
      CDI_RETURN_IF_ERROR(Pin(**connection, request));
      return connection;
    }
    // The answer for the active credential says more than the one for its predecessor.
    if (refused.ok()) refused = connection.status();
    if (!IsCredentialRefused(connection.status())) {
      return ExplainLoadFailure(connection.status(), choice, installed);
    }
  }
  return refused;
}

absl::StatusOr<std::shared_ptr<OdbcEnvironment>> LoginDesk::Environment() {
  MutexLock lock(mutex_);
  if (environment_ == nullptr) {
    CDI_ASSIGN_OR_RETURN(environment_, OdbcEnvironment::Create());
  }
  return environment_;
}

absl::StatusOr<std::unique_ptr<OdbcConnection>> LoginDesk::Login(const std::shared_ptr<OdbcEnvironment>& environment,
                                                                 const DriverChoice& choice,
                                                                 const Credential& credential,
                                                                 const SessionRequest& request) const {
  ConnectionString text;
  BuildConnectionString(settings_, choice, credential, request.role, request.warehouse, request.login_timeout, text);
  const std::string_view key = choice.key_by_attribute ? credential.private_key_pem.Expose() : std::string_view();
  DiagnosticContext context = ContextFor(request);
  context.login = true;
  return OdbcConnection::Login(environment, text, key, request.login_timeout, context);
}

absl::Status LoginDesk::Pin(OdbcConnection& connection, const SessionRequest& request) const {
  for (const std::string& sql : Dialect::Of(settings_.kind).PinSession(request)) {
    CDI_ASSIGN_OR_RETURN(const auto statement, connection.NewStatement(ContextFor(request)));
    CDI_RETURN_IF_ERROR(statement->Execute(sql));
  }
  return absl::OkStatus();
}

void LoginDesk::Log(const Credential& credential, const absl::Status& status, MonoTime duration) const {
  const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (status.ok()) {
    logger_.Write(LogLevel::kInfo, "warehouse_login", {{"credential", credential.label}, {"duration_ms", ms}});
    return;
  }
  ErrorDetails details = ErrorDetailsOf(status);
  logger_.Write(LogLevel::kWarn, "warehouse_login_failed",
                {{"credential", credential.label},
                 {"reason", ErrorReason(status)},
                 {"sqlstate", details["sqlstate"]},
                 {"code", details["native"]},
                 {"login_failure", details["login_failure"]},
                 {"duration_ms", ms}});
}

}  // namespace cdi::warehouse
