#include "ingest/row_table.h"

#include <utility>

#include "base/check.h"

namespace cdi::ingest {
namespace {

constexpr size_t kRowsAtStart = 64;

// Pages of tests and replays may have no arena.
uint64_t BytesOf(const DecodedPage& page) {
  return page.page == nullptr ? 0 : page.page->bytes();
}

}  // namespace

RowTable::RowTable() : ring_(kRowsAtStart), mask_(kRowsAtStart - 1) {}

uint32_t RowTable::AddPage(std::shared_ptr<const DecodedPage> page) {
  page_bytes_ += BytesOf(*page);
  if (free_pages_.empty()) {
    pages_.push_back({});
    free_pages_.push_back(static_cast<uint32_t>(pages_.size() - 1));
  }
  const uint32_t slot = free_pages_.back();
  free_pages_.pop_back();
  pages_[slot] = PageSlot{.page = std::move(page), .open = 0, .closed = false};
  return slot;
}

RowSeq RowTable::AddRow(uint32_t page, uint32_t index, RowState state) {
  if (end_ - front_ == ring_.size()) {
    std::vector<RowEntry> wider(ring_.size() * 2);
    const uint64_t wider_mask = wider.size() - 1;
    for (RowSeq seq = front_; seq != end_; ++seq) wider[seq & wider_mask] = ring_[seq & mask_];
    ring_ = std::move(wider);
    mask_ = wider_mask;
  }
  const DecodedRow& row = pages_[page].page->rows[index];
  const RowSeq seq = end_++;
  at(seq) = RowEntry{
      .mark = {.cursor = row.cursor, .digest = row.digest, .user = row.user, .parked_id = row.parked_id},
      .next = kNoRow,
      .page = page,
      .index = index,
      .user_slot = 0,
      .object_bytes = row.object_bytes,
      .state = state,
      .maybe_delivered = false,
  };
  if (!IsFinished(state)) {
    ++open_rows_;
    ++pages_[page].open;
  }
  return seq;
}

void RowTable::ClosePage(uint32_t page) {
  pages_[page].closed = true;
  if (pages_[page].open == 0) LetGo(page);
}

RowRef RowTable::Ref(RowSeq seq) const {
  const RowEntry& row = at(seq);
  return RowRef{.page = pages_[row.page].page, .index = row.index};
}

void RowTable::Finish(RowSeq seq, RowState state) {
  RowEntry& row = at(seq);
  CDI_CHECK(seq >= front_ && seq < end_ && !IsFinished(row.state) && IsFinished(state), "a row is finished once");
  row.state = state;
  --open_rows_;
  PageSlot& page = pages_[row.page];
  if (--page.open == 0 && page.closed) LetGo(row.page);
}

void RowTable::LetGo(uint32_t page) {
  page_bytes_ -= BytesOf(*pages_[page].page);
  pages_[page].page.reset();
  free_pages_.push_back(page);
}

}  // namespace cdi::ingest
