// Login, renewal, heartbeat, logout, telemetry (spec/snowflake.md §3.2, §3.7).
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/account/login.h"
#include "tests/snowflake_mock/server/account/session_parameters.h"
#include "tests/snowflake_mock/server/http/query_reply.h"
#include "tests/snowflake_mock/server/http/service.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;

Json NullIfEmpty(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json SessionInfo(const Session& session) {
  return {{"databaseName", NullIfEmpty(session.database)},
          {"schemaName", NullIfEmpty(session.schema)},
          {"warehouseName", NullIfEmpty(session.warehouse)},
          {"roleName", NullIfEmpty(session.role)}};
}

HttpReply LoginReply(Service& service, const Session& session) {
  const Settings settings = service.account.CurrentSettings();
  Json parameters = ParametersReply(session.parameters);
  std::string token;
  std::string master;
  {
    const std::lock_guard lock(service.account.mutex);
    token = session.token;
    master = session.master_token;
  }
  return SuccessReply(Json{{"token", token},
                           {"masterToken", master},
                           {"validityInSeconds", settings.session_seconds},
                           {"masterValidityInSeconds", settings.master_seconds},
                           {"displayUserName", session.user},
                           {"serverVersion", "9.38.1"},
                           {"firstLogin", false},
                           {"remMeToken", nullptr},
                           {"remMeValidityInSeconds", 0},
                           {"healthCheckInterval", 45},
                           {"newClientForUpgrade", nullptr},
                           {"sessionId", session.id},
                           {"parameters", std::move(parameters)},
                           {"sessionInfo", SessionInfo(session)},
                           {"idToken", nullptr},
                           {"idTokenValidityInSeconds", 0},
                           {"responseData", nullptr},
                           {"mfaToken", nullptr},
                           {"mfaTokenValidityInSeconds", 0}});
}

HttpReply LoginRefusal(const absl::Status& refusal, const std::string& authenticator) {
  const Json data{{"nextAction", "RETRY_LOGIN"}, {"authnMethod", authenticator}, {"signInOptions", Json::object()}};
  return {.body = PlainReply(false, SqlErrorCode(refusal), std::string(refusal.message()), data)};
}

}  // namespace

HttpReply HandleLogin(Service& service, const HttpRequest& request) {
  const auto login = DecodeLogin(request);
  FaultTarget target{.route = "login"};
  if (login.ok()) target.user = login->login_name;
  return service.WithFaults(target, request, [&]() -> HttpReply {
    if (!login.ok()) return FailureReply(login.status());
    const auto session = Login(service.account, *login);
    if (!session.ok()) return LoginRefusal(session.status(), login->authenticator);
    if (const auto fault = (*session)->parameters.find("MOCK_FAULT"); fault != (*session)->parameters.end())
      service.faults.SetForSession((*session)->id, fault->second).IgnoreError();
    return LoginReply(service, **session);
  });
}

HttpReply HandleRenewal(Service& service, const HttpRequest& request) {
  const TokenCheck check = service.account.CheckToken(TokenOf(request), /*master=*/true);
  FaultTarget target{.route = "renew"};
  if (check.session != nullptr) {
    target.user = check.session->user;
    target.session_id = check.session->id;
  }
  return service.WithFaults(target, request, [&]() -> HttpReply {
    switch (check.state) {
      case TokenState::kValid:
        break;
      case TokenState::kExpired:
        return FailureReply("390114", "Authentication token has expired.  The user must authenticate again.");
      case TokenState::kGone:
        return FailureReply("390111", "Session no longer exists.  New login required to access the service.");
      case TokenState::kUnknown:
        // A session token where the master token belongs, or a token that was never given out.
        if (service.account.CheckToken(TokenOf(request), false).state != TokenState::kUnknown)
          return FailureReply("390115", "Master token is invalid. Please login again.");
        return FailureReply("390113", "Master token not found. Please login again.");
    }
    Session& session = *check.session;
    service.account.RenewTokens(check.session);
    ++service.account.counters.token_renewals;
    const Settings settings = service.account.CurrentSettings();
    const std::lock_guard lock(service.account.mutex);
    return SuccessReply(Json{{"sessionToken", session.token},
                             {"validityInSecondsST", settings.session_seconds},
                             {"masterToken", session.master_token},
                             {"validityInSecondsMT", settings.master_seconds},
                             {"sessionId", session.id}});
  });
}

HttpReply HandleSession(Service& service, const HttpRequest& request) {
  const bool logout = request.Query("delete") == "true";
  Service::Entry entry = service.Authorize(request);
  if (entry.session == nullptr) return entry.refusal;
  const FaultTarget target{
      .route = logout ? "logout" : "heartbeat", .user = entry.session->user, .session_id = entry.session->id};
  return service.WithFaults(target, request, [&]() -> HttpReply {
    if (!logout) {
      const std::lock_guard lock(entry.session->statement_mutex);
      return SuccessReply(Json{{"sessionId", entry.session->id},
                               {"parameters", ParametersReply(entry.session->parameters)},
                               {"sessionInfo", SessionInfo(*entry.session)}});
    }
    service.jobs.CancelAllOf(entry.session->id);
    service.account.RemoveSession(entry.session);
    service.faults.SetForSession(entry.session->id, "").IgnoreError();
    return SuccessReply();
  });
}

HttpReply HandleHeartbeat(Service& service, const HttpRequest& request) {
  Service::Entry entry = service.Authorize(request);
  if (entry.session == nullptr) return entry.refusal;
  const FaultTarget target{.route = "heartbeat", .user = entry.session->user, .session_id = entry.session->id};
  return service.WithFaults(target, request, [] { return SuccessReply(); });
}

HttpReply HandleTelemetry(Service& service, const HttpRequest& request) {
  return service.WithFaults(FaultTarget{.route = "telemetry"}, request,
                            [] { return SuccessReply(Json("Log Received")); });
}

HttpReply HandleAuthenticator(Service&, const HttpRequest&) {
  return FailureReply("390190",
                      "There was an error related to the SAML Identity Provider account parameter. Contact Snowflake "
                      "support.");
}

}  // namespace cdi::snowflake_mock
