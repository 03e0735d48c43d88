#include "keys/openssl_error.h"

#include <openssl/err.h>

#include "base/error.h"
#include "keys/concat.h"

namespace cdi::keys {

absl::Status OpenSslError(std::string_view what) {
  // The last entry names the outermost failure; reason strings are constants of OpenSSL, they hold no data.
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  absl::Status status = MakeError(absl::StatusCode::kInternal, "OPENSSL_FAILED",
                                  Concat(what, " failed: ", reason == nullptr ? "no reason given" : reason));
  ERR_clear_error();
  return status;
}

OpenSslErrorScope::~OpenSslErrorScope() {
  ERR_clear_error();
}

}  // namespace cdi::keys
