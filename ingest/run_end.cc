#include "ingest/run_end.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::ingest {

RunEnd EndOfCompleteRun(const RunSums& sums, bool rows_max_reached, uint64_t rows_max) {
  if (rows_max_reached) {
    return {RunState::kLimitExceeded,
            {"LIMIT_EXCEEDED", absl::StrCat("the window has more than ", rows_max,
                                            " rows (rows_max); the next run goes on where this one stopped")},
            false};
  }
  const uint64_t dead = sums.rejected_local + sums.rejected_braze;
  if (dead > 0) {
    return {RunState::kPartial,
            {"ROWS_REFUSED", absl::StrCat(dead, " rows were refused",
                                          sums.held > 0 ? absl::StrCat(" and ", sums.held, " are held") : "",
                                          ": list them, mend the source, replay them")},
            false};
  }
  if (sums.held > 0) {
    return {RunState::kPartial,
            {"ROWS_HELD", absl::StrCat(sums.held,
                                       " rows are held because nobody knows whether Braze took them: check in "
                                       "Braze, then release or discard them")},
            false};
  }
  return {RunState::kSuccess, {}, false};
}

RunEnd EndByFetchFailure(const absl::Status& status) {
  const bool needs_somebody = absl::IsFailedPrecondition(status) || absl::IsUnauthenticated(status) ||
                              absl::IsPermissionDenied(status) || absl::IsInvalidArgument(status);
  std::string reason = ErrorReason(status);
  if (reason.empty()) reason = "FETCH_FAILED";
  return {needs_somebody ? RunState::kConfigError : RunState::kError, {reason, std::string(status.message())}, false};
}

RunEnd EndByWriteFailure(const absl::Status& status) {
  std::string reason = ErrorReason(status);
  if (reason.empty()) reason = "STATE_WRITE_FAILED";
  return {RunState::kError, {reason, std::string(status.message())}, true};
}

RunEnd EndByReply(const SendReport& report) {
  const std::string http = report.http_status == 0 ? "" : absl::StrCat(" (HTTP ", report.http_status, ")");
  switch (report.outcome) {
    case SendOutcome::kAuthRefused:
      return {RunState::kConfigError,
              {"API_KEY_REFUSED", absl::StrCat("Braze refused the workspace's API key", http,
                                               ": check the key and its permission users.track")},
              false};
    case SendOutcome::kEndpointWrong:
      return {RunState::kConfigError,
              {"ENDPOINT_WRONG", absl::StrCat("the workspace's endpoint does not answer like Braze", http,
                                              ": check the REST endpoint of your Braze instance")},
              false};
    default:
      return {RunState::kError,
              {"BRAZE_UNAVAILABLE", absl::StrCat("Braze gave no usable answer", http, " after the last attempt: ",
                                                 report.message, "; the next run resumes the unfinished rows")},
              false};
  }
}

}  // namespace cdi::ingest
