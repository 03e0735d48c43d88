#include "warehouse/user_session.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"
#include "warehouse/login_desk.h"
#include "warehouse/odbc_link.h"
#include "warehouse/result_table.h"

namespace cdi::warehouse {
namespace {

// How much longer the driver waits than Snowflake lets a statement run.
constexpr std::chrono::seconds kDriverPatience{10};

class OdbcUserSession final : public UserSession {
 public:
  OdbcUserSession(OdbcLink::Options options, OdbcLink::Opener opener, std::unique_ptr<OdbcConnection> connection,
                  std::stop_token stop)
      : link_(std::move(options), std::move(opener), std::move(connection)),
        on_stop_(std::move(stop), [this] { link_.gate().Stop(); }) {}

  absl::StatusOr<PublicKeys> DescribeKeys(const std::string& quoted_user) override {
    auto result = link_.Query(Concat("DESC USER ", quoted_user), {});
    if (!result.ok()) return Explain(result.status(), "see", quoted_user);
    return ReadPublicKeys(*result);
  }

  absl::Status Alter(const std::string& statement, const std::string& quoted_user) override {
    CDI_ASSIGN_OR_RETURN(auto running, link_.NewStatement({}));
    const absl::Status status = link_.Execute(*running, statement);
    return status.ok() ? status : Explain(status, "change", quoted_user);
  }

  absl::StatusOr<std::string> Identity() override {
    CDI_ASSIGN_OR_RETURN(const ResultTable result, link_.Query("SELECT CURRENT_USER(), CURRENT_SESSION()", {}));
    if (result.rows.size() != 1 || result.rows[0].size() != 2) {
      return MakeError(absl::StatusCode::kInternal, "WAREHOUSE_ERROR", "the session did not tell who it is");
    }
    return Concat("user ", result.rows[0][0].value_or(""), ", session ", result.rows[0][1].value_or(""));
  }

 private:
  // Snowflake has one answer for a user that does not exist and for one that the role may not see.
  absl::Status Explain(const absl::Status& status, std::string_view deed, const std::string& quoted_user) const {
    const std::string reason = ErrorReason(status);
    if (reason != "GRANT_MISSING" && reason != "OBJECT_MISSING") return status;
    const std::string& role = link_.context().role;
    return MakeError(absl::StatusCode::kPermissionDenied, "ROTATION_NOT_GRANTED",
                     Concat(role.empty() ? std::string("the session's role") : Concat("role ", role), " of user ",
                            link_.context().user, " may not ", deed, " user ", quoted_user,
                            "; as an administrator run GRANT MODIFY PROGRAMMATIC AUTHENTICATION METHODS ON USER ",
                            quoted_user, " TO ROLE ", role.empty() ? std::string_view("…") : role),
                     ErrorDetailsOf(status));
  }

  OdbcLink link_;
  std::stop_callback<std::function<void()>> on_stop_;  // last: gone before the gate it calls
};

}  // namespace

absl::StatusOr<PublicKeys> ReadPublicKeys(const ResultTable& result) {
  std::optional<std::string> first;
  std::optional<std::string> second;
  for (size_t row = 0; row < result.rows.size(); ++row) {
    const std::string property = result.At(row, "property");
    std::string value = result.At(row, "value");
    if (value == "null") value.clear();  // an unset property is this text
    if (property == "RSA_PUBLIC_KEY_FP") first = std::move(value);
    if (property == "RSA_PUBLIC_KEY_2_FP") second = std::move(value);
  }
  if (!first || !second) {
    return MakeError(absl::StatusCode::kInternal, "WAREHOUSE_ERROR",
                     "DESC USER did not show RSA_PUBLIC_KEY_FP and RSA_PUBLIC_KEY_2_FP; please report it");
  }
  return PublicKeys{*std::move(first), *std::move(second)};
}

absl::StatusOr<std::unique_ptr<UserSession>> OpenUserSession(ConnectionSettings settings,
                                                             std::shared_ptr<CredentialSource> credentials,
                                                             const SessionRequest& request, Clock& clock,
                                                             Logger& logger, std::stop_token stop) {
  auto desk = std::make_shared<LoginDesk>(std::move(settings), std::move(credentials), clock, logger);
  const SessionRequest full = desk->Complete(request);
  OdbcLink::Opener opener = [desk, full, stop] { return desk->Open(full, stop); };
  CDI_ASSIGN_OR_RETURN(std::unique_ptr<OdbcConnection> connection, opener());
  OdbcLink::Options options{.kind = desk->settings().kind,
                            .context = desk->ContextFor(full),
                            .backoff = desk->settings().reconnect_backoff,
                            .query_timeout = full.statement_timeout + kDriverPatience,
                            .clock = &desk->clock()};
  return std::unique_ptr<UserSession>(
      std::make_unique<OdbcUserSession>(std::move(options), std::move(opener), std::move(connection), std::move(stop)));
}

}  // namespace cdi::warehouse
