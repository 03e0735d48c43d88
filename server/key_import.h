// Reads a key file, or its passphrase, for ImportKeyPair: by a bare name, from the one directory that the configuration
// allows, and only when nobody but the server's user can have read or written it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/secret.h"

namespace cdi::server {

// `field` is the request's, for the message.
//   kInvalidArgument     INVALID_FIELD: no bare file name
//   kFailedPrecondition  KEY_IMPORT_OFF: no directory is allowed; KEY_IMPORT_UNSAFE: owner, mode or kind of the
//                        directory or file; KEY_IMPORT_UNREADABLE: it cannot be read, is empty or over 64 KiB
absl::StatusOr<Secret> ReadImportFile(const std::string& directory, const std::string& file, std::string_view field);

// What the key ring says of the key (field private_key or passphrase) in the words of the request, which names files.
absl::Status InRequestWords(const absl::Status& refused);

}  // namespace cdi::server
