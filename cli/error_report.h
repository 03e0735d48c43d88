// What a failed call, a failed run or a wrong command line tells its reader.
// For people, `error: …` with the reason, the field and the details that the server attached as google.rpc details;
// with --json the same as one object. Nothing is taken from the text of a message.
#pragma once

#include <google/rpc/status.pb.h>
#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cli/console.h"
#include "cli/exit_code.h"

namespace cdi::cli {

struct ErrorReport {
  std::string code;                                         // INVALID_ARGUMENT, …
  std::string message;                                      // for people
  std::string reason;                                       // UPPER_SNAKE of docs/errors.md; "" when none was given
  std::vector<std::pair<std::string, std::string>> fields;  // request field, what is wrong with it
  std::map<std::string, std::string> details;               // machine facts: sqlstate, http_status, …
  std::vector<std::string> hints;                           // what to do, when this program knows it
};

// From google.rpc.Status: its message and its ErrorInfo, BadRequest, PreconditionFailure and RetryInfo details.
ErrorReport ReportOf(const google::rpc::Status& status);

// From a call to the server at `address`. An answer of the server carries details; a call that never reached it does
// not, and is told apart by that.
ErrorReport ReportOf(const grpc::Status& status, std::string_view address);

// From a check made here before anything was sent.
ErrorReport ReportOf(const absl::Status& status);

// kUnreachable for a call that got no answer of the server, else kRefused.
ExitCode ExitCodeOf(const grpc::Status& status);

// Lines for people, or one JSON object on one line:
// {"error":{"code":…,"message":…,"reason":…,"fields":[…],"details":{…}}}.
std::string RenderText(const ErrorReport& report);
std::string RenderJson(const ErrorReport& report);

// Writes the report to `console.err`.
void PrintError(Console& console, const ErrorReport& report, bool json);

}  // namespace cdi::cli
