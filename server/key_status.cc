#include "server/key_status.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/documents.h"
#include "server/resource_name.h"
#include "server/rotation_schedule.h"
#include "server/rotation_view.h"

namespace cdi::server {
namespace {

using Verdict = v1::KeyStatus::Verdict;

google::protobuf::Duration Age(const Timestamp& from, const Timestamp& now) {
  return ToProto(std::chrono::duration_cast<std::chrono::milliseconds>(Distance(now, from)));
}

const keys::KeyPairRecord* PairInSlot(const KeyFacts& facts, keys::KeySlot slot) {
  const auto found = std::find_if(facts.login_order.begin(), facts.login_order.end(),
                                  [slot](const keys::KeyPairRecord& pair) { return pair.slot == slot; });
  return found == facts.login_order.end() ? nullptr : &*found;
}

Verdict Compare(const KeyFacts& facts, const keys::KeyPairRecord* here, const std::string& there) {
  if (there.empty()) return here == nullptr ? v1::KeyStatus::EMPTY : v1::KeyStatus::NOT_REGISTERED;
  if (here != nullptr && here->fingerprint == there) return v1::KeyStatus::MATCHES;
  // The newest record of a fingerprint counts: a revoked pair may have been imported again.
  for (auto pair = facts.pairs.rbegin(); pair != facts.pairs.rend(); ++pair) {
    if (pair->fingerprint != there) continue;
    return pair->state == keys::KeyPairState::kRevoked ? v1::KeyStatus::REVOKED_HERE : v1::KeyStatus::OTHER_SLOT;
  }
  return v1::KeyStatus::FOREIGN;
}

v1::KeyStatus::Slot SlotOf(const KeyFacts& facts, keys::KeySlot slot) {
  v1::KeyStatus::Slot view;
  view.set_slot(ViewOf(slot));
  const keys::KeyPairRecord* here = PairInSlot(facts, slot);
  if (here != nullptr) {
    view.set_key_pair(here->name);
    view.set_state(ViewOf(here->state));
    view.set_fingerprint_here(here->fingerprint);
    *view.mutable_age() = Age(here->create_time, facts.now);
  }
  if (facts.there && facts.there->ok()) {
    view.set_fingerprint_there((*facts.there)->in(slot));
    view.set_verdict(Compare(facts, here, view.fingerprint_there()));
  }
  return view;
}

// Of the rotation that holds the slots: one that has not ended.
std::string AdviceFor(const v1::Rotation& rotation, const std::string& connection) {
  const std::string name = absl::StrCat(connection, "/", std::string(LastSegment(rotation.name())));
  switch (rotation.next_actor()) {
    case v1::Rotation::ADMINISTRATOR:
      return absl::StrCat("an administrator of the user runs the statement of ", name, "; the service sees it by ",
                          "itself, or at once: cdi keys resume ", name);
    case v1::Rotation::OPERATOR:
      return absl::StrCat(rotation.problem().fix(), "; cdi keys resume ", name, " looks again, cdi keys rollback ",
                          name, " goes back to the old key");
    default:
      return absl::StrCat("nothing: ", name, " goes on by itself");
  }
}

const v1::KeyStatus::Slot* FindVerdict(const v1::KeyStatus& status, Verdict verdict) {
  const auto found = std::find_if(status.slots().begin(), status.slots().end(),
                                  [verdict](const auto& slot) { return slot.verdict() == verdict; });
  return found == status.slots().end() ? nullptr : &*found;
}

std::string Advice(const KeyFacts& facts, const v1::KeyStatus& status) {
  const std::string connection(LastSegment(facts.connection.name()));
  if (!facts.damaged.empty()) {
    const std::string name = absl::StrCat(connection, "/", std::string(LastSegment(facts.damaged.front())));
    return absl::StrCat("somebody changed the state: the public half stored with ", name,
                        " is not that of its private half; cdi keys revoke ", name,
                        " and unset its slot in Snowflake, and find out who can write the state directory");
  }
  if (status.has_rotation()) return AdviceFor(status.rotation(), connection);
  if (facts.login_order.empty()) return absl::StrCat("make a key pair: cdi keys generate ", connection);
  if (!status.look_reason().empty()) return "Snowflake could not be asked: mend what it says, then look again";
  const keys::KeyPairRecord* active = ActivePair(facts.pairs);
  if (active == nullptr) {
    return absl::StrCat("run the statement of cdi keys get ", connection, "/",
                        std::string(LastSegment(facts.login_order.front().name)), ", then: cdi connections test ",
                        connection);
  }
  if (status.looked() && !(*facts.there)->Find(active->fingerprint).has_value()) {
    return absl::StrCat("Snowflake does not have the active key: run the statement of cdi keys get ", connection, "/",
                        std::string(LastSegment(active->name)), ", and find out who removed it");
  }
  if (const auto* revoked = FindVerdict(status, v1::KeyStatus::REVOKED_HERE)) {
    return absl::StrCat("a key revoked here is still valid in Snowflake: unset ",
                        v1::KeyPair::Slot_Name(revoked->slot()), " of the user there (DESC USER shows it)");
  }
  if (const auto* foreign = FindVerdict(status, v1::KeyStatus::FOREIGN)) {
    return absl::StrCat("find out whose key stands in ", v1::KeyPair::Slot_Name(foreign->slot()),
                        ": a rotation needs that slot and will not overwrite it untold");
  }
  if (facts.login_order.size() > 1) {
    return absl::StrCat("two usable pairs and no rotation: rotate to the other one (cdi keys rotate ", connection,
                        " --key-pair ID), or revoke the one that is not needed");
  }
  if (status.overdue()) return absl::StrCat("the key is older than 90 days: cdi keys rotate ", connection);
  return "nothing";
}

}  // namespace

v1::KeyStatus MakeKeyStatus(const KeyFacts& facts) {
  v1::KeyStatus status;
  status.set_connection(facts.connection.name());
  status.set_user(facts.connection.snowflake().user());
  if (facts.there && facts.there->ok()) status.set_looked(true);
  if (facts.there && !facts.there->ok()) {
    const absl::Status& failed = facts.there->status();
    const std::string reason = ErrorReason(failed);
    status.set_look_reason(reason.empty() ? absl::StatusCodeToString(failed.code()) : reason);
    status.set_look_message(std::string(failed.message()));
  }
  *status.add_slots() = SlotOf(facts, keys::KeySlot::k1);
  *status.add_slots() = SlotOf(facts, keys::KeySlot::k2);
  for (const keys::KeyPairRecord& pair : facts.login_order) status.add_login_order(pair.name);
  if (const keys::KeyPairRecord* active = ActivePair(facts.pairs)) {
    *status.mutable_age() = Age(active->create_time, facts.now);
    status.set_overdue(Distance(facts.now, active->create_time) >= kKeyOldAge);
  }
  for (const keys::RotationRecord& rotation : facts.rotations) {
    if (keys::IsEnd(rotation.step)) continue;
    *(status.has_rotation() ? status.mutable_waiting_rotation() : status.mutable_rotation()) = ViewOf(rotation);
  }
  const auto next = NextScheduled(facts.connection.rotation(), facts.pairs, facts.rotations, facts.now);
  if (next) *status.mutable_next_scheduled() = ToProto(*next);
  status.set_advice(Advice(facts, status));
  return status;
}

}  // namespace cdi::server
