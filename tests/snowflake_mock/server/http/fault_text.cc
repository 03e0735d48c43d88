// Faults from text: keys, values and the short words for common ones.
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/http/fault_book.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = Fault::Kind;

const std::map<std::string, Kind>& KindNames() {
  static const auto* const names = new std::map<std::string, Kind>{
      {"status", Kind::kStatus}, {"reset", Kind::kReset}, {"hang", Kind::kHang},   {"truncate", Kind::kTruncate},
      {"slow", Kind::kSlow},     {"error", Kind::kError}, {"delay", Kind::kDelay}, {"sql", Kind::kSql},
      {"expire", Kind::kExpire}, {"clock", Kind::kClock}};
  return *names;
}

struct KnownError {
  const char* word;
  const char* code;
  const char* sqlstate;
  const char* message;
};

constexpr KnownError kErrors[] = {
    {"suspended", "000606", "57P03",
     "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' "
     "command."},
    {"timeout", "000630", "57014",
     "Statement reached its statement or warehouse timeout of 1 second(s) and was canceled."},
    {"canceled", "000604", "57014", "SQL execution canceled"},
    {"incident", "000603", "XX000", "SQL execution internal error:\nProcessing aborted by error 300010:391167117"},
    {"resume_failed", "090073", "57014",
     "Warehouse cannot be resumed because resource monitor has exceeded its quota."},
    {"too_many", "000610", "57014", "Too many concurrent requests for the user."},
};

void FillError(Fault& fault) {
  for (const KnownError& known : kErrors) {
    if (fault.code != known.code) continue;
    if (fault.sqlstate.empty()) fault.sqlstate = known.sqlstate;
    if (fault.message.empty()) fault.message = known.message;
  }
  if (fault.sqlstate.empty()) fault.sqlstate = "42000";
  if (fault.message.empty()) fault.message = "snowflake-mock fault";
}

// "reset", "503", "suspended" …
absl::Status SetKind(Fault& fault, const std::string& word) {
  const auto found = KindNames().find(word);
  if (found != KindNames().end()) {
    fault.kind = found->second;
    return absl::OkStatus();
  }
  if (int64_t status = 0; absl::SimpleAtoi(word, &status) && status >= 100 && status <= 599) {
    fault.kind = Kind::kStatus;
    fault.status = status;
    return absl::OkStatus();
  }
  for (const KnownError& known : kErrors) {
    if (word != known.word) continue;
    fault.kind = Kind::kError;
    fault.code = known.code;
    FillError(fault);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown fault '", word,
      "'; one of status, reset, hang, truncate, slow, error, delay, sql, expire, clock, a status such as 503, "
      "suspended, timeout, canceled, incident, resume_failed, too_many"));
}

const std::map<std::string, std::string Fault::*>& TextKeys() {
  static const auto* const keys = new std::map<std::string, std::string Fault::*>{{"user", &Fault::user},
                                                                                  {"tag", &Fault::tag},
                                                                                  {"sql", &Fault::sql},
                                                                                  {"state", &Fault::state},
                                                                                  {"code", &Fault::code},
                                                                                  {"sqlstate", &Fault::sqlstate},
                                                                                  {"message", &Fault::message},
                                                                                  {"statement", &Fault::statement},
                                                                                  {"request_id", &Fault::request_id}};
  return *keys;
}

const std::map<std::string, int64_t Fault::*>& NumberKeys() {
  static const auto* const keys = new std::map<std::string, int64_t Fault::*>{
      {"count", &Fault::count},           {"skip", &Fault::skip},
      {"status", &Fault::status},         {"bytes", &Fault::bytes},
      {"rate", &Fault::bytes_per_second}, {"retry_after", &Fault::retry_after},
      {"seconds", &Fault::seconds},       {"ms", &Fault::milliseconds},
      {"session", &Fault::session_id}};
  return *keys;
}

}  // namespace

std::string FaultKindName(Kind kind) {
  for (const auto& [name, one] : KindNames()) {
    if (one == kind) return name;
  }
  return "";
}

absl::Status SetFaultKey(Fault& fault, const std::string& key, const std::string& value) {
  const auto wrong = [&](const std::string& must) {
    return absl::InvalidArgumentError(absl::StrCat(key, " must be ", must, "; got ", value));
  };
  if (key == "fault") return SetKind(fault, value);
  if (const auto text = TextKeys().find(key); text != TextKeys().end()) {
    fault.*text->second = value;
    if (key == "code") FillError(fault);
    return absl::OkStatus();
  }
  if (const auto number = NumberKeys().find(key); number != NumberKeys().end()) {
    int64_t amount = 0;
    const int64_t least = key == "seconds" ? -100'000'000 : -1;
    if (!absl::SimpleAtoi(value, &amount) || amount < least || amount > 100'000'000'000)
      return wrong("a whole number, -1 or more");
    if (key == "status" && (amount < 100 || amount > 599)) return wrong("100 to 599");
    fault.*number->second = amount;
    return absl::OkStatus();
  }
  if (key == "when") {
    if (value != "before" && value != "after") return wrong("before or after");
    fault.after = value == "after";
    return absl::OkStatus();
  }
  if (key == "length") {
    if (value != "matching" && value != "wrong") return wrong("matching or wrong");
    fault.matching_length = value == "matching";
    return absl::OkStatus();
  }
  if (key == "token") {
    if (value != "session" && value != "master" && value != "drop") return wrong("session, master or drop");
    fault.token = value;
    return absl::OkStatus();
  }
  if (key == "route") {
    for (const char* route : {"login", "renew", "heartbeat", "logout", "query", "result", "statement", "abort",
                              "monitoring", "telemetry", "chunk", "any"}) {
      if (value == route) {
        fault.route = value;
        return absl::OkStatus();
      }
    }
    return wrong(
        "login, renew, heartbeat, logout, query, result, statement, abort, monitoring, telemetry, chunk or any");
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown key '", key, "' of a fault"));
}

absl::StatusOr<Fault> ParseFaultText(const std::string& text) {
  Fault fault;
  fault.text = text;
  bool has_kind = false;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end_of_key = text.find_first_of("=,", at);
    std::string key(absl::StripAsciiWhitespace(text.substr(at, end_of_key - at)));
    std::string value;
    if (end_of_key != std::string::npos && text[end_of_key] == '=') {
      at = end_of_key + 1;
      const bool quoted = at < text.size() && text[at] == '"';
      const size_t end = quoted ? text.find('"', at + 1) : text.find(',', at);
      if (quoted && end == std::string::npos) return absl::InvalidArgumentError("a quoted value does not end");
      value = quoted ? text.substr(at + 1, end - at - 1)
                     : std::string(absl::StripAsciiWhitespace(text.substr(at, end - at)));
      at = quoted ? text.find(',', end) : end;
    } else {
      value = std::exchange(key, "fault");  // the bare first word
      at = end_of_key;
    }
    CDI_RETURN_IF_ERROR(SetFaultKey(fault, absl::AsciiStrToLower(key), value));
    has_kind = has_kind || absl::EqualsIgnoreCase(key, "fault");
    if (at == std::string::npos) break;
    ++at;
  }
  if (!has_kind) return absl::InvalidArgumentError("a fault needs its kind: fault=reset");
  return fault;
}

std::vector<std::string> FaultComments(const std::string& sql) {
  constexpr std::string_view kMark = "mock:fault=";
  std::vector<std::string> texts;
  for (size_t at = sql.find("/*"); at != std::string::npos; at = sql.find("/*", at + 2)) {
    const size_t end = sql.find("*/", at + 2);
    if (end == std::string::npos) break;
    const std::string_view comment = std::string_view(sql).substr(at + 2, end - at - 2);
    const size_t mark = comment.find(kMark);
    if (mark != std::string_view::npos &&
        comment.substr(0, mark).find_first_not_of(" \t\r\n") == std::string_view::npos)
      texts.push_back(std::string(absl::StripAsciiWhitespace(std::string(comment.substr(mark + kMark.size())))));
  }
  return texts;
}

}  // namespace cdi::snowflake_mock
