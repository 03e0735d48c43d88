#include "ingest/batch_book.h"

#include "base/check.h"

namespace cdi::ingest {

Batch& BatchBook::Add(std::vector<RowSeq> rows, std::vector<uint32_t> users) {
  auto batch = std::make_unique<Batch>();
  batch->id = BatchId{++last_id_};
  batch->rows = std::move(rows);
  batch->users = std::move(users);
  Batch& added = *batch;
  batches_.emplace(added.id, std::move(batch));
  return added;
}

Batch* BatchBook::Find(BatchId id) {
  const auto found = batches_.find(id);
  return found == batches_.end() ? nullptr : found->second.get();
}

void BatchBook::MakeReady(Batch& batch, SlotNeed need) {
  batch.state = Batch::State::kReady;
  batch.need = need;
  ready_[static_cast<size_t>(need)].push_back(&batch);
}

void BatchBook::BackOff(Batch& batch, SlotNeed need, MonoTime due) {
  batch.state = Batch::State::kBackingOff;
  batch.need = need;
  batch.due = due;
  backing_off_.emplace(std::pair(due, batch.id), &batch);
}

void BatchBook::WakeDue(MonoTime now) {
  while (!backing_off_.empty() && backing_off_.begin()->first.first <= now) {
    Batch& batch = *backing_off_.begin()->second;
    backing_off_.erase(backing_off_.begin());
    MakeReady(batch, batch.need);
  }
}

std::optional<MonoTime> BatchBook::next_due() const {
  if (backing_off_.empty()) return std::nullopt;
  return backing_off_.begin()->first.first;
}

Batch* BatchBook::TakeReady(SlotNeed need) {
  auto& queue = ready_[static_cast<size_t>(need)];
  if (queue.empty()) return nullptr;
  Batch* batch = queue.front();
  queue.pop_front();
  batch->state = Batch::State::kIdle;
  return batch;
}

bool BatchBook::NextPart(Batch& batch) {
  CDI_CHECK(batch.state == Batch::State::kIdle, "only a settled part has a successor");
  if (batch.rest.empty()) return false;
  auto node = batches_.extract(batch.id);
  batch.rows = std::move(batch.rest.back());
  batch.rest.pop_back();
  batch.id = BatchId{++last_id_};
  batch.attempt = 0;
  batch.ambiguous = 0;
  batch.failures = 0;
  node.key() = batch.id;
  batches_.insert(std::move(node));
  MakeReady(batch, SlotNeed::kFresh);
  return true;
}

std::vector<uint32_t> BatchBook::Remove(Batch& batch) {
  CDI_CHECK(batch.state == Batch::State::kIdle && batch.rest.empty(), "only a batch that is over is removed");
  std::vector<uint32_t> users = std::move(batch.users);
  batches_.erase(BatchId{batch.id});
  return users;
}

std::pair<std::vector<RowSeq>, std::vector<RowSeq>> SplitByCount(const std::vector<RowSeq>& rows) {
  CDI_CHECK(rows.size() >= 2, "a single row cannot be split");
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>((rows.size() + 1) / 2);
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

std::pair<std::vector<RowSeq>, std::vector<RowSeq>> SplitByBytes(const std::vector<RowSeq>& rows,
                                                                 const RowTable& table) {
  CDI_CHECK(rows.size() >= 2, "a single row cannot be split");
  uint64_t total = 0;
  for (const RowSeq seq : rows) total += table.at(seq).object_bytes;
  uint64_t left_bytes = 0;
  auto middle = rows.begin();
  while (middle != rows.end() - 1 &&
         (middle == rows.begin() || left_bytes + table.at(*middle).object_bytes <= total / 2)) {
    left_bytes += table.at(*middle).object_bytes;
    ++middle;
  }
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

}  // namespace cdi::ingest
