#include "keys/rotator.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "keys/alter_user.h"
#include "keys/concat.h"

namespace cdi::keys {
namespace {

using Kind = RotationAction::Kind;

// More than any rotation takes in one go; a bug in the machine must not spin.
constexpr int kStepsMax = 64;
constexpr size_t kIdCharactersMax = 61;  // two less than a key pair's id, which is made of it
constexpr size_t kTextBytesMax = 1000;

absl::Status CheckId(std::string_view id) {
  const auto is_inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!id.empty() && id.size() <= kIdCharactersMax && id.back() != '-' && std::all_of(id.begin(), id.end(), is_inner)) {
    return absl::OkStatus();
  }
  return InvalidField("rotation_id", Concat("rotation_id must be 1 to ", kIdCharactersMax,
                                            " characters of a-z, 0-9 and '-', not ending with '-'"));
}

// What DESC USER shows in RSA_PUBLIC_KEY_FP: SHA256: and the base64 of 32 bytes.
absl::Status CheckFingerprint(std::string_view field, std::string_view fingerprint) {
  constexpr std::string_view kPrefix = "SHA256:";
  const auto is_base64 = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  if (fingerprint.size() == kPrefix.size() + 44 && fingerprint.starts_with(kPrefix) && fingerprint.back() == '=' &&
      std::all_of(fingerprint.begin() + kPrefix.size(), fingerprint.end() - 1, is_base64)) {
    return absl::OkStatus();
  }
  return InvalidField(field, Concat(field, " must be a fingerprint as DESC USER shows it: SHA256: and 44 characters"));
}

absl::Status CheckRequest(const RotationRequest& request) {
  CDI_RETURN_IF_ERROR(CheckId(request.rotation_id));
  CDI_RETURN_IF_ERROR(QuoteUserName(request.user).status());
  if (request.reason.size() > kTextBytesMax) {
    return InvalidField("reason", Concat("reason must have at most ", kTextBytesMax, " bytes"));
  }
  if (request.bits != 2048 && request.bits != 3072 && request.bits != 4096) {
    return InvalidField("key_bits", Concat("key_bits must be 2048, 3072 or 4096; got ", request.bits));
  }
  if (request.permitted_fingerprint.empty()) return absl::OkStatus();
  return CheckFingerprint("permitted_fingerprint", request.permitted_fingerprint);
}

bool IsLive(const KeyPairRecord& pair) {
  return pair.state != KeyPairState::kRevoked;
}

// A rotation that a new one may wait for: what is left of it is to end.
bool IsEnding(const RotationRecord& record) {
  const bool late = record.step == RotationStep::kDraining || record.step == RotationStep::kUnsetting ||
                    record.step == RotationStep::kUnset;
  return late && !record.rollback_requested;
}

absl::Status InProgress(const RotationRecord& record) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "ROTATION_IN_PROGRESS",
      Concat(record.name, " is under way (", RotationStepName(record.step), "); let it end, or roll it back"));
}

absl::Status Draining(std::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "ROTATION_DRAINING",
                   Concat(what, " holds the other slot until its drain is over; wait, or ask to end the drain"));
}

// Whether the record has to be on disk before going on: when last looked and when to look again may be lost.
bool Differs(RotationRecord decided, const RotationRecord& stored) {
  decided.seen_time = stored.seen_time;
  decided.next.time = stored.next.time;
  return !(decided == stored);
}

}  // namespace

absl::StatusOr<RotationRecord> Rotator::Start(const RotationRequest& request) {
  CDI_RETURN_IF_ERROR(CheckRequest(request));
  CDI_RETURN_IF_ERROR(ring_.CheckUnsealed());
  RotationRecord record;
  record.name = Concat(request.connection, "/rotations/", request.rotation_id);
  const MutexLock lock(mutex_);
  absl::StatusOr<RotationRecord> existing = store_.GetRotation(record.name);
  if (existing.ok() || !absl::IsNotFound(existing.status())) return existing;

  record.mode = request.mode;
  record.user = request.user;
  record.bits = request.bits;
  record.made_new_key = request.key_pair.empty();
  record.new_key.name =
      record.made_new_key ? Concat(request.connection, "/keyPairs/k-", request.rotation_id) : request.key_pair;
  record.requested_by = request.requested_by;
  record.reason = request.reason;
  record.permitted_fingerprint = request.permitted_fingerprint;
  const Timestamp now = clock_.WallNow();
  record.times.push_back({RotationStep::kPlanned, now});
  record.next = {RotationNext::Actor::kService, "", now};
  CDI_RETURN_IF_ERROR(CheckRoom(request, record));
  return Write(std::move(record), request.requested_by);
}

absl::Status Rotator::CheckRoom(const RotationRequest& request, RotationRecord& record) {
  CDI_ASSIGN_OR_RETURN(std::vector<RotationRecord> rotations, store_.ListRotations(request.connection));
  std::erase_if(rotations, [](const RotationRecord& other) { return IsEnd(other.step); });
  if (rotations.size() > 1) return InProgress(rotations.back());
  if (!rotations.empty() && !IsEnding(rotations.front())) return InProgress(rotations.front());
  if (!rotations.empty() && !request.end_drain) return Draining(rotations.front().name);
  if (!rotations.empty()) record.waits_for = rotations.front().name;

  CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> pairs, ring_.List(request.connection));
  const auto active = std::find_if(pairs.begin(), pairs.end(),
                                   [](const KeyPairRecord& pair) { return pair.state == KeyPairState::kActive; });
  if (active == pairs.end()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_PAIR_MISSING",
                     Concat(request.connection,
                            " has no active key pair to replace; generate or import one, register "
                            "it and test the connection: that makes it active"));
  }
  record.old_key = {active->name, active->fingerprint, active->slot};
  CDI_RETURN_IF_ERROR(CheckOthers(request, pairs, record));
  if (!rotations.empty() && !rotations.front().end_drain_requested) {
    rotations.front().end_drain_requested = true;
    return Write(std::move(rotations.front()), request.requested_by).status();
  }
  return absl::OkStatus();
}

absl::Status Rotator::CheckOthers(const RotationRequest& request, const std::vector<KeyPairRecord>& pairs,
                                  RotationRecord& record) {
  bool found = record.made_new_key;
  for (const KeyPairRecord& pair : pairs) {
    if (pair.name == record.new_key.name) {
      if (record.made_new_key) {
        return MakeError(absl::StatusCode::kAlreadyExists, "KEY_PAIR_EXISTS",
                         Concat(pair.name, " exists already; choose another rotation_id"));
      }
      if (!IsLive(pair)) {
        return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_PAIR_REVOKED",
                         Concat(pair.name, " is revoked; name another pair, or none"));
      }
      if (pair.name == record.old_key.name) {
        return InvalidField("key_pair", Concat(pair.name, " is the active pair already"));
      }
      record.new_key = {pair.name, pair.fingerprint, pair.slot};
      found = true;
      continue;
    }
    // The one that a rotation before this one replaced goes with it.
    if (!IsLive(pair) || pair.name == record.old_key.name || !record.waits_for.empty()) continue;
    if (pair.state != KeyPairState::kDraining) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_SLOTS_FULL",
                       Concat(pair.name, " (", KeyPairStateName(pair.state),
                              ") holds the other slot; name it as the pair to rotate to, or revoke it"));
    }
    if (!request.end_drain) return Draining(pair.name);
    record.leftover_key_pair = pair.name;
    record.leftover_fingerprint = pair.fingerprint;
  }
  if (found) return absl::OkStatus();
  return MakeError(absl::StatusCode::kNotFound, "KEY_PAIR_NOT_FOUND",
                   Concat("there is no ", record.new_key.name, " in ", request.connection));
}

absl::StatusOr<RotationRecord> Rotator::Write(RotationRecord record, std::string_view actor) {
  ++record.version;
  CDI_RETURN_IF_ERROR(store_.PutRotation(record, actor));
  return record;
}

absl::StatusOr<RotationRecord> Rotator::Advance(std::string_view name, SnowflakeUser& user) {
  {
    const MutexLock lock(mutex_);
    if (!busy_.insert(std::string(name)).second) return store_.GetRotation(name);
  }
  const absl::Cleanup done = [&] {
    const MutexLock lock(mutex_);
    busy_.erase(busy_.find(name));
  };
  return AdvanceAlone(name, user);
}

absl::StatusOr<RotationRecord> Rotator::AdvanceAlone(std::string_view name, SnowflakeUser& user) {
  RotationObservation observation;
  RotationRecord last;
  for (int step = 0; step < kStepsMax; ++step) {
    CDI_ASSIGN_OR_RETURN(RotationDecision decision, DecideAndWrite(name, std::move(observation)));
    observation = std::monostate();
    if (decision.action.kind == Kind::kWait || decision.action.kind == Kind::kEnd) return std::move(decision.record);
    if (decision.action.kind != Kind::kRepeat) observation = Act(decision.record, decision.action, user);
    last = std::move(decision.record);
  }
  return last;
}

absl::StatusOr<RotationDecision> Rotator::DecideAndWrite(std::string_view name, RotationObservation observation) {
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(const RotationRecord stored, store_.GetRotation(name));
  RotationSituation situation;
  CDI_ASSIGN_OR_RETURN(situation.pairs, ring_.List(ConnectionOfName(name)));
  if (!stored.waits_for.empty()) {
    const absl::StatusOr<RotationRecord> predecessor = store_.GetRotation(stored.waits_for);
    if (!predecessor.ok() && !absl::IsNotFound(predecessor.status())) return predecessor.status();
    situation.predecessor_open = predecessor.ok() && !IsEnd(predecessor->step);
  }
  if (stored.step == RotationStep::kRegistering) {
    const auto pair = std::find_if(situation.pairs.begin(), situation.pairs.end(),
                                   [&](const KeyPairRecord& one) { return one.name == stored.new_key.name; });
    if (pair != situation.pairs.end() && IsLive(*pair)) situation.new_key_whole = ring_.CheckWhole(*pair);
  }
  situation.now = clock_.WallNow();
  situation.observation = std::move(observation);
  const MonoTime running = clock_.MonoNow();
  if (const auto looked = looked_.find(name); looked != looked_.end()) situation.elapsed = running - looked->second;

  RotationDecision decision = machine_.Decide(stored, situation);
  decision.record.version = stored.version;
  if (Differs(decision.record, stored)) {
    CDI_ASSIGN_OR_RETURN(decision.record, Write(std::move(decision.record), RotationStore::kService));
  }
  // Only now: time that a failed write did not count is counted by the next look.
  if (IsEnd(decision.record.step)) {
    looked_.erase(std::string(name));
  } else {
    looked_[std::string(name)] = running;
  }
  return decision;
}

RotationObservation Rotator::Act(const RotationRecord& record, const RotationAction& action, SnowflakeUser& user) {
  switch (action.kind) {
    case Kind::kDescribe:
      return Described{user.DescribeKeys()};
    case Kind::kExecute:
      return Executed{user.Execute(action.statement)};
    case Kind::kProveLogin:
      return LoginTried{user.ProveLogin(action.key_pair)};
    case Kind::kGenerate: {
      const std::string_view id = std::string_view(action.key_pair).substr(action.key_pair.rfind('/') + 1);
      absl::Status made = ring_.Generate(ConnectionOfName(record.name), id, record.bits, action.slot).status();
      // Made before a crash: the machine finds it.
      return RingChanged{absl::IsAlreadyExists(made) ? absl::OkStatus() : made};
    }
    case Kind::kPlace:
      return RingChanged{ring_.MarkRegistered(action.key_pair, action.slot).status()};
    case Kind::kActivate:
      return RingChanged{ring_.Activate(action.key_pair).status()};
    case Kind::kRevoke:
      return RingChanged{ring_.Revoke(action.key_pair).status()};
    case Kind::kWait:
    case Kind::kRepeat:
    case Kind::kEnd:
      break;
  }
  return std::monostate();
}

absl::StatusOr<RotationRecord> Rotator::ReadOpen(std::string_view name) {
  CDI_ASSIGN_OR_RETURN(RotationRecord record, store_.GetRotation(name));
  if (!IsEnd(record.step)) return record;
  return MakeError(absl::StatusCode::kFailedPrecondition, "ROTATION_ENDED",
                   Concat(name, " has ended (", RotationStepName(record.step), "); start another one"));
}

absl::StatusOr<RotationRecord> Rotator::RollBack(std::string_view name, std::string_view caller,
                                                 std::string_view reason) {
  if (reason.size() > kTextBytesMax) {
    return InvalidField("reason", Concat("reason must have at most ", kTextBytesMax, " bytes"));
  }
  CDI_RETURN_IF_ERROR(ring_.CheckUnsealed());
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(RotationRecord record, ReadOpen(name));
  if (record.step == RotationStep::kUnset) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "ROTATION_UNSET",
                     Concat(record.old_key.name, " is unset in Snowflake already; start a new rotation instead"));
  }
  if (record.rollback_requested) return record;
  record.rollback_requested = true;
  record.rollback_reason = Concat(caller, ": ", reason);
  return Write(std::move(record), caller);
}

absl::StatusOr<RotationRecord> Rotator::TryAgain(std::string_view name, std::string_view caller) {
  CDI_RETURN_IF_ERROR(ring_.CheckUnsealed());
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(RotationRecord record, store_.GetRotation(name));
  if (IsEnd(record.step) || record.fallback.empty()) return record;
  record.fallback.clear();
  record.next = {RotationNext::Actor::kService, "", clock_.WallNow()};
  return Write(std::move(record), caller);
}

absl::StatusOr<RotationRecord> Rotator::EndDrain(std::string_view name, std::string_view caller) {
  CDI_RETURN_IF_ERROR(ring_.CheckUnsealed());
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(RotationRecord record, ReadOpen(name));
  if (record.end_drain_requested) return record;
  record.end_drain_requested = true;
  return Write(std::move(record), caller);
}

absl::StatusOr<RotationRecord> Rotator::PermitOverwrite(std::string_view name, std::string_view fingerprint,
                                                        std::string_view caller) {
  CDI_RETURN_IF_ERROR(CheckFingerprint("fingerprint", fingerprint));
  CDI_RETURN_IF_ERROR(ring_.CheckUnsealed());
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(RotationRecord record, ReadOpen(name));
  if (record.permitted_fingerprint == fingerprint) return record;
  if (record.seen.has_value() && !record.seen->Find(fingerprint).has_value()) {
    const auto shown = [](const std::string& there) { return there.empty() ? std::string("no key") : there; };
    return InvalidField("fingerprint", Concat("fingerprint is in neither slot: DESC USER last showed ",
                                              shown(record.seen->first), " and ", shown(record.seen->second)));
  }
  record.permitted_fingerprint = std::string(fingerprint);
  return Write(std::move(record), caller);
}

}  // namespace cdi::keys
