// Everything below the socket: a request in, a reply out. Routes, authorises, strikes faults.
//
// Thread-safe: called from one thread per connection. Handle() never throws and always answers in Snowflake's shape.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "nlohmann/json_fwd.hpp"
#include "tests/snowflake_mock/server/account/account.h"
#include "tests/snowflake_mock/server/http/fault_book.h"
#include "tests/snowflake_mock/server/http/http_message.h"
#include "tests/snowflake_mock/server/http/query_jobs.h"

namespace cdi::snowflake_mock {

class Service {
 public:
  Service(Account& account, size_t workers);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  HttpReply Handle(const HttpRequest& request);
  // Statements are cancelled and waits end.
  void Stop();
  size_t BodyBytesMax() const { return body_bytes_max_.load(); }
  // host:port, for chunk URLs of a client that sends no Host.
  void SetAddress(std::string address) { address_ = std::move(address); }

  // ---- for the handlers ----
  Account& account;
  FaultBook faults;
  QueryJobs jobs;

  // Runs `work` between the faults of `target`.
  HttpReply WithFaults(FaultTarget target, const HttpRequest& request, const std::function<HttpReply()>& work);
  // The session of the request, or the reply that refuses it.
  struct Entry {
    std::shared_ptr<Session> session;
    HttpReply refusal;
  };
  Entry Authorize(const HttpRequest& request);
  const std::string& address() const { return address_; }
  const std::string& storage_secret() const { return storage_secret_; }
  // After settings changed: hands them to those who keep a copy.
  void ApplySettings();

 private:
  HttpReply Route(const HttpRequest& request);
  // Side effects of a fault; true when the reply is to be replaced by `replacement`.
  bool Strike(const Fault& fault, const FaultTarget& target, const HttpRequest& request, HttpReply& replacement);

  std::string address_;
  std::string storage_secret_;
  std::atomic<size_t> body_bytes_max_{0};
  std::atomic<bool> stopping_{false};
};

// {"data":…,"code":…,"message":…,"success":…} with status 200.
HttpReply SuccessReply(const nlohmann::ordered_json& data);
HttpReply SuccessReply();  // data: null
HttpReply FailureReply(const std::string& code, const std::string& message, int status = 200);
HttpReply FailureReply(const absl::Status& error);

// ---- session_handlers.cc ----
HttpReply HandleLogin(Service& service, const HttpRequest& request);
HttpReply HandleRenewal(Service& service, const HttpRequest& request);
HttpReply HandleSession(Service& service, const HttpRequest& request);  // logout, or facts
HttpReply HandleHeartbeat(Service& service, const HttpRequest& request);
HttpReply HandleTelemetry(Service& service, const HttpRequest& request);
HttpReply HandleAuthenticator(Service& service, const HttpRequest& request);
// ---- query_handlers.cc ----
HttpReply HandleQuery(Service& service, const HttpRequest& request);
HttpReply HandleResult(Service& service, const HttpRequest& request, const std::string& query_id);
HttpReply HandleAbortByRequest(Service& service, const HttpRequest& request);
HttpReply HandleAbortById(Service& service, const HttpRequest& request, const std::string& query_id);
HttpReply HandleMonitoring(Service& service, const HttpRequest& request, const std::string& query_id);
// ---- storage_handlers.cc ----
HttpReply HandleChunk(Service& service, const HttpRequest& request);
// A chunk's URL, good for Settings::chunk_url_seconds.
std::string ChunkUrl(Service& service, const std::string& base_url, const std::string& query_id, size_t index);
// ---- control_api.cc, control_faults.cc ----
HttpReply HandleControl(Service& service, const HttpRequest& request);
HttpReply HandleControlFaults(Service& service, const HttpRequest& request, const std::string& rest);

}  // namespace cdi::snowflake_mock
