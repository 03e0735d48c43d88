#include <CLI/CLI.hpp>

#include "base/secret.h"
#include "cli/command.h"
#include "cli/concat.h"
#include "cli/field_flags.h"
#include "cli/names.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::WorkspaceService::Stub;

constexpr FieldFlag kFlags[] = {
    {.flag = "--endpoint", .path = "endpoint", .help = "REST endpoint, https://rest.iad-01.braze.com"},
    {.flag = "--display-name", .path = "display_name", .help = "For people, up to 200 characters"},
    {.flag = "--objects-per-request", .path = "limits.objects_per_request", .help = "Objects of one request (75)"},
    {.flag = "--body-bytes", .path = "limits.body_bytes", .help = "Bytes of one request body (3500000)"},
    {.flag = "--rate-requests", .path = "limits.rate_requests", .help = "Requests in --rate-window (970)"},
    {.flag = "--rate-window", .path = "limits.rate_window", .help = "Window of --rate-requests (1s)"},
    {.flag = "--requests-in-flight",
     .path = "limits.requests_in_flight",
     .help = "Requests in flight of one run (192)"},
};

constexpr char kNameHelp[] = "Workspace: eu, or workspaces/eu";

struct WriteOptions {
  std::string name;  // the id when creating
  std::string etag;
  std::string request_id;
  std::unique_ptr<FieldFlags> fields;
  std::unique_ptr<SecretFlags> api_key;
};

// Puts the API key into `workspace`; the caller wipes it after the call.
absl::Status ReadApiKey(Command& command, const WriteOptions& options, v1::Workspace& workspace) {
  CDI_ASSIGN_OR_RETURN(std::string key, options.api_key->Read(command.surroundings().environment));
  *workspace.mutable_api_key() = key;
  WipeString(key);
  return absl::OkStatus();
}

int Create(Command& command, const WriteOptions& options) {
  v1::CreateWorkspaceRequest request;
  request.set_workspace_id(options.name);
  request.set_request_id(options.request_id);
  v1::Workspace& workspace = *request.mutable_workspace();
  if (const absl::Status fault = options.fields->Apply(workspace, nullptr); !fault.ok())
    return command.FailUsage(fault);
  if (const absl::Status fault = ReadApiKey(command, options, workspace); !fault.ok()) return command.FailUsage(fault);
  const int code = command.CallAndAnswer(&Stub::CreateWorkspace, request, ShowWorkspace);
  WipeString(*workspace.mutable_api_key());
  return code;
}

int Update(Command& command, const WriteOptions& options) {
  v1::UpdateWorkspaceRequest request;
  v1::Workspace& workspace = *request.mutable_workspace();
  CDI_CLI_ASSIGN_OR_USAGE(command, *workspace.mutable_name(), WorkspaceName(options.name));
  workspace.set_etag(options.etag);
  request.set_request_id(options.request_id);
  std::vector<std::string> paths;
  if (const absl::Status fault = options.fields->Apply(workspace, &paths); !fault.ok()) return command.FailUsage(fault);
  if (options.api_key->given()) {
    if (const absl::Status fault = ReadApiKey(command, options, workspace); !fault.ok())
      return command.FailUsage(fault);
    paths.emplace_back("api_key");
  }
  if (paths.empty()) return command.FailUsage(NothingToUpdate());
  for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
  const int code = command.CallAndAnswer(&Stub::UpdateWorkspace, request, ShowWorkspace);
  WipeString(*workspace.mutable_api_key());
  return code;
}

void AddWriting(CLI::App& noun, Action& chosen) {
  CLI::App& create =
      AddVerb(noun, "create", "Create a workspace",
              "cdi workspaces create eu --endpoint https://rest.fra-01.braze.eu --api-key-file braze.key\n"
              "cdi workspaces create us --endpoint https://rest.iad-01.braze.com --api-key-env BRAZE_KEY");
  auto made = std::make_shared<WriteOptions>();
  create.add_option("ID", made->name, "Id of the new workspace (made by the server)")->type_name("");
  made->fields = std::make_unique<FieldFlags>(create, kFlags, *v1::Workspace::descriptor(), FieldFlags::Use::kCreate);
  made->api_key = std::make_unique<SecretFlags>(create, "api-key", "the REST API key (permission users.track)");
  create.add_option("--request-id", made->request_id, "The same id within 24 h gets the same answer");
  OnChosen(create, chosen, [made](Command& command) { return Create(command, *made); });

  CLI::App& update = AddVerb(noun, "update", "Change fields of a workspace; an empty value clears one",
                             "cdi workspaces update eu --api-key-file new.key\n"
                             "cdi workspaces update eu --rate-requests 500 --rate-window 1s");
  auto changed = std::make_shared<WriteOptions>();
  AddName(update, changed->name, "WORKSPACE", kNameHelp);
  changed->fields =
      std::make_unique<FieldFlags>(update, kFlags, *v1::Workspace::descriptor(), FieldFlags::Use::kUpdate);
  changed->api_key = std::make_unique<SecretFlags>(update, "api-key", "the new REST API key");
  update.add_option("--etag", changed->etag, "Refuse the change when the workspace changed since");
  update.add_option("--request-id", changed->request_id, "The same id within 24 h gets the same answer");
  OnChosen(update, chosen, [changed](Command& command) { return Update(command, *changed); });
}

void AddReading(CLI::App& noun, Action& chosen) {
  CLI::App& get = AddVerb(noun, "get", "Show one workspace", "cdi workspaces get eu");
  auto name = std::make_shared<std::string>();
  AddName(get, *name, "WORKSPACE", kNameHelp);
  OnChosen(get, chosen, [name](Command& command) {
    v1::GetWorkspaceRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), WorkspaceName(*name));
    return command.CallAndAnswer(&Stub::GetWorkspace, request, ShowWorkspace);
  });
  CLI::App& list = AddVerb(noun, "list", "List all workspaces", "cdi workspaces list");
  OnChosen(list, chosen, [](Command& command) {
    v1::ListWorkspacesResponse all;
    const grpc::Status status = command.client().CallPaged<Stub, v1::ListWorkspacesRequest, v1::ListWorkspacesResponse>(
        &Stub::ListWorkspaces, {}, &all, 0, {});
    return status.ok() ? command.Answer(all, ShowWorkspaces) : command.Fail(status);
  });
}

void AddDeleteAndTest(CLI::App& noun, Action& chosen) {
  CLI::App& remove = AddVerb(noun, "delete", "Delete a workspace and its API key; refused while a sync uses it",
                             "cdi workspaces delete eu");
  auto removed = std::make_shared<std::string>();
  auto etag = std::make_shared<std::string>();
  AddName(remove, *removed, "WORKSPACE", kNameHelp);
  remove.add_option("--etag", *etag, "Refuse when the workspace changed since");
  OnChosen(remove, chosen, [removed, etag](Command& command) {
    v1::DeleteWorkspaceRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), WorkspaceName(*removed));
    request.set_etag(*etag);
    return command.CallAndSay(&Stub::DeleteWorkspace, request, Concat("deleted ", request.name()));
  });
  CLI::App& test =
      AddVerb(noun, "test", "Prove endpoint and API key with a request that changes nothing", "cdi workspaces test eu");
  auto tested = std::make_shared<std::string>();
  AddName(test, *tested, "WORKSPACE", kNameHelp);
  OnChosen(test, chosen, [tested](Command& command) {
    v1::TestWorkspaceRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), WorkspaceName(*tested));
    return command.CallTest(&Stub::TestWorkspace, request, ShowWorkspaceTest);
  });
}

}  // namespace

void AddWorkspaceCommands(CLI::App& root, Action& chosen) {
  CLI::App& noun = AddNoun(root, "workspaces", "Braze workspaces that rows are delivered to",
                           "cdi workspaces create eu --endpoint https://rest.fra-01.braze.eu --api-key-file braze.key\n"
                           "cdi workspaces test eu\n"
                           "cdi workspaces list");
  AddWriting(noun, chosen);
  AddReading(noun, chosen);
  AddDeleteAndTest(noun, chosen);
}

}  // namespace cdi::cli
