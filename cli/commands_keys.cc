#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/concat.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::KeyPairService::Stub;

constexpr char kNameHelp[] = "Key pair: main/k1, or connections/main/keyPairs/k1";
constexpr char kStatementOnlyHelp[] = "Print nothing but the statement, to be piped into a SQL client";

// The statement alone on its own line, after what explains it: a triple click, or `tail -n 1`, copies it.
void ShowStatement(Console& console, std::string_view before, const std::string& statement) {
  if (!statement.empty()) console.out << before << "\n\n" << PrintableText(statement) << std::endl;
}

// For a file that is run as it is: where there is no statement, a comment says why.
void ShowStatementOnly(Console& console, const v1::KeyPair& key_pair, const std::string& statement) {
  console.out << PrintableText(statement.empty() ? Concat("-- ", key_pair.problem()) : statement) << std::endl;
}

struct GenerateOptions {
  std::string connection;
  std::string id;
  std::string slot;
  std::string request_id;
  int bits = 0;
  bool statement_only = false;
};

int Generate(Command& command, const GenerateOptions& options) {
  v1::GenerateKeyPairRequest request;
  CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_connection(), ConnectionName(options.connection));
  request.set_key_pair_id(options.id);
  request.set_key_bits(options.bits);
  request.set_request_id(options.request_id);
  if (!options.slot.empty()) {
    request.set_slot(options.slot == "1" ? v1::KeyPair::RSA_PUBLIC_KEY : v1::KeyPair::RSA_PUBLIC_KEY_2);
  }
  return command.CallAndAnswer(&Stub::GenerateKeyPair, request, [&](Console& console, const v1::KeyPair& made) {
    if (options.statement_only) {
      ShowStatementOnly(console, made, made.register_statement());
      return;
    }
    ShowKeyPair(console, made);
    const std::string test = Concat("\nRun this as an administrator of the user, then: cdi connections test ",
                                    ShortName(request.connection()));
    ShowStatement(console, test, made.register_statement());
  });
}

void AddGenerate(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "generate", "Make a key pair and show the statement that registers it in Snowflake",
                           "cdi keys generate main\n"
                           "cdi keys generate main --id k2 --slot 2 --bits 4096\n"
                           "cdi keys generate main --statement-only > register.sql");
  auto options = std::make_shared<GenerateOptions>();
  AddName(verb, options->connection, "CONNECTION", "Snowflake connection: main, or connections/main");
  verb.add_option("--id", options->id, "Id of the new key pair (made by the server)");
  verb.add_option("--bits", options->bits, "Size of the key: 2048, 3072 (default) or 4096")->type_name("NUMBER");
  verb.add_option("--slot", options->slot, "1 for RSA_PUBLIC_KEY, 2 for RSA_PUBLIC_KEY_2 (the free one)")
      ->check(CLI::IsMember({"1", "2"}))
      ->type_name("NUMBER");
  verb.add_flag("--statement-only", options->statement_only, kStatementOnlyHelp);
  verb.add_option("--request-id", options->request_id, "The same id within 24 h gets the same answer");
  OnChosen(verb, chosen, [options](Command& command) { return Generate(command, *options); });
}

void AddImport(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "import", "Take a key pair from a file in the server's key_import_dir",
                           "cdi keys import main --file rsa_key.p8\n"
                           "cdi keys import main --id k7 --file rsa_key.p8 --passphrase-file rsa_key.pass --slot 2");
  auto connection = std::make_shared<std::string>();
  auto slot = std::make_shared<std::string>();
  auto request = std::make_shared<v1::ImportKeyPairRequest>();
  AddName(verb, *connection, "CONNECTION", "Snowflake connection: main, or connections/main");
  verb.add_option("--file", *request->mutable_file(), "Name of the file there: PKCS#8 PEM, encrypted or not")
      ->required();
  verb.add_option("--passphrase-file", *request->mutable_passphrase_file(),
                  "Name of the file beside it with the passphrase of an encrypted key");
  verb.add_option("--id", *request->mutable_key_pair_id(), "Id of the key pair (made by the server)");
  verb.add_option("--slot", *slot, "Where its public half is or goes: 1 for RSA_PUBLIC_KEY, 2 for RSA_PUBLIC_KEY_2")
      ->check(CLI::IsMember({"1", "2"}))
      ->type_name("NUMBER");
  OnChosen(verb, chosen, [connection, slot, request](Command& command) {
    CDI_CLI_ASSIGN_OR_USAGE(command, *request->mutable_connection(), ConnectionName(*connection));
    if (!slot->empty()) {
      request->set_slot(*slot == "1" ? v1::KeyPair::RSA_PUBLIC_KEY : v1::KeyPair::RSA_PUBLIC_KEY_2);
    }
    return command.CallAndAnswer(&Stub::ImportKeyPair, *request, [](Console& console, const v1::KeyPair& made) {
      ShowKeyPair(console, made);
      const std::string name = ShortName(made.name());
      const std::string connection_id = name.substr(0, name.find('/'));
      console.out << "\nDelete the files now: the key is sealed in the server's state.\n"
                  << "Where it is the connection's first key: run the statement below unless Snowflake has it, then "
                  << PrintableText(Concat("cdi connections test ", connection_id)) << ".\n"
                  << "Else rotate to it: "
                  << PrintableText(
                         Concat("cdi keys rotate ", connection_id, " --key-pair ", name.substr(name.find('/') + 1)))
                  << "\n\n"
                  << PrintableText(made.register_statement()) << std::endl;
    });
  });
}

void AddReading(CLI::App& noun, Action& chosen) {
  CLI::App& get = AddVerb(noun, "get", "Show one key pair and the statement that registers it", "cdi keys get main/k1");
  auto name = std::make_shared<std::string>();
  auto statement_only = std::make_shared<bool>(false);
  AddName(get, *name, "KEY_PAIR", kNameHelp);
  get.add_flag("--statement-only", *statement_only, kStatementOnlyHelp);
  OnChosen(get, chosen, [name, statement_only](Command& command) {
    v1::GetKeyPairRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), KeyPairName(*name));
    return command.CallAndAnswer(&Stub::GetKeyPair, request, [&](Console& console, const v1::KeyPair& key_pair) {
      const bool revoked = key_pair.state() == v1::KeyPair::REVOKED;
      const std::string& statement = revoked ? key_pair.unregister_statement() : key_pair.register_statement();
      if (*statement_only) {
        ShowStatementOnly(console, key_pair, statement);
        return;
      }
      ShowKeyPair(console, key_pair);
      ShowStatement(console,
                    revoked ? "\nThis removes it from Snowflake:" : "\nThis registers it in Snowflake:", statement);
    });
  });
  CLI::App& list = AddVerb(noun, "list", "List the key pairs of a connection", "cdi keys list main");
  auto connection = std::make_shared<std::string>();
  AddName(list, *connection, "CONNECTION", "Connection: main, or connections/main");
  OnChosen(list, chosen, [connection](Command& command) {
    v1::ListKeyPairsRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_connection(), ConnectionName(*connection));
    v1::ListKeyPairsResponse all;
    const grpc::Status status = command.client().CallPaged<Stub, v1::ListKeyPairsRequest, v1::ListKeyPairsResponse>(
        &Stub::ListKeyPairs, request, &all, 0, {});
    return status.ok() ? command.Answer(all, ShowKeyPairs) : command.Fail(status);
  });
}

void AddEnding(CLI::App& noun, Action& chosen) {
  CLI::App& revoke = AddVerb(noun, "revoke", "Emergency: make a key pair unusable at once and destroy its private half",
                             "cdi keys revoke main/k1 --reason \"the disk was stolen\"");
  auto name = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>();
  auto statement_only = std::make_shared<bool>(false);
  AddName(revoke, *name, "KEY_PAIR", kNameHelp);
  revoke.add_option("--reason", *reason, "Why; kept on record")->required();
  revoke.add_flag("--statement-only", *statement_only, kStatementOnlyHelp);
  OnChosen(revoke, chosen, [name, reason, statement_only](Command& command) {
    v1::RevokeKeyPairRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), KeyPairName(*name));
    request.set_reason(*reason);
    return command.CallAndAnswer(&Stub::RevokeKeyPair, request, [&](Console& console, const v1::KeyPair& key_pair) {
      if (*statement_only) {
        console.out << PrintableText(key_pair.unregister_statement()) << std::endl;
        return;
      }
      ShowKeyPair(console, key_pair);
      if (!key_pair.rotation().empty()) {
        console.out << "\nIts rotation turns by itself: "
                    << PrintableText(Concat("cdi keys resume ", ShortName(key_pair.rotation()))) << std::endl;
      }
      ShowStatement(console,
                    "\nIt is unusable here now, and still valid in Snowflake until an administrator runs this:",
                    key_pair.unregister_statement());
    });
  });
  CLI::App& remove = AddVerb(noun, "delete", "Delete the record of a revoked key pair", "cdi keys delete main/k1");
  auto removed = std::make_shared<std::string>();
  AddName(remove, *removed, "KEY_PAIR", kNameHelp);
  OnChosen(remove, chosen, [removed](Command& command) {
    v1::DeleteKeyPairRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), KeyPairName(*removed));
    return command.CallAndSay(&Stub::DeleteKeyPair, request, Concat("deleted ", request.name()));
  });
}

}  // namespace

void AddKeyCommands(CLI::App& root, Action& chosen) {
  CLI::App& noun = AddNoun(root, "keys", "Key pairs of a Snowflake user; the private half never leaves the server",
                           "cdi keys generate main\n"
                           "cdi keys status main\n"
                           "cdi keys rotate main --automatic --wait\n"
                           "cdi keys revoke main/k1 --reason \"the disk was stolen\"");
  AddGenerate(noun, chosen);
  AddImport(noun, chosen);
  AddReading(noun, chosen);
  AddRotationVerbs(noun, chosen);
  AddEnding(noun, chosen);
}

}  // namespace cdi::cli
