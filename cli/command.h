// What the command files share: the global options, the client, and how an answer or an error leaves the program.
// Free of CLI11, which only run_cli.cc, field_flags.cc and the commands_*.cc include.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "cli/client.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/run_cli.h"

namespace CLI {
class App;
}

namespace cdi::cli {

struct GlobalOptions {
  std::chrono::nanoseconds timeout{};
  bool json = false;
};

// One invocation of one command. One thread.
class Command {
 public:
  Command(const Surroundings& surroundings, const GlobalOptions& options, Endpoint endpoint)
      : surroundings_(surroundings), options_(options), client_(std::move(endpoint), options_.timeout) {}

  Client& client() { return client_; }
  Console& console() { return surroundings_.console; }
  const Surroundings& surroundings() const { return surroundings_; }
  bool json() const { return options_.json; }
  Timestamp WallNow() const { return surroundings_.clock.WallNow(); }

  // The server's refusal, or its silence.
  int Fail(const grpc::Status& status) {
    PrintError(console(), ReportOf(status, client_.address()), json());
    return ExitCodeOf(status);
  }
  // The command line is wrong.
  int FailUsage(const absl::Status& status) {
    PrintError(console(), ReportOf(status), json());
    return kUsage;
  }

  // Shows an answer: as JSON, or with `show` for people. Returns kOk.
  template <class Response, class Show>
  int Answer(const Response& response, const Show& show) {
    if (!json()) {
      show(console(), response);
      return kOk;
    }
    const absl::StatusOr<std::string> text = ToJson(response, JsonForm::kIndented);
    if (!text.ok()) {
      PrintError(console(), ReportOf(text.status()), true);
      return kRefused;
    }
    console().out << *text << std::flush;
    return kOk;
  }

  // Calls and shows.
  template <class Stub, class Request, class Response, class Show>
  int CallAndAnswer(UnaryMethod<Stub, Request, Response> method, const Request& request, const Show& show) {
    Response response;
    const grpc::Status status = client_.Call(method, request, &response);
    return status.ok() ? Answer(response, show) : Fail(status);
  }

  // Calls a test and shows it; kTestFailed when it was made and did not pass.
  template <class Stub, class Request, class Response, class Show>
  int CallTest(UnaryMethod<Stub, Request, Response> method, const Request& request, const Show& show) {
    Response response;
    const grpc::Status status = client_.Call(method, request, &response);
    if (!status.ok()) return Fail(status);
    const int code = Answer(response, show);
    return code == kOk && !response.passed() ? kTestFailed : code;
  }

  // Calls a method without an answer worth showing and says `done` ("deleted syncs/shop"); with --json prints {}.
  template <class Stub, class Request, class Response>
  int CallAndSay(UnaryMethod<Stub, Request, Response> method, const Request& request, const std::string& done) {
    return CallAndAnswer(method, request, [&](Console& out, const Response&) { out.out << done << std::endl; });
  }

 private:
  const Surroundings& surroundings_;
  GlobalOptions options_;
  Client client_;
};

// What a chosen command does; returns its exit code.
using Action = std::function<int(Command&)>;

// Adds a verb to a noun. `examples` are whole command lines, one a line.
CLI::App& AddVerb(CLI::App& noun, const std::string& name, const std::string& summary, const std::string& examples);
CLI::App& AddNoun(CLI::App& root, const std::string& name, const std::string& summary, const std::string& examples);

// Adds the required positional argument of a verb: `label` in the usage line, in capitals.
void AddName(CLI::App& verb, std::string& target, const std::string& label, const std::string& help);

// `chosen` becomes `action` when the parser has taken `verb`.
void OnChosen(CLI::App& verb, Action& chosen, Action action);

// What an update without a single field gets.
absl::Status NothingToUpdate();

// One function per noun: adds its verbs to `root`.
void AddConnectionCommands(CLI::App& root, Action& chosen);
void AddKeyCommands(CLI::App& root, Action& chosen);
// The verbs of `cdi keys` that are about rotations.
void AddRotationVerbs(CLI::App& keys_noun, Action& chosen);
void AddWorkspaceCommands(CLI::App& root, Action& chosen);
void AddSyncCommands(CLI::App& root, Action& chosen);
void AddRunCommands(CLI::App& root, Action& chosen);
void AddTokenCommands(CLI::App& root, Action& chosen);
void AddAuditCommands(CLI::App& root, Action& chosen);

}  // namespace cdi::cli

// Inside an Action or a function returning an exit code: gives the value of a StatusOr, or reports wrong usage and
// returns.
#define CDI_CLI_ASSIGN_OR_USAGE(command, lhs, expr) \
  CDI_CLI_ASSIGN_INNER(CDI_STATUS_CONCAT(cdi_cli_or_, __LINE__), command, lhs, expr)
#define CDI_CLI_ASSIGN_INNER(temporary, command, lhs, expr)            \
  auto temporary = (expr);                                             \
  if (!temporary.ok()) return (command).FailUsage(temporary.status()); \
  lhs = *std::move(temporary)
