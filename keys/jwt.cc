#include "keys/jwt.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "keys/concat.h"

namespace cdi::keys {

std::string JwtAccount(std::string_view account) {
  if (absl::EndsWithIgnoreCase(ToAbsl(account), ".global")) {
    account = account.substr(0, account.find_first_of("-."));
  } else {
    account = account.substr(0, account.find('.'));
  }
  return absl::AsciiStrToUpper(ToAbsl(account));
}

absl::StatusOr<std::string> MakeJwt(const RsaKeyPair& key_pair, std::string_view account, std::string_view user,
                                    Timestamp issued_at, std::chrono::seconds lifetime) {
  const std::string claimed_account = JwtAccount(account);
  if (claimed_account.empty()) return InvalidField("account", "account must not be empty");
  if (user.empty() || !IsValidUtf8(user)) return InvalidField("user", "user must be UTF-8 text and not empty");
  if (lifetime < std::chrono::seconds(1) || lifetime > kJwtLifetimeMax) {
    return InvalidField("lifetime", Concat("lifetime must be 1 s to 3600 s; got ", lifetime.count(), " s"));
  }
  const std::string subject = Concat(claimed_account, ".", absl::AsciiStrToUpper(ToAbsl(user)));
  const std::string claims =
      Concat(R"({"iss":)", JsonQuote(Concat(subject, ".", key_pair.Fingerprint())), R"(,"sub":)", JsonQuote(subject),
             R"(,"iat":)", issued_at.seconds, R"(,"exp":)", issued_at.seconds + lifetime.count(), "}");
  // Unlike Base64Escape, WebSafeBase64Escape adds no padding, as RFC 7515 wants it.
  const std::string signed_part =
      Concat(absl::WebSafeBase64Escape(R"({"alg":"RS256","typ":"JWT"})"), ".", absl::WebSafeBase64Escape(claims));
  CDI_ASSIGN_OR_RETURN(const std::string signature, key_pair.SignRs256(signed_part));
  return Concat(signed_part, ".", absl::WebSafeBase64Escape(signature));
}

}  // namespace cdi::keys
