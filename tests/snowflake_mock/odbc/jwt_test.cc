#include "tests/snowflake_mock/odbc/jwt.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"
#include "tests/snowflake_mock/odbc/odbc_client.h"

namespace cdi::sfodbc {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key Parse(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      &BIO_free);
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
}

std::string EncryptedPem(const std::string& password) {
  const Key key = Parse(TestKeyPem());
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), password.data(),
                                static_cast<int>(password.size()), nullptr, nullptr);
  char* text = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(bio.get(), &text));
  return {text, size};
}

Settings WithContent(std::string_view pem) {
  Settings settings;
  settings.key_content = Secret(pem);
  return settings;
}

std::string Unescape(absl::string_view text) {
  std::string out;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(text, &out));
  return out;
}

TEST(JwtTest, ClaimsAreWhatSnowflakeAsksForAndTheSignatureVerifies) {
  const auto key = PrivateKey::Load(WithContent(TestKeyPem()));
  ASSERT_TRUE(key.ok()) << key.status();
  const auto now = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  const std::string token = key->MakeToken("myorg-Acct", "loader@x.io", now, std::chrono::seconds(30)).value();
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(Unescape(parts[0]), R"({"alg":"RS256","typ":"JWT"})");
  const auto claims = nlohmann::json::parse(Unescape(parts[1]));
  EXPECT_EQ(claims["sub"], "MYORG-ACCT.LOADER@X.IO");
  EXPECT_EQ(claims["iss"], "MYORG-ACCT.LOADER@X.IO." + key->Fingerprint().value());
  EXPECT_EQ(claims["iat"], 1'700'000'000);
  EXPECT_EQ(claims["exp"], 1'700'000'030);
  EXPECT_EQ(claims.size(), 4U);
  EXPECT_EQ(token.find('='), std::string::npos);

  const Key raw = Parse(TestKeyPem());
  const std::string text = parts[0] + "." + parts[1];
  const std::string signature = Unescape(parts[2]);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  ASSERT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, raw.get()), 1);
  EXPECT_EQ(EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                             signature.size(),                                                   // NOLINT
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()),  // NOLINT
            1);
}

TEST(JwtTest, TheFingerprintHasSnowflakesForm) {
  const std::string fingerprint = PrivateKey::Load(WithContent(TestKeyPem()))->Fingerprint().value();
  EXPECT_TRUE(fingerprint.starts_with("SHA256:"));
  EXPECT_EQ(fingerprint.size(), 7U + 44U);
}

TEST(JwtTest, EveryFormOfTheKeyIsTheSameKey) {
  const std::string want = PrivateKey::Load(WithContent(TestKeyPem()))->Fingerprint().value();
  Settings base64;
  base64.key_base64 = Secret(absl::Base64Escape(TestKeyPem()));
  EXPECT_EQ(PrivateKey::Load(base64)->Fingerprint().value(), want);
  std::string body = TestKeyPem();
  body = body.substr(body.find('\n') + 1);
  body = body.substr(0, body.find("-----END"));
  Settings der;
  der.key_base64 = Secret(body);
  EXPECT_EQ(PrivateKey::Load(der)->Fingerprint().value(), want);
  Settings encrypted = WithContent(EncryptedPem("open sesame"));
  encrypted.key_password = Secret("open sesame");
  EXPECT_EQ(PrivateKey::Load(encrypted)->Fingerprint().value(), want);
}

TEST(JwtTest, AKeyThatCannotBeUsedIs28000) {
  Settings wrong_password = WithContent(EncryptedPem("open sesame"));
  wrong_password.key_password = Secret("open barley");
  Settings no_file;
  no_file.key_file = "/nowhere/key.pem";
  Settings no_base64;
  no_base64.key_base64 = Secret("%%%");
  for (const Settings* settings : {&wrong_password, &no_file, &no_base64}) {
    const auto key = PrivateKey::Load(*settings);
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(SqlStateOf(key.status()), "28000");
    EXPECT_EQ(NativeCodeOf(key.status()), 20032);
    EXPECT_EQ(std::string(key.status().message()).find("sesame"), std::string::npos);
  }
}

TEST(JwtTest, AnEncryptedKeyWithoutAPasswordIsRefusedWithoutAsking) {
  EXPECT_FALSE(PrivateKey::Load(WithContent(EncryptedPem("open sesame"))).ok());
}

}  // namespace
}  // namespace cdi::sfodbc
