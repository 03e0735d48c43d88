// The Snowflake user of one connection, as a rotation needs it: over the connection's own login, and over the rotator
// connection's where the own role may not.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "cdi/v1/connection.pb.h"
#include "keys/rotator.h"
#include "server/rotation_keeper.h"
#include "server/warehouses.h"

namespace cdi::server {

// Lives for one Advance: every call is a login of its own, so that a session that broke, or whose key was unset, does
// not stand in the way of the next step.
class SnowflakeUserLink final : public keys::SnowflakeUser {
 public:
  // `connection`: its document, or why it cannot be had. `rotator`: nullopt when the connection names none. A stop ends
  // the call under way.
  SnowflakeUserLink(Warehouses& warehouses, absl::StatusOr<v1::Connection> connection,
                    std::optional<absl::StatusOr<v1::Connection>> rotator, std::stop_token stop)
      : warehouses_(warehouses),
        connection_(std::move(connection)),
        rotator_(std::move(rotator)),
        stop_(std::move(stop)) {}

  absl::StatusOr<keys::SlotFingerprints> DescribeKeys() override;
  absl::StatusOr<std::string> Execute(const std::string& statement) override;
  absl::StatusOr<keys::LoginProof> ProveLogin(const std::string& key_pair_name) override;

 private:
  absl::Status AlterOver(const v1::Connection& over, const std::string& statement);
  absl::Status AlterOverRotator(const std::string& statement);

  Warehouses& warehouses_;
  const absl::StatusOr<v1::Connection> connection_;
  const std::optional<absl::StatusOr<v1::Connection>> rotator_;
  const std::stop_token stop_;
};

// Makes the user of a connection from its document as it is stored now; `store` and `warehouses` outlive it.
RotationKeeper::UserMaker UserMakerOver(ingest::StateStore& store, Warehouses& warehouses);

}  // namespace cdi::server
