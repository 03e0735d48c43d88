// The frozen window over a real driver: every row exactly once, whatever happens on the way.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "tests/integration/warehouse_site.h"
#include "warehouse/odbc_window_reader.h"

namespace cdi::test {
namespace {

using warehouse::ColumnRole;
using warehouse::OdbcWindowReader;
using warehouse::WindowQuery;

WarehouseSite& Site() {
  return WarehouseSite::Postgres();
}

// `count` rows named 1, 2, …, one microsecond apart.
void FillTable(const std::string& name, int count, const std::string& payload = "'{\"n\":' || n || '}'") {
  Site().MakeTable(name);
  Site().Run(absl::StrCat("INSERT INTO ingest.", name,
                          " (updated_at, external_id, payload) SELECT timestamp '2026-01-01' + n * interval '1 "
                          "microsecond', n::text, ",
                          payload, " FROM generate_series(1, ", count, ") n"));
}

void ExpectEachOnce(const WindowContent& content, size_t count) {
  EXPECT_TRUE(content.status.ok()) << content.status;
  EXPECT_EQ(content.rows, count);
  EXPECT_EQ(content.by_external_id.size(), count);
}

long ResidentKilobytes() {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

int StatementsOpened(const warehouse::WindowReader& reader) {
  return dynamic_cast<const OdbcWindowReader&>(reader).statements_opened();
}

TEST(WarehouseWindowTest, CarriesEveryCellExactly) {
  Site().MakeTable("cells");
  Site().Run(
      "INSERT INTO ingest.cells VALUES"
      "('2026-11-24 02:25:51.123456', 'e', 'an', 'al', 'b', 'm', 'p', '{\"emoji\":\"😀\",\"ü\":\"日本\\n\"}'),"
      "('2026-11-24 02:25:52', NULL, '', ' blanks ', NULL, NULL, NULL, E'two\\nlines\\r\\n'),"
      "('0001-01-01', 'first', NULL, NULL, NULL, NULL, NULL, NULL)");
  auto session = Site().MustConnect();
  auto reader = session->OpenWindow(EverythingOf(Site(), "cells"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ((*page)->size(), 3U);
  EXPECT_EQ((*page)->cursor(0), Timestamp::FromCivil(1, 1, 1, 0, 0, 0, 0));
  EXPECT_EQ((*page)->cell(0, ColumnRole::kPayload), std::nullopt);
  EXPECT_EQ((*page)->cursor(1), Timestamp::FromCivil(2026, 11, 24, 2, 25, 51, 123'456'000));
  EXPECT_EQ((*page)->cell(1, ColumnRole::kExternalId), "e");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kAliasName), "an");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kAliasLabel), "al");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kBrazeId), "b");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kEmail), "m");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kPhone), "p");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kPayload), "{\"emoji\":\"😀\",\"ü\":\"日本\\n\"}");
  EXPECT_EQ((*page)->cell(2, ColumnRole::kExternalId), std::nullopt);
  EXPECT_EQ((*page)->cell(2, ColumnRole::kAliasName), "");
  EXPECT_EQ((*page)->cell(2, ColumnRole::kAliasLabel), " blanks ");
  EXPECT_EQ((*page)->cell(2, ColumnRole::kPayload), "two\nlines\r\n");
  const auto end = (*reader)->Next();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, nullptr);
}

TEST(WarehouseWindowTest, ReadsTimesWithZoneAsUtc) {
  Site().MakeTable("zoned");
  Site().Run(
      "ALTER TABLE ingest.zoned ALTER updated_at TYPE timestamptz;"
      "INSERT INTO ingest.zoned (updated_at, external_id) VALUES ('2026-07-01 12:00:00.000001+02', 'a'), ('2026-07-01 "
      "12:00:00+00', 'b')");
  auto session = Site().MustConnect();
  WindowQuery query = EverythingOf(Site(), "zoned");
  query.lower = Timestamp::FromCivil(2026, 7, 1, 10, 0, 0, 1'000);
  query.upper = Timestamp::FromCivil(2026, 7, 1, 11, 59, 59, 999'999'999);
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_NE(*page, nullptr);
  ASSERT_EQ((*page)->size(), 1U);
  EXPECT_EQ((*page)->cursor(0), *query.lower);
}

TEST(WarehouseWindowTest, BothBoundsBelongToTheWindow) {
  FillTable("bounds", 10);
  auto session = Site().MustConnect();
  WindowQuery query = EverythingOf(Site(), "bounds");
  query.lower = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, 3'000);
  query.upper = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, 7'999);
  const WindowContent content = ReadWindow(*session, query);
  ExpectEachOnce(content, 5);
  EXPECT_EQ(content.by_external_id.begin()->first, "3");
  query.lower = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, 3'001);
  ExpectEachOnce(ReadWindow(*session, query), 4);
}

#ifdef __SANITIZE_ADDRESS__
constexpr auto kGrowthKilobytesMax = 1'000'000;  // it keeps freed memory back on purpose
#else
constexpr auto kGrowthKilobytesMax = 8'000;
#endif

TEST(WarehouseWindowTest, HundredThousandRowsComeOnceAndMemoryStaysFlat) {
  FillTable("many", 100'000, "repeat('x', 100 + n % 800)");
  auto session = Site().MustConnect();
  auto reader = session->OpenWindow(EverythingOf(Site(), "many"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());  // 1000 rows
  const long before = ResidentKilobytes();
  uint64_t rows = 1000;
  uint64_t id_sum = 0;
  uint64_t bytes = 0;
  for (;;) {
    const auto page = (*reader)->Next();
    ASSERT_TRUE(page.ok()) << page.status();
    if (*page == nullptr) break;
    rows += (*page)->size();
    for (size_t row = 0; row < (*page)->size(); ++row) {
      const uint64_t id = std::stoull(std::string(*(*page)->cell(row, ColumnRole::kExternalId)));
      id_sum += id;
      bytes += (*page)->cell(row, ColumnRole::kPayload)->size();
      ASSERT_EQ((*page)->cell(row, ColumnRole::kPayload)->size(), 100 + id % 800);
    }
  }
  EXPECT_EQ(rows, 100'000U);
  EXPECT_EQ(id_sum, 5'000'050'000U - 500'500U);
  EXPECT_EQ(StatementsOpened(**reader), 1);
  // 50 MB went through.
  EXPECT_GT(bytes, 45'000'000U);
  EXPECT_LT(ResidentKilobytes() - before, kGrowthKilobytesMax);
}

TEST(WarehouseWindowTest, WideCellsReopenTheWindowAndEveryRowComesOnce) {
  FillTable("wide", 5'000, "CASE WHEN n % 700 = 0 THEN repeat('x', n * 100) ELSE '{}' END");
  auto session = Site().MustConnect();
  auto reader = session->OpenWindow(EverythingOf(Site(), "wide"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ExpectEachOnce(ReadAll(**reader), 5'000);
  EXPECT_GT(StatementsOpened(**reader), 1);
  EXPECT_LT(StatementsOpened(**reader), 6);
}

TEST(WarehouseWindowTest, CellsOverTheCapCarryTheirSizeOnly) {
  Site().MakeTable("oversize");
  Site().Run(
      "INSERT INTO ingest.oversize (updated_at, external_id, email, payload) SELECT '2026-01-01', n::text, CASE WHEN n "
      "= 2 THEN repeat('é', 1000) END, repeat('x', 1022 + n) FROM generate_series(1, 4) n");
  auto session = Site().MustConnect();
  WindowQuery query = EverythingOf(Site(), "oversize");
  query.cell_bytes_max = 1024;
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ((*page)->size(), 4U);
  for (size_t row = 0; row < 4; ++row) {
    const std::string id((*page)->cell(row, ColumnRole::kExternalId).value());
    const auto payload = (*page)->cell(row, ColumnRole::kPayload);
    if (id == "1") {
      EXPECT_EQ((*page)->oversize_bytes(row), 0U);
      EXPECT_EQ(payload->size(), 1023U);
    } else if (id == "2") {
      EXPECT_EQ((*page)->oversize_bytes(row), 2000U);
      EXPECT_EQ(payload->size(), 1024U);
      EXPECT_EQ((*page)->cell(row, ColumnRole::kEmail), std::nullopt);
    } else {
      EXPECT_EQ((*page)->oversize_bytes(row), 1022 + std::stoull(id));
      EXPECT_EQ(payload, std::nullopt);
    }
  }
}

TEST(WarehouseWindowTest, TiesAcrossSlicesAndReopeningComeOnce) {
  Site().MakeTable("ties");
  // 3,000 rows with one cursor, in tenfold equal rows, between two others; wide ones amid them.
  Site().Run(
      "INSERT INTO ingest.ties (updated_at, external_id, payload) SELECT '2026-01-02', (n % 300)::text, CASE WHEN n % "
      "300 = 7 THEN repeat('y', 5000) ELSE '{}' END FROM generate_series(1, 3000) n;"
      "INSERT INTO ingest.ties (updated_at, external_id, payload) VALUES ('2026-01-01', 'before', '{}'), "
      "('2026-01-03', 'after', '{}')");
  auto session = Site().MustConnect();
  for (const uint64_t slice : {500ULL, 999ULL, 1000ULL, 3002ULL, 5'000'000ULL}) {
    WindowQuery query = EverythingOf(Site(), "ties");
    query.slice_rows_max = slice;
    const WindowContent content = ReadWindow(*session, query);
    EXPECT_TRUE(content.status.ok()) << content.status;
    EXPECT_EQ(content.rows, 3002U) << slice;
    EXPECT_EQ(content.by_external_id.size(), 302U) << slice;
    for (const auto& [id, count] : content.by_external_id) {
      EXPECT_EQ(count, id == "before" || id == "after" ? 1 : 10) << id;
    }
  }
}

TEST(WarehouseWindowTest, SlicesOpenANewStatementEach) {
  FillTable("slices", 2'500);
  auto session = Site().MustConnect();
  WindowQuery query = EverythingOf(Site(), "slices");
  query.slice_rows_max = 1'000;
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ExpectEachOnce(ReadAll(**reader), 2'500);
  EXPECT_EQ(StatementsOpened(**reader), 3);
}

TEST(WarehouseWindowTest, AStatementThatIsOpenForTooLongIsReplacedByTheNext) {
  FillTable("slow", 3'500);
  auto session = Site().MustConnect();
  WindowQuery query = EverythingOf(Site(), "slow");
  query.slice_time_max = std::chrono::nanoseconds{1};  // over after each page
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ExpectEachOnce(ReadAll(**reader), 3'500);
  EXPECT_GE(StatementsOpened(**reader), 3);
}

TEST(WarehouseWindowTest, LostConnectionsAreReplacedAndEveryRowComesOnce) {
  FillTable("killed", 30'000);
  auto session = Site().MustConnect({.query_tag = "to be killed"});
  auto reader = session->OpenWindow(EverythingOf(Site(), "killed"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::map<std::string, int> seen;
  int pages = 0;
  for (;;) {
    const auto page = (*reader)->Next();
    ASSERT_TRUE(page.ok()) << page.status();
    if (*page == nullptr) break;
    for (size_t row = 0; row < (*page)->size(); ++row) {
      ++seen[std::string(*(*page)->cell(row, ColumnRole::kExternalId))];
    }
    if (++pages % 8 == 0) {
      Site().Run(
          "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'to be killed'");
    }
  }
  EXPECT_EQ(seen.size(), 30'000U);
  for (const auto& [id, count] : seen) ASSERT_EQ(count, 1) << id;
  EXPECT_EQ(StatementsOpened(**reader), 4);
}

TEST(WarehouseWindowTest, TheFourthLossEndsTheWindow) {
  FillTable("killed_often", 30'000);
  auto session = Site().MustConnect({.query_tag = "to be killed often"});
  auto reader = session->OpenWindow(EverythingOf(Site(), "killed_often"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::Status status;
  while (status.ok()) {
    const auto page = (*reader)->Next();
    status = page.status();
    if (page.ok()) {
      ASSERT_NE(*page, nullptr);
    }
    Site().Run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'to be killed often'");
  }
  EXPECT_EQ(ErrorReason(status), "CONNECTION_LOST");
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ((*reader)->Next().status(), status);
}

TEST(WarehouseWindowTest, AChangedColumnEndsTheWindow) {
  FillTable("retyped", 30'000);
  auto session = Site().MustConnect({.query_tag = "retyped"});
  auto reader = session->OpenWindow(EverythingOf(Site(), "retyped"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());
  Site().Run(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'retyped';"
      "ALTER TABLE ingest.retyped ALTER email TYPE varchar(100)");
  const WindowContent rest = ReadAll(**reader);
  EXPECT_EQ(ErrorReason(rest.status), "SCHEMA_CHANGED");
  EXPECT_TRUE(absl::IsFailedPrecondition(rest.status)) << rest.status;
}

TEST(WarehouseWindowTest, AnAddedColumnIsIgnored) {
  FillTable("widened", 30'000);
  auto session = Site().MustConnect({.query_tag = "widened"});
  auto reader = session->OpenWindow(EverythingOf(Site(), "widened"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto first = (*reader)->Next();
  ASSERT_TRUE(first.ok()) << first.status();
  Site().Run(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'widened';"
      "ALTER TABLE ingest.widened ADD extra int");
  ExpectEachOnce(ReadAll(**reader), 30'000 - (*first)->size());
}

// A view whose rows take a minute; its reader is found by the tag of its session.
void MakeSleepyView() {
  Site().MakeTable("base");
  Site().Run(
      "INSERT INTO ingest.base (updated_at, external_id, payload) VALUES ('2026-01-01', 'a', '{}');"
      "CREATE OR REPLACE VIEW ingest.sleepy AS SELECT updated_at, external_id, alias_name, alias_label, braze_id, "
      "email, phone, (SELECT 'x'::text FROM pg_sleep(60)) AS payload FROM ingest.base;"
      "GRANT SELECT ON ingest.sleepy TO reader");
}

void WaitUntilAsleep(const std::string& tag) {
  while (*Site().server().Query(absl::StrCat("SELECT count(*) FROM pg_stat_activity WHERE application_name = '", tag,
                                             "' AND wait_event = 'PgSleep'")) != "1") {
  }
}

TEST(WarehouseWindowTest, CancelFromAnotherThreadEndsABlockedStatement) {
  MakeSleepyView();
  auto session = Site().MustConnect({.query_tag = "cancelled"});
  auto reader = session->OpenWindow(EverythingOf(Site(), "sleepy"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::thread canceller([&] {
    WaitUntilAsleep("cancelled");
    session->Cancel();
  });
  const auto page = (*reader)->Next();
  canceller.join();
  EXPECT_TRUE(absl::IsCancelled(page.status())) << page.status();
  EXPECT_EQ(ErrorReason(page.status()), "CANCELLED");
  reader->reset();
  EXPECT_TRUE(session->Now().ok());  // the session lives on
}

TEST(WarehouseWindowTest, AStopEndsABlockedStatementAndTheSession) {
  MakeSleepyView();
  std::stop_source stop;
  auto session = Site().Connection(Site().Settings())->Connect({.query_tag = "stopped"}, stop.get_token());
  ASSERT_TRUE(session.ok()) << session.status();
  auto reader = (*session)->OpenWindow(EverythingOf(Site(), "sleepy"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::thread stopper([&] {
    WaitUntilAsleep("stopped");
    stop.request_stop();
  });
  EXPECT_TRUE(absl::IsCancelled((*reader)->Next().status()));
  stopper.join();
  reader->reset();
  EXPECT_TRUE(absl::IsCancelled((*session)->Now().status()));
}

TEST(WarehouseWindowTest, ACancelBetweenBlocksEndsTheWindow) {
  FillTable("between", 5'000);
  auto session = Site().MustConnect();
  session->Cancel();  // nothing runs: no effect
  auto reader = session->OpenWindow(EverythingOf(Site(), "between"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());
  session->Cancel();
  EXPECT_TRUE(absl::IsCancelled((*reader)->Next().status()));
}

TEST(WarehouseWindowTest, AStatementOverItsTimeLimitSaysSo) {
  MakeSleepyView();
  auto session = Site().MustConnect({.query_tag = "slow", .statement_timeout = std::chrono::seconds(1)});
  auto reader = session->OpenWindow(EverythingOf(Site(), "sleepy"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::Status status = (*reader)->Next().status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(ErrorReason(status), "STATEMENT_TIMEOUT");
}

TEST(WarehouseWindowTest, RowsOutsideTheWindowAreCounted) {
  Site().MakeTable("waiting");
  Site().Run(
      "INSERT INTO ingest.waiting (updated_at, external_id) VALUES ('2026-01-01', 'in'), (NULL, 'null'), "
      "('2026-01-02 00:00:00.000001', 'out'), ('2026-01-03', 'out'), (NULL, 'null'), ('infinity', 'out')");
  auto session = Site().MustConnect();
  WindowQuery query = EverythingOf(Site(), "waiting");
  query.upper = Timestamp::FromCivil(2026, 1, 2, 0, 0, 0, 999);
  const auto waiting = session->CountWaiting(query);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->rows_after_upper, 3U);
  EXPECT_EQ(waiting->rows_null_cursor, 2U);
  EXPECT_EQ(waiting->first_after_upper, Timestamp::FromCivil(2026, 1, 2, 0, 0, 0, 1'000));
  ExpectEachOnce(ReadWindow(*session, query), 1);
}

}  // namespace
}  // namespace cdi::test
