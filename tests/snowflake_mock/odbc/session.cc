#include "tests/snowflake_mock/odbc/session.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/backoff.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"

namespace cdi::sfodbc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Outcome = HttpReply::Outcome;

constexpr milliseconds kCancelGrace{2000};
constexpr int kRenewalsMax = 3;
constexpr std::string_view kClientId = "CdiSnowflakeOdbc";
constexpr std::string_view kClientVersion = "0.1.0";

constexpr std::string_view kTokenExpired = "390112";
// The session is over: nothing but a new login helps.
constexpr std::array<std::string_view, 6> kSessionGone = {"390101", "390104", "390111", "390113", "390114", "390115"};

bool IsSessionGone(std::string_view code) {
  return std::find(kSessionGone.begin(), kSessionGone.end(), code) != kSessionGone.end();
}

bool InProgress(const Reply& reply) {
  return reply.code == "333333" || reply.code == "333334";
}

TimePoint DeadlineAfter(seconds limit) {
  return limit.count() > 0 ? steady_clock::now() + limit : kNoDeadline;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += absl::StrFormat("%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

absl::Status Cancelled() {
  return ServerError("HY008", kNativeCancelled, "SQL execution canceled");
}

int64_t EpochMilliseconds() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::chrono::milliseconds RetryDelay(int attempt) {
  SystemRng rng;
  return BackoffDelay({.base = milliseconds(250), .cap = milliseconds(16'000)}, attempt - 1, rng);
}

bool IsRetryableStatus(int status) {
  return status >= 500 || status == 403 || status == 408 || status == 429;
}

std::string Session::NewRequestId() {
  SystemRng rng;
  const uint64_t high = rng.Next();
  const uint64_t low = rng.Next();
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%012x", high >> 32U, (high >> 16U) & 0xFFFFU, high & 0xFFFU,
                         0x8000U | ((low >> 48U) & 0x3FFFU), low & 0xFFFF'FFFF'FFFFULL);
}

void Session::AppendRetryParameters(int attempt, int last_status, std::string& url) {
  if (attempt == 0) return;
  absl::StrAppend(&url, "&retry=true&retryCount=", attempt, "&retryReason=", last_status,
                  "&clientStartTime=", EpochMilliseconds());
}

absl::StatusOr<std::unique_ptr<Session>> Session::Login(Settings settings, CancelToken& cancel) {
  std::unique_ptr<Session> session(new Session(std::move(settings)));  // NOLINT: the constructor is private
  CDI_RETURN_IF_ERROR(session->Authenticate(cancel));
  session->settings_.key_content = Secret();
  session->settings_.key_base64 = Secret();
  session->settings_.key_password = Secret();
  return session;
}

std::string Session::LoginUrl() const {
  std::string url = absl::StrCat(settings_.BaseUrl(), "/session/v1/login-request?requestId=", NewRequestId(),
                                 "&request_guid=", NewRequestId());
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&url, "&", std::string(name), "=", PercentEncode(value));
  };
  add("databaseName", settings_.database);
  add("schemaName", settings_.schema);
  add("warehouse", settings_.warehouse);
  add("roleName", settings_.role);
  return url;
}

std::string Session::LoginBody(std::string_view token) const {
  std::string parameters = absl::StrCat("\"AUTOCOMMIT\":", settings_.autocommit ? "true" : "false",
                                        ",\"CLIENT_SESSION_KEEP_ALIVE\":false,\"ODBC_QUERY_RESULT_FORMAT\":\"JSON\"");
  if (!settings_.query_tag.empty()) absl::StrAppend(&parameters, ",\"QUERY_TAG\":", JsonQuote(settings_.query_tag));
  for (const auto& [name, value] : settings_.session_parameters)
    absl::StrAppend(&parameters, ",", JsonQuote(name), ":", JsonQuote(value));
  return absl::StrCat(
      "{\"data\":{\"ACCOUNT_NAME\":", JsonQuote(settings_.AccountName()), ",\"LOGIN_NAME\":", JsonQuote(settings_.user),
      ",\"AUTHENTICATOR\":\"SNOWFLAKE_JWT\",\"TOKEN\":", JsonQuote(token), ",\"CLIENT_APP_ID\":", JsonQuote(kClientId),
      ",\"CLIENT_APP_VERSION\":", JsonQuote(kClientVersion),
      ",\"CLIENT_ENVIRONMENT\":{\"APPLICATION\":", JsonQuote(settings_.application),
      ",\"OS\":\"linux\"},\"SESSION_PARAMETERS\":{", parameters, "}}}");
}

absl::Status Session::Authenticate(CancelToken& cancel) {
  CDI_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::Load(settings_));
  const TimePoint deadline = DeadlineAfter(settings_.login_timeout);
  int last_status = 0;
  for (int attempt = 0;; ++attempt) {
    // Signed anew for every attempt: the token lives for seconds only.
    CDI_ASSIGN_OR_RETURN(std::string token, key.MakeToken(settings_.AccountName(), settings_.user,
                                                          std::chrono::system_clock::now(), settings_.jwt_lifetime));
    std::string body = LoginBody(token);
    WipeString(token);
    HttpRequest request{.post = true,
                        .url = LoginUrl(),
                        .headers = {"Content-Type: application/json", "Accept: application/json",
                                    absl::StrCat("client_app_id: ", std::string(kClientId)),
                                    absl::StrCat("client_app_version: ", std::string(kClientVersion))},
                        .body = body,
                        .deadline = deadline};
    AppendRetryParameters(attempt, last_status, request.url);
    HttpReply http = pool_.Take()->Perform(request, cancel);
    WipeString(body);
    if (http.outcome == Outcome::kCancelled) return Cancelled();
    const std::string where = absl::StrCat(settings_.host, ":", settings_.port);
    if (http.outcome == Outcome::kCannotConnect) {
      return OdbcError("08001", 0, absl::StrCat("cannot connect to ", where, ": ", http.error));
    }
    if (http.outcome == Outcome::kTlsRefused) {
      return OdbcError("08001", 0, absl::StrCat("no trusted TLS connection to ", where, ": ", http.error));
    }
    if (http.outcome == Outcome::kDeadlinePassed) {
      return OdbcError("HYT00", 0, absl::StrCat("no answer to the login at ", where, " within the login timeout"));
    }
    std::string fault = http.error;
    if (http.outcome == Outcome::kReplied) {
      absl::StatusOr<Reply> reply = ParseReply(std::move(http.body));
      if (reply.ok() && http.status == 200) {
        if (!reply->success) return ServerError("28000", reply->native_code(), reply->message);
        if (reply->Field("token").empty()) return OdbcError("08001", 0, "the login reply carries no token");
        const std::lock_guard lock(token_mutex_);
        session_token_ = Secret(reply->Field("token"));
        master_token_ = Secret(reply->Field("masterToken"));
        NoteParameters(*reply);
        WipeString(reply->body);
        return absl::OkStatus();
      }
      last_status = http.status;
      fault = http.status == 200 ? "the reply is not complete" : absl::StrCat("HTTP status ", http.status);
      const bool repeat = (http.status == 200 || IsRetryableStatus(http.status)) && http.status != 403;
      if (!repeat) return OdbcError("08001", http.status, absl::StrCat("login at ", where, " failed: ", fault));
    }
    const TimePoint next = steady_clock::now() + RetryDelay(attempt + 1);
    if (attempt >= settings_.http_retries_max || next >= deadline) {
      return OdbcError("08001", last_status,
                       absl::StrCat("login at ", where, " failed after ", attempt + 1, " attempts: ", fault));
    }
    if (cancel.WaitUntil(next)) return Cancelled();
  }
}

std::string Session::SessionToken() {
  const std::lock_guard lock(token_mutex_);
  return std::string(session_token_.Expose());
}

absl::StatusOr<Reply> Session::Send(const Exchange& exchange, CancelToken& cancel, TimePoint deadline) {
  const TimePoint give_up = DeadlineAfter(settings_.retry_timeout);
  int last_status = 0;
  int renewals = 0;
  for (int attempt = 0;; ++attempt) {
    std::string token = SessionToken();
    HttpRequest request{
        .post = exchange.post,
        .url = absl::StrCat(settings_.BaseUrl(), exchange.path_and_query, "&request_guid=", NewRequestId()),
        .headers = {"Content-Type: application/json",
                    exchange.is_query ? "Accept: application/snowflake" : "Accept: application/json",
                    absl::StrCat("Authorization: Snowflake Token=\"", token, "\"")},
        .body = exchange.body,
        .deadline = deadline,
        .cancel_grace = exchange.is_query ? kCancelGrace : milliseconds(0)};
    AppendRetryParameters(attempt, last_status, request.url);
    HttpReply http = pool_.Take()->Perform(request, cancel);
    for (std::string& header : request.headers) WipeString(header);
    if (http.outcome == Outcome::kCancelled) return Cancelled();
    if (http.outcome == Outcome::kDeadlinePassed) return OdbcError("HYT00", 0, "the query timeout passed");
    if (http.outcome == Outcome::kTlsRefused)
      return OdbcError("08S01", 0, absl::StrCat("no trusted TLS connection: ", http.error));
    std::string fault = http.error;
    last_status = http.status;
    if (http.outcome == Outcome::kReplied) {
      absl::StatusOr<Reply> reply = ParseReply(std::move(http.body));
      if (reply.ok() && reply->code == kTokenExpired && renewals < kRenewalsMax) {
        const absl::Status renewed = Renew(token);
        WipeString(token);
        CDI_RETURN_IF_ERROR(renewed);
        ++renewals;
        --attempt;  // the same request again, the same requestId: not a retry
        continue;
      }
      if (reply.ok() && (http.status == 200 || http.status == 401)) {
        if (IsSessionGone(reply->code)) {
          gone_ = true;
          return ServerError("08S01", reply->native_code(), reply->message);
        }
        if (http.status == 200) return reply;
      }
      fault = http.status == 200 ? "the reply is not complete" : absl::StrCat("HTTP status ", http.status);
      if (http.status != 200 && !IsRetryableStatus(http.status)) return OdbcError("08S01", http.status, fault);
    }
    WipeString(token);
    const TimePoint next = steady_clock::now() + RetryDelay(attempt + 1);
    if (attempt >= settings_.http_retries_max || next >= give_up) {
      return OdbcError("08S01", last_status, absl::StrCat("connection lost, ", attempt + 1, " attempts: ", fault));
    }
    if (cancel.WaitUntil(std::min(next, deadline))) return Cancelled();
    if (steady_clock::now() >= deadline) return OdbcError("HYT00", 0, "the query timeout passed");
  }
}

absl::Status Session::Renew(std::string_view stale_token) {
  const std::lock_guard lock(token_mutex_);
  if (session_token_.Expose() != stale_token) return absl::OkStatus();  // another statement renewed it
  std::string body = absl::StrCat("{\"requestType\":\"RENEW\",\"oldSessionToken\":", JsonQuote(stale_token), "}");
  HttpRequest request{
      .post = true,
      .url = absl::StrCat(settings_.BaseUrl(), "/session/token-request?request_guid=", NewRequestId()),
      .headers = {"Content-Type: application/json", "Accept: application/json",
                  absl::StrCat("Authorization: Snowflake Token=\"", std::string(master_token_.Expose()), "\"")},
      .body = body,
      .deadline = steady_clock::now() + seconds(60)};
  CancelToken never;
  HttpReply http = pool_.Take()->Perform(request, never);
  WipeString(body);
  for (std::string& header : request.headers) WipeString(header);
  if (http.outcome != Outcome::kReplied)
    return OdbcError("08S01", 0, absl::StrCat("the session token cannot be renewed: ", http.error));
  absl::StatusOr<Reply> reply = ParseReply(std::move(http.body));
  if (!reply.ok())
    return OdbcError("08S01", http.status, "the session token cannot be renewed: the reply is not complete");
  if (!reply->success) {
    gone_ = true;
    return ServerError("08S01", reply->native_code(), reply->message);
  }
  session_token_ = Secret(reply->Field("sessionToken"));
  if (!reply->Field("masterToken").empty()) master_token_ = Secret(reply->Field("masterToken"));
  WipeString(reply->body);
  return absl::OkStatus();
}

absl::StatusOr<Reply> Session::AwaitResult(Reply reply, CancelToken& cancel, TimePoint deadline) {
  milliseconds pause{5};
  while (InProgress(reply)) {
    std::string path(reply.Field("getResultUrl"));
    if (path.empty()) path = absl::StrCat("/queries/", std::string(reply.Field("queryId")), "/result");
    absl::StrAppend(&path, path.find('?') == std::string::npos ? "?" : "&", "requestId=", NewRequestId());
    const TimePoint asked = steady_clock::now();
    CDI_ASSIGN_OR_RETURN(reply,
                         Send({.post = false, .path_and_query = path, .body = "", .is_query = true}, cancel, deadline));
    if (!InProgress(reply) || steady_clock::now() - asked > milliseconds(500)) continue;
    // The server should hold the poll; one that answers at once is not to be stormed.
    if (cancel.WaitUntil(std::min(steady_clock::now() + pause, deadline))) pause = milliseconds(5);
    pause = std::min(2 * pause, milliseconds(1000));
  }
  if (!reply.success) return StatementError(reply);
  NoteParameters(reply);
  return reply;
}

void Session::NoteParameters(const Reply& reply) {
  const std::lock_guard lock(options_mutex_);
  for (const auto& [name, value] : reply.parameters) ReadTypeOption(name, value, type_options_);
  for (const char* const field : {"sessionInfo.databaseName", "finalDatabaseName"}) {
    if (!reply.Field(field).empty()) database_ = reply.Field(field);
  }
}

std::string Session::current_database() {
  const std::lock_guard lock(options_mutex_);
  return database_;
}

TypeOptions Session::type_options() {
  const std::lock_guard lock(options_mutex_);
  TypeOptions options = type_options_;
  options.custom_types = options.custom_types && settings_.personality.custom_types;
  return options;
}

absl::StatusOr<Reply> Session::Run(const QueryRequest& request, CancelToken& cancel, TimePoint deadline) {
  std::string body = absl::StrCat("{\"sqlText\":", JsonQuote(request.sql),
                                  ",\"asyncExec\":false,\"describeOnly\":", request.describe_only ? "true" : "false",
                                  ",\"querySubmissionTime\":", EpochMilliseconds());
  if (!request.bindings.empty()) absl::StrAppend(&body, ",\"bindings\":", request.bindings);
  if (request.multi_statement_count >= 0) {
    absl::StrAppend(&body, ",\"parameters\":{\"MULTI_STATEMENT_COUNT\":", request.multi_statement_count, "}");
  }
  body += "}";
  const std::string path = absl::StrCat("/queries/v1/query-request?requestId=", request.request_id);
  absl::StatusOr<Reply> reply =
      Send({.post = true, .path_and_query = path, .body = std::move(body), .is_query = true}, cancel, deadline);
  if (reply.ok()) reply = AwaitResult(*std::move(reply), cancel, deadline);
  if (reply.ok()) return reply;
  const std::string state = SqlStateOf(reply.status());
  // The server may have taken the statement after all, or not noticed the first cancellation: it must not run on.
  if (state == "HYT00" || (state == "HY008" && NativeCodeOf(reply.status()) == kNativeCancelled))
    Abort(request.request_id, request.sql);
  return reply.status();
}

absl::StatusOr<Reply> Session::FetchResult(std::string_view query_id, CancelToken& cancel, TimePoint deadline) {
  const std::string path = absl::StrCat("/queries/", std::string(query_id), "/result?requestId=", NewRequestId());
  CDI_ASSIGN_OR_RETURN(Reply reply,
                       Send({.post = false, .path_and_query = path, .body = "", .is_query = true}, cancel, deadline));
  return AwaitResult(std::move(reply), cancel, deadline);
}

absl::Status Session::StatementError(const Reply& reply) const {
  const int native = reply.native_code();
  if (native == kNativeCancelled) return ServerError("HY008", native, reply.message);
  return ServerError(settings_.personality.StateOfServerError(reply.Field("sqlState")), native, reply.message);
}

bool Session::Abort(std::string_view request_id, std::string_view sql) {
  CancelToken never;
  std::string token = SessionToken();
  const std::string body = absl::StrCat("{\"sqlText\":", JsonQuote(sql), ",\"requestId\":", JsonQuote(request_id), "}");
  HttpRequest request{.post = true,
                      .url = absl::StrCat(settings_.BaseUrl(), "/queries/v1/abort-request?requestId=", NewRequestId(),
                                          "&request_guid=", NewRequestId()),
                      .headers = {"Content-Type: application/json", "Accept: application/json",
                                  absl::StrCat("Authorization: Snowflake Token=\"", token, "\"")},
                      .body = body,
                      .deadline = steady_clock::now() + seconds(5)};
  const HttpReply http = pool_.Take()->Perform(request, never);
  WipeString(token);
  for (std::string& header : request.headers) WipeString(header);
  if (http.outcome != Outcome::kReplied) return false;
  const absl::StatusOr<Reply> reply = ParseReply(http.body);
  return reply.ok() && reply->success;
}

void Session::Logout() {
  CancelToken never;
  HttpRequest request{.post = true,
                      .url = absl::StrCat(settings_.BaseUrl(), "/session?delete=true&requestId=", NewRequestId(),
                                          "&request_guid=", NewRequestId()),
                      .headers = {"Content-Type: application/json", "Accept: application/json",
                                  absl::StrCat("Authorization: Snowflake Token=\"", SessionToken(), "\"")},
                      .body = "",
                      .deadline = steady_clock::now() + seconds(5)};
  pool_.Take()->Perform(request, never);
  for (std::string& header : request.headers) WipeString(header);
}

}  // namespace cdi::sfodbc
