// SQLite behind RAII: a connection, its statements, and its errors as absl::Status.
//
// A raw sqlite3* or sqlite3_stmt* never leaves sqlite_db.cc. One thread uses a Database at a time. A Statement must die
// before its Database.
//
// Errors (reason in the status, see base/error.h):
//   kResourceExhausted STATE_DISK_FULL   no room for the write; nothing of the transaction was kept
//   kDataLoss          STATE_DAMAGED     the file is not what was written: a flipped bit, a cut file, another format
//   kDataLoss          STATE_IO_ERROR    the system could not read or write the file
//   kUnavailable       STATE_BUSY        another connection holds a lock for longer than the time-out
//   kFailedPrecondition STATE_READ_ONLY  the file or its directory cannot be written
//   kAlreadyExists     STATE_CONSTRAINT  a unique key exists already (callers turn it into words of their own)
//   kInternal          STATE_ERROR       anything else: a bug here
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/digest.h"
#include "base/timestamp.h"

namespace cdi::state {

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

// One prepared statement, taken from its connection's cache and given back, reset, when this object dies.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Parameters are bound from the first to the last, by value. A failure shows at the next Step.
  Statement& Bind(int64_t value);
  Statement& Bind(std::string_view text);
  Statement& Bind(Blob blob);
  Statement& Bind(const Digest128& digest);               // 16 bytes
  Statement& Bind(const Timestamp& time);                 // 12 bytes that sort as the time does
  Statement& Bind(const std::optional<Timestamp>& time);  // NULL when there is none
  Statement& Bind(const std::optional<int64_t>& value);
  Statement& BindNull();

  // True: a row is there; false: done.
  absl::StatusOr<bool> Step();
  // For statements without rows. Ready to be bound and run again afterwards.
  absl::Status Run();

  bool IsNull(int column) const;
  int64_t Int(int column) const;
  uint64_t Uint(int column) const { return static_cast<uint64_t>(Int(column)); }
  std::string Text(int column) const;
  // Valid until the next Step.
  std::string_view Bytes(int column) const;
  Digest128 Digest(int column) const;
  Timestamp Time(int column) const;
  std::optional<Timestamp> OptionalTime(int column) const;

 private:
  friend class Database;
  struct Rep;
  explicit Statement(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

struct OpenOptions {
  bool read_only = false;
  bool create = false;        // a file that is not there is made, mode 0600
  const char* vfs = nullptr;  // a registered VFS; null: the one with page checksums (page_checksum_vfs.h)
  int page_size = 8192;       // of a new file
};

class Database {
 public:
  // Opens one file and sets the pragmas that every connection needs (WAL, synchronous=FULL, foreign keys, no mmap).
  static absl::StatusOr<Database> Open(const std::string& path, const OpenOptions& options);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // `sql` is one statement and outlives the connection (a literal): its address is the key of the cache.
  absl::StatusOr<Statement> Prepare(const char* sql);
  // Binds, runs, answers nothing: for statements without rows.
  template <typename... Args>
  absl::Status Execute(const char* sql, const Args&... args) {
    auto statement = Prepare(sql);
    if (!statement.ok()) return statement.status();
    (statement->Bind(args), ...);
    return statement->Run();
  }
  // Any number of statements, not cached: schema scripts, pragmas.
  absl::Status ExecuteScript(const std::string& sql);

  int64_t last_insert_id() const;
  // Rows touched by the last INSERT, UPDATE or DELETE.
  int64_t changes() const;
  bool in_transaction() const;
  const std::string& path() const;

  // The first problem that PRAGMA quick_check finds, as kDataLoss.
  absl::Status QuickCheck();
  // Moves the WAL into the file, so that a clean stop leaves one file.
  absl::Status Checkpoint();

 private:
  friend class Statement;
  struct Rep;
  explicit Database(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

// True for a failure of the store itself, which ends the whole transaction, as against a refusal in words of ours.
bool IsStorageFailure(const absl::Status& status);

// The 12 bytes of a time: they sort as the time does.
std::string EncodeTime(const Timestamp& time);
Timestamp DecodeTime(std::string_view bytes);
std::string EncodeDigest(const Digest128& digest);
Digest128 DecodeDigest(std::string_view bytes);

}  // namespace cdi::state
