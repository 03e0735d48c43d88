#include "tests/snowflake_mock/server/account/account.h"

#include <openssl/rand.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
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

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kTokensMax = 32;  // of one session
constexpr size_t kGoneTokensMax = 20'000;

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

absl::StatusOr<std::unique_ptr<Account>> Account::Open(const std::string& names, const std::string& data_path,
                                                       const EngineLimits& limits) {
  std::vector<std::string> spellings = absl::StrSplit(names, ',', absl::SkipWhitespace());
  for (std::string& spelling : spellings) spelling = std::string(absl::StripAsciiWhitespace(spelling));
  if (spellings.empty()) return absl::InvalidArgumentError("an account needs a name");
  CDI_ASSIGN_OR_RETURN(auto engine, Engine::Open(data_path, limits));
  std::unique_ptr<Account> account(new Account(std::move(spellings), std::move(engine), !data_path.empty()));
  if (!data_path.empty()) CDI_RETURN_IF_ERROR(account->Restore());
  return account;
}

bool Account::IsNamed(const std::string& spelling) const {
  // An underscore of the account is a hyphen in host names; what follows the first dot is the region. Claims for a
  // connection through a `.global` host carry what stands before the last hyphen of its first label.
  const auto normal = [](const std::string& text) {
    return absl::StrReplaceAll(absl::AsciiStrToUpper(text.substr(0, text.find('.'))), {{"_", "-"}});
  };
  const std::string given = normal(spelling);
  const bool global = absl::EndsWith(absl::AsciiStrToLower(spelling), ".global");
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
    return normal(name) == given || (global && absl::StartsWith(given, normal(name) + "-"));
  });
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
  return session;
}

void Account::KeepContext(Session& session) {
  const std::lock_guard lock(mutex);
  session.context = {session.role,
                     session.warehouse,
                     session.database,
                     session.schema,
                     session.parameters,
                     session.last_query_id,
                     session.query_ids,
                     session.variables,
                     session.secondary_roles,
                     session.transaction.has_value() || !session.temporaries.empty()};
}

absl::StatusOr<std::shared_ptr<Session>> Account::Overlapping(const Session& session) {
  CDI_ASSIGN_OR_RETURN(auto twin, NewSession());
  twin->id = session.id;
  twin->user = session.user;
  twin->client = session.client;
  const std::lock_guard lock(mutex);
  twin->role = session.context.role;
  twin->secondary_roles = session.context.secondary_roles;
  twin->warehouse = session.context.warehouse;
  twin->database = session.context.database;
  twin->schema = session.context.schema;
  twin->parameters = session.context.parameters;
  twin->last_query_id = session.context.last_query_id;
  twin->query_ids = session.context.query_ids;
  twin->variables = session.context.variables;
  return twin;
}

absl::StatusOr<std::shared_ptr<Session>> Account::AdministratorSession() {
  CDI_ASSIGN_OR_RETURN(auto session, NewSession());
  session->administrator = true;
  session->user = "MOCK_ADMINISTRATOR";
  session->role = "ACCOUNTADMIN";
  return session;
}

void Account::GiveTokens(const std::shared_ptr<Session>& session, int64_t now_ns) {
  session->token = RandomToken();
  session->master_token = RandomToken();
  session->token_expires_ns = now_ns + settings.session_seconds * kSecond;
  session->master_expires_ns = now_ns + settings.master_seconds * kSecond;
  tokens_[session->token] = {session, false, session->token_expires_ns};
  tokens_[session->master_token] = {session, true, 0};
}

void Account::AddSession(const std::shared_ptr<Session>& session) {
  KeepContext(*session);
  const int64_t now = Now();
  std::vector<std::shared_ptr<Session>> forgotten;
  {
    const std::lock_guard lock(mutex);
    sessions_.insert(session);
    GiveTokens(session, now);
    // Long dead ones; those that died lately still answer 390114.
    for (const auto& other : sessions_) {
      if (other->master_expires_ns + settings.master_seconds * kSecond < now) forgotten.push_back(other);
    }
  }
  for (const auto& other : forgotten) RemoveSession(other);
}

TokenCheck Account::CheckToken(const std::string& token, bool master) {
  const int64_t now = Now();
  const std::lock_guard lock(mutex);
  if (gone_tokens_.contains(token)) return {TokenState::kGone, nullptr};
  const auto found = tokens_.find(token);
  if (found == tokens_.end() || found->second.master != master) return {};
  Session& session = *found->second.session;
  const int64_t expires = master ? session.master_expires_ns : found->second.expires_ns;
  if (expires <= now) return {TokenState::kExpired, found->second.session};
  if (!master) session.master_expires_ns = now + settings.master_seconds * kSecond;
  return {TokenState::kValid, found->second.session};
}

void Account::RenewTokens(const std::shared_ptr<Session>& session) {
  const int64_t now = Now();
  const std::lock_guard lock(mutex);
  if (!sessions_.contains(session)) return;
  // Of a session that renews again and again only the newest few are remembered.
  std::vector<std::map<std::string, TokenEntry>::iterator> held;
  for (auto entry = tokens_.begin(); entry != tokens_.end(); ++entry) {
    if (entry->second.session == session) held.push_back(entry);
  }
  if (held.size() > kTokensMax) {
    for (const auto& entry : held) {
      if (entry->first != session->token && entry->first != session->master_token) tokens_.erase(entry);
    }
  }
  GiveTokens(session, now);
}

void Account::ExpireTokens(const std::shared_ptr<Session>& session, bool master) {
  const int64_t now = Now();
  const std::lock_guard lock(mutex);
  for (auto& [token, entry] : tokens_) {
    if (entry.session == session && !entry.master) entry.expires_ns = now;
  }
  session->token_expires_ns = now;
  if (master) session->master_expires_ns = now;
}

void Account::RemoveSession(const std::shared_ptr<Session>& session) {
  session->closed = true;
  locks.ReleaseAll(session->id);
  const std::lock_guard lock(mutex);
  sessions_.erase(session);
  std::erase_if(tokens_, [&](const auto& entry) {
    if (entry.second.session != session) return false;
    gone_tokens_.insert(entry.first);
    gone_order_.push_back(entry.first);
    return true;
  });
  while (gone_order_.size() > kGoneTokensMax) {
    gone_tokens_.erase(gone_order_.front());
    gone_order_.pop_front();
  }
}

std::vector<std::shared_ptr<Session>> Account::Sessions() {
  const std::lock_guard lock(mutex);
  return {sessions_.begin(), sessions_.end()};
}

Settings Account::CurrentSettings() {
  const std::lock_guard lock(mutex);
  return settings;
}

void Account::ShiftClock(int64_t shift_ns) {
  clock_shift_ns_.store(shift_ns);
  last_ns_.store(0);  // else the clock could not go back
}

int64_t Account::Now() {
  int64_t now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count() +
      clock_shift_ns_.load();
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
    return nlohmann::ordered_json{
        {"clientIP", record.peer}, {"clientType", record.client}, {"clientVersion", record.client_version},
        {"username", record.user}, {"errorCode", record.cause},   {"timestamp", record.time_ns / 1'000'000'000}}
        .dump();
  }
  return "";
}

}  // namespace cdi::snowflake_mock
