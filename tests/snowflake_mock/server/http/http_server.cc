#include "tests/snowflake_mock/server/http/http_server.h"

#include <sys/socket.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/http/service.h"
#include "tests/snowflake_mock/server/http/wire_server.h"

namespace cdi::snowflake_mock {
namespace {

constexpr size_t kThreads = 512;  // a kept-alive connection holds one
constexpr int kBacklog = 1024;

std::string LogLine(const HttpRequest& request, const HttpReply& reply) {
  std::string path;
  AppendJsonEscaped(request.path, path);
  return absl::StrCat(R"({"method":")", request.method, R"(","path":")", path, R"(","status":)", reply.status,
                      R"(,"bytes":)", reply.keeper == nullptr ? reply.body.size() : reply.borrowed.size(), "}");
}

}  // namespace

struct HttpServer::Impl {
  Impl(Account& account, const ServerOptions& options)
      : log(options.log),
        service(account, options.workers),
        wire(
            [this](const HttpRequest& request) {
              HttpReply reply = service.Handle(request);
              if (log) log(LogLine(request, reply));
              return reply;
            },
            [this] { return service.BodyBytesMax(); }) {}

  std::function<void(const std::string&)> log;
  Service service;
  WireServer wire;
  int port = 0;
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

int HttpServer::port() const {
  return impl_->port;
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Account& account, const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(account, options);
  httplib::Server& server = impl->wire;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_tcp_nodelay(true);
  server.set_payload_max_length(size_t{4} << 30U);  // the limit is WireServer's
  if (options.port == 0) {
    impl->port = server.bind_to_any_port(options.host);
  } else if (server.bind_to_port(options.host, options.port)) {
    impl->port = options.port;
  } else {
    impl->port = -1;
  }
  if (impl->port <= 0)
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.host, ":", options.port));
  impl->service.SetAddress(absl::StrCat(options.host, ":", impl->port));
  ::listen(impl->wire.listener(), kBacklog);  // the library's own backlog is 5
  impl->thread = std::thread([raw = impl.get()] { raw->wire.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::~HttpServer() {
  impl_->service.Stop();
  impl_->wire.stop();
  impl_->wire.CloseConnections();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace cdi::snowflake_mock
