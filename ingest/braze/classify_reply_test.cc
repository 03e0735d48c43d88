#include "ingest/braze/classify_reply.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"

namespace cdi::ingest::braze {
namespace {

constexpr std::string_view kKey = "11111111-2222-3333-4444-555555555555";
constexpr int64_t kNow = 1'795'000'000;
constexpr uint32_t kObjects = 3;

RawReply Reply(int status, std::string body = "", TransportFault fault = TransportFault::kNone) {
  RawReply reply;
  reply.fault = fault;
  reply.http_status = status;
  reply.bytes_sent = reply.bytes_total = 500;
  reply.body = std::move(body);
  return reply;
}

std::string Errors(const std::string& items, const std::string& message = "success") {
  return R"({"message":")" + message + R"(","attributes_processed":1,"errors":[)" + items + "]}";
}

const std::string kNothingValid = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
const std::string kItem1 = R"({"type":"'quantity' is not valid","input_array":"attributes","index":1})";
const std::string kSuccess = R"({"message":"success","attributes_processed":3})";

struct Case {
  std::string_view name;
  RawReply reply;
  SendOutcome want;
  std::vector<uint32_t> refused = {};
  bool rest_taken = false;
};

class ClassifyReplyTable : public testing::TestWithParam<Case> {};

TEST_P(ClassifyReplyTable, SaysWhatBecameOfTheRequest) {
  const Case& param = GetParam();
  const SendReport report = ClassifyReply(param.reply, DataType::kUserAttributes, kObjects, kKey, kNow);
  EXPECT_EQ(SendOutcomeName(report.outcome), SendOutcomeName(param.want)) << report.message;
  std::vector<uint32_t> refused;
  for (const ObjectError& error : report.errors) refused.push_back(error.index);
  EXPECT_EQ(refused, param.refused);
  EXPECT_EQ(report.rest_taken, param.rest_taken);
  EXPECT_EQ(report.message.empty(), param.want == SendOutcome::kAccepted);
  EXPECT_LE(report.message.size(), 300u);
  EXPECT_EQ(report.message.find(kKey), std::string::npos);
}

RawReply Unsent(TransportFault fault) {
  RawReply reply = Reply(0, "", fault);
  reply.bytes_sent = 0;
  return reply;
}
RawReply HalfSent(int status, std::string body) {
  RawReply reply = Reply(status, std::move(body));
  reply.bytes_sent = 100;
  return reply;
}

INSTANTIATE_TEST_SUITE_P(
    Transport, ClassifyReplyTable,
    testing::Values(
        Case{"NameUnknown", Unsent(TransportFault::kResolve), SendOutcome::kNotSent},
        Case{"Refused", Unsent(TransportFault::kConnect), SendOutcome::kNotSent},
        Case{"AddressForbidden", Unsent(TransportFault::kAddressRefused), SendOutcome::kNotSent},
        Case{"CertificateWrong", Unsent(TransportFault::kCertificate), SendOutcome::kNotSent},
        Case{"TlsFailed", Unsent(TransportFault::kTls), SendOutcome::kNotSent},
        Case{"ConnectTimedOut", Unsent(TransportFault::kTimeout), SendOutcome::kNotSent},
        Case{"StoppedBeforeSending", Unsent(TransportFault::kStopped), SendOutcome::kNotSent},
        Case{"T15ClosedAfterTheBody", Reply(0, "", TransportFault::kBroken), SendOutcome::kAmbiguous},
        Case{"T16ReplyTimedOut", Reply(0, "", TransportFault::kTimeout), SendOutcome::kAmbiguous},
        Case{"StoppedAfterSending", Reply(0, "", TransportFault::kStopped), SendOutcome::kAmbiguous},
        Case{"OnlyInterimReply", Reply(100, "", TransportFault::kBroken), SendOutcome::kAmbiguous},
        Case{"SuccessBeforeTheWholeBody", HalfSent(201, kSuccess), SendOutcome::kAmbiguous},
        Case{"RefusalBeforeTheWholeBody", HalfSent(413, "{}"), SendOutcome::kTooLarge},
        Case{"SuccessCut", Reply(201, R"({"message":"suc)", TransportFault::kBroken),
             SendOutcome::kAcceptedUnconfirmed},
        Case{"SuccessCutAfterWholeLookingText", Reply(201, kSuccess, TransportFault::kBroken),
             SendOutcome::kAcceptedUnconfirmed},
        Case{"SuccessTimedOut", Reply(201, "", TransportFault::kTimeout), SendOutcome::kAcceptedUnconfirmed},
        Case{"SuccessTooLong", Reply(201, "x", TransportFault::kReplyTooLarge), SendOutcome::kAcceptedUnconfirmed},
        Case{"RefusalCut", Reply(400, "{", TransportFault::kBroken), SendOutcome::kWholeRejected}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Status, ClassifyReplyTable,
    testing::Values(
        Case{"T1NoKey", Reply(401, R"({"message":"Invalid API key: "})"), SendOutcome::kAuthRefused},
        Case{"T2KeyEchoed", Reply(401, R"({"message":"Invalid API key: )" + std::string(kKey) + "\"}"),
             SendOutcome::kAuthRefused},
        Case{"T3Permission", Reply(403, R"({"message":"Access Denied"})"), SendOutcome::kAuthRefused},
        Case{"T4Disabled", Reply(403, R"({"message":"Forbidden"})"), SendOutcome::kAuthRefused},
        Case{"KeyEchoedIn403", Reply(403, R"({"message":")" + std::string(kKey) + "\"}"), SendOutcome::kAuthRefused},
        Case{"T6PathUnknown", Reply(404, R"({"message":"Not Found"})"), SendOutcome::kEndpointWrong},
        Case{"T7ContentType", Reply(415, R"({"message":"Unsupported Media Type"})"), SendOutcome::kEndpointWrong},
        Case{"MethodNotAllowed", Reply(405), SendOutcome::kEndpointWrong},
        Case{"ProxyWantsLogin", Reply(407), SendOutcome::kEndpointWrong},
        Case{"Redirect", Reply(302), SendOutcome::kEndpointWrong},
        Case{"NotModified", Reply(304), SendOutcome::kEndpointWrong},
        Case{"T8Syntax", Reply(400, R"({"message":"Error while parsing request body. Please check your syntax."})"),
             SendOutcome::kWholeRejected},
        Case{"T10TooLarge", Reply(413, R"({"message":"too large"})"), SendOutcome::kTooLarge},
        Case{"T11Throttled", Reply(429, R"({"message":"Rate limited"})"), SendOutcome::kThrottled},
        Case{"T14Html502", Reply(502, "<html>Bad Gateway</html>"), SendOutcome::kAmbiguous},
        Case{"T14Json500", Reply(500, R"({"message":"oops"})"), SendOutcome::kAmbiguous},
        Case{"T14Empty503", Reply(503), SendOutcome::kAmbiguous},
        Case{"T14Timeout504", Reply(504), SendOutcome::kAmbiguous},
        Case{"RequestTimeout", Reply(408), SendOutcome::kAmbiguous},
        Case{"T17Queued", Reply(202, R"({"message":"queued"})"), SendOutcome::kAccepted},
        Case{"Conflict", Reply(409, R"({"message":"x"})"), SendOutcome::kWholeRejected},
        Case{"Unprocessable", Reply(422, R"({"message":"x"})"), SendOutcome::kWholeRejected}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Track, ClassifyReplyTable,
    testing::Values(
        Case{"U1AllGood", Reply(201, kSuccess), SendOutcome::kAccepted},
        Case{"AllGoodAs200", Reply(200, kSuccess), SendOutcome::kAccepted},
        Case{"ErrorsNull", Reply(201, R"({"message":"success","errors":null})"), SendOutcome::kAccepted},
        Case{"ErrorsEmpty", Reply(201, Errors("")), SendOutcome::kAccepted},
        Case{"U2OneRefused", Reply(201, Errors(kItem1)), SendOutcome::kRowsRejected, {1}, true},
        Case{"U2SeveralInAnyOrder",
             Reply(201, Errors(R"({"type":"EMAIL_BAD_FORMAT","input_array":"attributes","index":2},)" + kItem1)),
             SendOutcome::kRowsRejected,
             {1, 2},
             true},
        Case{"U2TwoOfOneObject", Reply(201, Errors(kItem1 + "," + kItem1)), SendOutcome::kRowsRejected, {1}, true},
        Case{"U2WithoutArrayName",
             Reply(201, Errors(R"({"type":"x","index":0})")),
             SendOutcome::kRowsRejected,
             {0},
             true},
        Case{"U2WithoutType",
             Reply(201, Errors(R"({"input_array":"attributes","index":0})")),
             SendOutcome::kRowsRejected,
             {0},
             true},
        Case{"U2IndexOutOfRange", Reply(201, Errors(R"({"type":"x","input_array":"attributes","index":3})")),
             SendOutcome::kAcceptedUnconfirmed},
        Case{"U2IndexNegative", Reply(201, Errors(R"({"type":"x","input_array":"attributes","index":-1})")),
             SendOutcome::kAcceptedUnconfirmed},
        Case{"U2OtherArray", Reply(201, Errors(R"({"type":"x","input_array":"events","index":0})")),
             SendOutcome::kAcceptedUnconfirmed},
        Case{"U2OneNamedOneNot", Reply(201, Errors(kItem1 + R"(,"something else")")),
             SendOutcome::kAcceptedUnconfirmed},
        Case{"U2ErrorsAsText", Reply(201, R"({"message":"success","errors":"some"})"),
             SendOutcome::kAcceptedUnconfirmed},
        Case{"SuccessEmpty", Reply(201), SendOutcome::kAcceptedUnconfirmed},
        Case{"SuccessHtml", Reply(200, "<html>"), SendOutcome::kAcceptedUnconfirmed},
        Case{"SuccessArray", Reply(201, "[]"), SendOutcome::kAcceptedUnconfirmed},
        Case{"SuccessNotUtf8", Reply(201, "{\"message\":\"\xff\"}"), SendOutcome::kAcceptedUnconfirmed},
        Case{"U3AllBad",
             Reply(400, Errors(R"({"type":"x","input_array":"attributes","index":0},)" + kItem1 +
                                   R"(,{"type":"x","input_array":"attributes","index":2})",
                               kNothingValid)),
             SendOutcome::kRowsRejected,
             {0, 1, 2}},
        Case{"U3SomeNamed", Reply(400, Errors(kItem1, kNothingValid)), SendOutcome::kRowsRejected, {1}},
        Case{"U3NamedAndUnreadable",
             Reply(400, Errors(kItem1 + R"(,{"type":"x","input_array":"attributes","index":99})", kNothingValid)),
             SendOutcome::kRowsRejected,
             {1}},
        Case{"U3NoneNamed", Reply(400, Errors(R"("words")", kNothingValid)), SendOutcome::kWholeRejected},
        Case{"U4NothingSent", Reply(400, R"({"message":")" + kNothingValid + "\"}"), SendOutcome::kWholeRejected},
        Case{"U6TooManyObjects", Reply(400, R"({"message":"max input length exceeded"})"), SendOutcome::kWholeRejected},
        Case{"ErrorsOn500AreNotTrusted", Reply(500, Errors(kItem1)), SendOutcome::kAmbiguous}),
    [](const auto& test) { return std::string(test.param.name); });

struct WaitCase {
  std::string_view name;
  std::vector<std::string_view> headers;
  std::optional<int> retry_seconds;
};

class RetryHeaders : public testing::TestWithParam<WaitCase> {};

TEST_P(RetryHeaders, SayHowLongToWait) {
  RawReply reply = Reply(429, "{}");
  for (const std::string_view line : GetParam().headers) reply.headers.Take(line);
  const SendReport report = ClassifyReply(reply, DataType::kEvents, 1, kKey, kNow);
  EXPECT_EQ(report.retry_after.has_value(), GetParam().retry_seconds.has_value());
  if (report.retry_after) {
    EXPECT_EQ(*report.retry_after, std::chrono::seconds(*GetParam().retry_seconds));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, RetryHeaders,
    testing::Values(
        WaitCase{"T18None", {}, std::nullopt}, WaitCase{"T12Mau", {"X-Ratelimit-Retry-After: 7\r\n"}, 7},
        WaitCase{"T11Epoch", {"X-RateLimit-Reset: 1795000002\r\n"}, 2},
        WaitCase{"Relative", {"x-ratelimit-reset:3\r\n"}, 3},
        WaitCase{"EpochPast", {"X-RateLimit-Reset: 1794999990\r\n"}, 0},
        WaitCase{"EpochFar", {"X-RateLimit-Reset: 1895000000\r\n"}, 3600},
        WaitCase{"Standard", {"RETRY-AFTER: 5\r\n"}, 5}, WaitCase{"Fraction", {"Retry-After: 1.9\r\n"}, 1},
        WaitCase{"Negative", {"Retry-After: -1\r\n"}, 0},
        WaitCase{"DateIsNotRead", {"Retry-After: Tue, 24 Nov 2026 02:25:51 GMT\r\n"}, std::nullopt},
        WaitCase{"Words", {"Retry-After: soon\r\n", "X-RateLimit-Reset: 4\r\n"}, 4},
        WaitCase{"Order", {"X-RateLimit-Reset: 1\r\n", "Retry-After: 2\r\n", "X-RateLimit-Retry-After: 3\r\n"}, 3},
        WaitCase{"InterimHeadersAreForgotten",
                 {"HTTP/1.1 100 Continue\r\n", "Retry-After: 9\r\n", "HTTP/1.1 429 \r\n"},
                 std::nullopt}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ClassifyReplyTest, RateHeadersAreReportedWithAnyReply) {
  RawReply reply = Reply(201, kSuccess);
  reply.headers.Take("X-RateLimit-Remaining: 2999\r\n");
  reply.headers.Take("X-RateLimit-Reset: 1795000003\r\n");
  const SendReport report = ClassifyReply(reply, DataType::kUserAttributes, kObjects, kKey, kNow);
  EXPECT_EQ(report.rate_remaining, 2999);
  EXPECT_EQ(report.rate_reset, std::chrono::seconds(3));
  EXPECT_FALSE(report.retry_after.has_value());
}

TEST(ClassifyReplyTest, TextsOfOneObjectAreJoinedAndKeptShortAndWithoutTheKey) {
  const std::string key(kKey);
  const RawReply reply =
      Reply(201, Errors(R"({"type":"a","index":0},{"type":"b\nc","index":0},{"type":"key )" + key + R"(","index":1},)" +
                        R"({"type":")" + std::string(5'000, 'x') + R"(","index":2})"));
  const SendReport report = ClassifyReply(reply, DataType::kUserAttributes, kObjects, kKey, kNow);
  ASSERT_EQ(report.errors.size(), 3u);
  EXPECT_EQ(report.errors[0].text, "a; b c");
  EXPECT_EQ(report.errors[1].text, "(text withheld: it held the API key)");
  EXPECT_LE(report.errors[2].text.size(), 300u);
}

struct ProbeCase {
  std::string_view name;
  RawReply reply;
  absl::StatusCode code;
  std::string_view reason;
};

class ClassifyProbeTable : public testing::TestWithParam<ProbeCase> {};

TEST_P(ClassifyProbeTable, NamesCauseAndFix) {
  const absl::Status status = ClassifyProbe(GetParam().reply, "https://rest.iad-01.braze.com", kKey);
  EXPECT_EQ(status.code(), GetParam().code) << status;
  EXPECT_EQ(ErrorReason(status), GetParam().reason);
  EXPECT_EQ(status.message().find(std::string(kKey)), absl::string_view::npos);
}

using Code = absl::StatusCode;
INSTANTIATE_TEST_SUITE_P(
    Table, ClassifyProbeTable,
    testing::Values(
        ProbeCase{"NothingValid", Reply(400, R"({"message":")" + kNothingValid + "\"}"), Code::kOk, ""},
        ProbeCase{"TakenAsEmpty", Reply(201, R"({"message":"success"})"), Code::kOk, ""},
        ProbeCase{"BadRequestOfAProxy", Reply(400, "<html>"), Code::kFailedPrecondition, "ENDPOINT_WRONG"},
        ProbeCase{"SomeWebPage", Reply(200, "<html>"), Code::kFailedPrecondition, "ENDPOINT_WRONG"},
        ProbeCase{"KeyUnknown", Reply(401, R"({"message":"Invalid API key: )" + std::string(kKey) + "\"}"),
                  Code::kUnauthenticated, "API_KEY_REFUSED"},
        ProbeCase{"KeyUnknownUnderAnotherStatus",
                  Reply(400, R"({"message":"Invalid API key: )" + std::string(kKey) + "\"}"), Code::kUnauthenticated,
                  "API_KEY_REFUSED"},
        ProbeCase{"KeyRefusedByAWebPage", Reply(400, "<html>Invalid API key"), Code::kFailedPrecondition,
                  "ENDPOINT_WRONG"},
        ProbeCase{"PermissionMissing", Reply(403, R"({"message":"Access Denied"})"), Code::kPermissionDenied,
                  "API_KEY_FORBIDDEN"},
        ProbeCase{"NotFound", Reply(404), Code::kFailedPrecondition, "ENDPOINT_WRONG"},
        ProbeCase{"Redirect", Reply(301), Code::kFailedPrecondition, "ENDPOINT_WRONG"},
        ProbeCase{"Throttled", Reply(429), Code::kResourceExhausted, "RATE_LIMITED"},
        ProbeCase{"Down", Reply(503), Code::kUnavailable, "BRAZE_UNAVAILABLE"},
        ProbeCase{"NoName", Unsent(TransportFault::kResolve), Code::kUnavailable, "ENDPOINT_UNREACHABLE"},
        ProbeCase{"NoConnection", Unsent(TransportFault::kConnect), Code::kUnavailable, "ENDPOINT_UNREACHABLE"},
        ProbeCase{"PrivateAddress", Unsent(TransportFault::kAddressRefused), Code::kFailedPrecondition,
                  "ADDRESS_REFUSED"},
        ProbeCase{"Certificate", Unsent(TransportFault::kCertificate), Code::kFailedPrecondition, "TLS_FAILED"},
        ProbeCase{"Silent", Reply(0, "", TransportFault::kTimeout), Code::kDeadlineExceeded, "ENDPOINT_TIMEOUT"}),
    [](const auto& test) { return std::string(test.param.name); });

RC_GTEST_PROP(ClassifyReplyProperty, AnyReplyGetsALawfulReport, ()) {
  const std::string alphabet = R"({}[]",:errorsindex01 typeinput_array\u)";
  RawReply reply = Reply(*rc::gen::element(0, 100, 200, 201, 302, 400, 401, 404, 413, 429, 500, 999));
  const std::string noise = *rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
  const std::string item = R"({"type":")" + noise + R"(","index":)" + std::to_string(*rc::gen::inRange(-2, 6)) + "}";
  reply.body = *rc::gen::element(noise, "{" + noise + "}", R"({"errors":[)" + item + "," + item + "]}",
                                 R"({"errors":[)" + noise + "]}");
  reply.fault = static_cast<TransportFault>(*rc::gen::inRange(0, 11));
  reply.bytes_sent = *rc::gen::element<uint64_t>(0, 10, 500);
  const SendReport report = ClassifyReply(reply, DataType::kUserAttributes, kObjects, kKey, kNow);
  const bool success = reply.http_status >= 200 && reply.http_status < 300;
  if (report.outcome == SendOutcome::kNotSent) RC_ASSERT(reply.bytes_sent == 0u);
  if (report.outcome == SendOutcome::kAccepted) RC_ASSERT(success && reply.fault == TransportFault::kNone);
  RC_ASSERT((report.outcome == SendOutcome::kRowsRejected) == !report.errors.empty());
  for (size_t i = 0; i < report.errors.size(); ++i) {
    RC_ASSERT(report.errors[i].index < kObjects);
    // In brackets: the macro captures the expression and would not stop at the first half.
    RC_ASSERT((i == 0 || report.errors[i - 1].index < report.errors[i].index));
  }
  RC_ASSERT(report.message.size() <= 300u);
}

}  // namespace
}  // namespace cdi::ingest::braze
