#include "tests/braze_mock/fault_plan.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 12> kNames = {
    "status",     "latency",         "close_before_body_read", "close_after_apply", "close_before_apply",
    "slow_reply", "truncated_reply", "non_json_2xx",           "throttle",          "auth",
    "forbidden",  "redirect"};

std::optional<FaultKind> KindOf(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<FaultKind>(found - kNames.begin());
}

// Reads the members of one fault, remembers the first thing that is wrong.
class MemberReader {
 public:
  MemberReader(const json& members, size_t position) : members_(members), position_(position) {}

  void Number(const char* name, int64_t low, int64_t high, int64_t& target) {
    const json* value = Take(name);
    if (value == nullptr) return;
    if (!value->is_number_integer() || value->get<int64_t>() < low || value->get<int64_t>() > high) {
      Refuse(Join({name, " must be a whole number from ", std::to_string(low), " to ", std::to_string(high)}));
      return;
    }
    target = value->get<int64_t>();
  }
  void Flag(const char* name, bool& target) {
    const json* value = Take(name);
    if (value == nullptr) return;
    if (value->is_boolean()) {
      target = value->get<bool>();
    } else {
      Refuse(Join({name, " must be true or false"}));
    }
  }
  bool Text(const char* name, std::string& target) {
    const json* value = Take(name);
    if (value == nullptr) return false;
    if (value->is_string()) {
      target = value->get<std::string>();
    } else {
      Refuse(Join({name, " must be a text"}));
    }
    return true;
  }
  void Rate(uint64_t& millionths) {
    const json* value = Take("rate");
    if (value == nullptr) return;
    if (!value->is_number() || value->get<double>() < 0 || value->get<double>() > 1) {
      Refuse("rate must be from 0 to 1");
      return;
    }
    millionths = static_cast<uint64_t>(value->get<double>() * 1e6);
  }
  bool Has(const char* name) const { return members_.contains(name); }
  void Refuse(const std::string& reason) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(Join({"faults[", std::to_string(position_), "]: ", reason}));
  }
  // After all members were asked for: refuses those nobody asked for.
  absl::Status Finish() {
    for (const auto& [name, value] : members_.items()) {
      if (std::find(taken_.begin(), taken_.end(), name) == taken_.end()) {
        Refuse(Join({"unknown member '", name, "'; docs/braze-mock.md lists them"}));
      }
    }
    return status_;
  }

 private:
  const json* Take(const char* name) {
    taken_.emplace_back(name);
    const auto found = members_.find(name);
    return found == members_.end() || found->is_null() ? nullptr : &*found;
  }

  const json& members_;
  size_t position_;
  std::vector<std::string> taken_;
  absl::Status status_;
};

}  // namespace

std::string_view Name(FaultKind kind) {
  return kNames[static_cast<size_t>(kind)];
}

bool Applies(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kStatus:
      return fault.apply;
    case FaultKind::kLatency:
    case FaultKind::kCloseAfterApply:
    case FaultKind::kSlowReply:
    case FaultKind::kTruncatedReply:
    case FaultKind::kNonJson2xx:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<FaultPlan::Order> FaultPlan::ReadOrder(std::string_view text, size_t position) {
  const json members = json::parse(text.begin(), text.end(), nullptr, false);
  MemberReader reader(members, position);
  if (!members.is_object()) {
    reader.Refuse("must be an object");
    return absl::InvalidArgumentError(Join({"faults[", std::to_string(position), "]: must be an object"}));
  }
  Order order;
  std::string kind;
  reader.Text("kind", kind);
  if (const auto known = KindOf(kind)) {
    order.fault.kind = *known;
  } else {
    std::string names;
    for (const std::string_view name : kNames) names += Join({names.empty() ? "" : ", ", name});
    reader.Refuse(Join({"kind must be one of ", names, "; got '", kind, "'"}));
  }
  int64_t number = 0;
  reader.Number("status", 200, 599, number);
  order.fault.status = static_cast<int>(number);
  std::string body;
  if (reader.Text("body", body)) order.fault.body = std::move(body);
  reader.Flag("html", order.fault.html);
  reader.Flag("apply", order.fault.apply);
  reader.Flag("reset", order.fault.reset);
  reader.Number("ms", 0, 3'600'000, order.fault.ms);
  reader.Text("headers", order.fault.headers);
  if (order.fault.headers != "epoch" && order.fault.headers != "seconds" && order.fault.headers != "none") {
    reader.Refuse("headers must be epoch, seconds or none");
  }
  reader.Number("retry_after", 0, 86'400, order.fault.retry_after);
  reader.Text("location", order.fault.location);
  reader.Text("match_user", order.match_user);
  if (!order.match_user.empty() && order.fault.kind == FaultKind::kCloseBeforeBodyRead) {
    reader.Refuse("match_user needs the body, which close_before_body_read does not read");
  }
  int64_t count = reader.Has("rate") ? -1 : 1;
  reader.Number("count", 0, INT64_MAX, count);
  if (count >= 0) order.left = static_cast<uint64_t>(count);
  int64_t after = 0;
  reader.Number("after", 0, INT64_MAX, after);
  order.after = static_cast<uint64_t>(after);
  int64_t seed = 0;
  reader.Number("seed", 0, INT64_MAX, seed);
  order.rng = SeededRng(static_cast<uint64_t>(seed));
  reader.Rate(order.rate_millionths);
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return order;
}

absl::Status FaultPlan::Replace(std::string_view text) {
  const json plan = json::parse(text.begin(), text.end(), nullptr, false);
  if (!plan.is_object() || !plan.contains("faults") || !plan["faults"].is_array()) {
    return absl::InvalidArgumentError("the body must be {\"faults\":[{\"kind\":…}, …]}");
  }
  std::vector<Order> orders;
  for (const json& members : plan["faults"]) {
    absl::StatusOr<Order> order = ReadOrder(members.dump(), orders.size());
    if (!order.ok()) return order.status();
    orders.push_back(*std::move(order));
  }
  orders_ = std::move(orders);
  return absl::OkStatus();
}

bool FaultPlan::Draw(Order& order) {
  if (order.left == 0U) return false;
  if (order.after > 0) {
    --order.after;
    return false;
  }
  if (!order.rng.Chance(order.rate_millionths, 1'000'000)) return false;
  if (order.left) --*order.left;
  ++order.hits;
  return true;
}

std::optional<Fault> FaultPlan::HitBeforeBody() {
  for (Order& order : orders_) {
    if (order.fault.kind == FaultKind::kCloseBeforeBodyRead && Draw(order)) return order.fault;
  }
  return std::nullopt;
}

std::optional<Fault> FaultPlan::Hit(const std::vector<UserKey>& users) {
  for (Order& order : orders_) {
    if (order.fault.kind == FaultKind::kCloseBeforeBodyRead) continue;
    const bool matches =
        order.match_user.empty() ||
        std::any_of(users.begin(), users.end(), [&order](const UserKey& u) { return u.value == order.match_user; });
    if (matches && Draw(order)) return order.fault;
  }
  return std::nullopt;
}

bool FaultPlan::NeedsUsers() const {
  return std::any_of(orders_.begin(), orders_.end(), [](const Order& order) { return !order.match_user.empty(); });
}

std::string FaultPlan::Json() const {
  json faults = json::array();
  for (const Order& order : orders_) {
    faults.push_back({{"kind", Name(order.fault.kind)},
                      {"left", order.left ? json(*order.left) : json(nullptr)},
                      {"after", order.after},
                      {"hits", order.hits}});
  }
  return json{{"faults", std::move(faults)}}.dump();
}

}  // namespace cdi::braze_mock
