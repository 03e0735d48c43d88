// What happens on the way of a window, at every site: lost connections, changed tables, cancels and time limits.
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/integration/warehouse_suite.h"

namespace cdi::test {
namespace {

using warehouse::WindowQuery;

class WarehouseTroubleTest : public WarehouseSuite {
 protected:
  // A statement for each page, so that whatever happens between two pages meets the next one.
  static WindowQuery PageByPage(const std::string& table) {
    WindowQuery query = Site().Everything(table);
    query.slice_rows_max = 1'000;
    return query;
  }
};
CDI_AT_EVERY_SITE(WarehouseTroubleTest);

TEST_P(WarehouseTroubleTest, ALossAfterAnyPageIsMendedAndEveryRowComesOnce) {
  constexpr uint64_t kRows = 3'500;
  Site().FillTable("lost", kRows);
  for (int after = 1; after <= 3; ++after) {
    auto session = Site().MustConnect({.query_tag = "lost"});
    auto reader = session->OpenWindow(PageByPage("lost"));
    ASSERT_TRUE(reader.ok()) << reader.status();
    uint64_t rows = 0;
    for (int page_number = 0; page_number < after; ++page_number) {
      const auto page = (*reader)->Next();
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_NE(*page, nullptr);
      rows += (*page)->size();
    }
    Site().DropSessions("lost");
    ExpectEachOnce(ReadAll(**reader), kRows - rows);
  }
}

TEST_P(WarehouseTroubleTest, ThreeLossesAreMendedAndTheFourthEndsTheWindow) {
  Site().FillTable("lost_often", 8'000);
  auto session = Site().MustConnect({.query_tag = "lost often"});
  auto reader = session->OpenWindow(PageByPage("lost_often"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::Status status;
  int pages = 0;
  while (status.ok()) {
    const auto page = (*reader)->Next();
    status = page.status();
    if (page.ok()) {
      ASSERT_NE(*page, nullptr);
      ++pages;
    }
    Site().DropSessions("lost often");
  }
  EXPECT_GE(pages, 4);
  EXPECT_EQ(ErrorReason(status), "CONNECTION_LOST") << status;
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ((*reader)->Next().status(), status);
}

TEST_P(WarehouseTroubleTest, AChangedColumnEndsTheWindow) {
  const std::string changes[] = {"DROP COLUMN email", "RENAME COLUMN phone TO telephone"};
  int number = 0;
  for (const std::string& change : changes) {
    const std::string table = absl::StrCat("changed_", number++);
    Site().FillTable(table, 3'000);
    auto session = Site().MustConnect({.query_tag = table});
    auto reader = session->OpenWindow(PageByPage(table));
    ASSERT_TRUE(reader.ok()) << reader.status();
    ASSERT_TRUE((*reader)->Next().ok());
    Site().DropSessions(table);  // an open cursor would keep PostgreSQL from changing the table
    Site().Run(absl::StrCat("ALTER TABLE ingest.", table, " ", change));
    const WindowContent rest = ReadAll(**reader);
    EXPECT_EQ(ErrorReason(rest.status), "SCHEMA_CHANGED") << change << ": " << rest.status;
    EXPECT_TRUE(absl::IsFailedPrecondition(rest.status));
  }
}

TEST_P(WarehouseTroubleTest, ARetypedColumnEndsTheWindow) {
  Site().FillTable("retyped", 3'000);
  auto session = Site().MustConnect({.query_tag = "retyped"});
  auto reader = session->OpenWindow(PageByPage("retyped"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());
  Site().DropSessions("retyped");
  Site().Run("ALTER TABLE ingest.retyped DROP COLUMN email");
  Site().Run("ALTER TABLE ingest.retyped ADD COLUMN email INT");
  EXPECT_EQ(ErrorReason(ReadAll(**reader).status), "SCHEMA_CHANGED");
}

TEST_P(WarehouseTroubleTest, AnAddedColumnIsIgnored) {
  Site().FillTable("added", 3'000);
  auto session = Site().MustConnect({.query_tag = "added"});
  auto reader = session->OpenWindow(PageByPage("added"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto first = (*reader)->Next();
  ASSERT_TRUE(first.ok()) << first.status();
  Site().DropSessions("added");
  Site().Run("ALTER TABLE ingest.added ADD COLUMN extra INT");
  ExpectEachOnce(ReadAll(**reader), 3'000 - (*first)->size());
}

TEST_P(WarehouseTroubleTest, ATableDroppedOnTheWayIsNamed) {
  Site().FillTable("dropped", 3'000);
  auto session = Site().MustConnect({.query_tag = "dropped"});
  auto reader = session->OpenWindow(PageByPage("dropped"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());
  Site().DropSessions("dropped");
  Site().Run("DROP TABLE ingest.dropped");
  EXPECT_EQ(ErrorReason(ReadAll(**reader).status), "TABLE_MISSING");
}

// Sticks every statement of the site for as long as it lives.
class Stuck {
 public:
  explicit Stuck(WarehouseSite& site) : site_(site) { site_.Stick(); }
  ~Stuck() { site_.Unstick(); }
  Stuck(const Stuck&) = delete;
  Stuck& operator=(const Stuck&) = delete;
  void Await(const std::string& tag) const {
    while (!site_.IsStuck(tag)) std::this_thread::yield();
  }

 private:
  WarehouseSite& site_;
};

TEST_P(WarehouseTroubleTest, CancelFromAnotherThreadEndsABlockedStatement) {
  Site().MakeStickyView("cancelled");
  auto session = Site().MustConnect({.query_tag = "to be cancelled"});
  auto reader = session->OpenWindow(Site().Everything("cancelled"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::Status status;
  {
    const Stuck stuck(Site());
    std::thread canceller([&] {
      stuck.Await("to be cancelled");
      session->Cancel();
    });
    status = (*reader)->Next().status();
    canceller.join();
  }
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_EQ(ErrorReason(status), "CANCELLED");
  reader->reset();
  EXPECT_TRUE(session->Now().ok());  // the session lives on
}

TEST_P(WarehouseTroubleTest, AStopEndsABlockedStatementAndTheSession) {
  Site().MakeStickyView("stopped");
  std::stop_source stop;
  auto session = Site().Connection(Site().Settings())->Connect({.query_tag = "to be stopped"}, stop.get_token());
  ASSERT_TRUE(session.ok()) << session.status();
  auto reader = (*session)->OpenWindow(Site().Everything("stopped"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  {
    const Stuck stuck(Site());
    std::thread stopper([&] {
      stuck.Await("to be stopped");
      stop.request_stop();
    });
    EXPECT_TRUE(absl::IsCancelled((*reader)->Next().status()));
    stopper.join();
  }
  reader->reset();
  EXPECT_TRUE(absl::IsCancelled((*session)->Now().status()));
}

TEST_P(WarehouseTroubleTest, ACancelBetweenBlocksEndsTheWindow) {
  Site().FillTable("between_blocks", 5'000);
  auto session = Site().MustConnect();
  session->Cancel();  // nothing runs: no effect
  auto reader = session->OpenWindow(Site().Everything("between_blocks"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());
  session->Cancel();
  EXPECT_TRUE(absl::IsCancelled((*reader)->Next().status()));
}

TEST_P(WarehouseTroubleTest, AStatementOverItsTimeLimitSaysSo) {
  Site().MakeStickyView("limited");
  auto session = Site().MustConnect({.query_tag = "limited", .statement_timeout = std::chrono::seconds(1)});
  auto reader = session->OpenWindow(Site().Everything("limited"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const Stuck stuck(Site());
  const absl::Status status = (*reader)->Next().status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(ErrorReason(status), "STATEMENT_TIMEOUT");
}

}  // namespace
}  // namespace cdi::test
