#include "ingest/braze/http_sender.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "ingest/braze/classify_reply.h"
#include "ingest/braze/curl_loop.h"

namespace cdi::ingest::braze {
namespace {

constexpr std::string_view kTrackPath = "/users/track";

// A key travels in a header: a line break in it would end the header and begin another.
absl::Status CheckApiKey(const Secret& key) {
  constexpr size_t kBytesMax = 1'000;
  const std::string_view text = key.Expose();
  if (text.empty()) return InvalidField("api_key", "api_key is empty; give the REST API key of the workspace");
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.size() > kBytesMax || !printable) {
    return InvalidField("api_key",
                        "api_key holds a blank or a character that no API key has; copy it again, "
                        "without quotes or line break");
  }
  return absl::OkStatus();
}

absl::Status CheckCaFile(const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return InvalidField("ca_file", absl::StrCat("ca_file cannot be read: ", path, "; give a readable PEM file"));
}

}  // namespace

class HttpSender::Core {
 public:
  explicit Core(HttpSenderOptions options) : options_(std::move(options)) {}

  absl::Status Init() {
    CDI_ASSIGN_OR_RETURN(loop_, CurlLoop::Create(options_));
    return absl::OkStatus();
  }

  absl::Status Register(const WorkspaceName& name, WorkspaceEndpoint workspace) {
    CDI_ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint(workspace.url, options_.policy));
    CDI_RETURN_IF_ERROR(CheckApiKey(workspace.api_key));
    CDI_RETURN_IF_ERROR(CheckCaFile(workspace.ca_file));
    CDI_ASSIGN_OR_RETURN(auto route, Route::Make(std::move(endpoint), std::move(workspace.api_key),
                                                 std::move(workspace.ca_file), options_.user_agent));
    const MutexLock lock(mutex_);
    routes_[name] = std::move(route);
    return absl::OkStatus();
  }

  void Unregister(const WorkspaceName& name) {
    const MutexLock lock(mutex_);
    routes_.erase(name);
  }

  std::shared_ptr<const Route> Find(const WorkspaceName& name) {
    const MutexLock lock(mutex_);
    const auto found = routes_.find(name);
    return found == routes_.end() ? nullptr : found->second;
  }

  CurlLoop& loop() { return *loop_; }
  const Clock& clock() const { return clock_; }

 private:
  const HttpSenderOptions options_;
  SystemClock clock_;
  Mutex mutex_;
  std::unordered_map<WorkspaceName, std::shared_ptr<const Route>> routes_ CDI_GUARDED_BY(mutex_);
  std::unique_ptr<CurlLoop> loop_;
};

absl::StatusOr<std::unique_ptr<HttpSender>> HttpSender::Create(HttpSenderOptions options) {
  auto core = std::make_unique<Core>(std::move(options));
  CDI_RETURN_IF_ERROR(core->Init());
  return std::unique_ptr<HttpSender>(new HttpSender(std::move(core)));
}

HttpSender::HttpSender(std::unique_ptr<Core> core) : core_(std::move(core)) {}
HttpSender::~HttpSender() {
  core_->loop().Drain(MonoTime{0});  // while callbacks can still use this object
}

absl::Status HttpSender::RegisterWorkspace(const WorkspaceName& name, WorkspaceEndpoint workspace) {
  return core_->Register(name, std::move(workspace));
}

void HttpSender::UnregisterWorkspace(const WorkspaceName& name) {
  core_->Unregister(name);
}

void HttpSender::Send(SendRequest request, std::function<void(SendReport)> done) {
  Job job;
  job.route = core_->Find(request.workspace);
  job.path = std::move(request.path);
  job.body = std::move(request.body);
  job.timeout = request.timeout;
  job.done = [core = core_.get(), route = job.route, type = request.type, objects = request.objects,
              done = std::move(done)](RawReply reply, std::chrono::milliseconds duration) {
    const std::string_view key = route == nullptr ? std::string_view() : route->api_key().Expose();
    SendReport report = ClassifyReply(reply, type, objects, key, core->clock().WallNow().seconds);
    report.duration = duration;
    done(std::move(report));
  };
  core_->loop().Post(std::move(job));
}

absl::Status HttpSender::Probe(const WorkspaceName& name, std::chrono::milliseconds timeout) {
  Job job;
  job.route = core_->Find(name);
  if (job.route == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, "WORKSPACE_UNKNOWN",
                     absl::StrCat(name.value(), " is not known to the sender"));
  }
  job.path = kTrackPath;
  job.body = "{}";
  job.timeout = timeout;
  auto promise = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> found = promise->get_future();
  job.done = [promise, route = job.route](const RawReply& reply, std::chrono::milliseconds) {
    promise->set_value(ClassifyProbe(reply, route->endpoint().Origin(), route->api_key().Expose()));
  };
  core_->loop().Post(std::move(job));
  return found.get();
}

void HttpSender::Shutdown(MonoTime deadline) {
  core_->loop().Drain(deadline);
}

size_t HttpSender::requests_in_flight() const {
  return core_->loop().requests_in_flight();
}

size_t HttpSender::requests_waiting() const {
  return core_->loop().requests_waiting();
}

}  // namespace cdi::ingest::braze
