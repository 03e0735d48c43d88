// Wrong logs made by hand are each caught, and right ones are not.
#include "ingest/state/check_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "ingest/state/sqlite_db.h"
#include "ingest/state/state_directory.h"
#include "ingest/state/store_fixture.h"

namespace cdi::state {
namespace {

using ingest::ParkedKind;
using ingest::RowVerdict;
using ingest::RunState;
using ingest::RunWrite;
using ingest::SendOutcome;
using testing::HasSubstr;

// ---- one run's log, written by hand

// A right log of one run: two batches, one of them ambiguous and repeated, a dead row, a recovery. Each case of the
// table below breaks it in one way.
struct HandMadeLog {
  struct Entry {
    uint64_t epoch = 1;
    std::optional<OpenedBody> opened;
    WriteBody write;
  };
  ingest::Run run;
  std::vector<Entry> entries;
  std::function<void(std::vector<LogEntry>&)> after_chaining = [](std::vector<LogEntry>&) {};
  std::optional<ingest::SyncSpec> spec;

  Entry& Open(uint64_t epoch, std::optional<Timestamp> watermark) {
    OpenedBody body;
    body.watermark = watermark;
    body.config_version = 1;
    body.config_sha256 = Sha256("the configuration");
    entries.push_back({epoch, body, {}});
    return entries.back();
  }
  WriteBody& Write(uint64_t epoch) {
    WriteBody body;
    if (!entries.empty()) body.sums = entries.back().write.sums;
    entries.push_back({epoch, std::nullopt, body});
    return entries.back().write;
  }

  std::vector<Violation> Check() {
    std::vector<LogEntry> log;
    std::string chain = ChainStart(run.name.value());
    for (const Entry& entry : entries) {
      LogEntry made{log.size() + 1,
                    entry.epoch,
                    entry.opened ? LogKind::kOpened : LogKind::kWrite,
                    entry.opened ? EncodeOpened(*entry.opened) : EncodeWriteBody(entry.write),
                    {}};
      chain = ChainNext(chain, 7, made);
      made.chain = chain;
      log.push_back(std::move(made));
    }
    after_chaining(log);
    std::vector<Violation> violations;
    SyncThread thread;
    RunLogChecker checker(7, run, spec, thread, violations);
    for (const LogEntry& entry : log) checker.Add(entry);
    checker.Finish();
    return violations;
  }
};

// Entries by number, for the mutations.
enum Step : size_t { kOpened, kWindow, kStart1, kEnd1, kStart2, kReopened, kSettled, kStart3, kEnd3, kEndOfRun };

HandMadeLog RightLog() {
  HandMadeLog log;
  log.run.name = ingest::RunName("syncs/s/runs/r1");
  log.run.sync = kSync;
  log.run.config_version = 1;
  log.run.config = "the configuration";
  log.Open(1, std::nullopt);
  log.Write(1).window = ingest::Window{std::nullopt, At(100), At(160), 0, std::nullopt, 0};
  {
    WriteBody& write = log.Write(1);
    write.started = {Started(1, {Mark(1, 1), Mark(2, 2), Mark(2, 3)})};
    write.sums.batches = 1;
  }
  {
    WriteBody& write = log.Write(1);
    write.finished = {
        Finished(1, {RowVerdict::kAccepted, RowVerdict::kAccepted, RowVerdict::kRejected}, SendOutcome::kRowsRejected)};
    write.parked = {{5, ParkedKind::kDeadBraze, Mark(2, 3), "BRAZE_REJECTED"}};
    write.watermark = Move(std::nullopt, At(2), {Mark(2, 2), Mark(2, 3)});
    write.sums.accepted = 2;
    write.sums.rejected_braze = 1;
  }
  {
    WriteBody& write = log.Write(1);
    write.started = {Started(2, {Mark(3, 1), Mark(4, 2)})};
    write.sums.batches = 2;
  }
  const ingest::RunSums before = log.entries.back().write.sums;
  log.Open(2, At(2)).write.sums = before;
  log.Write(2).finished = {Finished(2, {RowVerdict::kOpen, RowVerdict::kOpen}, SendOutcome::kAmbiguous)};
  {
    WriteBody& write = log.Write(2);
    write.started = {Started(3, {Mark(3, 1), Mark(4, 2)})};
    write.sums.batches = 3;
    write.sums.batches_repeated = 1;
  }
  {
    WriteBody& write = log.Write(2);
    write.finished = {Finished(3, {RowVerdict::kAccepted, RowVerdict::kAccepted})};
    write.watermark = Move(At(2), At(4), {Mark(4, 2)});
    write.sums.accepted = 4;
  }
  log.Write(2).end = WriteBody::End{RunState::kPartial, {}, 0, false};
  log.run.state = RunState::kPartial;
  log.run.sums = log.entries.back().write.sums;
  return log;
}

TEST(RunLogCheckerTest, ARightLogHasNoViolation) {
  for (const Violation& violation : RightLog().Check()) ADD_FAILURE() << violation.sequence << ": " << violation.text;
}

struct WrongLog {
  const char* name;
  const char* invariant;
  const char* says;
  std::function<void(HandMadeLog&)> breaks;
};

class WrongLogTest : public testing::TestWithParam<WrongLog> {};

TEST_P(WrongLogTest, IsCaught) {
  HandMadeLog log = RightLog();
  GetParam().breaks(log);
  const std::vector<Violation> violations = log.Check();
  bool caught = false;
  std::string all;
  for (const Violation& violation : violations) {
    caught |= violation.invariant == GetParam().invariant && violation.text.find(GetParam().says) != std::string::npos;
    absl::StrAppend(&all, violation.invariant, ": ", violation.text, "\n");
  }
  EXPECT_TRUE(caught) << "found instead:\n" << all;
}

const WrongLog kWrongLogs[] = {
    {"SkippedRecord", "I3", "never started", [](HandMadeLog& l) { l.entries[kStart3].write.started.clear(); }},
    {"WatermarkOneTooFar", "I2", "past 1 rows",
     [](HandMadeLog& l) { l.entries[kEnd3].write.finished[0].verdicts[0] = RowVerdict::kOpen; }},
    {"WatermarkGoesBack", "I2", "went back",
     [](HandMadeLog& l) { l.entries[kEnd3].write.watermark = Move(At(2), At(1), {}); }},
    {"WatermarkFromElsewhere", "I2", "but it was",
     [](HandMadeLog& l) { l.entries[kEnd3].write.watermark->from = At(3); }},
    {"WatermarkBeyondTheWindow", "I2", "beyond the window's end",
     [](HandMadeLog& l) { l.entries[kEnd3].write.watermark->to = At(101); }},
    {"RowBelowTheWatermark", "I2", "below the watermark",
     [](HandMadeLog& l) { l.entries[kStart3].write.started[0].rows[0] = Mark(1, 9); }},
    {"RowBeyondTheWindow", "I2", "beyond the window's end",
     [](HandMadeLog& l) { l.entries[kStart3].write.started[0].rows[1] = Mark(200, 2); }},
    {"BoundaryForgetsARow", "I2", "lacks a row",
     [](HandMadeLog& l) { l.entries[kEnd1].write.watermark->finished.pop_back(); }},
    {"ReopenedElsewhere", "I2", "no audited rewind",
     [](HandMadeLog& l) { l.entries[kReopened].opened->watermark = At(1); }},
    {"WindowThatChanges", "I2", "frozen window",
     [](HandMadeLog& l) {
       l.entries[kSettled].write.window = ingest::Window{std::nullopt, At(120), At(160), 0, std::nullopt, 0};
     }},
    {"StartedTwice", "I3", "started twice",
     [](HandMadeLog& l) { l.entries[kSettled].write.started = l.entries[kStart1].write.started; }},
    {"TwoOutcomes", "I3", "second outcome",
     [](HandMadeLog& l) {
       l.entries[kSettled].write.finished.push_back(l.entries[kEnd3].write.finished[0]);
       l.entries[kSettled].write.finished.back().batch = ingest::BatchId(1);
     }},
    {"OutcomeOfNothing", "I3", "never started",
     [](HandMadeLog& l) { l.entries[kEnd1].write.finished[0].batch = ingest::BatchId(99); }},
    {"AcceptedRowSentAgain", "I4", "has a terminal outcome already",
     [](HandMadeLog& l) {
       l.entries[kStart2].write.started = {Started(1, {Mark(2, 2)}, 2)};
       l.entries[kSettled].write.finished[0] = Finished(1, {RowVerdict::kOpen}, SendOutcome::kAmbiguous, 2);
     }},
    {"RepeatWhileInFlight", "I4", "had no outcome",
     [](HandMadeLog& l) { l.entries[kStart3].write.started[0].attempt = 2; }},
    {"TakenButLeftOpen", "I4", "was taken by Braze",
     [](HandMadeLog& l) { l.entries[kEnd3].write.finished[0].verdicts[1] = RowVerdict::kOpen; }},
    {"HoldThatResends", "I5", "this sync holds",
     [](HandMadeLog& l) {
       l.spec = ingest::SyncSpec{};
       l.spec->on_ambiguous = ingest::OnAmbiguous::kHold;
     }},
    {"UserInTwoBatches", "I6", "still in flight",
     [](HandMadeLog& l) { l.entries[kStart1].write.started.push_back(Started(4, {Mark(5, 1)})); }},
    {"TooManyObjects", "I7", "allowed are 1 to 2",
     [](HandMadeLog& l) {
       l.spec = ingest::SyncSpec{};
       l.spec->batch.objects_max = 2;
     }},
    {"FencedWriter", "I8", "fenced out", [](HandMadeLog& l) { l.entries[kStart3].epoch = 1; }},
    {"EpochThatDoesNotRise", "I8", "not above", [](HandMadeLog& l) { l.entries[kReopened].epoch = 1; }},
    {"WriteAfterTheEnd", "I8", "goes on after the end",
     [](HandMadeLog& l) {
       l.entries.push_back({2, std::nullopt, {}});
     }},
    {"OtherConfiguration", "I16", "another configuration",
     [](HandMadeLog& l) { l.entries[kReopened].opened->config_sha256 = Sha256("edited"); }},
    {"OtherVersion", "I16", "version 2", [](HandMadeLog& l) { l.entries[kReopened].opened->config_version = 2; }},
    {"RefusedRowNotParked", "I1", "not parked", [](HandMadeLog& l) { l.entries[kEnd1].write.parked.clear(); }},
    {"CompleteWithOpenRows", "I1", "no terminal outcome",
     [](HandMadeLog& l) { l.entries.erase(l.entries.begin() + kEnd3); }},
    {"VerdictsMissing", "I1", "2 verdicts for 3 rows",
     [](HandMadeLog& l) { l.entries[kEnd1].write.finished[0].verdicts.pop_back(); }},
    {"SumsThatDoNotAddUp", "I15", "says 5 accepted",
     [](HandMadeLog& l) { l.entries[kEndOfRun].write.sums.accepted = 5; }},
    {"SumsThatFall", "I15", "became smaller", [](HandMadeLog& l) { l.entries[kStart3].write.sums.accepted = 1; }},
    {"SuccessWithDeadRows", "I15", "as SUCCESS with 1",
     [](HandMadeLog& l) { l.entries[kEndOfRun].write.end->state = RunState::kSuccess; }},
    {"ListedOtherwise", "LOG", "is listed as", [](HandMadeLog& l) { l.run.state = RunState::kSuccess; }},
    {"EndWithoutRecord", "LOG", "has no end", [](HandMadeLog& l) { l.entries.pop_back(); }},
    {"EntryRemoved", "LOG", "is missing",
     [](HandMadeLog& l) { l.after_chaining = [](auto& log) { log.erase(log.begin() + kSettled); }; }},
    {"EntryChanged", "LOG", "chain of hashes",
     [](HandMadeLog& l) { l.after_chaining = [](auto& log) { log[kEnd3].epoch = 1; }; }},
    {"EntryThatCannotBeRead", "LOG", "cannot be read",
     [](HandMadeLog& l) { l.after_chaining = [](auto& log) { log[kEnd3].body.resize(20); }; }},
};
INSTANTIATE_TEST_SUITE_P(All, WrongLogTest, testing::ValuesIn(kWrongLogs),
                         [](const auto& test) { return std::string(test.param.name); });

// ---- a whole directory

class CheckLogTest : public StoreTest {
 protected:
  // A store with two ended runs, their logs in segments, a rewind between them, a dead row and a run still open.
  void Fill() {
    RunThrough("r1", {Mark(1, 1), Mark(2, 2)});
    ASSERT_TRUE(store_->Rewind(kSync, At(1), "again", "op").ok());
    RunThrough("r2", {Mark(1, 1), Mark(3, 2)});
    const auto third = Start("r3");
    RunWrite write;
    write.parked = {Parked(Mark(5), ParkedKind::kDeadLocal, "PAYLOAD_NULL")};
    write.sums.rejected_local = 1;
    ASSERT_TRUE(Write(third.lease, write).ok());
    ASSERT_TRUE(store_->WaitForSegments().ok());
  }

  void Alter(const std::string& sql) {
    store_.reset();
    absl::StatusOr<Database> database = Database::Open(DatabasePath(directory_.state()), {});
    ASSERT_TRUE(database.ok()) << database.status();
    const absl::Status altered = database->ExecuteScript("PRAGMA foreign_keys=OFF;" + sql);
    ASSERT_TRUE(altered.ok()) << altered;
  }

  std::string Text() { return CheckLog(directory_.state()).ToText(); }
};

TEST_F(CheckLogTest, AStoreThatWasWrittenByTheStoreIsRight) {
  Fill();
  const CheckReport report = CheckLog(directory_.state());
  EXPECT_TRUE(report.ok()) << report.ToText();
  EXPECT_EQ(report.runs, 3u);
  EXPECT_EQ(report.rows_sent, 4u);
  store_.reset();
  EXPECT_TRUE(CheckLog(directory_.state()).ok()) << Text();
}

TEST_F(CheckLogTest, ADirectoryWithoutStateIsSaidSo) {
  EXPECT_THAT(CheckLog(directory_.path() + "/none").ToText(), HasSubstr("cannot open"));
}

struct Alteration {
  const char* name;
  const char* sql;
  const char* says;
};
class AlteredStoreTest : public CheckLogTest, public testing::WithParamInterface<Alteration> {};

TEST_P(AlteredStoreTest, IsCaught) {
  Fill();
  Alter(GetParam().sql);
  EXPECT_THAT(Text(), HasSubstr(GetParam().says));
}

// Who alters the file is not stopped by its triggers.
#define CDI_UNLOCKED "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_shortened; "

const Alteration kAlterations[] = {
    {"WatermarkMoved", "UPDATE syncs SET watermark = x'8000000000000000000000ff'", "the run logs leave it at"},
    {"WatermarkForgotten", "UPDATE syncs SET watermark = NULL", "the run logs leave it at"},
    {"BoundaryLost", "DELETE FROM boundary", "it should have"},
    {"ParkedRowLost", "DELETE FROM parked", "they are lost"},
    {"LogEntryLost", "DELETE FROM log WHERE id = (SELECT max(id) FROM log)", "were written"},
    {"LogEntryEdited", "UPDATE log SET epoch = epoch + 1", "chain of hashes"},
    {"SumsEdited", "UPDATE run_progress SET sums = x'010000000000000000'", "sums of the run"},
    {"AuditLineLost", CDI_UNLOCKED "DELETE FROM audit WHERE sequence = 2", "audit line 2 is missing"},
    {"AuditEndCutOff", CDI_UNLOCKED "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)",
     "the end was cut off"},
    {"AuditLineAdded",
     "INSERT INTO audit SELECT sequence + 1, time, caller, verb, name, detail, chain, outcome FROM audit ORDER BY "
     "sequence DESC LIMIT 1",
     "chain of hashes"},
    {"AuditLineEdited", CDI_UNLOCKED "UPDATE audit SET caller = 'nobody' WHERE sequence = 1", "chain of hashes"},
    {"RewindUnaudited", CDI_UNLOCKED "DELETE FROM audit WHERE verb = 'RewindSync'", "no audited rewind"},
    {"SegmentForgotten", "DELETE FROM segments WHERE run = 1", "were written"},
    {"RunClosedByHand", "UPDATE runs SET state = 3 WHERE id = 3", "has no end"},
    {"RunReopenedByHand", "UPDATE runs SET state = 2 WHERE id = 1", "two runs of one sync are active"},
    {"ConfigurationEdited", "UPDATE runs SET config = x'00' WHERE id = 3", "not the one that the run was opened with"},
};
INSTANTIATE_TEST_SUITE_P(All, AlteredStoreTest, testing::ValuesIn(kAlterations),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(CheckLogTest, AFlippedByteOfASegmentIsCaughtWhereverItIs) {
  Fill();
  store_.reset();
  const std::string path = SegmentDirectory(directory_.state()) + "/000000000001.0001.seg";
  const auto size = static_cast<off_t>(std::filesystem::file_size(path));
  for (off_t at = 0; at < size; at += 37) {
    const FileHandle file(open(path.c_str(), O_RDWR | O_CLOEXEC));
    char byte = 0;
    ASSERT_EQ(pread(file.get(), &byte, 1, at), 1);
    const char flipped = static_cast<char>(byte ^ 0x10);
    ASSERT_EQ(pwrite(file.get(), &flipped, 1, at), 1);
    EXPECT_FALSE(CheckLog(directory_.state()).ok()) << "byte " << at << " of " << size;
    ASSERT_EQ(pwrite(file.get(), &byte, 1, at), 1);
  }
  EXPECT_TRUE(CheckLog(directory_.state()).ok()) << Text();
}

TEST_F(CheckLogTest, AMissingSegmentIsCaught) {
  Fill();
  std::filesystem::remove(SegmentDirectory(directory_.state()) + "/000000000001.0001.seg");
  EXPECT_THAT(Text(), HasSubstr("is not there"));
}

}  // namespace
}  // namespace cdi::state
