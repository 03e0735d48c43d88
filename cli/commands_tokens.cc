#include <CLI/CLI.hpp>

#include "base/secret.h"
#include "cli/command.h"
#include "cli/concat.h"
#include "cli/names.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::AccessService::Stub;

constexpr char kNameHelp[] = "Token: ci, or tokens/ci";

struct CreateOptions {
  std::string id;
  std::string role;
  std::string display_name;
  std::vector<std::string> scopes;
  std::string expires_in;
  bool token_only = false;
};

int Create(Command& command, const CreateOptions& options) {
  v1::CreateTokenRequest request;
  request.set_token_id(options.id);
  v1::Token& token = *request.mutable_token();
  token.set_display_name(options.display_name);
  token.set_role(options.role == "admin" ? v1::ADMIN : options.role == "operator" ? v1::OPERATOR : v1::VIEWER);
  for (const std::string& scope : options.scopes) token.add_scopes(scope);
  if (!options.expires_in.empty()) {
    CDI_CLI_ASSIGN_OR_USAGE(command, const std::chrono::nanoseconds life, ParseDuration(options.expires_in));
    *token.mutable_expire_time() = ToProto(command.WallNow().Plus(life));
  }
  return command.CallAndAnswer(&Stub::CreateToken, request, [&](Console& console, v1::CreateTokenResponse made) {
    if (!options.token_only) {
      ShowToken(console, made.token());
      console.out << "\nThis is the only time it is shown; put it into a file of mode 0600 (--token-file):\n\n";
    }
    console.out << made.secret() << std::endl;
    WipeString(*made.mutable_secret());
  });
}

void AddCreate(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "create", "Make a token and show it, once",
                           "cdi tokens create ci --role operator --scope syncs/shop --expires-in 30d\n"
                           "(umask 077; cdi tokens create prometheus --role viewer --token-only > prometheus.token)");
  auto options = std::make_shared<CreateOptions>();
  verb.add_option("ID", options->id, "Id of the new token (made by the server)")->type_name("");
  verb.add_option("--role", options->role, "viewer, operator or admin")
      ->required()
      ->check(CLI::IsMember({"viewer", "operator", "admin"}))
      ->type_name("ROLE");
  verb.add_option("--scope", options->scopes, "Limit it to connections/ID, syncs/ID or workspaces/ID; may be repeated")
      ->type_name("RESOURCE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb.add_option("--expires-in", options->expires_in, "How long it lives, up to 3650d (90d)")->type_name("DURATION");
  verb.add_option("--display-name", options->display_name, "Who has it, what for; up to 200 characters");
  verb.add_flag("--token-only", options->token_only, "Print nothing but the token");
  OnChosen(verb, chosen, [options](Command& command) { return Create(command, *options); });
}

void AddReadingAndEnding(CLI::App& noun, Action& chosen) {
  CLI::App& list = AddVerb(noun, "list", "List all tokens, ended ones included", "cdi tokens list");
  OnChosen(list, chosen, [](Command& command) {
    v1::ListTokensResponse all;
    const grpc::Status status = command.client().CallPaged<Stub, v1::ListTokensRequest, v1::ListTokensResponse>(
        &Stub::ListTokens, {}, &all, 0, {});
    return status.ok() ? command.Answer(all, ShowTokens) : command.Fail(status);
  });
  CLI::App& get = AddVerb(noun, "get", "Show one token, without its secret", "cdi tokens get ci");
  auto name = std::make_shared<std::string>();
  AddName(get, *name, "TOKEN", kNameHelp);
  OnChosen(get, chosen, [name](Command& command) {
    v1::GetTokenRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), TokenName(*name));
    return command.CallAndAnswer(&Stub::GetToken, request, ShowToken);
  });
  CLI::App& revoke = AddVerb(noun, "revoke", "End a token at once, with the streams that it opened",
                             "cdi tokens revoke ci --reason \"left the team\"");
  auto revoked = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>();
  AddName(revoke, *revoked, "TOKEN", kNameHelp);
  revoke.add_option("--reason", *reason, "Why; kept on record")->required();
  OnChosen(revoke, chosen, [revoked, reason](Command& command) {
    v1::RevokeTokenRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), TokenName(*revoked));
    request.set_reason(*reason);
    return command.CallAndAnswer(&Stub::RevokeToken, request, ShowToken);
  });
}

}  // namespace

void AddTokenCommands(CLI::App& root, Action& chosen) {
  CLI::App& noun = AddNoun(root, "tokens", "Who may call the server, as what, for how long",
                           "cdi tokens create ci --role operator --scope syncs/shop\n"
                           "cdi tokens list\n"
                           "cdi tokens revoke ci --reason \"left the team\"");
  AddCreate(noun, chosen);
  AddReadingAndEnding(noun, chosen);
}

}  // namespace cdi::cli
