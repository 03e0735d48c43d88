// What happens to one request to a /users/track endpoint, apart from HTTP itself: key, content type, rate limit, fault,
// model, ledger, counts. Also the state behind the control endpoints.
//
// Thread-safe: one mutex guards the whole state; waits (latency, faults) happen outside of it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "tests/braze_mock/braze_model.h"
#include "tests/braze_mock/fault_plan.h"
#include "tests/braze_mock/ledger.h"
#include "tests/braze_mock/mock_server.h"
#include "tests/braze_mock/rate_limiter.h"
#include "tests/braze_mock/traffic_stats.h"

namespace cdi::braze_mock {

struct HttpReply {
  enum class Ending : uint8_t {
    kWhole,      // send it all
    kTruncated,  // half of the body, then close
    kClose,      // nothing at all, then close
    kReset,      // nothing at all, then a TCP reset
  };
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  HeaderList headers;
  Ending ending = Ending::kWhole;
};

struct HttpRequest {
  std::string_view method;
  std::string_view path;
  std::string_view authorization;  // header, empty for none
  std::string_view content_type;   // header, empty for none
};

class TrackService {
 public:
  TrackService(ServerOptions& options, const Clock& clock);

  // First half: the headers have come. A reply means that the body is not wanted.
  std::optional<HttpReply> OnHeaders();
  // Second half: blocks for the latency and for faults that wait.
  HttpReply OnBody(const HttpRequest& request, std::string_view body);
  // The request is over; call once for every OnHeaders().
  void OnDone(const HttpReply& reply);

  // Control endpoints: `path` below /__mock/.
  HttpReply Control(std::string_view method, std::string_view path,
                    const std::vector<std::pair<std::string, std::string>>& query, std::string_view body);

  // Ends all waits at once.
  void Interrupt();

 private:
  struct Course;  // of one request through the second half

  // Why the request is refused before its body is looked at.
  std::optional<HttpReply> Refuse(const HttpRequest& request) const;
  HttpReply Judge(Course& course, const HttpRequest& request, std::string_view body);
  // What the fault makes of the reply.
  HttpReply Spoil(const Fault& fault, HttpReply reply, const HttpRequest& request) const;
  HttpReply Throttled(HeaderList headers) const;
  void Wait(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time);
  void Reset();

  const std::vector<std::string> api_keys_;
  const std::vector<std::string> denied_api_keys_;
  const std::chrono::milliseconds latency_;
  const RateLimit rate_limit_;
  const LedgerMode ledger_mode_;
  const Switches switches_;
  const Clock& clock_;

  std::mutex mutex_;  // guards all below
  std::condition_variable interrupted_;
  bool stopping_ = false;
  BrazeModel model_;
  Ledger ledger_;
  FaultPlan faults_;
  RateLimiter limiter_;
  TrafficStats stats_;
};

}  // namespace cdi::braze_mock
