// Internal to keys/: turns OpenSSL's per-thread error queue into statuses, and never leaves anything in it: what we
// leave there, the next user of the thread (curl, a driver) would take for its own failure.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace cdi::keys {

// kInternal, reason OPENSSL_FAILED: "`what` failed: <OpenSSL's reason>". Empties the queue.
absl::Status OpenSslError(std::string_view what);

// Empties the queue when it goes out of scope: for calls whose failure is an answer, not a fault.
class OpenSslErrorScope {
 public:
  OpenSslErrorScope() = default;
  ~OpenSslErrorScope();
  OpenSslErrorScope(const OpenSslErrorScope&) = delete;
  OpenSslErrorScope& operator=(const OpenSslErrorScope&) = delete;
};

}  // namespace cdi::keys
