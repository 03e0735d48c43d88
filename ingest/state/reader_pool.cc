#include "ingest/state/reader_pool.h"

#include <utility>

namespace cdi::state {

absl::StatusOr<ReaderPool::Lease> ReaderPool::Take() {
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !idle_.empty() || open_ < connections_max_; });
    if (!idle_.empty()) {
      Database database = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(database));
    }
    ++open_;
  }
  absl::StatusOr<Database> database = Database::Open(path_, {.read_only = true});
  if (database.ok()) return Lease(*this, *std::move(database));
  const std::unique_lock lock(mutex_);
  --open_;
  returned_.notify_one();
  return database.status();
}

void ReaderPool::Return(Database database) {
  const std::unique_lock lock(mutex_);
  idle_.push_back(std::move(database));
  returned_.notify_one();
}

}  // namespace cdi::state
