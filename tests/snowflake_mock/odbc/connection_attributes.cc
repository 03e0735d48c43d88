// The attributes of a connection: what can be set and read, before and after connecting.
#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/jwt.h"
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
  return reinterpret_cast<SQLULEN>(value);  // NOLINT: ODBC passes it so
}

}  // namespace

absl::Status Connection::SetKeyAttribute(SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length) {
  if (session_ != nullptr) return OdbcError("HY011", 0, "this attribute has to be set before connecting");
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
    default:
      break;
  }
  preset_.key_content = PemOfEvpKey(value);
  evp_key_given_ = true;
  return absl::OkStatus();
}

absl::Status Connection::SetAttribute(SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length, bool is_wide) {
  const auto only = [&](SQLULEN supported) {
    if (ReadInteger(value) != supported) diagnostics.Warn("01S02", "the only supported value was kept");
    return absl::OkStatus();
  };
  switch (attribute) {
    case kAttrPrivKeyContent:
    case kAttrPrivKeyBase64:
    case kAttrPrivKeyPassword:
    case kAttrApplication:
    case kAttrPrivKey:
      return SetKeyAttribute(attribute, value, length);
    case SQL_ATTR_LOGIN_TIMEOUT:
      if (session_ != nullptr) return OdbcError("HY011", 0, "the login timeout has to be set before connecting");
      preset_.login_timeout = std::chrono::seconds(ReadInteger(value));
      return absl::OkStatus();
    case SQL_ATTR_CONNECTION_TIMEOUT:
      preset_.network_timeout = std::chrono::seconds(ReadInteger(value));
      return absl::OkStatus();
    case SQL_ATTR_AUTOCOMMIT:
      if (ReadInteger(value) > SQL_AUTOCOMMIT_ON) return OdbcError("HY024", 0, "autocommit must be on or off");
      return SetAutocommit(ReadInteger(value) != SQL_AUTOCOMMIT_OFF);
    case SQL_ATTR_CURRENT_CATALOG:
      return SetCatalog(ReadStandardText(value, length, is_wide));
    case SQL_ATTR_ACCESS_MODE:  // read-only mode is accepted and has no effect, as in the official driver
      access_mode_ = ReadInteger(value);
      return absl::OkStatus();
    case SQL_ATTR_METADATA_ID:
      metadata_id_ = ReadInteger(value) == SQL_TRUE;
      return absl::OkStatus();
    case SQL_ATTR_PACKET_SIZE:
      if (session_ != nullptr) return OdbcError("HY011", 0, "the packet size has to be set before connecting");
      packet_size_ = ReadInteger(value);
      return absl::OkStatus();
    case SQL_ATTR_QUIET_MODE:
      quiet_mode_ = ReadInteger(value);
      return absl::OkStatus();
    case SQL_ATTR_ANSI_APP:
      return absl::OkStatus();
    case SQL_ATTR_TXN_ISOLATION:
      return only(SQL_TXN_READ_COMMITTED);
    case SQL_ATTR_ASYNC_ENABLE:
      if (ReadInteger(value) == SQL_ASYNC_ENABLE_OFF) return absl::OkStatus();
      return OdbcError("HYC00", 0, "asynchronous calls are not supported; use a thread");
    case SQL_ATTR_ASYNC_DBC_FUNCTIONS_ENABLE:
      if (ReadInteger(value) == SQL_ASYNC_DBC_ENABLE_OFF) return absl::OkStatus();
      return OdbcError("HYC00", 0, "asynchronous calls are not supported; use a thread");
    case SQL_ATTR_TRANSLATE_LIB:
    case SQL_ATTR_TRANSLATE_OPTION:
    case SQL_ATTR_ENLIST_IN_DTC:
      return OdbcError("HYC00", 0, absl::StrCat("connection attribute ", attribute, " is not supported"));
    case SQL_ATTR_AUTO_IPD:
    case SQL_ATTR_CONNECTION_DEAD:
      return OdbcError("HY092", 0, absl::StrCat("connection attribute ", attribute, " is read-only"));
    default:
      return OdbcError("HY092", 0, absl::StrCat("connection attribute ", attribute, " is not known"));
  }
}

std::optional<SQLULEN> Connection::NumberAttribute(SQLINTEGER attribute) {
  switch (attribute) {
    case SQL_ATTR_AUTOCOMMIT:
      return autocommit_ ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF;
    case SQL_ATTR_CONNECTION_DEAD:
      return session_ == nullptr || session_->gone() ? SQL_CD_TRUE : SQL_CD_FALSE;
    case SQL_ATTR_LOGIN_TIMEOUT:
      return static_cast<SQLULEN>(preset_.login_timeout.value_or(std::chrono::seconds(300)).count());
    case SQL_ATTR_CONNECTION_TIMEOUT:
      return static_cast<SQLULEN>(preset_.network_timeout.value_or(std::chrono::seconds(0)).count());
    case SQL_ATTR_ACCESS_MODE:
      return access_mode_;
    case SQL_ATTR_TXN_ISOLATION:
      return SQL_TXN_READ_COMMITTED;
    case SQL_ATTR_METADATA_ID:
      return metadata_id_ ? SQL_TRUE : SQL_FALSE;
    case SQL_ATTR_PACKET_SIZE:
      return packet_size_;
    case SQL_ATTR_QUIET_MODE:
      return quiet_mode_;
    case SQL_ATTR_AUTO_IPD:
      return SQL_FALSE;
    case SQL_ATTR_ASYNC_ENABLE:
    case SQL_ATTR_ASYNC_DBC_FUNCTIONS_ENABLE:
      return SQL_ASYNC_ENABLE_OFF;
    default:
      return std::nullopt;
  }
}

}  // namespace cdi::sfodbc
