// A scripted server that speaks just enough of the session protocol to put the driver into every situation: canned
// replies, faults on demand, events to wait for. Loopback, free port. For tests of the driver only; the real stand-in
// is snowflake-mock.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace cdi::sfodbc {

class FakeSnowflake {
 public:
  using Json = nlohmann::json;
  struct HttpAnswer {
    int status = 200;
    std::string body;
    std::string content_encoding = {};
  };

  FakeSnowflake();
  ~FakeSnowflake();
  int port() const { return port_; }
  std::string Url(const std::string& path) const;

  // The reply body to a statement with exactly this text; gets the request's JSON.
  void OnSql(const std::string& sql, std::function<Json(const Json& request)> answer);
  // Any path with GET: chunks and results. Called once per request.
  void OnGet(const std::string& path, std::function<HttpAnswer()> answer);
  // Answers the next login / query requests so, one each, before anything else.
  void FailLogins(std::vector<HttpAnswer> answers);
  void FailQueries(std::vector<HttpAnswer> answers);

  // Blocks a handler until the statement `request_id` was aborted; false after 20 s.
  bool AwaitAbort(const std::string& request_id);
  // Blocks the test until `count` query requests have arrived; false after 20 s.
  bool AwaitQueries(size_t count);

  std::vector<Json> logins();            // bodies of the login requests
  std::vector<std::string> query_ids();  // requestId of each query request, repetitions included
  std::string last_login_target();       // path and query
  std::set<std::string> aborted();
  int logouts();
  int renewals();

  static Json Failure(const std::string& code, const std::string& sqlstate, const std::string& message);
  // One column of `rowtype`.
  static Json Column(const std::string& name, const std::string& type, Json precision = nullptr, Json scale = nullptr,
                     Json length = nullptr);
  static Json ResultOf(Json columns, Json rows);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  int port_ = 0;
};

std::string GzipForTest(const std::string& text);

}  // namespace cdi::sfodbc
