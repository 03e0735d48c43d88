#include "tests/braze_mock/flags.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

struct RawFlags {
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> api_keys;
  std::string api_key_file;
  std::vector<std::string> denied_api_keys;
  bool tls = false;
  std::string tls_cert;
  std::string tls_key;
  std::string write_ca;
  int64_t latency_ms = 0;
  std::string rate_limit;
  std::string rate_headers = "epoch";
  std::string ledger = "full";
  std::vector<std::string> switches;
  size_t threads = 448;
};

std::string SwitchHelp() {
  std::string help = "Switches (--switch NAME=VALUE; the first value is the default; rows as in docs/braze-mock.md):\n";
  for (const SwitchSpec& spec : SwitchSpecs()) {
    const bool text = spec.choices == "*";
    const std::string takes = spec.choices == "#" ? Join({"a number, ", spec.default_value})
                              : text              ? Join({"text, \"", spec.default_value, "\""})
                                                  : std::string(spec.choices);
    help += Join({"  ", spec.name, " = ", takes, "\n      ", spec.help, " [", spec.row, "]\n"});
  }
  return help;
}

void Describe(CLI::App& app, RawFlags& raw) {
  app.add_option("--listen", raw.listen, "HOST:PORT to serve on; port 0 takes a free one")->capture_default_str();
  app.add_option("--api-key", raw.api_keys, "API key that is accepted; may be repeated. Shows in the process list")
      ->allow_extra_args(false);
  app.add_option("--api-key-file", raw.api_key_file, "file with accepted API keys, one a line");
  app.add_option("--denied-api-key", raw.denied_api_keys, "API key that is known but lacks the permission users.track")
      ->allow_extra_args(false);
  app.add_flag("--tls", raw.tls, "serve HTTPS, with a certificate made at start unless --tls-cert is given");
  app.add_option("--tls-cert", raw.tls_cert, "PEM file with the certificate to serve");
  app.add_option("--tls-key", raw.tls_key, "PEM file with its private key");
  app.add_option("--write-ca", raw.write_ca, "write the PEM with which clients verify the server to this file");
  app.add_option("--latency", raw.latency_ms, "milliseconds before each reply of /users/track")
      ->check(CLI::Range(0, 3'600'000))
      ->capture_default_str();
  app.add_option("--rate-limit", raw.rate_limit, "N/SECONDS: most requests in a window; none when not given");
  app.add_option("--rate-headers", raw.rate_headers,
                 "epoch: X-RateLimit-Reset is a time; seconds: it is the seconds left, and a 429 has "
                 "X-Ratelimit-Retry-After alone")
      ->check(CLI::IsMember({"epoch", "seconds"}))
      ->capture_default_str();
  app.add_option("--ledger", raw.ledger, "what to remember of each object")
      ->check(CLI::IsMember({"none", "counts", "full"}))
      ->capture_default_str();
  app.add_option("--switch", raw.switches, "NAME=VALUE, see below; may be repeated")->allow_extra_args(false);
  app.add_option("--threads", raw.threads, "threads; one for each connection, idle ones included")
      ->check(CLI::Range(2, 4096))
      ->capture_default_str();
  app.footer(SwitchHelp());
}

absl::Status ReadListen(std::string_view listen, ServerOptions& options) {
  const size_t colon = listen.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : ReadNumber<int>(listen.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535 || colon == 0) {
    return absl::InvalidArgumentError(Join({"--listen takes HOST:PORT, as 127.0.0.1:8080; got '", listen, "'"}));
  }
  options.host = std::string(listen.substr(0, colon));
  options.port = *port;
  return absl::OkStatus();
}

absl::Status ReadRateLimit(const RawFlags& raw, RateLimit& limit) {
  limit.headers = raw.rate_headers == "epoch" ? RateHeaders::kEpoch : RateHeaders::kSeconds;
  if (raw.rate_limit.empty()) return absl::OkStatus();
  const auto parts = SplitText(raw.rate_limit, '/');
  const int64_t requests = ReadNumber<int64_t>(parts[0]).value_or(-1);
  const int64_t seconds = parts.size() == 2 ? ReadNumber<int64_t>(parts[1]).value_or(-1) : -1;
  if (requests < 0 || seconds < 1 || seconds > 86'400) {
    return absl::InvalidArgumentError(Join({"--rate-limit takes N/SECONDS, as 3000/3; got '", raw.rate_limit, "'"}));
  }
  limit.requests = requests;
  limit.window_seconds = seconds;
  return absl::OkStatus();
}

absl::Status ReadKeyFile(const std::string& path, std::vector<std::string>& keys) {
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError(Join({"--api-key-file: ", path, " cannot be read"}));
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) keys.push_back(line);
  }
  return absl::OkStatus();
}

absl::Status ReadTls(const RawFlags& raw, ServerOptions& options) {
  if (raw.tls_cert.empty() != raw.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key belong together; give both or neither");
  }
  if (!raw.tls) {
    if (raw.tls_cert.empty() && raw.write_ca.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--tls-cert, --tls-key and --write-ca need --tls");
  }
  auto identity = raw.tls_cert.empty() ? MakeTlsIdentity() : LoadTlsIdentity(raw.tls_cert, raw.tls_key);
  if (!identity.ok()) return identity.status();
  options.tls = std::make_unique<TlsIdentity>(*std::move(identity));
  return absl::OkStatus();
}

absl::StatusOr<Flags> Convert(RawFlags raw) {
  Flags flags;
  flags.write_ca = raw.write_ca;
  ServerOptions& server = flags.server;
  for (const absl::Status& status : {ReadListen(raw.listen, server), ReadRateLimit(raw, server.rate_limit),
                                     ReadKeyFile(raw.api_key_file, raw.api_keys), ReadTls(raw, server)}) {
    if (!status.ok()) return status;
  }
  for (const std::string& pair : raw.switches) {
    const absl::Status status = server.switches.SetPair(pair);
    if (!status.ok()) return absl::InvalidArgumentError(Join({"--switch: ", std::string(status.message())}));
  }
  server.api_keys = std::move(raw.api_keys);
  server.denied_api_keys = std::move(raw.denied_api_keys);
  server.latency = std::chrono::milliseconds(raw.latency_ms);
  server.ledger = raw.ledger == "none"     ? LedgerMode::kNone
                  : raw.ledger == "counts" ? LedgerMode::kCounts
                                           : LedgerMode::kFull;
  server.threads = raw.threads;
  return flags;
}

}  // namespace

absl::StatusOr<std::optional<Flags>> ReadFlags(int argc, const char* const* argv) {
  CLI::App app(
      "braze-mock: a stand-in for Braze's POST /users/track, for tests. Keeps user profiles, a ledger of all it "
      "took, and makes faults on order. See docs/braze-mock.md.");
  RawFlags raw;
  Describe(app, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << std::flush;
    return std::optional<Flags>();
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  absl::StatusOr<Flags> flags = Convert(std::move(raw));
  if (!flags.ok()) return flags.status();
  return std::optional<Flags>(*std::move(flags));
}

}  // namespace cdi::braze_mock
