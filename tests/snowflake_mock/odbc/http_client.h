// One HTTP exchange after another over libcurl, on a kept-alive connection; and a pool of such clients.
//
// HttpClient: one thread at a time; a transfer is stopped from elsewhere through its CancelToken, at once. TLS is
// always verified. Redirects are not followed. No proxy for loopback addresses, and never the environment's. HttpPool:
// any thread. Facts about libcurl: design notes, "libcurl for the driver".
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/snowflake_mock/odbc/cancel_token.h"
#include "tests/snowflake_mock/odbc/settings.h"

namespace cdi::sfodbc {

struct HttpRequest {
  bool post = false;
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string_view body;             // read during the call
  bool keep_gzip = false;            // a gzip reply is left as it came, whatever its headers say
  TimePoint deadline = kNoDeadline;
  // How long an exchange may go on after it was cancelled, in the hope of the server's own answer to the cancellation.
  std::chrono::milliseconds cancel_grace{0};
};

struct HttpReply {
  enum class Outcome {
    kReplied,        // `status` and `body` stand
    kCannotConnect,  // no connection: nothing was sent
    kTlsRefused,     // no trust: nothing was sent
    kLost,           // broken on the way: the server may have taken the request
    kDeadlinePassed,
    kCancelled,
  };
  Outcome outcome = Outcome::kLost;
  int status = 0;
  std::string body;   // decompressed; with spare capacity behind it (simdjson reads past the end)
  std::string error;  // for people, when there is no reply
};

class HttpClient {
 public:
  explicit HttpClient(const Settings& settings);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpReply Perform(const HttpRequest& request, CancelToken& cancel);

 private:
  void SetTransportOptions(const Settings& settings);
  HttpReply::Outcome Transfer(const HttpRequest& request, CancelToken& cancel, std::string& error);
  void* easy_;   // CURL
  void* multi_;  // CURLM
};

class HttpPool {
 public:
  explicit HttpPool(const Settings& settings) : settings_(settings) {}

  // A client for one caller; it goes back into the pool, connection and all, when the lease ends.
  class Lease {
   public:
    Lease(HttpPool& pool, std::unique_ptr<HttpClient> client) : pool_(pool), client_(std::move(client)) {}
    ~Lease() { pool_.Return(std::move(client_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    HttpClient* operator->() const { return client_.get(); }

   private:
    HttpPool& pool_;
    std::unique_ptr<HttpClient> client_;
  };
  Lease Take();

 private:
  void Return(std::unique_ptr<HttpClient> client);
  static constexpr size_t kIdleMax = 8;
  const Settings& settings_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpClient>> idle_;
};

}  // namespace cdi::sfodbc
