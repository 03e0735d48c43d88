// A KeyStore in memory, for tests here and in folders above: whole, thread-safe, with a switch for failing writes.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/mutex.h"
#include "keys/key_store.h"

namespace cdi::keys {

class FakeKeyStore final : public KeyStore {
 public:
  absl::Status PutKeyPairs(std::span<const KeyPairRecord> records) override {
    const MutexLock lock(mutex_);
    if (!write_failure_.ok()) return write_failure_;
    for (const KeyPairRecord& record : records) records_.insert_or_assign(record.name, record);
    return absl::OkStatus();
  }

  absl::StatusOr<KeyPairRecord> GetKeyPair(std::string_view name) override {
    const MutexLock lock(mutex_);
    const auto found = records_.find(name);
    if (found == records_.end()) return absl::NotFoundError(std::string(name) + " does not exist");
    return found->second;
  }

  absl::StatusOr<std::vector<KeyPairRecord>> ListKeyPairs(std::string_view connection) override {
    const MutexLock lock(mutex_);
    const std::string prefix = std::string(connection) + "/keyPairs/";
    std::vector<KeyPairRecord> listed;
    for (const auto& [name, record] : records_) {
      if (name.starts_with(prefix)) listed.push_back(record);
    }
    std::sort(listed.begin(), listed.end(), [](const KeyPairRecord& a, const KeyPairRecord& b) {
      return std::tie(a.create_time, a.name) < std::tie(b.create_time, b.name);
    });
    return listed;
  }

  absl::Status DeleteKeyPair(std::string_view name) override {
    const MutexLock lock(mutex_);
    const auto found = records_.find(name);
    if (found == records_.end()) return absl::NotFoundError(std::string(name) + " does not exist");
    if (!write_failure_.ok()) return write_failure_;
    records_.erase(found);
    return absl::OkStatus();
  }

  // Every later write fails so, and changes nothing; OK ends it.
  void FailWrites(absl::Status failure) {
    const MutexLock lock(mutex_);
    write_failure_ = std::move(failure);
  }

 private:
  Mutex mutex_;
  std::map<std::string, KeyPairRecord, std::less<>> records_ CDI_GUARDED_BY(mutex_);
  absl::Status write_failure_ CDI_GUARDED_BY(mutex_);
};

}  // namespace cdi::keys
