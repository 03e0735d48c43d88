// cdi-server: the ingestion service.
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <clocale>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/environment.h"
#include "base/fault_point.h"
#include "ingest/state/check_log.h"
#include "keys/process_hardening.h"
#include "server/build_info.h"
#include "server/config.h"
#include "server/json_logger.h"
#include "server/master_key_source.h"
#include "server/plans.h"
#include "server/rekey_command.h"
#include "server/server.h"

namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr char kFooter[] = R"(
Examples:
  cdi-server --config /etc/cdi/server.yaml
  cdi-server --config server.yaml --check_config
  cdi-server --check_log /var/lib/cdi
  (umask 077; cdi-server --config server.yaml --create_token me --role admin > me.token)
  cdi-server --config server.yaml --rekey /etc/cdi/master-2.key --rekey_create

--rekey changes the master key while the server is stopped: the secrets stay as they are, only their data keys are
encrypted anew, all in one transaction.

A minimal configuration:
  state_dir: /var/lib/cdi
  master_key: {file: /etc/cdi/master.key, create: true}
  tls: {certificate_file: /etc/cdi/server.pem, key_file: /etc/cdi/server.key}

--create_token makes a token while no server runs (the first one; later: cdi tokens create) and prints it, once.

The first line on stdout is `cdi-server listening on HOST:PORT`. Logs are JSON lines on stderr. SIGTERM and SIGINT stop
it: no new request leaves, those in flight are waited for (stop_seconds), open runs go on at the next start.
Exit codes: 0 stopped cleanly or check passed; 1 could not start, stopped with requests in flight, or check failed;
2 wrong flags.)";

int Fail(const absl::Status& status) {
  std::cerr << "cdi-server: " << status.message() << '\n';
  return kExitFailed;
}

int CheckLogCommand(const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::path(directory) / "state.db", ignored)) {
    return Fail(absl::NotFoundError("there is no state.db in " + directory + ": name the server's state_dir"));
  }
  const cdi::state::CheckReport report = cdi::state::CheckLog(directory, {.spec_of = cdi::server::RecordedSpec});
  std::cout << report.ToText();
  return report.ok() ? kExitOk : kExitFailed;
}

int RekeyCommand(const cdi::config::v1::ServerConfig& config, const std::string& new_source, bool create) {
  const auto outcome = cdi::server::RekeyState(config, new_source, create);
  if (!outcome.ok()) return Fail(outcome.status());
  std::cout << *outcome;
  return kExitOk;
}

// Blocks the stop signals in every thread to come; main waits for them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// What a stop may take altogether. A driver that hangs in a login or a statement cannot always be interrupted; the
// state is made to survive a kill, so the process is ended over it.
constexpr std::chrono::milliseconds kStopMax{14'800};

// While it lives, the process has kStopMax to end by itself.
class StopLimit {
 public:
  StopLimit() : thread_([](const std::stop_token& stop) { Watch(stop); }) {}

 private:
  static void Watch(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kStopMax, [] { return false; });
    if (stop.stop_requested()) return;
    const cdi::SystemClock clock;
    cdi::server::JsonLogger logger(clock, cdi::LogLevel::kInfo);
    logger.Write(cdi::LogLevel::kError, "server_stop_forced", {});
    std::_Exit(kExitFailed);
  }

  std::jthread thread_;
};

int CreateTokenCommand(const cdi::config::v1::ServerConfig& config, const cdi::server::Server::TokenRequest& request) {
  const auto secret = cdi::server::Server::CreateToken(config, request);
  if (!secret.ok()) return Fail(secret.status());
  std::cout << secret->Expose() << std::endl;
  return kExitOk;
}

// What this process or a library in it looks at; everything else of the environment is overwritten once the master key
// is read. The ODBC drivers, OpenSSL, gRPC, glibc and systemd are the libraries.
constexpr std::string_view kEnvironment[] = {
    "PATH",     "HOME",          "USER",       "LOGNAME",     "LANG",           "LANGUAGE",        "LC_*",
    "TZ",       "TZDIR",         "TMPDIR",     "ODBC*",       "SIMBAINI",       "SF_ODBC_INI",     "SF_OCSP_*",
    "XDG_*",    "SSL_CERT_*",    "OPENSSL_*",  "RES_OPTIONS", "LOCALDOMAIN",    "LD_LIBRARY_PATH", "GLIBC_TUNABLES",
    "MALLOC_*", "GRPC_*",        "http_proxy", "https_proxy", "no_proxy",       "HTTP_PROXY",      "HTTPS_PROXY",
    "NO_PROXY", "NOTIFY_SOCKET", "WATCHDOG_*", "LISTEN_*",    "JOURNAL_STREAM", "INVOCATION_ID"};

int Serve(const cdi::config::v1::ServerConfig& config) {
  const sigset_t signals = BlockStopSignals();
  auto master_key = cdi::server::ObtainMasterKey(config.master_key(), cdi::server::StateExists(config.state_dir()));
  cdi::KeepOfEnvironment(kEnvironment);
  if (!master_key.ok()) return Fail(master_key.status());
  auto server = cdi::server::Server::Start(config, *std::move(master_key));
  if (!server.ok()) return Fail(server.status());
  std::cout << "cdi-server listening on " << (*server)->address() << std::endl;
  if (!(*server)->metrics_address().empty()) {
    std::cout << "metrics on http://" << (*server)->metrics_address() << "/metrics" << std::endl;
  }
  int received = 0;
  sigwait(&signals, &received);
  const StopLimit limit;
  const bool clean = (*server)->Stop();
  server->reset();
  return clean ? kExitOk : kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
  // ODBC drivers turn text by the locale's character set; everything here is UTF-8.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  cdi::keys::HardenProcess();
  if (!cdi::ArmFaultPointsFromEnvironment()) {
    std::cerr << "cdi-server: CDI_FAILPOINT must be name:n:abort\n";
    return kExitUsage;
  }

  CLI::App app{"cdi-server: keeps Braze in step with Snowflake, inside your own network."};
  app.footer(kFooter);
  std::string config_path;
  std::string log_directory;
  std::string rekey_source;
  bool check_config = false;
  bool rekey_create = false;
  app.add_option("--config", config_path, "Configuration file (YAML)");
  app.add_flag("--check_config", check_config, "Print the resolved configuration and exit");
  app.add_option("--rekey", rekey_source, "Change the master key to this one (file, or env:NAME) and exit");
  app.add_flag("--rekey_create", rekey_create, "Make the file of --rekey when it does not exist");
  app.add_option("--check_log", log_directory, "Verify the run log of this state directory and exit");
  cdi::server::Server::TokenRequest token;
  CLI::Option* create_token = app.add_option("--create_token", token.id, "Make a token of this id, print it and exit");
  create_token->needs("--config");
  app.add_option("--role", token.role, "Role of the token: viewer, operator or admin")->needs(create_token);
  app.add_option("--days", token.days, "Days that the token lives, 1 to 3650 (90)")
      ->needs(create_token)
      ->check(CLI::Range(1, 3650));
  app.set_version_flag("--version", cdi::server::kVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }

  if (!log_directory.empty()) return CheckLogCommand(log_directory);
  if (config_path.empty()) {
    std::cerr << "cdi-server: --config FILE is missing (see --help)\n";
    return kExitUsage;
  }
  const auto config = cdi::server::LoadConfig(config_path);
  if (!config.ok()) return Fail(config.status());
  if (check_config) {
    std::cout << cdi::server::PrintConfig(*config);
    return kExitOk;
  }
  if (!token.id.empty()) return CreateTokenCommand(*config, token);
  if (!rekey_source.empty()) return RekeyCommand(*config, rekey_source, rekey_create);
  return Serve(*config);
}
