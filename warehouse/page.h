// A block of rows as a warehouse handed them over: immutable once built, shared between threads by pointer, one arena
// of bytes for all cells.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/timestamp.h"

namespace cdi::warehouse {

// What a selected column means to the ingestion service (spec: Braze CDI source tables). The cursor column is kept
// apart as a Timestamp.
enum class ColumnRole : uint8_t { kExternalId, kAliasName, kAliasLabel, kBrazeId, kEmail, kPhone, kPayload };
inline constexpr size_t kColumnRoleCount = 7;
// EXTERNAL_ID, ALIAS_NAME, …: the names that a source table must use.
std::string_view ColumnRoleName(ColumnRole role);

class Page {
 public:
  size_t size() const { return rows_.size(); }
  // Bytes of the arena: what this page weighs in a queue.
  size_t bytes() const { return arena_.size(); }

  const Timestamp& cursor(size_t row) const { return rows_[row].cursor; }
  // Over every selected column with type and NULL tags: equal rows have equal digests, and are distinct rows all the
  // same.
  const Digest128& digest(size_t row) const { return rows_[row].digest; }
  // nullopt: NULL, or the table has no such column, or the cell is oversize.
  std::optional<std::string_view> cell(size_t row, ColumnRole role) const {
    const Cell& c = rows_[row].cells[static_cast<size_t>(role)];
    if (c.size == kNull || c.size == kOversize) return std::nullopt;
    return std::string_view(arena_).substr(c.offset, c.size);
  }
  // True size in bytes of a cell that was over the row cap and therefore not fetched; 0 for every other cell.
  uint64_t oversize_bytes(size_t row) const { return rows_[row].oversize_bytes; }

 private:
  friend class PageBuilder;
  static constexpr uint32_t kNull = 0xffffffff;
  static constexpr uint32_t kOversize = 0xfffffffe;
  struct Cell {
    uint32_t offset = 0;
    uint32_t size = kNull;
  };
  struct Row {
    Timestamp cursor;
    Digest128 digest;
    std::array<Cell, kColumnRoleCount> cells;
    uint64_t oversize_bytes = 0;
  };
  std::string arena_;
  std::vector<Row> rows_;
};

// Builds one page row by row; used by the ODBC fetch, by replays of parked rows, and by tests.
class PageBuilder {
 public:
  PageBuilder();
  void Reserve(size_t rows, size_t bytes);
  void StartRow(const Timestamp& cursor);
  void SetCell(ColumnRole role, std::string_view text);
  // `bytes` is the true size; `content_hash` stands for the content in the row's digest.
  void SetOversize(ColumnRole role, uint64_t bytes, std::string_view content_hash);
  // Computes the row's digest. Cells not set are NULL.
  void FinishRow();
  // Finishes the row with a digest known from before: a replayed row keeps its identity.
  void FinishRowAs(const Digest128& digest);
  size_t size() const;
  // Bytes of the arena so far.
  size_t bytes() const;
  // Of the row finished last.
  const Digest128& last_digest() const;
  // Takes the row finished last out again.
  void DropRow();
  std::shared_ptr<const Page> Build();  // leaves the builder empty

 private:
  std::shared_ptr<Page> page_;
  Hasher128 hasher_;
  std::array<std::string, kColumnRoleCount> oversize_hashes_;
};

}  // namespace cdi::warehouse
