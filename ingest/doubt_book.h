// Rows that were sent before a crash without a recorded outcome: nobody knows whether Braze took them.
//
// For RESEND they are only marked when they are read again. For HOLD each such batch is parked as a whole, in one write
// together with the record that resolves it: as soon as all its rows were read again, or as soon as it is certain that
// the missing ones will not come. Until then the store still knows it as in doubt, so another crash forgets nothing.
// Internal to the run machine; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ingest/row_table.h"
#include "ingest/run_record.h"

namespace cdi::ingest {

class DoubtBook {
 public:
  struct Row {
    RowMark mark;
    RowSeq seq = kNoRow;  // where it was read again; kNoRow: not (yet)
  };
  struct DoubtfulBatch {
    BatchId id;
    int attempt = 1;
    std::vector<Row> rows;  // in body order
    size_t missing = 0;
    Timestamp last;  // the greatest cursor in it
  };
  // Where a row read again belongs.
  struct Place {
    uint32_t batch = 0;
    uint32_t row = 0;
  };

  void Load(const std::vector<Progress::InDoubt>& in_doubt);

  bool empty() const { return open_ == 0; }
  // Uses up one matching entry. nullopt: the row is not in doubt.
  std::optional<Place> Match(const RowMark& mark);
  void SetRead(Place place, RowSeq seq);

  // Takes out the batches that are complete or, where `passed` is a cursor that a row read since lies at, that lie
  // wholly before it.
  std::vector<DoubtfulBatch> TakeComplete(const std::optional<Timestamp>& passed);
  std::vector<DoubtfulBatch> TakeAll();

 private:
  struct Entry {
    RowMark mark;
    Place place;
    bool used = false;
  };
  std::vector<std::optional<DoubtfulBatch>> batches_;
  std::vector<Entry> entries_;  // by place, content, parked id
  size_t open_ = 0;
};

}  // namespace cdi::ingest
