// Any text as a Braze endpoint: refused, or https to a host under the allowed suffixes and nothing else.
#include "absl/strings/match.h"
#include "base/check.h"
#include "ingest/braze/endpoint.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using cdi::ingest::braze::Endpoint;
using cdi::ingest::braze::EndpointPolicy;

void Run(std::string_view text) {
  const auto endpoint = cdi::ingest::braze::ParseEndpoint(text, EndpointPolicy{});
  if (endpoint.ok()) {
    CDI_CHECK(endpoint->https && endpoint->port == 443 && !endpoint->loopback, "https on 443");
    const std::string& host = endpoint->host;
    CDI_CHECK(absl::EndsWith(host, ".braze.com") || absl::EndsWith(host, ".braze.eu"), "a host of Braze");
    CDI_CHECK(host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos, "a host name");
    CDI_CHECK(endpoint->Origin() == "https://" + host, "nothing but scheme and host");
  } else {
    CDI_CHECK(absl::IsInvalidArgument(endpoint.status()), "a refused endpoint is the caller's fault");
  }
  EndpointPolicy open;
  open.allow_loopback = true;
  const auto local = cdi::ingest::braze::ParseEndpoint(text, open);
  CDI_CHECK(local.ok() || !endpoint.ok(), "allowing loopback takes nothing away");
  if (local.ok() && !endpoint.ok()) CDI_CHECK(local->loopback, "what is allowed besides is loopback");
  if (local.ok()) {
    const auto again = cdi::ingest::braze::ParseEndpoint(local->Origin(), open);
    CDI_CHECK(again.ok() && again->Origin() == local->Origin(), "the origin stands for the endpoint");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  return {"https://rest.iad-01.braze.com",
          "https://rest.fra-01.braze.eu/",
          "https://rest.iad-01.braze.com:443",
          "https://user:pass@rest.iad-01.braze.com",
          "https://rest.iad-01.braze.com.evil.example",
          "https://evil.example/.braze.com",
          "https://evil.example#.braze.com",
          "https://evil.example\\.braze.com",
          "https://evil.example%2f.braze.com",
          "http://127.0.0.1:8080",
          "https://[::1]:8443",
          "https://[::ffff:169.254.169.254]",
          "https://2130706433/",
          "https://0x7f.1.braze.com",
          "http://localhost:1",
          "https://xn--bcher-kva.braze.com",
          "gopher://rest.iad-01.braze.com",
          "https://rest.iad-01.braze.com\r\nHost: evil"};
}

}  // namespace cdi::test
