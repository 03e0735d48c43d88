#include "tests/braze_mock/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using BioHandle = std::unique_ptr<BIO, FreeBio>;

bool AddExtension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool FillIn(X509* certificate, EVP_PKEY* key) {
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* common_name = reinterpret_cast<const unsigned char*>("braze-mock");
  return X509_set_version(certificate, 2) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 30L * 24 * 3600) != nullptr &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 &&
         AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         AddExtension(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
         AddExtension(certificate, NID_ext_key_usage, "serverAuth") &&
         AddExtension(certificate, NID_subject_key_identifier, "hash") &&
         AddExtension(certificate, NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:localhost") &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

std::string TlsIdentity::CertificatePem() const {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

absl::StatusOr<TlsIdentity> MakeTlsIdentity() {
  TlsIdentity identity;
  identity.key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  identity.certificate.reset(X509_new());
  if (!identity.key || !identity.certificate || !FillIn(identity.certificate.get(), identity.key.get())) {
    return absl::InternalError("OpenSSL could not make a certificate");
  }
  return identity;
}

absl::StatusOr<TlsIdentity> LoadTlsIdentity(const std::string& certificate_file, const std::string& key_file) {
  TlsIdentity identity;
  const BioHandle certificate(BIO_new_file(certificate_file.c_str(), "r"));
  if (certificate) identity.certificate.reset(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
  if (!identity.certificate) {
    return absl::InvalidArgumentError(Join({"--tls-cert: no PEM certificate could be read from ", certificate_file}));
  }
  const BioHandle key(BIO_new_file(key_file.c_str(), "r"));
  if (key) identity.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  if (!identity.key) {
    return absl::InvalidArgumentError(Join({"--tls-key: no PEM private key could be read from ", key_file}));
  }
  if (X509_check_private_key(identity.certificate.get(), identity.key.get()) != 1) {
    return absl::InvalidArgumentError("--tls-key: the key does not belong to the certificate of --tls-cert");
  }
  return identity;
}

}  // namespace cdi::braze_mock
