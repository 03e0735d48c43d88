// Rows to braze-mock as a process of its own: decoder, bodies and sender against a server that judges as Braze does.
#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "ingest/braze/http_sender.h"
#include "ingest/row.h"
#include "tests/support/child_process.h"

namespace cdi::ingest::braze {
namespace {

using std::chrono::milliseconds;
using warehouse::ColumnRole;

const WorkspaceName kWorkspace{"workspaces/w"};
constexpr std::string_view kKey = "the-right-key";

class BrazeWireTest : public testing::Test {
 protected:
  void SetUp() override {
    auto mock = cdi::test::StartServer(
        {.program = BRAZE_MOCK_PROGRAM, .args = {"--listen", "127.0.0.1:0", "--api-key", std::string(kKey)}},
        "braze-mock listening on ");
    ASSERT_TRUE(mock.ok()) << mock.status();
    mock_ = std::make_unique<cdi::test::StartedServer>(*std::move(mock));
    HttpSenderOptions options;
    options.policy.allow_loopback = true;
    auto sender = HttpSender::Create(options);
    ASSERT_TRUE(sender.ok()) << sender.status();
    sender_ = *std::move(sender);
    Register(kKey);
  }

  void Register(std::string_view key) {
    const absl::Status status = sender_->RegisterWorkspace(kWorkspace, {mock_->address, Secret(key), ""});
    ASSERT_TRUE(status.ok()) << status;
  }

  // Sends the payloads as one body, each for a user of its own.
  SendReport Send(DataType type, const std::vector<std::string>& payloads) {
    SyncSpec spec;
    spec.type = type;
    warehouse::PageBuilder builder;
    for (size_t i = 0; i < payloads.size(); ++i) {
      builder.StartRow(Timestamp::FromCivil(2026, 11, 24, 2, 25, 51, 123'000'000));
      builder.SetCell(ColumnRole::kExternalId, "user-" + std::to_string(i));
      builder.SetCell(ColumnRole::kPayload, payloads[i]);
      builder.FinishRow();
    }
    const auto page = DecodePage(builder.Build(), spec);
    std::vector<RowRef> rows;
    for (uint32_t i = 0; i < page->rows.size(); ++i) {
      EXPECT_EQ(RowFaultName(page->rows[i].fault), "NONE");
      rows.push_back({page, i});
    }
    std::promise<SendReport> promise;
    SendRequest request{
        kWorkspace,          "/users/track", BuildBody(rows, spec), type, static_cast<uint32_t>(rows.size()),
        milliseconds(20'000)};
    sender_->Send(std::move(request), [&](SendReport report) { promise.set_value(std::move(report)); });
    return promise.get_future().get();
  }

  std::unique_ptr<cdi::test::StartedServer> mock_;
  std::unique_ptr<HttpSender> sender_;
};

TEST_F(BrazeWireTest, EveryDataTypeIsAccepted) {
  const SendReport attributes = Send(DataType::kUserAttributes, {R"({"plan":"gold"})", R"({"score":1.5,"x":null})"});
  EXPECT_EQ(SendOutcomeName(attributes.outcome), "ACCEPTED") << attributes.message;
  const SendReport events =
      Send(DataType::kEvents, {R"({"name":"n"})", R"({"name":"n","time":"2026-01-01T00:00:00Z"})"});
  EXPECT_EQ(SendOutcomeName(events.outcome), "ACCEPTED") << events.message;
  const SendReport purchases = Send(DataType::kPurchases, {R"({"product_id":"p","currency":"EUR","price":1.5})"});
  EXPECT_EQ(SendOutcomeName(purchases.outcome), "ACCEPTED") << purchases.message;
}

TEST_F(BrazeWireTest, RefusedObjectsAreNamedAndTheRestIsTaken) {
  const SendReport report = Send(DataType::kUserAttributes, {R"({"a":1})", R"({"email":"not an address"})",
                                                             R"({"a":2})", R"({"push_subscribe":"perhaps"})"});
  EXPECT_EQ(SendOutcomeName(report.outcome), "ROWS_REJECTED") << report.message;
  EXPECT_TRUE(report.rest_taken);
  ASSERT_EQ(report.errors.size(), 2u);
  EXPECT_EQ(report.errors[0].index, 1u);
  EXPECT_EQ(report.errors[1].index, 3u);
}

TEST_F(BrazeWireTest, WhenAllAreRefusedNothingIsTaken) {
  const SendReport report = Send(DataType::kUserAttributes, {R"({"email":"not an address"})"});
  EXPECT_EQ(SendOutcomeName(report.outcome), "ROWS_REJECTED") << report.message;
  EXPECT_FALSE(report.rest_taken);
  EXPECT_EQ(report.http_status, 400);
}

TEST_F(BrazeWireTest, TheProbeTellsARightKeyFromAWrongOne) {
  const absl::Status right = sender_->Probe(kWorkspace, milliseconds(20'000));
  EXPECT_TRUE(right.ok()) << right;
  Register("a-wrong-key");
  const absl::Status wrong = sender_->Probe(kWorkspace, milliseconds(20'000));
  EXPECT_EQ(ErrorReason(wrong), "API_KEY_REFUSED") << wrong;
  EXPECT_EQ(wrong.message().find("a-wrong-key"), absl::string_view::npos) << wrong;
  EXPECT_EQ(Send(DataType::kUserAttributes, {R"({"a":1})"}).outcome, SendOutcome::kAuthRefused);
}

}  // namespace
}  // namespace cdi::ingest::braze
