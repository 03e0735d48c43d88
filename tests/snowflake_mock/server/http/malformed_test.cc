// Malformed and oversized requests: always an answer in Snowflake's shape, and the server lives on.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/snowflake_mock/server/engine/gzip.h"
#include "tests/snowflake_mock/server/http/http_test_support.h"

namespace cdi::snowflake_mock {
namespace {

class MalformedTest : public HttpServerTest {
 protected:
  // Bytes as they are; the whole answer.
  std::string Raw(const std::string& bytes) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "";
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t now = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) break;
      sent += static_cast<size_t>(now);
    }
    shutdown(fd, SHUT_WR);
    std::string answer;
    char block[4096];
    for (ssize_t got = 0; (got = recv(fd, block, sizeof block, 0)) > 0;) answer.append(block, static_cast<size_t>(got));
    close(fd);
    return answer;
  }
  void ExpectAlive() { EXPECT_EQ(Client()->Get("/__mock/stats")->status, 200); }
  static bool HasShape(const std::string& body) {
    const Json reply = Json::parse(body, nullptr, false);
    return reply.is_object() && reply.contains("success") && reply["success"] == false && reply.contains("code") &&
           reply.contains("message") && reply.contains("data");
  }
};

TEST_F(MalformedTest, BodiesThatAreNoRequestAreBadRequests) {
  LogIn();
  std::string deep(10'000, '[');
  const std::vector<std::string> bodies = {
      "not json",
      "[]",
      "7",
      "\"text\"",
      "null",
      "{",
      deep,
      R"({"a":)" + deep,
      std::string("\0\0", 2),
      "\xff\xfe{}",
      "{\"sqlText\":\"\xc3\x28\"}",
      R"({"sqlText":7})",
      R"({"sqlText":{"a":1}})",
      R"({"sqlText":"SELECT 1","bindings":[]})",
      R"({"sqlText":"SELECT ?","bindings":{"1":7}})",
      R"({"sqlText":"SELECT ?","bindings":{"1":{"type":7,"value":"1"}}})",
      R"({"sqlText":"SELECT ?","bindings":{"1":{"type":"FIXED","value":{"a":1}}}})",
      R"({"sqlText":"SELECT ?","bindings":{"1":{"type":"FIXED","value":[["1"]]}}})",
      R"({"sqlText":"SELECT ?","bindings":{"1":{"type":"FIXED","value":["1"]},"2":{"type":"FIXED","value":["1","2"]}}})",
      R"({"sqlText":"SELECT ?","bindings":{"1":{"type":"FIXED","value":["1"]},"2":{"type":"FIXED","value":"1"}}})",
      R"({"sqlText":"SELECT 1","describeOnly":"yes"})",
      R"({"sqlText":"SELECT 1","parameters":[]})"};
  for (const std::string& body : bodies) {
    for (const char* route : {"/queries/v1/query-request?requestId=1", "/session/v1/login-request"}) {
      const auto reply = Client()->Post(route, Auth(token_), body, "application/json");
      ASSERT_TRUE(reply) << route << body.substr(0, 100);
      EXPECT_TRUE(HasShape(reply->body)) << route << body.substr(0, 100) << reply->body;
      if (body != "null") {
        EXPECT_EQ(Json::parse(reply->body)["code"], "390400") << route << body.substr(0, 100);
      }
    }
  }
  EXPECT_EQ(Query("")["code"], "000900");
}

TEST_F(MalformedTest, BindingsWithBadValuesAreErrorsOfTheStatement) {
  LogIn();
  for (const char* type : {"FIXED", "REAL", "DATE", "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "BOOLEAN",
                           "BINARY", "VARIANT", "OBJECT", "ARRAY", "GEOGRAPHY"}) {
    for (const char* value :
         {"abc", "", "1e999", "99999999999999999999999999999999999999999999", "1 2 3", "'; --", "[{", "5e"}) {
      const Json reply = Query("SELECT ?", {{"bindings", {{"1", {{"type", type}, {"value", value}}}}}});
      EXPECT_TRUE(reply.contains("success")) << type << value;
      if (!reply["success"].get<bool>()) {
        EXPECT_EQ(reply["code"].get<std::string>().size(), 6U) << type << value;
      }
    }
  }
  ExpectAlive();
}

TEST_F(MalformedTest, OversizedBodiesAreRefusedWithinBoundedMemory) {
  LogIn();
  Control("/__mock/settings", {{"body_megabytes", 1}});
  const std::string big = R"({"sqlText":")" + std::string(3UL << 20U, 'x') + "\"}";
  const auto plain = Client()->Post("/queries/v1/query-request", Auth(token_), big, "application/json");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->status, 413);
  EXPECT_TRUE(HasShape(plain->body));
  auto headers = Auth(token_);
  headers.emplace("Content-Encoding", "gzip");
  const auto bomb =
      Client()->Post("/queries/v1/query-request", headers, Gzip(std::string(200UL << 20U, ' ')), "application/json");
  ASSERT_TRUE(bomb);
  EXPECT_EQ(bomb->status, 413);
  EXPECT_TRUE(HasShape(bomb->body));
  const auto broken = Client()->Post("/queries/v1/query-request", headers, "this is no gzip", "application/json");
  ASSERT_TRUE(broken);
  EXPECT_TRUE(HasShape(broken->body));
  ExpectAlive();
}

TEST_F(MalformedTest, TheBodyLimitIsASetting) {
  LogIn();
  const std::string big = R"({"sqlText":"SELECT 41 + 1 /*)" + std::string(100UL << 20U, 'x') + "*/\"}";
  const auto refused = Client()->Post("/queries/v1/query-request", Auth(token_), big, "application/json");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413) << "64 MB unless set";
  EXPECT_EQ(Json::parse(refused->body)["message"], "Request body is too large.");
  Control("/__mock/settings", {{"body_megabytes", 101}});
  const auto accepted = Client()->Post("/queries/v1/query-request", Auth(token_), big, "application/json");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(Json::parse(accepted->body)["data"]["rowset"][0][0], "42");
  ExpectAlive();
}

// Drivers send back the context they were last given: nothing, or what another server gave them.
TEST_F(MalformedTest, TheQueryContextIsAcceptedInEveryShape) {
  LogIn();
  const Json entry{{"id", 0}, {"timestamp", 1738317395574564}, {"priority", 0}, {"context", {{"base64Data", "eA=="}}}};
  for (const Json& context :
       {Json(nullptr), Json::object(), Json{{"entries", nullptr}}, Json{{"entries", Json::array()}},
        Json{{"entries", Json::array({Json::object()})}}, Json{{"entries", Json::array({entry})}}}) {
    const Json reply = Query("SELECT 1", {{"queryContextDTO", context}});
    ASSERT_TRUE(reply["success"].get<bool>()) << context << reply;
    EXPECT_EQ(reply["data"]["queryContext"], Json({{"entries", Json::array()}})) << context;
  }
}

TEST_F(MalformedTest, UnknownRoutesAndMethodsAnswerInShape) {
  LogIn();
  for (const std::string path :
       {"/", "/nothing", "/queries", "/queries/v1", "/session/v2/login-request", "/queries//"}) {
    const auto reply = Client()->Post(path, Auth(token_), "{}", "application/json");
    EXPECT_EQ(reply->status, 404) << path;
    EXPECT_TRUE(HasShape(reply->body)) << path;
  }
  EXPECT_EQ(Client()->Get("/queries/v1/query-request")->status, 405);
  EXPECT_EQ(Client()->Put("/session/v1/login-request", "{}", "application/json")->status, 405);
  EXPECT_TRUE(HasShape(Client()->Delete("/session")->body));
  const auto form = Client()->Post("/queries/v1/query-request", Auth(token_), "a=b", "multipart/form-data; boundary=x");
  EXPECT_TRUE(HasShape(form->body));
}

TEST_F(MalformedTest, RawRubbishNeverStopsTheServer) {
  LogIn();
  const std::string host = "Host: x\r\n";
  const std::string post = "POST /queries/v1/query-request HTTP/1.1\r\n" + host;
  const std::vector<std::string> requests = {
      "",
      "\r\n\r\n",
      "GET\r\n\r\n",
      std::string(100'000, 'A'),
      "BREW /pot HTTP/1.1\r\n\r\n",
      "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n",
      "GET /%zz%00%ff HTTP/1.1\r\n" + host + "\r\n",
      post + "Content-Length: 99\r\n\r\n{}",
      post + "Content-Length: -1\r\n\r\n{}",
      post + "Content-Length: 2\r\nContent-Length: 900\r\n\r\n{}",
      post + "Content-Length: abc\r\n\r\n{}",
      post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n",
      post + "Authorization: Snowflake Token=\"" + token_ + "\r\nAuthorization: x\r\nContent-Length: 2\r\n\r\n{}",
      post + "X: " + std::string(100'000, 'y') + "\r\n\r\n",
      "GET /__mock/stats HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello",
      "GET /__mock/stats HTTP/1.1\r\n" + host + "Range: bytes=0-1,3-4,9999999-\r\n\r\n",
  };
  for (const std::string& request : requests) Raw(request);
  ExpectAlive();
  const std::string answer = Raw("BREW /pot HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_TRUE(absl::StrContains(answer, " 400 ")) << answer;
  EXPECT_TRUE(absl::StrContains(answer, "390400")) << answer;
}

TEST_F(MalformedTest, AbsurdRequestIdsAndTokens) {
  LogIn();
  EXPECT_EQ(Query("SELECT 1", {}, std::string(5000, 'r'))["code"], "390400");
  EXPECT_TRUE(Query("SELECT 1", {}, "")["success"].get<bool>());
  EXPECT_EQ(Post("/queries/v1/abort-request", {{"requestId", 7}})["code"], "390400");
  EXPECT_EQ(Post("/queries/v1/abort-request", Json::object())["code"], "000605");
  for (const std::string& header : {std::string("Snowflake Token=\""), std::string("Snowflake Token=\"\""),
                                    std::string("Basic abc"), std::string(7000, 't')}) {
    const auto reply =
        Client()->Post("/queries/v1/query-request", {{"Authorization", header}}, "{}", "application/json");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 401) << header.substr(0, 50);
  }
  const std::string strange = MakeToken({});
  for (size_t cut = 0; cut < strange.size(); cut += 37) {
    EXPECT_EQ(LoginWith(strange.substr(0, cut))["code"], "390144") << cut;
  }
}

}  // namespace
}  // namespace cdi::snowflake_mock
