// Envelope encryption of one secret at rest: a private key, a Braze API key, a password.
//
// Every Seal makes a fresh 256-bit data key, encrypts the secret with it and the data key with the master key, both by
// AES-256-GCM with fresh random 96-bit nonces. Name and version of the owner are authenticated, so a blob works only in
// the place it was made for. Layout (bytes):
//
//   0  magic "CDIS"        4  format 1          5  algorithm 1 (AES-256-GCM twice)   6  master key id (4)
//   10 nonce (12)          22 data key (32)     54 tag (16): the data key under the master key
//   70 nonce (12)          82 secret (n)        82+n tag (16): the secret under the data key
//
// The first part authenticates bytes 0..9, name and version; the second bytes 0..5, name and version: the master key
// can be changed without touching the secret. At most 2^32 seals per master key (NIST SP 800-38D, 8.3).
//
// Pure functions but for randomness; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "keys/master_key.h"

namespace cdi::keys {

inline constexpr size_t kSealedOverhead = 98;               // bytes added to the secret
inline constexpr size_t kSealedSecretBytesMax = 64 * 1024;  // kInvalidArgument above

// `name` is a resource name ("connections/c/keyPairs/k"), `version` counts the times this name's secret was replaced.
absl::StatusOr<std::string> Seal(const MasterKey& master_key, std::string_view name, uint64_t version,
                                 const Secret& plaintext);

// kFailedPrecondition, reason MASTER_KEY_WRONG: sealed under another master key (both ids are in the message).
// kFailedPrecondition, reason SEALED_FORMAT_UNKNOWN: made by a newer release.
// kDataLoss, reason SEALED_DAMAGED: altered, cut, or made for another name or version.
absl::StatusOr<Secret> Open(const MasterKey& master_key, std::string_view name, uint64_t version,
                            std::string_view sealed);

// The same secret under another master key: only the data key is encrypted anew. Errors as Open; a damaged secret part
// is carried over unseen, and Open says so later.
absl::StatusOr<std::string> Rewrap(const MasterKey& old_master_key, const MasterKey& new_master_key,
                                   std::string_view name, uint64_t version, std::string_view sealed);

// Whether the blob's data key opens: the master key is the right one, and the blob stands where it was made for. The
// secret itself is not looked at. Errors as Open.
absl::Status CheckSealed(const MasterKey& master_key, std::string_view name, uint64_t version, std::string_view sealed);

// The id (see MasterKey::Id) of the master key a blob was sealed under; "" when it is no blob of ours.
std::string SealedMasterKeyId(std::string_view sealed);

}  // namespace cdi::keys
