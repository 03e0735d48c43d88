// /__mock/…: what tests read and turn. Not part of Snowflake, no authentication (docs/snowflake-mock.md).
#include <shared_mutex>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"
#include "tests/snowflake_mock/server/http/control_reply.h"
#include "tests/snowflake_mock/server/http/service.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;

HttpReply Stats(Service& service) {
  Account& account = service.account;
  const Counters& counters = account.counters;
  Json stats{{"logins_ok", counters.logins_ok.load()},
             {"logins_refused", counters.logins_refused.load()},
             {"token_renewals", counters.token_renewals.load()},
             {"statements", counters.statements.load()},
             {"statements_failed", counters.statements_failed.load()},
             {"rows_out", counters.rows_out.load()},
             {"chunks_served", counters.chunks_served.load()},
             {"sessions", account.Sessions().size()}};
  int64_t resumes = 0;
  Json warehouses = Json::object();
  const std::shared_lock lock(account.catalog.mutex);
  for (const auto& [name, warehouse] : account.catalog.warehouses) {
    resumes += warehouse.resumes;
    warehouses[name] = {{"resumes", warehouse.resumes},
                        {"suspended", !IsRunning(warehouse, account.Now())},
                        {"billed_seconds", BilledSeconds(warehouse, account.Now())}};
  }
  stats["warehouse_resumes"] = resumes;
  stats["warehouses"] = std::move(warehouses);
  return ControlReply(stats);
}

HttpReply Logins(Service& service) {
  Json list = Json::array();
  const std::lock_guard lock(service.account.mutex);
  for (const LoginRecord& record : service.account.logins) {
    list.push_back({{"time_ns", record.time_ns},
                    {"user", record.user},
                    {"client", record.client},
                    {"client_version", record.client_version},
                    {"peer", record.peer},
                    {"authenticator", record.authenticator},
                    {"fingerprint", record.fingerprint},
                    {"success", record.success},
                    {"code", record.code},
                    {"cause", record.cause},
                    {"message", record.message},
                    {"id", record.id},
                    {"role", record.role},
                    {"session_id", record.session_id}});
  }
  return ControlReply(Json{{"logins", std::move(list)}});
}

// ?limit=N gives the newest N (500), ?user=, ?tag=, ?id= and ?text= filter.
HttpReply Queries(Service& service, const HttpRequest& request) {
  size_t limit = 500;
  if (!request.Query("limit").empty() && !absl::SimpleAtoi(request.Query("limit"), &limit))
    return ControlError("limit must be a number");
  std::vector<Json> newest_first;
  const std::vector<std::shared_ptr<const QueryRecord>> records = service.account.history.Queries();
  const auto wanted = [&](const char* name, const std::string& value) {
    const std::string filter = request.Query(name);
    return filter.empty() || absl::EqualsIgnoreCase(filter, value);
  };
  for (auto place = records.rbegin(); place != records.rend() && newest_first.size() < limit; ++place) {
    const QueryRecord* const record = place->get();
    if (!wanted("user", record->user) || !wanted("tag", record->tag) || !wanted("id", record->id)) continue;
    if (!absl::StrContains(record->text, request.Query("text"))) continue;
    newest_first.push_back({{"query_id", record->id},
                            {"parent_id", record->parent_id},
                            {"request_id", record->request_id},
                            {"text", record->text},
                            {"type", record->type},
                            {"user", record->user},
                            {"role", record->role},
                            {"warehouse", record->warehouse},
                            {"database", record->database},
                            {"schema", record->schema},
                            {"session_id", record->session_id},
                            {"client", record->client},
                            {"tag", record->tag},
                            {"status", record->status},
                            {"code", record->code},
                            {"sqlstate", record->sqlstate},
                            {"message", record->message},
                            {"rows", record->rows},
                            {"bytes", record->bytes},
                            {"queued_ns", record->queued_ns},
                            {"started_ns", record->started_ns},
                            {"ended_ns", record->ended_ns},
                            {"result_kept", record->result != nullptr}});
  }
  Json list = Json::array();
  for (auto entry = newest_first.rbegin(); entry != newest_first.rend(); ++entry) list.push_back(std::move(*entry));
  return ControlReply(Json{{"queries", std::move(list)}});
}

HttpReply RunSql(Service& service, const HttpRequest& request) {
  const auto body = ControlBody(request);
  if (!body.is_object() || !body.contains("sql") || !body["sql"].is_string())
    return ControlError(R"(the body must be {"sql": "…"})");
  const auto session = service.account.AdministratorSession();
  if (!session.ok()) return ControlError(std::string(session.status().message()), 500);
  const auto result = RunScript(service.account, **session, body["sql"].get<std::string>());
  if (!result.ok()) {
    return ControlReply(Json{{"error", std::string(result.status().message())},
                             {"code", SqlErrorCode(result.status())},
                             {"sqlstate", SqlErrorState(result.status())}},
                        400);
  }
  Json columns = Json::array();
  for (const ResultColumn& column : result->columns) columns.push_back(column.name);
  Json reply{{"columns", std::move(columns)}, {"row_count", result->row_count}};
  reply["rows"] = result->AllRows();
  if (result->row_counts.has_value()) reply["stats"] = result->row_counts->ToJson();
  return ControlReply(reply);
}

HttpReply ListSessions(Service& service) {
  Json list = Json::array();
  const auto sessions = service.account.Sessions();
  const std::lock_guard lock(service.account.mutex);
  for (const auto& session : sessions) {
    list.push_back({{"id", session->id},
                    {"user", session->user},
                    {"client", session->client},
                    {"token_expires_ns", session->token_expires_ns},
                    {"master_expires_ns", session->master_expires_ns}});
  }
  return ControlReply(Json{{"sessions", std::move(list)}});
}

// {"expire": "session" | "master" | "drop", "user": "…", "session": 123}: what happens to open sessions.
HttpReply ChangeSessions(Service& service, const HttpRequest& request) {
  const auto body = ControlBody(request);
  const auto text = [&](const char* key) {
    return body.is_object() && body.contains(key) && body[key].is_string() ? body[key].get<std::string>() : "";
  };
  const std::string what = text("expire");
  if (what != "session" && what != "master" && what != "drop")
    return ControlError(R"(the body must be {"expire": "session"}, "master" (also expires the session) or "drop")");
  const std::string user = text("user");
  int64_t id = 0;
  if (body.contains("session")) {
    if (!body["session"].is_number_integer()) return ControlError("session must be the id of a session");
    id = body["session"].get<int64_t>();
  }
  size_t changed = 0;
  for (const auto& session : service.account.Sessions()) {
    if ((!user.empty() && !absl::EqualsIgnoreCase(session->user, user)) || (id != 0 && session->id != id)) continue;
    ++changed;
    if (what == "drop") {
      service.jobs.CancelAllOf(session->id);
      service.account.RemoveSession(session);
      continue;
    }
    service.account.ExpireTokens(session, what == "master");
  }
  return ControlReply(Json{{"sessions", changed}});
}

// GET tells all settings, POST {"session_seconds": 2} changes some.
HttpReply ChangeSettings(Service& service, const HttpRequest& request) {
  if (request.method == "POST") {
    const auto body = ControlBody(request);
    if (!body.is_object()) return ControlError("the body must be a JSON object");
    for (const auto& [name, value] : body.items()) {
      const SettingInfo* const info = FindSetting(name);
      if (info == nullptr) return ControlError("unknown setting " + name);
      const bool fits =
          value.is_number_integer() && value.get<int64_t>() >= info->least && value.get<int64_t>() <= info->most;
      if (!fits && !value.is_boolean())
        return ControlError(absl::StrCat(name, " must be a whole number from ", info->least, " to ", info->most));
    }
    {
      const std::lock_guard lock(service.account.mutex);
      for (const auto& [name, value] : body.items()) {
        service.account.settings.*FindSetting(name)->member =
            value.is_boolean() ? (value.get<bool>() ? 1 : 0) : value.get<int64_t>();
      }
    }
    service.ApplySettings();
  }
  const Settings now = service.account.CurrentSettings();
  Json reply = Json::object();
  for (const SettingInfo& info : SettingTable()) reply[info.name] = now.*info.member;
  return ControlReply(reply);
}

// GET tells the time, POST {"shift_seconds": 3600} sets how far it is from real time.
HttpReply ChangeClock(Service& service, const HttpRequest& request) {
  if (request.method == "POST") {
    const auto body = ControlBody(request);
    constexpr int64_t kMost = 100'000'000;
    if (!body.is_object() || !body.contains("shift_seconds") || !body["shift_seconds"].is_number_integer() ||
        std::abs(body["shift_seconds"].get<int64_t>()) > kMost) {
      return ControlError(R"(the body must be {"shift_seconds": N}, at most 100000000 either way)");
    }
    service.account.ShiftClock(body["shift_seconds"].get<int64_t>() * 1'000'000'000);
  }
  return ControlReply(
      Json{{"now_ns", service.account.Now()}, {"shift_seconds", service.account.clock_shift_ns() / 1'000'000'000}});
}

}  // namespace

HttpReply ControlReply(const Json& body, int status) {
  HttpReply reply;
  reply.status = status;
  reply.body = body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return reply;
}

HttpReply ControlError(const std::string& message, int status) {
  return ControlReply(Json{{"error", message}}, status);
}

nlohmann::json ControlBody(const HttpRequest& request) {
  if (request.body_broken || !NestsWithin(request.body, 100)) return nlohmann::json(nullptr);
  return nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
}

HttpReply HandleControl(Service& service, const HttpRequest& request) {
  constexpr std::string_view kPrefix = "/__mock/";
  const std::string route = request.path.substr(kPrefix.size());
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  if (route == "stats" && get) return Stats(service);
  if (route == "logins" && get) return Logins(service);
  if (route == "queries" && get) return Queries(service, request);
  if (route == "sql" && post) return RunSql(service, request);
  if (route == "sessions" && get) return ListSessions(service);
  if (route == "sessions" && post) return ChangeSessions(service, request);
  if (route == "settings" && (get || post)) return ChangeSettings(service, request);
  if (route == "clock" && (get || post)) return ChangeClock(service, request);
  if (route == "faults" || absl::StartsWith(route, "faults/"))
    return HandleControlFaults(service, request, route.size() > 7 ? route.substr(7) : "");
  return ControlError(absl::StrCat("no such control request: ", request.method, " ", request.path), 404);
}

}  // namespace cdi::snowflake_mock
