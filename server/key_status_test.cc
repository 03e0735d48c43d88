// What `cdi keys status` tells, case by case: how the two sides of the slots compare, and what to do next.
#include "server/key_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "server/rotation_view.h"

namespace cdi::server {
namespace {

using keys::KeyPairState;
using keys::KeySlot;
using testing::HasSubstr;

constexpr int64_t kNow = 200 * 86'400;

keys::KeyPairRecord Pair(const std::string& id, KeySlot slot, KeyPairState state, int days_old = 1) {
  keys::KeyPairRecord pair;
  pair.name = "connections/main/keyPairs/" + id;
  pair.slot = slot;
  pair.state = state;
  pair.fingerprint = "SHA256:" + id;
  pair.create_time = {kNow - days_old * 86'400LL, 0};
  return pair;
}

KeyFacts Facts(const std::vector<keys::KeyPairRecord>& pairs, std::string first, std::string second) {
  KeyFacts facts;
  facts.connection.set_name("connections/main");
  facts.connection.mutable_snowflake()->set_user("SVC");
  facts.pairs = pairs;
  for (const keys::KeyPairRecord& pair : pairs) {
    if (pair.state != KeyPairState::kRevoked) facts.login_order.push_back(pair);
  }
  facts.there = keys::SlotFingerprints{std::move(first), std::move(second)};
  facts.now = {kNow, 0};
  return facts;
}

std::vector<v1::KeyStatus::Verdict> Verdicts(const v1::KeyStatus& status) {
  return {status.slots(0).verdict(), status.slots(1).verdict()};
}

TEST(KeyStatusTest, ComparesBothSidesOfBothSlots) {
  const auto active = Pair("a", KeySlot::k1, KeyPairState::kActive);
  const auto revoked = Pair("r", KeySlot::k2, KeyPairState::kRevoked);
  struct Case {
    std::string first;
    std::string second;
    v1::KeyStatus::Verdict want_first;
    v1::KeyStatus::Verdict want_second;
    std::string advice;
  };
  for (const Case& test :
       {Case{"SHA256:a", "", v1::KeyStatus::MATCHES, v1::KeyStatus::EMPTY, "nothing"},
        Case{"", "", v1::KeyStatus::NOT_REGISTERED, v1::KeyStatus::EMPTY, "cdi keys get main/a"},
        Case{"SHA256:a", "SHA256:x", v1::KeyStatus::MATCHES, v1::KeyStatus::FOREIGN, "RSA_PUBLIC_KEY_2"},
        Case{"SHA256:a", "SHA256:r", v1::KeyStatus::MATCHES, v1::KeyStatus::REVOKED_HERE, "unset RSA_PUBLIC_KEY_2"},
        Case{"", "SHA256:a", v1::KeyStatus::NOT_REGISTERED, v1::KeyStatus::OTHER_SLOT, "nothing"}}) {
    const v1::KeyStatus status = MakeKeyStatus(Facts({active, revoked}, test.first, test.second));
    EXPECT_EQ(Verdicts(status), (std::vector{test.want_first, test.want_second})) << test.first << " " << test.second;
    EXPECT_THAT(status.advice(), HasSubstr(test.advice));
    EXPECT_TRUE(status.looked());
  }
}

TEST(KeyStatusTest, AnOldKeyIsOverdueAndAFreshOneIsNot) {
  const auto status = [](int days) {
    return MakeKeyStatus(Facts({Pair("a", KeySlot::k1, KeyPairState::kActive, days)}, "SHA256:a", ""));
  };
  EXPECT_FALSE(status(89).overdue());
  EXPECT_TRUE(status(90).overdue());
  EXPECT_THAT(status(90).advice(), HasSubstr("cdi keys rotate main"));
}

TEST(KeyStatusTest, SaysWhySnowflakeCouldNotBeAsked) {
  KeyFacts facts = Facts({Pair("a", KeySlot::k1, KeyPairState::kActive)}, "", "");
  facts.there = MakeError(absl::StatusCode::kUnauthenticated, "KEY_REFUSED", "refused");
  const v1::KeyStatus status = MakeKeyStatus(facts);
  EXPECT_FALSE(status.looked());
  EXPECT_EQ(status.look_reason(), "KEY_REFUSED");
  EXPECT_EQ(status.slots(0).verdict(), v1::KeyStatus::VERDICT_UNSPECIFIED);
  EXPECT_THAT(status.advice(), HasSubstr("could not be asked"));
}

TEST(KeyStatusTest, AFirstPairIsToBeRegisteredAndNoPairIsToBeMade) {
  EXPECT_THAT(MakeKeyStatus(Facts({}, "", "")).advice(), HasSubstr("cdi keys generate main"));
  const auto status = MakeKeyStatus(Facts({Pair("a", KeySlot::k1, KeyPairState::kGenerated)}, "", ""));
  EXPECT_THAT(status.advice(), HasSubstr("cdi keys get main/a"));
}

TEST(KeyStatusTest, AnOpenRotationSaysWhoHasToAct) {
  KeyFacts facts = Facts({Pair("a", KeySlot::k1, KeyPairState::kActive)}, "SHA256:a", "");
  keys::RotationRecord rotation;
  rotation.name = "connections/main/rotations/r1";
  rotation.step = keys::RotationStep::kRegistering;
  rotation.next = {keys::RotationNext::Actor::kAdministrator, "ALTER USER SVC SET …", std::nullopt};
  facts.rotations = {rotation};
  const v1::KeyStatus status = MakeKeyStatus(facts);
  EXPECT_EQ(status.rotation().next_statement(), "ALTER USER SVC SET …");
  EXPECT_THAT(status.advice(), HasSubstr("cdi keys resume main/r1"));
}

TEST(KeyStatusTest, AChangedStateComesBeforeEverythingElse) {
  KeyFacts facts = Facts({Pair("a", KeySlot::k1, KeyPairState::kActive, 100)}, "SHA256:a", "");
  facts.damaged = {"connections/main/keyPairs/a"};
  EXPECT_THAT(MakeKeyStatus(facts).advice(),
              HasSubstr("the public half stored with main/a is not that of its private"));
}

// rotation_view.cc converts by number.
TEST(RotationViewTest, TheNumbersOfTheRecordAreThoseOfTheApi) {
  for (int step = 1; step <= 14; ++step) {
    keys::RotationRecord record;
    record.step = static_cast<keys::RotationStep>(step);
    EXPECT_EQ(v1::Rotation::Step_Name(ViewOf(record).step()), keys::RotationStepName(record.step));
  }
  for (int mode = 1; mode <= 3; ++mode) {
    keys::RotationRecord record;
    record.mode = static_cast<keys::RotationMode>(mode);
    EXPECT_EQ(v1::Rotation::Mode_Name(ViewOf(record).mode()), keys::RotationModeName(record.mode));
  }
  keys::RotationRecord record;
  record.next.actor = keys::RotationNext::Actor::kOperator;
  EXPECT_EQ(ViewOf(record).next_actor(), v1::Rotation::OPERATOR);
}

}  // namespace
}  // namespace cdi::server
