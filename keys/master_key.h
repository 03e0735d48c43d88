// The one key that everything sealed at rest hangs on: 32 random bytes, held in memory only.
//
// Text form: 64 hex digits, or 44 characters of standard base64, a line break at the end allowed. `openssl rand -hex
// 32` makes one. Move-only; immutable once loaded, so a `std::shared_ptr<const MasterKey>` is what users share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "keys/secret_command.h"

namespace cdi::keys {

enum class MayCreate { kNo, kYes };

class MasterKey {
 public:
  // Reads the file, or makes it with a fresh key when it does not exist and `may_create` says so. Never allow creation
  // while the state holds anything sealed: a new key opens none of it.
  //
  // The directory must exist, be owned by us or root and be writable by nobody else; the file must be a regular file of
  // ours with mode 0600 or 0400, not a symbolic link. A file of root's with mode 0400 or 0440 and group root will do
  // too, as far as we can read it: so systemd gives credentials. A new file is written beside its place, synced,
  // renamed (never over an existing one), and the directory is synced.
  //
  // kFailedPrecondition with cause and fix, reason
  //   MASTER_KEY_MISSING    no such file, and it may not be made
  //   MASTER_KEY_UNSAFE     wrong type, mode or owner of file or directory
  //   MASTER_KEY_MALFORMED  not 32 bytes in the text form above
  //   MASTER_KEY_UNREADABLE the system refused to read or write it
  static absl::StatusOr<MasterKey> LoadFromFile(const std::string& path, MayCreate may_create);

  // Reads the variable, then wipes its value in place and removes it, so that neither /proc/PID/environ nor a child
  // process shows it. Call before threads start (it changes the environment). MASTER_KEY_MISSING when unset or empty.
  static absl::StatusOr<MasterKey> LoadFromEnv(const std::string& name);

  // Runs a program that prints the key (keys/secret_command.h, with its errors). MASTER_KEY_MALFORMED when what it
  // prints is no key.
  static absl::StatusOr<MasterKey> LoadFromCommand(const std::vector<std::string>& command,
                                                   const SecretCommandLimits& limits = {});

  // kFailedPrecondition, reason MASTER_KEY_MALFORMED; `source` names the text in the message.
  static absl::StatusOr<MasterKey> FromText(std::string_view text, std::string_view source);

  // From the system's random generator.
  static absl::StatusOr<MasterKey> Generate();

  // Eight hex digits that tell two master keys apart without saying anything about either.
  std::string Id() const;

  // 32 raw bytes.
  const Secret& bytes() const { return bytes_; }

 private:
  explicit MasterKey(Secret bytes) : bytes_(std::move(bytes)) {}
  Secret bytes_;
};

}  // namespace cdi::keys
