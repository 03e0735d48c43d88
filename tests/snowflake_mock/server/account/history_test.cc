// What the history keeps when statements and results are many or large.
#include "tests/snowflake_mock/server/account/history.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace cdi::snowflake_mock {
namespace {

QueryRecord Record(const std::string& id, int64_t session_id, size_t text_bytes = 10) {
  QueryRecord record;
  record.id = id;
  record.session_id = session_id;
  record.text = std::string(text_bytes, 'x');
  return record;
}

// Ends the statement with a result of about `bytes`.
void Finish(QueryHistory& history, const std::string& id, size_t bytes) {
  history.Update(id, [&](QueryRecord& record) {
    auto result = std::make_shared<ResultSet>();
    result->inline_rows = std::string(bytes, 'r');
    record.ended_ns = 1;
    record.result = std::move(result);
  });
}

bool HasResult(QueryHistory& history, const std::string& id) {
  return history.Find(id)->result != nullptr;
}

TEST(QueryHistoryTest, LongTextsPushOldRecordsOut) {
  QueryHistory history(100, 1000);
  for (int i = 0; i < 20; ++i) history.Add(Record(absl::StrCat(i), 1, 300));
  const auto records = history.Queries();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]->id, "17");
  EXPECT_FALSE(history.Find("16").has_value());
  history.Add(Record("long", 1, 5000));
  ASSERT_EQ(history.Queries().size(), 1U) << "the newest is kept whatever its size";
  EXPECT_EQ(history.Queries()[0]->id, "long");
}

TEST(QueryHistoryTest, TheNewestResultOfEachSessionIsNotDroppedForOthers) {
  QueryHistory history;
  history.SetResultBudget(10'000);
  for (const char* id : {"a1", "a2"}) {
    history.Add(Record(id, 1));
    Finish(history, id, 4000);
  }
  history.Add(Record("b1", 2));
  Finish(history, "b1", 4000);
  EXPECT_FALSE(HasResult(history, "a1"));
  EXPECT_TRUE(history.Find("a1")->result_dropped);
  history.Add(Record("b2", 2));
  Finish(history, "b2", 8000);
  EXPECT_TRUE(HasResult(history, "a2")) << "its session has not fetched it yet";
  EXPECT_FALSE(HasResult(history, "b1"));
  EXPECT_TRUE(HasResult(history, "b2"));
}

TEST(QueryHistoryTest, ManySessionsTakeTwiceTheBudgetAtMost) {
  QueryHistory history;
  history.SetResultBudget(10'000);
  for (int i = 0; i < 20; ++i) {
    history.Add(Record(absl::StrCat(i), i));
    Finish(history, absl::StrCat(i), 4000);
  }
  int kept = 0;
  for (const auto& record : history.Queries()) kept += record->result != nullptr ? 1 : 0;
  EXPECT_EQ(kept, 4);
  EXPECT_TRUE(HasResult(history, "19"));
}

TEST(QueryHistoryTest, WhatIsHandedOutNeverChanges) {
  QueryHistory history;
  history.Add(Record("1", 1));
  const auto before = history.Queries();
  Finish(history, "1", 10);
  EXPECT_EQ(before[0]->ended_ns, 0);
  EXPECT_EQ(history.Queries()[0]->ended_ns, 1);
}

}  // namespace
}  // namespace cdi::snowflake_mock
