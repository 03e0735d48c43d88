#include "keys/rekey.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "keys/sealed_box.h"

namespace cdi::keys {
namespace {

class RekeyTest : public ::testing::Test {
 protected:
  std::string SealUnder(const MasterKey& master_key, std::string_view name = "workspaces/w/apiKey") {
    return *Seal(master_key, name, 3, Secret("an API key"));
  }

  const MasterKey old_ = *MasterKey::Generate();
  const MasterKey new_ = *MasterKey::Generate();
  const MasterKey third_ = *MasterKey::Generate();
};

TEST_F(RekeyTest, MovesASecretAndCountsIt) {
  absl::StatusOr<Rekey> rekey = Rekey::Create(old_, new_);
  ASSERT_TRUE(rekey.ok()) << rekey.status();
  const std::string sealed = SealUnder(old_);
  const absl::StatusOr<std::string> moved = rekey->Reseal("workspaces/w/apiKey", 3, sealed);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(Open(new_, "workspaces/w/apiKey", 3, *moved)->Expose(), "an API key");
  EXPECT_EQ(ErrorReason(CheckSealed(old_, "workspaces/w/apiKey", 3, *moved)), "MASTER_KEY_WRONG");
  EXPECT_EQ(rekey->changed(), 1U);
  EXPECT_EQ(rekey->Summary(), "master key " + old_.Id() + " -> " + new_.Id() + ", 1 secrets");
}

TEST_F(RekeyTest, WhatIsThereAlreadyStaysAsItIs) {
  absl::StatusOr<Rekey> rekey = Rekey::Create(old_, new_);
  const std::string sealed = SealUnder(new_);
  EXPECT_EQ(*rekey->Reseal("workspaces/w/apiKey", 3, sealed), sealed);
  EXPECT_EQ(ErrorReason(rekey->Reseal("workspaces/w/apiKey", 4, sealed).status()), "SEALED_DAMAGED");
  EXPECT_EQ(rekey->changed(), 0U);
  EXPECT_EQ(rekey->already(), 1U);
}

TEST_F(RekeyTest, WhatCannotBeOpenedIsNamed) {
  absl::StatusOr<Rekey> rekey = Rekey::Create(old_, new_);
  const absl::Status foreign = rekey->Reseal("workspaces/w/apiKey", 3, SealUnder(third_)).status();
  EXPECT_EQ(ErrorReason(foreign), "MASTER_KEY_WRONG");
  EXPECT_NE(foreign.message().find("workspaces/w/apiKey"), absl::string_view::npos);
  EXPECT_EQ(ErrorReason(rekey->Reseal("workspaces/v/apiKey", 3, SealUnder(old_)).status()), "SEALED_DAMAGED");
  EXPECT_EQ(ErrorReason(rekey->Reseal("workspaces/w/apiKey", 3, "rubbish").status()), "SEALED_DAMAGED");
  EXPECT_EQ(rekey->changed() + rekey->already(), 0U);
}

TEST_F(RekeyTest, TheSameKeyIsRefused) {
  EXPECT_EQ(ErrorReason(Rekey::Create(old_, old_).status()), "REKEY_SAME_KEY");
}

TEST_F(RekeyTest, AKeyIsWrongWhenItOpensNothingOfWhatThereIs) {
  SealedUnder empty;
  EXPECT_FALSE(empty.wrong());
  SealedUnder standing;
  standing.Count(old_, "workspaces/a/apiKey", SealUnder(new_));
  standing.Count(old_, "workspaces/b/apiKey", SealUnder(third_));
  EXPECT_TRUE(standing.wrong());
  EXPECT_EQ(standing.another_id, new_.Id());
  EXPECT_EQ(standing.another_name, "workspaces/a/apiKey");
  EXPECT_EQ(standing.another_key, 2U);
  standing.Count(old_, "workspaces/c/apiKey", SealUnder(old_));
  EXPECT_FALSE(standing.wrong());
}

}  // namespace
}  // namespace cdi::keys
