// snowflake-mock: the command line.
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/snowflake_mock/server/http/http_server.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace {

using cdi::snowflake_mock::Account;
using cdi::snowflake_mock::HttpServer;
using cdi::snowflake_mock::SettingInfo;
using cdi::snowflake_mock::Settings;
using cdi::snowflake_mock::SettingTable;

constexpr char kAbout[] =
    "A stand-in for one Snowflake account: speaks the session protocol of Snowflake's drivers over HTTP,\n"
    "checks key-pair logins for real, and runs SQL on an embedded engine (DuckDB).\n\n"
    "Example:\n"
    "  snowflake-mock --listen 127.0.0.1:0 --account myorg-myacct --account xy12345 --init setup.sql\n"
    "prints `snowflake-mock listening on 127.0.0.1:PORT` and serves until SIGINT or SIGTERM, which end it at once.";

constexpr char kFooter[] =
    "Control API (no authentication: listen on loopback only)\n"
    "  GET  /__mock/stats      counters          GET /__mock/logins    who came in, or why not\n"
    "  GET  /__mock/queries    query history     GET /__mock/sessions  open sessions\n"
    "  POST /__mock/sql        {\"sql\": \"...\"}    runs as the administrator\n"
    "  POST /__mock/sessions   {\"expire\": \"session\"} or \"master\" or \"drop\", optionally of one \"user\" or "
    "\"session\"\n"
    "  POST /__mock/settings   {\"session_seconds\": 2}: every setting above, with underscores\n"
    "  POST /__mock/clock      {\"shift_seconds\": 3600}: the server's clock, away from real time\n"
    "  POST /__mock/faults     {\"fault\": \"reset\", \"route\": \"chunk\", \"count\": 1}; GET lists, DELETE removes\n"
    "A fault can also ride in a statement: /* mock:fault=503,count=2 */ SELECT 1\n"
    "See docs/snowflake-mock.md.";

int Fail(const std::string& message) {
  std::cerr << "snowflake-mock: " << message << "\n";
  return 1;
}

bool SplitAddress(const std::string& text, std::string& host, int& port) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  host = text.substr(0, colon);
  return absl::SimpleAtoi(text.substr(colon + 1), &port) && port >= 0 && port <= 65535;
}

absl::Status RunInit(Account& account, const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError("cannot read the init file " + path);
  std::stringstream script;
  script << file.rdbuf();
  const auto session = account.AdministratorSession();
  if (!session.ok()) return session.status();
  const auto result = cdi::snowflake_mock::RunScript(account, **session, script.str());
  if (!result.ok()) return absl::InvalidArgumentError(path + ": " + std::string(result.status().message()));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kAbout);
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> account_names;
  std::string init_path;
  std::string data_path;
  std::string log_path;
  cdi::snowflake_mock::EngineLimits limits;
  app.add_option("--listen", listen, "Address and port; port 0 picks a free one")->capture_default_str();
  app.add_option("--account", account_names,
                 "Account name that clients must use, such as myorg-myacct; give it again for further spellings that "
                 "are accepted (a locator), the first is the name")
      ->required()
      ->delimiter(',');
  app.add_option("--init", init_path, "SQL run as ACCOUNTADMIN at start; skipped when --data holds an account already");
  app.add_option("--data", data_path, "File that keeps everything between runs; without it all is in memory");
  app.add_option("--memory", limits.memory_mib, "MiB that the engine may hold in memory; the rest goes to --temp")
      ->check(CLI::Range(64, 1 << 24))
      ->capture_default_str();
  app.add_option("--temp", limits.spill_parent, "Folder for temporary files; without it the system's (TMPDIR)")
      ->check(CLI::ExistingDirectory);
  app.add_option("--log", log_path, "File for one JSON line per request");
  Settings settings;
  for (const SettingInfo& info : SettingTable()) {
    app.add_option("--" + absl::StrReplaceAll(info.name, {{"_", "-"}}), settings.*info.member, info.help)
        ->check(CLI::Range(info.least, info.most))
        ->capture_default_str()
        ->group("Settings");
  }
  app.footer(kFooter);
  CLI11_PARSE(app, argc, argv);

  cdi::snowflake_mock::ServerOptions options;
  if (!SplitAddress(listen, options.host, options.port)) return Fail("--listen must be HOST:PORT; got " + listen);

  // Signals are waited for below; blocked here so that every thread inherits it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto account = Account::Open(absl::StrJoin(account_names, ","), data_path, limits);
  if (!account.ok()) return Fail(std::string(account.status().message()));
  (*account)->settings = settings;
  if (!init_path.empty() && !(*account)->restored()) {
    if (const absl::Status done = RunInit(**account, init_path); !done.ok()) return Fail(std::string(done.message()));
  }

  std::ofstream log;
  std::mutex log_mutex;
  if (!log_path.empty()) {
    log.open(log_path, std::ios::app);
    if (!log) return Fail("cannot write the log file " + log_path);
    options.log = [&](const std::string& line) {
      const std::lock_guard lock(log_mutex);
      log << line << std::endl;
    };
  }
  auto server = HttpServer::Start(**account, options);
  if (!server.ok()) return Fail(std::string(server.status().message()));
  std::printf("snowflake-mock listening on %s:%d\n", options.host.c_str(), (*server)->port());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}
