#include "keys/sealed_box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "base/check.h"
#include "base/error.h"

namespace cdi::keys {
namespace {

constexpr std::string_view kName = "connections/c/keyPairs/k";
constexpr std::string_view kText = "-----BEGIN PRIVATE KEY----- canary";

MasterKey NewMasterKey() {
  absl::StatusOr<MasterKey> key = MasterKey::Generate();
  CDI_CHECK(key.ok(), "a master key can be made");
  return *std::move(key);
}

class SealedBoxTest : public ::testing::Test {
 protected:
  std::string SealText(std::string_view text = kText) { return *Seal(master_key_, kName, 1, Secret(text)); }
  const MasterKey master_key_ = NewMasterKey();
  const MasterKey other_master_key_ = NewMasterKey();
};

void ExpectDamaged(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ErrorReason(status), "SEALED_DAMAGED");
}

TEST_F(SealedBoxTest, OpensWhatItSealed) {
  const std::string sealed = SealText();
  EXPECT_EQ(sealed.size(), kText.size() + kSealedOverhead);
  EXPECT_EQ(sealed.find("canary"), std::string::npos);
  const absl::StatusOr<Secret> opened = Open(master_key_, kName, 1, sealed);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->Expose(), kText);
}

RC_GTEST_PROP(SealedBoxPropertyTest, RoundTripKeepsAnyBytesUnderAnyNameAndVersion,
              (const std::string& text, const std::string& name, uint64_t version)) {
  static const MasterKey master_key = NewMasterKey();
  const absl::StatusOr<std::string> sealed = Seal(master_key, name, version, Secret(text));
  RC_ASSERT(sealed.ok());
  const absl::StatusOr<Secret> opened = Open(master_key, name, version, *sealed);
  RC_ASSERT(opened.ok());
  RC_ASSERT(opened->Expose() == text);
}

TEST_F(SealedBoxTest, AnEmptySecretIsASecretToo) {
  for (const std::string& sealed : {SealText(""), *Seal(master_key_, kName, 1, Secret())}) {
    const absl::StatusOr<Secret> opened = Open(master_key_, kName, 1, sealed);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_TRUE(opened->empty());
  }
}

TEST_F(SealedBoxTest, SealingTwiceSharesNoByteBeyondTheHeader) {
  // 100 seals of one text: every nonce and every wrapped key is new.
  std::set<std::string> nonces;
  for (int i = 0; i < 100; ++i) {
    const std::string sealed = SealText();
    nonces.insert(sealed.substr(10, 12));
    nonces.insert(sealed.substr(70, 12));
    nonces.insert(sealed.substr(22, 32));
  }
  EXPECT_EQ(nonces.size(), 300U);
}

TEST_F(SealedBoxTest, EveryBitCountsInEveryByte) {
  const std::string sealed = SealText();
  for (size_t i = 0; i < sealed.size(); ++i) {
    for (const int bit : {0x01, 0x80}) {
      std::string tampered = sealed;
      tampered[i] = static_cast<char>(tampered[i] ^ bit);
      const absl::Status status = Open(master_key_, kName, 1, tampered).status();
      if (i == 4 || i == 5) {
        EXPECT_EQ(ErrorReason(status), "SEALED_FORMAT_UNKNOWN") << i;
      } else if (i >= 6 && i < 10) {
        EXPECT_EQ(ErrorReason(status), "MASTER_KEY_WRONG") << i;
      } else {
        EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << i;
      }
    }
  }
}

TEST_F(SealedBoxTest, EveryTruncationAndExtensionIsDamage) {
  const std::string sealed = SealText();
  for (size_t size = 0; size < sealed.size(); ++size) {
    ExpectDamaged(Open(master_key_, kName, 1, std::string_view(sealed).substr(0, size)).status());
  }
  ExpectDamaged(Open(master_key_, kName, 1, sealed + '\0').status());
  ExpectDamaged(Open(master_key_, kName, 1, sealed + std::string(100'000, 'x')).status());
}

TEST_F(SealedBoxTest, ABlobWorksOnlyUnderItsOwnNameAndVersion) {
  const std::string sealed = SealText();
  ExpectDamaged(Open(master_key_, "connections/c/keyPairs/l", 1, sealed).status());
  ExpectDamaged(Open(master_key_, "", 1, sealed).status());
  ExpectDamaged(Open(master_key_, kName, 2, sealed).status());
  // Name and version are framed: what one loses the other cannot gain.
  const std::string framed = *Seal(master_key_, "a", 11, Secret(kText));
  ExpectDamaged(Open(master_key_, "a:1", 1, framed).status());
}

TEST_F(SealedBoxTest, HalvesOfTwoBlobsDoNotCombine) {
  const std::string one = SealText();
  const std::string two = SealText();
  ExpectDamaged(Open(master_key_, kName, 1, one.substr(0, 70) + two.substr(70)).status());
}

TEST_F(SealedBoxTest, AnotherMasterKeyIsToldFromDamage) {
  const absl::Status status = Open(other_master_key_, kName, 1, SealText()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), "MASTER_KEY_WRONG");
  EXPECT_EQ(ErrorDetailsOf(status).at("sealed_under"), master_key_.Id());
  EXPECT_EQ(ErrorDetailsOf(status).at("loaded"), other_master_key_.Id());
}

TEST_F(SealedBoxTest, AForgedMasterKeyIdOpensNothing) {
  const std::string sealed = SealText();
  const std::string other = *Seal(other_master_key_, kName, 1, Secret(kText));
  ExpectDamaged(Open(other_master_key_, kName, 1, other.substr(0, 10) + sealed.substr(10)).status());
}

TEST_F(SealedBoxTest, RewrapMovesASecretToAnotherMasterKeyWithoutTouchingIt) {
  const std::string sealed = SealText();
  const absl::StatusOr<std::string> moved = Rewrap(master_key_, other_master_key_, kName, 1, sealed);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->substr(70), sealed.substr(70));
  EXPECT_EQ(Open(other_master_key_, kName, 1, *moved)->Expose(), kText);
  EXPECT_EQ(ErrorReason(Open(master_key_, kName, 1, *moved).status()), "MASTER_KEY_WRONG");
  EXPECT_EQ(SealedMasterKeyId(*moved), other_master_key_.Id());
}

TEST_F(SealedBoxTest, RewrapRefusesWhatItCannotOpen) {
  const std::string sealed = SealText();
  EXPECT_EQ(ErrorReason(Rewrap(other_master_key_, master_key_, kName, 1, sealed).status()), "MASTER_KEY_WRONG");
  ExpectDamaged(Rewrap(master_key_, other_master_key_, kName, 2, sealed).status());
  std::string tampered = sealed;
  tampered[30] = static_cast<char>(tampered[30] ^ 1);
  ExpectDamaged(Rewrap(master_key_, other_master_key_, kName, 1, tampered).status());
}

TEST_F(SealedBoxTest, TheDataKeyAloneShowsWhetherTheMasterKeyFits) {
  std::string sealed = SealText();
  EXPECT_TRUE(CheckSealed(master_key_, kName, 1, sealed).ok());
  EXPECT_EQ(ErrorReason(CheckSealed(other_master_key_, kName, 1, sealed)), "MASTER_KEY_WRONG");
  ExpectDamaged(CheckSealed(master_key_, kName, 2, sealed));
  sealed.back() = static_cast<char>(sealed.back() ^ 1);  // of the secret: not looked at
  EXPECT_TRUE(CheckSealed(master_key_, kName, 1, sealed).ok());
  sealed[30] = static_cast<char>(sealed[30] ^ 1);
  ExpectDamaged(CheckSealed(master_key_, kName, 1, sealed));
}

TEST_F(SealedBoxTest, TheIdOfTheMasterKeyIsReadableWithoutIt) {
  EXPECT_EQ(SealedMasterKeyId(SealText()), master_key_.Id());
  EXPECT_EQ(SealedMasterKeyId("no blob"), "");
  EXPECT_EQ(SealedMasterKeyId(std::string(200, 'x')), "");
}

TEST_F(SealedBoxTest, ASecretBeyondTheBoundIsRefused) {
  EXPECT_TRUE(Seal(master_key_, kName, 1, Secret(std::string(kSealedSecretBytesMax, 'x'))).ok());
  EXPECT_EQ(Seal(master_key_, kName, 1, Secret(std::string(kSealedSecretBytesMax + 1, 'x'))).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace cdi::keys
