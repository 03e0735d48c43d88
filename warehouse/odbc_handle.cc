#include "warehouse/odbc_handle.h"

#include <odbcinst.h>
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/driver_log.h"
#include "warehouse/wide_text.h"

namespace cdi::warehouse {
namespace {

static_assert(sizeof(SQLWCHAR) == 2, "unixODBC is built with 16-bit wide characters");

// ODBC passes integers in pointers.
SQLPOINTER AsPointer(SQLULEN value) {
  return reinterpret_cast<SQLPOINTER>(value);
}

// Up to the NUL that ends every text, not by the length beside it: for a driver without wide functions unixODBC gives
// that of the narrow text (observed with libsqliteodbc).
template <size_t kSize>
std::string TextOf(const std::array<SQLWCHAR, kSize>& buffer) {
  const auto end = std::find(buffer.begin(), buffer.end(), SQLWCHAR{0});
  return Utf8FromWide(buffer.data(), static_cast<size_t>(end - buffer.begin()));
}

std::vector<DiagnosticRecord> ReadRecords(SQLSMALLINT type, SQLHANDLE handle) {
  constexpr SQLSMALLINT kRecordsMax = 5;
  std::vector<DiagnosticRecord> records;
  for (SQLSMALLINT i = 1; i <= kRecordsMax; ++i) {
    std::array<SQLWCHAR, 6> state{};
    std::array<SQLWCHAR, 1024> text{};
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;
    if (!SQL_SUCCEEDED(SQLGetDiagRecW(type, handle, i, state.data(), &native, text.data(),
                                      static_cast<SQLSMALLINT>(text.size()), &length))) {
      break;
    }
    records.push_back({TextOf(state), native, TextOf(text)});
  }
  return records;
}

std::string DriverSetting(const std::string& driver, const std::string& key) {
  std::array<char, 1024> value{};
  SQLGetPrivateProfileString(driver.c_str(), key.c_str(), "", value.data(), static_cast<int>(value.size()),
                             "odbcinst.ini");
  return value.data();
}

}  // namespace

absl::StatusOr<std::shared_ptr<OdbcEnvironment>> OdbcEnvironment::Create() {
  SQLHENV handle = nullptr;
  if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &handle))) {
    return MakeError(absl::StatusCode::kInternal, "WAREHOUSE_ERROR", "unixODBC gives no environment handle");
  }
  SQLSetEnvAttr(handle, SQL_ATTR_ODBC_VERSION, AsPointer(SQL_OV_ODBC3), 0);
  return std::shared_ptr<OdbcEnvironment>(new OdbcEnvironment(handle));
}

OdbcEnvironment::~OdbcEnvironment() {
  SQLFreeHandle(SQL_HANDLE_ENV, handle_);
}

InstalledDrivers OdbcEnvironment::Drivers() {
  MutexLock lock(drivers_);
  InstalledDrivers installed;
  installed.setting = &DriverSetting;
  installed.log_files = SnowflakeSettingsFiles();
  std::array<SQLWCHAR, 256> name{};
  SQLSMALLINT length = 0;
  SQLSMALLINT attributes_length = 0;
  SQLUSMALLINT direction = SQL_FETCH_FIRST;
  while (SQL_SUCCEEDED(SQLDriversW(handle_, direction, name.data(), static_cast<SQLSMALLINT>(name.size()), &length,
                                   nullptr, 0, &attributes_length))) {
    installed.names.push_back(TextOf(name));
    direction = SQL_FETCH_NEXT;
  }
  return installed;
}

absl::StatusOr<std::unique_ptr<OdbcConnection>> OdbcConnection::Login(std::shared_ptr<OdbcEnvironment> environment,
                                                                      const ConnectionString& text,
                                                                      std::string_view private_key_pem,
                                                                      std::chrono::seconds login_timeout,
                                                                      const DiagnosticContext& context) {
  SQLHDBC handle = nullptr;
  if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment->handle_, &handle))) {
    return StatusFromDiagnostics(ReadRecords(SQL_HANDLE_ENV, environment->handle_), context);
  }
  std::unique_ptr<OdbcConnection> connection(new OdbcConnection(std::move(environment), handle));
  SQLSetConnectAttr(handle, SQL_ATTR_LOGIN_TIMEOUT, AsPointer(static_cast<SQLULEN>(login_timeout.count())),
                    SQL_IS_UINTEGER);
  if (!private_key_pem.empty()) {
    // unixODBC only reads from the pointer; its type in ODBC has no const.
    SQLSetConnectAttr(handle, kPrivateKeyContentAttribute, const_cast<char*>(private_key_pem.data()),
                      static_cast<SQLINTEGER>(private_key_pem.size()));
  }
  WideText wide(text.Expose());
  if (!SQL_SUCCEEDED(SQLDriverConnectW(handle, nullptr, wide.data(), static_cast<SQLSMALLINT>(wide.size()), nullptr, 0,
                                       nullptr, SQL_DRIVER_NOPROMPT))) {
    return StatusFromDiagnostics(ReadRecords(SQL_HANDLE_DBC, handle), context);
  }
  connection->connected_ = true;
  return connection;
}

OdbcConnection::~OdbcConnection() {
  if (connected_) {
    Rollback();
    SQLDisconnect(handle_);
  }
  SQLFreeHandle(SQL_HANDLE_DBC, handle_);
}

void OdbcConnection::Rollback() noexcept {
  SQLEndTran(SQL_HANDLE_DBC, handle_, SQL_ROLLBACK);
}

absl::StatusOr<std::unique_ptr<OdbcStatement>> OdbcConnection::NewStatement(const DiagnosticContext& context) {
  SQLHSTMT handle = nullptr;
  if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, handle_, &handle))) {
    return StatusFromDiagnostics(ReadRecords(SQL_HANDLE_DBC, handle_), context);
  }
  return std::unique_ptr<OdbcStatement>(new OdbcStatement(handle, context));
}

OdbcStatement::~OdbcStatement() {
  SQLFreeHandle(SQL_HANDLE_STMT, handle_);
}

absl::Status OdbcStatement::Error() const {
  return StatusFromDiagnostics(ReadRecords(SQL_HANDLE_STMT, handle_), context_);
}

void OdbcStatement::SetQueryTimeout(std::chrono::seconds limit) {
  SQLSetStmtAttr(handle_, SQL_ATTR_QUERY_TIMEOUT, AsPointer(static_cast<SQLULEN>(limit.count())), SQL_IS_UINTEGER);
}

absl::Status OdbcStatement::SetBlock(size_t rows, SQLULEN* fetched, SQLUSMALLINT* states) {
  // Column-wise is the default of every driver.
  const bool set = SQL_SUCCEEDED(SQLSetStmtAttr(handle_, SQL_ATTR_ROW_ARRAY_SIZE, AsPointer(rows), 0)) &&
                   SQL_SUCCEEDED(SQLSetStmtAttr(handle_, SQL_ATTR_ROWS_FETCHED_PTR, fetched, 0)) &&
                   SQL_SUCCEEDED(SQLSetStmtAttr(handle_, SQL_ATTR_ROW_STATUS_PTR, states, 0));
  return set ? absl::OkStatus() : Error();
}

absl::Status OdbcStatement::BindText(int column, char* cells, size_t cell_bytes, SQLLEN* lengths) {
  const SQLRETURN result = SQLBindCol(handle_, static_cast<SQLUSMALLINT>(column), SQL_C_CHAR, cells,
                                      static_cast<SQLLEN>(cell_bytes), lengths);
  return SQL_SUCCEEDED(result) ? absl::OkStatus() : Error();
}

absl::Status OdbcStatement::BindTimestamp(int column, SQL_TIMESTAMP_STRUCT* cells, SQLLEN* lengths) {
  const SQLRETURN result = SQLBindCol(handle_, static_cast<SQLUSMALLINT>(column), SQL_C_TYPE_TIMESTAMP, cells,
                                      static_cast<SQLLEN>(sizeof *cells), lengths);
  return SQL_SUCCEEDED(result) ? absl::OkStatus() : Error();
}

absl::Status OdbcStatement::Execute(std::string_view sql) {
  WideText wide(sql);
  const SQLRETURN result = SQLExecDirectW(handle_, wide.data(), static_cast<SQLINTEGER>(wide.size()));
  return SQL_SUCCEEDED(result) || result == SQL_NO_DATA ? absl::OkStatus() : Error();
}

absl::StatusOr<bool> OdbcStatement::Fetch() {
  const SQLRETURN result = SQLFetch(handle_);
  if (result == SQL_NO_DATA) return false;
  if (!SQL_SUCCEEDED(result)) return Error();
  return true;
}

absl::StatusOr<int> OdbcStatement::ColumnCount() {
  SQLSMALLINT count = 0;
  if (!SQL_SUCCEEDED(SQLNumResultCols(handle_, &count))) return Error();
  return count;
}

absl::StatusOr<std::string> OdbcStatement::ColumnName(int column) {
  std::array<SQLWCHAR, 256> name{};
  SQLSMALLINT length = 0;
  SQLSMALLINT type = 0;
  SQLULEN size = 0;
  SQLSMALLINT digits = 0;
  SQLSMALLINT nullable = 0;
  if (!SQL_SUCCEEDED(SQLDescribeColW(handle_, static_cast<SQLUSMALLINT>(column), name.data(),
                                     static_cast<SQLSMALLINT>(name.size()), &length, &type, &size, &digits,
                                     &nullable))) {
    return Error();
  }
  return TextOf(name);
}

absl::StatusOr<std::optional<std::string>> OdbcStatement::Text(int column) {
  // Long cells come in parts, each ended by a NUL that is not part of the text.
  std::string text;
  std::array<char, 8192> part{};
  for (;;) {
    SQLLEN length = 0;
    const SQLRETURN result = SQLGetData(handle_, static_cast<SQLUSMALLINT>(column), SQL_C_CHAR, part.data(),
                                        static_cast<SQLLEN>(part.size()), &length);
    if (result == SQL_NO_DATA) return text;
    if (!SQL_SUCCEEDED(result)) return Error();
    if (length == SQL_NULL_DATA) return std::optional<std::string>();
    const bool cut = length == SQL_NO_TOTAL || static_cast<size_t>(length) >= part.size();
    text.append(part.data(), cut ? part.size() - 1 : static_cast<size_t>(length));
    if (!cut) return text;
  }
}

absl::StatusOr<std::optional<Timestamp>> OdbcStatement::Time(int column) {
  SQL_TIMESTAMP_STRUCT value{};
  SQLLEN length = 0;
  if (!SQL_SUCCEEDED(SQLGetData(handle_, static_cast<SQLUSMALLINT>(column), SQL_C_TYPE_TIMESTAMP, &value, sizeof value,
                                &length))) {
    return Error();
  }
  if (length == SQL_NULL_DATA) return std::optional<Timestamp>();
  return TimestampFromOdbc(value);
}

void OdbcStatement::CancelNow() noexcept {
  SQLCancel(handle_);
}

std::optional<Timestamp> TimestampFromOdbc(const SQL_TIMESTAMP_STRUCT& value) {
  if (value.year < 1 || value.year > 9999 || value.month < 1 || value.month > 12 || value.day < 1 || value.hour > 23 ||
      value.minute > 59 || value.second > 59 || value.fraction > 999'999'999) {
    return std::nullopt;
  }
  const std::chrono::year_month_day day{std::chrono::year{value.year}, std::chrono::month{value.month},
                                        std::chrono::day{value.day}};
  if (value.day > 28 && !day.ok()) return std::nullopt;
  return Timestamp::FromCivil(value.year, value.month, value.day, value.hour, value.minute, value.second,
                              static_cast<int32_t>(value.fraction));
}

}  // namespace cdi::warehouse
