// What became of one request to Braze: a closed set, decided in one place (braze/classify_reply.cc), acted on in one
// place (the run machine).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdi::ingest {

enum class SendOutcome : uint8_t {
  kNotSent,              // resolve, connect or TLS failed, or not one byte of the body left: safe to repeat
  kAccepted,             // 2xx, every object taken
  kAcceptedUnconfirmed,  // 2xx, body unreadable: taken, row errors unknown; never sent again
  kRowsRejected,         // 2xx or 400 that names objects: those are refused; on 2xx the rest is taken, on 400 not
  kWholeRejected,        // 4xx that names no object
  kTooLarge,             // 413
  kThrottled,            // 429
  kAuthRefused,          // 401, 403
  kEndpointWrong,        // 3xx, 404, and other 4xx about method, path, proxy or headers: no row is to blame
  kAmbiguous,            // time-out, reset, 408 or 5xx after the first byte left: it may have been taken
};
std::string_view SendOutcomeName(SendOutcome outcome);  // "NOT_SENT", …

struct ObjectError {
  uint32_t index = 0;  // position in the one array of the body
  std::string text;    // Braze's own words, at most 300 bytes
};

struct SendReport {
  SendOutcome outcome = SendOutcome::kAmbiguous;
  int http_status = 0;              // 0: no status line was read
  std::vector<ObjectError> errors;  // kRowsRejected; by index, each index once
  bool rest_taken = false;          // kRowsRejected: the objects not named were taken (2xx) or not (400)
  std::optional<std::chrono::milliseconds> retry_after;  // kThrottled, from the headers, clamped to 0..1 h
  // Rate-limit headers of any reply, where present.
  std::optional<int64_t> rate_remaining;
  std::optional<std::chrono::milliseconds> rate_reset;
  std::string message;  // cause for people, at most 300 bytes, never a key
  std::chrono::milliseconds duration{0};
};

}  // namespace cdi::ingest
