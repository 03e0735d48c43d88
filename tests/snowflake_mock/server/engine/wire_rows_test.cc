// The fast paths of a result: what they write is what the plain ones write, and nothing is lost on the way.
#include "tests/snowflake_mock/server/engine/wire_rows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/engine.h"
#include "tests/snowflake_mock/server/engine/gzip.h"

namespace cdi::snowflake_mock {
namespace {

class WireRowsTest : public testing::Test {
 protected:
  WireRowsTest() {
    duckdb_open(nullptr, &database_);
    duckdb_connect(database_, &connection_);
  }
  ~WireRowsTest() override {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// Columns of every type, each with its extremes; as many rows as the longest list has values.
constexpr const char* kEveryType =
    "SELECT unnest([TRUE, FALSE, NULL]) a, unnest([-128, 127, 0, NULL]::TINYINT[]) b, "
    "unnest([-9223372036854775808, 9223372036854775807, 5, NULL]::BIGINT[]) c, "
    "unnest([18446744073709551615, 0]::UBIGINT[]) d, "
    "unnest([-170141183460469231731687303715884105728, 170141183460469231731687303715884105727, 7]::HUGEINT[]) e, "
    "unnest(['99999999999999999999999999999999999999', '-9223372036854775809', '-1', NULL]::DECIMAL(38,0)[]) f, "
    "unnest(['-0.05', '12.50', '0.00']::DECIMAL(10,2)[]) g, unnest(['-999', '999']::DECIMAL(3,0)[]) h, "
    "unnest([1.5, 'NaN', '-inf', 1e300]::DOUBLE[]) i, "
    "unnest(['', 'a\"b\\c', chr(9) || chr(1) || chr(31), 'ü€😀', NULL, repeat('x', 5000) || '\"']) j, "
    "unnest(['\\x00\\xFF'::BLOB, NULL]) k, unnest(['1969-12-31', '9999-12-31', NULL]::DATE[]) l, "
    "unnest(['00:00:00', '23:59:59.999999']::TIME[]) m, "
    "unnest(['1969-12-31 23:59:59.5', '2026-01-01 00:00:00.000001', '0001-01-01', '9999-12-31 23:59:59.999999']"
    "::TIMESTAMP[]) n, "
    "unnest(['1969-12-31 23:59:59.999999999', '2026-01-01 00:00:00.123456789', '2262-04-11']::TIMESTAMP_NS[]) o, "
    "unnest(['2026-01-01 00:00:01.5', NULL]::TIMESTAMP_MS[]) p, unnest(['2026-01-01 00:00:01']::TIMESTAMP_S[]) q, "
    "unnest(['{\"b\":1,\"a\":[2.50]}', 'null', NULL]::JSON[]) r, unnest([NULL, NULL]) s";

TEST_F(WireRowsTest, WriteWhatTheSlowPathWrites) {
  for (const int scale : {0, 3, 9}) {
    duckdb_result result{};
    ASSERT_EQ(duckdb_query(connection_, kEveryType, &result), DuckDBSuccess) << duckdb_result_error(&result);
    std::vector<ResultColumn> columns;
    for (idx_t i = 0; i < duckdb_column_count(&result); ++i) {
      columns.push_back({"C", *ToSqlType(TakeEngineType(duckdb_column_logical_type(&result, i))), true});
      if (columns.back().type.scale == 9) columns.back().type.scale = scale;
    }
    idx_t rows = 0;
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
      const WireRows fast(chunk, columns);
      for (idx_t row = 0; row < fast.size(); ++row, ++rows) {
        std::string want;
        for (idx_t i = 0; i < columns.size(); ++i) {
          want += want.empty() ? '[' : ',';
          AppendWireValue(VectorView(duckdb_data_chunk_get_vector(chunk, i)), row, columns[i].type, want);
        }
        std::string got;
        fast.AppendRow(row, got);
        EXPECT_EQ(got, want + "]");
      }
      duckdb_destroy_data_chunk(&chunk);
    }
    EXPECT_EQ(rows, 6U);
    duckdb_destroy_result(&result);
  }
}

// One byte, the obvious way.
std::string Escaped(char c) {
  const auto byte = static_cast<uint8_t>(c);
  if (c == '"' || c == '\\') return {'\\', c};
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  return byte >= 0x20 ? std::string(1, c) : absl::StrFormat("\\u%04x", byte);
}

RC_GTEST_PROP(AppendJsonEscapedProperty, IsWhatAByteByByteWriterWrites, (const std::string& seed)) {
  const auto repeat = *rc::gen::inRange<size_t>(0, 20);  // pieces end inside of it
  std::string text;
  for (size_t i = 0; i <= repeat * repeat; ++i) text += seed + (i % 3 == 0 ? "\"" : "");
  std::string got = "kept";
  AppendJsonEscaped(text, got);
  std::string want = "kept";
  for (const char c : text) want += Escaped(c);
  RC_ASSERT(got == want);
}

RC_GTEST_PROP(GzipProperty, GivesBackWhatWentIn, (const std::string& seed)) {
  const auto repeat = *rc::gen::inRange<size_t>(0, 3000);
  std::string text;
  for (size_t i = 0; i < repeat; ++i) text += seed;
  RC_ASSERT(Gunzip(Gzip(text)) == text);
}

TEST(GzipTest, GivesBackWhatCannotBeCompressed) {
  std::string noise;
  uint64_t state = 1;
  while (noise.size() < 1'000'000) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    noise += static_cast<char>(state >> 56);
  }
  EXPECT_EQ(Gunzip(Gzip(noise)), noise);
}

TEST(ResultWriterTest, CutsByBytesAndKeepsTheOrder) {
  ResultWriter writer({.inline_bytes_max = 100, .chunk_bytes_max = 10'000});
  writer.SetColumns({{"T", SqlType::Text(), false}});
  for (int i = 0; i < 300; ++i) writer.AddRow({std::to_string(i) + std::string(static_cast<size_t>(i) * 13, 'x')});
  const ResultSet result = writer.Finish();
  EXPECT_GT(result.chunks.size(), 30U);
  int64_t rows = result.inline_row_count;
  for (const ResultChunk& chunk : result.chunks) {
    EXPECT_EQ(Gunzip(chunk.gzip_body)->size(), chunk.uncompressed_bytes);
    EXPECT_LT(chunk.uncompressed_bytes, 14'000U);
    rows += chunk.rows;
  }
  EXPECT_EQ(rows, 300);
  const auto all = result.AllRows();
  for (size_t i = 0; i < 300; ++i) ASSERT_TRUE(all[i][0].get<std::string>().starts_with(std::to_string(i)));
}

TEST(ResultWriterTest, MayBeLeftUnfinished) {
  ResultWriter writer({.inline_rows_max = 1, .first_chunk_rows = 1, .chunk_rows_max = 1});
  for (int i = 0; i < 100; ++i) writer.AddRow({"x"});
}

class SpillTest : public testing::Test {
 protected:
  SpillTest() {
    char folder[] = "/tmp/cdi_spill_XXXXXX";
    folder_ = mkdtemp(folder);
  }
  ~SpillTest() override { std::filesystem::remove_all(folder_); }

  // Makes a table of about 150 MB, of digits that compress badly, and reads it back.
  absl::StatusOr<std::string> FillAndRead(const EngineLimits& limits) {
    const auto engine = *Engine::Open("", limits);
    const auto connection = *engine->Connect();
    std::string text = "n::VARCHAR";
    for (int i = 0; i < 10; ++i) text += " || hash(n + " + std::to_string(i) + ")::VARCHAR";
    const std::string fill = "CREATE TABLE t AS SELECT n, " + text + " AS p FROM range(800000) t(n)";
    const absl::Status filled = connection->Run(fill, StopSignal(), nullptr).status();
    if (!filled.ok()) return filled;
    ResultWriter writer;
    const absl::Status read =
        connection
            ->Run("SELECT count(*), sum(CASE WHEN p = " + text + " THEN 0 ELSE 1 END) FROM t", StopSignal(), &writer)
            .status();
    if (!read.ok()) return read;
    return writer.Finish().inline_rows;
  }
  std::filesystem::path folder_;
};

TEST_F(SpillTest, HoldsMoreThanMemoryAndLeavesNothingBehind) {
  const auto read = FillAndRead({.memory_mib = 48, .spill_parent = folder_.string()});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, R"(["800000","0"])");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SpillTest, FailsCleanlyWithoutRoomForTemporaryFiles) {
  EXPECT_FALSE(FillAndRead({.memory_mib = 48, .spill_mib = 0, .spill_parent = folder_.string()}).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace cdi::snowflake_mock
