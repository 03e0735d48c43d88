// Any request to snowflake-mock, below the socket: never a crash, always an answer in Snowflake's shape.
//
// The first byte picks the route, the second what is sent along (the session's token, the master token, none, another
// path); up to 0x1f follows the query string, then the body. Statements run for real on an engine in memory, but only
// those without a fault or a wait in them, so that no input takes long.
#include "base/check.h"
#include "nlohmann/json.hpp"
#include "tests/fuzz/fuzz_target.h"
#include "tests/snowflake_mock/server/http/service.h"

namespace {

using cdi::snowflake_mock::Account;
using cdi::snowflake_mock::DecodeLogin;
using cdi::snowflake_mock::DecodeQuery;
using cdi::snowflake_mock::HttpReply;
using cdi::snowflake_mock::HttpRequest;
using cdi::snowflake_mock::Service;
using cdi::snowflake_mock::Session;

struct World {
  std::unique_ptr<Account> account;
  std::unique_ptr<Service> service;
  std::shared_ptr<Session> session;
};

World& TheWorld() {
  static auto* const world = [] {
    auto* const made = new World;
    made->account = *Account::Open("myorg-myacct", "");
    made->service = std::make_unique<Service>(*made->account, 2);
    return made;
  }();
  // Inputs may log out; the next one comes in anew.
  if (world->session == nullptr ||
      world->account->CheckToken(world->session->token, false).state != cdi::snowflake_mock::TokenState::kValid) {
    world->session = *world->account->NewSession();
    world->session->user = "FUZZ";
    world->session->role = "PUBLIC";
    world->account->AddSession(world->session);
  }
  return *world;
}

void AddQuery(HttpRequest& request, std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    const size_t equals = std::min(pair.find('='), pair.size());
    request.query.emplace(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool MayRun(const HttpRequest& request) {
  const auto query = DecodeQuery(request);
  if (!query.ok()) return true;
  for (const char* word :
       {"WAIT", "wait", "mock:", "GENERATOR", "generator", "MOCK_FAULT", "REPEAT", "repeat", "SPACE", "PAD"}) {
    if (query->sql.find(word) != std::string::npos) return false;
  }
  return query->binding_rows.size() < 100;
}

void CheckShape(const HttpRequest& request, const HttpReply& reply) {
  CDI_CHECK(reply.status >= 200 && reply.status < 600, "an HTTP status");
  if (reply.content_type != "application/json") return;  // storage
  const auto body = nlohmann::json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  CDI_CHECK(body.is_object(), "the reply is a JSON object");
  if (request.path.find("__mock") != std::string::npos) return;
  CDI_CHECK(body.contains("success") && body["success"].is_boolean(), "success");
  CDI_CHECK(body.contains("data") && body.contains("message"), "data and message");
  CDI_CHECK(body.contains("code") && (body["code"].is_null() || body["code"].is_string()), "the code is a text");
  CDI_CHECK(body["success"].get<bool>() || reply.status >= 400 || body["code"].is_string(), "a failure has a code");
}

void Run(std::string_view input) {
  constexpr const char* kPaths[] = {"/session/v1/login-request",
                                    "/session/token-request",
                                    "/queries/v1/query-request",
                                    "/queries/v1/abort-request",
                                    "/session",
                                    "/session/heartbeat",
                                    "/telemetry/send",
                                    "/queries/x/result",
                                    "/monitoring/queries/x",
                                    "/__storage/x/0/1/y",
                                    "/__mock/faults/1",
                                    "/queries//abort-request"};
  if (input.size() < 2) return;
  World& world = TheWorld();
  HttpRequest request;
  request.path = kPaths[static_cast<uint8_t>(input[0]) % std::size(kPaths)];
  const auto way = static_cast<uint8_t>(input[1]);
  request.method = way % 7 == 6 ? "GET" : "POST";
  request.peer = "127.0.0.1";
  input.remove_prefix(2);
  const size_t cut = std::min(input.find('\x1f'), input.size());
  AddQuery(request, input.substr(0, cut));
  request.body = std::string(input.substr(std::min(cut + 1, input.size())));
  if (way % 5 == 4) request.path = "/" + request.body.substr(0, 40);
  const std::string token = way % 3 == 0 ? world.session->token : way % 3 == 1 ? world.session->master_token : "";
  if (!token.empty()) request.headers.emplace("authorization", "Snowflake Token=\"" + token + "\"");
  if (request.path == "/__mock/faults/1" && request.method == "POST") return;  // faults would strike later inputs
  if (!MayRun(request)) return;
  DecodeLogin(request).IgnoreError();
  CheckShape(request, world.service->Handle(request));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  const auto seed = [](char route, char way, const std::string& rest) { return std::string{route, way} + rest; };
  std::vector<std::string> seeds;
  const std::string login =
      "requestId=1&databaseName=d&roleName=r\x1f{\"data\":{\"ACCOUNT_NAME\":\"myorg-myacct\",\"LOGIN_NAME\":\"U\","
      "\"AUTHENTICATOR\":\"SNOWFLAKE_JWT\",\"TOKEN\":\"eyJhbGciOiJSUzI1NiJ9."
      "eyJpc3MiOiJBLlUuU0hBMjU2OmFhYSIsImlhdCI6MX0."
      "AAAA\",\"CLIENT_APP_ID\":\"X\",\"CLIENT_APP_VERSION\":\"1\",\"SESSION_PARAMETERS\":{\"QUERY_TAG\":\"t\",\"A\":["
      "1]}}}";
  const std::vector<std::string> bodies = {
      "requestId=a\x1f{\"sqlText\":\"SELECT 1\",\"asyncExec\":false,\"describeOnly\":false,\"parameters\":{}}",
      "requestId=b\x1f{\"sqlText\":\"SELECT ?\",\"bindings\":{\"1\":{\"type\":\"FIXED\",\"value\":\"1\"}}}",
      "requestId=c\x1f{\"sqlText\":\"INSERT INTO T VALUES "
      "(?)\",\"bindings\":{\"1\":{\"type\":\"TEXT\",\"value\":[\"a\",null]}}}",
      "\x1f{\"sqlText\":\"SELECT 1; SELECT 2\",\"parameters\":{\"MULTI_STATEMENT_COUNT\":0,\"QUERY_TAG\":\"x\"}}",
      "\x1f{\"requestId\":\"a\"}",
      "delete=true\x1f{}",
      "\x1f{\"requestType\":\"RENEW\",\"oldSessionToken\":\"x\"}",
  };
  for (const char way : {'\0', '\1', '\2', '\3', '\6'}) seeds.push_back(seed(0, way, login));
  for (char route = 0; route < 12; ++route) {
    for (const std::string& body : bodies) {
      for (const char way : {'\0', '\1', '\4'}) seeds.push_back(seed(route, way, body));
    }
  }
  return seeds;
}

}  // namespace cdi::test
