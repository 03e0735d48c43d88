// The HTTP face of the mock: Snowflake's session protocol, chunk downloads, and the control API under /__mock/.
//
// One thread per connection (wire_server.h); statements run on the pool of QueryJobs. docs/snowflake-mock.md lists the
// routes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/account/account.h"

namespace cdi::snowflake_mock {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: a free one
  size_t workers = 16;
  // One JSON line per request; may be empty. Called from many threads.
  std::function<void(const std::string&)> log;
};

class HttpServer {
 public:
  // Listens when it returns. `account` outlives the server; its settings may change meanwhile.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Account& account, const ServerOptions& options);
  // Cancels statements, ends connections, closes.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdi::snowflake_mock
