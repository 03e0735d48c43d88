#include "keys/certificate_check.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/error.h"
#include "keys/openssl_error.h"

namespace cdi::keys {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

using Bio = std::unique_ptr<BIO, FreeBio>;

absl::Status Unusable(std::string_view fault) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "TLS_FILES_UNUSABLE", fault);
}

Bio BioOver(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key file with a passphrase is refused instead of asking on a terminal.
int NoPassphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

absl::Status CheckCertificateAndKey(const std::string& certificate_pem, const std::string& key_pem,
                                    const Timestamp& now) {
  const OpenSslErrorScope errors;
  const Bio certificate_bio = BioOver(certificate_pem);
  const std::unique_ptr<X509, FreeCertificate> certificate(
      PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return Unusable("the certificate file holds no PEM certificate");
  const Bio key_bio = BioOver(key_pem);
  const std::unique_ptr<EVP_PKEY, FreeKey> key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return Unusable("the key file holds no PEM private key without a passphrase");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Unusable("the private key belongs to another certificate than the first of the certificate file");
  }
  time_t seconds = now.seconds;
  if (X509_cmp_time(X509_get0_notAfter(certificate.get()), &seconds) < 0) {
    return Unusable("the certificate has expired: renew it");
  }
  if (X509_cmp_time(X509_get0_notBefore(certificate.get()), &seconds) > 0) {
    return Unusable("the certificate is not valid yet: look at this machine's clock");
  }
  return absl::OkStatus();
}

}  // namespace cdi::keys
