// Any account and user: refused, or a token of three parts whose signature holds and whose claims say just that.
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "base/check.h"
#include "keys/alter_user.h"
#include "keys/jwt.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using cdi::keys::KeySlot;
using cdi::keys::RsaKeyPair;

const RsaKeyPair& Pair() {
  static const RsaKeyPair pair = [] {
    auto made = RsaKeyPair::Generate(2048);
    CDI_CHECK(made.ok(), "a key pair can be made");
    return *std::move(made);
  }();
  return pair;
}

void CheckToken(std::string_view account, std::string_view user) {
  const auto token = cdi::keys::MakeJwt(Pair(), account, user, {1'800'000'000, 0}, std::chrono::seconds(60));
  if (!token.ok()) {
    CDI_CHECK(absl::IsInvalidArgument(token.status()), "a refused name is the caller's fault");
    return;
  }
  const std::vector<std::string> parts = absl::StrSplit(*token, '.');
  CDI_CHECK(parts.size() == 3, "header, claims, signature");
  std::string claims;
  std::string signature;
  CDI_CHECK(absl::WebSafeBase64Unescape(parts[1], &claims) && absl::WebSafeBase64Unescape(parts[2], &signature),
            "parts are base64url");
  CDI_CHECK(cdi::keys::VerifyRs256(Pair().PublicKeyLine(), parts[0] + "." + parts[1], signature).ok(),
            "the signature holds");
  CDI_CHECK(claims.front() == '{' && claims.back() == '}', "claims are an object");
  for (const char c : claims) CDI_CHECK(static_cast<unsigned char>(c) >= 0x20, "no raw control character in JSON");
}

// The name in ALTER USER is one identifier: bare, or in double quotes with inner ones doubled.
void CheckStatement(std::string_view user) {
  const auto statement = cdi::keys::AlterUserUnsetStatement(user, KeySlot::k2);
  if (!statement.ok()) {
    CDI_CHECK(absl::IsInvalidArgument(statement.status()), "a refused name is the caller's fault");
    return;
  }
  constexpr std::string_view kBegin = "ALTER USER ";
  constexpr std::string_view kEnd = " UNSET RSA_PUBLIC_KEY_2";
  CDI_CHECK(statement->starts_with(kBegin) && statement->ends_with(kEnd), "the statement's frame");
  std::string_view name(*statement);
  name = name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
  if (name.front() != '"') {
    CDI_CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$") == std::string_view::npos,
              "a bare name");
    return;
  }
  CDI_CHECK(name.size() > 2 && name.back() == '"', "a quoted name ends");
  name = name.substr(1, name.size() - 2);
  for (size_t i = 0; i < name.size(); ++i) {
    CDI_CHECK(static_cast<unsigned char>(name[i]) >= 0x20, "no control character in a name");
    if (name[i] != '"') continue;
    CDI_CHECK(i + 1 < name.size() && name[i + 1] == '"', "an inner quote is doubled");
    ++i;
  }
}

void Run(std::string_view text) {
  const size_t cut = std::min(text.find('\x1f'), text.size());
  const std::string_view user = text.substr(std::min(cut + 1, text.size()));
  CheckStatement(user);
  // A signature costs a millisecond: every eighth input.
  if (text.size() % 8 == 0) CheckToken(text.substr(0, cut), user);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  return {"myorg-myacct\x1fsvc_braze",
          "xy12345.us-east-1\x1f\"Svc Braze\"",
          "org-account-suffix.global\x1fsvc.braze@example.com",
          "a\x1f\"x\"\" SET PASSWORD='y' --\"",
          "a\x1fx SET DISABLED=FALSE",
          "a\x1fSELECT",
          "a\"},\"x\":{\"\x1fu",
          "\x1f",
          "acc\x1f\xc3\xbc\xe2\x82\xac"};
}

}  // namespace cdi::test
