// Any statement: rows, or an error in Snowflake's shape; no crash, no hang. Seeds are the statements of
// tests/snowflake_mock/sql_cases; the account is in memory and is opened anew now and then.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace {

using cdi::snowflake_mock::Account;
using cdi::snowflake_mock::Binding;
using cdi::snowflake_mock::Session;
using cdi::snowflake_mock::SplitStatements;
using cdi::snowflake_mock::SqlErrorCode;
using cdi::snowflake_mock::SqlErrorState;
using cdi::snowflake_mock::StopSignal;

constexpr int kStatementsPerAccount = 2'000;
constexpr auto kTimeoutMax = std::chrono::seconds(5);

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct World {
  std::unique_ptr<Account> account;
  std::shared_ptr<Session> session;
  int statements = 0;
};

World Open() {
  World world;
  auto account = Account::Open("fuzz", "");
  CDI_CHECK(account.ok(), "an account in memory opens");
  world.account = *std::move(account);
  auto session = world.account->AdministratorSession();
  CDI_CHECK(session.ok(), "an administrator has a session");
  world.session = *std::move(session);
  const auto done =
      RunScript(*world.account, *world.session, ReadFile(std::filesystem::path(CDI_SQL_CASES) / "setup.sql"));
  CDI_CHECK(done.ok(), "the set-up of the cases runs");
  return world;
}

bool IsCode(const std::string& code) {
  return code.size() == 6 && code.find_first_not_of("0123456789") == std::string::npos;
}

void Run(const std::string& sql) {
  // Never destroyed at exit: the engine's thread-local state is gone by then, and its destructor would use it.
  static World& world = *new World(Open());
  if (++world.statements > kStatementsPerAccount) world = Open();
  StopSignal stop;
  stop.SetTimeout(kTimeoutMax);
  const std::vector<Binding> none;
  const auto result = RunStatement(*world.account, *world.session, sql, &none, false, stop);
  if (result.ok()) return;
  CDI_CHECK(IsCode(SqlErrorCode(result.status())), "an error has a six-digit code");
  CDI_CHECK(SqlErrorState(result.status()).size() == 5, "an error has an SQLSTATE");
  CDI_CHECK(!result.status().message().empty(), "an error has a text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds = {std::string(3000, '('), "SELECT " + std::string(3000, '-') + "1",
                                    "SELECT " + std::string(2000, '(') + "1" + std::string(2000, ')')};
  std::string nested = "SELECT 1";
  for (int i = 0; i < 200; ++i) nested = "SELECT * FROM ((" + nested + "))";
  seeds.push_back(nested);
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(CDI_SQL_CASES)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  // A folder lists its files in no order: without one, a seed number would give other inputs in every clone.
  std::sort(paths.begin(), paths.end());
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path);
    std::string line;
    std::string statement;
    bool answer = false;
    while (std::getline(file, line)) {
      if (line.empty()) {
        answer = false;
        statement.clear();
      } else if (line == "----") {
        answer = true;
        // Nothing that waits.
        if (statement.find("SYSTEM$WAIT") == std::string::npos) seeds.push_back(statement);
      } else if (!answer && line[0] != '#' && line[0] != '@') {
        statement += (statement.empty() ? "" : "\n") + line;
      }
    }
  }
  return seeds;
}

}  // namespace cdi::test
