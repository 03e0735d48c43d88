#include "ingest/state/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/fault_point.h"
#include "base/status_macros.h"
#include "ingest/state/row_codec.h"
#include "ingest/state/sqlite_db.h"
#include "ingest/state/state_directory.h"

namespace cdi::state {
namespace {

constexpr std::string_view kMagic = "CDISEG1\n";
constexpr std::string_view kEndMagic = "CDISEGE\n";
constexpr size_t kPiece = size_t{1} << 20;
constexpr size_t kBlock = 4096;
constexpr size_t kUserEntry = 28;
constexpr size_t kUsersPerBlock = 145;
constexpr size_t kFooter = 5 * 8 + 32 + 8;
constexpr int kCompressionLevel = 1;  // digests do not compress; cursors and heads do at any level

struct UserEntry {
  Digest128 user;
  Timestamp cursor;
};

absl::Status Damaged(const std::string& path, std::string_view what) {
  return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED",
                   absl::StrCat(path, " is damaged: ", std::string(what),
                                ". Put the file from the last backup of the state directory in its place"));
}

absl::Status SystemFailure(const std::string& path, const char* what) {
  if (errno == ENOSPC || errno == EDQUOT) {
    return MakeError(absl::StatusCode::kResourceExhausted, "STATE_DISK_FULL",
                     absl::StrCat("no room to write ", path, ". Free space on its disk"));
  }
  return MakeError(absl::StatusCode::kDataLoss, "STATE_IO_ERROR",
                   absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno), ". Check its disk"));
}

void AppendFixed(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

uint64_t ReadFixed(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = (value << 8) | static_cast<uint8_t>(bytes[i]);
  return value;
}

// SHA-256 over pieces: each step hashes the result so far with the hash of the next piece.
class PieceHash {
 public:
  void Add(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t take = std::min(bytes.size(), kPiece - piece_.size());
      piece_.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      if (piece_.size() == kPiece) Fold();
    }
  }
  std::string Finish() {
    if (!piece_.empty()) Fold();
    return hash_;
  }

 private:
  void Fold() {
    hash_ = Sha256(hash_ + Sha256(piece_));
    piece_.clear();
  }
  std::string piece_;
  std::string hash_ = std::string(32, '\0');
};

struct Footer {
  uint64_t log_bytes = 0;  // from the magic's end
  uint64_t entries = 0;
  uint64_t index_blocks = 0;
  uint64_t users = 0;
  uint64_t accepted_rows = 0;
  std::string sha256;
};

absl::StatusOr<std::string> ReadAt(int fd, const std::string& path, uint64_t offset, size_t size) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemFailure(path, "read");
    if (got == 0) return Damaged(path, "it is cut");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

struct OpenSegment {
  FileHandle file;
  uint64_t size = 0;
  Footer footer;
};

absl::StatusOr<OpenSegment> OpenForReading(const std::string& path) {
  OpenSegment segment;
  segment.file = FileHandle(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (segment.file.get() < 0) {
    return errno == ENOENT ? Damaged(path, "it is not there") : SystemFailure(path, "open");
  }
  struct stat facts {};
  if (fstat(segment.file.get(), &facts) != 0) return SystemFailure(path, "look at");
  segment.size = static_cast<uint64_t>(facts.st_size);
  if (segment.size < kMagic.size() + kFooter) return Damaged(path, "it is cut");
  CDI_ASSIGN_OR_RETURN(const std::string bytes, ReadAt(segment.file.get(), path, segment.size - kFooter, kFooter));
  if (!bytes.ends_with(kEndMagic)) return Damaged(path, "its end is not one");
  Footer& footer = segment.footer;
  size_t at = 0;
  for (uint64_t* value :
       {&footer.log_bytes, &footer.entries, &footer.index_blocks, &footer.users, &footer.accepted_rows}) {
    *value = ReadFixed(std::string_view(bytes).substr(at, 8));
    at += 8;
  }
  footer.sha256 = bytes.substr(at, 32);
  if (footer.log_bytes > segment.size || footer.index_blocks > segment.size / kBlock ||
      kMagic.size() + footer.log_bytes + footer.index_blocks * kBlock + kFooter != segment.size) {
    return Damaged(path, "its parts do not fill it");
  }
  return segment;
}

absl::Status VerifyWhole(const OpenSegment& segment, const std::string& path,
                         const std::optional<std::string>& sha256) {
  PieceHash hash;
  const uint64_t end = segment.size - 32 - kEndMagic.size();
  for (uint64_t at = 0; at < end; at += kPiece) {
    CDI_ASSIGN_OR_RETURN(const std::string piece, ReadAt(segment.file.get(), path, at,
                                                         static_cast<size_t>(std::min<uint64_t>(kPiece, end - at))));
    hash.Add(piece);
  }
  if (hash.Finish() != segment.footer.sha256) return Damaged(path, "its content does not match its hash");
  if (sha256 && *sha256 != segment.footer.sha256) return Damaged(path, "it is not the file that was recorded");
  return absl::OkStatus();
}

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

// Takes whole entries off the front of `pending`.
absl::Status DrainEntries(std::string& pending, const std::string& path, uint64_t& count,
                          const std::function<absl::Status(LogEntry)>& visit) {
  size_t used = 0;
  while (pending.size() - used >= 8) {
    const std::string_view rest = std::string_view(pending).substr(used);
    const uint64_t size = ReadFixed(rest);
    if (size > (uint64_t{1} << 32)) return Damaged(path, "an entry is too long");
    if (rest.size() - 8 < size) break;
    ByteReader in(rest.substr(8, size));
    LogEntry entry;
    entry.sequence = in.Varint();
    entry.epoch = in.Varint();
    entry.kind = static_cast<LogKind>(in.Byte());
    entry.chain = in.Raw(32);
    entry.body = in.Rest();
    if (!in.ok()) return Damaged(path, "an entry cannot be read");
    used += 8 + size;
    ++count;
    CDI_RETURN_IF_ERROR(visit(std::move(entry)));
  }
  pending.erase(0, used);
  return absl::OkStatus();
}

}  // namespace

std::string SegmentFileName(int64_t run, int part) {
  return absl::StrFormat("%012d.%04d.seg", run, part);
}

// ---- writing ----------------------------------------------------------------------------------------------------

class SegmentWriter::Rep {
 public:
  Rep(std::string directory, const std::string& file_name)
      : directory_(std::move(directory)), path_(directory_ + "/" + file_name), temporary_(path_ + ".tmp") {}

  ~Rep() {
    if (!finished_) unlink(temporary_.c_str());
  }

  absl::Status Open() {
    unlink(temporary_.c_str());  // left by a crash
    file_ = FileHandle(open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file_.get() < 0) return SystemFailure(temporary_, "make");
    compressor_.reset(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(compressor_.get(), ZSTD_c_compressionLevel, kCompressionLevel);
    return Write(kMagic);
  }

  absl::Status Add(const LogEntry& entry) {
    ByteWriter out;
    out.Varint(entry.sequence);
    out.Varint(entry.epoch);
    out.Byte(static_cast<uint8_t>(entry.kind));
    out.Raw(entry.chain);
    out.Raw(entry.body);
    std::string framed;
    AppendFixed(framed, out.bytes().size());
    framed += out.bytes();
    ++entries_;
    return Compress(framed, ZSTD_e_continue);
  }

  void AddAccepted(const Digest128& user, const Timestamp& cursor) {
    users_.push_back({user, cursor});
    ++accepted_rows_;
    if (!cursor_max_ || *cursor_max_ < cursor) cursor_max_ = cursor;
  }

  absl::StatusOr<SegmentFacts> Finish() {
    CDI_RETURN_IF_ERROR(Compress({}, ZSTD_e_end));
    const uint64_t log_bytes = written_ - kMagic.size();
    const uint64_t blocks_before = written_;
    CDI_RETURN_IF_ERROR(WriteIndex());
    std::string footer;
    for (const uint64_t value :
         {log_bytes, entries_, (written_ - blocks_before) / kBlock, uint64_t{users_.size()}, accepted_rows_}) {
      AppendFixed(footer, value);
    }
    CDI_RETURN_IF_ERROR(Write(footer));
    const std::string sha256 = hash_.Finish();
    CDI_RETURN_IF_ERROR(WriteRaw(sha256 + std::string(kEndMagic)));
    if (fsync(file_.get()) != 0) return SystemFailure(temporary_, "sync");
    CDI_FAULT_POINT("state_before_segment_rename");
    if (rename(temporary_.c_str(), path_.c_str()) != 0) return SystemFailure(path_, "rename");
    finished_ = true;
    CDI_FAULT_POINT("state_after_segment_rename");
    CDI_RETURN_IF_ERROR(SyncPath(directory_));
    return SegmentFacts{entries_, accepted_rows_, cursor_max_, written_, sha256};
  }

  uint64_t accepted_rows() const { return accepted_rows_; }

 private:
  absl::Status WriteRaw(std::string_view bytes) {
    written_ += bytes.size();
    while (!bytes.empty()) {
      const ssize_t done = write(file_.get(), bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return SystemFailure(temporary_, "write");
      bytes.remove_prefix(static_cast<size_t>(done));
    }
    return absl::OkStatus();
  }

  absl::Status Write(std::string_view bytes) {
    hash_.Add(bytes);
    return WriteRaw(bytes);
  }

  absl::Status Compress(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::string buffer(ZSTD_CStreamOutSize(), '\0');
    while (true) {
      ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
      const size_t left = ZSTD_compressStream2(compressor_.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0) {
        return MakeError(absl::StatusCode::kInternal, "STATE_ERROR",
                         absl::StrCat("cannot compress ", path_, ": ", ZSTD_getErrorName(left)));
      }
      CDI_RETURN_IF_ERROR(Write(std::string_view(buffer).substr(0, out.pos)));
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return absl::OkStatus();
    }
  }

  // One entry per user, with his greatest cursor.
  absl::Status WriteIndex() {
    std::ranges::sort(users_, [](const UserEntry& a, const UserEntry& b) {
      return a.user != b.user ? a.user < b.user : a.cursor > b.cursor;
    });
    const auto repeated =
        std::ranges::unique(users_, [](const UserEntry& a, const UserEntry& b) { return a.user == b.user; });
    users_.erase(repeated.begin(), repeated.end());
    for (size_t at = 0; at < users_.size(); at += kUsersPerBlock) {
      std::string block;
      const size_t end = std::min(users_.size(), at + kUsersPerBlock);
      for (size_t i = at; i < end; ++i) {
        block += EncodeDigest(users_[i].user);
        block += EncodeTime(users_[i].cursor);
      }
      block.resize(kBlock - 16, '\0');
      AppendFixed(block, end - at);
      AppendFixed(block, Hash128(block).low);
      CDI_RETURN_IF_ERROR(Write(block));
    }
    return absl::OkStatus();
  }

  const std::string directory_;
  const std::string path_;
  const std::string temporary_;
  FileHandle file_;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor_;
  PieceHash hash_;
  std::vector<UserEntry> users_;
  uint64_t entries_ = 0;
  uint64_t accepted_rows_ = 0;
  std::optional<Timestamp> cursor_max_;
  uint64_t written_ = 0;
  bool finished_ = false;
};

SegmentWriter::SegmentWriter(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
SegmentWriter::~SegmentWriter() = default;

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(const std::string& directory,
                                                                     const std::string& file_name) {
  auto rep = std::make_unique<Rep>(directory, file_name);
  CDI_RETURN_IF_ERROR(rep->Open());
  return std::unique_ptr<SegmentWriter>(new SegmentWriter(std::move(rep)));
}

absl::Status SegmentWriter::Add(const LogEntry& entry) {
  return rep_->Add(entry);
}
void SegmentWriter::AddAccepted(const Digest128& user, const Timestamp& cursor) {
  rep_->AddAccepted(user, cursor);
}
uint64_t SegmentWriter::accepted_rows() const {
  return rep_->accepted_rows();
}
absl::StatusOr<SegmentFacts> SegmentWriter::Finish() {
  return rep_->Finish();
}

// ---- reading ----------------------------------------------------------------------------------------------------

absl::Status ForEachSegmentEntry(const std::string& path, const std::optional<std::string>& sha256,
                                 const std::function<absl::Status(LogEntry)>& visit) {
  CDI_ASSIGN_OR_RETURN(const OpenSegment segment, OpenForReading(path));
  CDI_RETURN_IF_ERROR(VerifyWhole(segment, path, sha256));
  const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  std::string pending;
  std::string buffer(ZSTD_DStreamOutSize(), '\0');
  uint64_t count = 0;
  size_t left = 1;  // bytes that zstd still hopes for; 0 at the end of the frame
  for (uint64_t at = 0; at < segment.footer.log_bytes; at += kPiece) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(kPiece, segment.footer.log_bytes - at));
    CDI_ASSIGN_OR_RETURN(const std::string piece, ReadAt(segment.file.get(), path, kMagic.size() + at, size));
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    bool more = true;
    while (in.pos < in.size || more) {
      ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
      left = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(left) != 0) return Damaged(path, ZSTD_getErrorName(left));
      pending.append(buffer, 0, out.pos);
      more = out.pos == out.size;
      CDI_RETURN_IF_ERROR(DrainEntries(pending, path, count, visit));
      if (left == 0) break;
    }
  }
  if (left != 0 || !pending.empty() || count != segment.footer.entries) return Damaged(path, "entries are missing");
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Timestamp>> FindAcceptedUser(const std::string& path, const Digest128& user) {
  CDI_ASSIGN_OR_RETURN(const OpenSegment segment, OpenForReading(path));
  const std::string wanted = EncodeDigest(user);
  const uint64_t index_offset = kMagic.size() + segment.footer.log_bytes;
  uint64_t low = 0;
  uint64_t high = segment.footer.index_blocks;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    CDI_ASSIGN_OR_RETURN(const std::string bytes,
                         ReadAt(segment.file.get(), path, index_offset + middle * kBlock, kBlock));
    const std::string_view block(bytes);
    const uint64_t count = ReadFixed(block.substr(kBlock - 16, 8));
    if (ReadFixed(block.substr(kBlock - 8)) != Hash128(block.substr(0, kBlock - 8)).low || count == 0 ||
        count > kUsersPerBlock) {
      return Damaged(path, "a block of its index does not match its checksum");
    }
    const auto user_at = [&](uint64_t i) { return block.substr(i * kUserEntry, 16); };
    if (wanted < user_at(0)) {
      high = middle;
    } else if (wanted > user_at(count - 1)) {
      low = middle + 1;
    } else {
      for (uint64_t i = 0; i < count; ++i) {
        if (user_at(i) == wanted) return std::optional<Timestamp>(DecodeTime(block.substr(i * kUserEntry + 16, 12)));
      }
      return std::optional<Timestamp>();
    }
  }
  return std::optional<Timestamp>();
}

}  // namespace cdi::state
