#include "tests/snowflake_mock/odbc/fake_snowflake.h"

#include <httplib.h>
#include <zlib.h>

#include <chrono>
#include <thread>

namespace cdi::sfodbc {
namespace {
constexpr std::chrono::seconds kPatience{20};
}

struct FakeSnowflake::Impl {
  httplib::Server server;
  std::thread thread;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::function<Json(const Json&)>> on_sql;
  std::map<std::string, std::function<HttpAnswer()>> on_get;
  std::vector<HttpAnswer> login_faults;
  std::vector<HttpAnswer> query_faults;
  std::vector<Json> logins;
  std::vector<std::string> query_ids;
  std::string last_login_target;
  std::set<std::string> aborted;
  int logouts = 0;
  int renewals = 0;

  static void Send(const HttpAnswer& answer, httplib::Response& response) {
    response.status = answer.status;
    if (!answer.content_encoding.empty()) response.set_header("Content-Encoding", answer.content_encoding);
    // not a type that httplib would compress once more
    response.set_content(answer.body, answer.content_encoding.empty() ? "text/x-plain" : "application/octet-stream");
  }

  void Login(const httplib::Request& request, httplib::Response& response) {
    std::unique_lock lock(mutex);
    last_login_target = request.target;
    logins.push_back(Json::parse(request.body));
    if (!login_faults.empty()) {
      Send(login_faults.front(), response);
      login_faults.erase(login_faults.begin());
      return;
    }
    const Json reply = {{"success", true},
                        {"code", nullptr},
                        {"message", nullptr},
                        {"data",
                         {{"token", "session-1"},
                          {"masterToken", "master-1"},
                          {"validityInSeconds", 3600},
                          {"parameters", Json::array()}}}};
    Send({200, reply.dump()}, response);
  }

  void Query(const httplib::Request& request, httplib::Response& response) {
    Json body = Json::parse(request.body);
    std::function<Json(const Json&)> answer;
    {
      std::unique_lock lock(mutex);
      query_ids.push_back(request.get_param_value("requestId"));
      changed.notify_all();
      if (!query_faults.empty()) {
        Send(query_faults.front(), response);
        query_faults.erase(query_faults.begin());
        return;
      }
      const auto found = on_sql.find(body["sqlText"].get<std::string>());
      if (found != on_sql.end()) answer = found->second;
    }
    body["requestId"] = request.get_param_value("requestId");
    body["authorization"] = request.get_header_value("Authorization");
    const Json reply =
        answer ? answer(body)
               : Failure("001003", "42000", "SQL compilation error: unexpected " + body["sqlText"].get<std::string>());
    Send({200, reply.dump()}, response);
  }

  void Abort(const httplib::Request& request, httplib::Response& response) {
    std::unique_lock lock(mutex);
    aborted.insert(Json::parse(request.body)["requestId"].get<std::string>());
    changed.notify_all();
    Send({200, R"({"data":null,"code":null,"message":null,"success":true})"}, response);
  }

  void Get(const httplib::Request& request, httplib::Response& response) {
    std::function<HttpAnswer()> answer;
    {
      std::unique_lock lock(mutex);
      const auto found = on_get.find(request.path);
      if (found != on_get.end()) answer = found->second;
    }
    Send(answer ? answer() : HttpAnswer{404, ""}, response);
  }
};

FakeSnowflake::FakeSnowflake() : impl_(std::make_unique<Impl>()) {
  httplib::Server& server = impl_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(32); };  // NOLINT: httplib takes it
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(1'000'000);
  server.Post("/session/v1/login-request",
              [this](const auto& request, auto& response) { impl_->Login(request, response); });
  server.Post("/queries/v1/query-request",
              [this](const auto& request, auto& response) { impl_->Query(request, response); });
  server.Post("/queries/v1/abort-request",
              [this](const auto& request, auto& response) { impl_->Abort(request, response); });
  server.Post("/session/token-request", [this](const auto&, auto& response) {
    std::unique_lock lock(impl_->mutex);
    const std::string number = std::to_string(++impl_->renewals + 1);
    Impl::Send({200, Json{{"success", true},
                          {"data", {{"sessionToken", "session-" + number}, {"masterToken", "master-" + number}}}}
                         .dump()},
               response);
  });
  server.Post("/session", [this](const auto&, auto& response) {
    std::unique_lock lock(impl_->mutex);
    ++impl_->logouts;
    Impl::Send({200, R"({"success":true})"}, response);
  });
  server.Get(".*", [this](const auto& request, auto& response) { impl_->Get(request, response); });
  port_ = server.bind_to_any_port("127.0.0.1");
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();  // stop() before that would be lost
}

FakeSnowflake::~FakeSnowflake() {
  impl_->server.stop();
  impl_->thread.join();
}

std::string FakeSnowflake::Url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void FakeSnowflake::OnSql(const std::string& sql, std::function<Json(const Json&)> answer) {
  const std::lock_guard lock(impl_->mutex);
  impl_->on_sql[sql] = std::move(answer);
}

void FakeSnowflake::OnGet(const std::string& path, std::function<HttpAnswer()> answer) {
  const std::lock_guard lock(impl_->mutex);
  impl_->on_get[path] = std::move(answer);
}

void FakeSnowflake::FailLogins(std::vector<HttpAnswer> answers) {
  const std::lock_guard lock(impl_->mutex);
  impl_->login_faults = std::move(answers);
}

void FakeSnowflake::FailQueries(std::vector<HttpAnswer> answers) {
  const std::lock_guard lock(impl_->mutex);
  impl_->query_faults = std::move(answers);
}

bool FakeSnowflake::AwaitAbort(const std::string& request_id) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, kPatience, [&] { return impl_->aborted.contains(request_id); });
}

bool FakeSnowflake::AwaitQueries(size_t count) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, kPatience, [&] { return impl_->query_ids.size() >= count; });
}

std::vector<FakeSnowflake::Json> FakeSnowflake::logins() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->logins;
}

std::vector<std::string> FakeSnowflake::query_ids() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->query_ids;
}

std::string FakeSnowflake::last_login_target() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_login_target;
}

std::set<std::string> FakeSnowflake::aborted() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->aborted;
}

int FakeSnowflake::logouts() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->logouts;
}

int FakeSnowflake::renewals() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->renewals;
}

FakeSnowflake::Json FakeSnowflake::Failure(const std::string& code, const std::string& sqlstate,
                                           const std::string& message) {
  return {{"success", false},
          {"code", code},
          {"message", message},
          {"data", {{"sqlState", sqlstate}, {"errorCode", code}, {"queryId", "01-failed"}}}};
}

FakeSnowflake::Json FakeSnowflake::Column(const std::string& name, const std::string& type, Json precision, Json scale,
                                          Json length) {
  const Json bytes = length.is_null() ? Json(nullptr) : Json(4 * length.get<int64_t>());
  return {{"name", name},
          {"type", type},
          {"precision", std::move(precision)},
          {"scale", std::move(scale)},
          {"length", std::move(length)},
          {"byteLength", bytes},
          {"nullable", true}};
}

FakeSnowflake::Json FakeSnowflake::ResultOf(Json columns, Json rows) {
  const size_t count = rows.size();
  return {{"success", true},
          {"code", nullptr},
          {"message", nullptr},
          {"data",
           {{"rowtype", std::move(columns)},
            {"rowset", std::move(rows)},
            {"total", count},
            {"returned", count},
            {"queryId", "01ba13b4-0104-e9fd-0000-0111029ca00e"},
            {"statementTypeId", 4096},
            {"parameters", Json::array({{{"name", "TIMEZONE"}, {"value", "UTC"}}})}}}};
}

std::string GzipForTest(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());  // NOLINT: bytes are bytes
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT: bytes are bytes
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace cdi::sfodbc
