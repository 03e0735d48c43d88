// The directory that holds all state: who may read it, and who has it.
//
//   state.db, state.db-wal, state.db-shm   SQLite
//   state.lock                             held (flock) by the one process that may write
//   segments/                              the row logs of ended runs
//
// Directories are 0700, files 0600: what stands in them is personal data and sealed keys.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace cdi::state {

// A file descriptor; closing it gives up its lock.
class FileHandle {
 public:
  explicit FileHandle(int fd = -1) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(other.Release()) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();
  int get() const { return fd_; }

 private:
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  int fd_;
};

std::string DatabasePath(const std::string& directory);
std::string SegmentDirectory(const std::string& directory);

// Makes what is missing, refuses what others may read, takes the lock.
//   kFailedPrecondition STATE_MODE     the directory, or a file in it, is open to others or belongs to somebody else
//   kFailedPrecondition STATE_LOCKED   another process has it
//   kFailedPrecondition STATE_READ_ONLY  it cannot be made or written
absl::StatusOr<FileHandle> LockStateDirectory(const std::string& directory);

// Makes a file's or a directory's entry durable.
absl::Status SyncPath(const std::string& path);

}  // namespace cdi::state
