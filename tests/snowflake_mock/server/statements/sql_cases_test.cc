// Runs tests/snowflake_mock/sql_cases/*.txt: statement -> rows or error, in file order, one session per role.
// The format is told at the top of queries.txt.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

struct Case {
  int line = 0;
  std::string session = "admin";
  std::string sql;
  std::vector<std::string> answer;
};

std::vector<Case> ReadCases(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  Case current;
  bool answering = false;
  std::string line;
  int number = 0;
  const auto finish = [&] {
    if (!current.sql.empty()) cases.push_back(current);
    current = Case{};
    answering = false;
  };
  while (std::getline(file, line)) {
    ++number;
    if (line.empty()) {
      finish();
    } else if (line[0] == '#' && current.sql.empty()) {
      continue;
    } else if (line == "----") {
      answering = true;
    } else if (answering) {
      current.answer.push_back(line);
    } else if (line[0] == '@' && current.sql.empty()) {
      current.session = line.substr(1);
    } else {
      if (current.sql.empty()) current.line = number;
      current.sql += (current.sql.empty() ? "" : "\n") + line;
    }
  }
  finish();
  return cases;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class SqlCasesTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto opened = Account::Open("mock", "");
    ASSERT_TRUE(opened.ok()) << opened.status();
    account_ = *std::move(opened);
    const auto admin = account_->AdministratorSession();
    ASSERT_TRUE(admin.ok());
    const auto done = RunScript(*account_, **admin, ReadFile(std::filesystem::path(CDI_SQL_CASES) / "setup.sql"));
    ASSERT_TRUE(done.ok()) << done.status();
    (*admin)->warehouse = "";
    sessions_["admin"] = *admin;
    AddSession("reader", "READER", "WH", "SHOP");
    AddSession("nobody", "PUBLIC", "", "");
    AddSession("nowarehouse", "READER", "", "SHOP");
    AddSession("asleep", "READER", "ASLEEP", "SHOP");
    AddSession("nowhere", "READER", "WH", "");
  }

  void AddSession(const std::string& name, const std::string& role, const std::string& warehouse,
                  const std::string& database) {
    auto session = *account_->NewSession();
    session->user = "SVC";
    session->role = role;
    session->warehouse = warehouse;
    session->database = database;
    session->schema = database.empty() ? "" : "CRM";
    sessions_[name] = session;
  }

  // What the HTTP side does with a finished statement: RESULT_SCAN and the histories read it.
  void Remember(Session& session, const Case& one, const absl::StatusOr<ResultSet>& result) {
    QueryRecord record;
    record.id = "01-" + std::to_string(++statements_);
    record.text = one.sql;
    record.user = session.user;
    record.role = session.role;
    record.warehouse = session.warehouse;
    record.session_id = session.id;
    record.tag = session.parameters.contains("QUERY_TAG") ? session.parameters.at("QUERY_TAG") : "";
    record.status = result.ok() ? "SUCCESS" : "FAILED_WITH_ERROR";
    record.queued_ns = record.started_ns = record.ended_ns = account_->Now();
    if (result.ok()) {
      record.rows = result->row_count;
      record.result = std::make_shared<const ResultSet>(*result);
    } else {
      record.code = SqlErrorCode(result.status());
    }
    account_->history.Add(record);
    session.query_ids.push_back(record.id);
    session.last_query_id = record.id;
  }

  int64_t statements_ = 0;
  std::unique_ptr<Account> account_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
};

std::vector<std::string> Answer(const absl::StatusOr<ResultSet>& result, const std::vector<std::string>& want) {
  std::vector<std::string> got;
  if (!result.ok()) {
    got.push_back("error " + SqlErrorCode(result.status()) + " " + std::string(result.status().message()));
    return got;
  }
  if (want.size() == 1 && absl::StartsWith(want[0], "rows ")) return {"rows " + std::to_string(result->row_count)};
  if (!want.empty() && absl::StartsWith(want[0], "columns ")) {
    got.push_back("columns " + absl::StrJoin(result->columns, " | ", [](std::string* out, const ResultColumn& column) {
                    *out += column.name;
                  }));
  }
  for (const auto& row : result->AllRows()) got.push_back(row.dump());
  return got;
}

// SQL promises an order only where the statement asks for one; anything else compares as a multiset of rows.
bool SameRows(const std::string& sql, std::vector<std::string> got, std::vector<std::string> want) {
  if (!absl::StrContains(absl::AsciiStrToUpper(sql), "ORDER BY")) {
    std::sort(got.begin(), got.end());
    std::sort(want.begin(), want.end());
  }
  return got == want;
}

bool Matches(const std::string& sql, const std::vector<std::string>& got, const std::vector<std::string>& want) {
  if (want.size() != 1 || !absl::StartsWith(want[0], "error ")) return SameRows(sql, got, want);
  // "error CODE part": the code exactly, the rest somewhere in the text.
  return got.size() == 1 && absl::StartsWith(got[0], want[0].substr(0, 12)) &&
         (want[0].size() <= 13 || absl::StrContains(got[0].substr(12), want[0].substr(13)));
}

TEST_P(SqlCasesTest, EveryStatementAnswersAsWritten) {
  const std::vector<Case> cases = ReadCases(std::filesystem::path(CDI_SQL_CASES) / GetParam());
  ASSERT_FALSE(cases.empty());
  for (const Case& one : cases) {
    ASSERT_TRUE(sessions_.contains(one.session)) << GetParam() << ":" << one.line;
    StopSignal stop;
    const std::vector<Binding> none;
    const auto result = RunStatement(*account_, *sessions_[one.session], one.sql, &none, false, stop);
    Remember(*sessions_[one.session], one, result);
    const std::vector<std::string> got = Answer(result, one.answer);
    EXPECT_TRUE(Matches(one.sql, got, one.answer)) << GetParam() << ":" << one.line << "\n"
                                                   << one.sql << "\n  want " << absl::StrJoin(one.answer, "\n       ")
                                                   << "\n  got  " << absl::StrJoin(got, "\n       ");
  }
}

// Every file of the folder is a test of its own.
std::vector<std::string> CaseFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(CDI_SQL_CASES)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Files, SqlCasesTest, testing::ValuesIn(CaseFiles()),
                         [](const auto& test) { return std::string(test.param).substr(0, test.param.find('.')); });

}  // namespace
}  // namespace cdi::snowflake_mock
