#include "cli/error_report.h"

#include <google/rpc/error_details.pb.h>
#include <gtest/gtest.h>

namespace cdi::cli {
namespace {

grpc::Status Refusal() {
  google::rpc::Status status;
  status.set_code(3);
  status.set_message("row_limit must be 1..100; got 5000");
  google::rpc::ErrorInfo facts;
  facts.set_reason("INVALID_FIELD");
  (*facts.mutable_metadata())["sqlstate"] = "42S02";
  (*facts.mutable_metadata())["field"] = "row_limit";
  status.add_details()->PackFrom(facts);
  google::rpc::BadRequest request;
  auto* violation = request.add_field_violations();
  violation->set_field("row_limit");
  violation->set_description("row_limit must be 1..100; got 5000");
  status.add_details()->PackFrom(request);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(30);
  status.add_details()->PackFrom(retry);
  return {grpc::StatusCode::INVALID_ARGUMENT, status.message(), status.SerializeAsString()};
}

TEST(ErrorReportTest, ShowsReasonFieldAndDetailsOfTheServer) {
  EXPECT_EQ(RenderText(ReportOf(Refusal(), "127.0.0.1:1")),
            "error: row_limit must be 1..100; got 5000\n"
            "reason: INVALID_FIELD\n"
            "field: row_limit\n"
            "details:\n"
            "  sqlstate=42S02\n"
            "hint: try again after 30s\n");
  EXPECT_EQ(ExitCodeOf(Refusal()), kRefused);
}

TEST(ErrorReportTest, PrintsTheSameAsOneJsonObject) {
  EXPECT_EQ(
      RenderJson(ReportOf(Refusal(), "127.0.0.1:1")),
      R"({"error":{"code":"INVALID_ARGUMENT","message":"row_limit must be 1..100; got 5000","reason":"INVALID_FIELD",)"
      R"("fields":[{"field":"row_limit","description":"row_limit must be 1..100; got 5000"}],)"
      R"("details":{"sqlstate":"42S02"},"hints":["try again after 30s"]}})"
      "\n");
}

TEST(ErrorReportTest, HintsSayMoreThanTheMessage) {
  google::rpc::Status status;
  status.set_message("the sync has not passed a test");
  google::rpc::PreconditionFailure failure;
  failure.add_violations()->set_description("the sync has not passed a test");
  failure.add_violations()->set_description("run TestSync first");
  auto* about = failure.add_violations();
  about->set_subject("syncs/shop");
  about->set_description("pause it first");
  status.add_details()->PackFrom(failure);
  const grpc::Status refused(grpc::StatusCode::FAILED_PRECONDITION, status.message(), status.SerializeAsString());
  EXPECT_EQ(RenderText(ReportOf(refused, "127.0.0.1:1")),
            "error: the sync has not passed a test\n"
            "hint: run TestSync first\n"
            "hint: syncs/shop: pause it first\n");
}

TEST(ErrorReportTest, TellsAServerThatIsNotThereFromOneThatRefuses) {
  const grpc::Status not_there(grpc::StatusCode::UNAVAILABLE, "connection refused");
  const std::string text = RenderText(ReportOf(not_there, "127.0.0.1:7350"));
  EXPECT_NE(text.find("no server can be reached at 127.0.0.1:7350: connection refused"), std::string::npos) << text;
  EXPECT_NE(text.find("cdi-server --config FILE"), std::string::npos);
  EXPECT_NE(text.find("--server HOST:PORT or CDI_SERVER"), std::string::npos);
  EXPECT_EQ(ExitCodeOf(not_there), kUnreachable);

  google::rpc::Status answer;
  google::rpc::ErrorInfo facts;
  facts.set_reason("WAREHOUSE_UNREACHABLE");
  answer.add_details()->PackFrom(facts);
  const grpc::Status refused(grpc::StatusCode::UNAVAILABLE, "Snowflake does not answer", answer.SerializeAsString());
  EXPECT_EQ(ExitCodeOf(refused), kRefused);
  EXPECT_EQ(ReportOf(refused, "x").message, "Snowflake does not answer");
}

// What gRPC says where a plaintext client meets a TLS port: telling to start the server would be wrong.
TEST(ErrorReportTest, AServerThatHangsUpIsTakenForOneThatSpeaksTls) {
  for (const char* message : {"Socket closed", "recvmsg:Connection reset by peer"}) {
    const std::string text =
        RenderText(ReportOf(grpc::Status(grpc::StatusCode::UNAVAILABLE, message), "127.0.0.1:7350"));
    EXPECT_LT(text.find("if it speaks TLS, give --ca-file FILE"), text.find("if it has just stopped, start it with"))
        << text;
  }
}

TEST(ErrorReportTest, SaysThatATimedOutRequestMayStillBeCarriedOut) {
  const grpc::Status late(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded");
  EXPECT_EQ(ExitCodeOf(late), kUnreachable);
  EXPECT_NE(RenderText(ReportOf(late, "a:1")).find("may still be carried out"), std::string::npos);
}

TEST(ErrorReportTest, GarbageInTheDetailsHidesNothing) {
  const grpc::Status odd(grpc::StatusCode::NOT_FOUND, "syncs/shop does not exist\x1b[2J", "\xFF garbage");
  EXPECT_EQ(RenderText(ReportOf(odd, "a:1")), "error: syncs/shop does not exist\\x1b[2J\n");
}

TEST(ErrorReportTest, AnEmptyMessageStillSaysTheCode) {
  EXPECT_EQ(RenderText(ReportOf(grpc::Status(grpc::StatusCode::INTERNAL, ""), "a:1")), "error: INTERNAL\n");
}

}  // namespace
}  // namespace cdi::cli
