#include "server/rotation_view.h"

#include "server/documents.h"

namespace cdi::server {
namespace {

// The numbers of both sides agree (rotation_service_test.cc holds them together): steps are stored as they are.
v1::Rotation::Step ViewOf(keys::RotationStep step) {
  return static_cast<v1::Rotation::Step>(step);
}

v1::Rotation::Mode ViewOf(keys::RotationMode mode) {
  return static_cast<v1::Rotation::Mode>(mode);
}

v1::Rotation::Actor ViewOf(keys::RotationNext::Actor actor) {
  return static_cast<v1::Rotation::Actor>(actor);
}

v1::Rotation::Key ViewOf(const keys::RotationKey& key) {
  v1::Rotation::Key view;
  view.set_key_pair(key.name);
  view.set_fingerprint(key.fingerprint);
  view.set_slot(server::ViewOf(key.slot));
  return view;
}

v1::Rotation::LoginProof ViewOf(const keys::LoginProof& proof) {
  v1::Rotation::LoginProof view;
  *view.mutable_time() = ToProto(proof.time);
  view.set_text(proof.text);
  return view;
}

void AddSeen(const keys::RotationRecord& record, v1::Rotation& view) {
  if (!record.seen) return;
  v1::Rotation::Slots& seen = *view.mutable_seen();
  seen.set_first(record.seen->first);
  seen.set_second(record.seen->second);
  if (record.seen_time) *seen.mutable_time() = ToProto(*record.seen_time);
}

void AddNext(const keys::RotationRecord& record, v1::Rotation& view) {
  if (record.error) {
    v1::Rotation::Problem& problem = *view.mutable_problem();
    problem.set_reason(record.error->reason);
    problem.set_message(record.error->message);
    problem.set_fix(record.error->fix);
    problem.set_count(record.error->count);
    *problem.mutable_time() = ToProto(record.error->time);
  }
  view.set_next_actor(ViewOf(record.next.actor));
  view.set_next_statement(record.next.statement);
  if (record.next.time) *view.mutable_next_time() = ToProto(*record.next.time);
}

}  // namespace

v1::KeyPair::Slot ViewOf(keys::KeySlot slot) {
  return slot == keys::KeySlot::k1 ? v1::KeyPair::RSA_PUBLIC_KEY : v1::KeyPair::RSA_PUBLIC_KEY_2;
}

v1::KeyPair::State ViewOf(keys::KeyPairState state) {
  switch (state) {
    case keys::KeyPairState::kGenerated:
      return v1::KeyPair::GENERATED;
    case keys::KeyPairState::kRegistered:
      return v1::KeyPair::REGISTERED;
    case keys::KeyPairState::kActive:
      return v1::KeyPair::ACTIVE;
    case keys::KeyPairState::kDraining:
      return v1::KeyPair::DRAINING;
    case keys::KeyPairState::kRevoked:
      return v1::KeyPair::REVOKED;
  }
  return v1::KeyPair::STATE_UNSPECIFIED;
}

v1::Rotation ViewOf(const keys::RotationRecord& record) {
  v1::Rotation view;
  view.set_name(record.name);
  view.set_mode(ViewOf(record.mode));
  view.set_step(ViewOf(record.step));
  view.set_user(record.user);
  *view.mutable_old_key() = ViewOf(record.old_key);
  *view.mutable_new_key() = ViewOf(record.new_key);
  view.set_key_bits(record.bits);
  view.set_requested_by(record.requested_by);
  view.set_reason(record.reason);
  view.set_waits_for(record.waits_for);
  for (const keys::RotationStepTime& reached : record.times) {
    v1::Rotation::StepTime& time = *view.add_step_times();
    time.set_step(ViewOf(reached.step));
    *time.mutable_time() = ToProto(reached.time);
  }
  if (record.proof) *view.mutable_proof() = ViewOf(*record.proof);
  if (record.restore_proof) *view.mutable_restore_proof() = ViewOf(*record.restore_proof);
  view.set_set_by(record.set_by);
  view.set_unset_by(record.unset_by);
  AddSeen(record, view);
  view.set_permitted_fingerprint(record.permitted_fingerprint);
  view.set_end_drain(record.end_drain_requested);
  view.set_rollback_reason(record.rollback_reason);
  view.set_fallback(record.fallback);
  const bool draining = record.step == keys::RotationStep::kDraining;
  if (draining && record.drain_until) *view.mutable_drain_until() = ToProto(*record.drain_until);
  AddNext(record, view);
  return view;
}

}  // namespace cdi::server
