// A look at a TLS certificate and its key before a listener depends on them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "base/timestamp.h"

namespace cdi::keys {

// Both are PEM text; of a chain the first certificate counts. kFailedPrecondition, TLS_FILES_UNUSABLE: one of them is
// not what it should be, the key belongs to another certificate, or the certificate is not valid at `now`.
absl::Status CheckCertificateAndKey(const std::string& certificate_pem, const std::string& key_pem,
                                    const Timestamp& now);

}  // namespace cdi::keys
