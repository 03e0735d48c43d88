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
  text_bytes_ += record.text.size();
  const auto entry = std::make_shared<Entry>(Entry{std::make_shared<const QueryRecord>(std::move(record))});
  by_id_[entry->record->id] = entry;
  entries_.push_back(entry);
  while (entries_.size() > records_max_ || (text_bytes_ > text_bytes_max_ && entries_.size() > 1)) {
    const std::shared_ptr<Entry> oldest = entries_.front();
    Drop(*oldest);
    text_bytes_ -= oldest->record->text.size();
    by_id_.erase(oldest->record->id);
    entries_.pop_front();
  }
}

void QueryHistory::Update(const std::string& id, const std::function<void(QueryRecord&)>& change) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  Entry& entry = *found->second;
  const auto changed = std::make_shared<QueryRecord>(*entry.record);
  change(*changed);
  if (entry.record->result != nullptr) kept_bytes_ -= MemoryOf(*entry.record->result);
  if (changed->result != nullptr) kept_bytes_ += MemoryOf(*changed->result);
  text_bytes_ += changed->text.size() - entry.record->text.size();
  entry.record = changed;
  DropOverBudget();
}

std::optional<QueryRecord> QueryHistory::Find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return *found->second->record;
}

std::vector<std::shared_ptr<const QueryRecord>> QueryHistory::Queries() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const QueryRecord>> records;
  records.reserve(entries_.size());
  for (const auto& entry : entries_) records.push_back(entry->record);
  return records;
}

std::vector<QueryRecord> QueryHistory::Running() {
  const std::lock_guard lock(mutex_);
  std::vector<QueryRecord> copies;
  for (const auto& entry : entries_) {
    if (entry->record->ended_ns == 0) copies.push_back(*entry->record);
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
  for (const auto& entry : entries_) {
    if (entry->record->ended_ns > 0 && entry->record->ended_ns < before_ns) Drop(*entry);
  }
}

void QueryHistory::DropOverBudget() {
  if (kept_bytes_ <= budget_bytes_) return;
  std::set<int64_t> sessions;
  std::set<const Entry*> newest;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if ((*entry)->record->result != nullptr && sessions.insert((*entry)->record->session_id).second)
      newest.insert(entry->get());
  }
  DropDownTo(budget_bytes_, newest);
  DropDownTo(2 * budget_bytes_, {entries_.back().get()});
}

void QueryHistory::DropDownTo(int64_t bytes, const std::set<const Entry*>& spared) {
  for (auto entry = entries_.begin(); kept_bytes_ > bytes && entry != entries_.end(); ++entry) {
    if (!spared.contains(entry->get())) Drop(**entry);
  }
}

void QueryHistory::Drop(Entry& entry) {
  if (entry.record->result == nullptr) return;
  kept_bytes_ -= MemoryOf(*entry.record->result);
  const auto changed = std::make_shared<QueryRecord>(*entry.record);
  changed->result = nullptr;
  changed->result_dropped = true;
  entry.record = changed;
}

}  // namespace cdi::snowflake_mock
