#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/concat.h"
#include "cli/field_flags.h"
#include "cli/follow.h"
#include "cli/names.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::SyncService::Stub;

constexpr FieldFlag kFlags[] = {
    {.flag = "--display-name", .path = "display_name", .help = "For people, up to 200 characters"},
    {.flag = "--connection", .path = "connection", .help = "Connection to read from", .expand = ConnectionName},
    {.flag = "--workspace", .path = "workspace", .help = "Workspace to deliver to", .expand = WorkspaceName},
    {.flag = "--data-type", .path = "data_type", .help = "What the rows are", .immutable = true},
    {.flag = "--database", .path = "database", .help = "Database of the table"},
    {.flag = "--schema", .path = "schema", .help = "Schema of the table"},
    {.flag = "--table", .path = "table", .help = "Table, view or materialised view"},
    {.flag = "--cursor-column", .path = "cursor_column", .help = "Column that orders the rows (UPDATED_AT)"},
    {.flag = "--role", .path = "role", .help = "Overrides the connection's role"},
    {.flag = "--warehouse", .path = "warehouse", .help = "Overrides the connection's warehouse"},
    {.flag = "--every-minutes",
     .path = "schedule.every_minutes",
     .help = "Minutes between runs, 1 to 43200; 0: manual only (default)"},
    {.flag = "--commit-lag", .path = "commit_lag", .help = "Leave rows newer than this to a later run (60s)"},
    {.flag = "--update-existing-only",
     .path = "update_existing_only",
     .help = "Update only users that Braze knows already"},
    {.flag = "--on-ambiguous",
     .path = "on_ambiguous",
     .help = "Requests of which nobody knows whether Braze took them"},
    {.flag = "--start-from", .path = "start_from", .help = "First cursor value to send (every row)", .immutable = true},
    {.flag = "--strip-identifiers",
     .path = "strip_identifiers",
     .help = "Drop identifier keys inside payloads, not such rows"},
    {.flag = "--reject-ratio-max",
     .path = "reject_ratio_max",
     .help = "Stop a run above this part of refused rows (0.2)"},
};

constexpr char kNameHelp[] = "Sync: shop, or syncs/shop";

struct WriteOptions {
  std::string name;  // the id when creating
  std::string etag;
  std::string request_id;
  std::unique_ptr<FieldFlags> fields;
};

void AddCreate(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "create", "Create a sync as DRAFT; it may be incomplete",
                           "cdi syncs create shop --connection main --workspace eu --data-type user-attributes \\\n"
                           "    --database CDI --schema PUBLIC --table USERS --every-minutes 15\n"
                           "cdi syncs create orders --connection main --workspace eu --data-type purchases \\\n"
                           "    --database CDI --schema PUBLIC --table ORDERS --start-from 2026-01-01T00:00:00Z");
  auto options = std::make_shared<WriteOptions>();
  verb.add_option("ID", options->name, "Id of the new sync (made by the server)")->type_name("");
  options->fields = std::make_unique<FieldFlags>(verb, kFlags, *v1::Sync::descriptor(), FieldFlags::Use::kCreate);
  verb.add_option("--request-id", options->request_id, "The same id within 24 h gets the same answer");
  OnChosen(verb, chosen, [options](Command& command) {
    v1::CreateSyncRequest request;
    request.set_sync_id(options->name);
    request.set_request_id(options->request_id);
    if (const absl::Status fault = options->fields->Apply(*request.mutable_sync(), nullptr); !fault.ok()) {
      return command.FailUsage(fault);
    }
    return command.CallAndAnswer(&Stub::CreateSync, request, [](Console& console, const v1::Sync& made) {
      ShowSync(console, made);
      console.out << "\nnext: cdi syncs test " << ShortName(made.name()) << std::endl;
    });
  });
}

void AddUpdate(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "update", "Change fields of a sync; an empty value clears one",
                           "cdi syncs update shop --every-minutes 5\n"
                           "cdi syncs pause shop && cdi syncs update shop --table USERS_V2 && cdi syncs test shop");
  auto options = std::make_shared<WriteOptions>();
  AddName(verb, options->name, "SYNC", kNameHelp);
  options->fields = std::make_unique<FieldFlags>(verb, kFlags, *v1::Sync::descriptor(), FieldFlags::Use::kUpdate);
  verb.add_option("--etag", options->etag, "Refuse the change when the sync changed since");
  verb.add_option("--request-id", options->request_id, "The same id within 24 h gets the same answer");
  OnChosen(verb, chosen, [options](Command& command) {
    v1::UpdateSyncRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_sync()->mutable_name(), SyncName(options->name));
    request.mutable_sync()->set_etag(options->etag);
    request.set_request_id(options->request_id);
    std::vector<std::string> paths;
    if (const absl::Status fault = options->fields->Apply(*request.mutable_sync(), &paths); !fault.ok()) {
      return command.FailUsage(fault);
    }
    if (paths.empty()) return command.FailUsage(NothingToUpdate());
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    return command.CallAndAnswer(&Stub::UpdateSync, request, ShowSync);
  });
}

void AddReading(CLI::App& noun, Action& chosen) {
  CLI::App& get =
      AddVerb(noun, "get", "Show one sync", "cdi syncs get shop\ncdi syncs get shop --json | jq -r .watermark");
  auto name = std::make_shared<std::string>();
  AddName(get, *name, "SYNC", kNameHelp);
  OnChosen(get, chosen, [name](Command& command) {
    v1::GetSyncRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), SyncName(*name));
    return command.CallAndAnswer(&Stub::GetSync, request, ShowSync);
  });
  CLI::App& list = AddVerb(noun, "list", "List all syncs", "cdi syncs list");
  OnChosen(list, chosen, [](Command& command) {
    v1::ListSyncsResponse all;
    const grpc::Status status = command.client().CallPaged<Stub, v1::ListSyncsRequest, v1::ListSyncsResponse>(
        &Stub::ListSyncs, {}, &all, 0, {});
    return status.ok() ? command.Answer(all, ShowSyncs) : command.Fail(status);
  });
}

void AddDelete(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "delete", "Delete a sync; refused while it runs unless --force",
                           "cdi syncs delete shop\ncdi syncs delete shop --force");
  auto name = std::make_shared<std::string>();
  auto request = std::make_shared<v1::DeleteSyncRequest>();
  auto force = std::make_shared<bool>(false);
  AddName(verb, *name, "SYNC", kNameHelp);
  verb.add_flag("--force", *force, "Cancel an active run and delete all the same");
  verb.add_option("--etag", *request->mutable_etag(), "Refuse when the sync changed since");
  OnChosen(verb, chosen, [name, request, force](Command& command) {
    CDI_CLI_ASSIGN_OR_USAGE(command, *request->mutable_name(), SyncName(*name));
    request->set_force(*force);
    return command.CallAndSay(&Stub::DeleteSync, *request, Concat("deleted ", request->name()));
  });
}

void AddTestAndPreview(CLI::App& noun, Action& chosen) {
  CLI::App& test = AddVerb(noun, "test", "Check connection, table and workspace, and show the newest rows",
                           "cdi syncs test shop\ncdi syncs test shop --rows 20");
  auto name = std::make_shared<std::string>();
  auto rows = std::make_shared<int>(0);
  AddName(test, *name, "SYNC", kNameHelp);
  test.add_option("--rows", *rows, "Rows of the preview, 1 to 100 (10)")->type_name("NUMBER");
  OnChosen(test, chosen, [name, rows](Command& command) {
    v1::TestSyncRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), SyncName(*name));
    request.set_row_limit(*rows);
    return command.CallTest(&Stub::TestSync, request, [&](Console& console, const v1::TestSyncResponse& result) {
      ShowSyncTest(console, result);
      if (result.passed()) console.out << "next: cdi syncs activate " << ShortName(request.name()) << std::endl;
    });
  });
  CLI::App& preview =
      AddVerb(noun, "preview", "Show the newest rows as the sync would read them", "cdi syncs preview shop --rows 5");
  auto of = std::make_shared<std::string>();
  auto count = std::make_shared<int>(0);
  AddName(preview, *of, "SYNC", kNameHelp);
  preview.add_option("--rows", *count, "Rows, 1 to 100 (10)")->type_name("NUMBER");
  OnChosen(preview, chosen, [of, count](Command& command) {
    v1::PreviewSyncRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), SyncName(*of));
    request.set_row_limit(*count);
    return command.CallAndAnswer(
        &Stub::PreviewSync, request,
        [](Console& console, const v1::PreviewSyncResponse& answer) { ShowPreview(console, answer.preview()); });
  });
}

// activate and pause differ in the method only.
template <class Request>
void AddSwitch(CLI::App& verb, Action& chosen, UnaryMethod<Stub, Request, v1::Sync> method, std::string done) {
  auto name = std::make_shared<std::string>();
  auto etag = std::make_shared<std::string>();
  AddName(verb, *name, "SYNC", kNameHelp);
  verb.add_option("--etag", *etag, "Refuse when the sync changed since");
  OnChosen(verb, chosen, [name, etag, method, done = std::move(done)](Command& command) {
    Request request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), SyncName(*name));
    request.set_etag(*etag);
    return command.CallAndAnswer(method, request, [&](Console& console, const v1::Sync& sync) {
      console.out << ShortName(sync.name()) << " " << done;
      if (sync.has_next_run_time()) console.out << "; next run " << FormatTime(FromProto(sync.next_run_time()));
      console.out << std::endl;
    });
  });
}

struct RunOptions {
  std::string name;
  std::string commit_lag;
  std::string request_id;
  bool follow = false;
};

int Run(Command& command, const RunOptions& options) {
  v1::RunSyncRequest request;
  CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), SyncName(options.name));
  if (!options.commit_lag.empty()) {
    CDI_CLI_ASSIGN_OR_USAGE(command, const std::chrono::nanoseconds lag, ParseDuration(options.commit_lag));
    *request.mutable_commit_lag() = ToProto(lag);
  }
  request.set_request_id(options.request_id);
  const auto show_started = [&](Console& console, const v1::Run& started) {
    console.out << "started run " << ShortName(started.name());
    if (!options.follow) console.out << "; follow it: cdi runs watch " << ShortName(started.name());
    console.out << std::endl;
  };
  if (!options.follow) return command.CallAndAnswer(&Stub::RunSync, request, show_started);

  v1::Run started;
  const grpc::Status status = command.client().Call(&Stub::RunSync, request, &started);
  if (!status.ok()) return command.Fail(status);
  if (!command.json()) show_started(command.console(), started);
  const Surroundings& surroundings = command.surroundings();
  if (surroundings.on_follow) surroundings.on_follow();
  return FollowRun(command.client(), command.console(), surroundings.clock, surroundings.interrupted, started.name(),
                   {.output = command.json() ? FollowOptions::Output::kJsonEnd : FollowOptions::Output::kPeople,
                    .started_here = true,
                    .reconnect_pause = surroundings.reconnect_pause});
}

void AddRun(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "run", "Start a run now; the schedule is not shifted",
                           "cdi syncs run shop\n"
                           "cdi syncs run shop --follow\n"
                           "cdi syncs run shop --follow --commit-lag 0s --json | jq .counters");
  auto options = std::make_shared<RunOptions>();
  AddName(verb, options->name, "SYNC", kNameHelp);
  verb.add_flag("--follow", options->follow,
                "Show progress until the run ends; its end decides the exit code. Ctrl-C detaches, it does not cancel");
  verb.add_option("--commit-lag", options->commit_lag, "Replaces the sync's commit lag for this run, 0s to 1h")
      ->type_name("DURATION");
  verb.add_option("--request-id", options->request_id, "The same id within 24 h gets the same run");
  OnChosen(verb, chosen, [options](Command& command) { return Run(command, *options); });
}

void AddRewind(CLI::App& noun, Action& chosen) {
  CLI::App& verb =
      AddVerb(noun, "rewind", "Set the watermark, back or forth; going back sends rows again",
              "cdi syncs rewind shop --to 2026-11-01T00:00:00Z --reason \"attribute was wrong since November\"\n"
              "cdi syncs rewind shop --to beginning --reason \"new workspace\"");
  auto name = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>();
  AddName(verb, *name, "SYNC", kNameHelp);
  verb.add_option("--to", *to, "The new watermark (rows at exactly this time are sent too), or `beginning`")
      ->required()
      ->type_name("TIME");
  verb.add_option("--reason", *reason, "Why; kept on record")->required();
  OnChosen(verb, chosen, [name, to, reason](Command& command) {
    v1::RewindSyncRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), SyncName(*name));
    if (*to != "beginning") {
      CDI_CLI_ASSIGN_OR_USAGE(command, const Timestamp time, ParseTime(*to));
      *request.mutable_to() = ToProto(time);
    }
    request.set_reason(*reason);
    return command.CallAndAnswer(&Stub::RewindSync, request, [](Console& console, const v1::Sync& sync) {
      console.out << ShortName(sync.name()) << " now has the watermark "
                  << (sync.has_watermark() ? FormatTime(FromProto(sync.watermark())) : "(the beginning)") << std::endl;
    });
  });
}

}  // namespace

void AddSyncCommands(CLI::App& root, Action& chosen) {
  CLI::App& noun = AddNoun(root, "syncs", "Tables sent to Braze on a schedule",
                           "cdi syncs test shop\n"
                           "cdi syncs activate shop\n"
                           "cdi syncs run shop --follow\n"
                           "cdi syncs list");
  AddCreate(noun, chosen);
  AddReading(noun, chosen);
  AddUpdate(noun, chosen);
  AddDelete(noun, chosen);
  AddTestAndPreview(noun, chosen);
  AddSwitch(AddVerb(noun, "activate", "Let a tested sync run on its schedule and on demand", "cdi syncs activate shop"),
            chosen, &Stub::ActivateSync, "is active");
  AddSwitch(AddVerb(noun, "pause", "Stop a sync; a run in progress is cancelled at its next safe point",
                    "cdi syncs pause shop"),
            chosen, &Stub::PauseSync, "is paused");
  AddRun(noun, chosen);
  AddRewind(noun, chosen);
}

}  // namespace cdi::cli
