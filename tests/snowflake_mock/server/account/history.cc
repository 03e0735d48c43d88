#include "tests/snowflake_mock/server/account/history.h"

namespace cdi::snowflake_mock {
namespace {

// What a result holds in memory, about.
int64_t MemoryOf(const ResultSet& result) {
  size_t bytes = 256 + result.inline_rows.size() + result.columns.size() * 128;
  for (const ResultChunk& chunk : result.chunks) bytes += chunk.gzip_body.size() + 64;
  return static_cast<int64_t>(bytes);
}

}  // namespace

void QueryHistory::Add(QueryRecord record) {
  const std::lock_guard lock(mutex_);
  const auto entry = std::make_shared<QueryRecord>(std::move(record));
  by_id_[entry->id] = entry;
  records_.push_back(entry);
  while (records_.size() > records_max_) {
    Drop(*records_.front());
    by_id_.erase(records_.front()->id);
    records_.pop_front();
  }
}

void QueryHistory::Update(const std::string& id, const std::function<void(QueryRecord&)>& change) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  QueryRecord& record = *found->second;
  if (record.result != nullptr) kept_bytes_ -= MemoryOf(*record.result);
  change(record);
  if (record.result != nullptr) kept_bytes_ += MemoryOf(*record.result);
  DropOverBudget();
}

std::optional<QueryRecord> QueryHistory::Find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return *found->second;
}

std::vector<QueryRecord> QueryHistory::Queries() {
  const std::lock_guard lock(mutex_);
  std::vector<QueryRecord> copies;
  copies.reserve(records_.size());
  for (const auto& record : records_) copies.push_back(*record);
  return copies;
}

std::vector<QueryRecord> QueryHistory::Running() {
  const std::lock_guard lock(mutex_);
  std::vector<QueryRecord> copies;
  for (const auto& record : records_) {
    if (record->ended_ns == 0) copies.push_back(*record);
  }
  return copies;
}

void QueryHistory::SetResultBudget(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  budget_bytes_ = bytes;
  DropOverBudget();
}

void QueryHistory::DropResults(int64_t before_ns) {
  const std::lock_guard lock(mutex_);
  for (const auto& record : records_) {
    if (record->ended_ns > 0 && record->ended_ns < before_ns) Drop(*record);
  }
}

void QueryHistory::DropOverBudget() {
  for (auto record = records_.begin(); kept_bytes_ > budget_bytes_ && record != records_.end(); ++record) {
    // The newest stays, whatever its size: somebody is about to read it.
    if (record + 1 == records_.end()) break;
    Drop(**record);
  }
}

void QueryHistory::Drop(QueryRecord& record) {
  if (record.result == nullptr) return;
  kept_bytes_ -= MemoryOf(*record.result);
  record.result = nullptr;
  record.result_dropped = true;
}

}  // namespace cdi::snowflake_mock
