// Chunks: the storage host that a reply's URLs point at. Each URL is signed for one chunk and expires (spec §3.5).
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/snowflake_mock/server/http/service.h"

namespace cdi::snowflake_mock {
namespace {

std::string Signature(const std::string& secret, const std::string& path) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(path.data()), path.size(), digest, &size);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

HttpReply StorageError(int status, const std::string& code, const std::string& message) {
  HttpReply reply;
  reply.status = status;
  reply.content_type = "text/plain";
  reply.body = absl::StrCat("<Error><Code>", code, "</Code><Message>", message, "</Message></Error>");
  return reply;
}

bool HasKeyHeaders(const HttpRequest& request) {
  return !request.Header("x-mock-storage").empty() ||
         (request.Header("x-amz-server-side-encryption-customer-algorithm") == "AES256" &&
          !request.Header("x-amz-server-side-encryption-customer-key").empty());
}

}  // namespace

std::string ChunkUrl(Service& service, const std::string& base_url, const std::string& query_id, size_t index) {
  const int64_t expires = service.account.Now() / 1'000'000'000 + service.account.CurrentSettings().chunk_url_seconds;
  const std::string path = absl::StrCat("/__storage/", query_id, "/", index, "/", expires);
  return absl::StrCat(base_url, path, "/", Signature(service.storage_secret(), path));
}

// /__storage/<query id>/<index>/<expires>/<signature>
HttpReply HandleChunk(Service& service, const HttpRequest& request) {
  const std::vector<std::string> parts = absl::StrSplit(request.path, '/');
  size_t index = 0;
  int64_t expires = 0;
  if (request.method != "GET" && request.method != "HEAD")
    return StorageError(405, "MethodNotAllowed", "The specified method is not allowed.");
  if (parts.size() != 6 || !absl::SimpleAtoi(parts[3], &index) || !absl::SimpleAtoi(parts[4], &expires))
    return StorageError(404, "NoSuchKey", "The specified key does not exist.");
  const std::string& query_id = parts[2];
  const std::string path = absl::StrCat("/__storage/", query_id, "/", parts[3], "/", parts[4]);
  if (parts[5] != Signature(service.storage_secret(), path))
    return StorageError(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.");
  const auto record = service.account.history.Find(query_id);
  FaultTarget target{.route = "chunk"};
  if (record.has_value()) {
    target.user = record->user;
    target.session_id = record->session_id;
    target.tag = record->tag;
    target.sql = record->text;
    target.request_id = record->request_id;
  }
  return service.WithFaults(target, request, [&]() -> HttpReply {
    if (service.account.Now() / 1'000'000'000 >= expires)
      return StorageError(403, "AccessDenied", "Request has expired");
    if (service.account.CurrentSettings().storage_checks_headers != 0 && !HasKeyHeaders(request))
      return StorageError(403, "AccessDenied", "The headers of the reply are missing");
    if (!record.has_value() || record->result == nullptr || index >= record->result->chunks.size())
      return StorageError(404, "NoSuchKey", "The specified key does not exist.");
    ++service.account.counters.chunks_served;
    HttpReply reply;
    reply.keeper = record->result;
    reply.borrowed = record->result->chunks[index].gzip_body;
    // application/octet-stream: the library would compress JSON a second time.
    reply.content_type = "application/octet-stream";
    reply.headers.emplace_back("Content-Encoding", "gzip");
    return reply;
  });
}

}  // namespace cdi::snowflake_mock
