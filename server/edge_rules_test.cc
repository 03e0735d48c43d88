// The rules at the edge: names, page tokens, field masks, statuses, log lines.
#include <google/protobuf/field_mask.pb.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "cdi/v1/access.pb.h"
#include "cdi/v1/audit.pb.h"
#include "cdi/v1/sync.pb.h"
#include "google/rpc/error_details.pb.h"
#include "server/documents.h"
#include "server/field_mask.h"
#include "server/paging.h"
#include "server/resource_name.h"
#include "server/status_to_grpc.h"
#include "server/sync_rules.h"
#include "server/time_fields.h"

namespace cdi::server {
namespace {

struct NameCase {
  std::string_view name;
  std::string_view text;
  std::string_view pattern;
  bool fits;
};

class NameTest : public testing::TestWithParam<NameCase> {};
TEST_P(NameTest, FitsItsPatternOrIsRefusedWithTheField) {
  const absl::Status status = CheckName(GetParam().text, GetParam().pattern, "name");
  EXPECT_EQ(status.ok(), GetParam().fits);
  if (!GetParam().fits) {
    EXPECT_EQ(ErrorDetailsOf(status).at("field"), "name");
  }
}
INSTANTIATE_TEST_SUITE_P(Table, NameTest,
                         testing::Values(NameCase{"sync", "syncs/shop", "syncs/*", true},
                                         NameCase{"run", "syncs/shop/runs/r1", "syncs/*/runs/*", true},
                                         NameCase{"empty", "", "syncs/*", false},
                                         NameCase{"other_kind", "runs/shop", "syncs/*", false},
                                         NameCase{"too_deep", "syncs/a/b", "syncs/*", false},
                                         NameCase{"upper_case", "syncs/Shop", "syncs/*", false},
                                         NameCase{"sql", "syncs/a';--", "syncs/*", false},
                                         NameCase{"digit_first", "syncs/1a", "syncs/*", false},
                                         NameCase{"path_tricks", "syncs/..", "syncs/*", false}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(NameTest, ParentsAndLastSegments) {
  EXPECT_EQ(ParentOf("syncs/s/runs/r"), "syncs/s");
  EXPECT_EQ(ParentOf("syncs/s"), "");
  EXPECT_EQ(LastSegment("syncs/s/runs/r"), "r");
}

TEST(NameTest, AnIdMadeHereFitsItsOwnRule) {
  SeededRng rng(1);
  const auto id = ChosenOrMadeId("", "s", rng, "sync_id");
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(CheckName("syncs/" + *id, "syncs/*", "name").ok());
}

// What is made with an id is to be used with it: the key ring takes none that ends with a hyphen.
TEST(NameTest, AnIdIsRefusedWhereAKeyPairCouldNeverHaveIt) {
  SeededRng rng(1);
  for (const char* id : {"a", "a1", "a-1", "a--b"}) EXPECT_EQ(*ChosenOrMadeId(id, "c", rng, "connection_id"), id);
  for (const char* id : {"a-", "-", "a--", "-a", "1", "A", "a_b"}) {
    const absl::Status refused = ChosenOrMadeId(id, "c", rng, "connection_id").status();
    EXPECT_EQ(ErrorReason(refused), "INVALID_FIELD") << id;
    EXPECT_EQ(ErrorDetailsOf(refused).at("field"), "connection_id") << id;
  }
  EXPECT_TRUE(CheckName("connections/a-", "connections/*", "name").ok()) << "what an older release made is reached";
}

TEST(PagingTest, SizesAreCoercedAndNegativeOnesRefused) {
  EXPECT_EQ(*PageSize(0, 50), 50);
  EXPECT_EQ(*PageSize(7, 50), 7);
  EXPECT_EQ(*PageSize(100'000, 50), 1000);
  EXPECT_FALSE(PageSize(-1, 50).ok());
}

RC_GTEST_PROP(PagingProperty, ATokenOpensInItsOwnScopeOnly, (const std::string& scope, const std::string& after)) {
  RC_PRE(!after.empty());
  const std::string token = MakePageToken(scope, after);
  const auto read = ReadPageToken(scope, token);
  RC_ASSERT(read.ok());
  RC_ASSERT(*read == after);
  RC_ASSERT(ErrorReason(ReadPageToken(scope + "x", token).status()) == "PAGE_TOKEN_INVALID");
}

RC_GTEST_PROP(PagingProperty, NoTextBreaksTheReader, (const std::string& text)) {
  const auto read = ReadPageToken("scope", text);
  RC_ASSERT(read.ok() == text.empty());
}

google::protobuf::FieldMask MaskOf(std::initializer_list<const char*> paths) {
  google::protobuf::FieldMask mask;
  for (const char* path : paths) mask.add_paths(path);
  return mask;
}

TEST(FieldMaskTest, ChangesWhatItNamesAndNothingElse) {
  v1::Sync from;
  from.set_display_name("new");
  from.set_table("OTHER");
  from.mutable_schedule()->set_every_minutes(5);
  v1::Sync to;
  to.set_display_name("old");
  to.set_table("USERS");
  ASSERT_TRUE(ApplyMask(MaskOf({"display_name", "schedule.every_minutes"}), from, MutableSyncPaths(), to).ok());
  EXPECT_EQ(to.display_name(), "new");
  EXPECT_EQ(to.table(), "USERS");
  EXPECT_EQ(to.schedule().every_minutes(), 5);
}

TEST(FieldMaskTest, RefusesEmptyUnknownAndFixedPaths) {
  const v1::Sync from;
  v1::Sync to;
  for (const auto& mask : {MaskOf({}), MaskOf({"nonsense"}), MaskOf({"name"}), MaskOf({"state"})}) {
    EXPECT_EQ(ErrorDetailsOf(ApplyMask(mask, from, MutableSyncPaths(), to)).at("field"), "update_mask");
  }
}

TEST(FieldMaskTest, TouchesParentsAndChildren) {
  EXPECT_TRUE(MaskTouches(MaskOf({"schedule"}), {"schedule.every_minutes"}));
  EXPECT_TRUE(MaskTouches(MaskOf({"schedule.every_minutes"}), {"schedule"}));
  EXPECT_FALSE(MaskTouches(MaskOf({"table_name"}), {"table"}));
}

TEST(TimeFieldsTest, ATimeThatNoAnswerCouldShowIsRefusedWhereverItStands) {
  v1::CreateTokenRequest create;
  EXPECT_TRUE(CheckTimes(create).ok());
  google::protobuf::Timestamp& end = *create.mutable_token()->mutable_expire_time();
  struct Case {
    int64_t seconds;
    int32_t nanos;
    bool good;
  };
  for (const Case& c : {Case{0, 0, true}, Case{-62135596800, 0, true}, Case{253402300799, 999'999'999, true},
                        Case{0, 1'000'000'000, false}, Case{0, 2'000'000'000, false}, Case{0, -1, false},
                        Case{-62135596801, 0, false}, Case{253402300800, 0, false}}) {
    end.set_seconds(c.seconds);
    end.set_nanos(c.nanos);
    const absl::Status status = CheckTimes(create);
    EXPECT_EQ(status.ok(), c.good) << c.seconds << " " << c.nanos;
    if (c.good) continue;
    EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
    EXPECT_EQ(ErrorDetailsOf(status).at("field"), "token.expire_time");
  }
  v1::RewindSyncRequest rewind;
  rewind.mutable_to()->set_nanos(-1);
  EXPECT_EQ(ErrorDetailsOf(CheckTimes(rewind)).at("field"), "to");
  v1::ListAuditEntriesRequest list;
  list.mutable_until()->set_nanos(2'000'000'000);
  EXPECT_EQ(ErrorDetailsOf(CheckTimes(list)).at("field"), "until");
}

TEST(StatusToGrpcTest, CarriesOneErrorInfoAndTheFieldAtFault) {
  const grpc::Status status = ToGrpc(InvalidField("sync.table", "table is empty; it is required"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  google::rpc::Status rpc;
  ASSERT_TRUE(rpc.ParseFromString(status.error_details()));
  int infos = 0;
  google::rpc::BadRequest bad;
  for (const auto& detail : rpc.details()) {
    infos += detail.Is<google::rpc::ErrorInfo>();
    if (detail.Is<google::rpc::BadRequest>()) {
      ASSERT_TRUE(detail.UnpackTo(&bad));
    }
  }
  EXPECT_EQ(infos, 1);
  EXPECT_EQ(bad.field_violations(0).field(), "sync.table");
}

TEST(StatusToGrpcTest, FaultsOfOursKeepTheirTextOutOfTheReply) {
  EXPECT_EQ(ToGrpc(absl::InternalError("table secret_users broke")).error_message().find("secret_users"),
            std::string::npos);
}

TEST(EtagTest, ReadsItsOwnAndRefusesOthers) {
  EXPECT_EQ(*VersionOf(EtagOf(42)), 42U);
  EXPECT_EQ(*VersionOf(""), 0U);
  for (const char* text : {"v0", "42", "vx", "v-1"}) EXPECT_FALSE(VersionOf(text).ok()) << text;
}

TEST(SyncRulesTest, ADraftMayBeIncompleteAndSaysWhatItLacks) {
  v1::Sync sync;
  sync.set_data_type(v1::Sync::EVENTS);
  EXPECT_TRUE(CheckDraft(sync).ok());
  const absl::Status status = CheckComplete(sync);
  EXPECT_EQ(ErrorReason(status), "SYNC_INCOMPLETE");
  EXPECT_NE(std::string(status.message()).find("connection, workspace, database, schema, table"), std::string::npos);
}

}  // namespace
}  // namespace cdi::server
