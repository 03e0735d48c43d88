// Views of rotations and of the state of keys, for somebody tired: what is true now, and what to do next.
#include <algorithm>

#include "cli/concat.h"
#include "cli/facts.h"
#include "cli/names.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

std::string Old(const v1::Rotation& rotation) {
  return ShortName(rotation.old_key().key_pair());
}
std::string New(const v1::Rotation& rotation) {
  return ShortName(rotation.new_key().key_pair());
}

// To the second: for an estimate, and for when something was last tried.
std::string ToTheSecond(const google::protobuf::Timestamp& time) {
  return FormatTime({FromProto(time).seconds, 0});
}

bool Reached(const v1::Rotation& rotation, v1::Rotation::Step step) {
  return std::any_of(rotation.step_times().begin(), rotation.step_times().end(),
                     [step](const v1::Rotation::StepTime& time) { return time.step() == step; });
}

// What is true, in one sentence.
std::string Truth(const v1::Rotation& rotation) {
  const std::string old_key = Old(rotation);
  const std::string new_key = New(rotation);
  switch (rotation.step()) {
    case v1::Rotation::PLANNED:
      if (!rotation.waits_for().empty()) {
        return Concat("nothing was changed yet: it waits for ", ShortName(rotation.waits_for()), " to end");
      }
      return Concat("nothing was changed yet; logins use ", old_key);
    case v1::Rotation::GENERATED:
    case v1::Rotation::REGISTERING:
      return Concat("the new key ", new_key, " is kept here; logins still use ", old_key);
    case v1::Rotation::REGISTERED:
      return Concat("Snowflake has the new key ", new_key, ", no login proved it yet; logins still use ", old_key);
    case v1::Rotation::PROVEN:
      return Concat("a login proved the new key ", new_key, "; logins are about to use it");
    case v1::Rotation::DRAINING:
      return Concat(
          "logins use the new key ", new_key, "; ", old_key, " stays valid in Snowflake",
          rotation.has_drain_until() ? Concat(" until about ", ToTheSecond(rotation.drain_until())) : std::string());
    case v1::Rotation::UNSETTING:
      return Concat("logins use the new key ", new_key, "; ", old_key, " is to be unset in Snowflake");
    case v1::Rotation::UNSET:
      return Concat("logins use the new key ", new_key, "; ", old_key, " is gone from Snowflake, not yet from here");
    case v1::Rotation::DONE:
      return Concat("done: logins use ", new_key, "; ", old_key, " is unset in Snowflake and destroyed here");
    case v1::Rotation::RESTORING:
      return Concat("rolling back: ", old_key, " is proved by a login before logins use it again");
    case v1::Rotation::WITHDRAWING:
      return Concat("rolling back: logins use ", old_key, "; ", new_key, " is to be unset in Snowflake");
    case v1::Rotation::WITHDRAWN:
      return Concat("rolling back: logins use ", old_key, "; ", new_key, " is gone from Snowflake, not yet from here");
    case v1::Rotation::ROLLED_BACK:
      return Concat("rolled back: logins use ", old_key, " as before; ",
                    rotation.new_key().fingerprint().empty() ? "no new key was made" : Concat(new_key, " is gone"));
    default:
      return rotation.has_problem() ? rotation.problem().message() : v1::Rotation::Step_Name(rotation.step());
  }
}

std::string Trouble(const v1::Rotation& rotation) {
  if (!rotation.has_problem()) return "";
  const v1::Rotation::Problem& problem = rotation.problem();
  return Concat(problem.message(), " (", problem.reason(), ", ", CountOf(problem.count(), "time", "times"), ", last ",
                ToTheSecond(problem.time()), ")");
}

// What to do, in one sentence; the statement comes after it.
std::string Next(const v1::Rotation& rotation) {
  const std::string name = ShortName(rotation.name());
  switch (rotation.next_actor()) {
    case v1::Rotation::NOBODY:
      return Concat("nothing; the receipt: cdi keys receipt ", name);
    case v1::Rotation::ADMINISTRATOR:
      return Concat("run the statement below as an administrator of the user; the service sees it by itself, or at ",
                    "once: cdi keys resume ", name);
    case v1::Rotation::OPERATOR:
      return Concat(rotation.problem().fix(), "; then: cdi keys resume ", name);
    default:
      // Looking earlier would not help.
      if (rotation.problem().reason() == "ROTATION_STATEMENT_PENDING") {
        return rotation.has_next_time() ? Concat("nothing: it goes on by itself at ", ToTheSecond(rotation.next_time()))
                                        : "nothing: it goes on by itself";
      }
      return rotation.has_problem() ? Concat("nothing: it tries again by itself; or now: cdi keys resume ", name)
                                    : "nothing: it goes on by itself";
  }
}

// The key that stands where the new one has to go.
std::string Permit(const v1::Rotation& rotation) {
  if (rotation.problem().reason() != "ROTATION_SLOT_FOREIGN" || !rotation.has_seen()) return "";
  const bool second = rotation.old_key().slot() == v1::KeyPair::RSA_PUBLIC_KEY;
  const std::string& foreign = second ? rotation.seen().second() : rotation.seen().first();
  return Concat("cdi keys permit-overwrite ", ShortName(rotation.name()), " --fingerprint ", foreign);
}

bool MayRollBack(const v1::Rotation& rotation) {
  const bool waits =
      rotation.next_actor() == v1::Rotation::ADMINISTRATOR || rotation.next_actor() == v1::Rotation::OPERATOR;
  return waits && rotation.step() < v1::Rotation::UNSET;
}

std::string KeyText(const v1::Rotation::Key& key) {
  return Concat(ShortName(key.key_pair()), ", ", v1::KeyPair::Slot_Name(key.slot()), ", ",
                key.fingerprint().empty() ? "not made yet" : key.fingerprint());
}

std::string ProofText(bool is_set, const v1::Rotation::LoginProof& proof) {
  return is_set ? Concat(FormatTime(FromProto(proof.time())), ", ", proof.text()) : "";
}

std::string AgeText(const google::protobuf::Duration& age) {
  return CountOf(age.seconds() / 86'400, "day", "days");
}

std::string VerdictText(const v1::KeyStatus::Slot& slot) {
  switch (slot.verdict()) {
    case v1::KeyStatus::EMPTY:
      return "empty";
    case v1::KeyStatus::MATCHES:
      return "the same key";
    case v1::KeyStatus::NOT_REGISTERED:
      return "empty: the statement of the key pair was not run there, or somebody unset it";
    case v1::KeyStatus::FOREIGN:
      return Concat(slot.fingerprint_there(), ", which is not ours");
    case v1::KeyStatus::REVOKED_HERE:
      return Concat(slot.fingerprint_there(), ", revoked here and still valid there");
    case v1::KeyStatus::OTHER_SLOT:
      return Concat(slot.fingerprint_there(), ", ours of the other slot");
    default:
      return "not looked";
  }
}

void ShowSlot(Facts& facts, const v1::KeyStatus::Slot& slot) {
  const std::string here = slot.key_pair().empty()
                               ? "no key pair"
                               : Concat(ShortName(slot.key_pair()), ", ", v1::KeyPair::State_Name(slot.state()), ", ",
                                        AgeText(slot.age()), " old, ", slot.fingerprint_here());
  facts.Add(v1::KeyPair::Slot_Name(slot.slot()), here).Add("  in Snowflake", VerdictText(slot));
}

// Alone on the last line, where a triple click or `tail -n 1` takes it.
void ShowLast(Console& console, const std::string& statement) {
  if (!statement.empty()) console.out << "\n" << PrintableText(statement) << std::endl;
}

}  // namespace

void ShowRotation(Console& console, const v1::Rotation& rotation) {
  Facts()
      .Add("rotation", Concat(ShortName(rotation.name()), " ", v1::Rotation::Step_Name(rotation.step())))
      .Add("now", Truth(rotation))
      .Add("problem", rotation.step() == v1::Rotation::FAILED ? "" : Trouble(rotation))
      .Add("why by hand", rotation.next_actor() == v1::Rotation::ADMINISTRATOR ? rotation.fallback() : "")
      .Add("next", Next(rotation))
      .Add("or overwrite", Permit(rotation))
      .Add("or go back",
           MayRollBack(rotation) ? Concat("cdi keys rollback ", ShortName(rotation.name()), " --reason …") : "")
      .Print(console);
  ShowLast(console, rotation.next_statement());
}

void ShowRotations(Console& console, const v1::ListRotationsResponse& list) {
  Table table({{"ROTATION"}, {"STEP"}, {"MODE"}, {"OLD KEY"}, {"NEW KEY"}, {"ASKED BY"}, {"STARTED"}});
  for (const v1::Rotation& rotation : list.rotations()) {
    table.AddRow({ShortName(rotation.name()), v1::Rotation::Step_Name(rotation.step()),
                  v1::Rotation::Mode_Name(rotation.mode()), Old(rotation), New(rotation), rotation.requested_by(),
                  rotation.step_times().empty() ? "" : FormatTime(FromProto(rotation.step_times(0).time()))});
  }
  console.out << (table.empty() ? "no rotations; start one: cdi keys rotate --help\n" : table.Render(console.columns))
              << std::flush;
}

void ShowReceipt(Console& console, const v1::Rotation& rotation) {
  const bool ended = rotation.next_actor() == v1::Rotation::NOBODY;
  console.out << "Receipt of " << PrintableText(rotation.name()) << (ended ? "" : " (not ended: no receipt yet)")
              << "\n\n";
  Facts()
      .Add(ended ? "end" : "step", v1::Rotation::Step_Name(rotation.step()))
      .Add("user", rotation.user())
      .Add("mode", v1::Rotation::Mode_Name(rotation.mode()))
      .Add("asked by", rotation.requested_by())
      .Add("reason", rotation.reason())
      .Add("old key", KeyText(rotation.old_key()))
      .Add("new key", KeyText(rotation.new_key()))
      .Add("overwrote", rotation.permitted_fingerprint().empty()
                            ? ""
                            : Concat("by permission, where it stood there: ", rotation.permitted_fingerprint()))
      .Add("set by", rotation.set_by())
      .Add("unset by", rotation.unset_by())
      .Add("login with the new key", ProofText(rotation.has_proof(), rotation.proof()))
      .Add("login with the old key", ProofText(rotation.has_restore_proof(), rotation.restore_proof()))
      .Add("drain", rotation.end_drain() && Reached(rotation, v1::Rotation::DRAINING) ? "cut short on request" : "")
      .Add("rolled back", rotation.rollback_reason())
      .Add("problem", Trouble(rotation))
      .Print(console);
  Table steps({{"STEP"}, {"REACHED"}});
  for (const v1::Rotation::StepTime& reached : rotation.step_times()) {
    steps.AddRow({v1::Rotation::Step_Name(reached.step()), FormatTime(FromProto(reached.time()))});
  }
  console.out << "\n" << steps.Render(console.columns) << std::flush;
}

void ShowKeyStatus(Console& console, const v1::KeyStatus& status) {
  Facts facts;
  facts.Add("connection", ShortName(status.connection())).Add("user", status.user());
  for (const v1::KeyStatus::Slot& slot : status.slots()) ShowSlot(facts, slot);
  std::string order;
  for (const std::string& name : status.login_order()) Append(order, order.empty() ? "" : ", then ", ShortName(name));
  facts.Add("logins try", order.empty() ? "nothing: there is no usable key pair" : order)
      .Add("age", status.overdue() ? Concat(AgeText(status.age()), ": rotate it") : "")
      .AddTime("next scheduled", status.has_next_scheduled(), status.next_scheduled())
      .Add("not looked because",
           status.look_reason().empty() ? "" : Concat(status.look_message(), " (", status.look_reason(), ")"));
  if (status.has_rotation()) {
    const v1::Rotation& rotation = status.rotation();
    facts.Add("rotation", Concat(ShortName(rotation.name()), " ", v1::Rotation::Step_Name(rotation.step())))
        .Add("now", Truth(rotation))
        .Add("problem", Trouble(rotation))
        .Add("why by hand", rotation.next_actor() == v1::Rotation::ADMINISTRATOR ? rotation.fallback() : "");
  }
  facts.Add("next", status.advice());
  if (status.has_waiting_rotation()) facts.Add("after it", ShortName(status.waiting_rotation().name()));
  facts.Print(console);
  ShowLast(console, status.rotation().next_statement());
}

}  // namespace cdi::cli
