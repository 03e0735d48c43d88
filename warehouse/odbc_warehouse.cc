#include "warehouse/odbc_warehouse.h"

#include "base/status_macros.h"
#include "warehouse/login_desk.h"
#include "warehouse/odbc_session.h"

namespace cdi::warehouse {
namespace {

class OdbcWarehouse final : public Warehouse {
 public:
  explicit OdbcWarehouse(std::shared_ptr<LoginDesk> desk) : desk_(std::move(desk)) {}

  CaseFolding folding() const override { return Dialect::Of(desk_->settings().kind).folding(); }

  absl::StatusOr<std::unique_ptr<Session>> Connect(const SessionRequest& request, std::stop_token stop) override {
    const SessionRequest full = desk_->Complete(request);
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
