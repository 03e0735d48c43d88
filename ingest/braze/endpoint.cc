#include "ingest/braze/endpoint.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/loopback.h"

namespace cdi::ingest::braze {
namespace {

constexpr size_t kHostBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;

bool IsHostChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool IsDnsName(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  for (const absl::string_view label : absl::StrSplit(absl::string_view(host.data(), host.size()), '.')) {
    if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), IsHostChar)) return false;
  }
  return true;
}

// As resolvers read it: an address in brackets, or a last label that is a number in any base (2130706433, 0x7f.1).
bool IsIpLiteral(std::string_view host) {
  if (host.find_first_of("[]:") != std::string_view::npos) return true;
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (last.substr(0, 2) == "0x") return true;
  return !last.empty() && std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Range4 {
  std::array<uint8_t, 4> base;
  int bits;
};
// Not public unicast: IANA IPv4 special-purpose registry, read 2026-11.
constexpr Range4 kSpecial4[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10}, {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},  {{192, 0, 0, 0}, 24},  {{192, 0, 2, 0}, 24},
    {{192, 88, 99, 0}, 24}, {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15}, {{198, 51, 100, 0}, 24},
    {{203, 0, 113, 0}, 24}, {{224, 0, 0, 0}, 4},    {{240, 0, 0, 0}, 4},
};

uint32_t Join(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
}

bool IsPublic4(const uint8_t* bytes) {
  const uint32_t address = Join(bytes);
  return std::none_of(std::begin(kSpecial4), std::end(kSpecial4), [&](const Range4& range) {
    return (address ^ Join(range.base.data())) >> (32 - range.bits) == 0;
  });
}

bool IsPublic6(const uint8_t* bytes) {
  constexpr uint8_t kNat64[12] = {0x00, 0x64, 0xff, 0x9b};  // 64:ff9b::/96 carries an IPv4 address
  if (std::memcmp(bytes, kNat64, sizeof kNat64) == 0) return IsPublic4(bytes + 12);
  if ((bytes[0] & 0xe0) != 0x20) return false;  // global unicast is 2000::/3
  const bool teredo_or_special = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] <= 0x01;
  const bool documentation = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8;
  const bool documentation_2 = bytes[0] == 0x3f && bytes[1] == 0xff && bytes[2] <= 0x0f;
  const bool six_to_four = bytes[0] == 0x20 && bytes[1] == 0x02;
  return !teredo_or_special && !documentation && !documentation_2 && !six_to_four;
}

// The rest of scheme://…, taken apart; an error message when it cannot be.
struct Authority {
  std::string host;
  std::optional<uint16_t> port;
};

std::optional<std::string> SplitAuthority(std::string_view text, Authority& out) {
  if (!text.empty() && text.back() == '/') text.remove_suffix(1);
  if (text.find('@') != std::string_view::npos) return "must not hold a user name or password";
  if (text.find('?') != std::string_view::npos) return "must not hold a query (`?…`)";
  if (text.find('#') != std::string_view::npos) return "must not hold a fragment (`#…`)";
  if (text.find('/') != std::string_view::npos) return "must not hold a path; the service adds /users/track itself";
  const size_t bracket = text.rfind(']');
  const size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    unsigned port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65'535) {
      return "has a port that is no number from 1 to 65535";
    }
    out.port = static_cast<uint16_t>(port);
    text = text.substr(0, colon);
  }
  if (text.empty()) return "has no host";
  out.host = std::string(text);
  return std::nullopt;
}

std::string SuffixList(const EndpointPolicy& policy) {
  std::string out;
  for (const std::string& suffix : policy.host_suffixes) absl::StrAppend(&out, out.empty() ? "*" : " or *", suffix);
  return out;
}

// Why the host is not one of Braze's, or nothing.
std::optional<std::string> CheckPublicHost(const Endpoint& endpoint, const EndpointPolicy& policy) {
  if (IsIpLiteral(endpoint.host)) return "must name a host, not an IP address";
  if (!IsDnsName(endpoint.host)) return "has a host name that DNS does not allow";
  const bool known = std::any_of(policy.host_suffixes.begin(), policy.host_suffixes.end(), [&](const auto& suffix) {
    return endpoint.host.size() > suffix.size() && std::string_view(endpoint.host).ends_with(suffix);
  });
  if (!known) return absl::StrCat("has a host that is not Braze's: it must match ", SuffixList(policy));
  if (!endpoint.https) return "must begin with https://";
  if (endpoint.port != 443) return "must use port 443";
  return std::nullopt;
}

}  // namespace

std::string Endpoint::Origin() const {
  const bool usual = port == (https ? 443 : 80);
  return absl::StrCat(https ? "https://" : "http://", host, usual ? "" : absl::StrCat(":", port));
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view url, const EndpointPolicy& policy, std::string_view field) {
  const auto refuse = [&](std::string_view fault) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "ENDPOINT_INVALID",
        absl::StrCat(absl::string_view(field.data(), field.size()), " ", absl::string_view(fault.data(), fault.size()),
                     "; use the REST endpoint of your Braze instance, for example ", "https://rest.iad-01.braze.com"),
        {{"field", std::string(field)}});
  };
  if (url.empty()) return refuse("is empty");
  for (const char c : url) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '\\' || c == '%') return refuse("holds a character that no host name has");
  }
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return refuse("must begin with https://");
  const std::string scheme = absl::AsciiStrToLower(absl::string_view(url.data(), scheme_end));
  if (scheme != "https" && scheme != "http") return refuse("must begin with https://");
  Authority authority;
  if (const auto fault = SplitAuthority(url.substr(scheme_end + 3), authority)) return refuse(*fault);

  Endpoint endpoint;
  endpoint.https = scheme == "https";
  endpoint.host = absl::AsciiStrToLower(authority.host);
  endpoint.port = authority.port.value_or(endpoint.https ? 443 : 80);
  if (IsPlainLoopback(endpoint.host)) {
    if (!policy.allow_loopback) {
      return refuse("is on this machine, which only the server's own allow_loopback_endpoints permits");
    }
    endpoint.loopback = true;
    return endpoint;
  }
  if (const auto fault = CheckPublicHost(endpoint, policy)) return refuse(*fault);
  return endpoint;
}

bool MayConnect(const Endpoint& endpoint, const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    uint8_t bytes[4];
    std::memcpy(bytes, &v4.sin_addr, sizeof bytes);
    return endpoint.loopback ? bytes[0] == 127 : IsPublic4(bytes);
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    return endpoint.loopback ? IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) : IsPublic6(v6.sin6_addr.s6_addr);
  }
  return false;
}

const std::vector<std::string_view>& KnownBrazeHosts() {
  static const std::vector<std::string_view> hosts = {
      "rest.iad-01.braze.com", "rest.iad-02.braze.com", "rest.iad-03.braze.com", "rest.iad-04.braze.com",
      "rest.iad-05.braze.com", "rest.iad-06.braze.com", "rest.iad-07.braze.com", "rest.iad-08.braze.com",
      "rest.us-10.braze.com",  "rest.fra-01.braze.eu",  "rest.fra-02.braze.eu",  "rest.au-01.braze.com",
      "rest.id-01.braze.com",  "rest.jp-01.braze.com",  "rest.kr-01.braze.com"};
  return hosts;
}

}  // namespace cdi::ingest::braze
