// Faults on order: what POST /__mock/faults asks for, and which of them hits the next request.
//
// A fault hits the next `count` requests that match it, or each with a chance of `rate`; several faults are tried in
// the order given, and the first that fits hits. The same seed and the same requests give the same hits. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/rng.h"
#include "tests/braze_mock/braze_model.h"

namespace cdi::braze_mock {

enum class FaultKind : uint8_t {
  kStatus,               // `status`, by default 500; not applied unless `apply`
  kLatency,              // waits `ms` before applying, then all is well
  kCloseBeforeBodyRead,  // closes when the headers have come
  kCloseAfterApply,      // applies, then closes without a byte of reply
  kCloseBeforeApply,     // reads the body, then closes
  kSlowReply,            // applies, then waits `ms` before replying
  kTruncatedReply,       // applies, then sends half of the reply and closes
  kNonJson2xx,           // applies, answers 200 with a page of HTML
  kThrottle,             // 429; `headers` epoch, seconds or none
  kAuth,                 // 401 that repeats the key
  kForbidden,            // 403 Access Denied
  kRedirect,             // 307 to `location`
};

std::string_view Name(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::kStatus;
  int status = 0;  // 0: what the kind usually answers
  std::optional<std::string> body;
  bool html = false;   // the body is text/html
  bool apply = false;  // kStatus: the data is applied nevertheless
  bool reset = false;  // closes with a TCP reset, not an orderly end
  int64_t ms = 1000;   // of kLatency and kSlowReply
  std::string headers = "epoch";
  int64_t retry_after = 1;  // seconds, of kThrottle
  std::string location = "/elsewhere";
};

// Whether the data of a request hit by this fault is applied.
bool Applies(const Fault& fault);

class FaultPlan {
 public:
  // Replaces the plan by what `json` says: {"faults":[{"kind":…, …}]}. kInvalidArgument names the fault and the field;
  // the plan is then as it was.
  absl::Status Replace(std::string_view json);
  void Clear() { orders_.clear(); }

  // The fault that hits a request whose body has not been read: close_before_body_read, or none.
  std::optional<Fault> HitBeforeBody();
  // Any other fault. `users` is looked at only where NeedsUsers().
  std::optional<Fault> Hit(const std::vector<UserKey>& users);
  bool NeedsUsers() const;
  bool empty() const { return orders_.empty(); }

  // {"faults":[{"kind","left":n|null,"after":n,"hits":n}]}
  std::string Json() const;

 private:
  struct Order {
    Fault fault;
    std::optional<uint64_t> left;  // hits to come; absent: no end
    uint64_t after = 0;            // matching requests to let pass
    uint64_t rate_millionths = 1'000'000;
    std::string match_user;  // identifier value; empty: any
    SeededRng rng{0};
    uint64_t hits = 0;
  };

  static absl::StatusOr<Order> ReadOrder(std::string_view json, size_t position);
  static bool Draw(Order& order);

  std::vector<Order> orders_;
};

}  // namespace cdi::braze_mock
