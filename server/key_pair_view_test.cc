#include "server/key_pair_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace cdi::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

keys::KeyPairRecord Pair(const std::string& id, keys::KeySlot slot, keys::KeyPairState state) {
  keys::KeyPairRecord record;
  record.name = "connections/main/keyPairs/" + id;
  record.slot = slot;
  record.state = state;
  record.bits = 2048;
  record.fingerprint = "SHA256:abc=";
  return record;
}

keys::RotationRecord Rotation(const std::string& id, const std::string& new_key, keys::RotationStep step) {
  keys::RotationRecord record;
  record.name = "connections/main/rotations/" + id;
  record.new_key.name = "connections/main/keyPairs/" + new_key;
  record.step = step;
  return record;
}

// A pair that is made or revoked must be shown, whatever its connection's user is called.
TEST(KeyPairViewTest, AUserThatCannotBeQuotedCostsTheStatementsAndNothingElse) {
  for (const char* user : {"\"a\"b", "\"open", "", "a\nb"}) {
    const v1::KeyPair view =
        ViewOf(Pair("k1", keys::KeySlot::k2, keys::KeyPairState::kGenerated), {.user = user, .rotations = {}});
    EXPECT_EQ(view.name(), "connections/main/keyPairs/k1") << user;
    EXPECT_EQ(view.fingerprint(), "SHA256:abc=") << user;
    EXPECT_EQ(view.slot(), v1::KeyPair::RSA_PUBLIC_KEY_2) << user;
    EXPECT_EQ(view.register_statement(), "") << user;
    EXPECT_EQ(view.unregister_statement(), "") << user;
  }
}

// Nobody must be shown a stranger's key to register as ours.
TEST(KeyPairViewTest, APairThatIsNotWholeShowsNoStatementAndSaysWhy) {
  keys::KeyPairRecord pair = Pair("k1", keys::KeySlot::k1, keys::KeyPairState::kGenerated);
  pair.public_key_line = "MIIB";
  const KeyPairSurroundings around = {.user = "svc", .rotations = {}};
  const v1::KeyPair damaged =
      ViewOf(pair, around, MakeError(absl::StatusCode::kDataLoss, "SEALED_DAMAGED", "somebody changed it"));
  EXPECT_EQ(damaged.register_statement(), "");
  EXPECT_EQ(damaged.public_key(), "");
  EXPECT_EQ(damaged.problem(), "SEALED_DAMAGED: somebody changed it");
  EXPECT_EQ(damaged.unregister_statement(), "ALTER USER SVC UNSET RSA_PUBLIC_KEY");
  const v1::KeyPair sealed =
      ViewOf(pair, around, MakeError(absl::StatusCode::kFailedPrecondition, "MASTER_KEY_MISSING", "sealed"));
  EXPECT_EQ(sealed.register_statement(), "");
  EXPECT_EQ(sealed.public_key(), "");
}

TEST(KeyPairViewTest, ARevokedPairShowsOnlyTheStatementThatRemovesIt) {
  const v1::KeyPair view =
      ViewOf(Pair("k1", keys::KeySlot::k1, keys::KeyPairState::kRevoked), {.user = "svc", .rotations = {}});
  EXPECT_EQ(view.register_statement(), "");
  EXPECT_EQ(view.unregister_statement(), "ALTER USER SVC UNSET RSA_PUBLIC_KEY");
}

TEST(KeyPairViewTest, NamesTheOpenRotationOfThePairAndNoOther) {
  const KeyPairSurroundings around = {.user = "U",
                                      .rotations = {Rotation("r1", "k1", keys::RotationStep::kDone),
                                                    Rotation("r2", "k1", keys::RotationStep::kDraining),
                                                    Rotation("r3", "k2", keys::RotationStep::kDraining)}};
  EXPECT_EQ(ViewOf(Pair("k1", keys::KeySlot::k1, keys::KeyPairState::kActive), around).rotation(),
            "connections/main/rotations/r2");
  EXPECT_EQ(ViewOf(Pair("k3", keys::KeySlot::k1, keys::KeyPairState::kActive), around).rotation(), "");
}

TEST(KeyPairViewTest, EachLivePairHasAStatementThatRemovesIt) {
  const std::vector<keys::KeyPairRecord> records = {Pair("k1", keys::KeySlot::k1, keys::KeyPairState::kRevoked),
                                                    Pair("k2", keys::KeySlot::k1, keys::KeyPairState::kDraining),
                                                    Pair("k3", keys::KeySlot::k2, keys::KeyPairState::kActive)};
  EXPECT_THAT(UnregisterStatements(records, "svc"),
              ElementsAre("ALTER USER SVC UNSET RSA_PUBLIC_KEY", "ALTER USER SVC UNSET RSA_PUBLIC_KEY_2"));
  EXPECT_THAT(UnregisterStatements(records, "\"a\"b"), IsEmpty());
}

}  // namespace
}  // namespace cdi::server
