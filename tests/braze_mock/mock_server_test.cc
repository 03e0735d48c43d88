// braze-mock through real sockets: the transport rows T1-T18 of docs/braze-mock.md, faults, TLS, control endpoints.
#include "tests/braze_mock/mock_server.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/digest.h"

namespace cdi::braze_mock {
namespace {

using nlohmann::json;

constexpr const char* kGood = R"({"attributes":[{"external_id":"u","a":1}]})";

struct Answer {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

size_t AppendBody(char* bytes, size_t size, size_t count, void* target) {
  static_cast<std::string*>(target)->append(bytes, size * count);
  return size * count;
}

size_t AppendHeader(char* bytes, size_t size, size_t count, void* target) {
  const std::string line(bytes, size * count);
  const size_t colon = line.find(": ");
  if (colon != std::string::npos) {
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    (*static_cast<std::map<std::string, std::string>*>(target))[name] = line.substr(colon + 2, line.size() - colon - 4);
  }
  return size * count;
}

// POSTs `body`, or GETs where it is null.
Answer Call(const std::string& url, const char* body, std::vector<std::string> headers = {},
            const std::string& ca = {}) {
  Answer answer;
  CURL* curl = curl_easy_init();
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  if (body != nullptr) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, AppendBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, AppendHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.headers);
  curl_blob blob{const_cast<char*>(ca.data()), ca.size(), CURL_BLOB_COPY};
  if (!ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
  answer.code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_slist_free_all(list);
  curl_easy_cleanup(curl);
  return answer;
}

class MockServerTest : public testing::Test {
 protected:
  void Serve(ServerOptions options = {}) {
    options.api_keys = {"key-1"};
    options.denied_api_keys = {"key-2"};
    options.threads = 16;
    auto started = MockServer::Start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
  }
  void ServeWithSwitch(const std::string& pair) {
    ServerOptions options;
    ASSERT_TRUE(options.switches.SetPair(pair).ok());
    Serve(std::move(options));
  }
  Answer Track(const char* body = kGood, const std::string& ca = {}) {
    return Call(server_->url() + "/users/track", body,
                {"Authorization: Bearer key-1", "Content-Type: application/json"}, ca);
  }
  void Order(const std::string& faults) {
    const Answer answer = Call(Url("faults"), ("{\"faults\":" + faults + "}").c_str());
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  std::string Url(const std::string& control) { return server_->url() + "/__mock/" + control; }
  json Get(const std::string& control) { return json::parse(Call(Url(control), nullptr).body); }
  bool HasUser() { return Call(Url("users/u"), nullptr).status == 200; }

  std::unique_ptr<MockServer> server_;
};

TEST_F(MockServerTest, ChecksPathKeyAndContentTypeBeforeTheBody) {
  struct Case {
    std::string_view row;
    std::string path;
    std::vector<std::string> headers;
    int status;
    std::string message;
  };
  const std::string json_type = "Content-Type: application/json";
  const Case cases[] = {
      {"T1 no key", "/users/track", {json_type}, 401, "Invalid API key: "},
      {"T1 scheme", "/users/track", {json_type, "Authorization: Basic key-1"}, 401, "Invalid API key: "},
      {"T2", "/users/track", {json_type, "Authorization: Bearer wrong"}, 401, "Invalid API key: wrong"},
      {"T3", "/users/track", {json_type, "Authorization: Bearer key-2"}, 403, "Access Denied"},
      {"T5", "/users/track/", {json_type, "Authorization: Bearer key-1"}, 403, "Access Denied"},
      {"T6", "/users/tracks", {json_type, "Authorization: Bearer key-1"}, 404, "Not Found"},
      {"T7 missing", "/users/track", {"Content-Type:", "Authorization: Bearer key-1"}, 415, "Unsupported Media Type"},
      {"T7 wrong",
       "/users/track",
       {"Content-Type: text/plain", "Authorization: Bearer key-1"},
       415,
       "Unsupported Media Type"},
  };
  Serve();
  for (const Case& c : cases) {
    const Answer answer = Call(server_->url() + c.path, kGood, c.headers);
    EXPECT_EQ(answer.status, c.status) << c.row;
    EXPECT_EQ(json::parse(answer.body), (json{{"message", c.message}})) << c.row;
  }
  EXPECT_FALSE(HasUser());
}

TEST_F(MockServerTest, ABodyOverFourMegabytesIsRefusedAsAWhole) {
  Serve();
  const std::string body = R"({"attributes":[{"external_id":"u"}]})" + std::string(4 << 20, ' ');
  EXPECT_EQ(Track(body.c_str()).status, 413) << "T10";
  EXPECT_FALSE(HasUser());
}

TEST_F(MockServerTest, SwitchesChangeTheRefusals) {
  ServeWithSwitch("permission_status=401");
  EXPECT_EQ(Call(server_->url() + "/users/track", kGood, {"Authorization: Bearer key-2"}).status, 401) << "T3";
  server_.reset();
  ServeWithSwitch("account=disabled");
  const Answer disabled = Track();
  EXPECT_EQ(disabled.status, 403) << "T4";
  EXPECT_EQ(json::parse(disabled.body), (json{{"message", "Forbidden"}}));
}

TEST_F(MockServerTest, SuccessCarriesTheThreeRateHeaders) {
  Serve();
  const Answer answer = Track();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(json::parse(answer.body), json::parse(R"({"message":"success","attributes_processed":1})"));
  for (const char* name : {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}) {
    EXPECT_TRUE(answer.headers.contains(name)) << "T13: " << name;
  }
}

TEST_F(MockServerTest, OverTheLimitIsAnswered429InBothModes) {
  for (const RateHeaders mode : {RateHeaders::kEpoch, RateHeaders::kSeconds}) {
    ServerOptions options;
    options.rate_limit = {.requests = 0, .window_seconds = 60, .headers = mode};
    Serve(std::move(options));
    const Answer answer = Track();
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(json::parse(answer.body), (json{{"message", "Rate limited"}}));
    const bool epoch = mode == RateHeaders::kEpoch;
    EXPECT_EQ(answer.headers.contains("x-ratelimit-reset"), epoch) << "T11";
    EXPECT_EQ(answer.headers.contains("x-ratelimit-retry-after"), !epoch) << "T12";
    EXPECT_EQ(Get("stats")["throttled"], 1);
    EXPECT_FALSE(HasUser());
    server_.reset();
  }
}

TEST_F(MockServerTest, FaultsWithAReplyAnswerAsOrdered) {
  struct Case {
    std::string fault;
    int status;
    std::string body;
    std::string header;  // that must be there; with ! that must not
    bool applied;
  };
  const Case cases[] = {
      {R"({"kind":"status"})", 500, R"({"message":"Internal Server Error"})", "", false},
      {R"({"kind":"status","status":503,"html":true,"body":"<p>busy"})", 503, "<p>busy", "", false},
      {R"({"kind":"status","status":504,"apply":true})", 504, R"({"message":"Internal Server Error"})", "", true},
      {R"({"kind":"latency","ms":1})", 201, R"({"message":"success","attributes_processed":1})", "", true},
      {R"({"kind":"slow_reply","ms":1})", 201, R"({"message":"success","attributes_processed":1})", "", true},
      {R"({"kind":"non_json_2xx"})", 200, "<html><body><h1>OK</h1></body></html>", "", true},
      {R"({"kind":"throttle","headers":"seconds","retry_after":7})", 429, R"({"message":"Rate limited"})",
       "x-ratelimit-retry-after", false},
      {R"({"kind":"throttle","headers":"none"})", 429, R"({"message":"Rate limited"})", "!x-ratelimit-reset", false},
      {R"({"kind":"auth"})", 401, R"({"message":"Invalid API key: key-1"})", "", false},
      {R"({"kind":"forbidden"})", 403, R"({"message":"Access Denied"})", "", false},
      {R"({"kind":"redirect","location":"http://127.0.0.1:1/"})", 307, "<html><body><h1>Moved</h1></body></html>",
       "location", false},
  };
  Serve();
  for (const Case& c : cases) {
    ASSERT_EQ(Call(Url("reset"), "").status, 200);
    Order("[" + c.fault + "]");
    const Answer answer = Track();
    EXPECT_EQ(answer.status, c.status) << c.fault;
    EXPECT_EQ(answer.body, c.body) << c.fault;
    if (c.header.starts_with("!")) {
      EXPECT_FALSE(answer.headers.contains(c.header.substr(1))) << c.fault;
    } else if (!c.header.empty()) {
      EXPECT_TRUE(answer.headers.contains(c.header)) << c.fault;
    }
    EXPECT_EQ(HasUser(), c.applied) << c.fault;
    EXPECT_EQ(Track().status, 201) << "healed after " << c.fault;
  }
}

// What a client sees that sends one request and reads until the connection ends.
struct RawAnswer {
  std::string bytes;
  bool reset = false;
};

RawAnswer SendRaw(int port, const std::string& request) {
  RawAnswer answer;
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(send(socket, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  char buffer[4096];
  ssize_t got = 0;
  while ((got = recv(socket, buffer, sizeof buffer, 0)) > 0) answer.bytes.append(buffer, static_cast<size_t>(got));
  answer.reset = got < 0 && errno == ECONNRESET;
  close(socket);
  return answer;
}

TEST_F(MockServerTest, ClosingFaultsSendNotAByteOfReply) {
  struct Case {
    std::string fault;
    bool reset;
    bool applied;
  };
  const Case cases[] = {
      {R"({"kind":"close_after_apply"})", false, true},
      {R"({"kind":"close_after_apply","reset":true})", true, true},
      {R"({"kind":"close_before_apply"})", false, false},
      {R"({"kind":"close_before_apply","reset":true})", true, false},
      {R"({"kind":"close_before_body_read"})", false, false},
      {R"({"kind":"close_before_body_read","reset":true})", true, false},
  };
  Serve();
  const std::string body = kGood;
  const std::string head =
      "POST /users/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-1\r\n"
      "Content-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n";
  for (const Case& c : cases) {
    ASSERT_EQ(Call(Url("reset"), "").status, 200);
    Order("[" + c.fault + "]");
    // Before the body is read there is nothing unread on the wire either, so that the end is as ordered.
    const bool headers_only = c.fault.find("before_body_read") != std::string::npos;
    const RawAnswer answer = SendRaw(server_->port(), headers_only ? head : head + body);
    EXPECT_EQ(answer.bytes, "") << c.fault;
    EXPECT_EQ(answer.reset, c.reset) << c.fault;
    EXPECT_EQ(HasUser(), c.applied) << c.fault;
    EXPECT_EQ(Get("stats")["closed_without_reply"], 1) << c.fault;
  }
}

TEST_F(MockServerTest, ATruncatedReplyEndsHalfWay) {
  Serve();
  Order(R"([{"kind":"truncated_reply"}])");
  const Answer answer = Track();
  EXPECT_EQ(answer.code, CURLE_PARTIAL_FILE);
  EXPECT_EQ(answer.body, R"({"message":"success","a)");
  EXPECT_TRUE(HasUser());
}

TEST_F(MockServerTest, AFaultCanBeAimedAtAUser) {
  Serve();
  Order(R"([{"kind":"status","match_user":"v","count":5}])");
  EXPECT_EQ(Track().status, 201);
  EXPECT_EQ(Track(R"({"attributes":[{"external_id":"u"},{"external_id":"v"}]})").status, 500);
  EXPECT_EQ(Get("faults")["faults"][0]["hits"], 1);
}

TEST_F(MockServerTest, CountsAUserThatIsInTwoRequestsAtOnce) {
  Serve();
  Order(R"([{"kind":"slow_reply","ms":60000}])");
  std::thread first([this] { Track(); });
  while (Get("stats")["objects_accepted"]["attributes"] != 1) std::this_thread::yield();
  EXPECT_EQ(Track().status, 201);
  const json stats = Get("stats");
  EXPECT_EQ(stats["concurrent_user_violations"], 1);
  EXPECT_EQ(stats["in_flight"], 1);
  EXPECT_EQ(stats["in_flight_peak"], 2);
  server_->Stop();  // ends the wait
  first.join();
}

TEST_F(MockServerTest, OneRequestAfterTheOtherIsNoViolation) {
  Serve();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(Track().status, 201);
  EXPECT_EQ(Get("stats")["concurrent_user_violations"], 0);
}

TEST_F(MockServerTest, LedgerNamesBodiesAndRepeatsUntilReset) {
  Serve();
  Track();
  Track();
  Track("{");
  const json requests = Get("requests")["requests"];
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0]["body_hash"], Hash128(kGood).ToHex());
  EXPECT_EQ(requests[2]["status"], 400);
  EXPECT_EQ(Get("ledger?from=2&limit=1")["objects"][0]["identifier"], "u");
  EXPECT_EQ(Get("ledger?summary=1")["duplicates"][0]["count"], 2);
  EXPECT_EQ(Get("users/u")["attributes"]["a"], 1);
  EXPECT_EQ(Get("health")["status"], "ok");

  ASSERT_EQ(Call(Url("reset"), "").status, 200);
  EXPECT_FALSE(HasUser());
  EXPECT_EQ(Get("ledger?summary=1")["objects"], 0);
  EXPECT_EQ(Get("stats")["requests"], 0);
}

TEST_F(MockServerTest, TlsIsVerifiedWithTheWrittenCertificate) {
  auto identity = MakeTlsIdentity();
  ASSERT_TRUE(identity.ok()) << identity.status();
  const std::string ca = identity->CertificatePem();
  ServerOptions options;
  options.tls = std::make_unique<TlsIdentity>(*std::move(identity));
  Serve(std::move(options));
  EXPECT_TRUE(server_->url().starts_with("https://127.0.0.1:"));
  EXPECT_EQ(Track(kGood, ca).status, 201);
  EXPECT_EQ(Track(kGood).code, CURLE_PEER_FAILED_VERIFICATION) << "without the certificate";
  const Answer other = Call("https://localhost:" + std::to_string(server_->port()) + "/__mock/health", nullptr, {}, ca);
  EXPECT_EQ(other.status, 200) << "by name";
  const Answer ordered = Call(Url("faults"), R"({"faults":[{"kind":"close_after_apply"}]})", {}, ca);
  ASSERT_EQ(ordered.status, 200);
  const Answer closed = Track(kGood, ca);
  EXPECT_NE(closed.code, CURLE_OK);
  EXPECT_EQ(closed.status, 0);
}

TEST_F(MockServerTest, ATakenPortIsRefused) {
  Serve();
  ServerOptions options;
  options.api_keys = {"k"};
  options.threads = 2;
  options.port = server_->port();
  const auto second = MockServer::Start(std::move(options));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable) << second.status();
}

TEST(MockServerStartTest, NeedsAKey) {
  EXPECT_EQ(MockServer::Start({}).status().message(), "no API key given; use --api-key KEY or --api-key-file FILE");
}

}  // namespace
}  // namespace cdi::braze_mock
