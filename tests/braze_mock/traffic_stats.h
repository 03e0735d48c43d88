// What the stand-in has seen: counts by status and array, peaks, and users that were in two requests at once.
//
// Time is passed in. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tests/braze_mock/braze_model.h"

namespace cdi::braze_mock {

class TrafficStats {
 public:
  // A request has come, at `now_ms` since 1970, and is in flight until Leave().
  void Enter(int64_t now_ms);
  void Leave() { --in_flight_; }

  // The users of a request, each once, from judging it until just before its reply leaves. A user who is in another
  // request at that time is a violation: Braze does not promise an order between the two.
  void EnterUsers(const std::vector<UserKey>& users);
  void LeaveUsers(const std::vector<UserKey>& users);

  void CountBody(uint64_t bytes) { bytes_ += bytes; }
  void CountObjects(const std::vector<ObjectVerdict>& objects);
  // `status` 0: the connection was closed instead of a reply.
  void CountReply(int status) { ++replies_[status]; }
  void CountFault(std::string_view kind) { ++faults_[std::string(kind)]; }

  // The members of GET /__mock/stats; see docs/braze-mock.md.
  std::string Json(size_t users) const;
  // Forgets everything but the requests in flight.
  void Reset();

 private:
  uint64_t requests_ = 0;
  uint64_t bytes_ = 0;
  std::map<int, uint64_t> replies_;
  std::map<std::string, uint64_t> faults_;
  std::array<uint64_t, 3> accepted_{};
  std::array<uint64_t, 3> rejected_{};
  int64_t second_ = 0;
  uint64_t in_second_ = 0;
  uint64_t in_second_max_ = 0;
  int64_t in_flight_ = 0;
  int64_t in_flight_max_ = 0;
  absl::flat_hash_map<uint64_t, uint32_t> users_in_flight_;  // by hash of kind and value
  uint64_t violations_ = 0;
  std::vector<std::string> violating_users_;  // the first few
};

// Each user of the verdicts once.
std::vector<UserKey> UsersOf(const std::vector<ObjectVerdict>& objects);

}  // namespace cdi::braze_mock
