// What the sender's loop costs at Braze's full rate: 1,000 requests per second, bodies of 75 objects, replies after
// 150 ms, over plain HTTP on loopback. The server and the producer are threads of this program whose CPU time is taken
// off the process's, so that the sender's own remains (libcurl included, kernel time as well).
//
// usage: send_bench [SECONDS] [REQUESTS_PER_SECOND]   (3 and 1000 by default)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <thread>
#include <unordered_map>

#include "ingest/braze/http_sender.h"
#include "ingest/row.h"

namespace {

using cdi::ingest::SendReport;
using Clock = std::chrono::steady_clock;

constexpr auto kLatency = std::chrono::milliseconds(150);
constexpr uint32_t kObjects = 75;

double CpuSeconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Answers every whole request after kLatency: one thread, epoll, replies in order of arrival.
class DelayServer {
 public:
  DelayServer() {
    listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listen_fd_, 1'024) != 0 ||
        getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::perror("send_bench: no port");
      std::exit(1);
    }
    port_ = ntohs(address.sin_port);
    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    Watch(listen_fd_);
    thread_ = std::thread([this] { Run(); });
  }
  ~DelayServer() { Stop(); }

  int port() const { return port_; }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // Valid after Stop.
  double cpu_seconds() const { return cpu_seconds_; }

 private:
  void Watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
  }

  void Run() {
    std::vector<epoll_event> events(256);
    while (!stopping_) {
      const int count = epoll_wait(epoll_fd_, events.data(), 256, due_.empty() ? 20 : 1);
      for (int i = 0; i < count; ++i) Serve(events[static_cast<size_t>(i)].data.fd);
      const auto now = Clock::now();
      while (!due_.empty() && due_.front().first <= now) {
        static constexpr std::string_view kReply =
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 47\r\n\r\n"
            "{\"message\":\"success\",\"attributes_processed\":75}";
        static_cast<void>(send(due_.front().second, kReply.data(), kReply.size(), MSG_NOSIGNAL));
        due_.pop_front();
      }
    }
    for (const auto& [fd, input] : inputs_) close(fd);
    close(listen_fd_);
    close(epoll_fd_);
    cpu_seconds_ = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  }

  void Serve(int fd) {
    if (fd == listen_fd_) {
      const int client = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (client < 0) return;
      const int one = 1;
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      inputs_[client];
      Watch(client);
      return;
    }
    std::string& input = inputs_[fd];
    char bytes[65'536];
    const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) {
      close(fd);
      inputs_.erase(fd);
      return;
    }
    input.append(bytes, static_cast<size_t>(got));
    const size_t head_end = input.find("\r\n\r\n");
    const size_t length_at = input.find("Content-Length: ");
    if (head_end == std::string::npos || length_at == std::string::npos) return;
    const auto length = static_cast<size_t>(std::atoll(input.c_str() + length_at + 16));
    if (input.size() < head_end + 4 + length) return;
    input.clear();
    due_.emplace_back(Clock::now() + kLatency, fd);
  }

  int listen_fd_ = -1;
  int epoll_fd_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::deque<std::pair<Clock::time_point, int>> due_;
  std::unordered_map<int, std::string> inputs_;
  double cpu_seconds_ = 0;
  std::thread thread_;
};

std::string MakeBody() {
  cdi::warehouse::PageBuilder builder;
  const std::string note(160, 'x');
  for (uint32_t i = 0; i < kObjects; ++i) {
    builder.StartRow({1'795'000'000, 0});
    builder.SetCell(cdi::warehouse::ColumnRole::kExternalId, "customer-000000000000000000" + std::to_string(1'000 + i));
    builder.SetCell(cdi::warehouse::ColumnRole::kPayload, R"({"plan":"gold","score":1.25,"note":")" + note + "\"}");
    builder.FinishRow();
  }
  const cdi::ingest::SyncSpec spec;
  const auto page = DecodePage(builder.Build(), spec);
  std::vector<cdi::ingest::RowRef> rows;
  for (uint32_t i = 0; i < kObjects; ++i) rows.push_back({page, i});
  return BuildBody(rows, spec);
}

struct Tally {
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> other{0};
};

// Sends `total` requests evenly over time; returns the CPU time of this thread.
double Produce(cdi::ingest::braze::HttpSender& sender, const std::string& body, uint64_t total, double rate,
               Tally& tally) {
  const double cpu_before = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  const auto start = Clock::now();
  for (uint64_t sent = 0; sent < total;) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    const auto due = std::min(total, static_cast<uint64_t>(elapsed * rate) + 1);
    for (; sent < due; ++sent) {
      cdi::ingest::SendRequest request;
      request.workspace = cdi::ingest::WorkspaceName("workspaces/w");
      request.path = "/users/track";
      request.body = body;
      request.objects = kObjects;
      sender.Send(std::move(request), [&tally](const SendReport& report) {
        ++(report.outcome == cdi::ingest::SendOutcome::kAccepted ? tally.accepted : tally.other);
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  const double rate = argc > 2 ? std::atof(argv[2]) : 1'000;
  if (seconds <= 0 || seconds > 60 || rate <= 0 || rate > 10'000) {
    std::fprintf(stderr, "usage: send_bench [SECONDS up to 60] [REQUESTS_PER_SECOND up to 10000]\n");
    return 2;
  }
  DelayServer server;
  cdi::ingest::braze::HttpSenderOptions options;
  options.policy.allow_loopback = true;
  auto sender = cdi::ingest::braze::HttpSender::Create(options);
  if (!sender.ok()) return 1;
  const absl::Status registered =
      (*sender)->RegisterWorkspace(cdi::ingest::WorkspaceName("workspaces/w"),
                                   {"http://127.0.0.1:" + std::to_string(server.port()), cdi::Secret("bench-key"), ""});
  if (!registered.ok()) return 1;
  const std::string body = MakeBody();
  const auto total = static_cast<uint64_t>(seconds * rate);
  Tally tally;
  const double cpu_before = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto start = Clock::now();
  const double producer_cpu = Produce(**sender, body, total, rate, tally);
  (*sender)->Shutdown(cdi::SystemClock().MonoNow() + std::chrono::seconds(5));
  const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  const double process_cpu = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  server.Stop();
  const double sender_cpu = process_cpu - producer_cpu - server.cpu_seconds();
  const double answered = static_cast<double>(tally.accepted.load());
  std::printf("asked %.0f requests/s of %zu bytes for %.1f s, replies after 150 ms\n", rate, body.size(), seconds);
  std::printf("accepted %.0f, other %llu, ratio to the rate asked %.3f\n", answered,
              static_cast<unsigned long long>(tally.other.load()), answered / (elapsed - 0.15) / rate);
  std::printf("sender: %.1f %% of a core, %.0f us per request\n", sender_cpu / elapsed * 100,
              sender_cpu / answered * 1e6);
  return tally.other.load() == 0 ? 0 : 1;
}
