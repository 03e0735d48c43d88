// What the answer to the harmless request says about a workspace: cause and fix.
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "ingest/braze/classify_reply.h"
#include "ingest/braze/reply_body.h"

namespace cdi::ingest::braze {
namespace {

struct Finding {
  absl::StatusCode code = absl::StatusCode::kInternal;
  std::string_view reason;
  std::string_view fix;
};

constexpr Finding kKeyRefused = {absl::StatusCode::kUnauthenticated, "API_KEY_REFUSED",
                                 "give the REST API key of this workspace, made on this instance"};

Finding FindingOfFault(TransportFault fault) {
  switch (fault) {
    case TransportFault::kAddressRefused:
      return {absl::StatusCode::kFailedPrecondition, "ADDRESS_REFUSED",
              "the endpoint must resolve to a public address; check DNS on the host of the service"};
    case TransportFault::kCertificate:
    case TransportFault::kTls:
      return {absl::StatusCode::kFailedPrecondition, "TLS_FAILED",
              "check the endpoint's name; behind an inspecting proxy, name its CA in braze_ca_file of the server"};
    case TransportFault::kTimeout:
      return {absl::StatusCode::kDeadlineExceeded, "ENDPOINT_TIMEOUT",
              "check that a firewall lets the service reach the endpoint on port 443"};
    default:
      return {absl::StatusCode::kUnavailable, "ENDPOINT_UNREACHABLE",
              "check the endpoint's name, DNS and the firewall of the service's host"};
  }
}

Finding FindingOfStatus(SendOutcome outcome, int status) {
  switch (outcome) {
    case SendOutcome::kAuthRefused:
      return status == 401 ? kKeyRefused
                           : Finding{absl::StatusCode::kPermissionDenied, "API_KEY_FORBIDDEN",
                                     "give the key the permission users.track, and allow this host in its IP list"};
    case SendOutcome::kThrottled:
      return {absl::StatusCode::kResourceExhausted, "RATE_LIMITED", "try again when the limit is reset"};
    case SendOutcome::kAmbiguous:
      return {absl::StatusCode::kUnavailable, "BRAZE_UNAVAILABLE", "try again; see status.braze.com"};
    default:
      return {absl::StatusCode::kFailedPrecondition, "ENDPOINT_WRONG",
              "use the REST endpoint of your Braze instance, not the dashboard's or the SDK's"};
  }
}

// Braze refuses an unknown key with 401. Under 400 only the words tell it from the refusal of our empty body, which
// speaks of missing objects and never of a key.
bool SpeaksOfKey(const ReplyBody& body) {
  return absl::AsciiStrToLower(body.message).find("api key") != std::string::npos;
}

}  // namespace

absl::Status ClassifyProbe(const RawReply& reply, std::string_view origin, std::string_view api_key) {
  const SendReport report = ClassifyReply(reply, DataType::kUserAttributes, 0, api_key, 0);
  const bool answered = reply.fault == TransportFault::kNone && reply.http_status >= 200;
  const ReplyBody body = ParseReplyBody(reply.body, DataType::kUserAttributes, 0);
  const bool key_refused = answered && reply.http_status == 400 && SpeaksOfKey(body);
  if (answered && !key_refused && (reply.http_status == 400 || reply.http_status < 300) && body.readable) {
    return absl::OkStatus();
  }
  const Finding finding = key_refused ? kKeyRefused
                          : answered  ? FindingOfStatus(report.outcome, reply.http_status)
                                      : FindingOfFault(reply.fault);
  ErrorDetails details = {{"field", finding.code == absl::StatusCode::kUnauthenticated ||
                                            finding.code == absl::StatusCode::kPermissionDenied
                                        ? "api_key"
                                        : "endpoint"}};
  if (answered) details["http_status"] = std::to_string(reply.http_status);
  return MakeError(finding.code, finding.reason,
                   absl::StrCat(std::string(origin), ": ", report.message, "; ", std::string(finding.fix)), details);
}

}  // namespace cdi::ingest::braze
