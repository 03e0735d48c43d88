#include "tests/snowflake_mock/server/http/wire_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int kIdleMs = 60'000;
constexpr int kReadMs = 60'000;
constexpr int kWriteMs = 60'000;
constexpr size_t kHeaderBytesMax = 1024 * 1024;
constexpr size_t kDrainBytesMax = 256UL * 1024 * 1024;
constexpr size_t kUnlimited = ~size_t{0};

// One connection. Used by its own thread only, but for `closing`.
class WireStream : public httplib::Stream {
 public:
  WireStream(int fd, const std::atomic<bool>& closing) : fd_(fd), closing_(closing) {}

  // Before each request: how many bytes it may cost.
  void BeginRequest(size_t bytes_max) {
    left_ = bytes_max;
    fault_ = {};
    body_sent_ = 0;
    header_sent_ = false;
  }
  void SetFault(const WireFault& fault) { fault_ = fault; }
  bool must_close() const { return must_close_; }
  void MustClose() { must_close_ = true; }
  bool ran_out() const { return left_ == 0; }

  // True when there is something to read within `wait_ms`; false at the end of the connection or of the server.
  bool WaitReadable(int wait_ms) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (!closing_.load() && std::chrono::steady_clock::now() < until) {
      if (begin_ < end_) return true;
      pollfd waiting{fd_, POLLIN, 0};
      const int found = poll(&waiting, 1, 100);
      if (found > 0) return true;
      if (found < 0 && errno != EINTR) return false;
    }
    return false;
  }
  bool Gone() const {
    char byte = 0;
    const ssize_t got = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return closing_.load() || got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
  }
  // Reads on and forgets, so that a reply to a body that was not read to its end is not lost in a reset.
  void Drain() {
    shutdown(fd_, SHUT_WR);
    char block[65536];
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (size_t drained = 0; drained < kDrainBytesMax && std::chrono::steady_clock::now() < until;) {
      pollfd waiting{fd_, POLLIN, 0};
      if (closing_.load() || poll(&waiting, 1, 500) <= 0) return;
      const ssize_t got = recv(fd_, block, sizeof block, 0);
      if (got <= 0) return;
      drained += static_cast<size_t>(got);
    }
  }
  void Reset() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    must_close_ = true;
    reset_ = true;
  }
  bool reset() const { return reset_; }

  bool is_readable() const override { return WaitReadable(kReadMs); }
  bool is_writable() const override { return !must_close_; }
  // Buffered: the library reads header lines byte by byte.
  ssize_t read(char* to, size_t size) override {
    if (left_ == 0) return -1;
    if (begin_ == end_) {
      if (!WaitReadable(kReadMs)) return -1;
      ssize_t got = 0;
      do {
        got = recv(fd_, buffer_, sizeof buffer_, 0);
      } while (got < 0 && errno == EINTR);
      if (got <= 0) return got;
      begin_ = 0;
      end_ = static_cast<size_t>(got);
    }
    const size_t taken = std::min({size, end_ - begin_, left_});
    std::copy_n(buffer_ + begin_, taken, to);
    begin_ += taken;
    left_ -= taken;
    return static_cast<ssize_t>(taken);
  }
  // The library writes the whole head first, then the body.
  ssize_t write(const char* from, size_t size) override {
    if (must_close_ && reset_) return -1;
    if (fault_.kind == WireFault::Kind::kHang) return Hang();
    if (fault_.kind == WireFault::Kind::kReset && fault_.bytes == 0) {
      Reset();
      return -1;
    }
    if (!header_sent_) {
      header_sent_ = !absl::StartsWith(absl::string_view(from, size), "HTTP/1.1 100");
      return SendAll(from, size) ? static_cast<ssize_t>(size) : -1;
    }
    if (fault_.kind == WireFault::Kind::kReset || fault_.kind == WireFault::Kind::kTruncate)
      return WriteUpTo(from, size);
    if (fault_.kind == WireFault::Kind::kSlow) return WriteSlowly(from, size);
    return SendAll(from, size) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { Address(getpeername, ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { Address(getsockname, ip, port); }
  socket_t socket() const override { return fd_; }

 private:
  template <typename Get>
  void Address(Get get, std::string& ip, int& port) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    char text[INET6_ADDRSTRLEN] = "";
    if (get(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
    if (address.ss_family == AF_INET) {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
      inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
      port = ntohs(v4.sin_port);
    } else if (address.ss_family == AF_INET6) {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
      inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
      port = ntohs(v6.sin6_port);
    }
    ip = text;
  }
  bool SendAll(const char* from, size_t size) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kWriteMs);
    while (size > 0) {
      const ssize_t sent = send(fd_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        from += sent;
        size -= static_cast<size_t>(sent);
        continue;
      }
      const bool full = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
      if (!full || closing_.load() || std::chrono::steady_clock::now() > until) {
        must_close_ = true;
        return false;
      }
      pollfd waiting{fd_, POLLOUT, 0};
      poll(&waiting, 1, 100);
    }
    return true;
  }
  ssize_t WriteUpTo(const char* from, size_t size) {
    const auto allowed = static_cast<size_t>(std::max<int64_t>(0, fault_.bytes - body_sent_));
    const size_t now = std::min(size, allowed);
    if (!SendAll(from, now)) return -1;
    body_sent_ += static_cast<int64_t>(now);
    if (now == size && body_sent_ < fault_.bytes) return static_cast<ssize_t>(size);
    must_close_ = true;
    if (fault_.kind == WireFault::Kind::kReset) Reset();
    return -1;
  }
  ssize_t WriteSlowly(const char* from, size_t size) {
    constexpr int kTicksPerSecond = 20;
    const auto piece = static_cast<size_t>(std::max<int64_t>(1, fault_.bytes_per_second / kTicksPerSecond));
    for (size_t sent = 0; sent < size;) {
      const size_t now = std::min(piece, size - sent);
      if (!SendAll(from + sent, now)) return -1;
      sent += now;
      const int64_t rate = std::max<int64_t>(1, fault_.bytes_per_second);
      std::this_thread::sleep_for(std::chrono::milliseconds(static_cast<int64_t>(now) * 1000 / rate));
      if (Gone()) return -1;
    }
    return static_cast<ssize_t>(size);
  }
  ssize_t Hang() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(fault_.seconds);
    while (std::chrono::steady_clock::now() < until && !Gone()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    must_close_ = true;
    return -1;
  }

  int fd_;
  const std::atomic<bool>& closing_;
  char buffer_[16384];
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t left_ = 0;
  WireFault fault_;
  int64_t body_sent_ = 0;
  bool header_sent_ = false;
  bool must_close_ = false;
  bool reset_ = false;
};

// The connection this thread serves: the library hands no context through to its handlers.
thread_local WireStream* current_stream = nullptr;
thread_local std::string current_path;

// The body, inflated by the library, up to `bytes_max`.
void ReadBody(const httplib::ContentReader& reader, size_t bytes_max, HttpRequest& request) {
  const bool complete = reader([&](const char* bytes, size_t size) {
    if (request.body.size() + size > bytes_max) {
      request.body_too_large = true;
      return false;
    }
    request.body.append(bytes, size);
    return true;
  });
  if (current_stream->ran_out()) request.body_too_large = true;
  request.body_broken = !complete && !request.body_too_large;
  if (!complete) current_stream->MustClose();
}

}  // namespace

WireServer::WireServer(Handler handler, std::function<size_t()> body_bytes_max)
    : handler_(std::move(handler)), body_bytes_max_(std::move(body_bytes_max)) {
  // Every path arrives as "/": routing is not the library's, and its patterns recurse over long paths.
  const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                const httplib::ContentReader& reader) { Serve(request, response, &reader); };
  const auto without = [this](const httplib::Request& request, httplib::Response& response) {
    Serve(request, response, nullptr);
  };
  Post("/", with_body).Put("/", with_body).Patch("/", with_body).Delete("/", with_body);
  Get("/", without).Delete("/", without).Options("/", without);
  set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) { response.status = 500; });
  // What the library refuses by itself (a broken request line, a long URI) in Snowflake's shape.
  set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return;
    response.set_content(
        R"({"data":null,"code":"390400","message":"Bad request; operation not supported.","success":false})",
        "application/json");
  });
  set_socket_options([this](socket_t socket) {
    listener_ = socket;
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

void WireServer::Serve(const httplib::Request& request, httplib::Response& response,
                       const httplib::ContentReader* reader) {
  HttpRequest plain;
  plain.method = request.method;
  plain.path = current_path;
  plain.query.insert(request.params.begin(), request.params.end());
  for (const auto& [name, value] : request.headers) plain.headers.emplace(absl::AsciiStrToLower(name), value);
  plain.peer = request.remote_addr;
  plain.client_gone = [stream = current_stream] { return stream->Gone(); };
  if (reader != nullptr) ReadBody(*reader, body_bytes_max_(), plain);
  HttpReply reply = handler_(plain);
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  current_stream->SetFault(reply.wire);
  if (reply.keeper == nullptr) {
    response.set_content(reply.body, reply.content_type);
    return;
  }
  response.set_content_provider(
      reply.borrowed.size(), reply.content_type,
      [bytes = reply.borrowed, keeper = reply.keeper](size_t offset, size_t length, httplib::DataSink& sink) {
        return sink.write(bytes.data() + offset, length);
      });
}

bool WireServer::process_and_close_socket(socket_t sock) {
  {
    const std::lock_guard lock(mutex_);
    open_.insert(sock);
  }
  WireStream stream(sock, closing_);
  current_stream = &stream;
  bool closed = false;
  bool good = true;
  while (good && !closed && !stream.must_close() && stream.WaitReadable(kIdleMs)) {
    stream.BeginRequest(kHeaderBytesMax);
    bool unread_body = false;
    const size_t body_max = body_bytes_max_();
    good = process_request(stream, false, closed, [&](httplib::Request& request) {
      stream.BeginRequest(body_max + body_max / 8 + kHeaderBytesMax);  // chunked framing costs bytes too
      current_path = std::exchange(request.path, "/");
      // The library would take multipart bodies apart, and answer ranges of replies that are no files.
      request.ranges.clear();
      if (absl::StartsWithIgnoreCase(request.get_header_value("Content-Type"), "multipart"))
        request.headers.erase("Content-Type");
      if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") {
        const std::string length = request.get_header_value("Content-Length");
        unread_body = request.has_header("Transfer-Encoding") || !(length.empty() || length == "0");
      }
      unread_body = unread_body || request.get_header_value_count("Content-Length") > 1;
    });
    if (unread_body) break;
  }
  current_stream = nullptr;
  {
    const std::lock_guard lock(mutex_);
    open_.erase(sock);
  }
  if (!stream.reset()) stream.Drain();
  ::close(sock);
  return good;
}

void WireServer::CloseConnections() {
  closing_.store(true);
  const std::lock_guard lock(mutex_);
  for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
}

}  // namespace cdi::snowflake_mock
