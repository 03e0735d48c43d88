#include "cli/error_report.h"

#include <google/rpc/error_details.pb.h>

#include "base/text.h"
#include "cli/concat.h"
#include "cli/table.h"
#include "cli/values.h"

namespace cdi::cli {
namespace {

// The names of gRPC's status codes are those of abseil, and so are their numbers.
std::string CodeName(int code) {
  if (code == 0) return "UNKNOWN";
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

void AddDetail(const google::protobuf::Any& any, ErrorReport& report) {
  if (google::rpc::ErrorInfo facts; any.UnpackTo(&facts)) {
    report.reason = facts.reason();
    for (const auto& [key, value] : facts.metadata()) report.details[key] = value;
  } else if (google::rpc::BadRequest request; any.UnpackTo(&request)) {
    for (const auto& violation : request.field_violations()) {
      report.fields.emplace_back(violation.field(), violation.description());
    }
  } else if (google::rpc::PreconditionFailure failure; any.UnpackTo(&failure)) {
    for (const auto& violation : failure.violations()) {
      // What only says the message again is no hint.
      if (violation.description() == report.message || violation.description().empty()) continue;
      report.hints.push_back(violation.subject().empty() ? violation.description()
                                                         : Concat(violation.subject(), ": ", violation.description()));
    }
  } else if (google::rpc::RetryInfo retry; any.UnpackTo(&retry)) {
    report.hints.push_back(Concat("try again after ", FormatDuration(FromProto(retry.retry_delay()))));
  }
}

bool IsAnswer(const grpc::Status& status) {
  return !status.error_details().empty();
}

// Something listens and ends the connection: most often one of the two sides speaks TLS and the other does not (the
// texts are those of gRPC 1.51).
std::vector<std::string> HintsOfSilence(const std::string& message) {
  std::vector<std::string> hints = {"start it with `cdi-server --config FILE`",
                                    "or point elsewhere with --server HOST:PORT or CDI_SERVER"};
  const auto has = [&message](std::string_view text) { return message.find(text) != std::string::npos; };
  if (has("Socket closed") || has("Connection reset")) {
    hints.insert(
        hints.begin(),
        "something listens there and hangs up: if it speaks TLS, give --ca-file FILE (or CDI_CA_FILE), or --tls");
    hints[1] = "if it has just stopped, " + hints[1];
  }
  return hints;
}

}  // namespace

ErrorReport ReportOf(const google::rpc::Status& status) {
  ErrorReport report;
  report.code = CodeName(status.code());
  report.message = status.message();
  for (const google::protobuf::Any& any : status.details()) AddDetail(any, report);
  // A field named both ways is shown once.
  if (!report.fields.empty()) report.details.erase("field");
  return report;
}

ErrorReport ReportOf(const grpc::Status& status, std::string_view address) {
  ErrorReport report;
  if (google::rpc::Status details; IsAnswer(status) && details.ParseFromString(status.error_details())) {
    report = ReportOf(details);
  }
  report.code = CodeName(status.error_code());
  report.message = status.error_message();
  if (IsAnswer(status)) return report;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    report.message = Concat("no server can be reached at ", address, ": ", status.error_message());
    report.reason = "SERVER_UNREACHABLE";
    report.hints = HintsOfSilence(status.error_message());
  } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    report.message = Concat("the server at ", address, " gave no answer in time");
    report.reason = "TIMED_OUT";
    report.hints = {"the request may still be carried out; look before repeating it",
                    "give it more time with --timeout 5m"};
  } else if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    report.message = Concat("the server at ", address, " does not know this request");
    report.hints = {"is it cdi-server, and as new as this cdi?"};
  }
  return report;
}

ErrorReport ReportOf(const absl::Status& status) {
  ErrorReport report;
  report.code = CodeName(static_cast<int>(status.code()));
  report.message = std::string(status.message());
  report.reason = "USAGE";
  return report;
}

ExitCode ExitCodeOf(const grpc::Status& status) {
  if (status.ok()) return kOk;
  const bool no_answer = status.error_code() == grpc::StatusCode::UNAVAILABLE && !IsAnswer(status);
  return no_answer || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ? kUnreachable : kRefused;
}

std::string RenderText(const ErrorReport& report) {
  std::string text =
      Concat("error: ", report.message.empty() ? report.code : PrintableText(report.message, true), "\n");
  // USAGE is our own word for the JSON form; on a terminal the message says it.
  if (!report.reason.empty() && report.reason != "USAGE") {
    Append(text, "reason: ", PrintableText(report.reason), "\n");
  }
  for (const auto& [field, description] : report.fields) {
    Append(text, "field: ", PrintableText(field));
    if (!description.empty() && description != report.message) Append(text, " (", PrintableText(description), ")");
    text += "\n";
  }
  if (!report.details.empty()) text += "details:\n";
  for (const auto& [key, value] : report.details) {
    Append(text, "  ", PrintableText(key), "=", PrintableText(value), "\n");
  }
  for (const std::string& hint : report.hints) Append(text, "hint: ", PrintableText(hint), "\n");
  return text;
}

std::string RenderJson(const ErrorReport& report) {
  std::string json = Concat("{\"error\":{\"code\":", JsonQuote(report.code), ",\"message\":", JsonQuote(report.message),
                            ",\"reason\":", JsonQuote(report.reason), ",\"fields\":[");
  std::string_view comma;
  for (const auto& [field, description] : report.fields) {
    Append(json, comma, "{\"field\":", JsonQuote(field), ",\"description\":", JsonQuote(description), "}");
    comma = ",";
  }
  json += "],\"details\":{";
  comma = "";
  for (const auto& [key, value] : report.details) {
    Append(json, comma, JsonQuote(key), ":", JsonQuote(value));
    comma = ",";
  }
  json += "},\"hints\":[";
  comma = "";
  for (const std::string& hint : report.hints) {
    Append(json, comma, JsonQuote(hint));
    comma = ",";
  }
  return json + "]}}\n";
}

void PrintError(Console& console, const ErrorReport& report, bool json) {
  console.err << (json ? RenderJson(report) : RenderText(report)) << std::flush;
}

}  // namespace cdi::cli
