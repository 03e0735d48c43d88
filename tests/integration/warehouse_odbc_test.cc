// What the service assumes of any driver under unixODBC (warehouse/odbc_handle.h, row_block.h), below the dialects:
// over libsqliteodbc, psqlODBC, and our driver as both versions of Snowflake's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"
#include "tests/integration/sites.h"
#include "warehouse/odbc_handle.h"
#include "warehouse/row_block.h"

namespace cdi::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::SizeIs;
using warehouse::BlockPlan;
using warehouse::ColumnRole;
using warehouse::OdbcConnection;
using warehouse::OdbcEnvironment;
using warehouse::OdbcStatement;
using warehouse::RowBlock;

constexpr std::string_view kSqlite = "SQLite";

class OdbcDriverTest : public testing::TestWithParam<std::string> {
 protected:
  OdbcDriverTest() {
    UsePrivateDrivers();
    auto environment = OdbcEnvironment::Create();
    CDI_CHECK(environment.ok(), environment.status().ToString());
    environment_ = *std::move(environment);
  }
  ~OdbcDriverTest() override {
    connection_.reset();
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }

  static bool AtSqlite() { return GetParam() == kSqlite; }
  static WarehouseSite& Site() { return WarehouseSite::Get(GetParam()); }

  OdbcConnection& Connection() {
    if (connection_ != nullptr) return *connection_;
    warehouse::ConnectionString text;
    std::vector<warehouse::Credential> credentials(1);
    if (AtSqlite()) {
      std::string pattern = (std::filesystem::temp_directory_path() / "cdi-sqlite-XXXXXX").string();
      CDI_CHECK(mkdtemp(pattern.data()) != nullptr, "a temporary directory can be made");
      directory_ = pattern;
      text.AddBraced("DRIVER", "SQLite3");
      text.Add("Database", directory_ + "/db");
      text.Add("StepAPI", "1");  // rows as they are asked for, not all at once
    } else {
      const warehouse::ConnectionSettings settings = Site().Settings();
      ListedCredentials listed;
      Site().AddGood(listed, "good");
      credentials = *listed.Credentials();
      const auto choice = warehouse::ChooseDriver(settings, environment_->Drivers());
      CDI_CHECK(choice.ok(), choice.status().ToString());
      warehouse::BuildConnectionString(settings, *choice, credentials[0], settings.role, settings.warehouse,
                                       std::chrono::seconds(30), text);
    }
    auto connection = OdbcConnection::Login(environment_, text, credentials[0].private_key_pem.Expose(),
                                            std::chrono::seconds(30), warehouse::DiagnosticContext());
    CDI_CHECK(connection.ok(), connection.status().ToString());
    connection_ = *std::move(connection);
    return *connection_;
  }
  std::unique_ptr<OdbcStatement> Statement() {
    auto statement = Connection().NewStatement({});
    CDI_CHECK(statement.ok(), statement.status().ToString());
    return *std::move(statement);
  }
  std::unique_ptr<OdbcStatement> Executed(const std::string& sql) {
    auto statement = Statement();
    const absl::Status status = statement->Execute(sql);
    CDI_CHECK(status.ok(), status.ToString());
    return statement;
  }

  // The text after FROM that gives a column n from 1 to `count`.
  static std::string Series(int count) {
    if (!AtSqlite()) return Site().Series(count);
    return absl::StrCat("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ", count,
                        ") SELECT n FROM c)");
  }
  static std::string Repeat(std::string_view character, std::string_view times) {
    const std::string c(character);
    const std::string n(times);
    if (!AtSqlite()) return absl::StrCat("REPEAT('", c, "', ", n, ")");
    return absl::StrCat("REPLACE(PRINTF('%*s', ", n, ", ''), ' ', '", c, "')");
  }
  static std::string MicrosecondsLater(const std::string& n) {
    if (!AtSqlite()) return Site().MicrosecondsLater(n);
    return absl::StrCat("PRINTF('2026-01-01 00:00:00.%06d', ", n, ")");
  }
  // Makes a table (cursor, id, payload) of `count` rows; its name as a query takes it.
  std::string MakeTable(const std::string& name, int count, const std::string& payload) {
    const std::string columns = " (ts TIMESTAMP, id VARCHAR(100), payload VARCHAR(5000))";
    const std::string rows =
        absl::StrCat(" SELECT ", MicrosecondsLater("n"), ", CAST(n AS VARCHAR), ", payload, " FROM ", Series(count));
    if (AtSqlite()) {
      Executed(absl::StrCat("CREATE TABLE ", name, columns));
      Executed(absl::StrCat("INSERT INTO ", name, rows));
      return name;
    }
    Site().Run(absl::StrCat("CREATE TABLE ingest.", name, columns, "; INSERT INTO ingest.", name, rows));
    Site().Grant(name);
    if (Site().Settings().kind == warehouse::WarehouseKind::kPostgresql) return "ingest." + name;
    return Site().Table(name).Quoted();
  }

  std::shared_ptr<OdbcEnvironment> environment_;
  std::unique_ptr<OdbcConnection> connection_;
  std::string directory_;
};

std::vector<std::string> Drivers() {
  std::vector<std::string> names = WarehouseSite::Names();
  names.push_back(std::string(kSqlite));
  return names;
}
INSTANTIATE_TEST_SUITE_P(Over, OdbcDriverTest, testing::ValuesIn(Drivers()),
                         [](const auto& test) { return test.param; });

TEST_P(OdbcDriverTest, TextOfEveryWidthArrivesAsUtf8) {
  const std::string text = "aü€😀 日本 \u00e9\u0301 \U0010FFFD";
  // libsqliteodbc has no wide functions, and unixODBC narrows no character above U+FFFF for such a driver: SQLite makes
  // them itself. The product's drivers all have them.
  const std::string literal =
      AtSqlite() ? "'aü€' || CHAR(128512) || ' 日本 \u00e9\u0301 ' || CHAR(1114109)" : absl::StrCat("'", text, "'");
  auto statement = Executed(absl::StrCat("SELECT ", literal, " AS \"Näme\", '' AS empty_text, NULL AS nought"));
  EXPECT_EQ(*statement->ColumnCount(), 3);
  EXPECT_EQ(*statement->ColumnName(1), "Näme");
  ASSERT_TRUE(*statement->Fetch());
  EXPECT_EQ(*statement->Text(1), text);
  EXPECT_EQ(*statement->Text(2), "");
  EXPECT_EQ(*statement->Text(3), std::nullopt);
  EXPECT_FALSE(*statement->Fetch());
}

TEST_P(OdbcDriverTest, AMebibyteComesInPartsToTheLastByte) {
  auto statement = Executed(absl::StrCat("SELECT ", Repeat("日", "350000"), " || 'end' AS t"));
  ASSERT_TRUE(*statement->Fetch());
  const auto text = statement->Text(1);
  ASSERT_TRUE(text.ok()) << text.status();
  ASSERT_TRUE(text->has_value());
  EXPECT_EQ((*text)->size(), 3U * 350'000 + 3);
  EXPECT_TRUE((*text)->starts_with("日日日") && (*text)->ends_with("日日end"));
}

TEST_P(OdbcDriverTest, BlocksFillBoundBuffersAndTellTheirCount) {
  const std::string table = MakeTable("blocks", 2'500, "CASE WHEN n = 7 THEN NULL ELSE 'ü' || CAST(n AS VARCHAR) END");
  RowBlock block(BlockPlan({ColumnRole::kExternalId, ColumnRole::kPayload}, 1 << 20));
  auto statement = Statement();
  ASSERT_TRUE(block.BindTo(*statement).ok());
  const absl::Status executed =
      statement->Execute(absl::StrCat("SELECT ts, id, payload, NULL FROM ", table, " ORDER BY ts"));
  ASSERT_TRUE(executed.ok()) << executed;
  std::vector<size_t> counts;
  int n = 0;
  for (;;) {
    const auto more = statement->Fetch();
    ASSERT_TRUE(more.ok()) << more.status();
    if (!*more) break;
    counts.push_back(block.fetched());
    EXPECT_EQ(block.BrokenRow(), std::nullopt);
    EXPECT_THAT(block.Cuts(), SizeIs(0));
    warehouse::PageBuilder page;
    for (size_t row = 0; row < block.fetched(); ++row) {
      const auto cursor = block.cursor(row);
      ASSERT_TRUE(cursor.has_value()) << n;
      ASSERT_TRUE(block.AppendRow(row, *cursor, page).ok());
    }
    const auto built = page.Build();
    for (size_t row = 0; row < built->size(); ++row) {
      ++n;
      ASSERT_EQ(built->cursor(row), Timestamp::FromCivil(2026, 1, 1, 0, 0, 0, n * 1'000)) << n;
      ASSERT_EQ(built->cell(row, ColumnRole::kExternalId), std::to_string(n));
      if (n == 7) {
        ASSERT_EQ(built->cell(row, ColumnRole::kPayload), std::nullopt);
      } else {
        ASSERT_EQ(built->cell(row, ColumnRole::kPayload), absl::StrCat("ü", n));
      }
    }
  }
  EXPECT_THAT(counts, ElementsAre(1000, 1000, 500));
  EXPECT_EQ(n, 2'500);
}

// The whole width of a cell that did not fit stands in its indicator, or that the driver does not know it; the other
// rows of the block are whole.
TEST_P(OdbcDriverTest, ACellThatDoesNotFitIsKnownByItsLength) {
  const std::string table =
      MakeTable("cuts", 20, absl::StrCat("CASE WHEN n = 5 THEN ", Repeat("ü", "2000"), " ELSE '{}' END"));
  RowBlock block(BlockPlan({ColumnRole::kExternalId, ColumnRole::kPayload}, 1 << 20));
  auto statement = Statement();
  ASSERT_TRUE(block.BindTo(*statement).ok());
  ASSERT_TRUE(statement->Execute(absl::StrCat("SELECT ts, id, payload, NULL FROM ", table, " ORDER BY ts")).ok());
  ASSERT_TRUE(*statement->Fetch());
  EXPECT_EQ(block.fetched(), 20U);
  EXPECT_EQ(block.BrokenRow(), std::nullopt);
  const auto cuts = block.Cuts();
  ASSERT_EQ(cuts.size(), 1U);
  EXPECT_EQ(cuts[0].column, 1U);
  EXPECT_TRUE(cuts[0].bytes == 0 || cuts[0].bytes == 4'000) << cuts[0].bytes;
}

TEST_P(OdbcDriverTest, AnEmptyResultEndsAtOnceAndLeavesNoRow) {
  const std::string table = MakeTable("hollow", 3, "'x'");
  RowBlock block(BlockPlan({ColumnRole::kExternalId, ColumnRole::kPayload}, 1 << 20));
  auto statement = Statement();
  ASSERT_TRUE(block.BindTo(*statement).ok());
  ASSERT_TRUE(statement->Execute(absl::StrCat("SELECT ts, id, payload, NULL FROM ", table, " WHERE id = 'none'")).ok());
  EXPECT_FALSE(*statement->Fetch());
}

long ResidentKilobytes() {
  std::ifstream file("/proc/self/statm");
  long total = 0;
  long resident = 0;
  file >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST_P(OdbcDriverTest, AResultIsStreamedAndNotHeldByTheDriver) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer keeps freed memory back on purpose";
#endif
  const std::string table = MakeTable("streamed", 180'000, Repeat("x", "1000"));
  RowBlock block(BlockPlan({ColumnRole::kExternalId, ColumnRole::kPayload}, 1 << 20));
  auto statement = Statement();
  ASSERT_TRUE(block.BindTo(*statement).ok());
  ASSERT_TRUE(statement->Execute(absl::StrCat("SELECT ts, id, payload, NULL FROM ", table)).ok());
  size_t rows = 0;
  long before = 0;
  while (*statement->Fetch()) {
    rows += block.fetched();
    // By then chunks have their full size, and as many are fetched ahead as ever will be.
    if (before == 0 && rows >= 60'000) before = ResidentKilobytes();
  }
  EXPECT_EQ(rows, 180'000U);
  EXPECT_LT(ResidentKilobytes() - before, 48'000);  // of 120 MB that came after the first look
}

TEST_P(OdbcDriverTest, ACancelFromAnotherThreadEndsAStatementAndTheConnectionLivesOn) {
  std::string sql;
  const bool sticks = !AtSqlite() && Site().Settings().kind == warehouse::WarehouseKind::kSnowflake;
  if (AtSqlite()) {
    sql = absl::StrCat("SELECT COUNT(*) FROM ", Series(2'000'000'000));
  } else {
    sql = sticks ? "SELECT 4711" : "SELECT pg_sleep(60)";
  }
  auto statement = Statement();
  if (sticks) Site().Stick();
  std::atomic<bool> over = false;
  absl::Status status;
  std::thread runner([&] {
    status = statement->Execute(sql);
    if (status.ok()) status = statement->Fetch().status();
    over = true;
  });
  while (sticks && !Site().IsStuck(sql)) std::this_thread::yield();
  // It may come before the statement has begun: again until it is over, as the product's gate does.
  while (!over) {
    statement->CancelNow();
    std::this_thread::yield();
  }
  runner.join();
  if (sticks) Site().Unstick();
  EXPECT_FALSE(status.ok());
  statement.reset();
  Connection().Rollback();
  auto next = Executed("SELECT 'on' AS t");
  ASSERT_TRUE(*next->Fetch());
  EXPECT_EQ(*next->Text(1), "on");
}

TEST_P(OdbcDriverTest, AnErrorCarriesItsStateAndTheConnectionLivesOn) {
  auto statement = Statement();
  const absl::Status status = statement->Execute("SELECT nonsense FROM nowhere_at_all");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorDetailsOf(status)["sqlstate"].size(), 5U) << status;
  statement.reset();
  Connection().Rollback();
  auto next = Executed("SELECT 'on' AS t");
  EXPECT_TRUE(*next->Fetch());
}

TEST_P(OdbcDriverTest, TheRegisteredDriversAreListedWithTheirSettings) {
  const warehouse::InstalledDrivers installed = environment_->Drivers();
  EXPECT_THAT(installed.names, Contains("SQLite3"));
  EXPECT_THAT(installed.names, Contains("PostgreSQL Unicode"));
  EXPECT_EQ(installed.setting("Serial", "Threading"), "3");
  EXPECT_EQ(installed.setting("SQLite3", "Threading"), "");
  EXPECT_EQ(installed.setting("SQLite3", "Driver"), "libsqlite3odbc.so");
}

}  // namespace
}  // namespace cdi::test
