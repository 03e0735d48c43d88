// A few read-only connections: readers never wait for the writer, and see only what is durable. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingest/state/sqlite_db.h"

namespace cdi::state {

class ReaderPool {
 public:
  ReaderPool(std::string path, size_t connections_max) : path_(std::move(path)), connections_max_(connections_max) {}

  // A connection for the time this object lives.
  class Lease {
   public:
    Lease(ReaderPool& pool, Database database) : pool_(&pool), database_(std::move(database)) {}
    Lease(Lease&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), database_(std::move(other.database_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->Return(std::move(database_));
    }
    Database& operator*() { return database_; }
    Database* operator->() { return &database_; }

   private:
    ReaderPool* pool_;
    Database database_;
  };

  // Waits while all are taken. Never take a second one while holding one.
  absl::StatusOr<Lease> Take();

 private:
  void Return(Database database);

  const std::string path_;
  const size_t connections_max_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Database> idle_;
  size_t open_ = 0;
};

}  // namespace cdi::state
