#include "tests/braze_mock/traffic_stats.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/container/flat_hash_set.h"
#include "base/digest.h"

namespace cdi::braze_mock {
namespace {

constexpr size_t kUsersNamedMax = 10;

uint64_t HashOf(const UserKey& user) {
  std::string key(1, static_cast<char>(user.kind));
  key += user.value;
  return Hash128(key).low;
}

nlohmann::ordered_json ByArray(const std::array<uint64_t, 3>& counts) {
  return {{"attributes", counts[0]}, {"events", counts[1]}, {"purchases", counts[2]}};
}

}  // namespace

std::vector<UserKey> UsersOf(const std::vector<ObjectVerdict>& objects) {
  std::vector<UserKey> users;
  absl::flat_hash_set<uint64_t> seen;
  for (const ObjectVerdict& verdict : objects) {
    if (verdict.user.kind == IdentifierKind::kNone) continue;
    if (seen.insert(HashOf(verdict.user)).second) users.push_back(verdict.user);
  }
  return users;
}

void TrafficStats::Enter(int64_t now_ms) {
  ++requests_;
  ++in_flight_;
  in_flight_max_ = std::max(in_flight_max_, in_flight_);
  if (now_ms / 1000 != second_) {
    second_ = now_ms / 1000;
    in_second_ = 0;
  }
  in_second_max_ = std::max(in_second_max_, ++in_second_);
}

void TrafficStats::EnterUsers(const std::vector<UserKey>& users) {
  for (const UserKey& user : users) {
    if (++users_in_flight_[HashOf(user)] < 2) continue;
    ++violations_;
    if (violating_users_.size() < kUsersNamedMax) violating_users_.push_back(user.value);
  }
}

void TrafficStats::LeaveUsers(const std::vector<UserKey>& users) {
  for (const UserKey& user : users) {
    const auto found = users_in_flight_.find(HashOf(user));
    if (found != users_in_flight_.end() && --found->second == 0) users_in_flight_.erase(found);
  }
}

void TrafficStats::CountObjects(const std::vector<ObjectVerdict>& objects) {
  for (const ObjectVerdict& verdict : objects) {
    const bool rejected = verdict.effect == ObjectVerdict::Effect::kRejected;
    ++(rejected ? rejected_ : accepted_)[static_cast<size_t>(verdict.array)];
  }
}

std::string TrafficStats::Json(size_t users) const {
  nlohmann::ordered_json by_status = nlohmann::ordered_json::object();
  uint64_t closed = 0;
  uint64_t throttled = 0;
  for (const auto& [status, count] : replies_) {
    if (status == 0) closed = count;
    if (status == 429) throttled = count;
    if (status != 0) by_status[std::to_string(status)] = count;
  }
  nlohmann::ordered_json stats = {{"requests", requests_},
                                  {"requests_by_status", by_status},
                                  {"closed_without_reply", closed},
                                  {"throttled", throttled},
                                  {"bytes", bytes_},
                                  {"objects_accepted", ByArray(accepted_)},
                                  {"objects_rejected", ByArray(rejected_)},
                                  {"users", users},
                                  {"requests_per_second_peak", in_second_max_},
                                  {"in_flight", in_flight_},
                                  {"in_flight_peak", in_flight_max_},
                                  {"concurrent_user_violations", violations_},
                                  {"concurrent_users", violating_users_},
                                  {"faults", faults_}};
  return stats.dump();
}

void TrafficStats::Reset() {
  TrafficStats fresh;
  fresh.in_flight_ = in_flight_;
  fresh.in_flight_max_ = in_flight_;
  fresh.users_in_flight_ = std::move(users_in_flight_);
  *this = std::move(fresh);
}

}  // namespace cdi::braze_mock
