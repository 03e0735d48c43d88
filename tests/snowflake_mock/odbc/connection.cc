#include "tests/snowflake_mock/odbc/connection.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/sql_text.h"
#include "tests/snowflake_mock/odbc/utf.h"

namespace cdi::sfodbc {
namespace {

// The driver manager hands texts of driver-specific attributes over as the application gave them, narrow or wide,
// through either entry point: a zero as second byte tells UTF-16 (all of these texts begin with an ASCII character).
std::string ReadDriverText(SQLPOINTER value, SQLINTEGER length) {
  const auto* bytes = static_cast<const char*>(value);
  if (bytes == nullptr) return {};
  const bool counted = length >= 0;
  const bool wide =
      (!counted || length >= 2) && bytes[0] != '\0' && bytes[1] == '\0' && (counted ? length > 2 : bytes[2] != '\0');
  if (wide) {
    const auto* units = static_cast<const char16_t*>(value);
    std::u16string text = counted ? std::u16string(units, static_cast<size_t>(length) / 2) : std::u16string(units);
    std::string utf8 = ToUtf8(text);
    std::fill(text.begin(), text.end(), u'\0');
    while (!utf8.empty() && utf8.back() == '\0') utf8.pop_back();
    return utf8;
  }
  return counted ? std::string(bytes, strnlen(bytes, static_cast<size_t>(length))) : std::string(bytes);
}

std::string ReadStandardText(SQLPOINTER value, SQLINTEGER length, bool is_wide) {
  if (value == nullptr) return {};
  if (!is_wide) {
    const auto* bytes = static_cast<const char*>(value);
    return length >= 0 ? std::string(bytes, strnlen(bytes, static_cast<size_t>(length))) : std::string(bytes);
  }
  const auto* units = static_cast<const char16_t*>(value);
  return ToUtf8(length >= 0 ? std::u16string_view(units, static_cast<size_t>(length) / 2) : std::u16string_view(units));
}

Secret ReadDriverSecret(SQLPOINTER value, SQLINTEGER length) {
  std::string text = ReadDriverText(value, length);
  Secret secret(text);
  WipeString(text);
  return secret;
}

SQLULEN ReadInteger(SQLPOINTER value) {
  return reinterpret_cast<SQLULEN>(value);
}  // NOLINT: ODBC passes it so

}  // namespace

absl::Status Connection::Connect(const Keywords& keywords) {
  PresetAttributes preset{.key_content = preset_.key_content.Clone(),
                          .key_base64 = preset_.key_base64.Clone(),
                          .key_password = preset_.key_password.Clone(),
                          .application = preset_.application,
                          .catalog = catalog_,
                          .login_timeout = preset_.login_timeout,
                          .network_timeout = preset_.network_timeout,
                          .autocommit = autocommit_};
  // A second connect on the same handle gets its key again from the driver manager, which replays the attributes.
  preset_.key_content = Secret();
  preset_.key_base64 = Secret();
  preset_.key_password = Secret();
  CDI_ASSIGN_OR_RETURN(SettingsResult read, ReadSettings(keywords, std::move(preset)));
  CDI_ASSIGN_OR_RETURN(session_, Session::Login(std::move(read.settings)));
  data_source_ = keywords.Get("DSN");
  catalog_ = session_->settings().database;
  for (const std::string& keyword : read.unknown_keywords) {
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

absl::Status Connection::SetAttribute(SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length, bool is_wide) {
  switch (attribute) {
    case kAttrPrivKeyContent:
      preset_.key_content = ReadDriverSecret(value, length);
      return absl::OkStatus();
    case kAttrPrivKeyBase64:
      preset_.key_base64 = ReadDriverSecret(value, length);
      return absl::OkStatus();
    case kAttrPrivKeyPassword:
      preset_.key_password = ReadDriverSecret(value, length);
      return absl::OkStatus();
    case kAttrApplication:
      preset_.application = ReadDriverText(value, length);
      return absl::OkStatus();
    case kAttrPrivKey:
      return OdbcError("HYC00", 0, "a key as EVP_PKEY* is not supported; set PRIV_KEY_CONTENT with the PEM text");
    case SQL_ATTR_LOGIN_TIMEOUT:
      preset_.login_timeout = std::chrono::seconds(ReadInteger(value));
      return absl::OkStatus();
    case SQL_ATTR_CONNECTION_TIMEOUT:
      preset_.network_timeout = std::chrono::seconds(ReadInteger(value));
      return absl::OkStatus();
    case SQL_ATTR_AUTOCOMMIT:
      return SetAutocommit(ReadInteger(value) != SQL_AUTOCOMMIT_OFF);
    case SQL_ATTR_CURRENT_CATALOG:
      return SetCatalog(ReadStandardText(value, length, is_wide));
    case SQL_ATTR_ACCESS_MODE:  // read-only mode is accepted and has no effect, as in the official driver
    case SQL_ATTR_ANSI_APP:
    case SQL_ATTR_TXN_ISOLATION:
    case SQL_ATTR_QUIET_MODE:
    case SQL_ATTR_PACKET_SIZE:
      return absl::OkStatus();
    case SQL_ATTR_ASYNC_ENABLE:
      if (ReadInteger(value) == SQL_ASYNC_ENABLE_OFF) return absl::OkStatus();
      return OdbcError("HYC00", 0, "asynchronous calls are not supported; use a thread");
    default:
      return OdbcError("HY092", 0, absl::StrCat("connection attribute ", attribute, " is not known"));
  }
}

absl::Status Connection::RunNow(const std::string& sql) {
  CancelToken never;
  return session_->Run({.sql = sql, .bindings = "", .request_id = Session::NewRequestId()}, never, kNoDeadline)
      .status();
}

absl::Status Connection::SetAutocommit(bool on) {
  if (session_ != nullptr && on != autocommit_) {
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

absl::Status Connection::EndTransaction(bool commit) {
  if (session_ == nullptr || autocommit_) return absl::OkStatus();
  return RunNow(commit ? "COMMIT" : "ROLLBACK");
}

}  // namespace cdi::sfodbc
