// What of a call stands in the audit afterwards, whether it went through or not.
#include "server/call_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/manual_clock.h"
#include "ingest/state/store_fixture.h"

namespace cdi::server {
namespace {

using ingest::AuditOutcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CallAuditTest : public state::StoreTest {
 protected:
  static CallRecord Call(const std::string& method, bool mutates, const absl::Status& status, bool admitted = true) {
    return {.method = method,
            .caller = "tokens/ann",
            .peer = "ipv4:127.0.0.1:5",
            .resource = "connections/main",
            .reason = "",
            .mutates = mutates,
            .admitted = admitted,
            .status = status};
  }
  static absl::Status Denied() { return MakeError(absl::StatusCode::kPermissionDenied, "ROLE_TOO_LOW", "needs admin"); }
  // One whole call: "verb outcome detail" of each line, oldest first.
  std::vector<std::string> LinesOf(const CallRecord& call) {
    if (call.admitted) {
      EXPECT_TRUE(audit_.Begin(call).ok());
    }
    audit_.End(call);
    return Lines();
  }
  std::vector<std::string> Lines() {
    ingest::AuditFilter filter;
    filter.oldest_first = true;
    const auto page = store_->ListAudit(filter, "", 1000);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<std::string> lines;
    for (const ingest::AuditEntry& entry : page->items) {
      lines.push_back(absl::StrCat(entry.line.verb, " ", static_cast<int>(entry.line.outcome), " ", entry.line.detail));
    }
    return lines;
  }

  ManualClock mono_;
  NullLogger logger_;
  CallAudit audit_{*store_, mono_, logger_};
};

TEST_F(CallAuditTest, AChangeThatTheStoreDoesNotAuditIsEnteredBeforeAndAfter) {
  EXPECT_THAT(LinesOf(Call("RevokeKeyPair", true, absl::OkStatus())),
              ElementsAre("RevokeKeyPair 4 from ipv4:127.0.0.1:5", "RevokeKeyPair 1 from ipv4:127.0.0.1:5"));
}

TEST_F(CallAuditTest, TheReasonOfARequestIsEntered) {
  CallRecord call = Call("RevokeKeyPair", true, absl::OkStatus());
  call.reason = "leaked";
  EXPECT_THAT(LinesOf(call).back(), HasSubstr("from ipv4:127.0.0.1:5: leaked"));
}

// A pair whose name the server chose, a file that was read: the request alone does not tell.
TEST_F(CallAuditTest, WhatTheHandlerSaysStandsInTheLastLineWhateverCameOfIt) {
  CallRecord call = Call("ImportKeyPair", true, absl::OkStatus());
  call.detail = "connections/main/keyPairs/k1 of file \"a.p8\"";
  EXPECT_EQ(LinesOf(call).back(),
            "ImportKeyPair 1 from ipv4:127.0.0.1:5, connections/main/keyPairs/k1 of file \"a.p8\"");
  call.status = MakeError(absl::StatusCode::kFailedPrecondition, "KEY_SLOTS_FULL", "both are taken");
  EXPECT_EQ(LinesOf(call).back(),
            "ImportKeyPair 2 FAILED_PRECONDITION KEY_SLOTS_FULL from ipv4:127.0.0.1:5, connections/main/keyPairs/k1 of "
            "file \"a.p8\": both are taken");
}

TEST_F(CallAuditTest, AChangeThatTheStoreAuditsIsLeftToIt) {
  EXPECT_THAT(LinesOf(Call("UpdateSync", true, absl::OkStatus())), IsEmpty());
}

// The lines of a rotation's steps name who asked for the rotation, not who turned it back.
TEST_F(CallAuditTest, WhoTurnsARotationBackIsEntered) {
  EXPECT_THAT(LinesOf(Call("RollBackRotation", true, absl::OkStatus())), SizeIs(2));
}

TEST_F(CallAuditTest, AReadIsNoMatterForAnAudit) {
  EXPECT_THAT(LinesOf(Call("GetSync", false, absl::OkStatus())), IsEmpty());
  EXPECT_THAT(LinesOf(Call("GetSync", false, absl::NotFoundError("no such sync"))), IsEmpty());
}

TEST_F(CallAuditTest, ARefusedCallIsEnteredWhateverItAskedFor) {
  EXPECT_THAT(LinesOf(Call("GetSync", false, Denied(), /*admitted=*/false)),
              ElementsAre("GetSync 2 PERMISSION_DENIED ROLE_TOO_LOW from ipv4:127.0.0.1:5: needs admin"));
}

TEST_F(CallAuditTest, AChangeThatFailedSaysSoAndKeepsTheTextOfTheFaultToTheLog) {
  const absl::Status fault = absl::InternalError("unvetted words");
  const auto lines = LinesOf(Call("UpdateSync", true, fault));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr("UpdateSync 3 INTERNAL"));
  EXPECT_THAT(lines[0], Not(HasSubstr("unvetted")));
}

TEST_F(CallAuditTest, WhatWasBegunIsEndedHoweverManyCallsAreRefused) {
  for (int i = 0; i < 100; ++i) audit_.End(Call("GetSync", false, Denied(), /*admitted=*/false));
  EXPECT_THAT(LinesOf(Call("RevokeKeyPair", true, absl::NotFoundError("no such pair"))).back(),
              HasSubstr("RevokeKeyPair 2 NOT_FOUND"));
}

TEST_F(CallAuditTest, RefusedCallsAreBoundedAndTheRestIsCounted) {
  const CallRecord refused = Call("GetSync", false, Denied(), /*admitted=*/false);
  for (int i = 0; i < 1000; ++i) audit_.End(refused);
  EXPECT_EQ(Lines().size(), 60u);
  mono_.Pass(std::chrono::seconds(60));
  audit_.End(refused);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 61u);
  EXPECT_THAT(lines.back(), HasSubstr("940 refused calls before this one are not listed"));
}

}  // namespace
}  // namespace cdi::server
