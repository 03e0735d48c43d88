#include "tests/support/postgres_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace cdi::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLimit{60};

// The newest server that is installed, "/usr/lib/postgresql/15/bin".
absl::StatusOr<std::string> FindBinaries() {
  std::string newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const std::string path = (entry.path() / "bin").string();
    if (fs::exists(fs::path(path) / "initdb") && path > newest) newest = path;
  }
  if (newest.empty()) return absl::NotFoundError("no PostgreSQL under /usr/lib/postgresql; install postgresql");
  return newest;
}

// PostgreSQL wants a number before it starts. Another process could take it in between; Start then tries again.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

// The command as it is, or as user `postgres` when the test runs as root.
ChildOptions Unprivileged(const std::string& program, std::vector<std::string> args) {
  ChildOptions options;
  if (geteuid() != 0) {
    options.program = program;
    options.args = std::move(args);
    return options;
  }
  options.program = "setpriv";
  // The change of user clears the signal that ChildProcess asked for at the death of this process: asked for again.
  options.args = {"--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=QUIT", "--", program};
  options.args.insert(options.args.end(), args.begin(), args.end());
  return options;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Runs a program to its end; its standard output, or what it said on standard error.
absl::StatusOr<std::string> RunToEnd(ChildOptions options, const std::string& directory) {
  const std::string errors = absl::StrCat(directory, "/errors");
  std::error_code ignored;
  fs::remove(errors, ignored);
  options.stderr_file = errors;
  options.working_directory = directory;
  CDI_ASSIGN_OR_RETURN(ChildProcess child, ChildProcess::Start(std::move(options)));
  std::string output;
  for (;;) {
    absl::StatusOr<std::string> line = child.ReadLine(kLimit);
    if (absl::IsUnavailable(line.status())) break;
    if (!line.ok()) return line.status();
    absl::StrAppend(&output, output.empty() ? "" : "\n", *line);
  }
  CDI_ASSIGN_OR_RETURN(const int code, child.Wait(kLimit));
  if (code != 0) return absl::InternalError(absl::StrCat("exit code ", code, ": ", ReadFile(errors)));
  return output;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start() {
  std::unique_ptr<PostgresServer> server(new PostgresServer);
  CDI_ASSIGN_OR_RETURN(server->binaries_, FindBinaries());
  std::string pattern = (fs::temp_directory_path() / "cdi-postgres-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return absl::InternalError("no temporary directory can be made");
  server->directory_ = pattern;
  // World-writable with the sticky bit, as /tmp is: another user writes into it.
  fs::permissions(pattern, fs::perms::all | fs::perms::sticky_bit);
  const std::string data = absl::StrCat(pattern, "/data");
  std::ofstream(absl::StrCat(pattern, "/password")) << kAdminPassword << "\n";

  CDI_RETURN_IF_ERROR(RunToEnd(Unprivileged(absl::StrCat(server->binaries_, "/initdb"),
                                            {"-D", data, "-U", kAdmin, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                                             "--auth-local=trust", "--auth-host=scram-sha-256",
                                             absl::StrCat("--pwfile=", pattern, "/password")}),
                               pattern)
                          .status());
  for (int attempt = 0; attempt < 3; ++attempt) {
    server->port_ = FreePort();
    ChildOptions options =
        Unprivileged(absl::StrCat(server->binaries_, "/postgres"), {"-D", data,
                                                                    "-p", absl::StrCat(server->port_),
                                                                    "-k", pattern,
                                                                    "-c", "listen_addresses=127.0.0.1",
                                                                    "-c", "fsync=off",
                                                                    "-c", "synchronous_commit=off",
                                                                    "-c", "full_page_writes=off",
                                                                    "-c", "shared_buffers=32MB",
                                                                    "-c", "max_connections=40",
                                                                    "-c", "autovacuum=off",
                                                                    "-c", "log_min_messages=fatal"});
    options.stderr_file = absl::StrCat(pattern, "/log");
    CDI_ASSIGN_OR_RETURN(ChildProcess process, ChildProcess::Start(std::move(options)));
    server->process_ = std::make_unique<ChildProcess>(std::move(process));
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    while (std::chrono::steady_clock::now() < deadline) {
      if (server->Query("SELECT 1").ok()) return server;
      // Ended already: the port was taken. Otherwise this is the pause between two tries.
      if (server->process_->Wait(std::chrono::milliseconds(50)).ok()) break;
    }
  }
  return absl::InternalError(absl::StrCat("PostgreSQL does not start: ", ReadFile(absl::StrCat(pattern, "/log"))));
}

PostgresServer::~PostgresServer() {
  if (process_ != nullptr) {
    process_->Signal(SIGINT);  // fast shutdown: ends every session
    if (!process_->Wait(std::chrono::seconds(10)).ok()) process_->Signal(SIGQUIT);
    process_->Wait(std::chrono::seconds(5)).IgnoreError();
    process_.reset();
  }
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

absl::Status PostgresServer::Run(const std::string& sql, const std::string& database) {
  return Query(sql, database).status();
}

absl::StatusOr<std::string> PostgresServer::Query(const std::string& sql, const std::string& database) {
  ChildOptions options;
  options.program = absl::StrCat(binaries_, "/psql");
  options.args = {
      "-X",   "-q", "-A",     "-t", "-v", "ON_ERROR_STOP=1", "-h", directory_, "-p", absl::StrCat(port_), "-U",
      kAdmin, "-d", database, "-c", sql};
  return RunToEnd(std::move(options), directory_);
}

}  // namespace cdi::test
