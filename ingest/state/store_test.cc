// Resources, secrets, key pairs, parked rows, retention.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ingest/state/store_fixture.h"

namespace cdi::state {
namespace {

using ingest::ParkedFilter;
using ingest::ParkedKind;
using ingest::ResourceChange;
using ingest::ResourceKind;
using ingest::RowVerdict;
using ingest::RunState;
using ingest::RunTrigger;
using ingest::RunWrite;
using ingest::StoredParkedRow;
using testing::ElementsAre;
using testing::HasSubstr;

ParkedFilter Filter(std::optional<bool> held = std::nullopt, bool open_only = true,
                    std::optional<ingest::RunName> run = std::nullopt) {
  ParkedFilter filter;
  filter.sync = kSync;
  filter.run = std::move(run);
  filter.held = held;
  filter.open_only = open_only;
  return filter;
}

class ResourcesTest : public StoreTest {
 protected:
  static ResourceChange Change(ResourceChange::Op op, const std::string& name, const std::string& document = "doc") {
    ResourceChange change;
    change.op = op;
    change.kind = ResourceKind::kConnection;
    change.name = name;
    change.document = document;
    change.caller = "tester";
    change.verb = "Verb";
    return change;
  }
  static constexpr auto kCreate = ResourceChange::Op::kCreate;
  static constexpr auto kUpdate = ResourceChange::Op::kUpdate;
  static constexpr auto kDelete = ResourceChange::Op::kDelete;
};

TEST_F(ResourcesTest, SurviveARestartAndCountTheirVersions) {
  ASSERT_TRUE(store_->Apply(Change(kCreate, "connections/a")).ok());
  ASSERT_TRUE(store_->Apply(Change(kUpdate, "connections/a", "new")).ok());
  Reopen();
  const auto resource = store_->GetResource(ResourceKind::kConnection, "connections/a");
  ASSERT_TRUE(resource.ok()) << resource.status();
  EXPECT_EQ(resource->version, 2u);
  EXPECT_EQ(resource->document, "new");
  EXPECT_EQ(ErrorReason(store_->GetResource(ResourceKind::kSync, "connections/a").status()), "RESOURCE_NOT_FOUND");
}

TEST_F(ResourcesTest, ALostUpdateIsRefused) {
  ASSERT_TRUE(store_->Apply(Change(kCreate, "connections/a")).ok());
  ResourceChange stale = Change(kUpdate, "connections/a");
  stale.expected_version = 7;
  const auto refused = store_->Apply(stale);
  EXPECT_TRUE(absl::IsAborted(refused.status()));
  EXPECT_EQ(ErrorReason(refused.status()), "ETAG_STALE");
  stale.op = kDelete;
  EXPECT_EQ(ErrorReason(store_->Apply(stale).status()), "ETAG_STALE");
}

TEST_F(ResourcesTest, ASecondOneWithTheSameUniqueKeyNamesTheFirst) {
  ResourceChange first = Change(kCreate, "connections/a");
  first.unique_key = "snowflake:ACCOUNT:USER";
  ASSERT_TRUE(store_->Apply(first).ok());
  ResourceChange second = first;
  second.name = "connections/b";
  const auto refused = store_->Apply(second);
  EXPECT_EQ(ErrorReason(refused.status()), "UNIQUE_KEY_TAKEN");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("connections/a"));
  ASSERT_TRUE(store_->Apply(Change(kDelete, "connections/a")).ok());
  EXPECT_TRUE(store_->Apply(second).ok());
}

TEST_F(ResourcesTest, ARequestIdHasOneAnswerForADay) {
  ResourceChange change = Change(kCreate, "connections/a");
  change.request_id = "id";
  change.request_hash = "h1";
  ASSERT_TRUE(store_->Apply(change).ok());
  Reopen();
  const auto again = store_->Apply(change);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->version, 1u);
  EXPECT_EQ(store_->ListAudit({}, "", 10)->items.size(), 1u) << "a repeated request changes nothing";
  change.request_hash = "h2";
  EXPECT_EQ(ErrorReason(store_->Apply(change).status()), "REQUEST_ID_REUSED");
  clock_.Advance(std::chrono::hours(25));
  EXPECT_EQ(ErrorReason(store_->Apply(change).status()), "RESOURCE_EXISTS");
}

TEST_F(ResourcesTest, AnAnswerThatWasKeptIsFoundByItsOwnRequestForADay) {
  EXPECT_EQ(*store_->FindAnswer("id", "h1"), std::nullopt);
  ASSERT_TRUE(store_->KeepAnswer("id", "h1", "connections/a/keyPairs/k").ok());
  Reopen();
  EXPECT_EQ(*store_->FindAnswer("id", "h1"), "connections/a/keyPairs/k");
  EXPECT_EQ(ErrorReason(store_->FindAnswer("id", "h2").status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ErrorReason(store_->KeepAnswer("id", "h2", "other")), "REQUEST_ID_REUSED");
  ASSERT_TRUE(store_->KeepAnswer("id", "h1", "other").ok());
  EXPECT_EQ(*store_->FindAnswer("id", "h1"), "connections/a/keyPairs/k") << "the first answer stands";
  clock_.Advance(std::chrono::hours(25));
  EXPECT_EQ(*store_->FindAnswer("id", "h2"), std::nullopt);
  EXPECT_TRUE(store_->KeepAnswer("id", "h2", "other").ok());
}

// Each of the three kinds of requests sees the ids of the others.
TEST_F(ResourcesTest, ARequestIdIsOneAcrossAllKindsOfRequests) {
  ResourceChange change = Change(kCreate, "connections/a");
  change.request_id = "id";
  change.request_hash = "h1";
  ASSERT_TRUE(store_->Apply(change).ok());
  EXPECT_EQ(ErrorReason(store_->FindAnswer("id", "h1").status()), "REQUEST_ID_REUSED");
  ASSERT_TRUE(store_->KeepAnswer("other", "h1", "answer").ok());
  change.request_id = "other";
  EXPECT_EQ(ErrorReason(store_->Apply(change).status()), "REQUEST_ID_REUSED");
}

TEST_F(ResourcesTest, ASecretComesAndGoesWithItsResource) {
  ResourceChange change = Change(kCreate, "connections/a");
  change.secret = ingest::SealedSecret{"connections/a/password", 1, std::string("se\0aled", 7)};
  ASSERT_TRUE(store_->Apply(change).ok());
  ASSERT_TRUE(store_->PutSecret({"connections/ab/password", 1, "other"}).ok());
  EXPECT_EQ(store_->GetSecret("connections/a/password")->sealed, change.secret->sealed);
  ASSERT_TRUE(store_->Apply(Change(kDelete, "connections/a")).ok());
  EXPECT_EQ(ErrorReason(store_->GetSecret("connections/a/password").status()), "SECRET_NOT_FOUND");
  EXPECT_TRUE(store_->GetSecret("connections/ab/password").ok());
}

TEST_F(ResourcesTest, AreListedByNameInPages) {
  for (const char* name : {"connections/b", "connections/a", "connections/c"}) {
    ASSERT_TRUE(store_->Apply(Change(kCreate, name)).ok());
  }
  const auto first = store_->ListResources(ResourceKind::kConnection, "", 2);
  ASSERT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->items[0].name, "connections/a");
  const auto second = store_->ListResources(ResourceKind::kConnection, first->next, 2);
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].name, "connections/c");
  EXPECT_EQ(second->next, "");
}

TEST_F(ResourcesTest, ASyncWithAnActiveRunIsNotDeletedAndALaterOneStartsFromNothing) {
  ResourceChange create = Change(kCreate, kSync.value());
  create.kind = ResourceKind::kSync;
  ASSERT_TRUE(store_->Apply(create).ok());
  ASSERT_TRUE(store_->SetTestedVersion(kSync, 1).ok());
  ASSERT_TRUE(store_->SetNextRunTime(kSync, At(7)).ok());
  RunThrough("r1", {Mark(1)});
  ASSERT_TRUE(store_->CreateRun(NewRun("r2"), "", "tester").ok());
  ResourceChange remove = create;
  remove.op = kDelete;
  EXPECT_EQ(ErrorReason(store_->Apply(remove).status()), "RUN_ACTIVE");
  ASSERT_TRUE(store_->EndRun(NewRun("r2").name, RunState::kCancelled, {}).ok());
  EXPECT_EQ(store_->GetSyncStatus(kSync)->next_run_time, At(7));
  ASSERT_TRUE(store_->Apply(remove).ok());
  ASSERT_TRUE(store_->Apply(create).ok());
  const auto status = store_->GetSyncStatus(kSync);
  EXPECT_EQ(status->watermark, std::nullopt);
  EXPECT_EQ(status->tested_version, 0u);
  EXPECT_EQ(status->next_run_time, std::nullopt);
  EXPECT_EQ(store_->ListRuns(kSync, "", 10)->items.size(), 2u) << "the run log stays";
  EXPECT_EQ(ErrorReason(store_->GetSyncStatus(ingest::SyncName("syncs/none")).status()), "SYNC_NOT_FOUND");
}

TEST_F(ResourcesTest, KeyPairsAreStoredAsTheyAreAndOldestFirst) {
  keys::KeyPairRecord a;
  a.name = "connections/c/keyPairs/a";
  a.slot = keys::KeySlot::k2;
  a.state = keys::KeyPairState::kActive;
  a.bits = 3072;
  a.public_key_line = "MIIB";
  a.fingerprint = "SHA256:x";
  a.sealed_private_key = std::string("\0\1\2", 3);
  a.version = 3;
  a.create_time = At(2);
  a.activate_time = At(3);
  keys::KeyPairRecord b = a;
  b.name = "connections/c/keyPairs/b";
  b.create_time = At(1);
  ASSERT_TRUE(store_->PutKeyPairs(std::vector{a, b}).ok());
  EXPECT_THAT(*store_->ListKeyPairs("connections/c"), ElementsAre(b, a));
  a.state = keys::KeyPairState::kDraining;
  keys::KeyPairRecord wrong = a;
  wrong.name = "nonsense";
  EXPECT_FALSE(store_->PutKeyPairs(std::vector{a, wrong}).ok());
  EXPECT_EQ(store_->GetKeyPair(a.name)->state, keys::KeyPairState::kActive) << "all of them or none";
  ASSERT_TRUE(store_->PutKeyPairs(std::vector{a}).ok());
  ASSERT_TRUE(store_->PutKeyPairs(std::vector{a}).ok());
  ASSERT_TRUE(store_->DeleteKeyPair(b.name).ok());
  EXPECT_EQ(ErrorReason(store_->DeleteKeyPair(b.name)), "KEY_PAIR_NOT_FOUND");
  EXPECT_EQ(ErrorReason(store_->GetKeyPair(b.name).status()), "KEY_PAIR_NOT_FOUND");

  ingest::AuditFilter changes;
  changes.verb = "KeyPairState";
  changes.oldest_first = true;
  std::vector<std::string> lines;
  const auto page = store_->ListAudit(changes, "", 10);
  for (const auto& entry : page->items)
    lines.push_back(entry.line.caller + " " + entry.line.name + ": " + entry.line.detail);
  EXPECT_THAT(lines, ElementsAre("server connections/c/keyPairs/a: ACTIVE in RSA_PUBLIC_KEY_2; SHA256:x",
                                 "server connections/c/keyPairs/b: ACTIVE in RSA_PUBLIC_KEY_2; SHA256:x",
                                 "server connections/c/keyPairs/a: ACTIVE in RSA_PUBLIC_KEY_2 -> DRAINING in "
                                 "RSA_PUBLIC_KEY_2; SHA256:x",
                                 "server connections/c/keyPairs/b: ACTIVE in RSA_PUBLIC_KEY_2 -> forgotten; SHA256:x"))
      << "a line for each change, none for a write that changes nothing or was refused";
}

// ---- parked rows

class ParkedRowsTest : public StoreTest {
 protected:
  // A dead row with content and a held row without; answers their ids.
  std::vector<uint64_t> Park() {
    const auto opened = Start("r1");
    warehouse::PageBuilder builder;
    builder.StartRow(At(1));
    builder.SetCell(warehouse::ColumnRole::kExternalId, "u1");
    builder.SetCell(warehouse::ColumnRole::kPayload, "{broken");
    builder.FinishRow();
    auto page = std::make_shared<ingest::DecodedPage>();
    page->page = builder.Build();
    page->rows.resize(1);
    RunWrite write;
    write.parked = {Parked(Mark(1), ParkedKind::kDeadLocal, "PAYLOAD_NOT_JSON"),
                    Parked(Mark(2), ParkedKind::kHeld, "CRASH_IN_FLIGHT")};
    write.parked[0].row = {page, 0};
    write.sums.rejected_local = 1;
    write.sums.held = 1;
    EXPECT_TRUE(Write(opened.lease, write).ok());
    EXPECT_TRUE(Write(opened.lease, End(RunState::kPartial, write.sums)).ok());
    const auto listed = store_->ListParkedRows(Filter(), "", 10);
    std::vector<uint64_t> ids;
    for (const StoredParkedRow& row : listed->items) ids.push_back(row.id);
    return ids;
  }
};

TEST_F(ParkedRowsTest, KeepTheirContentAndAreFiltered) {
  const std::vector<uint64_t> ids = Park();
  ASSERT_EQ(ids.size(), 2u);
  const auto rows = store_->GetParkedRows(kSync, ids);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->at(0).cells[static_cast<size_t>(warehouse::ColumnRole::kPayload)], "{broken");
  EXPECT_EQ(rows->at(0).cells[static_cast<size_t>(warehouse::ColumnRole::kEmail)], std::nullopt);
  EXPECT_FALSE(rows->at(0).content_gone);
  EXPECT_TRUE(rows->at(1).content_gone);
  EXPECT_EQ(rows->at(1).mark.cursor, At(2));
  EXPECT_EQ(rows->at(1).mark.parked_id, ids[1]);
  EXPECT_EQ(store_->ListParkedRows(Filter(true), "", 10)->items.size(), 1u);
  EXPECT_EQ(store_->ListParkedRows(Filter(false), "", 10)->items.at(0).reason, "PAYLOAD_NOT_JSON");
  EXPECT_EQ(store_->ListParkedRows(Filter(std::nullopt, true, NewRun("other").name), "", 10)->items.size(), 0u);
  const auto first = store_->ListParkedRows(Filter(), "", 1);
  EXPECT_EQ(store_->ListParkedRows(Filter(), first->next, 1)->items.at(0).id, ids[1]);
  EXPECT_EQ(ErrorReason(store_->GetParkedRows(kSync, {999}).status()), "ROW_NOT_FOUND");
}

TEST_F(ParkedRowsTest, AReplayTakesThemAndSettlesThem) {
  const std::vector<uint64_t> ids = Park();
  ingest::Run replay = NewRun("r2", RunTrigger::kReplay);
  replay.replay_ids = ids;
  ASSERT_TRUE(store_->CreateRun(replay, "", "tester").ok());
  const auto opened = Open("r2");
  EXPECT_EQ(opened.run.replay_ids, ids);
  EXPECT_THAT(opened.progress.boundary, testing::IsEmpty());
  EXPECT_EQ(store_->GetParkedRows(kSync, ids)->at(0).state, StoredParkedRow::State::kReplaying);
  ingest::RowMark first = Mark(1);
  ingest::RowMark second = Mark(2);
  first.parked_id = ids[0];
  second.parked_id = ids[1];
  RunWrite started;
  started.started = {Started(1, {first, second})};
  started.sums.batches = 1;
  ASSERT_TRUE(Write(opened.lease, started).ok());
  RunWrite settled;
  settled.finished = {Finished(1, {RowVerdict::kAccepted, RowVerdict::kRejected})};
  settled.replayed = {{ids[0], RowVerdict::kAccepted}, {ids[1], RowVerdict::kRejected}};
  settled.parked = {Parked(second, ParkedKind::kDeadBraze, "BRAZE_REJECTED")};
  settled.sums.accepted = 1;
  settled.sums.rejected_braze = 1;
  settled.sums.batches = 1;
  ASSERT_TRUE(Write(opened.lease, settled).ok());
  // A recovered replay knows what it has finished, wherever the table's watermark is.
  EXPECT_THAT(Open("r2").progress.own_finished, testing::UnorderedElementsAre(first, second));
  ASSERT_TRUE(Write(Open("r2").lease, End(RunState::kPartial, settled.sums)).ok());
  const auto rows = store_->GetParkedRows(kSync, ids);
  EXPECT_EQ(rows->at(0).state, StoredParkedRow::State::kDelivered);
  EXPECT_EQ(rows->at(1).state, StoredParkedRow::State::kOpen);
  EXPECT_EQ(rows->at(1).reason, "BRAZE_REJECTED");
  EXPECT_EQ(store_->ListParkedRows(Filter(std::nullopt, false), "", 10)->items.size(), 2u)
      << "a row refused again is the same row";
  replay.name = NewRun("r3").name;
  EXPECT_EQ(ErrorReason(store_->CreateRun(replay, "", "tester").status()), "ROW_NOT_OPEN");
  EXPECT_EQ(store_->GetParkedRows(kSync, ids)->at(1).state, StoredParkedRow::State::kOpen) << "all of them or none";
}

TEST_F(ParkedRowsTest, AReplayThatEndsEarlyGivesThemBack) {
  const std::vector<uint64_t> ids = Park();
  ingest::Run replay = NewRun("r2", RunTrigger::kReplay);
  replay.replay_ids = ids;
  ASSERT_TRUE(store_->CreateRun(replay, "", "tester").ok());
  ASSERT_TRUE(store_->EndRun(replay.name, RunState::kCancelled, {}).ok());
  EXPECT_EQ(store_->GetParkedRows(kSync, ids)->at(0).state, StoredParkedRow::State::kOpen);
}

TEST_F(ParkedRowsTest, DiscardingIsCountedAndAudited) {
  const std::vector<uint64_t> ids = Park();
  EXPECT_EQ(*store_->DiscardParkedRows(Filter(true), ids, "known", "op"), 1u);
  EXPECT_EQ(*store_->DiscardParkedRows(Filter(), {}, "rest", "op"), 1u);
  EXPECT_EQ(*store_->DiscardParkedRows(Filter(), ids, "again", "op"), 0u);
  EXPECT_EQ(store_->GetParkedRows(kSync, ids)->at(0).state, StoredParkedRow::State::kDiscarded);
  const auto audit = store_->ListAudit({}, "", 3);
  EXPECT_EQ(audit->items[2].line.verb, "DiscardHeldRows");
  EXPECT_EQ(audit->items[2].line.detail, "1 rows: known");
}

// ---- segments and retention

class SegmentsTest : public StoreTest {};

TEST_F(SegmentsTest, ALaterAcceptedRowIsFoundInLiveLogsAndInSegments) {
  RunThrough("r1", {Mark(1, 1), Mark(5, 2), Mark(6, 1)});
  const Digest128 user = Mark(0, 1).user;
  for (const bool moved : {false, true}) {
    if (moved) {
      ASSERT_TRUE(store_->WaitForSegments().ok());
      Reopen();
    }
    EXPECT_TRUE(*store_->HasLaterAccepted(kSync, user, At(5)));
    EXPECT_FALSE(*store_->HasLaterAccepted(kSync, user, At(6)));
    EXPECT_FALSE(*store_->HasLaterAccepted(kSync, Mark(0, 9).user, At(0)));
    EXPECT_FALSE(*store_->HasLaterAccepted(kSync, Mark(0, 2).user, At(5)));
  }
  EXPECT_FALSE(*store_->HasLaterAccepted(ingest::SyncName("syncs/none"), user, At(0)));
}

TEST_F(SegmentsTest, ALongRunIsCutIntoPartsThatAreAllSearched) {
  options_.segment_rows_max = 1'000;
  Reopen();
  const auto opened = Start("r1");
  RunWrite write;
  for (uint64_t batch = 1; batch <= 60; ++batch) {
    std::vector<ingest::RowMark> rows;
    for (int i = 0; i < 75; ++i) {
      rows.push_back(Mark(static_cast<int64_t>(batch), static_cast<int>(batch) * 100 + i));
    }
    write = {};
    write.started = {Started(batch, rows)};
    write.finished = {Finished(batch, std::vector<RowVerdict>(75, RowVerdict::kAccepted))};
    write.sums.accepted = batch * 75;
    write.sums.batches = batch;
    ASSERT_TRUE(Write(opened.lease, write).ok());
  }
  ASSERT_TRUE(Write(opened.lease, End(RunState::kSuccess, write.sums)).ok());
  ASSERT_TRUE(store_->WaitForSegments().ok());
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory_.state() + "/segments")) {
    ++files;
    struct stat facts {};
    ASSERT_EQ(stat(file.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u);
  }
  EXPECT_EQ(files, 5u);
  for (const int user : {100, 174, 3030, 6000, 6074}) {
    EXPECT_TRUE(*store_->HasLaterAccepted(kSync, Mark(0, user).user, At(0))) << user;
    EXPECT_FALSE(*store_->HasLaterAccepted(kSync, Mark(0, user).user, At(60))) << user;
  }
}

TEST_F(SegmentsTest, ARowCostsLessThan200Bytes) {
  const auto opened = Start("r1");
  constexpr uint64_t kBatches = 800;
  RunWrite write;
  std::promise<void> last;
  for (uint64_t batch = 1; batch <= kBatches; ++batch) {
    std::vector<ingest::RowMark> rows;
    for (int i = 0; i < 75; ++i) {
      rows.push_back(Mark(static_cast<int64_t>(batch), static_cast<int>(batch) * 100 + i));
    }
    write = {};
    write.started = {Started(batch, rows)};
    write.sums.batches = batch;
    store_->Append(opened.lease, write, [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    write.started.clear();
    write.finished = {Finished(batch, std::vector<RowVerdict>(75, RowVerdict::kAccepted))};
    write.sums.accepted = batch * 75;
    store_->Append(opened.lease, write, [&, batch](const absl::Status&) {
      if (batch == kBatches) last.set_value();
    });
  }
  last.get_future().get();
  const auto size_of_state = [&] {
    uint64_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(directory_.state())) {
      if (file.is_regular_file()) bytes += file.file_size();
    }
    return bytes;
  };
  ASSERT_TRUE(Write(opened.lease, End(RunState::kSuccess, write.sums)).ok());
  ASSERT_TRUE(store_->WaitForSegments().ok());
  store_.reset();  // moves the WAL into the file
  // The log's pages stay in the file, free for the next run: this is the highest it gets.
  EXPECT_LT(size_of_state(), kBatches * 75 * 200);
  const auto segment = std::filesystem::file_size(directory_.state() + "/segments/000000000001.0001.seg");
  EXPECT_LT(segment, kBatches * 75 * 80) << "what stays for each row";
}

TEST_F(SegmentsTest, RetentionDeletesFilesAndRowsButNotTheRun) {
  RunThrough("r1", {Mark(1)});
  const auto second = Start("r2");
  RunWrite write;
  write.parked = {Parked(Mark(3), ParkedKind::kDeadLocal, "PAYLOAD_NULL")};
  write.sums.rejected_local = 1;
  ASSERT_TRUE(Write(second.lease, write).ok());
  ASSERT_TRUE(store_->WaitForSegments().ok());
  const std::string segment = directory_.state() + "/segments/000000000001.0001.seg";
  ASSERT_TRUE(store_->Prune().ok());
  EXPECT_TRUE(std::filesystem::exists(segment));
  clock_.Advance(std::chrono::hours(24 * 31));
  ASSERT_TRUE(store_->Prune().ok());
  EXPECT_FALSE(std::filesystem::exists(segment));
  EXPECT_EQ(store_->GetRun(NewRun("r1").name)->state, RunState::kSuccess);
  EXPECT_EQ(store_->ListParkedRows(Filter(), "", 10)->items.size(), 1u);
  clock_.Advance(std::chrono::hours(24 * 60));
  ASSERT_TRUE(store_->Prune().ok());
  EXPECT_EQ(store_->ListParkedRows(Filter(), "", 10)->items.size(), 0u);
}

}  // namespace
}  // namespace cdi::state
