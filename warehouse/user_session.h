// A login that looks after the Snowflake user itself: which public keys DESC USER shows, and one ALTER USER at a time.
// Apart from Session, which only ever reads tables. Errors as in warehouse.h.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/logger.h"
#include "warehouse/connection_settings.h"
#include "warehouse/credential_source.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

// Fingerprints ("SHA256:…") in the user's two slots; "" for an empty one.
struct PublicKeys {
  std::string first;   // RSA_PUBLIC_KEY_FP
  std::string second;  // RSA_PUBLIC_KEY_2_FP
};

// Not thread-safe.
class UserSession {
 public:
  virtual ~UserSession() = default;

  // DESC USER. `quoted_user` as it stands in SQL. kPermissionDenied, ROTATION_NOT_GRANTED: the role does not see it.
  virtual absl::StatusOr<PublicKeys> DescribeKeys(const std::string& quoted_user) = 0;

  // Runs one ALTER USER, directly (3.x of the driver would run DDL while preparing it) and once: no failure is tried
  // again here.
  //   kPermissionDenied  ROTATION_NOT_GRANTED: the role may not, or no such user is visible to it; nothing was changed
  //   any other failure says nothing about whether it was run
  virtual absl::Status Alter(const std::string& statement, const std::string& quoted_user) = 0;

  // What the session says of itself: "user SVC_BRAZE, session 117…". No secret.
  virtual absl::StatusOr<std::string> Identity() = 0;
};

// Logs in as Warehouse::Connect does. The request's statement_timeout bounds every statement in Snowflake; the driver
// gives up later than that, so that a statement whose answer was not waited for has ended. Snowflake only.
absl::StatusOr<std::unique_ptr<UserSession>> OpenUserSession(ConnectionSettings settings,
                                                             std::shared_ptr<CredentialSource> credentials,
                                                             const SessionRequest& request, Clock& clock,
                                                             Logger& logger, std::stop_token stop);

struct ResultTable;
// What DESC USER answered, read. kInternal, WAREHOUSE_ERROR, when it lacks the rows of the keys.
absl::StatusOr<PublicKeys> ReadPublicKeys(const ResultTable& result);

}  // namespace cdi::warehouse
