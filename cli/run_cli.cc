#include "cli/run_cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/concat.h"
#include "cli/endpoint.h"
#include "cli/values.h"

namespace cdi::cli {
namespace {

constexpr char kDescription[] =
    "cdi - keeps Braze in step with Snowflake: the command line of cdi-server.\n"
    "\n"
    "Names may be short (`shop`, `shop/r1`, `main/k1`) or full (`syncs/shop`, `syncs/shop/runs/r1`,\n"
    "`connections/main/keyPairs/k1`). Durations look like 30s, 5m, 1h; times are RFC 3339 with their zone.\n"
    "Secrets come from files or environment variables, never from arguments.";

constexpr char kFooter[] =
    "\n"
    "Examples:\n"
    "  cdi connections create snowflake main --account myorg-myaccount --user BRAZE_INGESTION_USER\n"
    "  cdi keys generate main\n"
    "  cdi workspaces create eu --endpoint https://rest.fra-01.braze.eu --api-key-file braze.key\n"
    "  cdi syncs create shop --connection main --workspace eu --data-type user-attributes \\\n"
    "      --database CDI --schema PUBLIC --table USERS\n"
    "  cdi syncs test shop && cdi syncs activate shop && cdi syncs run shop --follow\n"
    "\n"
    "Exit codes:\n"
    "  0    done; a followed run ended SUCCESS; a test passed\n"
    "  1    a followed run ended ERROR, CONFIG_ERROR, LIMIT_EXCEEDED or CANCELLED; a rotation that was\n"
    "       waited for failed, was rolled back, or needs a decision\n"
    "  2    wrong command line, or a file or variable it names cannot be used; nothing was changed\n"
    "  3    a followed run ended PARTIAL: some rows are dead or held\n"
    "  4    the server refused or failed the request\n"
    "  5    no answer: server not reachable, not serving, or --timeout passed\n"
    "  6    a test was made and did not pass\n"
    "  130  Ctrl-C while following a run or waiting for a rotation, which goes on\n"
    "\n"
    "Environment:\n"
    "  CDI_SERVER      address of the server where --server is not given\n"
    "  CDI_TOKEN_FILE  file of the token where --token-file is not given\n"
    "  CDI_CA_FILE     authorities of the server's certificate where --ca-file is not given\n"
    "  NO_COLOR        when set, no colours on a terminal";

// The parser's tree and what it fills in.
struct Parser {
  CLI::App app{kDescription, "cdi"};
  EndpointFlags endpoint;
  std::string timeout = "60s";
  bool json = false;
  Action chosen;
};

std::string_view SealedWords(std::string_view reason) {
  if (reason == "MASTER_KEY_WRONG") return "its master key opens nothing of this state; give it the one used before";
  if (reason == "MASTER_KEY_MISSING") return "its master key is not where the configuration says; restore it";
  if (reason == "MASTER_KEY_UNREADABLE") return "its master key cannot be read; correct path and rights";
  return "the command that gives its master key failed; the server's log says how";
}

void AddServiceCommands(CLI::App& root, Action& chosen) {
  CLI::App& version = AddVerb(root, "version", "Print the version of this program", "cdi version");
  OnChosen(version, chosen, [](Command& command) {
    if (command.json()) {
      command.console().out << "{\"version\":" << JsonQuote(CDI_VERSION) << "}" << std::endl;
    } else {
      command.console().out << "cdi " << CDI_VERSION << std::endl;
    }
    return static_cast<int>(kOk);
  });
  CLI::App& health = AddVerb(root, "health", "Ask whether the server is ready (grpc.health.v1)",
                             "cdi health\ncdi health --server 127.0.0.1:7350 --timeout 2s");
  OnChosen(health, chosen, [](Command& command) -> int {
    bool serving = false;
    const grpc::Status status = command.client().CheckHealth(serving);
    if (!status.ok()) return command.Fail(status);
    const std::string& address = command.client().address();
    const std::string sealed = serving ? "" : command.client().SealedReason();
    if (command.json()) {
      command.console().out << "{\"server\":" << JsonQuote(address) << ",\"serving\":" << (serving ? "true" : "false");
      if (!sealed.empty()) command.console().out << ",\"sealed\":" << JsonQuote(sealed);
      command.console().out << "}" << std::endl;
    } else {
      command.console().out << address << (serving ? " is serving" : " is not serving");
      if (!sealed.empty()) command.console().out << ": sealed (" << sealed << ": " << SealedWords(sealed) << ")";
      command.console().out << std::endl;
    }
    return serving ? kOk : kUnreachable;
  });
}

void AddEndpointFlags(CLI::App& app, EndpointFlags& flags) {
  app.add_option("--server", flags.server, "Address of the server, or unix:/PATH; else CDI_SERVER, else 127.0.0.1:7350")
      ->type_name("HOST:PORT");
  app.add_option("--token-file", flags.token_file, "File of mode 0600 with the caller's token; else CDI_TOKEN_FILE")
      ->type_name("FILE");
  app.add_option("--ca-file", flags.ca_file,
                 "Authorities (PEM) of the server's certificate; else CDI_CA_FILE. Means TLS")
      ->type_name("FILE");
  app.add_flag("--tls", flags.tls, "TLS, with the authorities of the system where --ca-file is not given");
  app.add_option("--cert-file", flags.cert_file, "The caller's certificate (PEM), with --key-file. Means TLS")
      ->type_name("FILE");
  app.add_option("--key-file", flags.key_file, "Its private key (PEM), a file of mode 0600")->type_name("FILE");
  app.add_option("--server-name", flags.server_name, "Name that the server's certificate must have, if not --server's")
      ->type_name("NAME");
}

std::unique_ptr<Parser> MakeParser() {
  auto parser = std::make_unique<Parser>();
  CLI::App& app = parser->app;
  app.get_formatter()->column_width(38);
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "Print this help");
  AddEndpointFlags(app, parser->endpoint);
  app.add_option("--timeout", parser->timeout, "Longest wait for an answer (default 60s); a followed run has no limit")
      ->type_name("DURATION");
  app.add_flag("--json", parser->json, "Print answers, and errors, as JSON");
  AddConnectionCommands(app, parser->chosen);
  AddKeyCommands(app, parser->chosen);
  AddTokenCommands(app, parser->chosen);
  AddWorkspaceCommands(app, parser->chosen);
  AddSyncCommands(app, parser->chosen);
  AddRunCommands(app, parser->chosen);
  AddAuditCommands(app, parser->chosen);
  AddServiceCommands(app, parser->chosen);
  return parser;
}

// The command as far as the parser understood it: "cdi syncs run".
std::string ChosenPath(const CLI::App& app) {
  std::string path = "cdi";
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().back();
    Append(path, " ", at->get_name());
  }
  return path;
}

// What is wrong with the command line, in our words where the parser's would puzzle.
std::string FaultOf(const Parser& parser, const CLI::ParseError& error) {
  const CLI::App* at = &parser.app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().back();
  const std::vector<std::string> unknown = parser.app.remaining(true);
  const bool lacks_verb = at->get_require_subcommand_min() > 0;
  if (lacks_verb && !unknown.empty()) return Concat("there is no `", ChosenPath(parser.app), " ", unknown.front(), "`");
  const std::string text = error.what();
  if (const size_t end = text.find(": At Most 1 required"); end != std::string::npos) {
    return Concat(text.substr(0, end), " is given more than once");
  }
  return text;
}

int ReportParseError(const Parser& parser, const CLI::ParseError& error, const std::vector<std::string>& arguments,
                     Console& console) {
  ErrorReport report = ReportOf(absl::InvalidArgumentError(FaultOf(parser, error)));
  report.hints = {Concat("see `", ChosenPath(parser.app), " --help`")};
  // The parser may have stopped before it came to --json.
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  PrintError(console, report, json);
  return kUsage;
}

void CollectHelp(const CLI::App& app, const std::string& path, std::vector<CommandHelp>& all) {
  // The usage line names the parents that lead here.
  const size_t last = path.rfind(' ');
  const std::string parents = last == std::string::npos ? "" : path.substr(0, last);
  const auto children = app.get_subcommands([](const CLI::App* child) { return !child->get_name().empty(); });
  all.push_back({path, children.empty(), app.help(parents)});
  for (const CLI::App* child : children) CollectHelp(*child, Concat(path, " ", child->get_name()), all);
}

}  // namespace

CLI::App& AddNoun(CLI::App& root, const std::string& name, const std::string& summary, const std::string& examples) {
  CLI::App& noun = AddVerb(root, name, summary, examples);
  noun.require_subcommand(1);
  return noun;
}

CLI::App& AddVerb(CLI::App& noun, const std::string& name, const std::string& summary, const std::string& examples) {
  CLI::App& verb = *noun.add_subcommand(name, summary);
  std::string footer = "\nExamples:\n";
  size_t begin = 0;
  while (begin <= examples.size()) {
    const size_t end = std::min(examples.find('\n', begin), examples.size());
    Append(footer, "  ", examples.substr(begin, end - begin), "\n");
    begin = end + 1;
  }
  verb.footer(footer + "\nOptions of every command (--server, --timeout, --json): see cdi --help");
  return verb;
}

void AddName(CLI::App& verb, std::string& target, const std::string& label, const std::string& help) {
  verb.add_option(label, target, help)->required()->type_name("");
}

void OnChosen(CLI::App& verb, Action& chosen, Action action) {
  verb.callback([&chosen, action = std::move(action)] { chosen = action; });
}

absl::Status NothingToUpdate() {
  return absl::InvalidArgumentError("nothing to update: give a flag for at least one field (see --help)");
}

int RunCli(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  const std::unique_ptr<Parser> parser = MakeParser();
  Console& console = surroundings.console;
  try {
    parser->app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    console.out << parser->app.help() << std::flush;
    return kOk;
  } catch (const CLI::ParseError& error) {
    return ReportParseError(*parser, error, arguments, console);
  }
  GlobalOptions options{.timeout = {}, .json = parser->json};
  const absl::StatusOr<std::chrono::nanoseconds> timeout = ParseDuration(parser->timeout);
  if (!timeout.ok() || timeout->count() == 0) {
    const std::string fault = timeout.ok() ? "must be more than 0" : std::string(timeout.status().message());
    PrintError(console, ReportOf(absl::InvalidArgumentError(Concat("--timeout: ", fault))), options.json);
    return kUsage;
  }
  options.timeout = *timeout;
  absl::StatusOr<Endpoint> endpoint = ResolveEndpoint(parser->endpoint, surroundings.environment);
  if (!endpoint.ok()) {
    PrintError(console, ReportOf(endpoint.status()), options.json);
    return kUsage;
  }
  Command command(surroundings, options, *std::move(endpoint));
  return parser->chosen(command);
}

std::vector<CommandHelp> AllCommands() {
  const std::unique_ptr<Parser> parser = MakeParser();
  std::vector<CommandHelp> all;
  CollectHelp(parser->app, "cdi", all);
  return all;
}

}  // namespace cdi::cli
