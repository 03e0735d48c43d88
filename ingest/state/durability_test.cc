// What crashes, full disks, flipped bits, second processes and other releases do to a store: nothing, or a refusal.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <thread>

#include "base/fault_point.h"
#include "base/rng.h"
#include "ingest/state/check_log.h"
#include "ingest/state/schema.h"
#include "ingest/state/state_directory.h"
#include "ingest/state/store_fixture.h"

namespace cdi::state {
namespace {

using ingest::RowVerdict;
using ingest::RunState;
using ingest::RunWrite;
using testing::HasSubstr;

class DurabilityTest : public StoreTest {
 protected:
  absl::Status OpenStatus() {
    store_.reset();
    return SqliteStore::Open(directory_.state(), options_).status();
  }
};

// ---- who may have it

TEST_F(DurabilityTest, ASecondProcessIsRefused) {
  const auto second = SqliteStore::Open(directory_.state(), options_);
  EXPECT_EQ(ErrorReason(second.status()), "STATE_LOCKED");
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another process"));
}

TEST_F(DurabilityTest, WhatOthersMayReadIsRefusedWithTheFix) {
  store_.reset();
  struct Case {
    std::string path;
    mode_t wrong;
    mode_t right;
  };
  for (const Case& c : {Case{directory_.state(), 0755, 0700}, Case{directory_.state() + "/segments", 0750, 0700},
                        Case{DatabasePath(directory_.state()), 0640, 0600}}) {
    ASSERT_EQ(chmod(c.path.c_str(), c.wrong), 0);
    const absl::Status refused = OpenStatus();
    EXPECT_EQ(ErrorReason(refused), "STATE_MODE") << c.path;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("run: chmod 0")) << c.path;
    ASSERT_EQ(chmod(c.path.c_str(), c.right), 0);
  }
  EXPECT_TRUE(OpenStatus().ok());
}

TEST_F(DurabilityTest, FilesAreForTheOwnerOnly) {
  RunThrough("r1", {Mark(1)});
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory_.state())) {
    struct stat facts {};
    ASSERT_EQ(stat(file.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 077, 0u) << file.path();
  }
}

// ---- other releases

TEST_F(DurabilityTest, AStateOfANewerReleaseIsRefused) {
  store_.reset();
  {
    auto database = Database::Open(DatabasePath(directory_.state()), {});
    ASSERT_TRUE(database->ExecuteScript("PRAGMA user_version=99").ok());
  }
  EXPECT_EQ(ErrorReason(OpenStatus()), "STATE_TOO_NEW");
}

TEST_F(DurabilityTest, AFileOfAnotherApplicationIsRefusedAndLeftAlone) {
  store_.reset();
  {
    auto database = Database::Open(DatabasePath(directory_.state()), {});
    ASSERT_TRUE(database->ExecuteScript("PRAGMA application_id=5").ok());
  }
  EXPECT_EQ(ErrorReason(OpenStatus()), "STATE_DAMAGED");
}

TEST(MigrateTest, StepsAreTakenInOrderEachWholeOrNotAtAll) {
  const TemporaryDirectory directory;
  auto database = Database::Open(directory.path() + "/x.db", {.create = true});
  ASSERT_TRUE(database.ok()) << database.status();
  const std::vector<Migration> first = {{1, "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)"}};
  ASSERT_TRUE(Migrate(*database, first).ok());
  ASSERT_TRUE(Migrate(*database, first).ok()) << "a second time it has nothing to do";
  std::vector<Migration> second = first;
  second.push_back({2, "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 2; INSERT INTO missing VALUES (1)"});
  EXPECT_FALSE(Migrate(*database, second).ok());
  EXPECT_FALSE(database->Prepare("SELECT y FROM a").ok()) << "a step that fails leaves nothing";
  second[1].script = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 2";
  ASSERT_TRUE(Migrate(*database, second).ok());
  auto row = database->Prepare("SELECT x, y FROM a");
  ASSERT_TRUE(row.ok());
  ASSERT_TRUE(*row->Step());
  EXPECT_EQ(row->Int(1), 2);
}

// ---- full disk

TEST_F(DurabilityTest, AFullDiskKeepsNothingHalfWrittenAndEndsTheLease) {
  store_.reset();
  options_.pages_max = 60;  // of 8 KiB: room for the schema and a little more
  Reopen();
  const auto opened = Start("r1");
  absl::Status failure;
  uint64_t durable = 0;
  for (uint64_t batch = 1; failure.ok() && batch < 1'000; ++batch) {
    std::vector<ingest::RowMark> rows;
    for (int i = 0; i < 75; ++i) rows.push_back(Mark(static_cast<int64_t>(batch), static_cast<int>(batch) * 100 + i));
    RunWrite write;
    write.started = {Started(batch, rows)};
    write.sums.batches = batch;
    failure = Write(opened.lease, write);
    if (failure.ok()) durable = batch;
  }
  EXPECT_EQ(ErrorReason(failure), "STATE_DISK_FULL");
  EXPECT_TRUE(absl::IsResourceExhausted(failure));
  EXPECT_EQ(ErrorReason(Write(opened.lease, {})), "LEASE_LOST") << "no later write of this holder may count";
  EXPECT_TRUE(store_->GetRun(NewRun("r1").name).ok()) << "reads still answer";
  options_.pages_max = 0;  // somebody made room
  Reopen();
  const auto again = Open("r1");
  EXPECT_EQ(again.progress.in_doubt.size(), durable);
  EXPECT_EQ(again.progress.sums.batches, durable);
  RunWrite write;
  write.sums = again.progress.sums;
  EXPECT_TRUE(Write(again.lease, write).ok());
  EXPECT_TRUE(CheckLog(directory_.state()).ok()) << CheckLog(directory_.state()).ToText();
}

// ---- damage

TEST_F(DurabilityTest, AFlippedBitOfTheDatabaseIsNeverTakenForTruth) {
  RunThrough("r1", {Mark(1), Mark(2)});
  ASSERT_TRUE(store_->WaitForSegments().ok());
  store_.reset();
  const std::string path = DatabasePath(directory_.state());
  const auto size = static_cast<uint64_t>(std::filesystem::file_size(path));
  SeededRng rng(20261124);
  int refused = 0;
  constexpr int kFlips = 120;
  for (int i = 0; i < kFlips; ++i) {
    const auto at = static_cast<off_t>(rng.Below(size));
    const FileHandle file(open(path.c_str(), O_RDWR | O_CLOEXEC));
    char byte = 0;
    ASSERT_EQ(pread(file.get(), &byte, 1, at), 1);
    const char flipped = static_cast<char>(byte ^ (1 << rng.Below(8)));
    ASSERT_EQ(pwrite(file.get(), &flipped, 1, at), 1);
    const CheckReport report = CheckLog(directory_.state());
    refused += report.ok() ? 0 : 1;
    ASSERT_EQ(pwrite(file.get(), &byte, 1, at), 1);
  }
  EXPECT_EQ(refused, kFlips) << "every page has a checksum";
  const FileHandle file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  const off_t middle = static_cast<off_t>(size / 2);
  char byte = 0;
  ASSERT_EQ(pread(file.get(), &byte, 1, middle), 1);
  byte = static_cast<char>(byte ^ 1);
  ASSERT_EQ(pwrite(file.get(), &byte, 1, middle), 1);
  const absl::Status status = OpenStatus();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("state.db"));
  EXPECT_EQ(std::filesystem::file_size(path), size) << "a damaged store is never made anew";
}

TEST_F(DurabilityTest, ACutDatabaseIsRefused) {
  RunThrough("r1", {Mark(1)});
  store_.reset();
  const std::string path = DatabasePath(directory_.state());
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_TRUE(absl::IsDataLoss(OpenStatus()));
}

// ---- crashes

// A child process opens the store, writes, and is stopped at a named place. What it was told is durable must be there.
struct Crash {
  const char* point;
  int passes;
};
class CrashTest : public DurabilityTest, public testing::WithParamInterface<Crash> {};

TEST_P(CrashTest, LosesNothingThatWasAnsweredAndConvergesAfterwards) {
  store_.reset();
  int answers[2];
  ASSERT_EQ(pipe(answers), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(answers[0]);
    if (!ArmFaultPoint(absl::StrCat(GetParam().point, ":", GetParam().passes, ":abort"))) _exit(1);
    Reopen();
    const auto opened = Start("r1");
    for (uint64_t batch = 1; batch <= 3; ++batch) {
      RunWrite write;
      write.started = {Started(batch, {Mark(static_cast<int64_t>(batch), static_cast<int>(batch))})};
      write.sums.batches = batch;
      write.sums.accepted = batch - 1;
      if (Write(opened.lease, write).ok() && ::write(answers[1], "s", 1) != 1) _exit(1);
      write.started.clear();
      write.finished = {Finished(batch, {RowVerdict::kAccepted})};
      write.sums.accepted = batch;
      if (Write(opened.lease, write).ok() && ::write(answers[1], "f", 1) != 1) _exit(1);
    }
    ingest::RunSums sums;
    sums.batches = 3;
    sums.accepted = 3;
    if (Write(opened.lease, End(RunState::kSuccess, sums)).ok() && ::write(answers[1], "e", 1) != 1) _exit(1);
    store_->WaitForSegments().IgnoreError();
    store_.reset();
    _exit(0);
  }
  close(answers[1]);
  std::string answered;
  char letter = 0;
  while (read(answers[0], &letter, 1) == 1) answered.push_back(letter);
  close(answers[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 134) << "the fault point was passed";

  Reopen();
  ASSERT_TRUE(store_->WaitForSegments().ok());
  const auto run = store_->GetRun(NewRun("r1").name);
  const auto started = static_cast<uint64_t>(std::ranges::count(answered, 's'));
  const auto finished = static_cast<uint64_t>(std::ranges::count(answered, 'f'));
  if (run.ok()) {
    EXPECT_GE(run->sums.batches, started);
    EXPECT_GE(run->sums.accepted, finished);
    EXPECT_LE(run->sums.batches, started + 1) << "at most the one that was being committed";
  } else {
    EXPECT_TRUE(answered.empty());
  }
  const CheckReport report = CheckLog(directory_.state());
  EXPECT_TRUE(report.ok()) << report.ToText();
  if (answered.ends_with('e')) {
    EXPECT_EQ(run->state, RunState::kSuccess);
    EXPECT_TRUE(*store_->HasLaterAccepted(kSync, Mark(0, 3).user, At(0)));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.state() + "/segments"),
                            std::filesystem::directory_iterator()),
              1);
  }
}

INSTANTIATE_TEST_SUITE_P(Points, CrashTest,
                         testing::Values(Crash{"state_before_commit", 2}, Crash{"state_before_commit", 4},
                                         Crash{"state_before_commit", 7}, Crash{"state_before_commit", 10},
                                         Crash{"state_after_commit", 3}, Crash{"state_after_commit", 5},
                                         Crash{"state_after_commit", 9}, Crash{"state_after_commit", 11},
                                         Crash{"state_before_segment_rename", 1},
                                         Crash{"state_after_segment_rename", 1}),
                         [](const auto& test) { return absl::StrCat(test.param.point, "_", test.param.passes); });

TEST_F(DurabilityTest, ACopyOfTheFilesTakenAtAnyMomentOpens) {
  const auto opened = Start("r1");
  for (uint64_t batch = 1; batch <= 5; ++batch) {
    RunWrite write;
    write.started = {Started(batch, {Mark(static_cast<int64_t>(batch))})};
    write.sums.batches = batch;
    ASSERT_TRUE(Write(opened.lease, write).ok());
    // As a power cut would leave it: everything that was synced, no shared memory, no lock.
    const std::string copy = absl::StrCat(directory_.path(), "/copy", batch);
    std::filesystem::create_directory(copy);
    ASSERT_EQ(chmod(copy.c_str(), 0700), 0);
    for (const char* file : {"/state.db", "/state.db-wal"}) {
      std::filesystem::copy_file(directory_.state() + file, copy + file);
    }
    const auto copied = SqliteStore::Open(copy, options_);
    ASSERT_TRUE(copied.ok()) << copied.status();
    EXPECT_EQ((*copied)->OpenRun(NewRun("r1").name)->progress.in_doubt.size(), batch);
  }
}

// ---- many at once

TEST_F(DurabilityTest, ReadersSeeOnlyWholeWritesWhileOthersWrite) {
  const auto opened = Start("r1");
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i) {
    readers.emplace_back([&] {
      while (!done.load()) {
        const auto run = store_->GetRun(NewRun("r1").name);
        ASSERT_TRUE(run.ok()) << run.status();
        EXPECT_EQ(run->sums.accepted, run->sums.batches);
      }
    });
  }
  for (uint64_t i = 1; i <= 200; ++i) {
    RunWrite write;
    write.sums.accepted = i;
    write.sums.batches = i;
    ASSERT_TRUE(Write(opened.lease, write).ok());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

TEST_F(DurabilityTest, WhatWasSubmittedIsCommittedWhenTheStoreCloses) {
  const auto opened = Start("r1");
  std::atomic<int> durable{0};
  for (uint64_t i = 1; i <= 50; ++i) {
    RunWrite write;
    write.sums.accepted = i;
    if (i == 50) write.end = RunWrite::End{RunState::kCancelled, {}, {}};
    store_->Append(opened.lease, write, [&](const absl::Status& status) { durable += status.ok() ? 1 : 0; });
  }
  store_.reset();
  EXPECT_EQ(durable.load(), 50);
  Reopen();
  EXPECT_EQ(store_->GetRun(NewRun("r1").name)->sums.accepted, 50u);
}

}  // namespace
}  // namespace cdi::state
