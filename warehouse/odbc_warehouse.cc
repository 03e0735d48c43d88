#include "warehouse/odbc_warehouse.h"

#include <algorithm>

#include "base/error.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "warehouse/cancel_gate.h"
#include "warehouse/odbc_session.h"

namespace cdi::warehouse {
namespace {

constexpr size_t kLoginsMax = 2;

// Logs in with the connection's credentials; shared by the warehouse and its sessions, which reconnect by it.
class LoginDesk {
 public:
  LoginDesk(ConnectionSettings settings, std::shared_ptr<CredentialSource> credentials, Clock& clock, Logger& logger)
      : settings_(std::move(settings)), credentials_(std::move(credentials)), clock_(clock), logger_(logger) {}

  const ConnectionSettings& settings() const { return settings_; }

  const Clock& clock() const { return clock_; }

  DiagnosticContext ContextFor(const SessionRequest& request) const {
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

  // `request` with the connection's role and warehouse where it has none of its own.
  absl::StatusOr<std::unique_ptr<OdbcConnection>> Open(const SessionRequest& request, const std::stop_token& stop) {
    CDI_ASSIGN_OR_RETURN(const std::shared_ptr<OdbcEnvironment> environment, Environment());
    const InstalledDrivers installed = environment->Drivers();
    CDI_ASSIGN_OR_RETURN(const DriverChoice choice, ChooseDriver(settings_, installed));
    CDI_ASSIGN_OR_RETURN(const std::vector<Credential> credentials, credentials_->Credentials());
    if (credentials.empty()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_MISSING",
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

 private:
  absl::StatusOr<std::shared_ptr<OdbcEnvironment>> Environment() {
    MutexLock lock(mutex_);
    if (environment_ == nullptr) {
      CDI_ASSIGN_OR_RETURN(environment_, OdbcEnvironment::Create());
    }
    return environment_;
  }

  absl::StatusOr<std::unique_ptr<OdbcConnection>> Login(const std::shared_ptr<OdbcEnvironment>& environment,
                                                        const DriverChoice& choice, const Credential& credential,
                                                        const SessionRequest& request) const {
    ConnectionString text;
    BuildConnectionString(settings_, choice, credential, request.role, request.warehouse, request.login_timeout, text);
    const std::string_view key = choice.key_by_attribute ? credential.private_key_pem.Expose() : std::string_view();
    DiagnosticContext context = ContextFor(request);
    context.login = true;
    return OdbcConnection::Login(environment, text, key, request.login_timeout, context);
  }

  absl::Status Pin(OdbcConnection& connection, const SessionRequest& request) const {
    for (const std::string& sql : Dialect::Of(settings_.kind).PinSession(request)) {
      CDI_ASSIGN_OR_RETURN(const auto statement, connection.NewStatement(ContextFor(request)));
      CDI_RETURN_IF_ERROR(statement->Execute(sql));
    }
    return absl::OkStatus();
  }

  void Log(const Credential& credential, const absl::Status& status, MonoTime duration) const {
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

  const ConnectionSettings settings_;
  const std::shared_ptr<CredentialSource> credentials_;
  Clock& clock_;
  Logger& logger_;
  Mutex mutex_;
  std::shared_ptr<OdbcEnvironment> environment_ CDI_GUARDED_BY(mutex_);
};

class OdbcWarehouse final : public Warehouse {
 public:
  explicit OdbcWarehouse(std::shared_ptr<LoginDesk> desk) : desk_(std::move(desk)) {}

  CaseFolding folding() const override { return Dialect::Of(desk_->settings().kind).folding(); }

  absl::StatusOr<std::unique_ptr<Session>> Connect(const SessionRequest& request, std::stop_token stop) override {
    SessionRequest full = request;
    if (full.role.empty()) full.role = desk_->settings().role;
    if (full.warehouse.empty()) full.warehouse = desk_->settings().warehouse;
    OdbcLink::Opener opener = [desk = desk_, full, stop] { return desk->Open(full, stop); };
    CDI_ASSIGN_OR_RETURN(std::unique_ptr<OdbcConnection> connection, opener());

    OdbcLink::Options options{.kind = desk_->settings().kind,
                              .context = desk_->ContextFor(full),
                              .backoff = desk_->settings().reconnect_backoff,
                              .query_timeout = std::chrono::seconds(0),
                              .clock = &desk_->clock()};
    if (options.kind == WarehouseKind::kSnowflake) options.query_timeout = full.statement_timeout;
    return std::unique_ptr<Session>(
        std::make_unique<OdbcSession>(std::move(options), std::move(opener), std::move(connection), std::move(stop)));
  }

 private:
  const std::shared_ptr<LoginDesk> desk_;
};

}  // namespace

absl::Status CheckDriver(const ConnectionSettings& settings) {
  CDI_ASSIGN_OR_RETURN(const std::shared_ptr<OdbcEnvironment> environment, OdbcEnvironment::Create());
  return ChooseDriver(settings, environment->Drivers()).status();
}

std::unique_ptr<Warehouse> MakeOdbcWarehouse(ConnectionSettings settings, std::shared_ptr<CredentialSource> credentials,
                                             Clock& clock, Logger& logger) {
  return std::make_unique<OdbcWarehouse>(
      std::make_shared<LoginDesk>(std::move(settings), std::move(credentials), clock, logger));
}

}  // namespace cdi::warehouse
