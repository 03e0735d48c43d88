#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "cli/command.h"
#include "cli/concat.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::AuditService::Stub;

struct ListOptions {
  std::string name;
  std::string caller;
  std::string verb;
  std::string since;
  std::string until;
  bool refused = false;
  int limit = 0;
};

void AddFilter(CLI::App& verb, ListOptions& options) {
  verb.add_option("--name", options.name, "A resource and what lies below it: syncs/shop")->type_name("RESOURCE");
  verb.add_option("--caller", options.caller, "One principal: tokens/ci")->type_name("PRINCIPAL");
  verb.add_option("--verb", options.verb, "One method: RevokeKeyPair")->type_name("METHOD");
  verb.add_option("--since", options.since, "From this time on: 2026-11-24T00:00:00Z")->type_name("TIME");
  verb.add_option("--until", options.until, "Before this time")->type_name("TIME");
  verb.add_flag("--refused", options.refused, "Only what was refused or failed");
}

absl::StatusOr<v1::ListAuditEntriesRequest> RequestOf(const ListOptions& options) {
  v1::ListAuditEntriesRequest request;
  request.set_name(options.name);
  request.set_caller(options.caller);
  request.set_verb(options.verb);
  request.set_not_done_only(options.refused);
  if (!options.since.empty()) {
    CDI_ASSIGN_OR_RETURN(const Timestamp time, ParseTime(options.since));
    *request.mutable_since() = ToProto(time);
  }
  if (!options.until.empty()) {
    CDI_ASSIGN_OR_RETURN(const Timestamp time, ParseTime(options.until));
    *request.mutable_until() = ToProto(time);
  }
  return request;
}

void AddList(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "list", "List audit lines, newest first",
                           "cdi audit list --limit 20\n"
                           "cdi audit list --name connections/main --since 2026-11-24T00:00:00Z\n"
                           "cdi audit list --refused");
  auto options = std::make_shared<ListOptions>();
  AddFilter(verb, *options);
  verb.add_option("--limit", options->limit, "About so many of the newest (100)")
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  OnChosen(verb, chosen, [options](Command& command) {
    CDI_CLI_ASSIGN_OR_USAGE(command, const v1::ListAuditEntriesRequest request, RequestOf(*options));
    v1::ListAuditEntriesResponse all;
    const grpc::Status status =
        command.client().CallPaged<Stub, v1::ListAuditEntriesRequest, v1::ListAuditEntriesResponse>(
            &Stub::ListAuditEntries, request, &all, options->limit == 0 ? 100 : options->limit,
            [](const v1::ListAuditEntriesResponse& response) { return response.entries_size(); });
    return status.ok() ? command.Answer(all, ShowAuditEntries) : command.Fail(status);
  });
}

// "12:9f86…", as `verify` and `export` print it.
absl::StatusOr<v1::AuditHead> ParseHead(const std::string& text) {
  v1::AuditHead head;
  const size_t colon = text.find(':');
  int64_t sequence = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(0, colon), &sequence) || sequence < 1) {
    return absl::InvalidArgumentError("--head must be LINE:HASH, as `cdi audit verify` printed it");
  }
  head.set_sequence(sequence);
  head.set_chain(text.substr(colon + 1));
  return head;
}

void AddVerify(CLI::App& noun, Action& chosen) {
  CLI::App& verb =
      AddVerb(noun, "verify", "Prove that no audit line was changed, added or removed past the service",
              "cdi audit verify\n"
              "cdi audit verify --head 1204:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
  auto head = std::make_shared<std::string>();
  verb.add_option("--head", *head, "A head printed earlier and kept elsewhere; must be found again")
      ->type_name("LINE:HASH");
  OnChosen(verb, chosen, [head](Command& command) {
    v1::VerifyAuditRequest request;
    if (!head->empty()) {
      CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_known_head(), ParseHead(*head));
    }
    return command.CallTest(&Stub::VerifyAudit, request, ShowAuditVerdict);
  });
}

// One JSON object a line, oldest first, then the head: page by page, so that memory stays flat.
int Export(Command& command, const ListOptions& options) {
  CDI_CLI_ASSIGN_OR_USAGE(command, v1::ListAuditEntriesRequest request, RequestOf(options));
  request.set_oldest_first(true);
  request.set_page_size(1000);
  do {
    v1::ListAuditEntriesResponse page;
    const grpc::Status status = command.client().Call(&Stub::ListAuditEntries, request, &page);
    if (!status.ok()) return command.Fail(status);
    for (const v1::AuditEntry& entry : page.entries()) {
      CDI_CLI_ASSIGN_OR_USAGE(command, const std::string line, ToJson(entry, JsonForm::kOneLine));
      command.console().out << line;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  v1::VerifyAuditResponse verdict;
  const grpc::Status status = command.client().Call(&Stub::VerifyAudit, v1::VerifyAuditRequest(), &verdict);
  if (!status.ok()) return command.Fail(status);
  CDI_CLI_ASSIGN_OR_USAGE(command, const std::string line, ToJson(verdict, JsonForm::kOneLine));
  command.console().out << line << std::flush;
  return verdict.passed() ? kOk : kTestFailed;
}

void AddExport(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(
      noun, "export", "Write audit lines as JSON, one a line, oldest first; the last line is the verdict with the head",
      "cdi audit export > audit.jsonl\n"
      "cdi audit export --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z > november.jsonl");
  auto options = std::make_shared<ListOptions>();
  AddFilter(verb, *options);
  OnChosen(verb, chosen, [options](Command& command) { return Export(command, *options); });
}

}  // namespace

void AddAuditCommands(CLI::App& root, Action& chosen) {
  CLI::App& noun = AddNoun(root, "audit", "Who did what: lines that nobody can change unseen",
                           "cdi audit list --limit 20\n"
                           "cdi audit verify\n"
                           "cdi audit export > audit.jsonl");
  AddList(noun, chosen);
  AddVerify(noun, chosen);
  AddExport(noun, chosen);
}

}  // namespace cdi::cli
