#include "server/key_import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"

namespace cdi::server {
namespace {

constexpr size_t kFileBytesMax = 64 << 10;
constexpr size_t kNameBytesMax = 255;

absl::Status Refuse(std::string_view reason, const std::string& message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

// Call right after the failed system call: it reads errno.
absl::Status Unreadable(std::string_view what) {
  const int error = errno;
  return Refuse("KEY_IMPORT_UNREADABLE", absl::StrCat("cannot read ", std::string(what), ": ", std::strerror(error),
                                                      error == ELOOP ? " (a link is not followed)" : ""));
}

absl::Status CheckFileName(const std::string& file, std::string_view field) {
  const bool bare = !file.empty() && file.size() <= kNameBytesMax && file.find('/') == std::string::npos &&
                    file.find('\0') == std::string::npos && file[0] != '.';
  if (bare) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(std::string(field), " must be the name of a file in the server's ",
                                          "key_import_dir, without a directory and not beginning with a dot; got ",
                                          JsonQuote(CutText(file, 100))));
}

absl::Status CheckOwnerAndMode(int fd, std::string_view what, bool directory) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) return Unreadable(what);
  if (!directory && !S_ISREG(facts.st_mode)) {
    return Refuse("KEY_IMPORT_UNSAFE", absl::StrCat(std::string(what), " is not a regular file"));
  }
  if (facts.st_uid != geteuid() && facts.st_uid != 0) {
    return Refuse("KEY_IMPORT_UNSAFE", absl::StrCat(std::string(what), " belongs to user id ", facts.st_uid,
                                                    "; chown it to the server's user id ", geteuid()));
  }
  const unsigned forbidden = directory ? (S_IWGRP | S_IWOTH) : (S_IRWXG | S_IRWXO);
  if ((facts.st_mode & forbidden) == 0) return absl::OkStatus();
  return Refuse("KEY_IMPORT_UNSAFE",
                absl::StrCat(std::string(what), absl::StrFormat(" has mode %04o; ", facts.st_mode & 07777U),
                             directory ? "others could put keys there: chmod it to 0700"
                                       : "others may have read it: chmod it to 0600, and make a new key instead when "
                                         "this machine has other users"));
}

absl::StatusOr<Secret> ReadAll(int fd, const std::string& file) {
  std::vector<char> bytes(kFileBytesMax + 1);
  const absl::Cleanup wipe = [&bytes] { WipeBytes(bytes.data(), bytes.size()); };
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(file);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size == 0) return Refuse("KEY_IMPORT_UNREADABLE", absl::StrCat(file, " is empty"));
  if (size > kFileBytesMax) return Refuse("KEY_IMPORT_UNREADABLE", absl::StrCat(file, " is larger than 64 KiB"));
  return Secret(std::string_view(bytes.data(), size));
}

}  // namespace

absl::StatusOr<Secret> ReadImportFile(const std::string& directory, const std::string& file, std::string_view field) {
  CDI_RETURN_IF_ERROR(CheckFileName(file, field));
  if (directory.empty()) {
    return Refuse("KEY_IMPORT_OFF",
                  "this server imports no keys: set key_import_dir in its configuration to a directory of mode 0700 "
                  "and put the key file there");
  }
  const int folder = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return Unreadable("key_import_dir");
  const absl::Cleanup close_folder = [folder] { (void)close(folder); };
  CDI_RETURN_IF_ERROR(CheckOwnerAndMode(folder, "key_import_dir", true));
  const int fd = openat(folder, file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Unreadable(file);
  const absl::Cleanup close_file = [fd] { (void)close(fd); };
  CDI_RETURN_IF_ERROR(CheckOwnerAndMode(fd, file, false));
  return ReadAll(fd, file);
}

absl::Status InRequestWords(const absl::Status& refused) {
  const ErrorDetails details = ErrorDetailsOf(refused);
  const auto field = details.find("field");
  if (!absl::IsInvalidArgument(refused) || field == details.end()) return refused;
  const std::string message = absl::StrReplaceAll(refused.message(), {{"private_key", "file"}});
  if (field->second == "private_key") return InvalidField("file", message);
  if (field->second == "passphrase") return InvalidField("passphrase_file", message);
  return refused;
}

}  // namespace cdi::server
