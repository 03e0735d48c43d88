// What one exchange with Braze means. The one place that decides between "taken", "refused", "not sent" and "nobody
// knows"; pure, so that every case is a line of a table.
//
// Sources: Braze API error, rate limit and /users/track pages, read 2026-11. Braze documents the presence of `errors`
// but not their members; {type, input_array, index} is what its replies were seen to hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "ingest/send_outcome.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest::braze {

// A reply longer than this is not read further.
inline constexpr size_t kReplyBytesMax = 1 << 20;

// How far the exchange came, apart from any status.
enum class TransportFault : uint8_t {
  kNone,            // a whole reply was read
  kResolve,         // the host has no address
  kConnect,         // refused or unreachable
  kAddressRefused,  // the host resolved to an address that MayConnect forbids
  kCertificate,     // TLS: CA or host name
  kTls,             // TLS: anything else
  kTimeout,
  kReplyTooLarge,     // over kReplyBytesMax; what came before is in `body`
  kBroken,            // reset, closed early, not HTTP
  kStopped,           // ended by us: shutdown
  kUnknownWorkspace,  // the sender was not told where to send
};

// The headers that matter, as text; names are compared without regard to case.
struct ReplyHeaders {
  std::optional<std::string> rate_remaining;    // X-RateLimit-Remaining
  std::optional<std::string> rate_reset;        // X-RateLimit-Reset: epoch seconds, or seconds from now
  std::optional<std::string> rate_retry_after;  // X-RateLimit-Retry-After: seconds; contracts by monthly active users
  std::optional<std::string> retry_after;       // Retry-After: seconds

  // Keeps the header of this line ("Name: value\r\n") when it is one of these. A status line forgets all: the headers
  // of an interim reply are not those of the final one.
  void Take(std::string_view line);
};

struct RawReply {
  TransportFault fault = TransportFault::kNone;
  std::string fault_text;   // the transport's own words, for people
  uint64_t bytes_sent = 0;  // of the body, as handed to the transport: an upper bound, never too low
  uint64_t bytes_total = 0;
  int http_status = 0;  // 0: no final status line was read
  ReplyHeaders headers;
  std::string body;
};

// The rules, first match wins:
//   no status line           nothing of the body handed over: kNotSent, else kAmbiguous
//   2xx, body not all sent   the same: whoever answered cannot have read the request
//   2xx, unreadable          kAcceptedUnconfirmed: no JSON object, `errors` no array, or an error that names no object
//                            of this body (index out of range, another array): something was refused, nobody knows what
//   2xx with / without errors   kRowsRejected with rest_taken / kAccepted
//   400 that names objects   kRowsRejected, rest not taken; errors that name no object of this body are left out
//   413, 429, 401 and 403    kTooLarge, kThrottled, kAuthRefused
//   408 and 5xx              kAmbiguous
//   3xx, 404 and the 4xx that speak of method, path, proxy or headers   kEndpointWrong
//   other 4xx                kWholeRejected
//
// `api_key`: a text that holds it is never kept. `now`: seconds since 1970, to read a reset given as a time.
SendReport ClassifyReply(const RawReply& reply, DataType type, uint32_t objects, std::string_view api_key, int64_t now);

// The same exchange for HttpSender::Probe: a POST of `{}` to /users/track. Braze refuses it with 400 after it has
// checked endpoint, key and permission, and nothing changes: that is success, unless its words are about the key.
// Errors, with cause and fix:
//   kUnauthenticated API_KEY_REFUSED · kPermissionDenied API_KEY_FORBIDDEN · kFailedPrecondition ENDPOINT_WRONG,
//   TLS_FAILED, ADDRESS_REFUSED · kUnavailable ENDPOINT_UNREACHABLE, BRAZE_UNAVAILABLE · kDeadlineExceeded
//   ENDPOINT_TIMEOUT · kResourceExhausted RATE_LIMITED
absl::Status ClassifyProbe(const RawReply& reply, std::string_view origin, std::string_view api_key);

}  // namespace cdi::ingest::braze
