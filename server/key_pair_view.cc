#include "server/key_pair_view.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "keys/alter_user.h"
#include "server/documents.h"
#include "server/rotation_view.h"

namespace cdi::server {

v1::KeyPair ViewOf(const keys::KeyPairRecord& record, const KeyPairSurroundings& surroundings,
                   const absl::Status& whole) {
  v1::KeyPair view;
  view.set_name(record.name);
  view.set_slot(ViewOf(record.slot));
  view.set_state(ViewOf(record.state));
  view.set_key_bits(record.bits);
  view.set_fingerprint(record.fingerprint);
  if (!whole.ok()) {
    view.set_problem(absl::StrCat(ErrorReason(whole), ": ", std::string(whole.message())));
  } else if (record.state != keys::KeyPairState::kRevoked) {
    view.set_public_key(record.public_key_line);
    view.set_register_statement(
        keys::AlterUserSetStatement(surroundings.user, record.slot, record.public_key_line).value_or(""));
  }
  view.set_unregister_statement(keys::AlterUserUnsetStatement(surroundings.user, record.slot).value_or(""));
  *view.mutable_create_time() = ToProto(record.create_time);
  if (record.activate_time) *view.mutable_activate_time() = ToProto(*record.activate_time);
  for (const keys::RotationRecord& rotation : surroundings.rotations) {
    const bool part = rotation.old_key.name == record.name || rotation.new_key.name == record.name;
    if (part && !keys::IsEnd(rotation.step)) view.set_rotation(rotation.name);
  }
  return view;
}

std::vector<std::string> UnregisterStatements(const std::vector<keys::KeyPairRecord>& records, std::string_view user) {
  std::vector<std::string> statements;
  for (const keys::KeyPairRecord& record : records) {
    if (record.state == keys::KeyPairState::kRevoked) continue;
    auto statement = keys::AlterUserUnsetStatement(user, record.slot);
    if (!statement.ok()) continue;
    // Nobody has seen it there: what stands in the slot may be somebody else's.
    if (record.state == keys::KeyPairState::kGenerated) {
      absl::StrAppend(&*statement, " -- only if DESC USER shows ", record.fingerprint, " there");
    }
    statements.push_back(*std::move(statement));
  }
  return statements;
}

}  // namespace cdi::server
