#include "base/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/ascii.h"

namespace cdi {
namespace {

// Of /etc/hosts as Debian, Red Hat and SUSE write it.
constexpr std::array<std::string_view, 7> kNames = {"localhost",    "localhost4",     "localhost6",   "ip6-localhost",
                                                    "ip6-loopback", "ipv6-localhost", "ipv6-loopback"};
constexpr std::array<std::string_view, 3> kDomains = {"localdomain", "localdomain4", "localdomain6"};

// 0.0.0.0 is "this host": Linux connects it to loopback.
bool LeadsHere4(uint32_t address) {
  return address >> 24 == 127 || address == 0;
}

// `0127.0.0.1`: octal to inet_aton, decimal to some readers.
std::string WithoutLeadingZeros(std::string_view host) {
  std::string out;
  bool at_start = true;
  for (size_t i = 0; i < host.size(); ++i) {
    const bool digit_follows = i + 1 < host.size() && absl::ascii_isdigit(static_cast<unsigned char>(host[i + 1]));
    if (at_start && host[i] == '0' && digit_follows) continue;
    out.push_back(host[i]);
    at_start = host[i] == '.';
  }
  return out;
}

bool IsLoopback4(const std::string& host) {
  in_addr address{};
  for (const std::string& text : {host, WithoutLeadingZeros(host)}) {
    if (inet_aton(text.c_str(), &address) != 0 && LeadsHere4(ntohl(address.s_addr))) return true;
  }
  return false;
}

bool IsLoopback6(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return false;
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address)) return true;
  if (!IN6_IS_ADDR_V4MAPPED(&address) && !IN6_IS_ADDR_V4COMPAT(&address)) return false;
  uint32_t inner = 0;
  std::memcpy(&inner, address.s6_addr + 12, sizeof inner);
  return LeadsHere4(ntohl(inner));
}

bool IsLocalName(std::string_view host) {
  if (host.ends_with(".localhost")) return true;  // RFC 6761
  const size_t dot = host.find('.');
  const std::string_view domain = dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
  const bool known = std::find(kNames.begin(), kNames.end(), host.substr(0, dot)) != kNames.end();
  return known &&
         (dot == std::string_view::npos || std::find(kDomains.begin(), kDomains.end(), domain) != kDomains.end());
}

}  // namespace

bool IsLoopback(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  while (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  const std::string text = absl::AsciiStrToLower(std::string(host));
  return IsLocalName(text) || IsLoopback4(text) || IsLoopback6(text);
}

bool IsPlainLoopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]" || host == "::1") return true;
  // A name may begin with "127." and lead anywhere: only an address will do.
  in_addr address{};
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

}  // namespace cdi
