// Statements: run, poll, cancel, status (spec/snowflake.md §3.3, §3.6).
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/http/query_reply.h"
#include "tests/snowflake_mock/server/http/service.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;

FaultTarget TargetOf(const std::string& route, QueryJob& job) {
  FaultTarget target{.route = route, .user = job.user, .session_id = job.session_id, .request_id = job.request_id};
  const std::lock_guard lock(job.mutex);
  target.tag = job.tag;
  target.sql = job.text;
  return target;
}

std::string BaseUrl(const Service& service, const HttpRequest& request) {
  const std::string host = request.Header("host");
  return absl::StrCat("http://", host.empty() ? service.address() : host);
}

HttpReply AnswerJob(Service& service, const HttpRequest& request, QueryJob& job) {
  const std::chrono::milliseconds hold(service.account.CurrentSettings().poll_hold_ms);
  if (!QueryJobs::Wait(job, hold, request.client_gone)) return {.body = RunningReply(service, job, job.asynchronous)};
  return {.body = FinishedReply(service, job, BaseUrl(service, request))};
}

HttpReply UnknownStatement(const std::string& query_id) {
  const Json data{{"errorCode", "000709"}, {"sqlState", "02000"}, {"queryId", query_id}};
  return {.body = PlainReply(false, "000709", absl::StrCat("Statement ", query_id, " not found"), data)};
}

HttpReply Abort(Service& service, const std::shared_ptr<QueryJob>& job) {
  if (job == nullptr || !service.jobs.Cancel(job))
    return FailureReply("000605", "Identified SQL statement is not currently executing.");
  return SuccessReply();
}

}  // namespace

HttpReply HandleQuery(Service& service, const HttpRequest& request) {
  auto query = DecodeQuery(request);
  Service::Entry entry = service.Authorize(request);
  FaultTarget target{.route = "query"};
  if (query.ok()) {
    target.sql = query->sql;
    target.request_id = query->request_id;
    if (const auto tag = query->parameters.find("QUERY_TAG"); tag != query->parameters.end()) target.tag = tag->second;
  }
  if (entry.session != nullptr) {
    target.user = entry.session->user;
    target.session_id = entry.session->id;
    if (target.tag.empty() && entry.session->statement_mutex.try_lock()) {
      if (const auto tag = entry.session->parameters.find("QUERY_TAG"); tag != entry.session->parameters.end())
        target.tag = tag->second;
      entry.session->statement_mutex.unlock();
    }
    if (query.ok()) {
      const absl::Status read = service.faults.AddFromStatement(query->sql, entry.session->id, query->request_id);
      if (!read.ok()) return FailureReply("001003", absl::StrCat("mock:fault: ", std::string(read.message())));
    }
  }
  return service.WithFaults(target, request, [&]() -> HttpReply {
    if (entry.session == nullptr) return entry.refusal;
    if (!query.ok()) return FailureReply(query.status());
    const bool asynchronous = query->asynchronous;
    const auto job = service.jobs.Start(entry.session, *std::move(query));
    if (asynchronous) return {.body = RunningReply(service, *job, true)};
    return AnswerJob(service, request, *job);
  });
}

HttpReply HandleResult(Service& service, const HttpRequest& request, const std::string& query_id) {
  Service::Entry entry = service.Authorize(request);
  if (entry.session == nullptr) return entry.refusal;
  const auto job = service.jobs.FindById(query_id);
  if (job == nullptr || job->user != entry.session->user) return UnknownStatement(query_id);
  FaultTarget target = TargetOf("result", *job);
  target.session_id = entry.session->id;
  return service.WithFaults(target, request, [&] { return AnswerJob(service, request, *job); });
}

HttpReply HandleAbortByRequest(Service& service, const HttpRequest& request) {
  Service::Entry entry = service.Authorize(request);
  if (entry.session == nullptr) return entry.refusal;
  const auto request_id = DecodeAbort(request);
  if (!request_id.ok()) return FailureReply(request_id.status());
  const FaultTarget target{.route = "abort", .user = entry.session->user, .session_id = entry.session->id};
  return service.WithFaults(target, request,
                            [&] { return Abort(service, service.jobs.FindByRequest(entry.session->id, *request_id)); });
}

HttpReply HandleAbortById(Service& service, const HttpRequest& request, const std::string& query_id) {
  Service::Entry entry = service.Authorize(request);
  if (entry.session == nullptr) return entry.refusal;
  auto job = service.jobs.FindById(query_id);
  if (job != nullptr && job->user != entry.session->user) job = nullptr;
  const FaultTarget target{.route = "abort", .user = entry.session->user, .session_id = entry.session->id};
  return service.WithFaults(target, request, [&] { return Abort(service, job); });
}

HttpReply HandleMonitoring(Service& service, const HttpRequest& request, const std::string& query_id) {
  Service::Entry entry = service.Authorize(request);
  if (entry.session == nullptr) return entry.refusal;
  const FaultTarget target{.route = "monitoring", .user = entry.session->user, .session_id = entry.session->id};
  return service.WithFaults(target, request, [&] {
    Json queries = Json::array();
    const auto record = service.account.history.Find(query_id);
    if (record.has_value() && record->user == entry.session->user) {
      const bool ended = record->ended_ns > 0;
      queries.push_back({{"id", record->id},
                         {"status", record->status},
                         {"state", ended ? "FINISHED" : record->status},
                         {"errorCode", record->code},
                         {"errorMessage", record->message},
                         {"sqlText", record->text},
                         {"sessionId", record->session_id},
                         {"startTime", record->queued_ns / 1'000'000},
                         {"endTime", record->ended_ns / 1'000'000},
                         {"totalDuration", ended ? (record->ended_ns - record->queued_ns) / 1'000'000 : 0}});
    }
    return SuccessReply(Json{{"queries", std::move(queries)}});
  });
}

}  // namespace cdi::snowflake_mock
