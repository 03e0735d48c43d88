#include <CLI/CLI.hpp>
#include <thread>

#include "cli/command.h"
#include "cli/concat.h"
#include "cli/names.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::RotationService::Stub;

constexpr char kNameHelp[] = "Rotation: main/r1, or connections/main/rotations/r1";
constexpr char kConnectionHelp[] = "Snowflake connection: main, or connections/main";
constexpr char kWaitHelp[] =
    "Wait until logins use the new key, or it has ended, or somebody has to decide (or, if automatic, to act)";
// Between two looks: this often the pause before a lost connection is opened again.
constexpr int kPausesPerLook = 3;

// An automatic one that could not run its statement: nobody may be there to run it.
bool FellBack(const v1::Rotation& rotation) {
  return rotation.mode() != v1::Rotation::ASSISTED && rotation.next_actor() == v1::Rotation::ADMINISTRATOR;
}

// Nothing more to wait for.
bool IsSettled(const v1::Rotation& rotation) {
  if (FellBack(rotation)) return true;
  const v1::Rotation::Step step = rotation.step();
  const bool in_use = step == v1::Rotation::DRAINING || step == v1::Rotation::UNSETTING || step == v1::Rotation::UNSET;
  return in_use || rotation.next_actor() == v1::Rotation::NOBODY || rotation.next_actor() == v1::Rotation::OPERATOR;
}

int CodeOf(const v1::Rotation& rotation) {
  const bool bad = rotation.step() == v1::Rotation::FAILED || rotation.step() == v1::Rotation::ROLLED_BACK ||
                   rotation.next_actor() == v1::Rotation::OPERATOR || FellBack(rotation);
  return bad ? kRunFailed : kOk;
}

// Sleeps in short naps; false when Ctrl-C ended it.
bool Pause(const Surroundings& surroundings) {
  for (int i = 0; i < kPausesPerLook && !surroundings.interrupted; ++i) {
    std::this_thread::sleep_for(surroundings.reconnect_pause);
  }
  return !surroundings.interrupted;
}

// Says every change of step or actor until the rotation is settled. Leaving never ends the rotation.
int Wait(Command& command, v1::Rotation rotation) {
  const Surroundings& surroundings = command.surroundings();
  if (surroundings.on_follow) surroundings.on_follow();
  if (!command.json()) ShowRotation(command.console(), rotation);
  v1::GetRotationRequest request;
  request.set_name(rotation.name());
  while (!IsSettled(rotation)) {
    if (!Pause(surroundings)) return kDetached;
    v1::Rotation now;
    if (const grpc::Status status = command.client().Call(&Stub::GetRotation, request, &now); !status.ok()) {
      return command.Fail(status);
    }
    const bool changed = now.step() != rotation.step() || now.next_actor() != rotation.next_actor();
    rotation = std::move(now);
    if (!changed || command.json()) continue;
    command.console().out << "\n";
    ShowRotation(command.console(), rotation);
  }
  if (command.json()) (void)command.Answer(rotation, ShowRotation);
  return CodeOf(rotation);
}

template <class Request>
int CallAndShow(Command& command, UnaryMethod<Stub, Request, v1::Rotation> method, const Request& request, bool wait) {
  if (!wait) return command.CallAndAnswer(method, request, ShowRotation);
  v1::Rotation rotation;
  const grpc::Status status = command.client().Call(method, request, &rotation);
  return status.ok() ? Wait(command, std::move(rotation)) : command.Fail(status);
}

struct RotateOptions {
  std::string connection;
  std::string key_pair;
  bool automatic = false;
  bool wait = false;
  v1::RotateKeyPairRequest request;
};

void AddRotate(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "rotate", "Exchange the key for a new one while syncs run",
                           "cdi keys rotate main --reason \"quarterly\"\n"
                           "cdi keys rotate main --automatic --wait\n"
                           "cdi keys rotate main --key-pair imported");
  auto options = std::make_shared<RotateOptions>();
  AddName(verb, options->connection, "CONNECTION", kConnectionHelp);
  v1::RotateKeyPairRequest& request = options->request;
  verb.add_flag("--automatic", options->automatic,
                "Let the service run the statements, where its role or the rotator connection may");
  verb.add_option("--reason", *request.mutable_reason(), "Why; kept in the receipt");
  verb.add_option("--key-pair", options->key_pair, "Rotate to this pair of the connection instead of a new one")
      ->type_name("ID");
  verb.add_option_function<int>(
          "--bits", [options](int bits) { options->request.set_key_bits(bits); },
          "Size of the new key: 2048, 3072 (default) or 4096")
      ->type_name("NUMBER");
  verb.add_option("--id", *request.mutable_rotation_id(), "Id of the rotation (r1, r2, … made by the server)");
  verb.add_option("--permit-overwrite", *request.mutable_permitted_fingerprint(),
                  "Fingerprint of the one key, not ours, that may be overwritten")
      ->type_name("FINGERPRINT");
  verb.add_flag_callback(
      "--end-drain", [options] { options->request.set_end_drain(true); },
      "End the drain of the rotation before this one");
  verb.add_flag("--wait", options->wait, kWaitHelp);
  verb.add_option("--request-id", *request.mutable_request_id(), "The same id gets the same rotation");
  OnChosen(verb, chosen, [options](Command& command) {
    v1::RotateKeyPairRequest& asked = options->request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *asked.mutable_connection(), ConnectionName(options->connection));
    asked.set_mode(options->automatic ? v1::Rotation::AUTOMATIC : v1::Rotation::ASSISTED);
    if (!options->key_pair.empty()) {
      const bool full = options->key_pair.find('/') != std::string::npos;
      CDI_CLI_ASSIGN_OR_USAGE(
          command, *asked.mutable_key_pair(),
          KeyPairName(full ? options->key_pair : Concat(ShortName(asked.connection()), "/", options->key_pair)));
    }
    return CallAndShow(command, &Stub::RotateKeyPair, asked, options->wait);
  });
}

void AddGoingOn(CLI::App& noun, Action& chosen) {
  CLI::App& resume = AddVerb(noun, "resume", "Look now: after the statement was run, or a cause was mended",
                             "cdi keys resume main/r1\ncdi keys resume main/r1 --wait");
  auto resumed = std::make_shared<std::string>();
  auto wait = std::make_shared<bool>(false);
  AddName(resume, *resumed, "ROTATION", kNameHelp);
  resume.add_flag("--wait", *wait, kWaitHelp);
  OnChosen(resume, chosen, [resumed, wait](Command& command) {
    v1::ContinueRotationRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), RotationName(*resumed));
    return CallAndShow(command, &Stub::ContinueRotation, request, *wait);
  });
  CLI::App& rollback = AddVerb(noun, "rollback", "Go back to the old key; possible until it is unset in Snowflake",
                               "cdi keys rollback main/r1 --reason \"wrong user\"");
  auto undone = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>();
  AddName(rollback, *undone, "ROTATION", kNameHelp);
  rollback.add_option("--reason", *reason, "Why; kept in the receipt")->required();
  OnChosen(rollback, chosen, [undone, reason](Command& command) {
    v1::RollBackRotationRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), RotationName(*undone));
    request.set_reason(*reason);
    return command.CallAndAnswer(&Stub::RollBackRotation, request, ShowRotation);
  });
  CLI::App& drain = AddVerb(noun, "end-drain", "Unset the old key as soon as no login can still need it",
                            "cdi keys end-drain main/r1");
  auto drained = std::make_shared<std::string>();
  AddName(drain, *drained, "ROTATION", kNameHelp);
  OnChosen(drain, chosen, [drained](Command& command) {
    v1::EndDrainRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), RotationName(*drained));
    return command.CallAndAnswer(&Stub::EndDrain, request, ShowRotation);
  });
  CLI::App& permit = AddVerb(noun, "permit-overwrite", "Let a rotation overwrite one key that is not ours",
                             "cdi keys permit-overwrite main/r1 --fingerprint SHA256:…");
  auto permitted = std::make_shared<std::string>();
  auto fingerprint = std::make_shared<std::string>();
  AddName(permit, *permitted, "ROTATION", kNameHelp);
  permit.add_option("--fingerprint", *fingerprint, "As DESC USER shows it: SHA256: and 44 characters")->required();
  OnChosen(permit, chosen, [permitted, fingerprint](Command& command) {
    v1::PermitOverwriteRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), RotationName(*permitted));
    request.set_fingerprint(*fingerprint);
    return command.CallAndAnswer(&Stub::PermitOverwrite, request, ShowRotation);
  });
}

void AddLooking(CLI::App& noun, Action& chosen) {
  CLI::App& status = AddVerb(noun, "status", "Show the keys here and in Snowflake, their age, and what to do next",
                             "cdi keys status main\ncdi keys status main --offline");
  auto asked = std::make_shared<std::string>();
  auto offline = std::make_shared<bool>(false);
  AddName(status, *asked, "CONNECTION", kConnectionHelp);
  status.add_flag("--offline", *offline, "Do not log in to Snowflake to look");
  OnChosen(status, chosen, [asked, offline](Command& command) {
    v1::GetKeyStatusRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_connection(), ConnectionName(*asked));
    request.set_offline(*offline);
    return command.CallAndAnswer(&Stub::GetKeyStatus, request, ShowKeyStatus);
  });
  CLI::App& list =
      AddVerb(noun, "rotations", "List the rotations of a connection, newest first", "cdi keys rotations main");
  auto connection = std::make_shared<std::string>();
  AddName(list, *connection, "CONNECTION", kConnectionHelp);
  OnChosen(list, chosen, [connection](Command& command) {
    v1::ListRotationsRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_connection(), ConnectionName(*connection));
    v1::ListRotationsResponse all;
    const grpc::Status answered = command.client().CallPaged<Stub, v1::ListRotationsRequest, v1::ListRotationsResponse>(
        &Stub::ListRotations, request, &all, 0, {});
    return answered.ok() ? command.Answer(all, ShowRotations) : command.Fail(answered);
  });
  CLI::App& receipt =
      AddVerb(noun, "receipt", "Print the receipt of a rotation: keys, times, who asked, proof of login",
              "cdi keys receipt main/r1\ncdi keys receipt main/r1 --json > r1.json");
  auto name = std::make_shared<std::string>();
  AddName(receipt, *name, "ROTATION", kNameHelp);
  OnChosen(receipt, chosen, [name](Command& command) {
    v1::GetRotationRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), RotationName(*name));
    return command.CallAndAnswer(&Stub::GetRotation, request, ShowReceipt);
  });
}

}  // namespace

void AddRotationVerbs(CLI::App& keys_noun, Action& chosen) {
  AddRotate(keys_noun, chosen);
  AddGoingOn(keys_noun, chosen);
  AddLooking(keys_noun, chosen);
}

}  // namespace cdi::cli
