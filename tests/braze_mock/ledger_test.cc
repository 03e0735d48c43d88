#include "tests/braze_mock/ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/braze_mock/traffic_stats.h"

namespace cdi::braze_mock {
namespace {

using nlohmann::json;

ObjectVerdict Verdict(std::string user, uint64_t digest, bool accepted = true) {
  ObjectVerdict verdict;
  verdict.user = {IdentifierKind::kExternalId, std::move(user)};
  verdict.digest = digest;
  verdict.effect = accepted ? ObjectVerdict::Effect::kApplied : ObjectVerdict::Effect::kRejected;
  if (!accepted) verdict.error = "'time' is required";
  return verdict;
}

TEST(LedgerTest, PagesObjectsInOrderOfArrival) {
  Ledger ledger(LedgerMode::kFull);
  LedgerRequest request;
  request.status = 201;
  request.body_hash = Hash128("body");
  ledger.Add(request, {Verdict("a", 1), Verdict("b", 2, false)});
  ledger.Add(request, {Verdict("c", 3)});

  const json first = json::parse(ledger.ObjectsJson(1, 2, false));
  EXPECT_EQ(first["objects"].size(), 2U);
  EXPECT_EQ(first["objects"][1],
            json::parse(R"({"n":2,"request":1,"body_hash":")" + Hash128("body").ToHex() +
                        R"(","array":"attributes","index":0,"id_kind":"external_id","identifier":"b",
                           "digest":"0000000000000002","effect":"rejected","error":"'time' is required"})"));
  EXPECT_EQ(first["next"], 3);
  const json second = json::parse(ledger.ObjectsJson(3, 2, false));
  EXPECT_EQ(second["objects"][0]["identifier"], "c");
  EXPECT_EQ(second["objects"][0]["request"], 2);
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_EQ(ledger.ObjectsJson(4, 2, true), "");
}

TEST(LedgerTest, NamesWhatCameMoreThanOnce) {
  Ledger ledger(LedgerMode::kFull);
  ledger.Add({}, {Verdict("a", 1), Verdict("b", 1), Verdict("a", 2), Verdict("c", 9, false)});
  ledger.Add({}, {Verdict("a", 1), Verdict("c", 9, false)});
  EXPECT_EQ(json::parse(ledger.SummaryJson(10)), json::parse(R"({"objects":6,"accepted":4,"rejected":2,"distinct":3,
      "repeats":1,"repeated_objects":1,"duplicates":[
        {"array":"attributes","id_kind":"external_id","identifier":"a","digest":"0000000000000001","count":2}]})"));
}

TEST(LedgerTest, ForgetsObjectsWhereToldTo) {
  Ledger none(LedgerMode::kNone);
  none.Add({}, {Verdict("a", 1), Verdict("a", 1)});
  EXPECT_EQ(json::parse(none.ObjectsJson(1, 10, false))["objects"].size(), 0U);
  EXPECT_EQ(none.totals().accepted, 2U);
  EXPECT_EQ(json::parse(none.RequestsJson(1, 10, false))["requests"].size(), 1U);

  Ledger counts(LedgerMode::kCounts);
  counts.Add({}, {Verdict("a", 1), Verdict("a", 1)});
  EXPECT_EQ(json::parse(counts.ObjectsJson(1, 10, false))["objects"].size(), 0U);
  EXPECT_EQ(counts.totals().repeats, 1U);
}

// However requests are cut and whatever is in them: every object is counted once, in the ledger and in the totals.
RC_GTEST_PROP(LedgerProperty, CountsAddUp, (const std::vector<std::vector<uint16_t>>& requests)) {
  Ledger ledger(LedgerMode::kFull);
  Ledger counting(LedgerMode::kCounts);
  TrafficStats stats;
  size_t objects = 0;
  size_t accepted = 0;
  std::set<uint16_t> distinct;
  for (const auto& request : requests) {
    std::vector<ObjectVerdict> verdicts;
    for (const uint16_t drawn : request) {
      const auto seed = static_cast<uint16_t>(drawn % 64);
      const bool good = seed % 5 != 0;
      verdicts.push_back(Verdict("u" + std::to_string(seed % 8), seed / 8, good));
      ++objects;
      accepted += good ? 1 : 0;
      if (good) distinct.insert(seed);
    }
    ledger.Add({}, verdicts);
    counting.Add({}, verdicts);
    stats.CountObjects(verdicts);
  }
  for (const Ledger* each : {&ledger, &counting}) {
    const Ledger::Totals totals = each->totals();
    RC_ASSERT(totals.objects == objects);
    RC_ASSERT(totals.accepted == accepted);
    RC_ASSERT(totals.accepted + totals.rejected == totals.objects);
    RC_ASSERT(totals.distinct == distinct.size());
    RC_ASSERT(totals.distinct + totals.repeats == totals.accepted);
  }
  RC_ASSERT(json::parse(ledger.ObjectsJson(1, UINT64_MAX, false))["objects"].size() == objects);
  const json summary = json::parse(ledger.SummaryJson(UINT64_MAX));
  uint64_t repeats = 0;
  for (const json& duplicate : summary["duplicates"]) repeats += duplicate["count"].get<uint64_t>() - 1;
  RC_ASSERT(repeats == ledger.totals().repeats);
  const json counted = json::parse(stats.Json(0));
  RC_ASSERT(counted["objects_accepted"]["attributes"] == accepted);
  RC_ASSERT(counted["objects_rejected"]["attributes"] == objects - accepted);
}

TEST(TrafficStatsTest, CountsUsersThatAreInTwoRequestsAtOnce) {
  TrafficStats stats;
  const std::vector<UserKey> first = {{IdentifierKind::kExternalId, "a"}, {IdentifierKind::kExternalId, "b"}};
  const std::vector<UserKey> second = {{IdentifierKind::kExternalId, "b"}, {IdentifierKind::kEmail, "a"}};
  stats.EnterUsers(first);
  stats.EnterUsers(second);
  stats.LeaveUsers(first);
  stats.LeaveUsers(second);
  stats.EnterUsers(first);
  const json seen = json::parse(stats.Json(0));
  EXPECT_EQ(seen["concurrent_user_violations"], 1);
  EXPECT_EQ(seen["concurrent_users"], json::array({"b"}));
}

TEST(TrafficStatsTest, KeepsThePeaks) {
  TrafficStats stats;
  for (const int64_t now_ms : {1000, 1001, 1999, 2000}) stats.Enter(now_ms);
  stats.Leave();
  const json seen = json::parse(stats.Json(0));
  EXPECT_EQ(seen["requests_per_second_peak"], 3);
  EXPECT_EQ(seen["in_flight_peak"], 4);
  EXPECT_EQ(seen["in_flight"], 3);
}

}  // namespace
}  // namespace cdi::braze_mock
