// An ODBC connection: what the application set before connecting, and the session after.
//
// Calls on it are serialised by its own lock (handle.h); its statements use the session beside it, each under its own.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
inline constexpr SQLINTEGER kAttrPrivKey = 0x4053 + 1;  // an EVP_PKEY*: 3.x only
inline constexpr SQLINTEGER kAttrApplication = 0x4053 + 2;
inline constexpr SQLINTEGER kAttrPrivKeyContent = 0x4053 + 3;
inline constexpr SQLINTEGER kAttrPrivKeyPassword = 0x4053 + 4;
inline constexpr SQLINTEGER kAttrPrivKeyBase64 = 0x4053 + 5;

class Descriptor;

class Connection final : public Handle {
 public:
  explicit Connection(Environment& environment) : environment_(environment) {}
  ~Connection() override { Disconnect(); }
  Environment& environment() const { return environment_; }

  // Logs in as the version of the driver that `personality` is; an unknown keyword may be a warning in the diagnostics.
  absl::Status Connect(const Keywords& keywords, const Personality& personality);
  // From another thread while Connect runs: without the lock.
  void CancelConnect() { connect_cancel_.Cancel(); }
  // Frees the statements that are left, as ODBC asks (the driver manager frees only its own half of them), and logs
  // out. Without effect when not connected.
  void Disconnect();
  Session* session() { return session_.get(); }
  const std::string& data_source() const { return data_source_; }

  // `is_wide`: the text came through the wide entry point. A substituted value is a warning in the diagnostics.
  absl::Status SetAttribute(SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length, bool is_wide);
  // Of attributes that are numbers; nullopt for the others.
  std::optional<SQLULEN> NumberAttribute(SQLINTEGER attribute);

  // Every statement that uses this explicit descriptor goes back to its own.
  void ReplaceDescriptor(Descriptor& descriptor);

  // False when another statement has a cursor of that name.
  bool ClaimCursorName(const Handle& statement, const std::string& name);

  // Statements and explicit descriptors make themselves known for as long as they live.
  void Add(Handle& statement);
  void Remove(Handle& statement);

  bool metadata_id() const { return metadata_id_; }
  std::string current_catalog();

  // COMMIT or ROLLBACK; nothing when every statement commits by itself.
  absl::Status EndTransaction(bool commit);

 private:
  absl::Status SetKeyAttribute(SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length);
  absl::Status RunNow(const std::string& sql);
  absl::Status SetAutocommit(bool on);
  absl::Status SetCatalog(std::string name);

  std::mutex statements_mutex_;
  std::set<Handle*> statements_;  // guarded by statements_mutex_; owned by the application, until Disconnect
  std::map<std::string, const Handle*> cursor_names_;  // guarded by statements_mutex_; those set by the application

  Environment& environment_;
  CancelToken connect_cancel_;
  PresetAttributes preset_;
  std::unique_ptr<Session> session_;
  std::string data_source_;
  std::string catalog_;
  bool autocommit_ = true;
  bool metadata_id_ = false;
  bool evp_key_given_ = false;
  SQLULEN access_mode_ = SQL_MODE_READ_WRITE;
  SQLULEN packet_size_ = 0;
  SQLULEN quiet_mode_ = 0;
};

}  // namespace cdi::sfodbc
