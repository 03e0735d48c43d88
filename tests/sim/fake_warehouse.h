// A table as a list of row versions with the times at which they became visible and vanished, so that late commits and
// snapshots are what they are in a warehouse; and statements over it, page by page.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "base/rng.h"
#include "ingest/row.h"
#include "ingest/run_record.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/world_params.h"

namespace cdi::sim {

// How Braze sees a row; a property of its content.
enum class Taste : uint8_t { kGood, kNamed, kPoison };

struct TableRow {
  Timestamp cursor;
  bool cursor_null = false;
  uint32_t user = 0;
  uint32_t content = 0;
  Taste taste = Taste::kGood;
  ingest::RowFault fault = ingest::RowFault::kNone;
  uint32_t object_bytes = 20;
  Digest128 digest;  // over everything above: equal rows, equal digests
  MonoTime committed{0};
  std::optional<MonoTime> deleted;
};

// Rows that are equal in every column: nobody can tell them apart, so they are counted together.
struct RowClass {
  TableRow row;
  uint64_t ever = 0;  // versions committed so far
  uint64_t live = 0;
};

class FakeWarehouse {
 public:
  FakeWarehouse(const WorldParams& params, EventLoop& loop, Rng& rng) : params_(params), loop_(loop), rng_(rng) {}

  // A round of work of the people behind the table: inserts, and where the world has them changes, late commits, equal
  // rows, rows dated in the future. Inside the promise of the lag: a row is visible at latest `lag` after its
  // timestamp.
  void Mutate(uint32_t rows);

  ingest::Window Freeze(const std::optional<Timestamp>& lower) const;

  // One statement, one snapshot: the rows in [lower, upper] ordered by cursor; equal cursors in an order of its own.
  std::vector<TableRow> Select(const std::optional<Timestamp>& lower, const Timestamp& upper);
  std::shared_ptr<const ingest::DecodedPage> MakePage(const std::vector<TableRow>& rows, size_t first,
                                                      size_t count) const;

  const std::unordered_map<Digest128, RowClass>& classes() const { return classes_; }
  // The classes at each place, in order.
  const std::map<Timestamp, std::vector<Digest128>>& places() const { return places_; }
  uint64_t rows_ever() const { return rows_.size(); }
  uint64_t deletions() const { return deletions_; }
  static Digest128 UserDigest(uint32_t user);

 private:
  std::shared_ptr<const ingest::DecodedPage> MakeRealPage(const std::vector<TableRow>& rows, size_t first,
                                                          size_t end) const;
  void InsertNew();
  void Commit(TableRow row);
  void PlanCommit(TableRow row);
  void ChangeOne();

  const WorldParams& params_;
  EventLoop& loop_;
  Rng& rng_;
  std::vector<TableRow> rows_;
  std::unordered_map<Digest128, RowClass> classes_;
  std::map<Timestamp, std::vector<Digest128>> places_;
  uint64_t deletions_ = 0;
};

}  // namespace cdi::sim
