#include "tests/sim/fake_snowflake_user.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "keys/rsa_key.h"

namespace cdi::sim {

using keys::KeySlot;

absl::StatusOr<FakeSnowflakeUser::Change> FakeSnowflakeUser::Parse(std::string_view statement) const {
  const auto take = [&](std::string_view word) {
    if (!statement.starts_with(word)) return false;
    statement.remove_prefix(word.size());
    return true;
  };
  const absl::Status refused = absl::InvalidArgumentError("SQL compilation error");
  if (!take("ALTER USER ") || !take(user) || !take(" ")) return refused;
  Change change;
  const bool set = take("SET ");
  if (!set && !take("UNSET ")) return refused;
  if (!take("RSA_PUBLIC_KEY")) return refused;
  change.slot = take("_2") ? KeySlot::k2 : KeySlot::k1;
  if (!set) return statement.empty() ? absl::StatusOr<Change>(change) : refused;
  if (!take("='") || !statement.ends_with('\'')) return refused;
  statement.remove_suffix(1);
  CDI_ASSIGN_OR_RETURN(change.fingerprint, keys::Fingerprint(statement));
  return change;
}

absl::StatusOr<keys::MadeKey> FakeKeyMaker::Make(int) {
  // SubjectPublicKeyInfo of RSA 2048 (RFC 8017, A.1), its modulus filled with chance: positive and odd.
  static constexpr unsigned char kHead[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                            0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
                                            0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
  static constexpr unsigned char kTail[] = {0x02, 0x03, 0x01, 0x00, 0x01};
  std::string der(kHead, kHead + sizeof(kHead));
  for (int word = 0; word < 32; ++word) {
    uint64_t value = rng_.Next();
    if (word == 0) value |= 0x80;
    if (word == 31) value |= uint64_t{1} << 56;
    for (int byte = 0; byte < 8; ++byte) der += static_cast<char>((value >> (8 * byte)) & 0xFF);
  }
  der.append(kTail, kTail + sizeof(kTail));
  keys::MadeKey key;
  key.bits = 2048;
  key.public_key_line = absl::Base64Escape(der);
  CDI_ASSIGN_OR_RETURN(key.fingerprint, keys::Fingerprint(key.public_key_line));
  const std::string text = absl::StrCat("the private half of ", key.fingerprint);
  lines_[text] = key.public_key_line;
  key.pkcs8_pem = Secret(text);
  return key;
}

absl::StatusOr<keys::PublicHalf> FakeKeyMaker::PublicHalfOf(const Secret& pem) const {
  const auto line = lines_.find(pem.Expose());
  if (line == lines_.end()) return absl::InvalidArgumentError("no private half of ours");
  CDI_ASSIGN_OR_RETURN(std::string fingerprint, keys::Fingerprint(line->second));
  return keys::PublicHalf{line->second, std::move(fingerprint)};
}

}  // namespace cdi::sim
