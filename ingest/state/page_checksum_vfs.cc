#include "ingest/state/page_checksum_vfs.h"

#include <sqlite3.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

namespace cdi::state {
namespace {

constexpr char kVfsName[] = "cdi-page-checksums";
constexpr int kPageSizeMin = 512;

// SQLite allocates szOsFile bytes: this, then the file of the VFS below.
struct CheckedFile {
  sqlite3_file base;
  sqlite3_file* below;
  std::vector<char>* page;  // a copy to write the checksum into; SQLite's own buffer is not ours to change
};

sqlite3_vfs* below_vfs = nullptr;
sqlite3_vfs checked_vfs;

CheckedFile* Checked(sqlite3_file* file) {
  return reinterpret_cast<CheckedFile*>(file);
}
sqlite3_file* Below(sqlite3_file* file) {
  return Checked(file)->below;
}

// Everything but looks at the header comes in whole pages.
bool IsWholePage(int size, sqlite3_int64 offset) {
  return size >= kPageSizeMin && (size & (size - 1)) == 0 && offset % size == 0;
}

uint64_t ChecksumOf(const char* page, int size, sqlite3_int64 offset) {
  return XXH3_64bits_withSeed(page, static_cast<size_t>(size - kPageChecksumBytes),
                              static_cast<uint64_t>(offset / size));
}

bool IsIntact(const char* page, int size, sqlite3_int64 offset) {
  uint64_t stored = 0;
  std::memcpy(&stored, page + size - kPageChecksumBytes, sizeof stored);
  if (stored == ChecksumOf(page, size, offset)) return true;
  return stored == 0 && std::all_of(page, page + size, [](char c) { return c == 0; });
}

int Close(sqlite3_file* file) {
  delete Checked(file)->page;
  Checked(file)->page = nullptr;
  return Below(file)->pMethods->xClose(Below(file));
}

int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  const int code = Below(file)->pMethods->xRead(Below(file), to, size, offset);
  if (code != SQLITE_OK || !IsWholePage(size, offset)) return code;
  return IsIntact(static_cast<const char*>(to), size, offset) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  if (!IsWholePage(size, offset)) return Below(file)->pMethods->xWrite(Below(file), from, size, offset);
  const char* page = static_cast<const char*>(from);
  try {
    Checked(file)->page->assign(page, page + size);
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  }
  const uint64_t checksum = ChecksumOf(page, size, offset);
  std::memcpy(Checked(file)->page->data() + size - kPageChecksumBytes, &checksum, sizeof checksum);
  return Below(file)->pMethods->xWrite(Below(file), Checked(file)->page->data(), size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return Below(file)->pMethods->xTruncate(Below(file), size);
}
int Sync(sqlite3_file* file, int flags) {
  return Below(file)->pMethods->xSync(Below(file), flags);
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Below(file)->pMethods->xFileSize(Below(file), size);
}
int Lock(sqlite3_file* file, int level) {
  return Below(file)->pMethods->xLock(Below(file), level);
}
int Unlock(sqlite3_file* file, int level) {
  return Below(file)->pMethods->xUnlock(Below(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Below(file)->pMethods->xCheckReservedLock(Below(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Below(file)->pMethods->xFileControl(Below(file), operation, argument);
}
int SectorSize(sqlite3_file* file) {
  return Below(file)->pMethods->xSectorSize(Below(file));
}
int DeviceCharacteristics(sqlite3_file* file) {
  return Below(file)->pMethods->xDeviceCharacteristics(Below(file));
}
int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return Below(file)->pMethods->xShmMap(Below(file), region, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Below(file)->pMethods->xShmLock(Below(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) {
  Below(file)->pMethods->xShmBarrier(Below(file));
}
int ShmUnmap(sqlite3_file* file, int remove) {
  return Below(file)->pMethods->xShmUnmap(Below(file), remove);
}

// Version 2: with shared memory for the WAL, without memory mapping of the file.
constexpr sqlite3_io_methods kCheckedMethods = {2,
                                                Close,
                                                Read,
                                                Write,
                                                Truncate,
                                                Sync,
                                                FileSize,
                                                Lock,
                                                Unlock,
                                                CheckReservedLock,
                                                FileControl,
                                                SectorSize,
                                                DeviceCharacteristics,
                                                ShmMap,
                                                ShmLock,
                                                ShmBarrier,
                                                ShmUnmap,
                                                nullptr,
                                                nullptr};

int Open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return below_vfs->xOpen(below_vfs, name, file, flags, out_flags);
  CheckedFile* checked = Checked(file);
  checked->base.pMethods = nullptr;
  checked->below = reinterpret_cast<sqlite3_file*>(checked + 1);
  checked->page = new (std::nothrow) std::vector<char>;
  if (checked->page == nullptr) return SQLITE_NOMEM;
  const int code = below_vfs->xOpen(below_vfs, name, checked->below, flags, out_flags);
  if (checked->below->pMethods != nullptr) {
    checked->base.pMethods = &kCheckedMethods;
  } else {
    delete checked->page;
    checked->page = nullptr;
  }
  return code;
}

bool Register() {
  below_vfs = sqlite3_vfs_find(nullptr);
  if (below_vfs == nullptr) return false;
  checked_vfs = *below_vfs;
  checked_vfs.zName = kVfsName;
  checked_vfs.pNext = nullptr;
  checked_vfs.szOsFile = static_cast<int>(sizeof(CheckedFile)) + below_vfs->szOsFile;
  checked_vfs.xOpen = Open;
  return sqlite3_vfs_register(&checked_vfs, 0) == SQLITE_OK;
}

}  // namespace

const char* RegisterPageChecksumVfs() {
  static const bool registered = Register();
  return registered ? kVfsName : nullptr;
}

}  // namespace cdi::state
