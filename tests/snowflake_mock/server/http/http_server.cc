#include "tests/snowflake_mock/server/http/http_server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/account/login.h"
#include "tests/snowflake_mock/server/account/session_parameters.h"
#include "tests/snowflake_mock/server/http/control_api.h"
#include "tests/snowflake_mock/server/http/query_reply.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;
using httplib::Request;
using httplib::Response;

constexpr size_t kThreads = 256;  // a kept-alive connection holds one
constexpr int kBacklog = 1024;
constexpr int kSessionSeconds = 3600;
constexpr int kMasterSeconds = 14400;
constexpr char kJson[] = "application/json";

Json ParseBody(const Request& request) {
  return Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
}

std::string TextAt(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>()
                                                                               : std::string();
}

bool FlagAt(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_boolean() && object[key].get<bool>();
}

// The token of `Authorization: Snowflake Token="…"`; empty when there is none.
std::string TokenOf(const Request& request) {
  const std::string header = request.get_header_value("Authorization");
  const size_t begin = header.find("Token=\"");
  if (begin == std::string::npos) return "";
  return header.substr(begin + 7, header.find('"', begin + 7) - begin - 7);
}

std::string ScalarText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

}  // namespace

struct HttpServer::Impl {
  Impl(Account& the_account, const ServerOptions& the_options)
      : account(the_account), options(the_options), jobs(the_account, the_options.workers) {}

  Account& account;
  ServerOptions options;
  QueryJobs jobs;
  httplib::Server server;
  int listener = -1;
  int port = 0;
  std::thread thread;

  void AddRoutes();
  bool TakeFault(int Faults::*counter) {
    const std::lock_guard lock(account.mutex);
    if (account.faults.*counter <= 0) return false;
    --(account.faults.*counter);
    return true;
  }
  static void Unavailable(Response& response) {
    response.status = 503;
    response.set_content(PlainReply(false, "", "Service Unavailable (snowflake-mock fault)"), kJson);
  }

  // The session of the request; when there is none or it has expired the reply is written and nullptr returned.
  std::shared_ptr<Session> Authorize(const Request& request, Response& response);

  void HandleLogin(const Request& request, Response& response);
  void HandleRenewal(const Request& request, Response& response);
  void HandleLogout(const Request& request, Response& response);
  void HandleQuery(const Request& request, Response& response);
  void HandleResult(const Request& request, Response& response);
  void HandleAbort(const Request& request, Response& response, const std::shared_ptr<QueryJob>& job);
  void HandleMonitoring(const Request& request, Response& response);
  void HandleChunk(const Request& request, Response& response);
  void AnswerJob(const Request& request, QueryJob& job, Response& response);
};

std::shared_ptr<Session> HttpServer::Impl::Authorize(const Request& request, Response& response) {
  const std::string token = TokenOf(request);
  std::shared_ptr<Session> session = token.empty() ? nullptr : account.FindByToken(token);
  if (session == nullptr) {
    response.status = 401;
    response.set_content(token.empty()
                             ? PlainReply(false, "390101", "Authorization header not found in the request data.")
                             : PlainReply(false, "390104", "Session token is invalid. Please authenticate again."),
                         kJson);
    return nullptr;
  }
  bool expired = false;
  {
    const std::lock_guard lock(account.mutex);
    expired = session->token_expired;
  }
  if (!expired) return session;
  response.set_content(PlainReply(false, "390112", "Your session has expired. Please login again."), kJson);
  return nullptr;
}

void HttpServer::Impl::HandleLogin(const Request& request, Response& response) {
  if (TakeFault(&Faults::fail_logins)) return Unavailable(response);
  const Json body = ParseBody(request);
  if (!body.is_object() || !body.contains("data") || !body["data"].is_object()) {
    response.set_content(PlainReply(false, "390400", "Bad request; operation not supported."), kJson);
    return;
  }
  const Json& data = body["data"];
  LoginRequest login{.account = TextAt(data, "ACCOUNT_NAME"),
                     .login_name = TextAt(data, "LOGIN_NAME"),
                     .authenticator = TextAt(data, "AUTHENTICATOR"),
                     .token = TextAt(data, "TOKEN"),
                     .client = absl::StrCat(TextAt(data, "CLIENT_APP_ID"), " ", TextAt(data, "CLIENT_APP_VERSION")),
                     .peer = request.remote_addr,
                     .database = request.get_param_value("databaseName"),
                     .schema = request.get_param_value("schemaName"),
                     .warehouse = request.get_param_value("warehouse"),
                     .role = request.get_param_value("roleName"),
                     .parameters = {}};
  if (data.contains("SESSION_PARAMETERS") && data["SESSION_PARAMETERS"].is_object()) {
    for (const auto& [name, value] : data["SESSION_PARAMETERS"].items()) login.parameters[name] = ScalarText(value);
  }
  const auto session = Login(account, login);
  if (!session.ok()) {
    const Json refusal{
        {"nextAction", "RETRY_LOGIN"}, {"authnMethod", "SNOWFLAKE_JWT"}, {"signInOptions", Json::object()}};
    response.set_content(
        PlainReply(false, SqlErrorCode(session.status()), std::string(session.status().message()), refusal), kJson);
    return;
  }
  const Session& open = **session;
  const auto name = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  const Json reply{{"token", open.token},
                   {"masterToken", open.master_token},
                   {"validityInSeconds", kSessionSeconds},
                   {"masterValidityInSeconds", kMasterSeconds},
                   {"displayUserName", open.user},
                   {"serverVersion", "9.38.1"},
                   {"firstLogin", false},
                   {"remMeToken", nullptr},
                   {"remMeValidityInSeconds", 0},
                   {"healthCheckInterval", 45},
                   {"newClientForUpgrade", nullptr},
                   {"sessionId", open.id},
                   {"parameters", ParametersReply(open.parameters)},
                   {"sessionInfo",
                    {{"databaseName", name(open.database)},
                     {"schemaName", name(open.schema)},
                     {"warehouseName", name(open.warehouse)},
                     {"roleName", name(open.role)}}},
                   {"idToken", nullptr},
                   {"idTokenValidityInSeconds", 0},
                   {"responseData", nullptr},
                   {"mfaToken", nullptr},
                   {"mfaTokenValidityInSeconds", 0}};
  response.set_content(PlainReply(true, "", "", reply), kJson);
}

void HttpServer::Impl::HandleRenewal(const Request& request, Response& response) {
  const std::string master = TokenOf(request);
  const auto session = account.FindByMasterToken(master);
  if (session == nullptr) {
    response.set_content(PlainReply(false, "390113", "Master token not found. Please login again."), kJson);
    return;
  }
  bool expired = false;
  {
    const std::lock_guard lock(account.mutex);
    expired = session->master_expired;
  }
  if (expired) {
    response.set_content(
        PlainReply(false, "390114", "Authentication token has expired. The user must authenticate again."), kJson);
    return;
  }
  account.RemoveSession(session);
  {
    const std::lock_guard lock(account.mutex);
    session->token = RandomToken();
    session->master_token = RandomToken();
    session->token_expired = false;
  }
  account.AddSession(session);
  ++account.counters.token_renewals;
  const Json data{{"sessionToken", session->token},
                  {"validityInSecondsST", kSessionSeconds},
                  {"masterToken", session->master_token},
                  {"validityInSecondsMT", kMasterSeconds},
                  {"sessionId", session->id}};
  response.set_content(PlainReply(true, "", "", data), kJson);
}

void HttpServer::Impl::HandleLogout(const Request& request, Response& response) {
  const auto session = Authorize(request, response);
  if (session == nullptr) return;
  jobs.CancelAllOf(session.get());
  account.RemoveSession(session);
  response.set_content(PlainReply(true, "", ""), kJson);
}

void HttpServer::Impl::HandleQuery(const Request& request, Response& response) {
  if (TakeFault(&Faults::fail_queries)) return Unavailable(response);
  const auto session = Authorize(request, response);
  if (session == nullptr) return;
  const Json body = ParseBody(request);
  if (!body.is_object()) {
    response.set_content(PlainReply(false, "390400", "Bad request; operation not supported."), kJson);
    return;
  }
  auto job = std::make_shared<QueryJob>();
  job->query_id = NewQueryId();
  job->request_id = request.get_param_value("requestId");
  job->chunk_token = RandomToken();
  job->session = session;
  job->user = session->user;
  job->sql = TextAt(body, "sqlText");
  job->describe_only = FlagAt(body, "describeOnly");
  job->started_ns = account.Now();
  if (body.contains("bindings") && body["bindings"].is_object()) {
    const Json& bindings = body["bindings"];
    for (size_t i = 1; bindings.contains(std::to_string(i)); ++i) {
      const Json& one = bindings[std::to_string(i)];
      Binding binding{TextAt(one, "type"), std::nullopt};
      if (one.contains("value") && one["value"].is_array()) {
        response.set_content(
            PlainReply(false, "000002", "Unsupported feature 'array bindings'.",
                       Json{{"errorCode", "000002"}, {"sqlState", "0A000"}, {"queryId", job->query_id}}),
            kJson);
        return;
      }
      if (one.contains("value") && !one["value"].is_null()) binding.value = ScalarText(one["value"]);
      job->bindings.push_back(std::move(binding));
    }
    job->has_bindings = !bindings.empty();
  }
  if (!job->describe_only) job->has_bindings = true;
  if (body.contains("parameters") && body["parameters"].is_object()) job->tag = TextAt(body["parameters"], "QUERY_TAG");
  const auto running = jobs.Start(job);
  if (FlagAt(body, "asyncExec")) {
    response.set_content(RunningReply(*running, true), kJson);
    return;
  }
  AnswerJob(request, *running, response);
}

void HttpServer::Impl::AnswerJob(const Request& request, QueryJob& job, Response& response) {
  if (!QueryJobs::Wait(job, options.poll_hold)) {
    response.set_content(RunningReply(job, false), kJson);
    return;
  }
  std::string host = request.get_header_value("Host");
  if (host.empty()) host = absl::StrCat(options.host, ":", port);
  response.set_content(FinishedReply(job, absl::StrCat("http://", host)), kJson);
}

void HttpServer::Impl::HandleResult(const Request& request, Response& response) {
  if (TakeFault(&Faults::fail_queries)) return Unavailable(response);
  const auto session = Authorize(request, response);
  if (session == nullptr) return;
  const auto job = jobs.FindById(request.matches[1]);
  if (job == nullptr || job->user != session->user) {
    response.set_content(
        PlainReply(false, "000709", absl::StrCat("Statement ", std::string(request.matches[1]), " not found"),
                   Json{{"errorCode", "000709"}, {"sqlState", "02000"}}),
        kJson);
    return;
  }
  AnswerJob(request, *job, response);
}

void HttpServer::Impl::HandleAbort(const Request& request, Response& response, const std::shared_ptr<QueryJob>& job) {
  static_cast<void>(request);
  bool running = false;
  if (job != nullptr) {
    const std::lock_guard lock(job->mutex);
    running = !job->done;
  }
  if (!running) {
    response.set_content(PlainReply(false, "000605", "Identified SQL statement is not currently executing."), kJson);
    return;
  }
  job->stop.Cancel();
  response.set_content(PlainReply(true, "", ""), kJson);
}

void HttpServer::Impl::HandleMonitoring(const Request& request, Response& response) {
  const auto session = Authorize(request, response);
  if (session == nullptr) return;
  Json queries = Json::array();
  const auto job = jobs.FindById(request.matches[1]);
  if (job != nullptr && job->user == session->user) {
    const std::lock_guard lock(job->mutex);
    const bool failed = job->done && !job->error.ok();
    const std::string code = failed ? SqlErrorCode(job->error) : "";
    queries.push_back({{"id", job->query_id},
                       {"status", !job->done         ? "RUNNING"
                                  : code == "000604" ? "ABORTED"
                                  : failed           ? "FAILED_WITH_ERROR"
                                                     : "SUCCESS"},
                       {"state", job->done ? "FINISHED" : "RUNNING"},
                       {"errorCode", code},
                       {"errorMessage", failed ? std::string(job->error.message()) : ""}});
  }
  response.set_content(PlainReply(true, "", "", Json{{"queries", std::move(queries)}}), kJson);
}

void HttpServer::Impl::HandleChunk(const Request& request, Response& response) {
  if (TakeFault(&Faults::fail_chunks)) return Unavailable(response);
  if (TakeFault(&Faults::forbid_chunks)) {
    response.status = 403;
    response.set_content("forbidden (snowflake-mock fault)", "text/plain");
    return;
  }
  const auto job = jobs.FindById(request.matches[1]);
  std::shared_ptr<const ResultSet> result;
  if (job != nullptr && job->chunk_token == std::string(request.matches[2])) {
    const std::lock_guard lock(job->mutex);
    result = job->result;
  }
  size_t index = 0;
  if (result == nullptr || !absl::SimpleAtoi(std::string(request.matches[3]), &index) ||
      index >= result->chunks.size()) {
    response.status = 404;
    response.set_content("no such chunk", "text/plain");
    return;
  }
  ++account.counters.chunks_served;
  std::string body = result->chunks[index].gzip_body;
  if (TakeFault(&Faults::truncate_chunks)) body.resize(body.size() / 2);
  // application/octet-stream: the library would compress JSON a second time.
  response.set_header("Content-Encoding", "gzip");
  response.set_content(std::move(body), "application/octet-stream");
}

void HttpServer::Impl::AddRoutes() {
  const auto on = [this](void (Impl::*handler)(const Request&, Response&)) {
    return [this, handler](const Request& request, Response& response) { (this->*handler)(request, response); };
  };
  server.Post("/session/v1/login-request", on(&Impl::HandleLogin));
  server.Post("/session/token-request", on(&Impl::HandleRenewal));
  server.Post("/session", on(&Impl::HandleLogout));
  server.Post("/session/heartbeat", [this](const Request& request, Response& response) {
    if (Authorize(request, response) != nullptr) response.set_content(PlainReply(true, "", ""), kJson);
  });
  server.Post("/telemetry/send", [](const Request&, Response& response) {
    response.set_content(PlainReply(true, "", "", "Log Received"), kJson);
  });
  server.Post("/queries/v1/query-request", on(&Impl::HandleQuery));
  server.Post("/queries/v1/abort-request", [this](const Request& request, Response& response) {
    const auto session = Authorize(request, response);
    if (session == nullptr) return;
    HandleAbort(request, response, jobs.FindByRequest(session.get(), TextAt(ParseBody(request), "requestId")));
  });
  server.Post(R"(/queries/([0-9a-fA-F-]+)/abort-request)", [this](const Request& request, Response& response) {
    const auto session = Authorize(request, response);
    if (session == nullptr) return;
    const auto job = jobs.FindById(request.matches[1]);
    HandleAbort(request, response, job != nullptr && job->user == session->user ? job : nullptr);
  });
  server.Get(R"(/queries/([0-9a-fA-F-]+)/result)", on(&Impl::HandleResult));
  server.Get(R"(/monitoring/queries/([0-9a-fA-F-]+))", on(&Impl::HandleMonitoring));
  server.Get(R"(/__storage/([0-9a-fA-F-]+)/([0-9a-f]+)/(\d+))", on(&Impl::HandleChunk));
  AddControlRoutes(server, account, jobs);
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

int HttpServer::port() const {
  return impl_->port;
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Account& account, const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(account, options);
  httplib::Server& server = impl->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(1'000'000);
  server.set_keep_alive_timeout(60);
  server.set_read_timeout(60);
  server.set_payload_max_length(64 * 1024 * 1024);
  server.set_socket_options([raw = impl.get()](socket_t socket) {
    raw->listener = socket;
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  if (options.log) {
    server.set_logger([log = options.log](const Request& request, const Response& response) {
      log(Json{{"method", request.method},
               {"path", request.path},
               {"status", response.status},
               {"bytes", response.body.size()}}
              .dump());
    });
  }
  impl->AddRoutes();
  if (options.port == 0) {
    impl->port = server.bind_to_any_port(options.host);
  } else if (server.bind_to_port(options.host, options.port)) {
    impl->port = options.port;
  } else {
    impl->port = -1;
  }
  if (impl->port <= 0)
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.host, ":", options.port));
  ::listen(impl->listener, kBacklog);  // the library's own backlog is 5
  impl->thread = std::thread([raw = impl.get()] { raw->server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::~HttpServer() {
  for (const auto& job : impl_->jobs.History()) job->stop.Cancel();
  impl_->server.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace cdi::snowflake_mock
