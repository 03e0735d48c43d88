#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/concat.h"
#include "cli/follow.h"
#include "cli/names.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::RunService::Stub;

constexpr char kNameHelp[] = "Run: shop/r1, or syncs/shop/runs/r1";
constexpr char kParentHelp[] = "Sync or run: shop, shop/r1, or full names";
constexpr char kIdsHelp[] = "Numbers of rows; none: all of them";

void AddReading(CLI::App& noun, Action& chosen) {
  CLI::App& get = AddVerb(noun, "get", "Show one run with its sums", "cdi runs get shop/r1");
  auto name = std::make_shared<std::string>();
  AddName(get, *name, "RUN", kNameHelp);
  OnChosen(get, chosen, [name](Command& command) {
    v1::GetRunRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), RunName(*name));
    return command.CallAndAnswer(&Stub::GetRun, request, [&](Console& console, const v1::Run& run) {
      ShowRun(console, run, command.WallNow());
    });
  });
  CLI::App& list = AddVerb(noun, "list", "List the runs of a sync, newest first",
                           "cdi runs list shop\ncdi runs list shop --limit 20");
  auto sync = std::make_shared<std::string>();
  auto limit = std::make_shared<int>(0);
  AddName(list, *sync, "SYNC", "Sync: shop, or syncs/shop");
  list.add_option("--limit", *limit, "About so many of the newest; all pages without it")
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  OnChosen(list, chosen, [sync, limit](Command& command) {
    v1::ListRunsRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_sync(), SyncName(*sync));
    v1::ListRunsResponse all;
    const grpc::Status status = command.client().CallPaged<Stub, v1::ListRunsRequest, v1::ListRunsResponse>(
        &Stub::ListRuns, request, &all, *limit,
        [](const v1::ListRunsResponse& response) { return response.runs_size(); });
    return status.ok() ? command.Answer(all, ShowRuns) : command.Fail(status);
  });
}

void AddCancelAndWatch(CLI::App& noun, Action& chosen) {
  CLI::App& cancel = AddVerb(noun, "cancel", "Ask a run to end at its next safe point; what it finished stays finished",
                             "cdi runs cancel shop/r1");
  auto name = std::make_shared<std::string>();
  AddName(cancel, *name, "RUN", kNameHelp);
  OnChosen(cancel, chosen, [name](Command& command) {
    v1::CancelRunRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), RunName(*name));
    return command.CallAndAnswer(&Stub::CancelRun, request, [](Console& console, const v1::Run& run) {
      console.out << "cancel of " << ShortName(run.name()) << " asked for; it is " << v1::Run::State_Name(run.state())
                  << std::endl;
    });
  });
  CLI::App& watch = AddVerb(noun, "watch",
                            "Follow a run to its end, which decides the exit code. Ctrl-C detaches, it does not cancel",
                            "cdi runs watch shop/r1\n"
                            "cdi runs watch shop/r1 --json | jq -c .counters");
  auto watched = std::make_shared<std::string>();
  AddName(watch, *watched, "RUN", kNameHelp);
  OnChosen(watch, chosen, [watched](Command& command) {
    CDI_CLI_ASSIGN_OR_USAGE(command, const std::string run_name, RunName(*watched));
    const Surroundings& surroundings = command.surroundings();
    if (surroundings.on_follow) surroundings.on_follow();
    return FollowRun(command.client(), command.console(), surroundings.clock, surroundings.interrupted, run_name,
                     {.output = command.json() ? FollowOptions::Output::kJsonLines : FollowOptions::Output::kPeople,
                      .reconnect_pause = surroundings.reconnect_pause});
  });
}

struct DeadRowsOptions {
  std::string parent;
  bool held = false;
  bool dead = false;
  bool all = false;
  int limit = 0;
};

void AddDeadRows(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "dead-rows", "List rows that were refused (dead) or of which nobody knows (held)",
                           "cdi runs dead-rows shop/r1\n"
                           "cdi runs dead-rows shop --held\n"
                           "cdi runs dead-rows shop --dead --json | jq -r '.dead_rows[].reason' | sort | uniq -c");
  auto options = std::make_shared<DeadRowsOptions>();
  AddName(verb, options->parent, "SYNC_OR_RUN", kParentHelp);
  CLI::Option* held = verb.add_flag("--held", options->held, "Only held rows");
  verb.add_flag("--dead", options->dead, "Only dead rows")->excludes(held);
  verb.add_flag("--all", options->all, "Rows already delivered or discarded too");
  verb.add_option("--limit", options->limit, "About so many of the oldest; all pages without it")
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  OnChosen(verb, chosen, [options](Command& command) {
    v1::ListDeadRowsRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_parent(), DeadRowParent(options->parent));
    if (options->held) request.set_filter(v1::ListDeadRowsRequest::HELD);
    if (options->dead) request.set_filter(v1::ListDeadRowsRequest::DEAD);
    request.set_include_settled(options->all);
    v1::ListDeadRowsResponse all;
    const grpc::Status status = command.client().CallPaged<Stub, v1::ListDeadRowsRequest, v1::ListDeadRowsResponse>(
        &Stub::ListDeadRows, request, &all, options->limit,
        [](const v1::ListDeadRowsResponse& response) { return response.dead_rows_size(); });
    return status.ok() ? command.Answer(all, ShowDeadRows) : command.Fail(status);
  });
}

struct SettleOptions {
  std::string parent;
  std::vector<int64_t> ids;
  std::string reason;
  std::string request_id;
  bool force = false;
};

template <class Request>
absl::Status FillSettling(const SettleOptions& options, Request& request) {
  CDI_ASSIGN_OR_RETURN(*request.mutable_parent(), DeadRowParent(options.parent));
  request.mutable_ids()->Add(options.ids.begin(), options.ids.end());
  return absl::OkStatus();
}

std::shared_ptr<SettleOptions> AddSettleFlags(CLI::App& verb, bool needs_reason, bool starts_run) {
  auto options = std::make_shared<SettleOptions>();
  AddName(verb, options->parent, "SYNC_OR_RUN", kParentHelp);
  verb.add_option("IDS", options->ids, kIdsHelp)->type_name("");
  if (needs_reason) verb.add_option("--reason", options->reason, "Why; kept on record")->required();
  if (starts_run) verb.add_option("--request-id", options->request_id, "The same id within 24 h gets the same run");
  return options;
}

void ShowStarted(Console& console, const v1::Run& run) {
  console.out << "started run " << ShortName(run.name()) << "; follow it: cdi runs watch " << ShortName(run.name())
              << std::endl;
}

void AddReplay(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "replay", "Send dead rows again, as a run of its own",
                           "cdi runs replay shop/r1\n"
                           "cdi runs replay shop 17 18 19 --force");
  const auto options = AddSettleFlags(verb, false, true);
  verb.add_flag("--force", options->force, "Send rows too whose user had a later accepted row");
  OnChosen(verb, chosen, [options](Command& command) {
    v1::ReplayDeadRowsRequest request;
    if (const absl::Status fault = FillSettling(*options, request); !fault.ok()) return command.FailUsage(fault);
    request.set_force(options->force);
    request.set_request_id(options->request_id);
    return command.CallAndAnswer(&Stub::ReplayDeadRows, request, ShowStarted);
  });
}

void AddReleaseAndDiscard(CLI::App& noun, Action& chosen) {
  CLI::App& release = AddVerb(noun, "release", "Send held rows: you decided that Braze does not have them",
                              "cdi runs release shop/r1 --reason \"Braze support confirmed that they are missing\"\n"
                              "cdi runs release shop 17 18 --reason \"checked by hand\"");
  const auto released = AddSettleFlags(release, true, true);
  OnChosen(release, chosen, [released](Command& command) {
    v1::ReleaseHeldRowsRequest request;
    if (const absl::Status fault = FillSettling(*released, request); !fault.ok()) return command.FailUsage(fault);
    request.set_reason(released->reason);
    request.set_request_id(released->request_id);
    return command.CallAndAnswer(&Stub::ReleaseHeldRows, request, ShowStarted);
  });
  CLI::App& discard = AddVerb(noun, "discard", "Give held rows up: you decided that Braze has them",
                              "cdi runs discard shop/r1 --reason \"seen in the user's profile\"");
  const auto discarded = AddSettleFlags(discard, true, false);
  OnChosen(discard, chosen, [discarded](Command& command) {
    v1::DiscardHeldRowsRequest request;
    if (const absl::Status fault = FillSettling(*discarded, request); !fault.ok()) return command.FailUsage(fault);
    request.set_reason(discarded->reason);
    return command.CallAndAnswer(
        &Stub::DiscardHeldRows, request, [](Console& console, const v1::DiscardHeldRowsResponse& answer) {
          console.out << "discarded " << CountOf(answer.discarded(), "row", "rows") << std::endl;
        });
  });
}

}  // namespace

void AddRunCommands(CLI::App& root, Action& chosen) {
  CLI::App& noun = AddNoun(root, "runs", "Executions of a sync, and the rows that did not get through",
                           "cdi runs list shop\n"
                           "cdi runs watch shop/r1\n"
                           "cdi runs dead-rows shop/r1");
  AddReading(noun, chosen);
  AddCancelAndWatch(noun, chosen);
  AddDeadRows(noun, chosen);
  AddReplay(noun, chosen);
  AddReleaseAndDiscard(noun, chosen);
}

}  // namespace cdi::cli
