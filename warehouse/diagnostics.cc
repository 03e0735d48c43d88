#include "warehouse/diagnostics.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "base/error.h"
#include "base/text.h"
#include "warehouse/concat.h"
#include "warehouse/faults.h"

namespace cdi::warehouse {
namespace {

constexpr FaultRule kCommonStates[] = {
    {"IM002", &kDriverMissing}, {"IM003", &kDriverMissing},    {"IM004", &kDriverMissing}, {"HYT01", &kLost},
    {"HY008", &kCancelled},     {"57014", &kStatementTimeout}, {"22", &kDataInvalid},      {"42", &kStatementRefused},
};

const Fault* Find(const DiagnosticRecord& record, const DiagnosticContext& context) {
  if (const Fault* fault = FindCommonFault(record, context); fault == &kDriverMissing) return fault;
  const Fault* const fault = context.kind == WarehouseKind::kSnowflake ? FindSnowflakeFault(record, context)
                                                                       : FindPostgresFault(record, context);
  return fault != nullptr ? fault : FindCommonFault(record, context);
}

std::string FillIn(std::string_view pattern, const DiagnosticContext& context, std::string_view named) {
  const struct {
    std::string_view mark;
    std::string_view value;
    std::string_view otherwise;
  } kMarks[] = {
      {"{user}", context.user, "of the connection"},
      {"{role}", context.role, "of the session"},
      {"{warehouse}", context.warehouse, "…"},
      {"{host}", context.host, "its host"},
      {"{object}", context.object, "the source"},
      {"{sql_object}", context.sql_object, "…"},
      {"{named}", named, "…"},
  };
  std::string text;
  while (!pattern.empty()) {
    const size_t open = pattern.find('{');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    pattern.remove_prefix(open);
    const auto* const mark = std::find_if(std::begin(kMarks), std::end(kMarks),
                                          [&](const auto& known) { return pattern.starts_with(known.mark); });
    if (mark == std::end(kMarks)) {
      text += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    text += mark->value.empty() ? mark->otherwise : mark->value;
    pattern.remove_prefix(mark->mark.size());
  }
  return text;
}

bool IsUuid(std::string_view text) {
  constexpr size_t kUuidSize = 36;
  return text.size() == kUuidSize && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == '-';
         });
}

// Control characters would let a server write lines of its own into a log.
std::string Printable(std::string_view text) {
  std::string printable = CutText(text, 300);
  for (char& c : printable) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return printable;
}

std::string_view FirstLine(std::string_view& rest) {
  const size_t end = rest.find_first_of("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

std::string_view WarehouseKindName(WarehouseKind kind) {
  return kind == WarehouseKind::kSnowflake ? "Snowflake" : "PostgreSQL";
}

const Fault* FindCommonFault(const DiagnosticRecord& record, const DiagnosticContext& context) {
  // unixODBC's own words; it gives 01000 as the only state of a library that it cannot load (observed with 2.3.11).
  const auto says = [&](std::string_view part) { return record.message.find(part) != std::string::npos; };
  if (says("Can't open lib") || says("Data source name not found")) return &kDriverMissing;
  // Drivers disagree about what is a connection that was not made and one that broke; the call tells.
  if (record.sqlstate.starts_with("08")) return context.login ? &kConnectFailed : &kLost;
  if (record.sqlstate == "HYT00") return context.login ? &kLoginTimeout : &kStatementTimeout;
  return FindByState(kCommonStates, record.sqlstate);
}

std::string_view QuotedName(std::string_view message) {
  const size_t open = message.find('\'');
  if (open == std::string_view::npos) return {};
  message.remove_prefix(open + 1);
  const size_t close = message.find('\'');
  return close == std::string_view::npos ? std::string_view() : message.substr(0, close);
}

std::string CleanDriverMessage(std::string_view message) {
  while (!message.empty() && message.front() == '[') {
    const size_t end = message.find(']');
    if (end == std::string_view::npos) break;
    message.remove_prefix(end + 1);
    while (!message.empty() && message.front() == ' ') message.remove_prefix(1);
  }
  std::string_view rest = message;
  std::string_view line = FirstLine(rest);
  // Snowflake begins with a line that only names the kind of error.
  if (line.starts_with("SQL compilation error") || line.starts_with("SQL access control error")) {
    std::string_view next;
    while (next.empty() && !rest.empty()) next = FirstLine(rest);
    if (!next.empty()) line = next;
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == ';')) line.remove_suffix(1);
  return Printable(line);
}

std::string LoginFailureId(std::string_view message) {
  const size_t open = message.rfind('[');
  const size_t close = message.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  const std::string_view inside = message.substr(open + 1, close - open - 1);
  return IsUuid(inside) ? std::string(inside) : std::string();
}

absl::Status StatusFromDiagnostics(const std::vector<DiagnosticRecord>& records, const DiagnosticContext& context) {
  // The first record that says something: drivers put warnings of other calls around the error.
  const Fault* fault = nullptr;
  const DiagnosticRecord* told = records.empty() ? nullptr : &records.front();
  for (const DiagnosticRecord& record : records) {
    const Fault* const found = Find(record, context);
    if (found != nullptr && (fault == nullptr || fault == &kUnknown)) {
      fault = found;
      told = &record;
    }
  }
  if (fault == nullptr) fault = &kUnknown;

  const std::string named = told == nullptr ? std::string() : Printable(QuotedName(told->message));
  std::string message = FillIn(fault->message, context, named);
  ErrorDetails details;
  if (told != nullptr) {
    details = {{"sqlstate", told->sqlstate}, {"native", Concat(told->native)}};
    const std::string words = CleanDriverMessage(told->message);
    if (fault->quote_server && !words.empty()) AppendTo(message, ". It said: ", words);
    const std::string failure = context.login ? LoginFailureId(told->message) : std::string();
    if (context.kind == WarehouseKind::kSnowflake && !failure.empty()) {
      details["login_failure"] = failure;
      AppendTo(message, ". Snowflake keeps the exact cause for a role with MONITOR on the account: SELECT ",
               "SYSTEM$GET_LOGIN_FAILURE_DETAILS('", failure, "')");
    }
  }
  return MakeError(fault->code, fault->reason, message, details);
}

bool IsConnectionLost(const absl::Status& status) {
  return ErrorReason(status) == "CONNECTION_LOST";
}

bool IsCredentialRefused(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == "KEY_REFUSED" || reason == "PASSWORD_REFUSED";
}

}  // namespace cdi::warehouse
