#include "ingest/state/sqlite_db.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"
#include "ingest/state/page_checksum_vfs.h"

namespace cdi::state {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr int kWalAutoCheckpointPages = 2'000;

absl::Status StatusOf(int code, sqlite3* db, const std::string& path) {
  const int primary = code & 0xff;
  const int system_error = db != nullptr ? sqlite3_system_errno(db) : 0;
  std::string cause = sqlite3_errstr(code);
  if (system_error != 0) absl::StrAppend(&cause, " (", std::strerror(system_error), ")");
  switch (primary) {
    case SQLITE_FULL:
      return MakeError(absl::StatusCode::kResourceExhausted, "STATE_DISK_FULL",
                       absl::StrCat("no room to write ", path, ": ", cause,
                                    "; nothing of this change was kept. Free space on its disk"));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED",
                       absl::StrCat(path, " is damaged: ", cause,
                                    ". Keep the file, put the last backup of the state directory in its place"));
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_DATA || code == SQLITE_IOERR_CORRUPTFS) {
        return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED",
                         absl::StrCat(path, " is damaged: a page does not match its checksum",
                                      ". Keep the file, put the last backup of the state directory in its place"));
      }
      return MakeError(absl::StatusCode::kDataLoss, "STATE_IO_ERROR",
                       absl::StrCat("cannot read or write ", path, ": ", cause, ". Check its disk"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return MakeError(absl::StatusCode::kUnavailable, "STATE_BUSY",
                       absl::StrCat(path, " is locked by another connection; try again"));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_READ_ONLY",
                       absl::StrCat("cannot open or write ", path, ": ", cause,
                                    ". Check its owner and its mode (0600, directory 0700)"));
    case SQLITE_CONSTRAINT:
      return MakeError(absl::StatusCode::kAlreadyExists, "STATE_CONSTRAINT",
                       absl::StrCat(path, ": ", cause, " (", sqlite3_errmsg(db), ")"));
    default:
      return MakeError(absl::StatusCode::kInternal, "STATE_ERROR",
                       absl::StrCat(path, ": ", cause, " (", db != nullptr ? sqlite3_errmsg(db) : "", ")"));
  }
}

struct CloseDb {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

}  // namespace

bool IsStorageFailure(const absl::Status& status) {
  return !status.ok() && ErrorReason(status).starts_with("STATE_");
}

std::string EncodeTime(const Timestamp& time) {
  std::string bytes(12, '\0');
  const uint64_t seconds = static_cast<uint64_t>(time.seconds) ^ (uint64_t{1} << 63);
  const auto nanos = static_cast<uint32_t>(time.nanos);
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(seconds >> (56 - 8 * i));
  for (size_t i = 0; i < 4; ++i) bytes[8 + i] = static_cast<char>(nanos >> (24 - 8 * i));
  return bytes;
}

Timestamp DecodeTime(std::string_view bytes) {
  if (bytes.size() != 12) return {};
  uint64_t seconds = 0;
  uint32_t nanos = 0;
  for (size_t i = 0; i < 8; ++i) seconds = (seconds << 8) | static_cast<uint8_t>(bytes[i]);
  for (size_t i = 8; i < 12; ++i) nanos = (nanos << 8) | static_cast<uint8_t>(bytes[i]);
  return {static_cast<int64_t>(seconds ^ (uint64_t{1} << 63)), static_cast<int32_t>(nanos)};
}

std::string EncodeDigest(const Digest128& digest) {
  std::string bytes(16, '\0');
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(digest.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(digest.low >> (56 - 8 * i));
  }
  return bytes;
}

Digest128 DecodeDigest(std::string_view bytes) {
  Digest128 digest;
  if (bytes.size() != 16) return digest;
  for (size_t i = 0; i < 8; ++i) {
    digest.high = (digest.high << 8) | static_cast<uint8_t>(bytes[i]);
    digest.low = (digest.low << 8) | static_cast<uint8_t>(bytes[8 + i]);
  }
  return digest;
}

// ---- Database ---------------------------------------------------------------------------------------------------

struct Database::Rep {
  std::string path;
  std::unique_ptr<sqlite3, CloseDb> db;
  // Idle prepared statements by the address of their text. Declared after `db`: finalised before it closes.
  std::unordered_map<const char*, std::vector<StatementHandle>> idle;
};

struct Statement::Rep {
  Database::Rep* owner = nullptr;
  const char* sql = nullptr;
  StatementHandle handle;
  int next_parameter = 1;
  int bind_error = SQLITE_OK;

  void Note(int code) {
    if (code != SQLITE_OK && bind_error == SQLITE_OK) bind_error = code;
  }
};

Database::Database(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

absl::StatusOr<Database> Database::Open(const std::string& path, const OpenOptions& options) {
  auto rep = std::make_unique<Rep>();
  rep->path = path;
  const char* vfs = options.vfs != nullptr ? options.vfs : RegisterPageChecksumVfs();
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  // Readers too open read-write: whoever comes first after a crash must be able to rebuild the WAL index.
  flags |= SQLITE_OPEN_READWRITE;
  if (options.create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, vfs);
  rep->db.reset(raw);
  if (code != SQLITE_OK) return StatusOf(code, raw, path);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  Database database(std::move(rep));
  if (options.create) {
    // Both only count for a file that is still empty.
    const absl::Status sized = database.ExecuteScript(absl::StrCat("PRAGMA page_size=", options.page_size));
    if (!sized.ok()) return sized;
    int reserved = kPageChecksumBytes;
    sqlite3_file_control(raw, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  }
  std::string pragmas =
      "PRAGMA mmap_size=0; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
      "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
      "PRAGMA secure_delete=ON;";
  if (options.read_only) {
    pragmas += "PRAGMA query_only=ON;";
  } else {
    absl::StrAppend(&pragmas, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=", kWalAutoCheckpointPages, ";");
  }
  const absl::Status set = database.ExecuteScript(pragmas);
  if (!set.ok()) return set;
  return database;
}

absl::StatusOr<Statement> Database::Prepare(const char* sql) {
  auto rep = std::make_unique<Statement::Rep>();
  rep->owner = rep_.get();
  rep->sql = sql;
  if (auto idle = rep_->idle.find(sql); idle != rep_->idle.end() && !idle->second.empty()) {
    rep->handle = std::move(idle->second.back());
    idle->second.pop_back();
  } else {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(rep_->db.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    rep->handle.reset(raw);
    if (code != SQLITE_OK) return StatusOf(code, rep_->db.get(), rep_->path);
  }
  return Statement(std::move(rep));
}

absl::Status Database::ExecuteScript(const std::string& sql) {
  const int code = sqlite3_exec(rep_->db.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : StatusOf(code, rep_->db.get(), rep_->path);
}

int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(rep_->db.get());
}

int64_t Database::changes() const {
  return sqlite3_changes64(rep_->db.get());
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(rep_->db.get()) == 0;
}

const std::string& Database::path() const {
  return rep_->path;
}

absl::Status Database::QuickCheck() {
  absl::StatusOr<Statement> check = Prepare("PRAGMA quick_check(1)");
  if (!check.ok()) return check.status();
  absl::StatusOr<bool> row = check->Step();
  if (!row.ok()) return row.status();
  const std::string answer = *row ? check->Text(0) : "no answer";
  if (answer == "ok") return absl::OkStatus();
  return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED",
                   absl::StrCat(rep_->path, " is damaged: ", answer,
                                ". Keep the file, put the last backup of the state directory in its place"));
}

absl::Status Database::Checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(rep_->db.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : StatusOf(code, rep_->db.get(), rep_->path);
}

// ---- Statement --------------------------------------------------------------------------------------------------

Statement::Statement(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Statement::Statement(Statement&& other) noexcept = default;

Statement::~Statement() {
  if (rep_ == nullptr) return;
  sqlite3_reset(rep_->handle.get());
  sqlite3_clear_bindings(rep_->handle.get());
  rep_->owner->idle[rep_->sql].push_back(std::move(rep_->handle));
}

Statement& Statement::Bind(int64_t value) {
  rep_->Note(sqlite3_bind_int64(rep_->handle.get(), rep_->next_parameter++, value));
  return *this;
}

Statement& Statement::Bind(std::string_view text) {
  rep_->Note(sqlite3_bind_text64(rep_->handle.get(), rep_->next_parameter++, text.data() != nullptr ? text.data() : "",
                                 text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::Bind(Blob blob) {
  // An empty view may point nowhere, which SQLite would read as NULL.
  rep_->Note(sqlite3_bind_blob64(rep_->handle.get(), rep_->next_parameter++,
                                 blob.bytes.empty() ? "" : blob.bytes.data(), blob.bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::Bind(const Digest128& digest) {
  return Bind(Blob{EncodeDigest(digest)});
}

Statement& Statement::Bind(const Timestamp& time) {
  return Bind(Blob{EncodeTime(time)});
}

Statement& Statement::Bind(const std::optional<Timestamp>& time) {
  return time ? Bind(*time) : BindNull();
}

Statement& Statement::Bind(const std::optional<int64_t>& value) {
  return value ? Bind(*value) : BindNull();
}

Statement& Statement::BindNull() {
  rep_->Note(sqlite3_bind_null(rep_->handle.get(), rep_->next_parameter++));
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (rep_->bind_error != SQLITE_OK) return StatusOf(rep_->bind_error, rep_->owner->db.get(), rep_->owner->path);
  const int code = sqlite3_step(rep_->handle.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return StatusOf(code, rep_->owner->db.get(), rep_->owner->path);
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = Step();
  // The answer was taken from Step; reset repeats it.
  sqlite3_reset(rep_->handle.get());
  rep_->next_parameter = 1;
  if (!row.ok()) return row.status();
  CDI_CHECK(!*row, "a statement run for its effect returned a row");
  return absl::OkStatus();
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(rep_->handle.get(), column) == SQLITE_NULL;
}

int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(rep_->handle.get(), column);
}

std::string Statement::Text(int column) const {
  return std::string(Bytes(column));
}

std::string_view Statement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(rep_->handle.get(), column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(rep_->handle.get(), column));
  return bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size);
}

Digest128 Statement::Digest(int column) const {
  return DecodeDigest(Bytes(column));
}

Timestamp Statement::Time(int column) const {
  return DecodeTime(Bytes(column));
}

std::optional<Timestamp> Statement::OptionalTime(int column) const {
  return IsNull(column) ? std::nullopt : std::optional<Timestamp>(Time(column));
}

}  // namespace cdi::state
