// Any text as configuration, and as a page token: refused with file and cause, or a configuration that its own print
// gives.
#include "base/check.h"
#include "base/error.h"
#include "server/config.h"
#include "server/paging.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

void CheckConfig(const std::string& text) {
  const auto config = cdi::server::ParseConfig(text, "server.yaml");
  if (!config.ok()) {
    CDI_CHECK(cdi::ErrorReason(config.status()) == "CONFIG_INVALID", "a refused file has one reason");
    CDI_CHECK(config.status().message().find("server.yaml") != absl::string_view::npos, "the error names the file");
    return;
  }
  // YAML takes JSON: what is printed reads back as the same.
  const std::string printed = cdi::server::PrintConfig(*config);
  const auto again = cdi::server::ParseConfig(printed, "server.yaml");
  CDI_CHECK(again.ok() && cdi::server::PrintConfig(*again) == printed, "print and parse give the same configuration");
}

void CheckToken(const std::string& text) {
  constexpr std::string_view kScope = "ListRuns syncs/a";
  const auto after = cdi::server::ReadPageToken(kScope, text);
  CDI_CHECK(text.empty() == after.ok(), "no token but an empty one is taken that was not given out");
  const auto again = cdi::server::ReadPageToken(kScope, cdi::server::MakePageToken(kScope, text));
  CDI_CHECK(again.ok() && *again == text, "what was given out is taken");
  const auto other = cdi::server::ReadPageToken("ListRuns syncs/b", cdi::server::MakePageToken(kScope, text));
  CDI_CHECK(other.ok() == text.empty(), "a token of another list is refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckConfig(text);
  CheckToken(text);
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  return {"state_dir: /var/lib/cdi\nmaster_key: {file: /etc/cdi/master.key, create: true}\nplaintext: true\n",
          "state_dir: s\nlisten: \"[::1]:0\"\nmaster_key: {env: KEY}\nlog_level: debug\nplaintext: true\n",
          "state_dir: s\nmaster_key: {file: k}\nbraze_host_suffixes: [.braze.com]\nruns_max: 64\nplaintext: true\n",
          "state_dir: s\nlisten: 0.0.0.0:7350\nmaster_key: {file: k}\n",
          "a: &a [*a]\n",
          "state_dir: [1, 2]\n",
          "{\"state_dir\": \"s\", \"unknown\": 1}",
          "? x\n: y\n",
          "--- !!binary x\n",
          ""};
}

}  // namespace cdi::test
