// Any reply: a lawful report, and never the API key in a text.
#include "base/check.h"
#include "ingest/braze/classify_reply.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using cdi::ingest::SendOutcome;
using cdi::ingest::braze::RawReply;
using cdi::ingest::braze::TransportFault;

constexpr std::string_view kKey = "K3Y";
constexpr uint32_t kObjects = 4;

// Two bytes pick status and transport fault; up to the first byte 0x1f follow header lines, then the body.
void Run(std::string_view input) {
  constexpr int kStatuses[] = {0, 100, 200, 201, 204, 301, 400, 401, 403, 404, 408, 413, 422, 429, 500, 599};
  if (input.size() < 2) return;
  RawReply reply;
  reply.http_status = kStatuses[static_cast<uint8_t>(input[0]) % 16];
  const auto way = static_cast<uint8_t>(input[1]);
  reply.fault = way < 200 ? TransportFault::kNone : static_cast<TransportFault>(way % 11);
  reply.bytes_total = 100;
  reply.bytes_sent = way % 3 == 0 ? 0 : 100;
  input.remove_prefix(2);
  const size_t cut = input.find('\x1f');
  std::string_view headers = input.substr(0, cut);
  while (!headers.empty()) {
    const size_t end = std::min(headers.find('\n'), headers.size() - 1);
    reply.headers.Take(headers.substr(0, end + 1));
    headers.remove_prefix(end + 1);
  }
  if (cut != std::string_view::npos) reply.body = input.substr(cut + 1);

  const auto report = ClassifyReply(reply, cdi::ingest::DataType::kEvents, kObjects, kKey, 1'795'000'000);
  CDI_CHECK(report.message.find(kKey) == std::string::npos && report.message.size() <= 300, "a message may be shown");
  CDI_CHECK((report.outcome == SendOutcome::kRowsRejected) == !report.errors.empty(), "errors belong to an outcome");
  for (size_t i = 0; i < report.errors.size(); ++i) {
    CDI_CHECK(report.errors[i].index < kObjects, "an error names an object of the body");
    CDI_CHECK(i == 0 || report.errors[i - 1].index < report.errors[i].index, "by index, each once");
    CDI_CHECK(report.errors[i].text.find(kKey) == std::string::npos, "a text may be shown");
    CDI_CHECK(report.errors[i].text.size() <= 300, "a text is short");
  }
  if (report.retry_after) {
    CDI_CHECK(report.retry_after->count() >= 0 && *report.retry_after <= std::chrono::hours(1), "a wait is bounded");
  }
  CDI_CHECK(ClassifyProbe(reply, "https://rest.iad-01.braze.com", kKey).message().find(std::string(kKey)) ==
                absl::string_view::npos,
            "a probe's message may be shown");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  const std::vector<std::string> tails = {
      "\x1f{\"message\":\"success\",\"events_processed\":4}",
      "\x1f{\"message\":\"success\",\"errors\":[{\"type\":\"bad K3Y\",\"input_array\":\"events\",\"index\":1},"
      "{\"type\":\"x\",\"index\":3},{\"type\":\"y\",\"index\":3}]}",
      "\x1f{\"message\":\"Invalid API key: K3Y\",\"errors\":null}",
      "X-RateLimit-Reset: 1795000003\r\nX-RateLimit-Remaining: 5\r\nRetry-After: 7\r\n\x1f{}",
      "HTTP/1.1 429 x\r\nx-ratelimit-retry-after: 99999999999\r\n\x1f<html>K3Y</html>",
  };
  std::vector<std::string> seeds;
  for (char status = 0; status < 16; ++status) {
    for (const int way : {0, 1, 200, 206}) {
      for (const std::string& tail : tails) {
        seeds.push_back(std::string(1, status) + static_cast<char>(way) + tail);
      }
    }
  }
  return seeds;
}

}  // namespace cdi::test
