// `cdi keys …` against a fake server: what is asked, what is printed, how it ends.
#include <google/protobuf/empty.pb.h>
#include <gtest/gtest.h>

#include "cdi/v1/key_pair.pb.h"
#include "cdi/v1/rotation.pb.h"
#include "cli/golden_testing.h"

namespace cdi::cli {
namespace {

constexpr char kKeyPair[] = R"pb(name: "connections/main/keyPairs/k1"
                                 slot: RSA_PUBLIC_KEY
                                 state: GENERATED
                                 key_bits: 3072
                                 fingerprint: "SHA256:abc="
                                 public_key: "MIIB"
                                 register_statement: "ALTER USER \"U\" SET RSA_PUBLIC_KEY='MIIB';"
                                 unregister_statement: "ALTER USER \"U\" UNSET RSA_PUBLIC_KEY;"
                                 create_time { seconds: 86400 })pb";
constexpr char kOpenRotation[] =
    R"pb(name: "connections/main/rotations/r1"
         mode: AUTOMATIC
         step: REGISTERING
         user: "U"
         old_key { key_pair: "connections/main/keyPairs/k1" fingerprint: "SHA256:abc=" slot: RSA_PUBLIC_KEY }
         new_key { key_pair: "connections/main/keyPairs/k-r1" fingerprint: "SHA256:def=" slot: RSA_PUBLIC_KEY_2 }
         key_bits: 3072
         requested_by: "tokens/ops"
         reason: "quarterly"
         step_times {
           step: PLANNED
           time { seconds: 86400 }
         }
         step_times {
           step: GENERATED
           time { seconds: 86401 }
         }
         step_times {
           step: REGISTERING
           time { seconds: 86401 }
         }
         fallback: "role R of user U may not change user U"
         next_actor: ADMINISTRATOR
         next_statement: "ALTER USER U SET RSA_PUBLIC_KEY_2='MIIC'"
         next_time { seconds: 86431 })pb";
constexpr char kForeignRotation[] =
    R"pb(name: "connections/main/rotations/r1"
         step: PLANNED
         old_key { key_pair: "connections/main/keyPairs/k1" fingerprint: "SHA256:abc=" slot: RSA_PUBLIC_KEY }
         new_key { key_pair: "connections/main/keyPairs/k-r1" slot: RSA_PUBLIC_KEY_2 }
         seen { first: "SHA256:abc=" second: "SHA256:xyz=" }
         problem {
           reason: "ROTATION_SLOT_FOREIGN"
           message: "RSA_PUBLIC_KEY_2 of U holds a key that is not ours: SHA256:xyz="
           fix: "find out whose it is"
           count: 3
           time { seconds: 86400 }
         }
         next_actor: OPERATOR)pb";
constexpr char kPendingRotation[] =
    R"pb(name: "connections/main/rotations/r1"
         step: RESTORING
         old_key { key_pair: "connections/main/keyPairs/k1" }
         new_key { key_pair: "connections/main/keyPairs/k-r1" }
         problem { reason: "ROTATION_STATEMENT_PENDING" message: "the answer was lost" count: 1 }
         next_actor: SERVICE
         next_time { seconds: 172800 })pb";

std::string ByHand(std::string rotation) {
  constexpr std::string_view kAutomatic = "AUTOMATIC";
  return rotation.replace(rotation.find(kAutomatic), kAutomatic.size(), "ASSISTED");
}

constexpr char kDrainingRotation[] =
    R"pb(name: "connections/main/rotations/r1"
         step: DRAINING
         old_key { key_pair: "connections/main/keyPairs/k1" }
         new_key { key_pair: "connections/main/keyPairs/k-r1" }
         drain_until { seconds: 172800 }
         next_actor: SERVICE)pb";
constexpr char kReceipt[] =
    R"pb(name: "connections/main/rotations/r1"
         mode: AUTOMATIC
         step: DONE
         user: "U"
         old_key { key_pair: "connections/main/keyPairs/k1" fingerprint: "SHA256:abc=" slot: RSA_PUBLIC_KEY }
         new_key { key_pair: "connections/main/keyPairs/k-r1" fingerprint: "SHA256:def=" slot: RSA_PUBLIC_KEY_2 }
         requested_by: "tokens/ops"
         reason: "quarterly"
         step_times {
           step: PLANNED
           time { seconds: 86400 }
         }
         step_times {
           step: DONE
           time { seconds: 172801 }
         }
         proof {
           time { seconds: 86402 }
           text: "user U, session 17"
         }
         set_by: "connections/main"
         unset_by: "administrator"
         next_actor: NOBODY)pb";
constexpr char kKeyStatus[] =
    R"pb(connection: "connections/main"
         user: "U"
         slots {
           slot: RSA_PUBLIC_KEY
           key_pair: "connections/main/keyPairs/k1"
           state: ACTIVE
           fingerprint_here: "SHA256:abc="
           fingerprint_there: "SHA256:abc="
           verdict: MATCHES
           age { seconds: 8640000 }
         }
         slots { slot: RSA_PUBLIC_KEY_2 fingerprint_there: "SHA256:xyz=" verdict: FOREIGN }
         login_order: "connections/main/keyPairs/k1"
         age { seconds: 8640000 }
         overdue: true
         looked: true
         advice: "find out whose key stands in RSA_PUBLIC_KEY_2")pb";
std::vector<Case> Cases() {
  return {
      {"keys_generate",
       {"keys", "generate", "main", "--slot", "2", "--bits", "3072"},
       {Answer<v1::KeyPair>("KeyPairService/GenerateKeyPair", kKeyPair)}},
      {"keys_generate_statement_only",
       {"keys", "generate", "main", "--statement-only"},
       {Answer<v1::KeyPair>("KeyPairService/GenerateKeyPair", kKeyPair)}},
      {"keys_get", {"keys", "get", "main/k1"}, {Answer<v1::KeyPair>("KeyPairService/GetKeyPair", kKeyPair)}},
      {"keys_list",
       {"keys", "list", "main"},
       {Answer<v1::ListKeyPairsResponse>("KeyPairService/ListKeyPairs", std::string("key_pairs {") + kKeyPair + "}")}},
      {"keys_revoke",
       {"keys", "revoke", "main/k1", "--reason", "replaced"},
       {Answer<v1::KeyPair>("KeyPairService/RevokeKeyPair", kKeyPair)}},
      {"keys_delete",
       {"keys", "delete", "main/k1"},
       {Answer<google::protobuf::Empty>("KeyPairService/DeleteKeyPair", "")}},
      {"keys_import",
       {"keys", "import", "main", "--file", "rsa.p8", "--passphrase-file", "rsa.pass", "--id", "k1"},
       {Answer<v1::KeyPair>("KeyPairService/ImportKeyPair", kKeyPair)}},
      {"keys_rotate_by_hand",
       {"keys", "rotate", "main", "--reason", "quarterly"},
       {Answer<v1::Rotation>("RotationService/RotateKeyPair", kOpenRotation)}},
      {"keys_rotate_automatic_without_a_grant_does_not_wait_for_nobody",
       {"keys", "rotate", "main", "--automatic", "--end-drain", "--bits", "2048", "--wait"},
       {Answer<v1::Rotation>("RotationService/RotateKeyPair", kOpenRotation)},
       kRunFailed},
      {"keys_rotate_and_wait",
       {"keys", "rotate", "main", "--wait"},
       {Answer<v1::Rotation>("RotationService/RotateKeyPair", ByHand(kOpenRotation)),
        Answer<v1::Rotation>("RotationService/GetRotation", ByHand(kOpenRotation)),
        Answer<v1::Rotation>("RotationService/GetRotation", kDrainingRotation)}},
      {"keys_rotate_to_a_pair_over_a_foreign_key",
       {"keys", "rotate", "main", "--key-pair", "k7", "--wait"},
       {Answer<v1::Rotation>("RotationService/RotateKeyPair", kForeignRotation)},
       kRunFailed},
      {"keys_resume_while_a_statement_may_still_be_run",
       {"keys", "resume", "main/r1"},
       {Answer<v1::Rotation>("RotationService/ContinueRotation", kPendingRotation)}},
      {"keys_resume",
       {"keys", "resume", "main/r1", "--json"},
       {Answer<v1::Rotation>("RotationService/ContinueRotation", kDrainingRotation)}},
      {"keys_rollback",
       {"keys", "rollback", "main/r1", "--reason", "wrong user"},
       {Answer<v1::Rotation>("RotationService/RollBackRotation", kDrainingRotation)}},
      {"keys_end_drain",
       {"keys", "end-drain", "main/r1"},
       {Answer<v1::Rotation>("RotationService/EndDrain", kDrainingRotation)}},
      {"keys_permit_overwrite",
       {"keys", "permit-overwrite", "main/r1", "--fingerprint", "SHA256:xyz="},
       {Answer<v1::Rotation>("RotationService/PermitOverwrite", kDrainingRotation)}},
      {"keys_status", {"keys", "status", "main"}, {Answer<v1::KeyStatus>("RotationService/GetKeyStatus", kKeyStatus)}},
      {"keys_status_in_a_rotation",
       {"keys", "status", "main", "--offline"},
       {Answer<v1::KeyStatus>("RotationService/GetKeyStatus",
                              std::string(kKeyStatus) + " rotation {" + kOpenRotation + "}")}},
      {"keys_rotations",
       {"keys", "rotations", "main"},
       {Answer<v1::ListRotationsResponse>("RotationService/ListRotations",
                                          std::string("rotations {") + kReceipt + "}")}},
      {"keys_receipt", {"keys", "receipt", "main/r1"}, {Answer<v1::Rotation>("RotationService/GetRotation", kReceipt)}},
  };
}

class KeyCommandsTest : public testing::TestWithParam<Case> {};

TEST_P(KeyCommandsTest, AsksAndPrintsAsTheGoldenFileSays) {
  ExpectAsGolden(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Golden, KeyCommandsTest, testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace cdi::cli
