// One exchange with Braze on one libcurl handle, from the bytes of the body to the raw reply. The handle is used again
// for the next exchange. Internal to the sender; lives on its loop's thread.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "ingest/braze/classify_reply.h"
#include "ingest/braze/endpoint.h"

namespace cdi::ingest::braze {

// Where requests of one workspace go and what they say of themselves. Immutable, shared by the requests under way.
class Route {
 public:
  // kInternal when memory for the headers is refused.
  static absl::StatusOr<std::shared_ptr<const Route>> Make(Endpoint endpoint, Secret api_key, std::string ca_file,
                                                           const std::string& user_agent);
  ~Route();
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }
  const Secret& api_key() const { return api_key_; }
  const std::string& ca_file() const { return ca_file_; }
  // Holds the key; wiped with the route.
  curl_slist* headers() const { return headers_; }

 private:
  Route(Endpoint endpoint, Secret api_key, std::string ca_file)
      : endpoint_(std::move(endpoint)), api_key_(std::move(api_key)), ca_file_(std::move(ca_file)) {}
  bool AddHeader(std::string line);

  Endpoint endpoint_;
  Secret api_key_;
  std::string ca_file_;
  curl_slist* headers_ = nullptr;
};

struct Job {
  std::shared_ptr<const Route> route;
  std::string path;
  std::string body;
  std::chrono::milliseconds timeout{30'000};
  // Called once, on the loop's thread. `duration`: since the job left the queue.
  std::function<void(RawReply reply, std::chrono::milliseconds duration)> done;
};

class Transfer {
 public:
  // kInternal when libcurl refuses the handle or an option. `share` (TLS sessions) and `resolve` outlive the transfer.
  static absl::StatusOr<std::unique_ptr<Transfer>> Create(CURLSH* share, curl_slist* resolve,
                                                          std::chrono::milliseconds connect_timeout);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Loads the job into the handle; the caller adds it to the multi handle.
  absl::Status Start(Job job);
  // The raw reply after libcurl's verdict, or after the caller took the handle out early (kStopped). The handle must be
  // out of the multi handle; it is free for the next Start.
  RawReply Finish(CURLcode result, bool stopped);
  Job TakeJob() { return std::move(job_); }

  CURL* easy() const { return easy_; }
  size_t body_bytes() const { return job_.body.size(); }

 private:
  Transfer() = default;
  absl::Status SetFixedOptions(CURLSH* share, curl_slist* resolve);

  static size_t ReadBody(char* buffer, size_t size, size_t count, void* self);
  static int RefuseSeek(void* self, curl_off_t offset, int origin);
  static int CheckBeforeRequest(void* self, char*, char*, int, int);
  static size_t TakeReply(char* bytes, size_t size, size_t count, void* self);
  static size_t TakeHeader(char* bytes, size_t size, size_t count, void* self);
  static curl_socket_t OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  CURL* easy_ = nullptr;
  std::chrono::milliseconds connect_timeout_{0};
  Job job_;
  size_t bytes_read_ = 0;  // of the body, by libcurl
  bool address_refused_ = false;
  bool reply_too_large_ = false;
  ReplyHeaders headers_;
  std::string reply_;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace cdi::ingest::braze
