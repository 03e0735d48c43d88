// A layer under SQLite that gives every page of the database file a checksum of its own.
//
// The last 8 bytes of each page (SQLite's "reserved" bytes) hold the XXH3-64 of the rest, seeded with the page number:
// a flipped bit, a torn page and a page in the wrong place are all found when the page is read, which SQLite then
// reports as SQLITE_IOERR_DATA. The WAL has checksums of its own and is left as it is. A page of zeros passes: SQLite
// leaves holes where pages were allocated and never written. Memory mapping is not offered, since mapped reads could
// not be checked.
#pragma once

namespace cdi::state {

inline constexpr int kPageChecksumBytes = 8;

// Registers the layer over SQLite's default VFS, once per process; answers its name for sqlite3_open_v2. Thread-safe.
const char* RegisterPageChecksumVfs();

}  // namespace cdi::state
