// The frozen window at every site: every row exactly once, every cell as it is, whatever its width.
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/integration/warehouse_suite.h"

namespace cdi::test {
namespace {

using warehouse::ColumnRole;
using warehouse::WindowQuery;

class WarehouseWindowTest : public WarehouseSuite {
 protected:
  static absl::StatusOr<std::shared_ptr<const warehouse::Page>> FirstPage(warehouse::Session& session,
                                                                          const WindowQuery& query) {
    auto reader = session.OpenWindow(query);
    if (!reader.ok()) return reader.status();
    return (*reader)->Next();
  }
};
CDI_AT_EVERY_SITE(WarehouseWindowTest);

long ResidentKilobytes() {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

TEST_P(WarehouseWindowTest, CarriesEveryCellExactly) {
  Site().MakeTable("cells");
  Site().Run(
      "INSERT INTO ingest.cells VALUES"
      "('2026-11-24 02:25:51.123456', 'e', 'an', 'al', 'b', 'm', 'p', '{\"emoji\":\"😀\",\"ü\":\"日本\"}'),"
      "('2026-11-24 02:25:52', NULL, '', ' blanks ', NULL, NULL, NULL, 'two\nlines\tand ''quotes'''),"
      "('1700-01-01', 'first', NULL, NULL, NULL, NULL, NULL, NULL)");
  auto session = Site().MustConnect();
  auto reader = session->OpenWindow(Site().Everything("cells"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ((*page)->size(), 3U);
  EXPECT_EQ((*page)->cursor(0), Timestamp::FromCivil(1700, 1, 1, 0, 0, 0, 0));
  EXPECT_EQ((*page)->cell(0, ColumnRole::kPayload), std::nullopt);
  EXPECT_EQ((*page)->cursor(1), Timestamp::FromCivil(2026, 11, 24, 2, 25, 51, 123'456'000));
  EXPECT_EQ((*page)->cell(1, ColumnRole::kExternalId), "e");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kAliasName), "an");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kAliasLabel), "al");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kBrazeId), "b");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kEmail), "m");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kPhone), "p");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kPayload), "{\"emoji\":\"😀\",\"ü\":\"日本\"}");
  EXPECT_EQ((*page)->cell(2, ColumnRole::kExternalId), std::nullopt);
  EXPECT_EQ((*page)->cell(2, ColumnRole::kAliasName), "");
  EXPECT_EQ((*page)->cell(2, ColumnRole::kAliasLabel), " blanks ");
  EXPECT_EQ((*page)->cell(2, ColumnRole::kPayload), "two\nlines\tand 'quotes'");
  const auto end = (*reader)->Next();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, nullptr);
}

TEST_P(WarehouseWindowTest, ReadsTimesWithZoneWideNumbersAndJson) {
  Site().MakeTable("typed", {.cursor = std::string(Site().zoned_type()),
                             .external_id = std::string(Site().number_type()),
                             .payload = std::string(Site().json_type())});
  const std::string zoned(Site().zoned_type());
  Site().Run(
      absl::StrCat("INSERT INTO ingest.typed (updated_at, external_id, payload) SELECT CAST('2026-07-01 "
                   "12:00:00.000001 +02:00' AS ",
                   zoned, "), ", std::string(Site().greatest_number()), ", ", Site().AsJson("{\"a\":[1,null]}"),
                   "; INSERT INTO ingest.typed (updated_at, external_id) SELECT CAST('2026-07-01 12:00:00 "
                   "+00:00' AS ",
                   zoned, "), -1"));
  auto session = Site().MustConnect();
  WindowQuery query = Site().Everything("typed");
  query.lower = Timestamp::FromCivil(2026, 7, 1, 10, 0, 0, 1'000);
  query.upper = Timestamp::FromCivil(2026, 7, 1, 11, 59, 59, 999'999'999);
  const auto page = FirstPage(*session, query);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_NE(*page, nullptr);
  ASSERT_EQ((*page)->size(), 1U);
  EXPECT_EQ((*page)->cursor(0), *query.lower);
  EXPECT_EQ((*page)->cell(0, ColumnRole::kExternalId), Site().greatest_number());
  std::string json((*page)->cell(0, ColumnRole::kPayload).value_or("NULL"));
  json.erase(std::remove(json.begin(), json.end(), ' '), json.end());  // PostgreSQL sets blanks
  EXPECT_EQ(json, "{\"a\":[1,null]}");
}

TEST_P(WarehouseWindowTest, BothBoundsBelongToTheWindow) {
  Site().FillTable("bounds", 10);
  auto session = Site().MustConnect();
  WindowQuery query = Site().Everything("bounds");
  query.lower = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, 3'000);
  query.upper = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, 7'999);
  const WindowContent content = ReadWindow(*session, query);
  ExpectEachOnce(content, 5);
  EXPECT_EQ(content.by_external_id.begin()->first, "3");
  query.lower = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, 3'001);
  ExpectEachOnce(ReadWindow(*session, query), 4);
}

TEST_P(WarehouseWindowTest, NeighboursATickApartAreTold) {
  Site().MakeTable("ticks");
  const auto nanos = static_cast<int32_t>(Site().tick().count());
  std::string values;
  for (int i = 0; i < 3; ++i) {
    const std::string time = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, i * nanos).ToString();
    absl::StrAppend(&values, i == 0 ? "" : ", ", "('2026-01-01 ", time.substr(11, 18), "', '", i, "')");
  }
  Site().Run(absl::StrCat("INSERT INTO ingest.ticks (updated_at, external_id) VALUES ", values));
  auto session = Site().MustConnect();
  WindowQuery query = Site().Everything("ticks");
  query.lower = query.upper = Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, nanos);
  const auto page = FirstPage(*session, query);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_NE(*page, nullptr);
  ASSERT_EQ((*page)->size(), 1U);
  EXPECT_EQ((*page)->cursor(0), query.upper);
  EXPECT_EQ((*page)->cell(0, ColumnRole::kExternalId), "1");
}

TEST_P(WarehouseWindowTest, AnEmptyTableIsAnEmptyWindow) {
  Site().MakeTable("empty");
  auto session = Site().MustConnect();
  ExpectEachOnce(ReadWindow(*session, Site().Everything("empty")), 0);
  const auto waiting = session->CountWaiting(Site().Everything("empty"));
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->rows_after_upper, 0U);
  EXPECT_EQ(waiting->first_after_upper, std::nullopt);
  const auto columns = session->Describe(Site().Table("empty"));
  ASSERT_TRUE(columns.ok()) << columns.status();
  const auto preview = session->FetchPreview(Site().Table("empty"), *columns, Site().Name("updated_at"), 5);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_TRUE(preview->rows.empty());
}

#ifdef __SANITIZE_ADDRESS__
constexpr auto kGrowthKilobytesMax = 1'000'000;  // it keeps freed memory back on purpose
#else
constexpr auto kGrowthKilobytesMax = 24'000;  // a driver may fetch some parts ahead
#endif

TEST_P(WarehouseWindowTest, HundredThousandRowsComeOnceAndMemoryStaysFlat) {
  Site().FillTable("many", 100'000, "REPEAT('x', 100 + MOD(n, 800))");
  auto session = Site().MustConnect();
  auto reader = session->OpenWindow(Site().Everything("many"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  uint64_t rows = 0;
  uint64_t id_sum = 0;
  uint64_t bytes = 0;
  long before = 0;
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
    if (before == 0 && rows >= 20'000) before = ResidentKilobytes();
  }
  EXPECT_EQ(rows, 100'000U);
  EXPECT_EQ(id_sum, 5'000'050'000U);
  EXPECT_EQ(StatementsOpened(**reader), 1);
  EXPECT_GT(bytes, 45'000'000U);  // 40 MB of it after the first look at the memory
  EXPECT_LT(ResidentKilobytes() - before, kGrowthKilobytesMax);
}

TEST_P(WarehouseWindowTest, WideCellsReopenTheWindowAndEveryRowComesOnce) {
  Site().FillTable("wide", 5'000, "CASE WHEN MOD(n, 700) = 0 THEN REPEAT('x', n * 100) ELSE '{}' END");
  auto session = Site().MustConnect();
  auto reader = session->OpenWindow(Site().Everything("wide"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const WindowContent content = ReadAll(**reader);
  ExpectEachOnce(content, 5'000);
  EXPECT_GT(content.bytes, 100U * (700 + 1400 + 2100 + 2800 + 3500 + 4200 + 4900));
  EXPECT_GT(StatementsOpened(**reader), 1);
  EXPECT_LT(StatementsOpened(**reader), 6);
}

// Three bytes a character: what the driver counts in, and what it converts, must not matter.
TEST_P(WarehouseWindowTest, ACellOfAMebibyteIsCarriedAndOneByteMoreIsNot) {
  Site().MakeTable("mebibyte");
  Site().Run(
      "INSERT INTO ingest.mebibyte (updated_at, external_id, payload) VALUES ('2026-01-01', '1', REPEAT('日', 349525) "
      "|| "
      "'x'), ('2026-01-02', '2', REPEAT('日', 349525) || 'xy'), ('2026-01-03', '3', '{}')");
  auto session = Site().MustConnect();
  auto reader = session->OpenWindow(Site().Everything("mebibyte"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  size_t rows = 0;
  for (;;) {
    const auto page = (*reader)->Next();
    ASSERT_TRUE(page.ok()) << page.status();
    if (*page == nullptr) break;
    for (size_t row = 0; row < (*page)->size(); ++row, ++rows) {
      const auto payload = (*page)->cell(row, ColumnRole::kPayload);
      if (rows == 0) {
        ASSERT_TRUE(payload.has_value());
        EXPECT_EQ(payload->size(), 1U << 20U);
        EXPECT_TRUE(payload->starts_with("日日") && payload->ends_with("日x"));
      }
      if (rows == 1) {
        EXPECT_EQ(payload, std::nullopt);
      }
      EXPECT_EQ((*page)->oversize_bytes(row), rows == 1 ? (1U << 20U) + 1 : 0U);
    }
  }
  EXPECT_EQ(rows, 3U);
}

TEST_P(WarehouseWindowTest, CellsOverTheCapCarryTheirSizeOnly) {
  Site().MakeTable("oversize");
  Site().Run(absl::StrCat(
      "INSERT INTO ingest.oversize (updated_at, external_id, email, payload) SELECT '2026-01-01', CAST(n AS VARCHAR), "
      "CASE WHEN n = 2 THEN REPEAT('é', 1000) END, REPEAT('x', 1022 + n) FROM ",
      Site().Series(4)));
  auto session = Site().MustConnect();
  WindowQuery query = Site().Everything("oversize");
  query.cell_bytes_max = 1024;
  const auto page = FirstPage(*session, query);
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

TEST_P(WarehouseWindowTest, TiesAcrossSlicesAndReopeningComeOnce) {
  Site().MakeTable("ties");
  // 3,000 rows with one cursor, in tenfold equal rows, between two others; wide ones amid them.
  Site().Run(absl::StrCat(
      "INSERT INTO ingest.ties (updated_at, external_id, payload) SELECT '2026-01-02', CAST(MOD(n, 300) AS VARCHAR), "
      "CASE WHEN MOD(n, 300) = 7 THEN REPEAT('y', 5000) ELSE '{}' END FROM ",
      Site().Series(3000),
      "; INSERT INTO ingest.ties (updated_at, external_id, payload) VALUES ('2026-01-01', 'before', '{}'), "
      "('2026-01-03', 'after', '{}')"));
  auto session = Site().MustConnect();
  for (const uint64_t slice : {500ULL, 999ULL, 1000ULL, 3002ULL, 5'000'000ULL}) {
    WindowQuery query = Site().Everything("ties");
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

TEST_P(WarehouseWindowTest, SlicesOpenANewStatementEach) {
  Site().FillTable("slices", 2'500);
  auto session = Site().MustConnect();
  WindowQuery query = Site().Everything("slices");
  query.slice_rows_max = 1'000;
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ExpectEachOnce(ReadAll(**reader), 2'500);
  EXPECT_EQ(StatementsOpened(**reader), 3);
}

TEST_P(WarehouseWindowTest, AStatementThatIsOpenForTooLongIsReplacedByTheNext) {
  Site().FillTable("slow", 3'500);
  auto session = Site().MustConnect();
  WindowQuery query = Site().Everything("slow");
  query.slice_time_max = std::chrono::nanoseconds{1};  // over after each page
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ExpectEachOnce(ReadAll(**reader), 3'500);
  EXPECT_GE(StatementsOpened(**reader), 3);
}

TEST_P(WarehouseWindowTest, RowsOutsideTheWindowAreCounted) {
  Site().MakeTable("waiting");
  Site().Run(
      "INSERT INTO ingest.waiting (updated_at, external_id) VALUES ('2026-01-01', 'in'), (NULL, 'null'), "
      "('2026-01-02 00:00:00.000001', 'out'), ('2026-01-03', 'out'), (NULL, 'null'), ('2200-01-01', 'out')");
  auto session = Site().MustConnect();
  WindowQuery query = Site().Everything("waiting");
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
