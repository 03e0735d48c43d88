#include "tests/snowflake_mock/server/http/control_api.h"

#include <shared_mutex>

#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;
using httplib::Request;
using httplib::Response;

constexpr char kJson[] = "application/json";

void Answer(Response& response, const Json& body, int status = 200) {
  response.status = status;
  response.set_content(body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", kJson);
}

Json Stats(Account& account) {
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
    warehouses[name] = {{"resumes", warehouse.resumes}, {"suspended", warehouse.suspended}};
  }
  stats["warehouse_resumes"] = resumes;
  stats["warehouses"] = std::move(warehouses);
  return stats;
}

Json Logins(Account& account) {
  Json list = Json::array();
  const std::lock_guard lock(account.mutex);
  for (const LoginRecord& record : account.logins) {
    list.push_back({{"time_ns", record.time_ns},
                    {"user", record.user},
                    {"client", record.client},
                    {"success", record.success},
                    {"code", record.code},
                    {"cause", record.cause},
                    {"id", record.id},
                    {"role", record.role}});
  }
  return Json{{"logins", std::move(list)}};
}

Json Queries(QueryJobs& jobs) {
  Json list = Json::array();
  for (const auto& job : jobs.History()) {
    const std::lock_guard lock(job->mutex);
    const auto tag = job->parameters.find("QUERY_TAG");
    list.push_back({{"query_id", job->query_id},
                    {"text", job->sql},
                    {"user", job->user},
                    {"role", job->role},
                    {"warehouse", job->warehouse},
                    {"tag", !job->tag.empty() || tag == job->parameters.end() ? job->tag : tag->second},
                    {"status", !job->done        ? "RUNNING"
                               : job->error.ok() ? "SUCCESS"
                                                 : "FAILED"},
                    {"code", job->done && !job->error.ok() ? SqlErrorCode(job->error) : ""},
                    {"rows", job->result != nullptr ? job->result->row_count : 0},
                    {"started_ns", job->started_ns},
                    {"ended_ns", job->ended_ns}});
  }
  return Json{{"queries", std::move(list)}};
}

void RunSql(Account& account, const Request& request, Response& response) {
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("sql") || !body["sql"].is_string()) {
    return Answer(response, {{"error", R"(the body must be {"sql": "…"})"}}, 400);
  }
  const auto session = account.AdministratorSession();
  if (!session.ok()) return Answer(response, {{"error", std::string(session.status().message())}}, 500);
  const auto result = RunScript(account, **session, body["sql"].get<std::string>());
  if (!result.ok()) {
    return Answer(response,
                  {{"error", std::string(result.status().message())},
                   {"code", SqlErrorCode(result.status())},
                   {"sqlstate", SqlErrorState(result.status())}},
                  400);
  }
  Json columns = Json::array();
  for (const ResultColumn& column : result->columns) columns.push_back(column.name);
  Json reply{{"columns", std::move(columns)}, {"row_count", result->row_count}};
  reply["rows"] = result->AllRows();
  if (result->row_counts.has_value()) reply["stats"] = result->row_counts->ToJson();
  Answer(response, reply);
}

void SetFaults(Account& account, const Request& request, Response& response) {
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return Answer(response, {{"error", "the body must be a JSON object"}}, 400);
  const std::map<std::string, int Faults::*> known = {
      {"fail_logins", &Faults::fail_logins},         {"fail_queries", &Faults::fail_queries},
      {"fail_chunks", &Faults::fail_chunks},         {"forbid_chunks", &Faults::forbid_chunks},
      {"truncate_chunks", &Faults::truncate_chunks}, {"query_delay_ms", &Faults::query_delay_ms}};
  for (const auto& [name, value] : body.items()) {
    if (!known.contains(name)) return Answer(response, {{"error", "unknown fault " + name}}, 400);
    if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > 1'000'000) {
      return Answer(response, {{"error", name + " must be a whole number from 0 to 1000000"}}, 400);
    }
  }
  const std::lock_guard lock(account.mutex);
  for (const auto& [name, value] : body.items()) account.faults.*known.at(name) = value.get<int>();
  Json now = Json::object();
  for (const auto& [name, member] : known) now[name] = account.faults.*member;
  Answer(response, now);
}

// {"expire": "session" | "master" | "drop"}: what happens to all open sessions.
void ChangeSessions(Account& account, const Request& request, Response& response) {
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  const std::string what = body.is_object() && body.contains("expire") && body["expire"].is_string()
                               ? body["expire"].get<std::string>()
                               : "";
  if (what != "session" && what != "master" && what != "drop") {
    return Answer(
        response,
        {{"error", R"(the body must be {"expire": "session"}, "master" (also expires the session) or "drop")"}}, 400);
  }
  const auto sessions = account.Sessions();
  for (const auto& session : sessions) {
    if (what == "drop") {
      account.RemoveSession(session);
      continue;
    }
    const std::lock_guard lock(account.mutex);
    session->token_expired = true;
    session->master_expired = session->master_expired || what == "master";
  }
  Answer(response, {{"sessions", sessions.size()}});
}

}  // namespace

void AddControlRoutes(httplib::Server& server, Account& account, QueryJobs& jobs) {
  server.Get("/__mock/stats", [&account](const Request&, Response& response) { Answer(response, Stats(account)); });
  server.Get("/__mock/logins", [&account](const Request&, Response& response) { Answer(response, Logins(account)); });
  server.Get("/__mock/queries", [&jobs](const Request&, Response& response) { Answer(response, Queries(jobs)); });
  server.Post("/__mock/sql",
              [&account](const Request& request, Response& response) { RunSql(account, request, response); });
  server.Post("/__mock/faults",
              [&account](const Request& request, Response& response) { SetFaults(account, request, response); });
  server.Post("/__mock/sessions",
              [&account](const Request& request, Response& response) { ChangeSessions(account, request, response); });
}

}  // namespace cdi::snowflake_mock
