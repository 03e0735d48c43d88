// An ODBC connection: what the application set before connecting, and the session after.
//
// Calls on it are serialised by its own lock (handle.h); its statements use the session beside it, each under its own.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/odbc/connection_string.h"
#include "tests/snowflake_mock/odbc/handle.h"
#include "tests/snowflake_mock/odbc/session.h"
#include "tests/snowflake_mock/odbc/settings.h"

namespace cdi::sfodbc {

// Attributes of Snowflake's driver (spec/snowflake.md §2.2).
inline constexpr SQLINTEGER kAttrPrivKey = 0x4053 + 1;  // an EVP_PKEY*: not supported
inline constexpr SQLINTEGER kAttrApplication = 0x4053 + 2;
inline constexpr SQLINTEGER kAttrPrivKeyContent = 0x4053 + 3;
inline constexpr SQLINTEGER kAttrPrivKeyPassword = 0x4053 + 4;
inline constexpr SQLINTEGER kAttrPrivKeyBase64 = 0x4053 + 5;

class Connection final : public Handle {
 public:
  ~Connection() override { Disconnect(); }

  // Logs in; an unknown keyword is a warning in the diagnostics.
  absl::Status Connect(const Keywords& keywords);
  // Frees the statements that are left, as ODBC asks (the driver manager frees only its own half of them), and logs
  // out. Without effect when not connected.
  void Disconnect();
  Session* session() { return session_.get(); }
  const std::string& data_source() const { return data_source_; }

  // `is_wide`: the text came through the wide entry point.
  absl::Status SetAttribute(SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length, bool is_wide);

  // Statements make themselves known for as long as they live.
  void Add(Handle& statement);
  void Remove(Handle& statement);

  bool autocommit() const { return autocommit_; }
  bool dead() const { return session_ == nullptr; }
  std::string current_catalog() const { return catalog_; }
  std::chrono::seconds login_timeout() const { return preset_.login_timeout.value_or(std::chrono::seconds(300)); }

  // COMMIT or ROLLBACK; nothing when every statement commits by itself.
  absl::Status EndTransaction(bool commit);

 private:
  absl::Status RunNow(const std::string& sql);
  absl::Status SetAutocommit(bool on);
  absl::Status SetCatalog(std::string name);

  std::mutex statements_mutex_;
  std::set<Handle*> statements_;  // guarded by statements_mutex_; owned by the application, until Disconnect

  PresetAttributes preset_;
  std::unique_ptr<Session> session_;
  std::string data_source_;
  std::string catalog_;
  bool autocommit_ = true;
};

}  // namespace cdi::sfodbc
