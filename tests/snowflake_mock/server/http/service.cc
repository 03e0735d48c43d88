#include "tests/snowflake_mock/server/http/service.h"

#include <chrono>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/engine/gzip.h"
#include "tests/snowflake_mock/server/http/query_reply.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;
using Kind = Fault::Kind;

// Runs a fault's statement as the administrator, in the name space of nobody: names must be complete.
void RunAsAdministrator(Account& account, const std::string& sql) {
  const auto session = account.AdministratorSession();
  if (session.ok()) RunScript(account, **session, sql).IgnoreError();
}

bool AcceptsGzip(const HttpRequest& request) {
  return absl::StrContains(request.Header("accept-encoding"), "gzip");
}

// Faults that leave the reply's meaning and change its bytes.
void Shape(const Fault& fault, const HttpRequest& request, HttpReply& reply) {
  if (fault.kind == Kind::kSlow) {
    reply.wire = {WireFault::Kind::kSlow, 0, std::max<int64_t>(1, fault.bytes_per_second), 0};
    return;
  }
  if (fault.kind == Kind::kReset) {
    reply.wire = {WireFault::Kind::kReset, std::max<int64_t>(0, fault.bytes), 0, 0};
    return;
  }
  if (fault.kind != Kind::kTruncate) return;
  std::string body = reply.keeper != nullptr ? std::string(reply.borrowed) : reply.body;
  reply.keeper = nullptr;
  // A reply of JSON is cut as gzip where the client takes gzip: the library would compress the half as a whole.
  bool encoded = false;
  for (const auto& [name, value] : reply.headers) encoded = encoded || name == "Content-Encoding";
  if (!encoded && AcceptsGzip(request)) {
    body = Gzip(body);
    reply.headers.emplace_back("Content-Encoding", "gzip");
    reply.content_type = "application/octet-stream";
  }
  const auto size = static_cast<int64_t>(body.size());
  const int64_t kept = fault.bytes < 0 ? size / 2 : std::min(size, fault.bytes);
  if (fault.matching_length) {
    body.resize(static_cast<size_t>(kept));
  } else {
    reply.wire = {WireFault::Kind::kTruncate, kept, 0, 0};
  }
  reply.body = std::move(body);
}

}  // namespace

HttpReply SuccessReply(const Json& data) {
  return {.body = PlainReply(true, "", "", data)};
}
HttpReply SuccessReply() {
  return {.body = PlainReply(true, "", "")};
}
HttpReply FailureReply(const std::string& code, const std::string& message, int status) {
  return {.status = status, .body = PlainReply(false, code, message)};
}
HttpReply FailureReply(const absl::Status& error) {
  return FailureReply(SqlErrorCode(error), std::string(error.message()));
}

Service::Service(Account& the_account, size_t workers)
    : account(the_account), jobs(the_account, faults, workers), storage_secret_(RandomToken()) {
  ApplySettings();
  account.cancel_query = [this](const std::string& query_id) {
    const auto job = jobs.FindById(query_id);
    return job != nullptr && jobs.Cancel(job);
  };
}

// A statement that still runs may be about to call cancel_query.
Service::~Service() {
  jobs.Shutdown();
  account.cancel_query = nullptr;
}

void Service::ApplySettings() {
  const Settings settings = account.CurrentSettings();
  body_bytes_max_.store(static_cast<size_t>(settings.body_megabytes) * 1024 * 1024);
  account.history.SetResultBudget(settings.result_megabytes * 1024 * 1024);
}

void Service::Stop() {
  stopping_.store(true);
  jobs.CancelAll();
}

HttpReply Service::Handle(const HttpRequest& request) {
  if (request.body_too_large) return FailureReply("390400", "Request body is too large.", 413);
  try {
    return Route(request);
  } catch (const std::exception& broken) {
    return FailureReply("000603", absl::StrCat("internal error: ", broken.what()), 500);
  }
}

HttpReply Service::Route(const HttpRequest& request) {
  // One of Snowflake's drivers writes two slashes for one.
  const std::string path = absl::StrReplaceAll(request.path, {{"//", "/"}});
  if (absl::StartsWith(path, "/__mock/")) return HandleControl(*this, request);
  const bool post = request.method == "POST";
  const bool get = request.method == "GET";
  struct Fixed {
    const char* path;
    HttpReply (*handler)(Service&, const HttpRequest&);
  };
  static constexpr Fixed kPosts[] = {
      {"/session/v1/login-request", HandleLogin},
      {"/session/token-request", HandleRenewal},
      {"/session", HandleSession},
      {"/session/heartbeat", HandleHeartbeat},
      {"/session/authenticator-request", HandleAuthenticator},
      {"/telemetry/send", HandleTelemetry},
      {"/telemetry/send/sessionless", HandleTelemetry},
      {"/queries/v1/query-request", HandleQuery},
      {"/queries/v1/abort-request", HandleAbortByRequest},
  };
  for (const Fixed& fixed : kPosts) {
    if (path != fixed.path) continue;
    if (post) return fixed.handler(*this, request);
    return FailureReply("390400", "Method not allowed.", 405);
  }
  const std::vector<std::string> parts = absl::StrSplit(path, '/');  // the first is empty
  if (parts.size() == 4 && parts[1] == "queries" && parts[3] == "result")
    return get ? HandleResult(*this, request, parts[2]) : FailureReply("390400", "Method not allowed.", 405);
  if (parts.size() == 4 && parts[1] == "queries" && parts[3] == "abort-request")
    return post ? HandleAbortById(*this, request, parts[2]) : FailureReply("390400", "Method not allowed.", 405);
  if (parts.size() == 4 && parts[1] == "monitoring" && parts[2] == "queries")
    return get ? HandleMonitoring(*this, request, parts[3]) : FailureReply("390400", "Method not allowed.", 405);
  if (parts.size() > 1 && parts[1] == "__storage") return HandleChunk(*this, request);
  return FailureReply("390404", "Not Found", 404);
}

Service::Entry Service::Authorize(const HttpRequest& request) {
  const std::string token = TokenOf(request);
  if (token.empty())
    return {nullptr, FailureReply("390101", "Authorization header not found in the request data.", 401)};
  TokenCheck check = account.CheckToken(token, /*master=*/false);
  switch (check.state) {
    case TokenState::kValid:
      return {std::move(check.session), {}};
    case TokenState::kExpired:
      return {nullptr, FailureReply("390112", "Your session has expired. Please login again.")};
    case TokenState::kGone:
      if (account.CurrentSettings().gone_session_as_401 == 0) {
        return {nullptr,
                FailureReply("390111", "Session no longer exists.  New login required to access the service.")};
      }
      break;
    case TokenState::kUnknown:
      break;
  }
  return {nullptr, FailureReply("390104", "Session token is invalid. Please authenticate again.", 401)};
}

bool Service::Strike(const Fault& fault, const FaultTarget& target, const HttpRequest& request,
                     HttpReply& replacement) {
  switch (fault.kind) {
    case Kind::kStatus:
      replacement =
          FailureReply("", absl::StrCat("snowflake-mock fault: HTTP ", fault.status), static_cast<int>(fault.status));
      if (fault.retry_after >= 0) replacement.headers.emplace_back("Retry-After", std::to_string(fault.retry_after));
      if (target.route == "chunk") {
        // Not application/xml: drivers take that for a storage error of its own kind.
        replacement.content_type = "text/plain";
        replacement.body = "snowflake-mock fault";
      }
      return true;
    case Kind::kError:
      replacement = FailureReply(fault.code, fault.message);
      return true;
    case Kind::kReset:
      if (fault.bytes > 0) return false;
      replacement.wire = {WireFault::Kind::kReset, 0, 0, 0};
      replacement.body = "{}";
      return true;
    case Kind::kHang:
      replacement.wire = {WireFault::Kind::kHang, 0, 0, fault.seconds == 0 ? 3600 : fault.seconds};
      replacement.body = "{}";
      return true;
    case Kind::kDelay: {
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(fault.milliseconds) +
                         std::chrono::seconds(fault.seconds);
      while (std::chrono::steady_clock::now() < until && !stopping_.load()) {
        if (request.client_gone && request.client_gone()) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      return false;
    }
    case Kind::kSql:
      RunAsAdministrator(account, fault.statement);
      return false;
    case Kind::kExpire:
      for (const auto& session : account.Sessions()) {
        if (session->id != target.session_id) continue;
        if (fault.token != "drop") {
          account.ExpireTokens(session, fault.token == "master");
          continue;
        }
        jobs.CancelAllOf(session->id);
        account.RemoveSession(session);
      }
      return false;
    case Kind::kClock:
      account.ShiftClock(fault.seconds * 1'000'000'000);
      return false;
    case Kind::kSlow:
    case Kind::kTruncate:
      return false;
  }
  return false;
}

HttpReply Service::WithFaults(FaultTarget target, const HttpRequest& request, const std::function<HttpReply()>& work) {
  target.after = false;
  const std::vector<Fault> before = faults.Take(target);
  HttpReply replacement;
  for (const Fault& fault : before) {
    if (Strike(fault, target, request, replacement)) return replacement;
  }
  HttpReply reply = work();
  for (const Fault& fault : before) Shape(fault, request, reply);
  target.after = true;
  for (const Fault& fault : faults.Take(target)) {
    if (Strike(fault, target, request, replacement)) return replacement;
    Shape(fault, request, reply);
  }
  return reply;
}

}  // namespace cdi::snowflake_mock
