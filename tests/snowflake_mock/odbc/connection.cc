#include "tests/snowflake_mock/odbc/connection.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/sql_text.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

// 4.x knows no native code for a key that cannot be read.
absl::Status AsOf(const Personality& personality, const absl::Status& status) {
  if (personality.bad_key_native_20032 || NativeCodeOf(status) != kNativeBadKey) return status;
  return OdbcError(SqlStateOf(status), 0, std::string(status.message()));
}

}  // namespace

absl::Status Connection::Connect(const Keywords& keywords, const Personality& personality) {
  connect_cancel_.Reset();
  PresetAttributes preset{.key_content = preset_.key_content.Clone(),
                          .key_base64 = preset_.key_base64.Clone(),
                          .key_password = preset_.key_password.Clone(),
                          .application = preset_.application,
                          .catalog = catalog_,
                          .login_timeout = preset_.login_timeout,
                          .network_timeout = preset_.network_timeout,
                          .autocommit = autocommit_,
                          .personality = personality};
  // A second connect on the same handle gets its key again from the driver manager, which replays the attributes.
  preset_.key_content = Secret();
  preset_.key_base64 = Secret();
  preset_.key_password = Secret();
  diagnostics.Imitate(personality, personality.traces_errors);
  if (evp_key_given_ && !personality.takes_evp_key) {
    return OdbcError("HYC00", 0, "a key as EVP_PKEY* is not supported; set PRIV_KEY_CONTENT with the PEM text");
  }
  absl::StatusOr<SettingsResult> read = ReadSettings(keywords, std::move(preset));
  if (!read.ok()) return AsOf(personality, read.status());
  diagnostics.Imitate(personality, read->settings.traces_errors);
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Login(std::move(read->settings), connect_cancel_);
  if (!session.ok()) return AsOf(personality, session.status());
  session_ = *std::move(session);
  data_source_ = keywords.Get("DSN");
  for (const std::string& keyword : read->unknown_keywords) {
    diagnostics.Warn("01S00", absl::StrCat("unknown keyword ", keyword, " was ignored"));
  }
  return absl::OkStatus();
}

void Connection::Add(Handle& statement) {
  const std::lock_guard lock(statements_mutex_);
  statements_.insert(&statement);
}

void Connection::Remove(Handle& statement) {
  const std::lock_guard lock(statements_mutex_);
  statements_.erase(&statement);
  std::erase_if(cursor_names_, [&](const auto& entry) { return entry.second == &statement; });
}

void Connection::Disconnect() {
  if (session_ == nullptr) return;
  std::set<Handle*> left;
  {
    const std::lock_guard lock(statements_mutex_);
    left.swap(statements_);
  }
  for (Handle* const statement : left) delete statement;  // NOLINT: see the header
  session_->Logout();
  session_.reset();
}

absl::Status Connection::RunNow(const std::string& sql) {
  CancelToken never;
  return session_->Run({.sql = sql, .bindings = "", .request_id = Session::NewRequestId()}, never, kNoDeadline)
      .status();
}

absl::Status Connection::SetAutocommit(bool on) {
  if (session_ != nullptr && on != autocommit_) {
    if (on) CDI_RETURN_IF_ERROR(RunNow("COMMIT"));  // ODBC: turning it on ends what was begun
    CDI_RETURN_IF_ERROR(RunNow(absl::StrCat("ALTER SESSION SET AUTOCOMMIT = ", on ? "TRUE" : "FALSE")));
  }
  autocommit_ = on;
  return absl::OkStatus();
}

absl::Status Connection::SetCatalog(std::string name) {
  if (session_ != nullptr) CDI_RETURN_IF_ERROR(RunNow(absl::StrCat("USE DATABASE ", QuoteName(name))));
  catalog_ = std::move(name);
  return absl::OkStatus();
}

std::string Connection::current_catalog() {
  return session_ == nullptr ? catalog_ : session_->current_database();
}

bool Connection::ClaimCursorName(const Handle& statement, const std::string& name) {
  const std::lock_guard lock(statements_mutex_);
  const auto [holder, claimed] = cursor_names_.emplace(name, &statement);
  if (!claimed && holder->second != &statement) return false;
  std::erase_if(cursor_names_, [&](const auto& entry) { return entry.second == &statement && entry.first != name; });
  return true;
}

void Connection::ReplaceDescriptor(Descriptor& descriptor) {
  const std::lock_guard lock(statements_mutex_);
  for (Handle* const handle : statements_) {
    if (auto* const statement = dynamic_cast<Statement*>(handle)) statement->ReleaseDescriptor(descriptor);
  }
}

absl::Status Connection::EndTransaction(bool commit) {
  if (session_ == nullptr || autocommit_) return absl::OkStatus();
  return RunNow(commit ? "COMMIT" : "ROLLBACK");
}

}  // namespace cdi::sfodbc
