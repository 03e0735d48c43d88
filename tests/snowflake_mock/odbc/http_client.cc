#include "tests/snowflake_mock/odbc/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"

namespace cdi::sfodbc {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using Outcome = HttpReply::Outcome;

constexpr size_t kPadding = 64;  // simdjson's SIMDJSON_PADDING
constexpr long kConnectTimeoutMs = 30'000;
// A reply may be held for about 45 s (long poll); silence far beyond that is a dead connection.
constexpr long kSilenceSeconds = 180;

size_t TakeBody(char* bytes, size_t size, size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  const size_t wanted = body.size() + size * count + kPadding;
  if (body.capacity() < wanted) body.reserve(std::max(wanted, 2 * body.capacity()));
  body.append(bytes, size * count);
  return size * count;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host.starts_with("127.") || host == "::1" || host == "[::1]";
}

Outcome ClassifyFailure(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return Outcome::kCannotConnect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return Outcome::kTlsRefused;
    default:
      return Outcome::kLost;
  }
}

void InitialiseCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

HttpClient::HttpClient(const Settings& settings) {
  InitialiseCurlOnce();
  easy_ = curl_easy_init();
  multi_ = curl_multi_init();
  CDI_CHECK(easy_ != nullptr && multi_ != nullptr, "libcurl has no memory left");
  SetTransportOptions(settings);
}

HttpClient::~HttpClient() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

void HttpClient::SetTransportOptions(const Settings& settings) {
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, "cdi-snowflake-odbc/0.1.0");
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  const auto silence = settings.network_timeout.count();
  curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_TIME, silence > 0 ? static_cast<long>(silence) : kSilenceSeconds);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(easy_, CURLOPT_PROXY, IsLoopback(settings.host) ? "" : settings.proxy.c_str());
  if (!settings.no_proxy.empty()) curl_easy_setopt(easy_, CURLOPT_NOPROXY, settings.no_proxy.c_str());
  if (!settings.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, settings.ca_file.c_str());
}

HttpReply HttpClient::Perform(const HttpRequest& request, CancelToken& cancel) {
  HttpReply reply;
  curl_slist* headers = nullptr;
  for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
  if (request.keep_gzip) headers = curl_slist_append(headers, "Accept-Encoding: gzip");
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, request.keep_gzip ? nullptr : "gzip");
  curl_easy_setopt(easy_, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &reply.body);
  if (request.post) {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  } else {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  }
  reply.outcome = Transfer(request, cancel, reply.error);
  if (reply.outcome == Outcome::kReplied) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
  }
  reply.body.reserve(reply.body.size() + kPadding);
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nullptr);
  curl_slist_free_all(headers);
  return reply;
}

Outcome HttpClient::Transfer(const HttpRequest& request, CancelToken& cancel, std::string& error) {
  const CancelToken::Watch watch(cancel, [this] { curl_multi_wakeup(multi_); });
  curl_multi_add_handle(multi_, easy_);
  std::optional<Outcome> outcome;
  while (!outcome.has_value()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      outcome = code == CURLE_OK ? Outcome::kReplied : ClassifyFailure(code);
      if (code != CURLE_OK) error = curl_easy_strerror(code);
    }
    if (outcome.has_value()) break;
    const TimePoint now = std::chrono::steady_clock::now();
    TimePoint until = request.deadline;
    if (const auto cancelled_at = cancel.cancelled_at()) until = std::min(until, *cancelled_at + request.cancel_grace);
    if (now >= until) {
      outcome = cancel.cancelled() ? Outcome::kCancelled : Outcome::kDeadlinePassed;
      error = cancel.cancelled() ? "cancelled" : "timed out";
      break;
    }
    const auto wait = std::min<milliseconds>(
        milliseconds(1000),
        duration_cast<milliseconds>(std::min(until - now, TimePoint::duration(std::chrono::seconds(2)))) +
            milliseconds(1));
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
  }
  curl_multi_remove_handle(multi_, easy_);
  return *outcome;
}

HttpPool::Lease HttpPool::Take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return {*this, std::make_unique<HttpClient>(settings_)};
  std::unique_ptr<HttpClient> client = std::move(idle_.back());
  idle_.pop_back();
  return {*this, std::move(client)};
}

void HttpPool::Return(std::unique_ptr<HttpClient> client) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(client));
}

}  // namespace cdi::sfodbc
