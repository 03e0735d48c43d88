// The audit chain: what is found when lines change, go, or are added; what lists show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/state/sqlite_db.h"
#include "ingest/state/state_directory.h"
#include "ingest/state/store_fixture.h"

namespace cdi::state {
namespace {

using ingest::AuditFilter;
using ingest::AuditHead;
using ingest::AuditLine;
using ingest::AuditOutcome;
using testing::HasSubstr;
using testing::IsEmpty;

class AuditTest : public StoreTest {
 protected:
  void Add(const std::string& caller, const std::string& verb, const std::string& name,
           AuditOutcome outcome = AuditOutcome::kDone) {
    ASSERT_TRUE(store_->AppendAudit(AuditLine{caller, verb, name, "why", outcome}).ok());
    clock_.Advance(std::chrono::seconds(1));
  }
  void Fill() {
    Add("tokens/ann", "CreateSync", "syncs/a");
    Add("tokens/bob", "DeleteSync", "syncs/a", AuditOutcome::kRefused);
    Add("tokens/bob", "RunSync", "syncs/a/runs/r1");
    Add("tokens/ann", "CreateSync", "syncs/ab");
    Add("tokens/ann", "RevokeKeyPair", "connections/c/keyPairs/k1", AuditOutcome::kFailed);
  }
  std::vector<uint64_t> Sequences(const AuditFilter& filter) {
    std::vector<uint64_t> sequences;
    std::string after;
    do {
      const auto page = store_->ListAudit(filter, after, 2);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const ingest::AuditEntry& entry : page->items) sequences.push_back(entry.sequence);
      after = page->next;
    } while (!after.empty());
    return sequences;
  }
  // Past the service, as somebody with the file would.
  void Alter(const std::string& sql) {
    store_.reset();
    {
      absl::StatusOr<Database> database = Database::Open(DatabasePath(directory_.state()), {});
      ASSERT_TRUE(database.ok()) << database.status();
      const absl::Status altered =
          database->ExecuteScript("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_shortened; " + sql);
      ASSERT_TRUE(altered.ok()) << altered;
    }
    Reopen();
  }
  std::string Faults(const std::optional<AuditHead>& known = std::nullopt) {
    const auto verdict = store_->VerifyAudit(known);
    EXPECT_TRUE(verdict.ok()) << verdict.status();
    std::string text;
    if (verdict.ok()) {
      for (const ingest::AuditFault& fault : verdict->faults) text += fault.text + "\n";
    }
    return text;
  }
};

TEST_F(AuditTest, ALineSurvivesARestartWithItsOutcome) {
  Add("tokens/bob", "DeleteSync", "syncs/a", AuditOutcome::kRefused);
  Reopen();
  const auto page = store_->ListAudit({}, "", 10);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].sequence, 1u);
  EXPECT_EQ(page->items[0].line.caller, "tokens/bob");
  EXPECT_EQ(page->items[0].line.outcome, AuditOutcome::kRefused);
  EXPECT_EQ(page->items[0].line.detail, "why");
}

TEST_F(AuditTest, ListsShowWhatTheFilterAsksForInBothDirections) {
  const Timestamp begin = clock_.WallNow();
  Fill();
  const struct {
    const char* what;
    void (*set)(AuditFilter& filter, const Timestamp& start);
    std::vector<uint64_t> expected;
  } kCases[] = {
      {"everything", [](AuditFilter&, const Timestamp&) {}, {5, 4, 3, 2, 1}},
      {"oldest first", [](AuditFilter& f, const Timestamp&) { f.oldest_first = true; }, {1, 2, 3, 4, 5}},
      {"what lies below, not what begins alike",
       [](AuditFilter& f, const Timestamp&) { f.name = "syncs/a"; },
       {3, 2, 1}},
      {"one caller", [](AuditFilter& f, const Timestamp&) { f.caller = "tokens/bob"; }, {3, 2}},
      {"one method", [](AuditFilter& f, const Timestamp&) { f.verb = "CreateSync"; }, {4, 1}},
      {"refused and failed", [](AuditFilter& f, const Timestamp&) { f.not_done_only = true; }, {5, 2}},
      {"two seconds of it",
       [](AuditFilter& f, const Timestamp& start) {
         f.since = Timestamp{start.seconds + 1, 0};
         f.until = Timestamp{start.seconds + 3, 0};
       },
       {3, 2}},
  };
  for (const auto& test : kCases) {
    AuditFilter filter;
    test.set(filter, begin);
    EXPECT_EQ(Sequences(filter), test.expected) << test.what;
  }
}

TEST_F(AuditTest, AWholeChainHasNoFaultAndAHeadThatIsFoundAgainLater) {
  EXPECT_THAT(Faults(), IsEmpty()) << "no line at all";
  Fill();
  const auto verdict = store_->VerifyAudit(std::nullopt);
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_THAT(verdict->faults, IsEmpty());
  EXPECT_EQ(verdict->entries, 5u);
  EXPECT_EQ(verdict->head.sequence, 5u);
  EXPECT_EQ(verdict->head.chain.size(), 64u);
  Add("tokens/ann", "CreateSync", "syncs/c");
  EXPECT_THAT(Faults(verdict->head), IsEmpty());
}

TEST_F(AuditTest, AnExactCopyOfTheChainDoesNotHideAChangeFromAKeptHead) {
  Fill();
  const AuditHead kept = store_->VerifyAudit(std::nullopt)->head;
  // Somebody who computes the whole chain anew: here, by leaving out the last line and its head.
  Alter(
      "DELETE FROM audit WHERE sequence = 5;"
      "UPDATE meta SET audit_sequence = 4, audit_chain = (SELECT chain FROM audit WHERE sequence = 4)");
  EXPECT_THAT(Faults(), IsEmpty());
  EXPECT_THAT(Faults(kept), HasSubstr("audit line 5 is missing: they stood here when that head was taken"));
  Add("tokens/eve", "CreateSync", "syncs/e");
  EXPECT_THAT(Faults(kept), HasSubstr("audit line 5 has another hash than the one given"));
}

struct Alteration {
  const char* name;
  const char* sql;
  const char* says;
};
class AlteredAuditTest : public AuditTest, public testing::WithParamInterface<Alteration> {};

TEST_P(AlteredAuditTest, IsFound) {
  Fill();
  Alter(GetParam().sql);
  EXPECT_THAT(Faults(), HasSubstr(GetParam().says));
  // And what comes after does not hide it.
  Add("tokens/ann", "CreateSync", "syncs/z");
  EXPECT_THAT(Faults(), Not(IsEmpty()));
}

const Alteration kAlterations[] = {
    {"Caller", "UPDATE audit SET caller = 'tokens/eve' WHERE sequence = 3", "audit line 3 does not continue"},
    {"Verb", "UPDATE audit SET verb = 'GetSync' WHERE sequence = 1", "audit line 1 does not continue"},
    {"Name", "UPDATE audit SET name = 'syncs/b' WHERE sequence = 2", "audit line 2 does not continue"},
    {"Detail", "UPDATE audit SET detail = '' WHERE sequence = 4", "audit line 4 does not continue"},
    {"Outcome", "UPDATE audit SET outcome = 1 WHERE sequence = 5", "audit line 5 does not continue"},
    {"Time", "UPDATE audit SET time = (SELECT time FROM audit WHERE sequence = 1) WHERE sequence = 2",
     "audit line 2 does not continue"},
    {"First", "DELETE FROM audit WHERE sequence = 1", "audit line 1 is missing"},
    {"Middle", "DELETE FROM audit WHERE sequence IN (2, 3)", "audit lines 2 to 3 are missing"},
    {"End", "DELETE FROM audit WHERE sequence = 5", "audit line 5 is missing: the end was cut off"},
    {"All", "DELETE FROM audit", "audit lines 1 to 5 are missing: the end was cut off"},
    {"Added",
     "INSERT INTO audit SELECT 6, time, caller, verb, name, detail, chain, outcome FROM audit WHERE sequence = 5",
     "audit line 6 does not continue"},
    {"Swapped",
     "UPDATE audit SET sequence = 9 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3;"
     "UPDATE audit SET sequence = 3 WHERE sequence = 9",
     "audit line 2 does not continue"},
};
INSTANTIATE_TEST_SUITE_P(All, AlteredAuditTest, testing::ValuesIn(kAlterations),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(AuditTest, TheStoreItselfRefusesToChangeALine) {
  Fill();
  store_.reset();
  absl::StatusOr<Database> database = Database::Open(DatabasePath(directory_.state()), {});
  ASSERT_TRUE(database.ok()) << database.status();
  EXPECT_THAT(std::string(database->ExecuteScript("UPDATE audit SET detail = ''").message()),
              HasSubstr("never changed"));
  EXPECT_THAT(std::string(database->ExecuteScript("DELETE FROM audit").message()), HasSubstr("never removed"));
}

}  // namespace
}  // namespace cdi::state
