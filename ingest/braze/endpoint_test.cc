#include "ingest/braze/endpoint.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

#include "base/error.h"

namespace cdi::ingest::braze {
namespace {

struct TextCase {
  std::string_view name;
  std::string_view url;
  std::string_view production;  // the origin, or "" where it is refused
  std::string_view loopback;    // the same with allow_loopback
};

class EndpointText : public testing::TestWithParam<TextCase> {};

TEST_P(EndpointText, IsTakenOrRefusedWithFieldAndReason) {
  for (const bool allow_loopback : {false, true}) {
    EndpointPolicy policy;
    policy.allow_loopback = allow_loopback;
    const auto endpoint = ParseEndpoint(GetParam().url, policy);
    const std::string_view want = allow_loopback ? GetParam().loopback : GetParam().production;
    EXPECT_EQ(endpoint.ok() ? endpoint->Origin() : "", want) << endpoint.status();
    if (!endpoint.ok()) {
      EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(ErrorReason(endpoint.status()), "ENDPOINT_INVALID");
      EXPECT_EQ(ErrorDetailsOf(endpoint.status()).at("field"), "endpoint");
      EXPECT_EQ(endpoint.status().message().substr(0, 9), "endpoint ");
    }
  }
}

constexpr std::string_view kGood = "https://rest.iad-01.braze.com";

INSTANTIATE_TEST_SUITE_P(
    Table, EndpointText,
    testing::Values(
        TextCase{"Usual", kGood, kGood, kGood},
        TextCase{"TrailingSlash", "https://rest.iad-01.braze.com/", kGood, kGood},
        TextCase{"UpperCase", "HTTPS://REST.IAD-01.Braze.COM", kGood, kGood},
        TextCase{"Port443", "https://rest.iad-01.braze.com:443", kGood, kGood},
        TextCase{"Europe", "https://rest.fra-01.braze.eu", "https://rest.fra-01.braze.eu",
                 "https://rest.fra-01.braze.eu"},
        TextCase{"NewCluster", "https://rest.us-11.braze.com", "https://rest.us-11.braze.com",
                 "https://rest.us-11.braze.com"},
        TextCase{"Empty", "", "", ""}, TextCase{"NoScheme", "rest.iad-01.braze.com", "", ""},
        TextCase{"PlainHttp", "http://rest.iad-01.braze.com", "", ""},
        TextCase{"OtherScheme", "ftp://rest.iad-01.braze.com", "", ""},
        TextCase{"OtherPort", "https://rest.iad-01.braze.com:8443", "", ""},
        TextCase{"PortZero", "https://rest.iad-01.braze.com:0", "", ""},
        TextCase{"PortTooLarge", "https://rest.iad-01.braze.com:65536", "", ""},
        TextCase{"PortEmpty", "https://rest.iad-01.braze.com:", "", ""},
        TextCase{"PortWord", "https://rest.iad-01.braze.com:https", "", ""},
        TextCase{"UserInfo", "https://user:pass@rest.iad-01.braze.com", "", ""},
        TextCase{"HostAsUser", "https://rest.iad-01.braze.com@evil.example", "", ""},
        TextCase{"BackslashHost", "https://evil.example\\@rest.iad-01.braze.com", "", ""},
        TextCase{"Path", "https://rest.iad-01.braze.com/users/track", "", ""},
        TextCase{"TwoSlashes", "https://rest.iad-01.braze.com//", "", ""},
        TextCase{"Query", "https://rest.iad-01.braze.com?x=1", "", ""},
        TextCase{"Fragment", "https://evil.example#.braze.com", "", ""},
        TextCase{"Escape", "https://evil.example%2f.braze.com", "", ""},
        TextCase{"Blank", "https://rest.iad-01.braze.com ", "", ""},
        TextCase{"LineBreak", "https://rest.iad-01.braze.com\r\nX: y", "", ""},
        TextCase{"NotAscii", "https://rest.iad-01.br\xc3\xa4ze.com", "", ""},
        TextCase{"OtherHost", "https://evil.example", "", ""},
        TextCase{"SuffixWithoutDot", "https://evilbraze.com", "", ""},
        TextCase{"SuffixInside", "https://rest.braze.com.evil.example", "", ""},
        TextCase{"SuffixAlone", "https://.braze.com", "", ""},
        TextCase{"RootDot", "https://rest.iad-01.braze.com.", "", ""},
        TextCase{"EmptyLabel", "https://rest..braze.com", "", ""},
        TextCase{"Underscore", "https://rest_1.braze.com", "", ""},
        TextCase{"PrivateAddress", "https://10.0.0.1", "", ""}, TextCase{"Metadata", "https://169.254.169.254", "", ""},
        TextCase{"DecimalAddress", "https://2130706433", "", ""}, TextCase{"HexAddress", "https://0x7f000001", "", ""},
        TextCase{"ShortAddress", "https://127.1", "", ""}, TextCase{"OctalAddress", "https://0177.0.0.1", "", ""},
        TextCase{"Mapped", "https://[::ffff:127.0.0.1]", "", ""},
        TextCase{"PublicV6", "https://[2606:4700::1]", "", ""}, TextCase{"Any", "https://0.0.0.0", "", ""},
        TextCase{"AnyV6", "https://[::]", "", ""},
        TextCase{"Localhost", "http://localhost:8080", "", "http://localhost:8080"},
        TextCase{"LocalhostTls", "https://localhost:8443/", "", "https://localhost:8443"},
        TextCase{"LocalhostSubdomain", "https://x.localhost", "", ""},
        TextCase{"LoopbackV4", "http://127.0.0.1:9", "", "http://127.0.0.1:9"},
        TextCase{"LoopbackV4Other", "http://127.9.9.9", "", "http://127.9.9.9"},
        TextCase{"LoopbackV6", "http://[::1]:9", "", "http://[::1]:9"},
        TextCase{"LoopbackUserInfo", "http://x@127.0.0.1:9", "", ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(EndpointTest, DocumentedHostsAreAllTaken) {
  for (const std::string_view host : KnownBrazeHosts()) {
    EXPECT_TRUE(ParseEndpoint("https://" + std::string(host), {}).ok()) << host;
  }
}

TEST(EndpointTest, MessagesDoNotRepeatThePasswordOfAUrl) {
  const auto refused = ParseEndpoint("https://user:hunter2@rest.iad-01.braze.com", {});
  EXPECT_EQ(refused.status().message().find("hunter2"), absl::string_view::npos);
}

TEST(EndpointTest, OtherSuffixesMayBeConfigured) {
  EndpointPolicy policy;
  policy.host_suffixes = {".gateway.example"};
  EXPECT_TRUE(ParseEndpoint("https://braze.gateway.example", policy).ok());
  EXPECT_FALSE(ParseEndpoint(kGood, policy).ok());
}

struct AddressCase {
  std::string_view name;
  std::string_view address;
  bool is_public;
  bool is_loopback = false;
};

class EndpointAddress : public testing::TestWithParam<AddressCase> {};

TEST_P(EndpointAddress, MayBeConnectedToOnlyByTheRightKindOfEndpoint) {
  const std::string text(GetParam().address);
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&storage, &v4, size = sizeof v4);
  } else {
    ASSERT_EQ(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1);
    v6.sin6_family = AF_INET6;
    std::memcpy(&storage, &v6, size = sizeof v6);
  }
  Endpoint endpoint;
  EXPECT_EQ(MayConnect(endpoint, reinterpret_cast<sockaddr*>(&storage), size), GetParam().is_public);
  endpoint.loopback = true;
  EXPECT_EQ(MayConnect(endpoint, reinterpret_cast<sockaddr*>(&storage), size), GetParam().is_loopback);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EndpointAddress,
    testing::Values(AddressCase{"Public", "104.18.1.1", true}, AddressCase{"PublicV6", "2606:4700::6812:101", true},
                    AddressCase{"Loopback", "127.0.0.1", false, true}, AddressCase{"LoopbackV6", "::1", false, true},
                    AddressCase{"Any", "0.0.0.0", false}, AddressCase{"AnyV6", "::", false},
                    AddressCase{"Private10", "10.1.2.3", false}, AddressCase{"Private172", "172.31.255.255", false},
                    AddressCase{"After172", "172.32.0.0", true}, AddressCase{"Private192", "192.168.0.1", false},
                    AddressCase{"SharedCgn", "100.64.0.1", false}, AddressCase{"BeforeCgn", "100.63.255.255", true},
                    AddressCase{"Metadata", "169.254.169.254", false}, AddressCase{"Benchmark", "198.19.0.1", false},
                    AddressCase{"Documentation", "203.0.113.9", false}, AddressCase{"Multicast", "224.0.0.1", false},
                    AddressCase{"Broadcast", "255.255.255.255", false},
                    AddressCase{"MappedLoopback", "::ffff:127.0.0.1", false},
                    AddressCase{"MappedPublic", "::ffff:104.18.1.1", false},
                    AddressCase{"UniqueLocal", "fd00::1", false}, AddressCase{"LinkLocal", "fe80::1", false},
                    AddressCase{"AwsMetadataV6", "fd00:ec2::254", false}, AddressCase{"MulticastV6", "ff02::1", false},
                    AddressCase{"DocumentationV6", "2001:db8::1", false}, AddressCase{"Teredo", "2001::1", false},
                    AddressCase{"SixToFour", "2002:7f00:1::", false},
                    AddressCase{"Nat64OfPublic", "64:ff9b::6812:101", true},
                    AddressCase{"Nat64OfMetadata", "64:ff9b::a9fe:a9fe", false}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::ingest::braze
