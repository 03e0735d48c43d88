#include "keys/master_key.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "keys/concat.h"
#include "keys/openssl_error.h"

namespace cdi::keys {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kHexDigits = 2 * kKeyBytes;
constexpr size_t kBase64Characters = 44;
constexpr size_t kFileBytesMax = 128;
constexpr std::string_view kHowToMake = "make one with: (umask 077; openssl rand -hex 32 > FILE)";

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) (void)close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status Refuse(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

// Call right after the failed system call: it reads errno.
absl::Status SystemRefused(std::string_view action, const std::string& path) {
  const int error = errno;
  return Refuse("MASTER_KEY_UNREADABLE", Concat("cannot ", action, " ", path, ": ", std::strerror(error)));
}

absl::Status Unsafe(std::string_view what, const std::string& path, std::string_view fault, std::string_view fix) {
  return Refuse("MASTER_KEY_UNSAFE", Concat("the master key's ", what, " ", path, " ", fault, "; ", fix));
}

absl::Status CheckDirectory(int fd, const std::string& path) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) return SystemRefused("look at", path);
  if (facts.st_uid != geteuid() && facts.st_uid != 0) {
    return Unsafe("directory", path, Concat("belongs to user id ", facts.st_uid),
                  Concat("whoever owns it can replace the key: chown it to user id ", geteuid(), " or root"));
  }
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Unsafe("directory", path, absl::StrFormat("has mode %04o: others may write to it", facts.st_mode & 07777),
                  "others could replace the key: chmod it to 0700");
  }
  return absl::OkStatus();
}

absl::Status CheckFile(int fd, const std::string& path) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) return SystemRefused("look at", path);
  if (!S_ISREG(facts.st_mode)) return Unsafe("file", path, "is not a regular file", "give a regular file");
  const unsigned mode = facts.st_mode & 07777U;
  if (facts.st_uid != geteuid()) {
    // A credential that systemd lets us read by an access control list, which shows as the group's bits.
    if (facts.st_uid == 0 && facts.st_gid == 0 && (mode == 0400 || mode == 0440)) return absl::OkStatus();
    return Unsafe("file", path, Concat("belongs to user id ", facts.st_uid),
                  Concat("chown it to the service's user id ", geteuid()));
  }
  if (mode != 0600 && mode != 0400) {
    return Unsafe(
        "file", path, absl::StrFormat("has mode %04o", mode),
        "it must be readable by its owner only: chmod it to 0600, and if others could read it, replace the key");
  }
  return absl::OkStatus();
}

absl::StatusOr<MasterKey> ReadKey(int fd, const std::string& path) {
  std::array<char, kFileBytesMax + 1> text{};
  const absl::Cleanup wipe = [&text] { OPENSSL_cleanse(text.data(), text.size()); };
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemRefused("read", path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  return MasterKey::FromText(std::string_view(text.data(), size), Concat("file ", path));
}

absl::Status WriteAndSync(int fd, std::string_view text, const std::string& path) {
  // The mode given to open is cut by the umask; this one is not.
  if (fchmod(fd, 0600) != 0) return SystemRefused("set the mode of", path);
  while (!text.empty()) {
    const ssize_t put = write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return SystemRefused("write", path);
    text.remove_prefix(static_cast<size_t>(put));
  }
  if (fsync(fd) != 0) return SystemRefused("sync", path);
  return absl::OkStatus();
}

// Leaves a whole, synced file under `name`, or none; true when somebody else's file came first.
absl::StatusOr<bool> CreateFile(int directory, const std::string& name, const std::string& path) {
  CDI_ASSIGN_OR_RETURN(const MasterKey key, MasterKey::Generate());
  std::string text = absl::BytesToHexString(ToAbsl(key.bytes().Expose()));
  text += '\n';
  const absl::Cleanup wipe = [&text] { WipeString(text); };
  SystemRng rng;
  const std::string temporary = Concat(".", name, ".", RandomId(rng, 12));
  {
    const FileDescriptor file(
        openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.ok()) return SystemRefused("create", path);
    if (absl::Status written = WriteAndSync(file.get(), text, path); !written.ok()) {
      (void)unlinkat(directory, temporary.c_str(), 0);
      return written;
    }
  }
  if (renameat2(directory, temporary.c_str(), directory, name.c_str(), RENAME_NOREPLACE) != 0) {
    const bool came_second = errno == EEXIST;
    absl::Status refused = SystemRefused("rename to", path);
    (void)unlinkat(directory, temporary.c_str(), 0);
    if (!came_second) return refused;
    return true;
  }
  if (fsync(directory) != 0) return SystemRefused("sync the directory of", path);
  return false;
}

absl::Status Malformed(std::string_view source, std::string_view fault) {
  return Refuse("MASTER_KEY_MALFORMED",
                Concat("the master key from ", source, " ", fault,
                       "; it must be 32 random bytes as 64 hex digits or 44 characters of base64: ", kHowToMake));
}

std::string_view Trimmed(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(ToAbsl(text));
  return {trimmed.data(), trimmed.size()};
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

using KeyBuffer = std::array<unsigned char, kKeyBytes + 1>;  // EVP_DecodeBlock writes the padding's byte too

bool DecodeHex(std::string_view text, KeyBuffer& key) {
  for (size_t i = 0; i < kKeyBytes; ++i) {
    const int high = HexValue(text[2 * i]);
    const int low = HexValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    key[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return true;
}

// By OpenSSL and not by absl: no copy of the key stays in a buffer that nobody wipes.
bool DecodeBase64(std::string_view text, KeyBuffer& key) {
  const OpenSslErrorScope errors;
  if (!text.ends_with('=') || text.substr(0, kBase64Characters - 1).find('=') != std::string_view::npos) return false;
  return EVP_DecodeBlock(key.data(), reinterpret_cast<const unsigned char*>(text.data()),
                         static_cast<int>(text.size())) == static_cast<int>(key.size());
}

}  // namespace

absl::StatusOr<MasterKey> MasterKey::FromText(std::string_view text, std::string_view source) {
  text = Trimmed(text);
  KeyBuffer key{};
  const absl::Cleanup wipe = [&key] { OPENSSL_cleanse(key.data(), key.size()); };
  if (text.size() == kHexDigits) {
    if (!DecodeHex(text, key)) return Malformed(source, "has 64 characters, but not only hex digits");
  } else if (text.size() == kBase64Characters) {
    if (!DecodeBase64(text, key)) return Malformed(source, "has 44 characters, but is not base64 of 32 bytes");
  } else {
    return Malformed(source, text.size() > kFileBytesMax ? "is too long" : Concat("has ", text.size(), " characters"));
  }
  const std::string_view bytes(reinterpret_cast<const char*>(key.data()), kKeyBytes);
  if (bytes.find_first_not_of(bytes.front()) == std::string_view::npos) {
    return Malformed(source, "is one byte repeated, hence a placeholder");
  }
  return MasterKey(Secret(bytes));
}

absl::StatusOr<MasterKey> MasterKey::Generate() {
  std::array<unsigned char, kKeyBytes> key{};
  const absl::Cleanup wipe = [&key] { OPENSSL_cleanse(key.data(), key.size()); };
  if (RAND_priv_bytes(key.data(), static_cast<int>(key.size())) != 1) return OpenSslError("drawing a master key");
  return MasterKey(Secret(std::string_view(reinterpret_cast<const char*>(key.data()), key.size())));
}

absl::StatusOr<MasterKey> MasterKey::LoadFromFile(const std::string& path, MayCreate may_create) {
  const std::filesystem::path whole(path);
  const std::string name = whole.filename().string();
  const std::string directory_path = whole.has_parent_path() ? whole.parent_path().string() : ".";
  if (name.empty() || name == "." || name == "..") {
    return Refuse("MASTER_KEY_UNREADABLE", Concat("the master key's path '", path, "' does not name a file"));
  }
  const FileDescriptor directory(open(directory_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return SystemRefused("open the master key's directory", directory_path);
  CDI_RETURN_IF_ERROR(CheckDirectory(directory.get(), directory_path));

  // From here on everything goes by the directory's descriptor: a swapped path component changes nothing. O_NONBLOCK
  // keeps a FIFO from blocking the start.
  const auto open_key = [&] {
    return openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  };
  int fd = open_key();
  if (fd < 0 && errno == ENOENT) {
    if (may_create == MayCreate::kNo) {
      return Refuse("MASTER_KEY_MISSING", Concat("there is no master key file ", path,
                                                 "; restore it, or if nothing is sealed yet, ", kHowToMake));
    }
    CDI_RETURN_IF_ERROR(CreateFile(directory.get(), name, path).status());
    fd = open_key();
  }
  if (fd < 0 && errno == ELOOP) {
    return Unsafe("file", path, "is a symbolic link", "give the path of the file itself");
  }
  if (fd < 0) return SystemRefused("open the master key's file", path);
  const FileDescriptor file(fd);
  CDI_RETURN_IF_ERROR(CheckFile(file.get(), path));
  return ReadKey(file.get(), path);
}

absl::StatusOr<MasterKey> MasterKey::LoadFromEnv(const std::string& name) {
  char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    return Refuse("MASTER_KEY_MISSING",
                  Concat("the environment variable ", name, ", which should hold the master key, is not set or empty"));
  }
  const size_t size = std::strlen(value);
  absl::StatusOr<MasterKey> key = FromText(std::string_view(value, size), Concat("environment variable ", name));
  OPENSSL_cleanse(value, size);
  (void)unsetenv(name.c_str());
  return key;
}

absl::StatusOr<MasterKey> MasterKey::LoadFromCommand(const std::vector<std::string>& command,
                                                     const SecretCommandLimits& limits) {
  CDI_ASSIGN_OR_RETURN(const Secret printed, RunSecretCommand(command, limits));
  return FromText(printed.Expose(), Concat("command ", command.front()));
}

std::string MasterKey::Id() const {
  constexpr std::string_view kLabel = "cdi master key id, format 1|";
  std::string labelled;
  labelled.reserve(kLabel.size() + kKeyBytes);  // so that no copy is left behind by growing
  const absl::Cleanup wipe = [&labelled] { WipeString(labelled); };
  labelled.append(kLabel).append(bytes_.Expose());
  return Sha256Hex(labelled).substr(0, 8);
}

}  // namespace cdi::keys
