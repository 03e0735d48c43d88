// A RotationStore in memory, for tests here and in folders above: whole, thread-safe, with the store's own rule about
// versions.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "keys/rotation.h"

namespace cdi::keys {

class FakeRotationStore final : public RotationStore {
 public:
  absl::Status PutRotation(const RotationRecord& record, std::string_view) override {
    const MutexLock lock(mutex_);
    if (!write_failure_.ok()) return write_failure_;
    const auto found = Find(record.name);
    if (record.version != (found == records_.end() ? 1 : found->version + 1)) {
      return MakeError(absl::StatusCode::kAborted, "ROTATION_CHANGED", record.name + " was changed meanwhile");
    }
    if (found == records_.end()) {
      records_.push_back(record);
    } else {
      *found = record;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<RotationRecord> GetRotation(std::string_view name) override {
    const MutexLock lock(mutex_);
    const auto found = Find(name);
    if (found != records_.end()) return *found;
    return MakeError(absl::StatusCode::kNotFound, "ROTATION_NOT_FOUND", "there is no " + std::string(name));
  }

  absl::StatusOr<std::vector<RotationRecord>> ListRotations(std::string_view connection) override {
    const MutexLock lock(mutex_);
    std::vector<RotationRecord> listed;
    for (const RotationRecord& record : records_) {
      if (connection.empty() || ConnectionOfName(record.name) == connection) listed.push_back(record);
    }
    return listed;
  }

  absl::StatusOr<std::vector<RotationRecord>> ListOpenRotations() override {
    absl::StatusOr<std::vector<RotationRecord>> listed = ListRotations("");
    std::erase_if(*listed, [](const RotationRecord& record) { return IsEnd(record.step); });
    return listed;
  }

  // Every later write fails so, and changes nothing; OK ends it.
  void FailWrites(absl::Status failure) {
    const MutexLock lock(mutex_);
    write_failure_ = std::move(failure);
  }

 private:
  std::vector<RotationRecord>::iterator Find(std::string_view name) CDI_REQUIRES(mutex_) {
    return std::find_if(records_.begin(), records_.end(),
                        [name](const RotationRecord& record) { return record.name == name; });
  }

  Mutex mutex_;
  std::vector<RotationRecord> records_ CDI_GUARDED_BY(mutex_);
  absl::Status write_failure_ CDI_GUARDED_BY(mutex_);
};

}  // namespace cdi::keys
