#include "server/call_audit.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/text.h"

namespace cdi::server {
namespace {

using ingest::AuditLine;
using ingest::AuditOutcome;

// Refused calls of one caller that are entered one by one in a minute; the rest is counted.
constexpr int kRefusalsPerMinute = 60;
constexpr std::chrono::minutes kWindow{1};
// Callers that are counted apart; more of them share one count.
constexpr size_t kCallersMax = 1'000;
constexpr size_t kMessageShown = 200;

// Methods whose change and its line are one commit of the store. Of tokens that line knows the name alone: what a token
// may do, and why it ended, stands in the lines of the call.
constexpr std::array<std::string_view, 16> kEnteredByStore = {
    "CreateConnection", "UpdateConnection", "DeleteConnection", "CreateWorkspace", "UpdateWorkspace", "DeleteWorkspace",
    "CreateSync",       "UpdateSync",       "DeleteSync",       "ActivateSync",    "PauseSync",       "RunSync",
    "RewindSync",       "ReplayDeadRows",   "DiscardHeldRows",  "RotateKeyPair"};

bool EnteredByStore(std::string_view method) {
  return std::find(kEnteredByStore.begin(), kEnteredByStore.end(), method) != kEnteredByStore.end();
}

bool IsFault(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status) ||
         absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsCancelled(status);
}

// Where it came from, what it worked on, and why.
std::string OriginOf(const CallRecord& call) {
  std::string words = absl::StrCat("from ", call.peer);
  if (!call.detail.empty()) absl::StrAppend(&words, ", ", call.detail);
  if (!call.reason.empty()) absl::StrAppend(&words, ": ", call.reason);
  return words;
}

std::string WordsOf(const CallRecord& call) {
  std::string words = absl::StatusCodeToString(call.status.code());
  if (const std::string reason = ErrorReason(call.status); !reason.empty()) absl::StrAppend(&words, " ", reason);
  absl::StrAppend(&words, " from ", call.peer);
  if (!call.detail.empty()) absl::StrAppend(&words, ", ", call.detail);
  // A fault's text is for the log alone: it may quote what nobody vetted.
  if (!IsFault(call.status)) absl::StrAppend(&words, ": ", CutText(std::string(call.status.message()), kMessageShown));
  return words;
}

}  // namespace

absl::Status CallAudit::Begin(const CallRecord& call) {
  if (!call.mutates || EnteredByStore(call.method)) return absl::OkStatus();
  return store_.AppendAudit({call.caller, call.method, call.resource, OriginOf(call), AuditOutcome::kBegun});
}

void CallAudit::End(const CallRecord& call) {
  if (call.status.ok()) {
    if (!call.mutates || EnteredByStore(call.method)) return;
    Enter({call.caller, call.method, call.resource, OriginOf(call), AuditOutcome::kDone});
    return;
  }
  // A reader who asks for what is not there is no matter for an audit; one who may not ask is.
  if (call.admitted && !call.mutates) return;
  int left_out = 0;
  // What was begun is ended, however many calls are refused.
  const bool begun = call.admitted && call.mutates && !EnteredByStore(call.method);
  if (!begun && !Take(call.caller, left_out)) return;
  std::string words = WordsOf(call);
  if (left_out > 0) absl::StrAppend(&words, " (", left_out, " refused calls before this one are not listed)");
  Enter({call.caller, call.method, call.resource, std::move(words),
         call.admitted && IsFault(call.status) ? AuditOutcome::kFailed : AuditOutcome::kRefused});
}

absl::Status CallAudit::Note(std::string_view verb, std::string_view name, std::string_view detail) {
  return store_.AppendAudit({"server", std::string(verb), std::string(name), std::string(detail), AuditOutcome::kDone});
}

bool CallAudit::Take(const std::string& caller, int& left_out) {
  const MonoTime now = clock_.MonoNow();
  const MutexLock lock(mutex_);
  const bool crowded = refusals_.size() >= kCallersMax && !refusals_.contains(caller);
  Refusals& refusals = refusals_[crowded ? std::string() : caller];
  if (refusals.entered == 0 || now - refusals.begin >= kWindow) {
    left_out = refusals.left_out;
    refusals = {.begin = now, .entered = 1, .left_out = 0};
    return true;
  }
  if (refusals.entered < kRefusalsPerMinute) {
    ++refusals.entered;
    return true;
  }
  ++refusals.left_out;
  return false;
}

void CallAudit::Enter(AuditLine line) {
  const absl::Status entered = store_.AppendAudit(line);
  if (entered.ok()) return;
  logger_.Write(LogLevel::kError, "audit_failed",
                {{"method", line.verb}, {"caller", line.caller}, {"reason", ErrorReason(entered)}});
}

}  // namespace cdi::server
