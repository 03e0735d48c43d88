#include "ingest/braze/transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::ingest::braze {
namespace {

absl::Status CurlError(CURLcode code) {
  return MakeError(absl::StatusCode::kInternal, "HTTP_CLIENT", absl::StrCat("libcurl: ", curl_easy_strerror(code)));
}

TransportFault FaultOf(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return TransportFault::kNone;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransportFault::kResolve;
    case CURLE_COULDNT_CONNECT:
      return TransportFault::kConnect;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return TransportFault::kCertificate;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ENGINE_INITFAILED:
      return TransportFault::kTls;
    case CURLE_OPERATION_TIMEDOUT:
      return TransportFault::kTimeout;
    default:
      return TransportFault::kBroken;
  }
}

// Sets options until one fails. The brackets around the call keep libcurl's checking macro out, which wants literals.
class Options {
 public:
  explicit Options(CURL* easy) : easy_(easy) {}
  template <typename T>
  Options& Set(CURLoption option, T value) {
    if (code_ == CURLE_OK) code_ = (curl_easy_setopt)(easy_, option, value);
    return *this;
  }
  absl::Status status() const { return code_ == CURLE_OK ? absl::OkStatus() : CurlError(code_); }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Route>> Route::Make(Endpoint endpoint, Secret api_key, std::string ca_file,
                                                         const std::string& user_agent) {
  std::shared_ptr<Route> route(new Route(std::move(endpoint), std::move(api_key), std::move(ca_file)));
  std::string authorization = "Authorization: Bearer ";
  authorization.reserve(authorization.size() + route->api_key_.size() + 1);
  authorization += route->api_key_.Expose();
  const bool added = route->AddHeader(std::move(authorization)) && route->AddHeader("Content-Type: application/json") &&
                     route->AddHeader("Accept: application/json") && route->AddHeader("User-Agent: " + user_agent) &&
                     route->AddHeader("Expect:");
  if (!added) return CurlError(CURLE_OUT_OF_MEMORY);
  return route;
}

bool Route::AddHeader(std::string line) {
  curl_slist* longer = curl_slist_append(headers_, line.c_str());
  WipeString(line);
  if (longer == nullptr) return false;
  headers_ = longer;
  return true;
}

Route::~Route() {
  for (curl_slist* header = headers_; header != nullptr; header = header->next) {
    WipeBytes(header->data, std::strlen(header->data));
  }
  curl_slist_free_all(headers_);
}

absl::StatusOr<std::unique_ptr<Transfer>> Transfer::Create(CURLSH* share, curl_slist* resolve,
                                                           std::chrono::milliseconds connect_timeout) {
  std::unique_ptr<Transfer> transfer(new Transfer());
  transfer->easy_ = curl_easy_init();
  if (transfer->easy_ == nullptr) return CurlError(CURLE_FAILED_INIT);
  transfer->connect_timeout_ = connect_timeout;
  if (const absl::Status status = transfer->SetFixedOptions(share, resolve); !status.ok()) return status;
  return transfer;
}

Transfer::~Transfer() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
}

absl::Status Transfer::SetFixedOptions(CURLSH* share, curl_slist* resolve) {
  // A connection that was idle longer may be closed by the other side at any moment: better a new one than a request
  // of which nobody knows.
  constexpr long kIdleSecondsMax = 30;
  return Options(easy_)
      .Set(CURLOPT_PRIVATE, this)
      .Set(CURLOPT_SHARE, share)
      .Set(CURLOPT_RESOLVE, resolve)
      .Set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_))
      .Set(CURLOPT_NOSIGNAL, 1L)
      .Set(CURLOPT_POST, 1L)
      .Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
      .Set(CURLOPT_FOLLOWLOCATION, 0L)
      .Set(CURLOPT_PROXY, "")
      .Set(CURLOPT_NOPROXY, "*")
      .Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED))
      .Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .Set(CURLOPT_SSL_VERIFYPEER, 1L)
      .Set(CURLOPT_SSL_VERIFYHOST, 2L)
      .Set(CURLOPT_TCP_NODELAY, 1L)
      .Set(CURLOPT_TCP_KEEPALIVE, 1L)
      .Set(CURLOPT_MAXAGE_CONN, kIdleSecondsMax)
      .Set(CURLOPT_READFUNCTION, &Transfer::ReadBody)
      .Set(CURLOPT_READDATA, this)
      .Set(CURLOPT_SEEKFUNCTION, &Transfer::RefuseSeek)
      .Set(CURLOPT_SEEKDATA, this)
      .Set(CURLOPT_PREREQFUNCTION, &Transfer::CheckBeforeRequest)
      .Set(CURLOPT_PREREQDATA, this)
      .Set(CURLOPT_WRITEFUNCTION, &Transfer::TakeReply)
      .Set(CURLOPT_WRITEDATA, this)
      .Set(CURLOPT_HEADERFUNCTION, &Transfer::TakeHeader)
      .Set(CURLOPT_HEADERDATA, this)
      .Set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::OpenSocket)
      .Set(CURLOPT_OPENSOCKETDATA, this)
      .status();
}

absl::Status Transfer::Start(Job job) {
  job_ = std::move(job);
  bytes_read_ = 0;
  address_refused_ = false;
  reply_too_large_ = false;
  headers_ = {};
  reply_.clear();
  error_[0] = '\0';
  const Route& route = *job_.route;
  const std::string url = route.endpoint().Origin() + job_.path;
  Options options(easy_);
  options.Set(CURLOPT_URL, url.c_str())
      .Set(CURLOPT_PROTOCOLS_STR, route.endpoint().https ? "https" : "http")
      .Set(CURLOPT_HTTPHEADER, route.headers())
      .Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(job_.body.size()))
      .Set(CURLOPT_TIMEOUT_MS, static_cast<long>(job_.timeout.count()))
      .Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(job_.timeout, connect_timeout_).count()));
  // A file replaces the system's file of authorities, while the system's directory (CAPATH) stays: both are trusted.
  const char* ca_file = route.ca_file().empty() ? curl_version_info(CURLVERSION_NOW)->cainfo : route.ca_file().c_str();
  options.Set(CURLOPT_CAINFO, ca_file);
  return options.status();
}

RawReply Transfer::Finish(CURLcode result, bool stopped) {
  RawReply reply;
  reply.bytes_sent = bytes_read_;
  reply.bytes_total = job_.body.size();
  reply.fault = stopped            ? TransportFault::kStopped
                : reply_too_large_ ? TransportFault::kReplyTooLarge
                                   : FaultOf(result);
  if (reply.fault == TransportFault::kConnect && address_refused_) reply.fault = TransportFault::kAddressRefused;
  if (!stopped && result != CURLE_OK) reply.fault_text = error_[0] != '\0' ? error_ : curl_easy_strerror(result);
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  reply.http_status = static_cast<int>(status);
  reply.headers = std::move(headers_);
  reply.body = std::move(reply_);
  headers_ = {};
  reply_ = {};
  // The handle must not point at what the job owns.
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nullptr);
  return reply;
}

size_t Transfer::ReadBody(char* buffer, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  const std::string& body = transfer->job_.body;
  const size_t bytes = std::min(size * count, body.size() - transfer->bytes_read_);
  std::memcpy(buffer, body.data() + transfer->bytes_read_, bytes);
  transfer->bytes_read_ += bytes;
  return bytes;
}

// libcurl 7.88 rewinds a body to send it a second time when a kept-alive connection died before the reply (measured).
// Refused here, it ends with CURLE_SEND_FAIL_REWIND instead, and only the run machine may repeat.
int Transfer::RefuseSeek(void*, curl_off_t, int) {
  return CURL_SEEKFUNC_FAIL;
}

// Called before each request on a connection, repeats included: a repeat that needs no rewind in libcurl's eyes (it has
// read from the body, but counts nothing as written) would send the rest of a body as if it were the whole.
int Transfer::CheckBeforeRequest(void* self, char*, char*, int, int) {
  return static_cast<Transfer*>(self)->bytes_read_ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

size_t Transfer::TakeReply(char* bytes, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->reply_.size() + size * count > kReplyBytesMax) {
    transfer->reply_too_large_ = true;
    return 0;  // ends the transfer
  }
  transfer->reply_.append(bytes, size * count);
  return size * count;
}

size_t Transfer::TakeHeader(char* bytes, size_t size, size_t count, void* self) {
  static_cast<Transfer*>(self)->headers_.Take({bytes, size * count});
  return size * count;
}

curl_socket_t Transfer::OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  auto* transfer = static_cast<Transfer*>(self);
  if (purpose != CURLSOCKTYPE_IPCXN ||
      !MayConnect(transfer->job_.route->endpoint(), &address->addr, address->addrlen)) {
    transfer->address_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace cdi::ingest::braze
