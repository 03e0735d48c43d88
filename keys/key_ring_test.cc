#include "keys/key_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/check.h"
#include "base/error.h"
#include "keys/fake_key_store.h"
#include "keys/key_generator.h"
#include "keys/rsa_key.h"
#include "keys/sealed_box.h"
#include "keys/testing_keys.h"

namespace cdi::keys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kConnection = "connections/c";
const std::string kA = "connections/c/keyPairs/a";
const std::string kB = "connections/c/keyPairs/b";

class SteppingClock final : public Clock {
 public:
  // Every reading is a second later than the one before.
  Timestamp WallNow() const override { return {.seconds = ++seconds_, .nanos = 0}; }
  MonoTime MonoNow() const override { return std::chrono::seconds(seconds_); }

 private:
  mutable std::atomic<int64_t> seconds_ = 1'795'000'000;
};

std::shared_ptr<const MasterKey> NewMasterKey() {
  absl::StatusOr<MasterKey> key = MasterKey::Generate();
  CDI_CHECK(key.ok(), "a master key can be made");
  return std::make_shared<const MasterKey>(*std::move(key));
}

class KeyRingTest : public ::testing::Test {
 protected:
  absl::StatusOr<KeyPairRecord> Make(std::string_view id, std::optional<KeySlot> slot = std::nullopt) {
    return ring_.Generate(kConnection, id, 2048, slot);
  }

  // What Make leaves behind, from pairs made once per process: the tests below are about states, not about making keys.
  // The first record takes slot 1, the second slot 2.
  KeyPairRecord Put(std::string_view id) {
    static const RsaKeyPair second = *RsaKeyPair::Generate(2048);
    const bool is_first = store_.ListKeyPairs(kConnection)->empty();
    const RsaKeyPair& pair = is_first ? SharedPair() : second;
    KeyPairRecord record;
    record.name = std::string(kConnection) + "/keyPairs/" + std::string(id);
    record.slot = is_first ? KeySlot::k1 : KeySlot::k2;
    record.bits = pair.bits();
    record.public_key_line = pair.PublicKeyLine();
    record.fingerprint = pair.Fingerprint();
    record.create_time = clock_.WallNow();
    record.sealed_private_key = *Seal(*master_key_, record.name, record.version, pair.Pkcs8Pem());
    CDI_CHECK(store_.PutKeyPairs(std::span(&record, 1)).ok(), "the fake store takes records");
    return record;
  }

  std::vector<std::string> LoginNames() {
    std::vector<std::string> names;
    absl::StatusOr<std::vector<LoginKey>> keys = ring_.LoginKeys(kConnection);
    EXPECT_TRUE(keys.ok()) << keys.status();
    if (!keys.ok()) return names;
    for (const LoginKey& key : *keys) names.push_back(key.key_pair_name);
    return names;
  }

  FakeKeyStore store_;
  SteppingClock clock_;
  KeyGenerator generator_;
  const std::shared_ptr<const MasterKey> master_key_ = NewMasterKey();
  KeyRing ring_{store_, master_key_, clock_, generator_};
  KeyRing sealed_ring_{store_, nullptr, clock_, generator_};
};

void ExpectFailed(const absl::Status& status, std::string_view reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(ErrorReason(status), reason);
}

TEST_F(KeyRingTest, AGeneratedPairIsStoredSealedAndOpensToItsPublicHalf) {
  const absl::StatusOr<KeyPairRecord> record = Make("a");
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->name, kA);
  EXPECT_EQ(record->state, KeyPairState::kGenerated);
  EXPECT_EQ(record->slot, KeySlot::k1);
  EXPECT_EQ(record->bits, 2048);
  EXPECT_EQ(record->sealed_private_key.find("PRIVATE KEY"), std::string::npos);
  EXPECT_EQ(*store_.GetKeyPair(kA), *record);

  const absl::StatusOr<LoginKey> key = ring_.LoginKeyOf(kA);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->fingerprint, record->fingerprint);
  EXPECT_EQ(RsaKeyPair::FromPkcs8Pem(key->pem.Expose(), nullptr)->PublicKeyLine(), record->public_key_line);
}

TEST_F(KeyRingTest, TheSecondPairTakesTheOtherSlotAndAThirdIsRefusedNamingBoth) {
  ASSERT_TRUE(Make("a").ok());
  EXPECT_EQ(Make("b")->slot, KeySlot::k2);
  const absl::Status third = Make("d").status();
  ExpectFailed(third, "KEY_SLOTS_FULL");
  EXPECT_THAT(std::string(third.message()), HasSubstr(kA + " (GENERATED) in RSA_PUBLIC_KEY and " + kB));
}

TEST_F(KeyRingTest, AWantedSlotIsTakenOrRefused) {
  EXPECT_EQ(Make("a", KeySlot::k2)->slot, KeySlot::k2);
  const absl::Status refused = Make("b", KeySlot::k2).status();
  ExpectFailed(refused, "KEY_SLOTS_FULL");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("use RSA_PUBLIC_KEY,"));
  EXPECT_EQ(Make("b")->slot, KeySlot::k1);
}

TEST_F(KeyRingTest, LoginsTryTheNewestUntilOneIsActiveThenTheActiveFirst) {
  Put("a");
  EXPECT_THAT(LoginNames(), ElementsAre(kA));
  Put("b");
  EXPECT_THAT(LoginNames(), ElementsAre(kB, kA));
  ASSERT_TRUE(ring_.Activate(kA).ok());
  EXPECT_THAT(LoginNames(), ElementsAre(kA, kB));
  ASSERT_TRUE(ring_.Activate(kB).ok());
  EXPECT_THAT(LoginNames(), ElementsAre(kB, kA));
}

TEST_F(KeyRingTest, ActivatingMakesTheFormerDrainAndCanBeRolledBack) {
  Put("a");
  Put("b");
  EXPECT_EQ(ring_.Activate(kA)->state, KeyPairState::kActive);
  EXPECT_TRUE(ring_.Get(kA)->activate_time.has_value());
  ASSERT_TRUE(ring_.Activate(kB).ok());
  EXPECT_EQ(ring_.Get(kA)->state, KeyPairState::kDraining);
  EXPECT_TRUE(ring_.Get(kA)->drain_time.has_value());

  ASSERT_TRUE(ring_.Activate(kA).ok());
  EXPECT_EQ(ring_.Get(kA)->state, KeyPairState::kActive);
  EXPECT_FALSE(ring_.Get(kA)->drain_time.has_value());
  EXPECT_EQ(ring_.Get(kB)->state, KeyPairState::kDraining);
}

TEST_F(KeyRingTest, ActivatingTwiceChangesNothing) {
  Put("a");
  const KeyPairRecord first = *ring_.Activate(kA);
  EXPECT_EQ(*ring_.Activate(kA), first);
  EXPECT_EQ(*ring_.Get(kA), first);
}

TEST_F(KeyRingTest, RegisteringMarksAGeneratedPairOnly) {
  Put("a");
  EXPECT_EQ(ring_.MarkRegistered(kA, KeySlot::k1)->state, KeyPairState::kRegistered);
  EXPECT_EQ(ring_.MarkRegistered(kA, KeySlot::k1)->state, KeyPairState::kRegistered);
  ASSERT_TRUE(ring_.Activate(kA).ok());
  EXPECT_EQ(ring_.MarkRegistered(kA, KeySlot::k1)->state, KeyPairState::kActive);
}

TEST_F(KeyRingTest, RegisteringElsewhereCorrectsTheSlotsOfBothPairs) {
  Put("a");
  Put("b");
  ASSERT_TRUE(ring_.Activate(kA).ok());
  EXPECT_EQ(ring_.MarkRegistered(kB, KeySlot::k1)->slot, KeySlot::k1);
  EXPECT_EQ(ring_.Get(kA)->slot, KeySlot::k2);
  EXPECT_EQ(ring_.Get(kA)->state, KeyPairState::kActive);
  EXPECT_EQ(ring_.Get(kB)->state, KeyPairState::kRegistered);
}

TEST_F(KeyRingTest, ALoginActivatesOnlyWhereNothingIsActive) {
  Put("a");
  Put("b");
  EXPECT_TRUE(*ring_.LoggedIn(kA));
  EXPECT_FALSE(*ring_.LoggedIn(kA)) << "it is active already";
  EXPECT_FALSE(*ring_.LoggedIn(kB)) << "only a rotation replaces an active pair";
  EXPECT_EQ(ring_.Get(kB)->state, KeyPairState::kGenerated);
  ASSERT_TRUE(ring_.Revoke(kA).ok());
  EXPECT_FALSE(*ring_.LoggedIn(kA)) << "a login under way when its pair was revoked";
  EXPECT_TRUE(*ring_.LoggedIn(kB));
  EXPECT_EQ(ring_.Get(kB)->state, KeyPairState::kActive);
}

TEST_F(KeyRingTest, AnImportedPairIsSealedAndOpensToTheSameKey) {
  const absl::StatusOr<KeyPairRecord> record =
      ring_.Import(kConnection, "a", SharedPair().Pkcs8Pem(), nullptr, KeySlot::k2);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->fingerprint, SharedPair().Fingerprint());
  EXPECT_EQ(record->slot, KeySlot::k2);
  EXPECT_EQ(record->state, KeyPairState::kGenerated);
  EXPECT_EQ(ring_.LoginKeyOf(kA)->pem.Expose(), SharedPair().Pkcs8Pem().Expose());

  const absl::Status again = ring_.Import(kConnection, "b", SharedPair().Pkcs8Pem(), nullptr).status();
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists) << "one key in two pairs would be unset twice";
  EXPECT_THAT(std::string(again.message()), HasSubstr(kA + " (GENERATED) in RSA_PUBLIC_KEY_2"));
  ASSERT_TRUE(ring_.Revoke(kA).ok());
  EXPECT_TRUE(ring_.Import(kConnection, "b", SharedPair().Pkcs8Pem(), nullptr).ok());
}

TEST_F(KeyRingTest, ImportRefusesWhatIsNoUsableKey) {
  const Secret encrypted(
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBHDBWBgkqhkiG9w0BBQ0wSTA=\n-----END ENCRYPTED PRIVATE KEY-----\n");
  const auto field = [&](const Secret& pem, const Secret* with) {
    return ErrorDetailsOf(ring_.Import(kConnection, "a", pem, with).status())["field"];
  };
  EXPECT_EQ(field(Secret("nonsense"), nullptr), "private_key");
  EXPECT_EQ(field(encrypted, nullptr), "passphrase");
  ExpectFailed(sealed_ring_.Import(kConnection, "a", SharedPair().Pkcs8Pem(), nullptr).status(), "MASTER_KEY_MISSING");
  EXPECT_THAT(*ring_.List(kConnection), IsEmpty());
}

TEST_F(KeyRingTest, ARevokedPairIsGoneForGoodAndFreesItsSlot) {
  Put("a");
  ASSERT_TRUE(ring_.Activate(kA).ok());
  const absl::StatusOr<KeyPairRecord> revoked = ring_.Revoke(kA);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->state, KeyPairState::kRevoked);
  EXPECT_THAT(ring_.Get(kA)->sealed_private_key, IsEmpty());
  EXPECT_EQ(*ring_.Revoke(kA), *revoked);

  ExpectFailed(ring_.LoginKeyOf(kA).status(), "KEY_PAIR_REVOKED");
  ExpectFailed(ring_.Activate(kA).status(), "KEY_PAIR_REVOKED");
  ExpectFailed(ring_.MarkRegistered(kA, KeySlot::k1).status(), "KEY_PAIR_REVOKED");
  ExpectFailed(ring_.LoginKeys(kConnection).status(), "KEY_PAIR_MISSING");
  EXPECT_EQ(ErrorReason(Make("a").status()), "KEY_PAIR_EXISTS");
  EXPECT_EQ(Make("b")->slot, KeySlot::k1);
  EXPECT_EQ(ring_.List(kConnection)->size(), 2U);
}

TEST_F(KeyRingTest, OnlyARevokedPairIsForgotten) {
  Put("a");
  ExpectFailed(ring_.Delete(kA), "KEY_PAIR_LIVE");
  ASSERT_TRUE(ring_.Revoke(kA).ok());
  EXPECT_TRUE(ring_.Delete(kA).ok());
  EXPECT_EQ(ring_.Get(kA).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ring_.Delete(kA).code(), absl::StatusCode::kNotFound);
}

TEST_F(KeyRingTest, SealedItReadsAndRevokesAndRefusesTheRest) {
  Put("a");
  EXPECT_TRUE(sealed_ring_.sealed());
  ExpectFailed(sealed_ring_.Generate(kConnection, "b").status(), "MASTER_KEY_MISSING");
  ExpectFailed(sealed_ring_.LoginKeys(kConnection).status(), "MASTER_KEY_MISSING");
  ExpectFailed(sealed_ring_.LoginKeyOf(kA).status(), "MASTER_KEY_MISSING");
  ExpectFailed(sealed_ring_.Activate(kA).status(), "MASTER_KEY_MISSING");
  EXPECT_EQ(sealed_ring_.List(kConnection)->size(), 1U);
  EXPECT_EQ(sealed_ring_.Revoke(kA)->state, KeyPairState::kRevoked);
}

TEST_F(KeyRingTest, AnotherMasterKeyIsNamedAsTheCause) {
  Put("a");
  KeyRing other(store_, NewMasterKey(), clock_, generator_);
  ExpectFailed(other.LoginKeys(kConnection).status(), "MASTER_KEY_WRONG");
}

TEST_F(KeyRingTest, ASwappedPublicHalfIsFoundOut) {
  KeyPairRecord a = Put("a");
  const KeyPairRecord b = Put("b");
  a.public_key_line = b.public_key_line;
  a.fingerprint = b.fingerprint;
  ASSERT_TRUE(store_.PutKeyPairs(std::span(&a, 1)).ok());
  const absl::Status status = ring_.LoginKeyOf(kA).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ErrorReason(status), "SEALED_DAMAGED");
}

TEST_F(KeyRingTest, ASwappedPrivateHalfIsFoundOut) {
  KeyPairRecord a = Put("a");
  a.sealed_private_key = Put("b").sealed_private_key;
  ASSERT_TRUE(store_.PutKeyPairs(std::span(&a, 1)).ok());
  EXPECT_EQ(ring_.LoginKeyOf(kA).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(KeyRingTest, DamageOfTheSecondKeyStopsNoLoginAndOfTheFirstIsReported) {
  KeyPairRecord a = Put("a");
  Put("b");
  ASSERT_TRUE(ring_.Activate(kB).ok());
  a.sealed_private_key.back() = static_cast<char>(a.sealed_private_key.back() ^ 1);
  ASSERT_TRUE(store_.PutKeyPairs(std::span(&a, 1)).ok());
  EXPECT_THAT(LoginNames(), ElementsAre(kB));
  ASSERT_TRUE(ring_.Activate(kA).ok());
  EXPECT_EQ(ring_.LoginKeys(kConnection).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(KeyRingTest, AFailedWriteChangesNothingAndIsReported) {
  Put("a");
  Put("b");
  ASSERT_TRUE(ring_.Activate(kA).ok());
  store_.FailWrites(absl::DataLossError("disk"));
  EXPECT_EQ(ring_.Activate(kB).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ring_.Revoke(kA).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(LoginNames(), ElementsAre(kA, kB));
}

TEST_F(KeyRingTest, NamesAreCheckedBeforeAnyWork) {
  const auto field = [this](std::string_view connection, std::string_view id) {
    return ErrorDetailsOf(ring_.Generate(connection, id).status())["field"];
  };
  EXPECT_EQ(field("c", "a"), "connection");
  EXPECT_EQ(field("connections/", "a"), "connection");
  EXPECT_EQ(field("connections/c/keyPairs/x", "a"), "connection");
  EXPECT_EQ(field(kConnection, ""), "key_pair_id");
  EXPECT_EQ(field(kConnection, "A"), "key_pair_id");
  EXPECT_EQ(field(kConnection, "a/b"), "key_pair_id");
  EXPECT_EQ(field(kConnection, "1a"), "key_pair_id");
  EXPECT_EQ(field(kConnection, "a-"), "key_pair_id");
  EXPECT_EQ(field(kConnection, std::string(64, 'a')), "key_pair_id");
  EXPECT_EQ(ErrorDetailsOf(ring_.Generate(kConnection, "a", 1024).status())["field"], "key_bits");
}

TEST_F(KeyRingTest, UnknownPairsAreNotFound) {
  EXPECT_EQ(ring_.Get(kA).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ring_.LoginKeyOf(kA).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ring_.Activate(kA).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ring_.Revoke(kA).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(*ring_.List(kConnection), IsEmpty());
}

TEST_F(KeyRingTest, CallersAtTheSameTimeNeverGetMoreThanTwoPairsNorOneSlotTwice) {
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> threads;
    for (const std::string_view id : {"a", "b", "d", "e"}) {
      threads.emplace_back([this, id, &made] {
        if (Make(id).ok()) ++made;
      });
    }
  }
  EXPECT_EQ(made, 2);
  const std::vector<KeyPairRecord> records = *ring_.List(kConnection);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_NE(records[0].slot, records[1].slot);
}

TEST(KeyStoreTest, EveryStateHasAName) {
  EXPECT_EQ(KeyPairStateName(KeyPairState::kGenerated), "GENERATED");
  EXPECT_EQ(KeyPairStateName(KeyPairState::kRegistered), "REGISTERED");
  EXPECT_EQ(KeyPairStateName(KeyPairState::kActive), "ACTIVE");
  EXPECT_EQ(KeyPairStateName(KeyPairState::kDraining), "DRAINING");
  EXPECT_EQ(KeyPairStateName(KeyPairState::kRevoked), "REVOKED");
}

}  // namespace
}  // namespace cdi::keys
