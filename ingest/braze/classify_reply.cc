#include "ingest/braze/classify_reply.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/text.h"
#include "ingest/braze/reply_body.h"

namespace cdi::ingest::braze {
namespace {

constexpr size_t kTextBytesMax = 300;
constexpr size_t kCutMark = 3;  // bytes of "…"
constexpr int64_t kWaitSecondsMax = 3'600;
// A reset above this is a time, below it a wait (2001 against 31 years).
constexpr int64_t kEpochMin = 1'000'000'000;
constexpr std::string_view kWithheld = "(text withheld: it held the API key)";

std::optional<int64_t> ReadInteger(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || (stop != end && *stop != '.')) return std::nullopt;  // "12.5" waits 12 s
  return value;
}

std::optional<std::chrono::milliseconds> ToWait(std::optional<int64_t> seconds) {
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::clamp<int64_t>(*seconds, 0, kWaitSecondsMax));
}

std::optional<std::chrono::milliseconds> ResetWait(const ReplyHeaders& headers, int64_t now) {
  const auto reset = ReadInteger(headers.rate_reset);
  if (!reset) return std::nullopt;
  return ToWait(*reset > kEpochMin ? *reset - now : *reset);
}

std::optional<std::chrono::milliseconds> RetryWait(const ReplyHeaders& headers, int64_t now) {
  for (const auto* header : {&headers.rate_retry_after, &headers.retry_after}) {
    if (const auto wait = ToWait(ReadInteger(*header))) return wait;
  }
  return ResetWait(headers, now);
}

// A text from outside that may be kept: without the key, on one line, short, UTF-8.
std::string Redact(std::string_view text, std::string_view api_key) {
  if (!api_key.empty() && text.find(api_key) != std::string_view::npos) return std::string(kWithheld);
  if (!IsValidUtf8(text)) return "(text withheld: it is not UTF-8)";
  std::string out(text);
  for (char& c : out) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return CutText(out, kTextBytesMax - kCutMark);
}

std::string FaultWords(TransportFault fault) {
  switch (fault) {
    case TransportFault::kNone:
      return "the reply is incomplete";
    case TransportFault::kResolve:
      return "the host name has no address";
    case TransportFault::kConnect:
      return "no connection";
    case TransportFault::kAddressRefused:
      return "the host name leads to an address that is not public";
    case TransportFault::kCertificate:
      return "the server's certificate is not valid for this host";
    case TransportFault::kTls:
      return "no TLS session";
    case TransportFault::kTimeout:
      return "no reply in time";
    case TransportFault::kReplyTooLarge:
      return "the reply is longer than 1 MiB";
    case TransportFault::kBroken:
      return "the connection broke";
    case TransportFault::kStopped:
      return "the service stopped";
    case TransportFault::kUnknownWorkspace:
      return "the workspace has no endpoint and key here; it was deleted, or its key could not be opened";
  }
  return "unknown";
}

std::string FaultMessage(const RawReply& reply, std::string_view api_key) {
  std::string text = FaultWords(reply.fault);
  if (!reply.fault_text.empty()) absl::StrAppend(&text, " (", Redact(reply.fault_text, api_key), ")");
  return CutText(text, kTextBytesMax - kCutMark);
}

// "HTTP 502: …": status, and Braze's own words where it gave some.
std::string StatusMessage(int status, const ReplyBody& body, std::string_view api_key) {
  const std::string& own = body.message.empty() ? body.first_text : body.message;
  const std::string words = body.readable ? Redact(own, api_key) : "the reply is not what Braze answers";
  return CutText(words.empty() ? absl::StrCat("HTTP ", status) : absl::StrCat("HTTP ", status, ": ", words),
                 kTextBytesMax - kCutMark);
}

// 4xx about the request's way, not its content: no row is to blame, and another body would fare the same.
bool IsAboutTheWay(int status) {
  switch (status) {
    case 404:
    case 405:
    case 406:
    case 407:
    case 410:
    case 411:
    case 415:
    case 421:
    case 426:
    case 431:
    case 451:
      return true;
    default:
      return status >= 300 && status < 400;
  }
}

SendOutcome OutcomeOf2xx(const RawReply& reply, const ReplyBody& body) {
  if (reply.fault != TransportFault::kNone || !body.readable || !body.all_named) {
    return SendOutcome::kAcceptedUnconfirmed;
  }
  return body.errors.empty() ? SendOutcome::kAccepted : SendOutcome::kRowsRejected;
}

SendOutcome OutcomeOf(const RawReply& reply, const ReplyBody& body) {
  const int status = reply.http_status;
  const bool success = status >= 200 && status < 300;
  if (status < 200 || (success && reply.bytes_sent < reply.bytes_total)) {
    return reply.bytes_sent == 0 ? SendOutcome::kNotSent : SendOutcome::kAmbiguous;
  }
  if (success) return OutcomeOf2xx(reply, body);
  if (status == 401 || status == 403) return SendOutcome::kAuthRefused;
  if (status == 408 || status >= 500) return SendOutcome::kAmbiguous;
  if (status == 413) return SendOutcome::kTooLarge;
  if (status == 429) return SendOutcome::kThrottled;
  if (IsAboutTheWay(status)) return SendOutcome::kEndpointWrong;
  return status == 400 && !body.errors.empty() ? SendOutcome::kRowsRejected : SendOutcome::kWholeRejected;
}

// Says what a 401 or 403 means without repeating Braze's text, which echoes the key.
std::string AuthMessage(int status, const ReplyBody& body, std::string_view api_key) {
  if (status == 401) return "HTTP 401: Braze does not know the API key; it must belong to this instance and workspace";
  return CutText(
      absl::StrCat("HTTP 403: ", Redact(body.message, api_key),
                   "; the API key needs the permission users.track, and an IP allow-list must name this host"),
      kTextBytesMax - kCutMark);
}

std::string MessageOf(const RawReply& reply, const ReplyBody& body, SendOutcome outcome, std::string_view api_key) {
  switch (outcome) {
    case SendOutcome::kAccepted:
      return {};
    case SendOutcome::kAuthRefused:
      return AuthMessage(reply.http_status, body, api_key);
    case SendOutcome::kRowsRejected:
      return CutText(absl::StrCat("HTTP ", reply.http_status, ": ", Redact(body.first_text, api_key)),
                     kTextBytesMax - kCutMark);
    case SendOutcome::kAcceptedUnconfirmed:
      if (reply.fault == TransportFault::kNone) {
        return body.readable ? "the reply names errors of objects that were not sent: " +
                                   CutText(Redact(body.first_text, api_key), kTextBytesMax / 2)
                             : StatusMessage(reply.http_status, body, api_key);
      }
      return FaultMessage(reply, api_key);
    default:
      return reply.http_status >= 200 && reply.fault == TransportFault::kNone
                 ? StatusMessage(reply.http_status, body, api_key)
                 : FaultMessage(reply, api_key);
  }
}

}  // namespace

void ReplyHeaders::Take(std::string_view line) {
  if (absl::StartsWithIgnoreCase(absl::string_view(line.data(), line.size()), "HTTP/")) {
    *this = {};
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const absl::string_view name(line.data(), colon);
  const absl::string_view raw(line.data() + colon + 1, line.size() - colon - 1);
  const auto keep = [&](std::optional<std::string>& field) {
    field = std::string(absl::StripAsciiWhitespace(raw).substr(0, 64));
  };
  if (absl::EqualsIgnoreCase(name, "x-ratelimit-remaining")) keep(rate_remaining);
  if (absl::EqualsIgnoreCase(name, "x-ratelimit-reset")) keep(rate_reset);
  if (absl::EqualsIgnoreCase(name, "x-ratelimit-retry-after")) keep(rate_retry_after);
  if (absl::EqualsIgnoreCase(name, "retry-after")) keep(retry_after);
}

SendReport ClassifyReply(const RawReply& reply, DataType type, uint32_t objects, std::string_view api_key,
                         int64_t now) {
  // A reply that ended early may still hold a whole-looking text: its errors are not to be trusted.
  const bool whole = reply.fault == TransportFault::kNone && reply.http_status >= 200;
  const ReplyBody body = whole ? ParseReplyBody(reply.body, type, objects) : ReplyBody{};
  SendReport report;
  report.outcome = OutcomeOf(reply, body);
  report.http_status = reply.http_status >= 200 ? reply.http_status : 0;
  if (report.outcome == SendOutcome::kRowsRejected) {
    report.rest_taken = reply.http_status < 300;
    for (const ObjectError& error : body.errors) report.errors.push_back({error.index, Redact(error.text, api_key)});
  }
  if (report.outcome == SendOutcome::kThrottled) report.retry_after = RetryWait(reply.headers, now);
  report.rate_remaining = ReadInteger(reply.headers.rate_remaining);
  report.rate_reset = ResetWait(reply.headers, now);
  report.message = MessageOf(reply, body, report.outcome, api_key);
  return report;
}

}  // namespace cdi::ingest::braze
