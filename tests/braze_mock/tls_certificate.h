// A throw-away certificate for 127.0.0.1, ::1 and localhost, so that clients can be tested over verified HTTPS.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace cdi::braze_mock {

struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

struct TlsIdentity {
  std::unique_ptr<X509, FreeCertificate> certificate;  // its own authority
  std::unique_ptr<EVP_PKEY, FreeKey> key;

  // What a client needs to verify the server.
  std::string CertificatePem() const;
};

// P-256, valid from an hour ago for 30 days. kInternal when OpenSSL refuses.
absl::StatusOr<TlsIdentity> MakeTlsIdentity();
// kInvalidArgument names the file and the fault.
absl::StatusOr<TlsIdentity> LoadTlsIdentity(const std::string& certificate_file, const std::string& key_file);

}  // namespace cdi::braze_mock
