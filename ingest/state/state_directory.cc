#include "ingest/state/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace cdi::state {
namespace {

absl::Status CannotUse(const std::string& path, const char* what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_READ_ONLY",
                   absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno),
                                ". The server's user needs a directory of its own for state"));
}

absl::Status RefuseOpenToOthers(const std::string& path, mode_t wanted) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) return errno == ENOENT ? absl::OkStatus() : CannotUse(path, "look at");
  if (S_ISLNK(facts.st_mode)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_MODE",
                     absl::StrCat(path, " is a symbolic link; name the real place"));
  }
  if (facts.st_uid != geteuid()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_MODE",
                     absl::StrCat(path, " belongs to user ", facts.st_uid, ", the server runs as ", geteuid(),
                                  "; chown it or run the server as its owner"));
  }
  const mode_t mode = facts.st_mode & 07777;
  if ((mode & 077) != 0) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "STATE_MODE",
        absl::StrFormat("%s has mode %04o and others may use it; run: chmod %04o %s", path, mode, wanted, path));
  }
  return absl::OkStatus();
}

absl::Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return CannotUse(path, "make");
  CDI_RETURN_IF_ERROR(RefuseOpenToOthers(path, 0700));
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return CannotUse(path, "look at");
  if (!S_ISDIR(facts.st_mode)) {
    errno = ENOTDIR;
    return CannotUse(path, "use");
  }
  return absl::OkStatus();
}

}  // namespace

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) close(fd_);
}

std::string DatabasePath(const std::string& directory) {
  return directory + "/state.db";
}

std::string SegmentDirectory(const std::string& directory) {
  return directory + "/segments";
}

absl::StatusOr<FileHandle> LockStateDirectory(const std::string& directory) {
  CDI_RETURN_IF_ERROR(MakeDirectory(directory));
  CDI_RETURN_IF_ERROR(MakeDirectory(SegmentDirectory(directory)));
  const std::string lock_path = directory + "/state.lock";
  for (const std::string& path : {DatabasePath(directory), DatabasePath(directory) + "-wal", lock_path}) {
    CDI_RETURN_IF_ERROR(RefuseOpenToOthers(path, 0600));
  }
  FileHandle lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return CannotUse(lock_path, "open");
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return CannotUse(lock_path, "lock");
    return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_LOCKED",
                     absl::StrCat("another process uses the state in ", directory,
                                  "; stop it, or give this server a directory of its own"));
  }
  // SQLite makes new files with the mode of the database: make that first, so that nobody else can read it ever.
  const std::string database = DatabasePath(directory);
  const FileHandle file(open(database.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return CannotUse(database, "open");
  CDI_RETURN_IF_ERROR(SyncPath(directory));
  return lock;
}

absl::Status SyncPath(const std::string& path) {
  const FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() >= 0 && fsync(file.get()) == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kDataLoss, "STATE_IO_ERROR",
                   absl::StrCat("cannot sync ", path, ": ", std::strerror(errno), ". Check its disk"));
}

}  // namespace cdi::state
