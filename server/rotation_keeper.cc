#include "server/rotation_keeper.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/documents.h"
#include "server/rotation_schedule.h"

namespace cdi::server {
namespace {

// Schedules and ages are looked at so often.
constexpr std::chrono::seconds kRoundEvery{60};
// A rotation whose record cannot be read or written is tried again after this.
constexpr std::chrono::seconds kRetryStore{10};
// No wait is shorter, whatever a record says: a loop must not spin.
constexpr std::chrono::milliseconds kWaitMin{100};
constexpr int kResourcesPerLook = 1000;
constexpr int64_t kDaySeconds = 86'400;

absl::StatusOr<v1::Connection> LoadConnection(ingest::StateStore& store, const std::string& name) {
  CDI_ASSIGN_OR_RETURN(const ingest::Resource resource, store.GetResource(ingest::ResourceKind::kConnection, name));
  return ConnectionOf(resource);
}

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

bool WaitsForPeople(keys::RotationNext::Actor actor) {
  return actor == keys::RotationNext::Actor::kAdministrator || actor == keys::RotationNext::Actor::kOperator;
}

}  // namespace

keys::RotationDecision ConnectionMachine::Decide(const keys::RotationRecord& record,
                                                 const keys::RotationSituation& situation) const {
  // Asked for every time, so that a changed setting counts for the drain under way. Unreadable: the server's own.
  const auto connection = LoadConnection(store_, std::string(keys::ConnectionOfName(record.name)));
  if (!connection.ok() || connection->rotation().drain_hours() <= 0) return RotationMachine::Decide(record, situation);
  keys::RotationPolicy own = policy();
  own.drain = std::chrono::hours{connection->rotation().drain_hours()};
  return RotationMachine(own).Decide(record, situation);
}

keys::RotationPolicy PolicyOf(const config::v1::ServerConfig::KeyRotation& config) {
  keys::RotationPolicy policy;
  policy.drain = std::chrono::seconds{config.drain_seconds()};
  policy.login_max = std::chrono::seconds{config.login_seconds_max()};
  policy.poll = std::chrono::seconds{config.poll_seconds()};
  policy.retry_first = std::min(policy.retry_first, policy.poll);
  return policy;
}

RotationKeeper::RotationKeeper(const Parts& parts, const keys::RotationPolicy& policy, UserMaker make_user)
    : parts_(parts),
      make_user_(std::move(make_user)),
      machine_(policy, parts.store),
      rotator_(parts.rotations, parts.keys, parts.clock, machine_) {}

void RotationKeeper::Run() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
}

void RotationKeeper::RequestStop() {
  stopping_.request_stop();
  thread_.request_stop();
  {
    const MutexLock lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

void RotationKeeper::Stop() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
}

void RotationKeeper::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const MonoTime again = LookAround();
    mutex_.lock();
    while (!woken_ && !stop.stop_requested() && parts_.clock.MonoNow() < again) {
      wake_.wait_until(mutex_, SteadyPoint(again));
    }
    woken_ = false;
    mutex_.unlock();
  }
}

MonoTime RotationKeeper::LookAround() {
  // Schedules first: what they start is looked at in the same breath.
  if (parts_.clock.MonoNow() >= next_round_) {
    LookAtConnections();
    next_round_ = parts_.clock.MonoNow() + kRoundEvery;
  }
  const MonoTime due = AdvanceDue();
  return std::max(std::min(due, next_round_), parts_.clock.MonoNow() + kWaitMin);
}

MonoTime RotationKeeper::AdvanceDue() {
  const auto open = parts_.rotations.ListOpenRotations();
  if (!open.ok()) {
    parts_.logger.Write(LogLevel::kError, "rotations_unreadable", {{"reason", ErrorReason(open.status())}});
    return parts_.clock.MonoNow() + kRetryStore;
  }
  MonoTime soonest = next_round_;
  for (const keys::RotationRecord& record : *open) {
    if (stopping_.stop_requested()) break;
    MonoTime due{0};
    {
      const MutexLock lock(mutex_);
      if (const auto known = due_.find(record.name); known != due_.end()) due = known->second;
    }
    // A deleted connection ends its rotation now, not at the end of its drain.
    const std::string connection(keys::ConnectionOfName(record.name));
    const auto owner = parts_.store.GetResource(ingest::ResourceKind::kConnection, connection);
    if (absl::IsNotFound(owner.status())) due = MonoTime{0};
    if (due <= parts_.clock.MonoNow()) {
      (void)Advance(record.name);
      const MutexLock lock(mutex_);
      const auto known = due_.find(record.name);
      if (known == due_.end()) continue;  // it has ended
      due = known->second;
    }
    soonest = std::min(soonest, due);
  }
  return soonest;
}

absl::StatusOr<keys::RotationRecord> RotationKeeper::Advance(const std::string& name) {
  uint64_t wakes = 0;
  {
    const MutexLock lock(mutex_);
    wakes = wakes_;
  }
  CDI_ASSIGN_OR_RETURN(const keys::RotationRecord before, rotator_.Get(name));
  const std::unique_ptr<keys::SnowflakeUser> user =
      make_user_(std::string(keys::ConnectionOfName(name)), stopping_.get_token());
  const auto after = rotator_.Advance(name, *user);
  if (!after.ok()) {
    parts_.logger.Write(LogLevel::kError, "rotation_not_written",
                        {{"rotation", name}, {"reason", ErrorReason(after.status())}});
    const MutexLock lock(mutex_);
    due_[name] = parts_.clock.MonoNow() + kRetryStore;
    return after.status();
  }
  Tell(before, *after);
  const MutexLock lock(mutex_);
  if (keys::IsEnd(after->step)) {
    due_.erase(name);
  } else {
    // A record without a time, or with one that was left behind, is looked at again soon.
    const Timestamp now = parts_.clock.WallNow();
    std::chrono::nanoseconds wait = Distance(after->next.time.value_or(now), now);
    if (wakes != wakes_) wait = kWaitMin;
    due_[name] = parts_.clock.MonoNow() + std::max<std::chrono::nanoseconds>(wait, kWaitMin);
  }
  woken_ = true;  // the thread may be waiting for a later time
  wake_.notify_all();
  return after;
}

void RotationKeeper::Tell(const keys::RotationRecord& before, const keys::RotationRecord& after) {
  const std::string connection(keys::ConnectionOfName(after.name));
  Told told;
  {
    const MutexLock lock(mutex_);
    const auto known = told_.find(after.name);
    told = known != told_.end() ? known->second : Told{.steps = before.times.size(), .problem = {}, .actor = {}};
    Told now{.steps = after.times.size(),
             .problem = after.error ? after.error->reason : std::string(),
             .actor = after.next.actor};
    if (keys::IsEnd(after.step)) {
      told_.erase(after.name);
    } else {
      told_[after.name] = std::move(now);
    }
  }
  for (size_t i = std::min(told.steps, after.times.size()); i < after.times.size(); ++i) {
    parts_.logger.Write(LogLevel::kInfo, "rotation_step",
                        {{"rotation", after.name}, {"step", keys::RotationStepName(after.times[i].step)}});
  }
  if (after.error && after.error->reason != told.problem) {
    parts_.logger.Write(LogLevel::kWarn, "rotation_problem",
                        {{"rotation", after.name},
                         {"step", keys::RotationStepName(after.step)},
                         {"reason", after.error->reason},
                         {"detail", after.error->message}});
  }
  if (after.next.actor != told.actor && WaitsForPeople(after.next.actor)) {
    const bool administrator = after.next.actor == keys::RotationNext::Actor::kAdministrator;
    parts_.logger.Write(LogLevel::kWarn, "rotation_waits",
                        {{"rotation", after.name},
                         {"step", keys::RotationStepName(after.step)},
                         {"for", administrator ? "administrator" : "operator"}});
  }
  const bool ended = keys::IsEnd(after.step);
  // One that waits for another does not hide it.
  const bool queued = after.step == keys::RotationStep::kPlanned && !after.waits_for.empty();
  // Nor does one that had ended before and was only looked at.
  if (!queued && !keys::IsEnd(before.step)) {
    parts_.metrics.SetRotation(connection, ended ? 0 : static_cast<int>(after.step), WaitsForPeople(after.next.actor));
  }
  if (ended && !keys::IsEnd(before.step)) {
    parts_.metrics.RotationEnded(connection, std::string(keys::RotationStepName(after.step)));
  }
}

absl::StatusOr<keys::RotationRecord> RotationKeeper::AdvanceAfter(const absl::StatusOr<keys::RotationRecord>& changed) {
  CDI_RETURN_IF_ERROR(changed.status());
  // What was asked for is durable; a failure of the store now is the thread's to repeat.
  auto advanced = Advance(changed->name);
  return advanced.ok() ? advanced : changed;
}

absl::StatusOr<keys::RotationRecord> RotationKeeper::Plan(const keys::RotationRequest& request) {
  auto started = rotator_.Start(request);
  if (started.ok() && started->version == 1) {
    parts_.logger.Write(LogLevel::kInfo, "rotation_started",
                        {{"rotation", started->name},
                         {"mode", keys::RotationModeName(started->mode)},
                         {"caller", started->requested_by}});
  }
  // Whatever it waits for may end by this.
  if (started.ok() && !started->waits_for.empty()) Wake(request.connection);
  return started;
}

absl::StatusOr<keys::RotationRecord> RotationKeeper::RollBack(const std::string& name, std::string_view caller,
                                                              std::string_view reason) {
  return AdvanceAfter(rotator_.RollBack(name, caller, reason));
}

absl::StatusOr<keys::RotationRecord> RotationKeeper::EndDrain(const std::string& name, std::string_view caller) {
  return AdvanceAfter(rotator_.EndDrain(name, caller));
}

absl::StatusOr<keys::RotationRecord> RotationKeeper::TryAgain(const std::string& name, std::string_view caller) {
  return AdvanceAfter(rotator_.TryAgain(name, caller));
}

absl::StatusOr<keys::RotationRecord> RotationKeeper::PermitOverwrite(const std::string& name,
                                                                     std::string_view fingerprint,
                                                                     std::string_view caller) {
  return AdvanceAfter(rotator_.PermitOverwrite(name, fingerprint, caller));
}

void RotationKeeper::Wake(std::string_view connection) {
  {
    const MutexLock lock(mutex_);
    std::erase_if(due_, [&](const auto& entry) { return keys::ConnectionOfName(entry.first) == connection; });
    ++wakes_;
    woken_ = true;
  }
  wake_.notify_all();
}

absl::StatusOr<keys::SlotFingerprints> RotationKeeper::DescribeKeys(const std::string& connection) {
  return make_user_(connection, stopping_.get_token())->DescribeKeys();
}

void RotationKeeper::LookAtConnections() {
  const Timestamp now = parts_.clock.WallNow();
  std::map<std::pair<std::string, int>, double> ages;
  std::string after;
  do {
    const auto page = parts_.store.ListResources(ingest::ResourceKind::kConnection, after, kResourcesPerLook);
    if (!page.ok()) {
      parts_.logger.Write(LogLevel::kError, "rotations_unreadable", {{"reason", ErrorReason(page.status())}});
      return;
    }
    for (const ingest::Resource& resource : page->items) {
      const auto connection = ConnectionOf(resource);
      if (connection.ok() && connection->has_snowflake()) LookAtConnection(*connection, now, ages);
    }
    after = page->next;
  } while (!after.empty());
  parts_.metrics.SetKeyAges(ages);
}

void RotationKeeper::LookAtConnection(const v1::Connection& connection, const Timestamp& now,
                                      std::map<std::pair<std::string, int>, double>& ages) {
  const auto pairs = parts_.keys.List(connection.name());
  const auto rotations = rotator_.List(connection.name());
  if (!pairs.ok() || !rotations.ok()) return;  // the store says so elsewhere; the next round tries again
  for (const keys::KeyPairRecord& pair : *pairs) {
    if (pair.state == keys::KeyPairState::kRevoked) continue;
    ages[{connection.name(), static_cast<int>(pair.slot)}] = Seconds(Distance(now, pair.create_time));
  }
  if (const keys::KeyPairRecord* active = ActivePair(*pairs)) WarnOfAge(*active, now);
  const auto next = NextScheduled(connection.rotation(), *pairs, *rotations, now);
  if (next && *next <= now) StartScheduled(connection);
}

void RotationKeeper::WarnOfAge(const keys::KeyPairRecord& active, const Timestamp& now) {
  const std::chrono::nanoseconds age = Distance(now, active.create_time);
  if (age < kKeyOldAge) return;
  int64_t& day = warned_day_[active.name];
  const int64_t today = now.seconds / kDaySeconds;
  if (day == today) return;
  day = today;
  parts_.logger.Write(LogLevel::kWarn, "key_pair_old",
                      {{"key_pair", active.name}, {"days", int64_t{age / std::chrono::hours{24}}}});
}

void RotationKeeper::StartScheduled(const v1::Connection& connection) {
  const auto rotations = rotator_.List(connection.name());
  if (!rotations.ok()) return;
  keys::RotationRequest request;
  request.connection = connection.name();
  request.rotation_id = NewRotationId(*rotations);
  request.user = connection.snowflake().user();
  const bool assisted = connection.rotation().mode() == v1::Connection::KeyRotation::ASSISTED;
  request.mode = assisted ? keys::RotationMode::kAssisted : keys::RotationMode::kScheduled;
  request.requested_by = "schedule";
  request.reason = absl::StrCat("every ", connection.rotation().every_days(), " days");
  const absl::Status started = Plan(request).status();
  std::string& told = schedule_problem_[connection.name()];
  const std::string reason = ErrorReason(started);
  if (!started.ok() && reason != told) {
    parts_.logger.Write(LogLevel::kWarn, "rotation_not_started",
                        {{"connection", connection.name()}, {"reason", reason}});
  }
  told = reason;
}

}  // namespace cdi::server
