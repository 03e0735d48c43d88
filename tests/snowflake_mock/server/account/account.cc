#include "tests/snowflake_mock/server/account/account.h"

#include <openssl/rand.h>

#include <chrono>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {
namespace {

std::string RandomHex(size_t bytes) {
  std::string raw(bytes, '\0');
  CDI_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) == 1, "no randomness");
  return absl::BytesToHexString(raw);
}

constexpr const char* kCreateState =
    "CREATE TABLE IF NOT EXISTS main.snowflake_mock_state (id INTEGER PRIMARY KEY, state VARCHAR)";

}  // namespace

std::string RandomToken() {
  return RandomHex(32);
}

std::string RandomUuid() {
  const std::string hex = RandomHex(16);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-4", hex.substr(13, 3), "-a", hex.substr(17, 3), "-",
                      hex.substr(20));
}

absl::StatusOr<std::unique_ptr<Account>> Account::Open(const std::string& name, const std::string& data_path) {
  CDI_ASSIGN_OR_RETURN(auto engine, Engine::Open(data_path));
  std::unique_ptr<Account> account(new Account(name, std::move(engine), !data_path.empty()));
  if (!data_path.empty()) CDI_RETURN_IF_ERROR(account->Restore());
  return account;
}

absl::Status Account::Restore() {
  CDI_ASSIGN_OR_RETURN(state_connection_, engine_->Connect());
  const StopSignal never;
  CDI_RETURN_IF_ERROR(state_connection_->Run(kCreateState, never, nullptr).status());
  ResultWriter writer;
  CDI_RETURN_IF_ERROR(state_connection_->Run("SELECT state FROM main.snowflake_mock_state", never, &writer).status());
  const nlohmann::json rows = writer.Finish().AllRows();
  if (rows.empty()) return absl::OkStatus();
  const auto saved = nlohmann::json::parse(rows[0][0].get<std::string>(), nullptr, /*allow_exceptions=*/false);
  if (!saved.is_object()) return absl::DataLossError("the data file's catalog is unreadable");
  catalog.FromJson(saved);
  // Marks of changes are saved with the next DDL only: after a restart everything counts as changed.
  for (auto& [database_name, database] : catalog.databases) {
    for (auto& [schema_name, schema] : database.schemas) {
      for (auto& [name, relation] : schema.relations) relation.changed_ns = Now();
    }
  }
  restored_ = true;
  return absl::OkStatus();
}

absl::Status Account::Save() {
  if (!persistent_) return absl::OkStatus();
  const StopSignal never;
  return state_connection_
      ->Run(absl::StrCat("INSERT OR REPLACE INTO main.snowflake_mock_state VALUES (1, ",
                         QuoteLiteral(catalog.ToJson().dump()), ")"),
            never, nullptr)
      .status();
}

absl::StatusOr<std::shared_ptr<Session>> Account::NewSession() {
  auto session = std::make_shared<Session>();
  CDI_ASSIGN_OR_RETURN(session->connection, engine_->Connect());
  session->id = next_session_id_.fetch_add(2);
  session->token = RandomToken();
  session->master_token = RandomToken();
  return session;
}

absl::StatusOr<std::shared_ptr<Session>> Account::AdministratorSession() {
  CDI_ASSIGN_OR_RETURN(auto session, NewSession());
  session->administrator = true;
  session->user = "MOCK_ADMINISTRATOR";
  session->role = "ACCOUNTADMIN";
  return session;
}

void Account::AddSession(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex);
  by_token_[session->token] = session;
  by_master_token_[session->master_token] = session;
}

std::shared_ptr<Session> Account::FindByToken(const std::string& token) {
  const std::lock_guard lock(mutex);
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : found->second;
}

std::shared_ptr<Session> Account::FindByMasterToken(const std::string& token) {
  const std::lock_guard lock(mutex);
  const auto found = by_master_token_.find(token);
  return found == by_master_token_.end() ? nullptr : found->second;
}

void Account::RemoveSession(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex);
  std::erase_if(by_token_, [&](const auto& entry) { return entry.second == session; });
  std::erase_if(by_master_token_, [&](const auto& entry) { return entry.second == session; });
}

std::vector<std::shared_ptr<Session>> Account::Sessions() {
  const std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& [token, session] : by_master_token_) sessions.push_back(session);
  return sessions;
}

int64_t Account::Now() {
  int64_t now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  int64_t last = last_ns_.load();
  do {
    now = std::max(now, last + 1);
  } while (!last_ns_.compare_exchange_weak(last, now));
  return now;
}

std::string Account::LoginFailureDetails(const std::string& id) {
  const std::lock_guard lock(mutex);
  for (const LoginRecord& record : logins) {
    if (record.id != id || record.success) continue;
    return nlohmann::ordered_json{{"clientIP", "127.0.0.1"},   {"clientType", record.client},
                                  {"clientVersion", ""},       {"username", record.user},
                                  {"errorCode", record.cause}, {"timestamp", record.time_ns / 1'000'000'000}}
        .dump();
  }
  return "";
}

}  // namespace cdi::snowflake_mock
