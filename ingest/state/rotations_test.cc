// Rotations in the store: whole, in order, versioned, audited.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/state/rotation_codec.h"
#include "ingest/state/schema.h"
#include "ingest/state/store_fixture.h"

namespace cdi::state {
namespace {

using keys::KeySlot;
using keys::RotationMode;
using keys::RotationNext;
using keys::RotationRecord;
using keys::RotationStep;
using testing::ElementsAre;
using testing::HasSubstr;

// Every field away from its default.
RotationRecord Full(const std::string& name = "connections/c/rotations/r") {
  RotationRecord record;
  record.name = name;
  record.version = 1;
  record.mode = RotationMode::kScheduled;
  record.step = RotationStep::kUnsetting;
  record.user = "SVC";
  record.old_key = {"connections/c/keyPairs/a", "SHA256:old", KeySlot::k2};
  record.new_key = {"connections/c/keyPairs/b", "SHA256:new", KeySlot::k2};
  record.made_new_key = false;
  record.bits = 3072;
  record.leftover_key_pair = "connections/c/keyPairs/z";
  record.leftover_fingerprint = "SHA256:z";
  record.waits_for = "connections/c/rotations/q";
  record.requested_by = "tokens/ci";
  record.reason = "90 days";
  record.permitted_fingerprint = "SHA256:foreign";
  record.rollback_requested = true;
  record.end_drain_requested = true;
  record.rollback_reason = "tokens/op: no";
  record.times = {{RotationStep::kPlanned, At(1)}, {RotationStep::kUnsetting, At(2)}};
  record.seen = keys::SlotFingerprints{"SHA256:old", "SHA256:new"};
  record.seen_time = At(3);
  record.proof = keys::LoginProof{At(4), "session 1"};
  record.restore_proof = keys::LoginProof{At(5), "session 2"};
  record.set_by = "connections/c";
  record.unset_by = "administrator";
  record.fallback = "no grant";
  record.drained = std::chrono::milliseconds(1234);
  record.drain_checked = At(6);
  record.drain_until = At(7);
  record.error = keys::RotationError{"ROTATION_KEY_LOST", "gone", "look", 3, At(8)};
  record.next = {RotationNext::Actor::kAdministrator, "ALTER USER SVC UNSET RSA_PUBLIC_KEY_2", At(9)};
  record.fallback_time = At(10);
  record.statement_under_way = true;
  record.statement_doubt = std::chrono::milliseconds(60'000);
  return record;
}

class RotationsTest : public StoreTest {
 protected:
  std::vector<std::string> Audit() {
    std::vector<std::string> lines;
    const auto page = store_->ListAudit({}, "", 100);
    for (const auto& entry : page->items)
      lines.push_back((entry.line.outcome == ingest::AuditOutcome::kFailed ? "FAILED " : "") + entry.line.caller + " " +
                      entry.line.verb + " " + entry.line.name + " " + entry.line.detail);
    return lines;
  }
};

TEST(RotationCodecTest, WhatIsWrittenIsRead) {
  const auto read = DecodeRotation(EncodeRotation(Full()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Full());
  EXPECT_EQ(*DecodeRotation(EncodeRotation(RotationRecord())), RotationRecord());
}

TEST(RotationCodecTest, TheFormatBeforeIsRead) {
  RotationRecord record = Full();
  record.statement_under_way = false;
  record.statement_doubt = {};
  record.fallback_time.reset();
  std::string bytes = EncodeRotation(record);
  bytes.resize(bytes.size() - 3);
  bytes[0] = 1;
  const auto read = DecodeRotation(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, record);
}

TEST(RotationCodecTest, CutOrAlteredBytesAreRefusedOrAnotherRecordButNeverACrash) {
  const std::string bytes = EncodeRotation(Full());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ErrorReason(DecodeRotation(bytes.substr(0, size)).status()), "STATE_DAMAGED") << size;
  }
  EXPECT_FALSE(DecodeRotation(bytes + "x").ok());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 0x80);
    const auto read = DecodeRotation(altered);
    EXPECT_TRUE(!read.ok() || !(*read == Full())) << i;
  }
}

TEST_F(RotationsTest, SurviveARestartInTheOrderOfTheirFirstWrite) {
  RotationRecord first = Full("connections/c/rotations/z");
  RotationRecord other = Full("connections/d/rotations/a");
  RotationRecord second = Full("connections/c/rotations/a");
  for (const RotationRecord* record : {&first, &other, &second})
    ASSERT_TRUE(store_->PutRotation(*record, "server").ok());
  first.version = 2;
  first.step = RotationStep::kDone;
  ASSERT_TRUE(store_->PutRotation(first, "server").ok());
  Reopen();
  EXPECT_EQ(*store_->GetRotation(second.name), second);
  EXPECT_THAT(*store_->ListRotations("connections/c"), ElementsAre(first, second));
  EXPECT_THAT(*store_->ListRotations(""), ElementsAre(first, other, second));
  EXPECT_THAT(*store_->ListOpenRotations(), ElementsAre(other, second));
  const absl::Status missing = store_->GetRotation("connections/c/rotations/none").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrorReason(missing), "ROTATION_NOT_FOUND");
}

TEST_F(RotationsTest, AWriteOverAnotherVersionIsRefused) {
  RotationRecord record = Full();
  record.version = 2;
  EXPECT_EQ(ErrorReason(store_->PutRotation(record, "server")), "ROTATION_CHANGED") << "there is no first version";
  record.version = 1;
  ASSERT_TRUE(store_->PutRotation(record, "server").ok());
  EXPECT_EQ(store_->PutRotation(record, "server").code(), absl::StatusCode::kAborted);
  record.version = 2;
  EXPECT_TRUE(store_->PutRotation(record, "server").ok());
}

TEST_F(RotationsTest, EveryStepIsAuditedAndPlainWaitingIsNot) {
  RotationRecord record = Full();
  record.rollback_requested = record.end_drain_requested = false;
  record.permitted_fingerprint = record.fallback = "";
  record.error.reset();
  record.step = RotationStep::kPlanned;
  ASSERT_TRUE(store_->PutRotation(record, "tokens/ci").ok());
  const auto put = [&](auto change, std::string_view actor = "server") {
    ++record.version;
    change();
    ASSERT_TRUE(store_->PutRotation(record, actor).ok());
  };
  put([&] { record.drained += std::chrono::seconds(1); });
  put([&] { record.step = RotationStep::kGenerated; });
  put([&] { record.permitted_fingerprint = "SHA256:f"; }, "tokens/admin");
  put([&] { record.error = keys::RotationError{"ROTATION_KEY_LOST", "m", "f", 1, At(1)}; });
  put([&] { record.error->count = 2; });
  put([&] { record.rollback_requested = true; }, "tokens/op");
  const std::string name = " connections/c/rotations/r ";
  EXPECT_THAT(Audit(), ElementsAre("tokens/op RotationStep" + name + "roll back: tokens/op: no",
                                   "FAILED server RotationStep" + name + "ROTATION_KEY_LOST",
                                   "tokens/admin RotationStep" + name + "may overwrite SHA256:f",
                                   "server RotationStep" + name + "PLANNED -> GENERATED; old SHA256:old new SHA256:new",
                                   "tokens/ci RotateKeyPair" + name +
                                       "PLANNED; old SHA256:old new SHA256:new; SCHEDULED: 90 days"));
}

TEST(RotationSchemaTest, AStateOfTheFirstReleaseGetsTheTable) {
  const TemporaryDirectory directory;
  auto database = Database::Open(directory.path() + "/x.db", {.create = true});
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE(Migrate(*database, Migrations().first(1)).ok());
  EXPECT_FALSE(database->Prepare("SELECT body FROM rotations").ok());
  ASSERT_TRUE(Migrate(*database, Migrations()).ok());
  EXPECT_TRUE(database->Prepare("SELECT id, name, connection, open, body FROM rotations").ok());
}

}  // namespace
}  // namespace cdi::state
