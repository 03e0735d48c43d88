#include "server/snowflake_user_link.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "keys/alter_user.h"
#include "server/connection_rules.h"
#include "server/documents.h"

namespace cdi::server {
namespace {

// A failure to get a session at all: the statement was not run, and repeating it will not help.
bool IsLasting(const absl::Status& login) {
  return absl::IsUnauthenticated(login) || absl::IsPermissionDenied(login) || absl::IsFailedPrecondition(login) ||
         absl::IsNotFound(login);
}

absl::Status Refused(const std::string& message) {
  return MakeError(absl::StatusCode::kPermissionDenied, "ROTATION_NOT_GRANTED", message);
}

}  // namespace

absl::StatusOr<keys::SlotFingerprints> SnowflakeUserLink::DescribeKeys() {
  CDI_RETURN_IF_ERROR(connection_.status());
  CDI_ASSIGN_OR_RETURN(const std::string user, keys::QuoteUserName(connection_->snowflake().user()));
  CDI_ASSIGN_OR_RETURN(const auto session, warehouses_.OpenUserSession(*connection_, "", stop_));
  CDI_ASSIGN_OR_RETURN(const warehouse::PublicKeys keys, session->DescribeKeys(user));
  return keys::SlotFingerprints{keys.first, keys.second};
}

absl::StatusOr<std::string> SnowflakeUserLink::Execute(const std::string& statement) {
  CDI_RETURN_IF_ERROR(connection_.status());
  const absl::Status own = AlterOver(*connection_, statement);
  if (own.ok()) return connection_->name();
  if (!absl::IsPermissionDenied(own) || !rotator_) return own;
  const absl::Status other = AlterOverRotator(statement);
  if (other.ok()) return connection_->rotation().rotator_connection();
  if (!absl::IsPermissionDenied(other)) return other;
  return Refused(absl::StrCat(std::string(own.message()), "; over ", connection_->rotation().rotator_connection(), ": ",
                              std::string(other.message())));
}

absl::Status SnowflakeUserLink::AlterOver(const v1::Connection& over, const std::string& statement) {
  CDI_ASSIGN_OR_RETURN(const std::string user, keys::QuoteUserName(connection_->snowflake().user()));
  auto session = warehouses_.OpenUserSession(over, "", stop_);
  if (!session.ok()) {
    return IsLasting(session.status()) ? Refused(std::string(session.status().message())) : session.status();
  }
  return (*session)->Alter(statement, user);
}

absl::Status SnowflakeUserLink::AlterOverRotator(const std::string& statement) {
  if (!rotator_->ok()) {
    return IsLasting(rotator_->status()) ? Refused(std::string(rotator_->status().message())) : rotator_->status();
  }
  const v1::Connection& rotator = **rotator_;
  // The same user name in another account is another user.
  if (!SameAccount(rotator.snowflake().account(), connection_->snowflake().account())) {
    return Refused(absl::StrCat(rotator.name(), " is no connection to account ", connection_->snowflake().account()));
  }
  return AlterOver(rotator, statement);
}

absl::StatusOr<keys::LoginProof> SnowflakeUserLink::ProveLogin(const std::string& key_pair_name) {
  CDI_RETURN_IF_ERROR(connection_.status());
  CDI_ASSIGN_OR_RETURN(const auto session, warehouses_.OpenUserSession(*connection_, key_pair_name, stop_));
  keys::LoginProof proof;
  CDI_ASSIGN_OR_RETURN(proof.text, session->Identity());
  return proof;
}

RotationKeeper::UserMaker UserMakerOver(ingest::StateStore& store, Warehouses& warehouses) {
  return [&store, &warehouses](const std::string& name, std::stop_token stop) {
    const auto load = [&store](const std::string& connection) -> absl::StatusOr<v1::Connection> {
      CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                           store.GetResource(ingest::ResourceKind::kConnection, connection));
      return ConnectionOf(resource);
    };
    absl::StatusOr<v1::Connection> connection = load(name);
    std::optional<absl::StatusOr<v1::Connection>> rotator;
    if (connection.ok() && !connection->rotation().rotator_connection().empty()) {
      rotator = load(connection->rotation().rotator_connection());
    }
    return std::make_unique<SnowflakeUserLink>(warehouses, std::move(connection), std::move(rotator), std::move(stop));
  };
}

}  // namespace cdi::server
