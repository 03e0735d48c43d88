#include "tests/braze_mock/mock_server.h"

#include <httplib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <thread>

#include "base/clock.h"
#include "tests/braze_mock/connection_closer.h"
#include "tests/braze_mock/text_parts.h"
#include "tests/braze_mock/track_service.h"

namespace cdi::braze_mock {
namespace {

constexpr std::string_view kControlPrefix = "/__mock/";
constexpr size_t kReadableBodyMax = 64U << 20;  // what is read at all; the service judges sizes
constexpr int kBacklog = 1024;                  // httplib's own of 5 makes bursts of connections wait for seconds

bool IsLoopback(const std::string& address) {
  return address.rfind("127.", 0) == 0 || address == "::1" || address.rfind("::ffff:127.", 0) == 0;
}

std::unique_ptr<httplib::Server> MakeHttpServer(const TlsIdentity* tls) {
  if (tls == nullptr) return std::make_unique<httplib::Server>();
  return std::make_unique<httplib::SSLServer>(tls->certificate.get(), tls->key.get());
}

}  // namespace

class MockServer::Core {
 public:
  explicit Core(ServerOptions options)
      : options_(std::move(options)), service_(options_, clock_), http_(MakeHttpServer(options_.tls.get())) {}

  absl::Status Start();
  void Stop();
  int port() const { return port_; }
  std::string url() const {
    return Join({options_.tls ? "https" : "http", "://", options_.host, ":", std::to_string(port_)});
  }

 private:
  void Configure();
  void HandlePost(const httplib::Request& request, httplib::Response& response, const httplib::ContentReader& reader);
  void HandleGet(const httplib::Request& request, httplib::Response& response);
  HttpReply Control(const httplib::Request& request, const std::string& body);
  HttpReply Track(const httplib::Request& request, const std::string& body);
  void Write(const httplib::Request& request, httplib::Response& response, HttpReply reply);

  SystemClock clock_;
  ServerOptions options_;
  TrackService service_;
  std::unique_ptr<httplib::Server> http_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

void MockServer::Core::Configure() {
  http_->new_task_queue = [threads = options_.threads] { return new httplib::ThreadPool(threads); };
  http_->set_tcp_nodelay(true);
  http_->set_keep_alive_max_count(1'000'000'000);
  http_->set_keep_alive_timeout(600);
  http_->set_read_timeout(120);
  http_->set_write_timeout(120);
  http_->set_payload_max_length(kReadableBodyMax);
  http_->set_socket_options([this](int socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    listener_ = socket;
  });
  http_->Post(".*", [this](const httplib::Request& request, httplib::Response& response,
                           const httplib::ContentReader& reader) { HandlePost(request, response, reader); });
  const auto other = [this](const httplib::Request& request, httplib::Response& response) {
    HandleGet(request, response);
  };
  http_->Get(".*", other);
  http_->Put(".*", other);
  http_->Patch(".*", other);
  http_->Delete(".*", other);
}

absl::Status MockServer::Core::Start() {
  if (!http_->is_valid()) return absl::InternalError("TLS could not be set up with this certificate and key");
  Configure();
  if (options_.port == 0) {
    port_ = http_->bind_to_any_port(options_.host);
  } else {
    port_ = http_->bind_to_port(options_.host, options_.port) ? options_.port : -1;
  }
  if (port_ <= 0 || ::listen(listener_, kBacklog) != 0) {
    return absl::UnavailableError(Join({"--listen: ", options_.host, ":", std::to_string(options_.port),
                                        " cannot be bound; another program may have the port"}));
  }
  thread_ = std::thread([this] { http_->listen_after_bind(); });
  return absl::OkStatus();
}

void MockServer::Core::Stop() {
  if (!thread_.joinable()) return;
  service_.Interrupt();
  // stop() does nothing before the loop has begun.
  while (!http_->is_running()) std::this_thread::yield();
  http_->stop();
  CloseConnectionsOf(port_);
  thread_.join();
}

void MockServer::Core::HandlePost(const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& reader) {
  const bool control = request.path.rfind(kControlPrefix, 0) == 0;
  if (!control) {
    if (auto early = service_.OnHeaders()) {
      service_.OnDone(*early);
      Write(request, response, *std::move(early));
      return;
    }
  }
  std::string body;
  const bool complete = reader([&body](const char* bytes, size_t size) {
    body.append(bytes, size);
    return true;
  });
  if (control) {
    Write(request, response, Control(request, body));
    return;
  }
  HttpReply reply;
  if (complete) {
    reply = Track(request, body);
  } else {
    // The client went away, or sent more than is read at all; httplib has set the status of the latter.
    reply.status = response.status > 0 ? response.status : 400;
  }
  service_.OnDone(reply);
  Write(request, response, std::move(reply));
}

void MockServer::Core::HandleGet(const httplib::Request& request, httplib::Response& response) {
  if (request.path.rfind(kControlPrefix, 0) == 0) {
    Write(request, response, Control(request, request.body));
    return;
  }
  if (auto early = service_.OnHeaders()) {
    service_.OnDone(*early);
    Write(request, response, *std::move(early));
    return;
  }
  HttpReply reply = Track(request, request.body);
  service_.OnDone(reply);
  Write(request, response, std::move(reply));
}

HttpReply MockServer::Core::Track(const httplib::Request& request, const std::string& body) {
  const std::string authorization = request.get_header_value("Authorization");
  const std::string content_type = request.get_header_value("Content-Type");
  return service_.OnBody({request.method, request.path, authorization, content_type}, body);
}

HttpReply MockServer::Core::Control(const httplib::Request& request, const std::string& body) {
  HttpReply refusal;
  refusal.status = 403;
  refusal.body = "{\"message\":\"control endpoints answer the loopback address only\"}";
  if (!IsLoopback(request.remote_addr)) return refusal;
  const std::vector<std::pair<std::string, std::string>> query(request.params.begin(), request.params.end());
  return service_.Control(request.method, std::string_view(request.path).substr(kControlPrefix.size()), query, body);
}

void MockServer::Core::Write(const httplib::Request& request, httplib::Response& response, HttpReply reply) {
  if (reply.ending == HttpReply::Ending::kClose || reply.ending == HttpReply::Ending::kReset) {
    CloseConnection(port_, request.remote_port, reply.ending == HttpReply::Ending::kReset);
    response.status = 500;  // httplib writes it to a socket that takes nothing any more
    return;
  }
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (reply.ending == HttpReply::Ending::kWhole) {
    response.set_content(reply.body, reply.content_type);
    return;
  }
  const size_t size = reply.body.size();
  response.set_content_provider(size, reply.content_type,
                                [body = std::move(reply.body)](size_t offset, size_t, httplib::DataSink& sink) {
                                  if (offset == 0) sink.write(body.data(), body.size() / 2);
                                  return false;
                                });
}

MockServer::MockServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}

MockServer::~MockServer() {
  Stop();
}

absl::StatusOr<std::unique_ptr<MockServer>> MockServer::Start(ServerOptions options) {
  if (options.api_keys.empty()) {
    return absl::InvalidArgumentError("no API key given; use --api-key KEY or --api-key-file FILE");
  }
  auto core = std::make_unique<Core>(std::move(options));
  absl::Status status = core->Start();
  if (!status.ok()) return status;
  return std::unique_ptr<MockServer>(new MockServer(std::move(core)));
}

int MockServer::port() const {
  return core_->port();
}

std::string MockServer::url() const {
  return core_->url();
}

void MockServer::Stop() {
  core_->Stop();
}

}  // namespace cdi::braze_mock
