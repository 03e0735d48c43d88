#include "keys/rsa_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "base/error.h"
#include "keys/testing_keys.h"

namespace cdi::keys {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A fixed 2048-bit public key; line and fingerprint were made with the openssl tool:
//   openssl pkey -pubin -outform DER | base64 -w0, and ... | openssl dgst -sha256 -binary | base64
constexpr std::string_view kGoldenLine =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuB+1yIEuNCMM4nzzrtdZWREjl9Aui8spjZ8jDqTqh9rMxO00q+dGogJD"
    "5Tk+Vuq9/SHUu+7LgbpEoS+v5FSZZ3Siwfv2+MnOu0rKYCDsR1HCJCo8inuIazSI4r4XCAyXaNBjPWrO1Q7bWELPLi1P4qlRiLlL"
    "74+ID2ma16gnkCmdhnk8u5LUuFhI7GNXwcNuI0vbMC2/WGSychancoLw5ejTe3tI5OMp//b60cfY/uilB+w33RbYcPXrpiZQOTIQ"
    "qSORLkc2MHhVS548PU0ax1aA0Zdb17tLPOA7VvDk6LJq5g8dq0SGep0OsdMEsjDVIuiEKK3M6iW8xfNSOph+cwIDAQAB";
constexpr std::string_view kGoldenFingerprint = "SHA256:rCK9fVMcd0k24hwdOOE+HupEM/bBddJVpobPA5Dc3Ao=";

std::string BioText(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return std::string(text, static_cast<size_t>(size));
}

// The PEM text of the shared pair under a passphrase, as `openssl pkcs8 -topk8` writes it.
std::string EncryptedPem(std::string passphrase) {
  const Secret plain = SharedPair().Pkcs8Pem();
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(plain.Expose().data(), static_cast<int>(plain.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                static_cast<int>(passphrase.size()), nullptr, nullptr);
  return BioText(out.get());
}

std::string EcPem() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return BioText(out.get());
}

std::string SmallRsaPem() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(1024), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return BioText(out.get());
}

TEST(RsaKeyTest, RefusesSizesThatAreNotOffered) {
  for (const int bits : {0, -1, 1024, 2047, 2049, 8192}) {
    const absl::Status status = RsaKeyPair::Generate(bits).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorDetailsOf(status).at("field"), "key_bits");
    EXPECT_EQ(status.message(), "key_bits must be 2048, 3072 or 4096; got " + std::to_string(bits));
  }
}

TEST(RsaKeyTest, MakesPairsOfTheWantedSizeThatDiffer) {
  const absl::StatusOr<RsaKeyPair> other = RsaKeyPair::Generate(3072);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->bits(), 3072);
  EXPECT_EQ(SharedPair().bits(), 2048);
  EXPECT_NE(other->Fingerprint(), SharedPair().Fingerprint());
}

TEST(RsaKeyTest, AStopRequestEndsGeneration) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(RsaKeyPair::Generate(4096, stop.get_token()).status().code(), absl::StatusCode::kCancelled);
}

TEST(RsaKeyTest, FingerprintIsWhatTheOpensslToolComputes) {
  const absl::StatusOr<std::string> fingerprint = Fingerprint(kGoldenLine);
  ASSERT_TRUE(fingerprint.ok()) << fingerprint.status();
  EXPECT_EQ(*fingerprint, kGoldenFingerprint);
}

TEST(RsaKeyTest, PublicHalfIsOneLineAndAgreesWithPemAndFingerprint) {
  const std::string line = SharedPair().PublicKeyLine();
  EXPECT_THAT(line, StartsWith("MIIB"));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  std::string pem = SharedPair().PublicKeyPem();
  EXPECT_THAT(pem, StartsWith("-----BEGIN PUBLIC KEY-----\n"));
  std::erase(pem, '\n');
  EXPECT_THAT(pem, HasSubstr("KEY-----" + line + "-----END"));
  EXPECT_EQ(*Fingerprint(line), SharedPair().Fingerprint());
  EXPECT_EQ(SharedPair().Fingerprint().size(), std::string("SHA256:").size() + 44);
}

TEST(RsaKeyTest, PemRoundTripKeepsTheKey) {
  const Secret pem = SharedPair().Pkcs8Pem();
  EXPECT_TRUE(pem.Expose().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const absl::StatusOr<RsaKeyPair> again = RsaKeyPair::FromPkcs8Pem(pem.Expose(), nullptr);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->Fingerprint(), SharedPair().Fingerprint());
}

TEST(RsaKeyTest, ReadsAnEncryptedKeyWithItsPassphraseOnly) {
  const std::string pem = EncryptedPem("correct horse");
  const Secret right("correct horse");
  const absl::StatusOr<RsaKeyPair> pair = RsaKeyPair::FromPkcs8Pem(pem, &right);
  ASSERT_TRUE(pair.ok()) << pair.status();
  EXPECT_EQ(pair->Fingerprint(), SharedPair().Fingerprint());

  const Secret wrong("battery staple");
  const Secret endless(std::string(100'000, 'x'));
  const Secret* const none = nullptr;
  for (const Secret* passphrase : {&wrong, &endless, none}) {
    const absl::Status refused = RsaKeyPair::FromPkcs8Pem(pem, passphrase).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorDetailsOf(refused).at("field"), "passphrase");
  }
}

struct BadPem {
  std::string_view name;
  std::string pem;
  std::string_view says;
};

class BadPemTest : public ::testing::TestWithParam<BadPem> {};

TEST_P(BadPemTest, IsRefusedWithTheCause) {
  const absl::Status refused = RsaKeyPair::FromPkcs8Pem(GetParam().pem, nullptr).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorDetailsOf(refused).at("field"), "private_key");
  EXPECT_THAT(std::string(refused.message()), HasSubstr(std::string(GetParam().says)));
}

std::string CutInTheMiddle() {
  std::string pem(SharedPair().Pkcs8Pem().Expose());
  return pem.erase(300, 200);
}

INSTANTIATE_TEST_SUITE_P(
    RsaKey, BadPemTest,
    ::testing::Values(BadPem{"Empty", "", "PKCS#8"}, BadPem{"Nonsense", "hello", "PKCS#8"},
                      BadPem{"Pkcs1", "-----BEGIN RSA PRIVATE KEY-----\nMII=\n-----END RSA PRIVATE KEY-----\n",
                             "openssl pkcs8 -topk8"},
                      BadPem{"Public", SharedPair().PublicKeyPem(), "public key"},
                      BadPem{"Elliptic", EcPem(), "not an RSA key"}, BadPem{"Small", SmallRsaPem(), "got 1024"},
                      BadPem{"Cut", CutInTheMiddle(), "cut"}, BadPem{"Huge", std::string(70'000, 'A'), "64 KiB"}),
    [](const auto& test) { return std::string(test.param.name); });

struct BadLine {
  std::string_view name;
  std::string line;
};

class BadPublicKeyLineTest : public ::testing::TestWithParam<BadLine> {};

TEST_P(BadPublicKeyLineTest, HasNoFingerprint) {
  const absl::Status refused = Fingerprint(GetParam().line).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorDetailsOf(refused).at("field"), "public_key");
}

INSTANTIATE_TEST_SUITE_P(RsaKey, BadPublicKeyLineTest,
                         ::testing::Values(BadLine{"Empty", ""}, BadLine{"Quote", std::string(kGoldenLine) + "'"},
                                           BadLine{"LineBreak", std::string(kGoldenLine).insert(64, "\n")},
                                           BadLine{"Blank", " " + std::string(kGoldenLine)},
                                           BadLine{"Cut", std::string(kGoldenLine).substr(0, 200)},
                                           BadLine{"MoreBehind", std::string(kGoldenLine) + "AAAA"},
                                           BadLine{"NotAKey", "aGVsbG8="}, BadLine{"Huge", std::string(8000, 'A')},
                                           BadLine{"Pem", SharedPair().PublicKeyPem()}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(RsaKeyTest, ASignatureVerifiesForItsMessageAndKeyOnly) {
  const absl::StatusOr<std::string> signature = SharedPair().SignRs256("message");
  ASSERT_TRUE(signature.ok());
  const std::string line = SharedPair().PublicKeyLine();
  EXPECT_TRUE(VerifyRs256(line, "message", *signature).ok());
  EXPECT_EQ(VerifyRs256(line, "Message", *signature).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(VerifyRs256(line, "message", "").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(VerifyRs256(kGoldenLine, "message", *signature).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(VerifyRs256("x", "message", *signature).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace cdi::keys
