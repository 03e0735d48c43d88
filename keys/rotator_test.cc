// The ways through a rotation that a reader of the product should know; every other one is the simulator's.
#include "keys/rotator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "base/error.h"
#include "base/manual_clock.h"
#include "keys/fake_key_store.h"
#include "keys/fake_rotation_store.h"
#include "keys/rsa_key.h"
#include "keys/testing_keys.h"

namespace cdi::keys {
namespace {

using ::testing::HasSubstr;
using Actor = RotationNext::Actor;

constexpr std::string_view kConnection = "connections/c";
const std::string kName = "connections/c/rotations/r";
const std::string kOld = "connections/c/keyPairs/a";
const std::string kNew = "connections/c/keyPairs/k-r";
const std::string kForeign = "SHA256:" + std::string(43, 'F') + "=";

// Pairs made once per process: rotations are about states, not about primes.
class PooledMaker final : public KeyMaker {
 public:
  absl::StatusOr<MadeKey> Make(int) override {
    static const std::array<RsaKeyPair, 3> pool = {*RsaKeyPair::Generate(2048), *RsaKeyPair::Generate(2048),
                                                   *RsaKeyPair::Generate(2048)};
    return pool[next_++ % pool.size()].Made();
  }

 private:
  size_t next_ = 0;
};

class ScriptedUser final : public SnowflakeUser {
 public:
  absl::StatusOr<SlotFingerprints> DescribeKeys() override { return slots; }
  absl::StatusOr<std::string> Execute(const std::string& statement) override {
    statements.push_back(statement);
    if (!refusal.ok()) return refusal;
    Run(statement);
    return "connections/c";
  }
  absl::StatusOr<LoginProof> ProveLogin(const std::string& name) override {
    proved.push_back(name);
    if (!login.ok()) return login;
    return LoginProof{{}, "session 7"};
  }
  void Run(const std::string& statement) {
    std::string& slot = statement.find("RSA_PUBLIC_KEY_2") == std::string::npos ? slots.first : slots.second;
    const size_t quote = statement.find('\'');
    slot = quote == std::string::npos
               ? ""
               : *Fingerprint(std::string_view(statement).substr(quote + 1, statement.size() - quote - 2));
  }

  SlotFingerprints slots;
  absl::Status refusal;
  absl::Status login;
  std::vector<std::string> statements;
  std::vector<std::string> proved;
};

class RotatorTest : public ::testing::Test {
 protected:
  RotatorTest() {
    const auto pair = ring_.Generate(kConnection, "a", 2048);
    CDI_CHECK(pair.ok() && ring_.LoggedIn(kOld).ok(), "the first pair is in use");
    user_.slots.first = old_ = pair->fingerprint;
  }

  RotationRequest Request(RotationMode mode) {
    RotationRequest request;
    request.connection = kConnection;
    request.rotation_id = "r";
    request.user = "svc";
    request.mode = mode;
    request.bits = 2048;
    request.requested_by = "tokens/ci";
    request.reason = "90 days";
    return request;
  }
  void Start(RotationMode mode) {
    const auto started = rotator_.Start(Request(mode));
    ASSERT_TRUE(started.ok()) << started.status();
    ASSERT_EQ(started->step, RotationStep::kPlanned);
  }
  RotationRecord Advance() {
    const auto record = rotator_.Advance(kName, user_);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? *record : RotationRecord();
  }
  RotationRecord AdvanceAfter(std::chrono::seconds pause) {
    clock_.Pass(pause);
    return Advance();
  }
  KeyPairState StateOf(const std::string& name) { return ring_.Get(name)->state; }

  FakeKeyStore key_store_;
  FakeRotationStore rotation_store_;
  ManualClock clock_;
  PooledMaker maker_;
  const RotationMachine machine_{RotationPolicy{}};
  KeyRing ring_{key_store_, std::make_shared<const MasterKey>(*MasterKey::Generate()), clock_, maker_};
  Rotator rotator_{rotation_store_, ring_, clock_, machine_};
  ScriptedUser user_;
  std::string old_;
};

TEST_F(RotatorTest, AutomaticRunsThroughAndLeavesAReceipt) {
  Start(RotationMode::kAutomatic);
  EXPECT_EQ(Advance().step, RotationStep::kDraining);
  EXPECT_EQ(StateOf(kNew), KeyPairState::kActive);
  EXPECT_EQ(StateOf(kOld), KeyPairState::kDraining);
  EXPECT_EQ(AdvanceAfter(std::chrono::hours(23)).step, RotationStep::kDraining);
  const RotationRecord receipt = AdvanceAfter(std::chrono::hours(1));
  EXPECT_EQ(receipt.step, RotationStep::kDone);
  EXPECT_EQ(receipt.next.actor, Actor::kNobody);
  EXPECT_EQ(receipt.old_key.fingerprint, old_);
  EXPECT_EQ(user_.slots, (SlotFingerprints{"", receipt.new_key.fingerprint}));
  EXPECT_EQ(receipt.proof->text, "session 7");
  EXPECT_EQ(receipt.set_by, "connections/c");
  EXPECT_EQ(receipt.unset_by, "connections/c");
  EXPECT_EQ(StateOf(kOld), KeyPairState::kRevoked);
  EXPECT_EQ(*rotation_store_.GetRotation(kName), receipt);
  EXPECT_THAT(user_.statements[0], HasSubstr("ALTER USER SVC SET RSA_PUBLIC_KEY_2='"));
  EXPECT_EQ(user_.statements[1], "ALTER USER SVC UNSET RSA_PUBLIC_KEY");
}

TEST_F(RotatorTest, AssistedShowsEachStatementAndGoesOnWhenItWasRun) {
  Start(RotationMode::kAssisted);
  RotationRecord record = Advance();
  EXPECT_EQ(record.step, RotationStep::kRegistering);
  EXPECT_EQ(record.next.actor, Actor::kAdministrator);
  EXPECT_EQ(Advance().step, RotationStep::kRegistering) << "nothing was run yet";
  user_.Run(record.next.statement);
  EXPECT_EQ(Advance().step, RotationStep::kDraining);
  record = AdvanceAfter(std::chrono::hours(24));
  EXPECT_EQ(record.next.statement, "ALTER USER SVC UNSET RSA_PUBLIC_KEY");
  user_.Run(record.next.statement);
  record = Advance();
  EXPECT_EQ(record.step, RotationStep::kDone);
  EXPECT_EQ(record.set_by, "administrator");
  EXPECT_TRUE(user_.statements.empty());
}

TEST_F(RotatorTest, WithoutTheGrantAnAdministratorIsAskedAndToldWhy) {
  Start(RotationMode::kAutomatic);
  user_.refusal = absl::PermissionDeniedError("Insufficient privileges");
  const RotationRecord record = Advance();
  EXPECT_EQ(record.next.actor, Actor::kAdministrator);
  EXPECT_THAT(record.fallback, HasSubstr("Insufficient privileges"));
  user_.Run(record.next.statement);
  user_.refusal = absl::OkStatus();
  EXPECT_EQ(Advance().step, RotationStep::kDraining);
  EXPECT_EQ(AdvanceAfter(std::chrono::hours(24)).unset_by, "connections/c") << "the grant was there by then";
}

TEST_F(RotatorTest, TheGrantIsTriedAgainWhenSomebodySaysSoAndAfterTenMinutes) {
  for (const bool told : {true, false}) {
    SCOPED_TRACE(told);
    RotationRequest request = Request(RotationMode::kAutomatic);
    request.rotation_id = told ? "told" : "untold";
    request.end_drain = true;
    const std::string name = rotator_.Start(request)->name;
    user_.refusal = absl::PermissionDeniedError("Insufficient privileges");
    EXPECT_EQ(rotator_.Advance(name, user_)->next.actor, Actor::kAdministrator);
    user_.refusal = absl::OkStatus();
    clock_.Pass(std::chrono::seconds(told ? 1 : 599));
    EXPECT_EQ(rotator_.Advance(name, user_)->next.actor, Actor::kAdministrator) << "not at every look";
    if (told) {
      EXPECT_EQ(rotator_.TryAgain(name, "tokens/op")->fallback, "");
    } else {
      clock_.Pass(std::chrono::seconds(1));
    }
    EXPECT_EQ(rotator_.Advance(name, user_)->step, RotationStep::kDraining);
    clock_.Pass(std::chrono::hours(24));
    EXPECT_EQ(rotator_.Advance(name, user_)->step, RotationStep::kDone);
  }
}

// Whoever can write the state must not get his own key registered by our hand.
TEST_F(RotatorTest, NobodyIsAskedToRegisterAPublicHalfThatIsNotOurs) {
  for (const RotationMode mode : {RotationMode::kAutomatic, RotationMode::kAssisted}) {
    SCOPED_TRACE(std::string(RotationModeName(mode)));
    RotationRequest request = Request(mode);
    request.rotation_id = mode == RotationMode::kAssisted ? "by-hand" : "by-itself";
    const std::string name = rotator_.Start(request)->name;
    user_.refusal = absl::PermissionDeniedError("Insufficient privileges");
    KeyPairRecord pair = *ring_.Get(rotator_.Advance(name, user_)->new_key.name);
    user_.refusal = absl::OkStatus();
    user_.statements.clear();
    const MadeKey stranger = *maker_.Make(2048);
    pair.public_key_line = stranger.public_key_line;
    pair.fingerprint = stranger.fingerprint;
    ASSERT_TRUE(key_store_.PutKeyPairs({{pair}}).ok());
    clock_.Pass(std::chrono::hours(1));
    const auto record = rotator_.Advance(name, user_);
    EXPECT_EQ(record->step, RotationStep::kRegistering);
    EXPECT_EQ(record->error->reason, "SEALED_DAMAGED");
    EXPECT_EQ(record->next.actor, Actor::kOperator);
    EXPECT_EQ(record->next.statement, "");
    EXPECT_TRUE(user_.statements.empty());
    ASSERT_TRUE(rotator_.RollBack(name, "tokens/op", "tampered").ok());
    EXPECT_EQ(rotator_.Advance(name, user_)->step, RotationStep::kRolledBack);
  }
}

TEST_F(RotatorTest, SealedNothingIsChangedByWhatIsAsked) {
  Start(RotationMode::kAssisted);
  const RotationRecord before = Advance();
  KeyRing sealed(key_store_, nullptr, clock_, maker_);
  Rotator rotator(rotation_store_, sealed, clock_, machine_);
  EXPECT_EQ(ErrorReason(rotator.Start(Request(RotationMode::kAutomatic)).status()), "MASTER_KEY_MISSING");
  EXPECT_EQ(ErrorReason(rotator.RollBack(kName, "tokens/op", "now").status()), "MASTER_KEY_MISSING");
  EXPECT_EQ(ErrorReason(rotator.EndDrain(kName, "tokens/op").status()), "MASTER_KEY_MISSING");
  EXPECT_EQ(ErrorReason(rotator.TryAgain(kName, "tokens/op").status()), "MASTER_KEY_MISSING");
  EXPECT_EQ(ErrorReason(rotator.PermitOverwrite(kName, kForeign, "tokens/op").status()), "MASTER_KEY_MISSING");
  EXPECT_EQ(*rotation_store_.GetRotation(kName), before);
}

TEST_F(RotatorTest, AForeignKeyIsOverwrittenOnlyByItsFingerprint) {
  Start(RotationMode::kAutomatic);
  user_.slots.second = kForeign;
  const RotationRecord record = Advance();
  EXPECT_EQ(record.step, RotationStep::kPlanned);
  EXPECT_EQ(record.next.actor, Actor::kOperator);
  EXPECT_EQ(record.error->reason, "ROTATION_SLOT_FOREIGN");
  EXPECT_THAT(record.error->message, HasSubstr(kForeign));
  const std::string other = "SHA256:" + std::string(43, 'G') + "=";
  EXPECT_THAT(std::string(rotator_.PermitOverwrite(kName, other, "tokens/op").status().message()),
              HasSubstr("fingerprint is in neither slot: DESC USER last showed " + old_ + " and " + kForeign));
  EXPECT_EQ(Advance().step, RotationStep::kPlanned);
  EXPECT_FALSE(rotator_.PermitOverwrite(kName, "yes", "tokens/op").ok());
  ASSERT_TRUE(rotator_.PermitOverwrite(kName, kForeign, "tokens/op").ok());
  EXPECT_EQ(Advance().step, RotationStep::kDraining);
}

TEST_F(RotatorTest, ARefusedLoginTakesNothingIntoUse) {
  Start(RotationMode::kAutomatic);
  user_.login = absl::UnauthenticatedError("JWT token is invalid");
  const RotationRecord record = Advance();
  EXPECT_EQ(record.step, RotationStep::kRegistered);
  EXPECT_EQ(record.error->reason, "ROTATION_LOGIN_REFUSED");
  EXPECT_EQ(StateOf(kOld), KeyPairState::kActive);
  EXPECT_EQ(StateOf(kNew), KeyPairState::kRegistered);
  EXPECT_EQ(user_.proved, std::vector<std::string>{kNew});
}

TEST_F(RotatorTest, RollingBackInTheDrainProvesTheOldKeyFirst) {
  Start(RotationMode::kAutomatic);
  Advance();
  ASSERT_TRUE(rotator_.RollBack(kName, "tokens/op", "trouble").ok());
  user_.login = absl::UnauthenticatedError("JWT token is invalid");
  EXPECT_EQ(Advance().step, RotationStep::kRestoring);
  EXPECT_EQ(StateOf(kNew), KeyPairState::kActive) << "nothing changes before the old key is proved";
  user_.login = absl::OkStatus();
  const RotationRecord record = Advance();
  EXPECT_EQ(record.step, RotationStep::kRolledBack);
  EXPECT_TRUE(record.restore_proof.has_value());
  EXPECT_EQ(record.rollback_reason, "tokens/op: trouble");
  EXPECT_EQ(user_.slots, (SlotFingerprints{old_, ""}));
  EXPECT_EQ(StateOf(kOld), KeyPairState::kActive);
  EXPECT_EQ(StateOf(kNew), KeyPairState::kRevoked);
  EXPECT_EQ(ErrorReason(rotator_.RollBack(kName, "tokens/op", "again").status()), "ROTATION_ENDED");
}

TEST_F(RotatorTest, TheDrainCountsRunningTimeAndEndsEarlyOnlyAfterALogin) {
  Start(RotationMode::kAutomatic);
  Advance();
  clock_.wall = clock_.wall.Plus(std::chrono::hours(1000));
  EXPECT_EQ(Advance().step, RotationStep::kDraining) << "a jump of the clock is no drain";
  ASSERT_TRUE(rotator_.EndDrain(kName, "tokens/op").ok());
  EXPECT_EQ(AdvanceAfter(std::chrono::seconds(119)).step, RotationStep::kDraining);
  EXPECT_EQ(AdvanceAfter(std::chrono::seconds(1)).step, RotationStep::kDone);
}

TEST_F(RotatorTest, ALostActiveKeyStopsTheUnsetUntilLoginsAreOver) {
  Start(RotationMode::kAutomatic);
  Advance();
  user_.slots.second = kForeign;
  const RotationRecord record = AdvanceAfter(std::chrono::hours(24));
  EXPECT_EQ(record.step, RotationStep::kUnsetting);
  EXPECT_EQ(record.error->reason, "ROTATION_KEY_LOST");
  EXPECT_EQ(user_.slots.first, old_);

  // A login that was refused with the new key may only now come to the old one.
  user_.slots.second = record.new_key.fingerprint;
  EXPECT_EQ(AdvanceAfter(std::chrono::seconds(30)).step, RotationStep::kDraining);
  EXPECT_EQ(AdvanceAfter(std::chrono::seconds(119)).step, RotationStep::kDraining);
  EXPECT_EQ(AdvanceAfter(std::chrono::seconds(1)).step, RotationStep::kDone);
}

// The UNSET whose answer got lost is run after the DESC USER that still shows the old key.
TEST_F(RotatorTest, AStatementThatMayStillBeRunIsWaitedForBeforeAKeyIsTrusted) {
  Start(RotationMode::kAutomatic);
  Advance();
  user_.refusal = absl::UnavailableError("the connection broke");
  EXPECT_EQ(AdvanceAfter(std::chrono::hours(24)).error->reason, "ROTATION_STATEMENT_FAILED");
  ASSERT_TRUE(rotator_.RollBack(kName, "tokens/op", "now").ok());
  RotationRecord record = AdvanceAfter(std::chrono::seconds(59));
  EXPECT_EQ(record.step, RotationStep::kRestoring);
  EXPECT_EQ(record.error->reason, "ROTATION_STATEMENT_PENDING");
  EXPECT_EQ(record.next.time, clock_.wall.Plus(std::chrono::seconds(1)));
  EXPECT_EQ(StateOf(kNew), KeyPairState::kActive);
  user_.Run(user_.statements.back());
  user_.refusal = absl::OkStatus();
  record = AdvanceAfter(std::chrono::seconds(1));
  EXPECT_EQ(record.step, RotationStep::kDone) << "there was no way back any more";
  EXPECT_EQ(user_.proved, std::vector<std::string>{kNew}) << "the old key was never trusted";
}

TEST_F(RotatorTest, AfterAStartTheWaitForAStatementBeginsAnew) {
  Start(RotationMode::kAutomatic);
  user_.refusal = absl::UnavailableError("the connection broke");
  Advance();
  ASSERT_TRUE(rotator_.RollBack(kName, "tokens/op", "now").ok());
  EXPECT_EQ(AdvanceAfter(std::chrono::seconds(59)).step, RotationStep::kWithdrawing);
  Rotator next(rotation_store_, ring_, clock_, machine_);
  clock_.Pass(std::chrono::seconds(59));
  EXPECT_EQ(next.Advance(kName, user_)->error->reason, "ROTATION_STATEMENT_PENDING") << "the clock may have jumped";
  user_.Run(user_.statements.back());
  user_.refusal = absl::OkStatus();
  clock_.Pass(std::chrono::seconds(60));
  EXPECT_EQ(next.Advance(kName, user_)->step, RotationStep::kRolledBack);
  EXPECT_EQ(user_.slots, (SlotFingerprints{old_, ""})) << "the late SET was found and taken back";
}

TEST_F(RotatorTest, ASecondRotationWaitsForTheFirstOrIsRefused) {
  Start(RotationMode::kAssisted);
  RotationRequest second = Request(RotationMode::kAutomatic);
  EXPECT_EQ(*rotator_.Start(second), *rotator_.Get(kName)) << "the same id is the same rotation";
  second.rotation_id = "s";
  second.end_drain = true;
  EXPECT_EQ(ErrorReason(rotator_.Start(second).status()), "ROTATION_IN_PROGRESS");
  user_.Run(Advance().next.statement);
  ASSERT_EQ(Advance().step, RotationStep::kDraining);
  second.end_drain = false;
  EXPECT_EQ(ErrorReason(rotator_.Start(second).status()), "ROTATION_DRAINING");
  second.end_drain = true;
  const auto waiting = rotator_.Start(second);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->waits_for, kName);
  EXPECT_EQ(rotator_.Advance(waiting->name, user_)->step, RotationStep::kPlanned);
  user_.Run(AdvanceAfter(std::chrono::minutes(2)).next.statement);
  EXPECT_EQ(Advance().step, RotationStep::kDone);
  EXPECT_EQ(rotator_.Advance(waiting->name, user_)->step, RotationStep::kDraining);
}

TEST_F(RotatorTest, RotatesToANamedPairAndNotPastAnother) {
  const auto hand = ring_.Generate(kConnection, "hand", 2048);
  ASSERT_TRUE(hand.ok());
  EXPECT_EQ(ErrorReason(rotator_.Start(Request(RotationMode::kAutomatic)).status()), "KEY_SLOTS_FULL");
  RotationRequest request = Request(RotationMode::kAutomatic);
  request.key_pair = "connections/c/keyPairs/none";
  EXPECT_EQ(ErrorReason(rotator_.Start(request).status()), "KEY_SLOTS_FULL");
  request.key_pair = hand->name;
  ASSERT_TRUE(rotator_.Start(request).ok());
  EXPECT_EQ(Advance().step, RotationStep::kDraining);
  EXPECT_EQ(StateOf(hand->name), KeyPairState::kActive);
}

TEST_F(RotatorTest, RevokingBothPairsEndsIt) {
  Start(RotationMode::kAssisted);
  Advance();
  ASSERT_TRUE(ring_.Revoke(kOld).ok());
  ASSERT_TRUE(ring_.Revoke(kNew).ok());
  const RotationRecord record = Advance();
  EXPECT_EQ(record.step, RotationStep::kFailed);
  EXPECT_EQ(record.error->reason, "KEY_PAIR_REVOKED");
}

TEST_F(RotatorTest, AFailingStoreStopsBeforeTheEffect) {
  Start(RotationMode::kAutomatic);
  rotation_store_.FailWrites(absl::UnavailableError("disk"));
  EXPECT_EQ(rotator_.Advance(kName, user_).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(user_.statements.empty());
  rotation_store_.FailWrites(absl::OkStatus());
  EXPECT_EQ(Advance().step, RotationStep::kDraining);
}

}  // namespace
}  // namespace cdi::keys
