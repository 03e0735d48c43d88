#include "tests/sim/rotation_outside.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace cdi::sim {

using keys::KeyPairRecord;
using keys::KeyPairState;
using keys::KeySlot;

namespace {

constexpr KeySlot kSlots[] = {KeySlot::k1, KeySlot::k2};

}  // namespace

void RotationOutside::Note(const std::string& what) {
  trace.push_back(absl::StrCat(clock.running.count() / 1'000'000'000, "s ", what));
}

void RotationOutside::Violate(const std::string& what) {
  Note(absl::StrCat("VIOLATION ", what));
  if (violation.empty()) violation = what;
}

void RotationOutside::MaybeCrash() {
  if (!rng.Chance(faults.crash, 1000)) return;
  Hit("crash");
  Note("crash");
  throw Crash();
}

void RotationOutside::NotePairs(std::span<const KeyPairRecord> records) {
  order_known_ = false;
  for (const KeyPairRecord& pair : records) {
    Note(absl::StrCat(pair.name, " ", std::string(KeyPairStateName(pair.state))));
    ours_.insert(pair.fingerprint);
    if (pair.fingerprint == active_) active_.clear();
    if (pair.state == KeyPairState::kRevoked || pair.sealed_private_key.empty()) {
      live_.erase(pair.fingerprint);
    } else {
      live_.insert(pair.fingerprint);
    }
    if (pair.state != KeyPairState::kActive) continue;
    if (settled && !proved.contains(pair.fingerprint)) {
      Violate(absl::StrCat(pair.name, " was taken into use, though no login ever succeeded with it"));
    }
    active_ = pair.fingerprint;
  }
}

void RotationOutside::CheckContinuity(const std::string& after) {
  if (!settled) return;
  for (const KeySlot slot : kSlots) {
    if (IsLiveOurs(user.slots().in(slot))) return;
  }
  Violate(absl::StrCat("I11: after ", after, " no public key in Snowflake has its private half here"));
}

void RotationOutside::ApplyStatement(const std::string& statement, const std::string& who) {
  const auto change = user.Parse(statement);
  if (!change.ok()) return Violate(absl::StrCat("Snowflake does not understand: ", statement));
  Note(absl::StrCat(who, ": ", statement.substr(0, 50), " ", change->fingerprint));
  const std::string there = user.slots().in(change->slot);
  const std::string& elsewhere = user.slots().in(OtherSlot(change->slot));
  if (!there.empty() && there == active_ && change->fingerprint != there && elsewhere != there) {
    Violate(absl::StrCat("the active slot was given up: ", statement.substr(0, 50)));
  }
  if (!there.empty() && !ours_.contains(there)) {
    const auto rotations = *rotation_store.ListOpenRotations();
    const bool permitted = std::any_of(rotations.begin(), rotations.end(), [&](const keys::RotationRecord& record) {
      return record.permitted_fingerprint == there;
    });
    if (change->fingerprint.empty() || !permitted) Violate("a stranger's key was removed without being told");
    Hit("foreign_overwritten");
  }
  user.Apply(*change);
  CheckContinuity(statement.substr(0, 50));
}

void RotationOutside::RunLater(const std::string& statement) {
  late_.emplace(clock.running + std::chrono::seconds(rng.Below(static_cast<uint64_t>(kStatementMax.count()))),
                statement);
}

void RotationOutside::RunLate(MonoTime until) {
  while (!late_.empty() && late_.begin()->first <= until) {
    const auto [when, statement] = *late_.begin();
    late_.erase(late_.begin());
    if (when > clock.running) clock.Pass(std::chrono::duration_cast<std::chrono::seconds>(when - clock.running));
    const auto change = user.Parse(statement);
    if (change.ok() && !user.slots().in(change->slot).empty() && !ours_.contains(user.slots().in(change->slot))) {
      // Between DESC USER and this a stranger came: that race is Snowflake's to offer a way out of.
      Hit("late_met_a_stranger");
      continue;
    }
    Hit("run_late");
    ApplyStatement(statement, "Snowflake, late");
  }
}

std::string RotationOutside::Foreign() {
  return absl::StrCat("SHA256:", std::string(36, 'F'), 1'000'000 + ++foreign_count_, "=");
}

// Strangers leave one key of ours: without it no service could keep its promise.
void RotationOutside::StrangerActs() {
  const KeySlot slot = rng.Chance(1, 2) ? KeySlot::k1 : KeySlot::k2;
  if (IsLiveOurs(user.slots().in(slot))) {
    if (!rng.Chance(faults.attack, 1000) || !IsLiveOurs(user.slots().in(OtherSlot(slot)))) return;
    if (late_pending()) return;  // it may remove the other one
    ExcuseRuns();
    attacked.insert(user.slots().in(slot));
    Hit("stranger_attacks");
  }
  const std::string fingerprint = rng.Chance(1, 2) ? Foreign() : "";
  Note(absl::StrCat("a stranger puts '", fingerprint, "' into ", std::string(SlotProperty(slot))));
  user.Apply({slot, fingerprint});
  Hit("stranger");
  CheckContinuity("a stranger's change");
}

// ---- logins

void RotationOutside::ExcuseRuns() {
  for (Run& run : runs_) run.excused = true;
}

void RotationOutside::StartRun() {
  next_run_ = clock.running + std::chrono::seconds(1 + rng.Below(2 * static_cast<uint64_t>(run_period.count())));
  if (!settled || ring == nullptr) return;
  if (!order_known_) {
    order_.clear();
    const auto order = ring->LoginOrder(kSimConnection);
    for (const KeyPairRecord& pair : *order) order_.emplace_back(pair.name, pair.fingerprint);
    order_known_ = true;
  }
  Run run;
  run.keys = order_;
  run.next = clock.running + std::chrono::seconds(rng.Below(60));
  runs_.push_back(std::move(run));
}

bool RotationOutside::TryRun(Run& run) {
  if (run.tried == run.keys.size()) {
    if (!run.excused) Violate("a run failed: every key it knew was refused");
    Hit("run_excused");
    return true;
  }
  const auto& [name, fingerprint] = run.keys[run.tried++];
  run.next = clock.running + std::chrono::seconds(run.tried == run.keys.size() ? 0 : rng.Below(55));
  if (!user.Accepts(fingerprint)) return false;
  proved.insert(fingerprint);
  Hit(run.tried == 1 ? "run_by_first_key" : "run_by_second_key");
  // With an active pair it changes nothing (key_ring_test); asked now and then all the same.
  if (ring != nullptr && (active_.empty() || rng.Chance(1, 10))) {
    const auto activated = ring->LoggedIn(name);
    if (activated.ok() && *activated) Hit("activated_by_login");
  }
  return true;
}

void RotationOutside::Pass(std::chrono::seconds amount) {
  const MonoTime end = clock.running + amount;
  while (violation.empty()) {
    auto next =
        std::min_element(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return a.next < b.next; });
    const bool starts = next == runs_.end() || next_run_ <= next->next;
    const MonoTime when = std::max(clock.running, starts ? next_run_ : next->next);
    if (when > end) break;
    RunLate(when);
    clock.Pass(std::chrono::duration_cast<std::chrono::seconds>(when - clock.running));
    if (starts) {
      StartRun();
      continue;
    }
    Run run = std::move(*next);
    runs_.erase(next);
    if (!TryRun(run)) runs_.push_back(std::move(run));
  }
  Stand(std::chrono::duration_cast<std::chrono::seconds>(end - clock.running));
}

void RotationOutside::Stand(std::chrono::seconds amount) {
  const MonoTime end = clock.running + amount;
  RunLate(end);
  clock.Pass(std::chrono::duration_cast<std::chrono::seconds>(end - clock.running));
}

// ---- the store

absl::Status SimKeyStore::Write(const std::function<absl::Status()>& write, const std::string& what) {
  outside_.MaybeCrash();
  if (outside_.rng.Chance(outside_.faults.write_fails, 1000)) {
    outside_.Hit("write_fails");
    return absl::UnavailableError("the disk is slow");
  }
  absl::Status written = write();
  outside_.CheckContinuity(what);
  outside_.MaybeCrash();
  return written;
}

absl::Status SimKeyStore::PutKeyPairs(std::span<const KeyPairRecord> records) {
  return Write(
      [&] {
        absl::Status written = outside_.key_store.PutKeyPairs(records);
        outside_.NotePairs(records);
        return written;
      },
      "a change of key pairs");
}

absl::Status SimKeyStore::PutRotation(const keys::RotationRecord& record, std::string_view actor) {
  return Write(
      [&] {
        outside_.Hit(absl::StrCat("step ", std::string(RotationStepName(record.step))));
        if (record.error.has_value()) outside_.Hit(absl::StrCat("error ", record.error->reason));
        if (!record.fallback.empty()) outside_.Hit("fallback");
        outside_.Note(absl::StrCat(record.name, " ", std::string(RotationStepName(record.step)), " ",
                                   record.error.has_value() ? record.error->reason : ""));
        return outside_.rotation_store.PutRotation(record, actor);
      },
      "a step");
}

// ---- the user

void SimUser::Take(uint64_t seconds_max) {
  outside_.Pass(std::chrono::seconds(outside_.rng.Below(seconds_max)));
  if (outside_.interrupt && outside_.rng.Chance(outside_.faults.interrupt, 1000)) outside_.interrupt();
  outside_.MaybeCrash();
}

absl::Status SimUser::OpenSession() {
  const auto order = outside_.ring->LoginOrder(kSimConnection);
  for (const KeyPairRecord& pair : *order) {
    if (outside_.user.Accepts(pair.fingerprint)) return absl::OkStatus();
  }
  return absl::UnauthenticatedError("JWT token is invalid");
}

absl::StatusOr<keys::SlotFingerprints> SimUser::DescribeKeys() {
  Take(6);
  if (outside_.rng.Chance(outside_.faults.stranger, 1000)) outside_.StrangerActs();
  if (outside_.rng.Chance(outside_.faults.describe_fails, 1000)) return absl::UnavailableError("no answer");
  if (absl::Status session = OpenSession(); !session.ok()) return session;
  return outside_.user.slots();
}

absl::StatusOr<std::string> SimUser::Execute(const std::string& statement) {
  // Time passes, but no stranger can come between DESC USER and this: that race is Snowflake's to offer a way out of.
  outside_.statement_under_way = true;
  const absl::Cleanup over = [this] { outside_.statement_under_way = false; };
  try {
    Take(4);
  } catch (const Crash&) {
    // It died with the statement on its way.
    if (outside_.user.granted && OpenSession().ok() && outside_.rng.Chance(1, 2)) outside_.RunLater(statement);
    throw;
  }
  if (absl::Status session = OpenSession(); !session.ok()) return session;
  if (!outside_.user.granted) return absl::PermissionDeniedError("Insufficient privileges to operate on user");
  const bool lost = outside_.rng.Chance(outside_.faults.reply_lost, 1000);
  if (lost && outside_.rng.Chance(1, 3)) {
    outside_.Hit("reply_lost_not_run");
    return absl::DeadlineExceededError("no answer");
  }
  if (lost && outside_.rng.Chance(1, 2)) {
    outside_.RunLater(statement);
    return absl::UnavailableError("the connection broke");
  }
  outside_.ApplyStatement(statement, "the service");
  outside_.MaybeCrash();
  if (!lost) return std::string(kSimConnection);
  outside_.Hit("reply_lost_run");
  return absl::DeadlineExceededError("no answer");
}

absl::StatusOr<keys::LoginProof> SimUser::ProveLogin(const std::string& key_pair_name) {
  Take(10);
  if (outside_.rng.Chance(outside_.faults.login_fails, 1000)) {
    if (outside_.rng.Chance(1, 2)) return absl::UnauthenticatedError("a policy refuses key pairs today");
    return absl::UnavailableError("no answer");
  }
  const auto pair = outside_.ring->Get(key_pair_name);
  if (!pair.ok()) return pair.status();
  if (pair->state == KeyPairState::kRevoked) return absl::FailedPreconditionError("revoked");
  if (!outside_.user.Accepts(pair->fingerprint)) return absl::UnauthenticatedError("JWT token is invalid");
  outside_.proved.insert(pair->fingerprint);
  outside_.MaybeCrash();
  return keys::LoginProof{outside_.clock.wall, "session 1"};
}

}  // namespace cdi::sim
