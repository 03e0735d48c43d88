// Keeps rotations going: takes up the open ones at start, looks at each when its time has come, starts what schedules
// ask for, and warns of keys that grow old. One thread of its own; whoever changed a rotation calls Advance or Wake.
//
// Rotations of different connections are looked at one after the other: a Snowflake that does not answer delays the
// others by its time-outs (at most some two minutes), which no rotation minds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "cdi/config/v1/server_config.pb.h"
#include "cdi/v1/connection.pb.h"
#include "ingest/state_store.h"
#include "keys/key_ring.h"
#include "keys/rotation.h"
#include "keys/rotation_machine.h"
#include "keys/rotator.h"
#include "server/metrics.h"

namespace cdi::server {

// The machine with each connection's own drain.
class ConnectionMachine final : public keys::RotationMachine {
 public:
  ConnectionMachine(const keys::RotationPolicy& policy, ingest::StateStore& store)
      : RotationMachine(policy), store_(store) {}

  keys::RotationDecision Decide(const keys::RotationRecord& record,
                                const keys::RotationSituation& situation) const override;

 private:
  ingest::StateStore& store_;
};

keys::RotationPolicy PolicyOf(const config::v1::ServerConfig::KeyRotation& config);

class RotationKeeper {
 public:
  // Makes the Snowflake user of a connection; called for every look. A stop ends the call under way.
  using UserMaker = std::function<std::unique_ptr<keys::SnowflakeUser>(const std::string& connection, std::stop_token)>;

  // All but `policy` and `make_user` must outlive the keeper.
  struct Parts {
    ingest::StateStore& store;
    keys::RotationStore& rotations;
    keys::KeyRing& keys;
    const Clock& clock;
    Logger& logger;
    Metrics& metrics;
  };
  RotationKeeper(const Parts& parts, const keys::RotationPolicy& policy, UserMaker make_user);
  ~RotationKeeper() { Stop(); }

  // Starts the thread.
  void Run();
  // Tells the thread, and every call to Snowflake under way, to end. Does not wait.
  void RequestStop();
  // Waits for the thread, too: for as long as a login under way takes to give up.
  void Stop();

  // Writes the plan only; Advance, or the thread, does the rest.
  absl::StatusOr<keys::RotationRecord> Plan(const keys::RotationRequest& request);
  // The calls of keys::Rotator, each followed by doing what can be done now. Thread-safe; block for as long as
  // Snowflake takes.
  absl::StatusOr<keys::RotationRecord> Start(const keys::RotationRequest& request) {
    return AdvanceAfter(Plan(request));
  }
  absl::StatusOr<keys::RotationRecord> Advance(const std::string& name);
  absl::StatusOr<keys::RotationRecord> RollBack(const std::string& name, std::string_view caller,
                                                std::string_view reason);
  absl::StatusOr<keys::RotationRecord> EndDrain(const std::string& name, std::string_view caller);
  absl::StatusOr<keys::RotationRecord> TryAgain(const std::string& name, std::string_view caller);
  absl::StatusOr<keys::RotationRecord> PermitOverwrite(const std::string& name, std::string_view fingerprint,
                                                       std::string_view caller);
  // Has the open rotations of a connection looked at soon: after one of its pairs was revoked. Does not block.
  void Wake(std::string_view connection);

  absl::StatusOr<keys::RotationRecord> Get(std::string_view name) { return rotator_.Get(name); }
  // Oldest first.
  absl::StatusOr<std::vector<keys::RotationRecord>> List(std::string_view connection) {
    return rotator_.List(connection);
  }
  // What DESC USER shows now.
  absl::StatusOr<keys::SlotFingerprints> DescribeKeys(const std::string& connection);

  // One look at everything that is due, as the thread takes it; answers when to look again. For tests.
  MonoTime LookAround();

 private:
  // What was said of a rotation in the log, so that it is said once.
  struct Told {
    size_t steps = 0;
    std::string problem;
    keys::RotationNext::Actor actor = keys::RotationNext::Actor::kService;
  };

  void Loop(const std::stop_token& stop);
  MonoTime AdvanceDue();
  void LookAtConnections();
  void LookAtConnection(const v1::Connection& connection, const Timestamp& now,
                        std::map<std::pair<std::string, int>, double>& ages);
  void WarnOfAge(const keys::KeyPairRecord& active, const Timestamp& now);
  void StartScheduled(const v1::Connection& connection);
  void Tell(const keys::RotationRecord& before, const keys::RotationRecord& after);
  absl::StatusOr<keys::RotationRecord> AdvanceAfter(const absl::StatusOr<keys::RotationRecord>& changed);

  const Parts parts_;
  const UserMaker make_user_;
  const ConnectionMachine machine_;
  keys::Rotator rotator_;
  std::stop_source stopping_;  // of every call to Snowflake

  Mutex mutex_;
  std::map<std::string, MonoTime> due_ CDI_GUARDED_BY(mutex_);
  std::map<std::string, Told> told_ CDI_GUARDED_BY(mutex_);
  bool woken_ CDI_GUARDED_BY(mutex_) = false;
  uint64_t wakes_ CDI_GUARDED_BY(mutex_) = 0;  // an Advance that was overtaken by one looks again
  CondVar wake_;

  // Of the thread alone.
  MonoTime next_round_{0};
  std::map<std::string, int64_t> warned_day_;            // by key pair: the day of the last warning
  std::map<std::string, std::string> schedule_problem_;  // by connection: the last one told
  std::jthread thread_;                                  // last: it uses what is above
};

}  // namespace cdi::server
