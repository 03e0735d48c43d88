// How fast rows leave snowflake-mock and its ODBC driver, as a ratio to PostgreSQL and psqlODBC with the same rows in
// the same run. Usage: snowflake_read_bench [rows, default 1000000] [rounds, default 5]
//
// Starts both servers itself and fills them with the same table (timestamp, id of 14 bytes, payload of 200 bytes, a
// third of it random). A reader is a process of its own (this program again), so that its CPU and memory are its own:
// unixODBC, columns bound in blocks of 1000 rows, psqlODBC in its fastest form (docs/performance.md). The readers take
// turns, once without an order and once as the service reads, ORDER BY the cursor column. Every reader hashes what
// arrived in its buffers; unequal hashes end the run. At the end a table four times as large shows whether memory
// grows. Target: ratios of 0.5 or more.
#include <sql.h>
#include <sqlext.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/check.h"
#include "tests/snowflake_mock/odbc/odbc_client.h"
#include "tests/support/child_process.h"
#include "tests/support/postgres_server.h"

namespace cdi {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::minutes(10);

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// ---- the reader's process ----

struct ReadReport {
  size_t rows = 0;
  uint64_t in_order = 0;   // hash of all rows as they came
  uint64_t unordered = 0;  // the same for any order
  double seconds = 0;      // from the statement to the last row
  double first_row = 0;
  double cpu = 0;
  long peak_kib = 0;

  std::string ToLine() const {
    std::ostringstream out;
    out << rows << ' ' << in_order << ' ' << unordered << ' ' << seconds << ' ' << first_row << ' ' << cpu << ' '
        << peak_kib;
    return out.str();
  }
  static ReadReport FromLine(const std::string& line) {
    ReadReport report;
    std::istringstream in(line);
    in >> report.rows >> report.in_order >> report.unordered >> report.seconds >> report.first_row >> report.cpu >>
        report.peak_kib;
    CDI_CHECK(!in.fail(), absl::StrCat("the reader says: ", line));
    return report;
  }
};

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The largest resident size of this process since its exec; getrusage would remember the parent's too.
long OwnPeakKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

// Columns as the product binds them (warehouse/row_block.cc): the time as a struct, the rest as text.
class Block {
 public:
  static constexpr size_t kRows = 1000;

  explicit Block(SQLHSTMT statement)
      : cursors_(kRows), ids_(kRows * kId), payloads_(kRows * kPayload), lengths_(3 * kRows) {
    SQLSetStmtAttr(statement, SQL_ATTR_ROW_ARRAY_SIZE, reinterpret_cast<SQLPOINTER>(kRows), 0);
    SQLSetStmtAttr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &fetched_, 0);
    SQLBindCol(statement, 1, SQL_C_TYPE_TIMESTAMP, cursors_.data(), sizeof cursors_[0], lengths_.data());
    SQLBindCol(statement, 2, SQL_C_CHAR, ids_.data(), kId, lengths_.data() + kRows);
    SQLBindCol(statement, 3, SQL_C_CHAR, payloads_.data(), kPayload, lengths_.data() + 2 * kRows);
  }

  void AddTo(ReadReport& report) const {
    for (size_t row = 0; row < fetched_; ++row) {
      uint64_t hash = XXH3_64bits(&cursors_[row], sizeof cursors_[row]);
      hash = XXH3_64bits_withSeed(ids_.data() + row * kId, Length(kRows + row), hash);
      hash = XXH3_64bits_withSeed(payloads_.data() + row * kPayload, Length(2 * kRows + row), hash);
      report.unordered += hash;
      report.in_order = report.in_order * 0x9E3779B97F4A7C15ULL + hash;
    }
    report.rows += fetched_;
  }

 private:
  static constexpr size_t kId = 256;
  static constexpr size_t kPayload = 1024;
  size_t Length(size_t index) const {
    CDI_CHECK(lengths_[index] >= 0, "no cell is NULL");
    return static_cast<size_t>(lengths_[index]);
  }
  SQLULEN fetched_ = 0;
  std::vector<SQL_TIMESTAMP_STRUCT> cursors_;
  std::vector<char> ids_;
  std::vector<char> payloads_;
  std::vector<SQLLEN> lengths_;
};

int Read(const std::string& connection_string, const std::string& sql) {
  sfodbc::OdbcClient client;
  if (!SQL_SUCCEEDED(client.Connect(connection_string))) {
    std::printf("%s\n", client.faults().empty() ? "no connection" : client.faults()[0].message.c_str());
    return 1;
  }
  const sfodbc::OdbcStatement statement(client);
  Block block(statement.handle());
  ReadReport report;
  const double cpu = OwnCpuSeconds();
  const auto begin = Clock::now();
  std::string text = sql;
  SQLRETURN result = SQLExecDirect(statement.handle(), reinterpret_cast<SQLCHAR*>(text.data()), SQL_NTS);
  while (SQL_SUCCEEDED(result) && SQL_SUCCEEDED(result = SQLFetch(statement.handle()))) {
    if (report.rows == 0) report.first_row = SecondsSince(begin);
    block.AddTo(report);
  }
  report.seconds = SecondsSince(begin);
  report.cpu = OwnCpuSeconds() - cpu;
  report.peak_kib = OwnPeakKib();
  std::printf("%s\n", result == SQL_NO_DATA ? report.ToLine().c_str() : statement.fault().message.c_str());
  return result == SQL_NO_DATA ? 0 : 1;
}

// ---- the servers ----

// Seconds of CPU of a process, its waited-for children and its living children.
double CpuSecondsOf(pid_t pid, bool with_children) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(file, text);
  if (text.rfind(") ") == std::string::npos) return 0;  // it has just ended
  const std::vector<std::string> fields = absl::StrSplit(text.substr(text.rfind(") ") + 2), ' ');
  double ticks = 0;
  for (size_t i = 11; i < (with_children ? 15U : 13U); ++i) ticks += std::strtod(fields[i].c_str(), nullptr);
  double seconds = ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  if (!with_children) return seconds;
  std::ifstream children(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  for (pid_t child = 0; children >> child;) seconds += CpuSecondsOf(child, false);
  return seconds;
}

long PeakKibOf(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

// One of the two under comparison: where a reader connects, and whose CPU counts.
struct Contender {
  std::string name;
  std::string connection_string;
  pid_t pid = 0;
  std::vector<double> seconds = {};
  std::vector<double> first_row = {};
  std::vector<double> client_cpu = {};
  std::vector<double> server_cpu = {};
};

// The n-th row, n from 1 to `rows`, in words that both dialects share; `n` is the number, `time` its timestamp.
std::string RowsSql(std::string_view time, std::string_view source) {
  return absl::StrCat(
      "SELECT ", std::string(time), " AS updated_at, 'user-' || lpad(CAST(n AS VARCHAR), 9, '0') AS id, ",
      "rpad('{\"n\":' || CAST(n AS VARCHAR) || ',\"email\":\"user' || CAST(n AS VARCHAR) || ",
      "'@example.com\",\"token\":\"' || md5('t' || CAST(n AS VARCHAR)) || '\",\"session\":\"' || ",
      "md5('s' || CAST(n AS VARCHAR)) || '\",\"note\":\"', 198, 'the quick brown fox jumps ') || '\"}' ",
      "AS payload FROM ", std::string(source));
}

std::string SnowflakeTable(std::string_view name, size_t rows) {
  return absl::StrCat("CREATE TABLE ", std::string(name),
                      " (updated_at TIMESTAMP_NTZ(9), id VARCHAR(100), payload VARCHAR);\nINSERT INTO ",
                      std::string(name), " ",
                      RowsSql("DATEADD(millisecond, n, '2026-01-01'::TIMESTAMP_NTZ)",
                              absl::StrCat("(SELECT SEQ4() + 1 AS n FROM TABLE(GENERATOR(ROWCOUNT => ", rows, ")))")),
                      ";\nGRANT SELECT ON TABLE ", std::string(name), " TO ROLE R1;\n");
}

std::string PostgresTable(std::string_view name, size_t rows) {
  return absl::StrCat(
      "CREATE TABLE ", std::string(name), " AS ",
      RowsSql("timestamp '2026-01-01' + n * interval '1 ms'", absl::StrCat("generate_series(1, ", rows, ") n")),
      "; CREATE INDEX ON ", std::string(name), " (updated_at); VACUUM ANALYZE ", std::string(name));
}

class Servers {
 public:
  explicit Servers(size_t rows) {
    char folder[] = "/tmp/cdi_read_bench_XXXXXX";
    CDI_CHECK(mkdtemp(folder) != nullptr, "a temporary folder");
    folder_ = folder;
    StartMock(rows);
    StartPostgres(rows);
  }
  ~Servers() { std::filesystem::remove_all(folder_); }
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  std::vector<Contender> contenders;

 private:
  void StartMock(size_t rows) {
    std::ofstream(folder_ / "key.pem") << sfodbc::TestKeyPem();
    std::ofstream(folder_ / "init.sql")
        << "CREATE DATABASE D1;\nCREATE SCHEMA D1.S1;\nCREATE WAREHOUSE W1;\nCREATE ROLE R1;\n"
        << "CREATE USER LOADER TYPE=SERVICE DEFAULT_ROLE=R1 DEFAULT_WAREHOUSE=W1 RSA_PUBLIC_KEY='"
        << sfodbc::TestPublicKey() << "';\nGRANT ROLE R1 TO USER LOADER;\nGRANT USAGE ON WAREHOUSE W1 TO ROLE R1;\n"
        << "GRANT USAGE ON DATABASE D1 TO ROLE R1;\nGRANT USAGE ON SCHEMA D1.S1 TO ROLE R1;\nUSE SCHEMA D1.S1;\n"
        << SnowflakeTable("bench", rows) << SnowflakeTable("large", 4 * rows);
    auto started =
        test::StartServer({.program = CDI_SNOWFLAKE_MOCK,
                           .args = {"--listen", "127.0.0.1:0", "--account", "bench", "--init", folder_ / "init.sql"}},
                          "snowflake-mock listening on 127.0.0.1:", kPatience);
    CDI_CHECK(started.ok(), started.status().ToString());
    mock_ = std::make_unique<test::StartedServer>(*std::move(started));
    contenders.push_back({.name = "snowflake-mock",
                          .connection_string = absl::StrCat(
                              "DRIVER=" CDI_SFODBC_LIBRARY ";SERVER=127.0.0.1;SSL=off;PORT=", mock_->address,
                              ";ACCOUNT=bench;AUTHENTICATOR=SNOWFLAKE_JWT;UID=LOADER;PRIV_KEY_FILE=", folder_.string(),
                              "/key.pem;DATABASE=D1;SCHEMA=S1;WAREHOUSE=W1;ROLE=R1"),
                          .pid = mock_->process.pid()});
  }
  void StartPostgres(size_t rows) {
    auto server = test::PostgresServer::Start();
    CDI_CHECK(server.ok(), server.status().ToString());
    postgres_ = *std::move(server);
    for (const std::string& sql : {PostgresTable("bench", rows), PostgresTable("large", 4 * rows)}) {
      for (const auto part : absl::StrSplit(sql, ';')) {
        const absl::Status done = postgres_->Run(std::string(part));
        CDI_CHECK(done.ok(), done.ToString());
      }
    }
    const auto pid = postgres_->Query("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)");
    CDI_CHECK(pid.ok(), pid.status().ToString());
    contenders.push_back(
        {.name = "PostgreSQL",
         .connection_string = absl::StrCat("DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=", postgres_->port(),
                                           ";DATABASE=postgres;UID=admin;PWD=", test::PostgresServer::kAdminPassword,
                                           ";SSLmode=disable;UseDeclareFetch=1;Fetch=1000;"),
         .pid = static_cast<pid_t>(std::strtol(pid->c_str(), nullptr, 10))});
  }
  std::filesystem::path folder_;
  std::unique_ptr<test::StartedServer> mock_;
  std::unique_ptr<test::PostgresServer> postgres_;
};

// ---- the comparison ----

ReadReport ReadInProcess(Contender& from, const std::string& sql) {
  const double cpu = CpuSecondsOf(from.pid, true);
  auto child =
      test::ChildProcess::Start({.program = "/proc/self/exe", .args = {"--read", from.connection_string, sql}});
  CDI_CHECK(child.ok(), child.status().ToString());
  const auto line = child->ReadLine(kPatience);
  CDI_CHECK(line.ok(), line.status().ToString());
  CDI_CHECK(child->Wait(kPatience).ok(), "the reader ends");
  const ReadReport report = ReadReport::FromLine(*line);
  from.seconds.push_back(report.seconds);
  from.first_row.push_back(report.first_row);
  from.client_cpu.push_back(report.cpu);
  from.server_cpu.push_back(CpuSecondsOf(from.pid, true) - cpu);
  return report;
}

double Median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Compare(std::vector<Contender> contenders, const std::string& title, const std::string& sql, bool ordered,
             size_t rows, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    std::vector<ReadReport> reports;
    for (Contender& contender : contenders) reports.push_back(ReadInProcess(contender, sql));
    for (const ReadReport& report : reports) CDI_CHECK(report.rows == rows, "every row arrives once");
    CDI_CHECK(reports[0].unordered == reports[1].unordered, "both readers saw the same rows");
    if (ordered) CDI_CHECK(reports[0].in_order == reports[1].in_order, "both readers saw the same order");
  }
  std::printf("%s\n", title.c_str());
  std::vector<double> rates;
  for (Contender& contender : contenders) {
    const auto per_row = [&](std::vector<double>& seconds) {
      return Median(seconds) * 1e6 / static_cast<double>(rows);
    };
    rates.push_back(static_cast<double>(rows) / Median(contender.seconds));
    std::printf("  %-15s %9.0f rows/s   CPU us/row: client %5.2f, server %5.2f   first row after %4.0f ms\n",
                contender.name.c_str(), rates.back(), per_row(contender.client_cpu), per_row(contender.server_cpu),
                Median(contender.first_row) * 1e3);
  }
  std::printf("  ratio           %9.2f\n", rates[0] / rates[1]);
  std::fflush(stdout);
}

void ShowMemory(std::vector<Contender> contenders, size_t rows) {
  std::printf("memory of the reader, with the driver\n");
  for (Contender& contender : contenders) {
    const ReadReport small = ReadInProcess(contender, "SELECT updated_at, id, payload FROM bench ORDER BY updated_at");
    const ReadReport large = ReadInProcess(contender, "SELECT updated_at, id, payload FROM large ORDER BY updated_at");
    CDI_CHECK(large.rows == 4 * rows, "every row arrives once");
    std::printf("  %-15s %6.1f MiB for %zu rows, %6.1f MiB for %zu; the server at most %.0f MiB\n",
                contender.name.c_str(), static_cast<double>(small.peak_kib) / 1024, small.rows,
                static_cast<double>(large.peak_kib) / 1024, large.rows,
                static_cast<double>(PeakKibOf(contender.pid)) / 1024);
  }
}

int Run(size_t rows, int rounds) {
  const Servers servers(rows);
  Compare(servers.contenders, "SELECT", "SELECT updated_at, id, payload FROM bench", false, rows, rounds);
  Compare(servers.contenders, "SELECT … ORDER BY", "SELECT updated_at, id, payload FROM bench ORDER BY updated_at",
          true, rows, rounds);
  ShowMemory(servers.contenders, rows);
  return 0;
}

}  // namespace
}  // namespace cdi

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--read") return cdi::Read(argv[2], argv[3]);
  const long rows = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 1'000'000;
  const long rounds = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 5;
  if (rows < 1 || rounds < 1) {
    std::fprintf(stderr, "usage: snowflake_read_bench [rows] [rounds]\n");
    return 2;
  }
  return cdi::Run(static_cast<size_t>(rows), static_cast<int>(rounds));
}
