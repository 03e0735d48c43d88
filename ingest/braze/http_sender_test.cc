#include "ingest/braze/http_sender.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <future>

#include "base/error.h"
#include "ingest/braze/scripted_server.h"

namespace cdi::ingest::braze {
namespace {

using std::chrono::milliseconds;
using test::Certificate;
using test::Connection;
using test::MakeCertificate;
using test::ScriptedServer;

const WorkspaceName kWorkspace{"workspaces/w"};
constexpr std::string_view kKey = "secret-key-1234";
const std::string kTaken = R"({"message":"success","attributes_processed":1})";

class HttpSenderTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/cdi_sender_XXXXXX";
    directory_ = mkdtemp(pattern);
  }
  void TearDown() override {
    sender_.reset();
    if (server_ != nullptr) server_->Stop();
    std::filesystem::remove_all(directory_);
  }

  void StartServer(ScriptedServer::Script script, std::optional<Certificate> tls = std::nullopt) {
    if (server_ != nullptr) server_->Stop();
    server_ = std::make_unique<ScriptedServer>(std::move(script), std::move(tls));
  }
  // Every request is answered with this.
  void StartServer(int status, const std::string& body, const std::string& headers = "") {
    StartServer([this, status, body, headers](Connection& connection, int) {
      server_->AnswerAll(connection, status, body, headers);
    });
  }

  void StartSender(const std::string& url = "", const std::string& ca_file = "", HttpSenderOptions options = {}) {
    options.policy.allow_loopback = true;
    auto sender = HttpSender::Create(std::move(options));
    ASSERT_TRUE(sender.ok()) << sender.status();
    sender_ = *std::move(sender);
    const std::string target = url.empty() ? "http://127.0.0.1:" + std::to_string(server_->port()) : url;
    ASSERT_TRUE(sender_->RegisterWorkspace(kWorkspace, {target, Secret(kKey), ca_file}).ok());
  }

  std::future<SendReport> Send(const std::string& body, milliseconds timeout = milliseconds(20'000)) {
    auto promise = std::make_shared<std::promise<SendReport>>();
    SendRequest request;
    request.workspace = kWorkspace;
    request.path = "/users/track";
    request.body = body;
    request.objects = 1;
    request.timeout = timeout;
    sender_->Send(std::move(request), [promise](SendReport report) { promise->set_value(std::move(report)); });
    return promise->get_future();
  }

  std::string directory_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<HttpSender> sender_;
};

TEST_F(HttpSenderTest, ARequestCarriesItsBodyAndTheKeyOnlyInTheHeader) {
  StartServer(201, kTaken);
  StartSender();
  const SendReport report = Send("{\"attributes\":[1]}").get();
  EXPECT_EQ(SendOutcomeName(report.outcome), "ACCEPTED") << report.message;
  EXPECT_EQ(report.http_status, 201);
  ASSERT_EQ(server_->heads().size(), 1u);
  const std::string head = server_->heads()[0];
  EXPECT_EQ(head.substr(0, head.find("\r\n")), "POST /users/track HTTP/1.1");
  EXPECT_NE(head.find("\r\nAuthorization: Bearer " + std::string(kKey) + "\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Expect"), std::string::npos);
  EXPECT_EQ(head.find(kKey), head.rfind(kKey));
  EXPECT_EQ(server_->bodies()[0], "{\"attributes\":[1]}");
}

TEST_F(HttpSenderTest, ConnectionsAreKeptAndUsedAgain) {
  StartServer(201, kTaken);
  StartSender();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Send("{}").get().outcome, SendOutcome::kAccepted);
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(HttpSenderTest, AKeptConnectionThatDiesBeforeTheReplyPutsOneBodyOnTheWire) {
  StartServer([this](Connection& connection, int number) {
    if (number > 1) return server_->AnswerAll(connection, 201, kTaken);
    server_->ReadOne(connection);
    connection.Answer(201, kTaken);
    server_->ReadOne(connection);  // takes the second body and closes without a word
  });
  StartSender();
  EXPECT_EQ(Send("first").get().outcome, SendOutcome::kAccepted);
  const SendReport report = Send("second").get();
  EXPECT_EQ(SendOutcomeName(report.outcome), "AMBIGUOUS") << report.message;
  EXPECT_EQ(Send("third").get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(server_->bodies(), (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(HttpSenderTest, ALargeBodyIsNotRepeatedEither) {
  const std::string large(3'000'000, 'x');
  StartServer([this](Connection& connection, int number) {
    if (number > 1) return server_->AnswerAll(connection, 201, kTaken);
    server_->ReadOne(connection);
    connection.Answer(201, kTaken);
    server_->ReadOne(connection);
  });
  StartSender();
  EXPECT_EQ(Send("first").get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(Send(large).get().outcome, SendOutcome::kAmbiguous);
  EXPECT_EQ(server_->bodies().size(), 2u);
  EXPECT_EQ(server_->bodies()[1].size(), large.size());
}

TEST_F(HttpSenderTest, AConnectionThatWasClosedWhileIdleCostsNothing) {
  std::promise<void> closed;
  StartServer([&](Connection& connection, int number) {
    server_->ReadOne(connection);
    connection.Answer(201, kTaken);
    connection.Close();
    if (number == 1) closed.set_value();
  });
  StartSender();
  EXPECT_EQ(Send("1").get().outcome, SendOutcome::kAccepted);
  closed.get_future().wait();
  EXPECT_EQ(Send("2").get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(server_->bodies().size(), 2u);
}

TEST_F(HttpSenderTest, RepliesThatAreCutTooLongOrNoHttpAreToldApart) {
  StartServer([this](Connection& connection, int) {
    const auto request = server_->ReadOne(connection);
    if (!request) return;
    if (request->body == "cut") connection.Write("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"mess");
    if (request->body == "long") connection.Answer(201, std::string(2 << 20, ' ') + kTaken);
    if (request->body == "noise") connection.Write("hello, who is there?\r\n\r\n");
    if (request->body == "interim") connection.Write("HTTP/1.1 100 Continue\r\n\r\n");
    if (request->body == "late") {
      connection.Write("HTTP/1.1 100 Continue\r\n\r\n");
      connection.Answer(201, kTaken);
    }
  });
  StartSender();
  EXPECT_EQ(Send("cut").get().outcome, SendOutcome::kAcceptedUnconfirmed);
  EXPECT_EQ(Send("long").get().outcome, SendOutcome::kAcceptedUnconfirmed);
  EXPECT_EQ(Send("noise").get().outcome, SendOutcome::kAmbiguous);
  EXPECT_EQ(Send("interim").get().outcome, SendOutcome::kAmbiguous);
  EXPECT_EQ(Send("late").get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(Send("nothing").get().outcome, SendOutcome::kAmbiguous);
  EXPECT_EQ(server_->bodies().size(), 6u);
}

TEST_F(HttpSenderTest, ASlowReplyIsAmbiguousAndLeavesNoConnectionBehind) {
  StartServer([this](Connection& connection, int) {
    server_->ReadOne(connection);
    connection.AwaitClose();
  });
  StartSender();
  const SendReport report = Send("{}", milliseconds(100)).get();
  EXPECT_EQ(report.outcome, SendOutcome::kAmbiguous);
  EXPECT_EQ(report.http_status, 0);
  EXPECT_GE(report.duration, milliseconds(100));
}

TEST_F(HttpSenderTest, ThrottlingCarriesTheWait) {
  StartServer(429, R"({"message":"Rate limited"})", "x-ratelimit-retry-after: 7\r\n");
  StartSender();
  const SendReport report = Send("{}").get();
  EXPECT_EQ(report.outcome, SendOutcome::kThrottled);
  EXPECT_EQ(report.retry_after, std::chrono::seconds(7));
}

TEST_F(HttpSenderTest, ARefusalBeforeTheWholeBodyIsRead) {
  StartServer([this](Connection& connection, int) {
    connection.Answer(413, R"({"message":"too large"})");
    connection.AwaitClose();
  });
  StartSender();
  EXPECT_EQ(Send(std::string(3'900'000, 'x')).get().outcome, SendOutcome::kTooLarge);
}

TEST_F(HttpSenderTest, RedirectsGetNoSecondRequest) {
  ScriptedServer elsewhere([](Connection&, int) {});
  StartServer(302, "", "Location: http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/users/track\r\n");
  StartSender();
  EXPECT_EQ(Send("{}").get().outcome, SendOutcome::kEndpointWrong);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(HttpSenderTest, NothingListensIsNotSent) {
  int port = 0;
  {
    const ScriptedServer gone([](Connection&, int) {});
    port = gone.port();
  }
  StartSender("http://127.0.0.1:" + std::to_string(port));
  const SendReport report = Send("{}").get();
  EXPECT_EQ(report.outcome, SendOutcome::kNotSent);
  EXPECT_NE(report.message.find("no connection"), std::string::npos) << report.message;
}

TEST_F(HttpSenderTest, ANameWithoutAddressIsNotSent) {
  HttpSenderOptions options;
  options.policy.host_suffixes = {".invalid"};
  options.resolve = {"nowhere.invalid:443:"};  // an empty answer, so that no query leaves this machine
  StartSender("https://nowhere.invalid", "", options);
  const SendReport report = Send("{}", milliseconds(10'000)).get();
  EXPECT_EQ(report.outcome, SendOutcome::kNotSent) << report.message;
}

TEST_F(HttpSenderTest, APublicNameThatLeadsInsideIsNotConnectedTo) {
  for (const std::string address : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]"}) {
    HttpSenderOptions options;
    options.resolve = {"rest.iad-01.braze.com:443:" + address};
    StartSender("https://rest.iad-01.braze.com", "", options);
    const SendReport report = Send("{}").get();
    EXPECT_EQ(report.outcome, SendOutcome::kNotSent);
    EXPECT_NE(report.message.find("not public"), std::string::npos) << report.message;
    EXPECT_EQ(ErrorReason(sender_->Probe(kWorkspace, milliseconds(5'000))), "ADDRESS_REFUSED");
  }
}

TEST_F(HttpSenderTest, OnlyACertificateOfATrustedAuthorityForThisHostGetsTheBody) {
  const Certificate good = MakeCertificate(directory_, "good", "localhost");
  const Certificate other_name = MakeCertificate(directory_, "other", "other.example");
  struct Case {
    Certificate server;
    std::string ca_file;
    SendOutcome want;
  };
  const std::vector<Case> cases = {
      {good, good.cert_file, SendOutcome::kAccepted},
      {good, "", SendOutcome::kNotSent},                          // an authority nobody trusts
      {good, other_name.cert_file, SendOutcome::kNotSent},        // another authority
      {other_name, other_name.cert_file, SendOutcome::kNotSent},  // trusted, but for another host
  };
  for (const Case& c : cases) {
    StartServer([this](Connection& connection, int) { server_->AnswerAll(connection, 201, kTaken); }, c.server);
    StartSender("https://localhost:" + std::to_string(server_->port()), c.ca_file);
    const SendReport report = Send("{}").get();
    EXPECT_EQ(SendOutcomeName(report.outcome), SendOutcomeName(c.want)) << report.message;
    EXPECT_EQ(server_->bodies().size(), c.want == SendOutcome::kAccepted ? 1u : 0u);
    if (c.want == SendOutcome::kNotSent) {
      EXPECT_NE(report.message.find("certificate"), std::string::npos) << report.message;
    }
    sender_.reset();
  }
}

TEST_F(HttpSenderTest, OverTlsAKeptConnectionThatDiesIsNotRepeatedEither) {
  const Certificate certificate = MakeCertificate(directory_, "good", "localhost");
  StartServer(
      [this](Connection& connection, int number) {
        if (number > 1) return server_->AnswerAll(connection, 201, kTaken);
        server_->ReadOne(connection);
        connection.Answer(201, kTaken);
        server_->ReadOne(connection);
      },
      certificate);
  StartSender("https://localhost:" + std::to_string(server_->port()), certificate.cert_file);
  EXPECT_EQ(Send("first").get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(Send("second").get().outcome, SendOutcome::kAmbiguous);
  EXPECT_EQ(server_->bodies(), (std::vector<std::string>{"first", "second"}));
}

TEST_F(HttpSenderTest, PlainTextToATlsEndpointIsNotSent) {
  StartServer([](Connection& connection, int) { connection.Answer(400, "{}"); });
  StartSender("https://localhost:" + std::to_string(server_->port()));
  EXPECT_EQ(Send("{}", milliseconds(5'000)).get().outcome, SendOutcome::kNotSent);
}

TEST_F(HttpSenderTest, ManyRequestsAreEachAnsweredOnce) {
  constexpr size_t kRequests = 200;
  StartServer(201, kTaken);
  StartSender();
  std::vector<std::future<SendReport>> replies;
  for (size_t i = 0; i < kRequests; ++i) replies.push_back(Send(std::to_string(i)));
  for (auto& reply : replies) EXPECT_EQ(reply.get().outcome, SendOutcome::kAccepted);
  std::vector<std::string> bodies = server_->bodies();
  std::sort(bodies.begin(), bodies.end());
  EXPECT_EQ(std::unique(bodies.begin(), bodies.end()) - bodies.begin(), static_cast<std::ptrdiff_t>(kRequests));
}

TEST_F(HttpSenderTest, RequestsWaitForRoomInBytes) {
  std::promise<void> answer;
  std::shared_future<void> may_answer = answer.get_future().share();
  std::promise<void> arrived;
  StartServer([&](Connection& connection, int number) {
    while (server_->ReadOne(connection)) {
      if (number == 1 && server_->bodies().size() == 1) {
        arrived.set_value();
        may_answer.wait();
      }
      connection.Answer(201, kTaken);
    }
  });
  HttpSenderOptions options;
  options.body_bytes_in_flight_max = 100;
  StartSender("", "", options);
  auto first = Send(std::string(500, 'a'));  // larger than the bound: goes alone
  arrived.get_future().wait();
  auto second = Send(std::string(60, 'b'));
  auto third = Send(std::string(60, 'c'));
  EXPECT_EQ(second.wait_for(milliseconds(0)), std::future_status::timeout);
  EXPECT_EQ(server_->connections(), 1);
  answer.set_value();
  EXPECT_EQ(first.get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(second.get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(third.get().outcome, SendOutcome::kAccepted);
  EXPECT_EQ(server_->connections(), 1) << "one at a time needs one connection";
}

TEST_F(HttpSenderTest, ShutdownRefusesWhatWaitsAndCutsWhatHangs) {
  std::promise<void> arrived;
  StartServer([&](Connection& connection, int) {
    server_->ReadOne(connection);
    arrived.set_value();
    connection.AwaitClose();
  });
  HttpSenderOptions options;
  options.requests_in_flight_max = 1;
  StartSender("", "", options);
  auto on_the_wire = Send("a");
  auto waiting = Send("b");
  arrived.get_future().wait();
  sender_->Shutdown(MonoTime{0});
  EXPECT_EQ(on_the_wire.get().outcome, SendOutcome::kAmbiguous);
  EXPECT_EQ(waiting.get().outcome, SendOutcome::kNotSent);
  EXPECT_EQ(Send("c").get().outcome, SendOutcome::kNotSent);
  EXPECT_EQ(server_->bodies().size(), 1u);
}

TEST_F(HttpSenderTest, ShutdownLetsRequestsOnTheWireEnd) {
  std::promise<void> arrived;
  std::promise<void> answer;
  StartServer([&](Connection& connection, int) {
    server_->ReadOne(connection);
    arrived.set_value();
    answer.get_future().wait();
    connection.Answer(201, kTaken);
  });
  StartSender();
  auto reply = Send("a");
  arrived.get_future().wait();
  auto ended =
      std::async(std::launch::async, [&] { sender_->Shutdown(SystemClock().MonoNow() + std::chrono::seconds(30)); });
  answer.set_value();
  EXPECT_EQ(reply.get().outcome, SendOutcome::kAccepted);
  ended.get();
}

TEST_F(HttpSenderTest, UnknownWorkspacesAreNotSentTo) {
  StartServer(201, kTaken);
  StartSender();
  sender_->UnregisterWorkspace(kWorkspace);
  EXPECT_EQ(Send("{}").get().outcome, SendOutcome::kNotSent);
  EXPECT_EQ(ErrorReason(sender_->Probe(kWorkspace, milliseconds(1'000))), "WORKSPACE_UNKNOWN");
}

TEST_F(HttpSenderTest, ACallbackMaySendAgain) {
  StartServer(201, kTaken);
  StartSender();
  auto promise = std::make_shared<std::promise<SendOutcome>>();
  SendRequest request{kWorkspace, "/users/track", "1", DataType::kUserAttributes, 1, milliseconds(5'000)};
  SendRequest again = request;
  sender_->Send(std::move(request), [this, promise, again](const SendReport&) {
    sender_->Send(again, [promise](const SendReport& report) { promise->set_value(report.outcome); });
  });
  EXPECT_EQ(promise->get_future().get(), SendOutcome::kAccepted);
}

TEST_F(HttpSenderTest, ProbeSendsAnEmptyObjectAndReadsTheRefusalAsProof) {
  StartServer([this](Connection& connection, int) {
    while (const auto request = server_->ReadOne(connection)) {
      const bool known = request->head.find("Bearer " + std::string(kKey) + "\r\n") != std::string::npos;
      connection.Answer(known ? 400 : 401, known ? R"({"message":"Valid data must be provided"})"
                                                 : R"({"message":"Invalid API key: wrong"})");
    }
  });
  StartSender();
  EXPECT_TRUE(sender_->Probe(kWorkspace, milliseconds(5'000)).ok());
  const std::string url = "http://127.0.0.1:" + std::to_string(server_->port());
  ASSERT_TRUE(sender_->RegisterWorkspace(kWorkspace, {url, Secret("wrong"), ""}).ok());
  const absl::Status refused = sender_->Probe(kWorkspace, milliseconds(5'000));
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ErrorReason(refused), "API_KEY_REFUSED");
  EXPECT_EQ(server_->bodies(), (std::vector<std::string>{"{}", "{}"}));
}

TEST_F(HttpSenderTest, WrongRegistrationsAreRefusedByField) {
  StartServer(201, kTaken);
  StartSender();
  const std::string url = "http://127.0.0.1:" + std::to_string(server_->port());
  const auto field = [&](WorkspaceEndpoint workspace) {
    const absl::Status status = sender_->RegisterWorkspace(WorkspaceName("workspaces/x"), std::move(workspace));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    const ErrorDetails details = ErrorDetailsOf(status);
    const auto found = details.find("field");
    return found == details.end() ? "" : found->second;
  };
  EXPECT_EQ(field({"http://rest.iad-01.braze.com", Secret(kKey), ""}), "endpoint");
  EXPECT_EQ(field({url, Secret(""), ""}), "api_key");
  EXPECT_EQ(field({url, Secret("key\r\nX-Other: 1"), ""}), "api_key");
  EXPECT_EQ(field({url, Secret("\"key\" "), ""}), "api_key");
  EXPECT_EQ(field({url, Secret(kKey), directory_ + "/missing.pem"}), "ca_file");
}

}  // namespace
}  // namespace cdi::ingest::braze
