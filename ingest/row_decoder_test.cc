#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include <optional>
#include <set>

#include "ingest/json_faults.h"
#include "ingest/payload_rules.h"
#include "ingest/row.h"

namespace cdi::ingest {
namespace {

using warehouse::ColumnRole;
using warehouse::PageBuilder;
using Cells = std::vector<std::pair<ColumnRole, std::string>>;

const Timestamp kCursor = Timestamp::FromCivil(2026, 11, 24, 2, 25, 51, 123'456'789);

SyncSpec SpecOf(DataType type) {
  SyncSpec spec;
  spec.type = type;
  return spec;
}

std::shared_ptr<const DecodedPage> Decode(const std::vector<Cells>& rows, const SyncSpec& spec,
                                          const Timestamp& cursor = kCursor) {
  PageBuilder builder;
  for (const Cells& cells : rows) {
    builder.StartRow(cursor);
    for (const auto& [role, text] : cells) builder.SetCell(role, text);
    builder.FinishRow();
  }
  return DecodePage(builder.Build(), spec);
}

std::vector<RowRef> GoodRows(const std::shared_ptr<const DecodedPage>& page) {
  std::vector<RowRef> rows;
  for (uint32_t i = 0; i < page->rows.size(); ++i) {
    if (page->rows[i].fault == RowFault::kNone) rows.push_back({page, i});
  }
  return rows;
}

std::string ObjectOf(const Cells& cells, const SyncSpec& spec) {
  const auto page = Decode({cells}, spec);
  EXPECT_EQ(RowFaultName(page->rows[0].fault), "NONE");
  std::string object;
  if (page->rows[0].fault == RowFault::kNone) AppendObject(*page, 0, spec, object);
  return object;
}

std::string Repeat(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

// Keys k0…k(n-1), without braces.
std::string ManyKeys(size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  return out;
}

// ---- one row per rule of the identifiers

struct IdentifierCase {
  std::string_view name;
  Cells cells;
  RowFault want;
  std::string member = {};  // of the object, when it is sent
};

const std::string kNul(1, '\0');

class IdentifierRules : public testing::TestWithParam<IdentifierCase> {};

TEST_P(IdentifierRules, NameOneUserOrRefuseTheRow) {
  const IdentifierCase& param = GetParam();
  Cells cells = param.cells;
  cells.emplace_back(ColumnRole::kPayload, R"({"a":1})");
  const SyncSpec spec = SpecOf(DataType::kUserAttributes);
  const auto page = Decode({cells}, spec);
  EXPECT_EQ(RowFaultName(page->rows[0].fault), RowFaultName(param.want));
  EXPECT_EQ(page->rows[0].user == Digest128{}, param.want != RowFault::kNone);
  if (param.want == RowFault::kNone) {
    EXPECT_EQ(ObjectOf(cells, spec), "{" + param.member + ",\"a\":1}");
  }
}

const ColumnRole kExt = ColumnRole::kExternalId;
const ColumnRole kName = ColumnRole::kAliasName;
const ColumnRole kLabel = ColumnRole::kAliasLabel;
const ColumnRole kBraze = ColumnRole::kBrazeId;
const ColumnRole kEmail = ColumnRole::kEmail;
const ColumnRole kPhone = ColumnRole::kPhone;
const ColumnRole kPay = ColumnRole::kPayload;

INSTANTIATE_TEST_SUITE_P(
    Table, IdentifierRules,
    testing::Values(
        IdentifierCase{"ExternalId", {{kExt, "u1"}}, RowFault::kNone, R"("external_id":"u1")"},
        IdentifierCase{"ExternalIdIsEscaped",
                       {{kExt, "a\"\\\n\xc3\xbc"}},
                       RowFault::kNone,
                       "\"external_id\":\"a\\\"\\\\\\n\xc3\xbc\""},
        IdentifierCase{"ExternalIdKeepsItsBlanks", {{kExt, " u "}}, RowFault::kNone, R"("external_id":" u ")"},
        IdentifierCase{"ExternalIdOf987Bytes",
                       {{kExt, std::string(987, 'x')}},
                       RowFault::kNone,
                       "\"external_id\":\"" + std::string(987, 'x') + "\""},
        IdentifierCase{"ExternalIdOf988Bytes", {{kExt, std::string(988, 'x')}}, RowFault::kIdentifierTooLong},
        IdentifierCase{"ExternalIdEmpty", {{kExt, ""}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"ExternalIdBlank", {{kExt, " \t\n"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"ExternalIdNotUtf8", {{kExt, "a\xff"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"ExternalIdSurrogateBytes", {{kExt, "\xed\xa0\x80"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"ExternalIdWithNul", {{kExt, "a" + kNul + "b"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"Alias",
                       {{kName, "n"}, {kLabel, "l"}},
                       RowFault::kNone,
                       R"("user_alias":{"alias_name":"n","alias_label":"l"})"},
        IdentifierCase{"AliasNameOnly", {{kName, "n"}}, RowFault::kAliasIncomplete},
        IdentifierCase{"AliasLabelOnly", {{kLabel, "l"}}, RowFault::kAliasIncomplete},
        IdentifierCase{
            "AliasNameOf237Bytes", {{kName, std::string(237, 'x')}, {kLabel, "l"}}, RowFault::kIdentifierTooLong},
        IdentifierCase{
            "AliasLabelOf237Bytes", {{kName, "n"}, {kLabel, std::string(237, 'x')}}, RowFault::kIdentifierTooLong},
        IdentifierCase{"AliasLabelEmpty", {{kName, "n"}, {kLabel, ""}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"BrazeId", {{kBraze, "5f3e"}}, RowFault::kNone, R"("braze_id":"5f3e")"},
        IdentifierCase{"Email", {{kEmail, "a.b+c@example.org"}}, RowFault::kNone, R"("email":"a.b+c@example.org")"},
        IdentifierCase{"EmailBeatsPhone",
                       {{kEmail, "a@example.org"}, {kPhone, "+4915112345678"}},
                       RowFault::kNone,
                       R"("email":"a@example.org")"},
        IdentifierCase{"EmailWithoutAt", {{kEmail, "example.org"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"EmailWithoutLocalPart", {{kEmail, "@example.org"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"EmailWithoutDomain", {{kEmail, "a@"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"EmailDomainWithoutDot", {{kEmail, "a@localhost"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"EmailWithBlank", {{kEmail, "a b@example.org"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"EmailWithTwoAts", {{kEmail, "a@b@example.org"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{
            "EmailTooLong", {{kEmail, std::string(250, 'a') + "@example.org"}}, RowFault::kIdentifierTooLong},
        IdentifierCase{"Phone", {{kPhone, "+4915112345678"}}, RowFault::kNone, R"("phone":"+4915112345678")"},
        IdentifierCase{
            "PhoneWithSeparators", {{kPhone, "+1 (555) 010-9999"}}, RowFault::kNone, R"("phone":"+1 (555) 010-9999")"},
        IdentifierCase{"PhoneWithLetters", {{kPhone, "+49 CALL ME"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"PhoneTooShort", {{kPhone, "110"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"PhoneOf16Digits", {{kPhone, "1234567890123456"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"PhonePlusInside", {{kPhone, "12+345678"}}, RowFault::kIdentifierInvalid},
        IdentifierCase{"None", {}, RowFault::kIdentifierMissing},
        IdentifierCase{
            "ExternalIdAndAlias", {{kExt, "u"}, {kName, "n"}, {kLabel, "l"}}, RowFault::kIdentifierAmbiguous},
        IdentifierCase{"ExternalIdAndBrazeId", {{kExt, "u"}, {kBraze, "b"}}, RowFault::kIdentifierAmbiguous},
        IdentifierCase{"ExternalIdAndEmail", {{kExt, "u"}, {kEmail, "a@example.org"}}, RowFault::kIdentifierAmbiguous},
        IdentifierCase{"AliasAndPhone",
                       {{kName, "n"}, {kLabel, "l"}, {kPhone, "+4915112345678"}},
                       RowFault::kIdentifierAmbiguous}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RowDecoderTest, UserIsKindAndExactValue) {
  const auto page = Decode({{{kExt, "u"}, {kPay, R"({"a":1})"}},
                            {{kExt, "u"}, {kPay, R"({"b":2})"}},
                            {{kExt, "U"}, {kPay, R"({"a":1})"}},
                            {{kBraze, "u"}, {kPay, R"({"a":1})"}},
                            {{kExt, "u"}, {kPay, "broken"}}},
                           SpecOf(DataType::kUserAttributes));
  EXPECT_EQ(page->rows[0].user, page->rows[1].user);
  EXPECT_NE(page->rows[0].user, page->rows[2].user);
  EXPECT_NE(page->rows[0].user, page->rows[3].user);
  EXPECT_EQ(page->rows[0].user, page->rows[4].user) << "a refused row with a usable identifier still names its user";
}

TEST(RowDecoderTest, AliasPartsCannotBeShifted) {
  const auto page = Decode({{{kName, "ab"}, {kLabel, "c"}, {kPay, "{}"}}, {{kName, "a"}, {kLabel, "bc"}, {kPay, "{}"}}},
                           SpecOf(DataType::kUserAttributes));
  EXPECT_NE(page->rows[0].user, page->rows[1].user);
}

// ---- one row per rule of the payloads

struct PayloadCase {
  std::string_view name;
  DataType type;
  std::string payload;
  RowFault want;
};

class PayloadRules : public testing::TestWithParam<PayloadCase> {};

TEST_P(PayloadRules, AdmitOrRefuseTheRow) {
  const PayloadCase& param = GetParam();
  const SyncSpec spec = SpecOf(param.type);
  const auto page = Decode({{{kExt, "u"}, {kPay, param.payload}}}, spec);
  EXPECT_EQ(RowFaultName(page->rows[0].fault), RowFaultName(param.want));
  if (page->rows[0].fault != RowFault::kNone) {
    EXPECT_EQ(page->rows[0].object_bytes, 0u);
    return;
  }
  const std::string body = BuildBody(GoodRows(page), spec);
  simdjson::dom::parser parser;
  EXPECT_FALSE(parser.parse(body).error()) << body;
}

constexpr DataType kA = DataType::kUserAttributes;
constexpr DataType kE = DataType::kEvents;
constexpr DataType kP = DataType::kPurchases;

std::string Purchase(const std::string& more) {
  return R"({"product_id":"p","currency":"EUR","price":1.5)" + more + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Shape, PayloadRules,
    testing::Values(
        PayloadCase{"Object", kA, R"({"a":1,"b":[{"c":null}],"d":{"$add":["x"]}})", RowFault::kNone},
        PayloadCase{"BlanksAround", kA, " \r\n\t{ \"a\" : 1 } \n", RowFault::kNone},
        PayloadCase{"Empty", kA, "", RowFault::kPayloadNotJson},
        PayloadCase{"Blank", kA, "  ", RowFault::kPayloadNotJson},
        PayloadCase{"NotJson", kA, "{a:1}", RowFault::kPayloadNotJson},
        PayloadCase{"Unclosed", kA, R"({"a":1)", RowFault::kPayloadNotJson},
        PayloadCase{"TrailingComma", kA, R"({"a":1,})", RowFault::kPayloadNotJson},
        PayloadCase{"TwoObjects", kA, R"({"a":1}{"b":2})", RowFault::kPayloadNotJson},
        PayloadCase{"BreaksOutOfTheBody", kA, R"({"a":1}]}, {"x":1)", RowFault::kPayloadNotJson},
        PayloadCase{"ByteOrderMark", kA, "\xef\xbb\xbf{\"a\":1}", RowFault::kPayloadNotJson},
        PayloadCase{"SingleQuotes", kA, "{'a':1}", RowFault::kPayloadNotJson},
        PayloadCase{"Comment", kA, "{/**/\"a\":1}", RowFault::kPayloadNotJson},
        PayloadCase{"NulByte", kA, "{\"a\":\"" + kNul + "\"}", RowFault::kPayloadNotJson},
        PayloadCase{"NulByteAfterwards", kA, "{\"a\":1}" + kNul, RowFault::kPayloadNotJson},
        PayloadCase{"NulEscape", kA, R"({"a":"\u0000"})", RowFault::kNone},
        PayloadCase{"RawNewlineInText", kA, "{\"a\":\"\n\"}", RowFault::kPayloadNotJson},
        PayloadCase{"Array", kA, R"([{"a":1}])", RowFault::kPayloadNotObject},
        PayloadCase{"Text", kA, R"("a")", RowFault::kPayloadNotObject},
        PayloadCase{"Number", kA, "1", RowFault::kPayloadNotObject},
        PayloadCase{"JsonNull", kA, "null", RowFault::kPayloadNotObject},
        PayloadCase{"NotUtf8", kA, "{\"a\":\"\xff\"}", RowFault::kPayloadNotUtf8},
        PayloadCase{"Latin1", kA, "{\"a\":\"\xfc\"}", RowFault::kPayloadNotUtf8},
        PayloadCase{"SurrogateBytes", kA, "{\"a\":\"\xed\xa0\x80\"}", RowFault::kPayloadNotUtf8},
        PayloadCase{"LoneHighSurrogate", kA, R"({"a":"\ud83d"})", RowFault::kPayloadNotUtf8},
        PayloadCase{"LoneLowSurrogate", kA, R"({"a":{"b":"\uDE00"}})", RowFault::kPayloadNotUtf8},
        PayloadCase{"SwappedSurrogates", kA, R"({"a":"\ude00\ud83d"})", RowFault::kPayloadNotUtf8},
        PayloadCase{"SurrogatePair", kA, R"({"a":"\ud83d\ude00"})", RowFault::kNone},
        PayloadCase{"EscapedBackslashBeforeU", kA, R"({"a":"\\ud83d"})", RowFault::kNone},
        PayloadCase{"BadEscape", kA, R"({"a":"\x"})", RowFault::kPayloadNotJson},
        PayloadCase{"OneMegabyte", kA, "{\"a\":\"" + std::string(999'992, 'x') + "\"}", RowFault::kNone},
        PayloadCase{"OneMegabyteAndOne", kA, "{\"a\":\"" + std::string(999'993, 'x') + "\"}",
                    RowFault::kPayloadTooLarge},
        PayloadCase{"Deep64", kA, Repeat("{\"a\":", 64) + "1" + Repeat("}", 64), RowFault::kNone},
        PayloadCase{"Deep65", kA, Repeat("{\"a\":", 65) + "1" + Repeat("}", 65), RowFault::kPayloadTooDeep},
        PayloadCase{"Deep10000", kA, "{\"a\":" + Repeat("[", 10'000) + Repeat("]", 10'000) + "}",
                    RowFault::kPayloadTooDeep},
        PayloadCase{"DuplicateKey", kA, R"({"a":1,"b":2,"a":1})", RowFault::kPayloadDuplicateKey},
        PayloadCase{"DuplicateKeyInOtherSpelling", kA, R"({"ab":1,"\u0061b":2})", RowFault::kPayloadDuplicateKey},
        PayloadCase{"DuplicateEmptyKey", kA, R"({"":1,"":2})", RowFault::kPayloadDuplicateKey},
        PayloadCase{"DuplicateAmongMany", kA, "{" + ManyKeys(249) + ",\"k7\":1}", RowFault::kPayloadDuplicateKey},
        PayloadCase{"SameKeyInside", kA, R"({"a":{"a":1}})", RowFault::kNone},
        PayloadCase{"NoKey", kA, "{}", RowFault::kPayloadEmpty},
        PayloadCase{"NoKeyWithBlanks", kA, " { \n } ", RowFault::kPayloadEmpty},
        PayloadCase{"Keys250", kA, "{" + ManyKeys(250) + "}", RowFault::kNone},
        PayloadCase{"Keys251", kA, "{" + ManyKeys(251) + "}", RowFault::kTooManyAttributes},
        PayloadCase{"NumberTooLarge", kA, R"({"a":1e400})", RowFault::kNumberOutOfRange},
        PayloadCase{"NumberOf38Digits", kA, R"({"a":12345678901234567890123456789012345678})",
                    RowFault::kNumberOutOfRange},
        PayloadCase{"DecimalOf38Digits", kA, R"({"a":1.2345678901234567890123456789012345678})", RowFault::kNone},
        PayloadCase{"NaN", kA, R"({"a":NaN})", RowFault::kNumberOutOfRange},
        PayloadCase{"MinusInfinity", kA, R"({"a":-Infinity})", RowFault::kNumberOutOfRange},
        PayloadCase{"LeadingZero", kA, R"({"a":01})", RowFault::kPayloadNotJson},
        PayloadCase{"NoDigitsAfterDot", kA, R"({"a":1.})", RowFault::kPayloadNotJson},
        PayloadCase{"HalfWord", kA, R"({"a":tru})", RowFault::kPayloadNotJson}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Identifiers, PayloadRules,
    testing::Values(PayloadCase{"ExternalId", kA, R"({"a":1,"external_id":"x"})", RowFault::kIdentifierInPayload},
                    PayloadCase{"Spelled", kA, R"({"external\u005fid":"x"})", RowFault::kIdentifierInPayload},
                    PayloadCase{"BrazeId", kA, R"({"braze_id":null})", RowFault::kIdentifierInPayload},
                    PayloadCase{"UserAlias", kA, R"({"user_alias":{}})", RowFault::kIdentifierInPayload},
                    PayloadCase{"AliasName", kA, R"({"alias_name":"x"})", RowFault::kIdentifierInPayload},
                    PayloadCase{"AliasLabel", kA, R"({"alias_label":"x"})", RowFault::kIdentifierInPayload},
                    PayloadCase{"NestedIsData", kA, R"({"a":{"external_id":"x"}})", RowFault::kNone},
                    PayloadCase{"EmailIsAnAttribute", kA, R"({"email":"a@example.org"})", RowFault::kNone},
                    PayloadCase{"PhoneIsAnAttribute", kA, R"({"phone":"+4915112345678"})", RowFault::kNone},
                    PayloadCase{"EmailInEvent", kE, R"({"name":"n","email":"a@example.org"})",
                                RowFault::kIdentifierInPayload}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Events, PayloadRules,
    testing::Values(
        PayloadCase{"NameOnly", kE, R"({"name":"n"})", RowFault::kNone},
        PayloadCase{"NoName", kE, R"({"time":"2026-01-01T00:00:00Z"})", RowFault::kFieldMissing},
        PayloadCase{"EmptyObject", kE, "{}", RowFault::kFieldMissing},
        PayloadCase{"EmptyName", kE, R"({"name":""})", RowFault::kFieldInvalid},
        PayloadCase{"NameNumber", kE, R"({"name":1})", RowFault::kFieldInvalid},
        PayloadCase{"Name255", kE, "{\"name\":\"" + Repeat("\xc3\xbc", 255) + "\"}", RowFault::kNone},
        PayloadCase{"Name256", kE, "{\"name\":\"" + Repeat("\xc3\xbc", 256) + "\"}", RowFault::kFieldInvalid},
        PayloadCase{"TimeText", kE, R"({"name":"n","time":"2026-11-24T02:25:51.123+01:00"})", RowFault::kNone},
        PayloadCase{"TimeColonMillis", kE, R"({"name":"n","time":"2026-11-24T02:25:51:123Z"})", RowFault::kNone},
        PayloadCase{"TimeWords", kE, R"({"name":"n","time":"yesterday"})", RowFault::kFieldInvalid},
        PayloadCase{"TimeNumber", kE, R"({"name":"n","time":1700000000})", RowFault::kFieldInvalid},
        PayloadCase{"TimeNull", kE, R"({"name":"n","time":null})", RowFault::kFieldInvalid},
        PayloadCase{"Properties", kE, R"({"name":"n","properties":{"a":[1]}})", RowFault::kNone},
        PayloadCase{"PropertiesArray", kE, R"({"name":"n","properties":[]})", RowFault::kFieldInvalid},
        PayloadCase{"AppId", kE, R"({"name":"n","app_id":"x"})", RowFault::kNone},
        PayloadCase{"AppIdNumber", kE, R"({"name":"n","app_id":1})", RowFault::kFieldInvalid}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Purchases, PayloadRules,
    testing::Values(
        PayloadCase{"Least", kP, Purchase(""), RowFault::kNone},
        PayloadCase{"NoProduct", kP, R"({"currency":"EUR","price":1})", RowFault::kFieldMissing},
        PayloadCase{"NoCurrency", kP, R"({"product_id":"p","price":1})", RowFault::kFieldMissing},
        PayloadCase{"NoPrice", kP, R"({"product_id":"p","currency":"EUR"})", RowFault::kFieldMissing},
        PayloadCase{"EmptyProduct", kP, R"({"product_id":"","currency":"EUR","price":1})", RowFault::kFieldInvalid},
        PayloadCase{"CurrencyName", kP, R"({"product_id":"p","currency":"Euro","price":1})", RowFault::kFieldInvalid},
        PayloadCase{"CurrencySign", kP, R"({"product_id":"p","currency":"€","price":1})", RowFault::kFieldInvalid},
        PayloadCase{"PriceText", kP, R"({"product_id":"p","currency":"EUR","price":"1"})", RowFault::kFieldInvalid},
        PayloadCase{"PriceRefund", kP, R"({"product_id":"p","currency":"EUR","price":-1.5})", RowFault::kNone},
        PayloadCase{"PriceOf20Digits", kP, R"({"product_id":"p","currency":"EUR","price":18446744073709551615})",
                    RowFault::kNone},
        PayloadCase{"Quantity1", kP, Purchase(R"(,"quantity":1)"), RowFault::kNone},
        PayloadCase{"Quantity100", kP, Purchase(R"(,"quantity":100)"), RowFault::kNone},
        PayloadCase{"Quantity0", kP, Purchase(R"(,"quantity":0)"), RowFault::kFieldInvalid},
        PayloadCase{"Quantity101", kP, Purchase(R"(,"quantity":101)"), RowFault::kFieldInvalid},
        PayloadCase{"QuantityHuge", kP, Purchase(R"(,"quantity":18446744073709551615)"), RowFault::kFieldInvalid},
        PayloadCase{"QuantityFraction", kP, Purchase(R"(,"quantity":1.5)"), RowFault::kFieldInvalid},
        PayloadCase{"QuantityText", kP, Purchase(R"(,"quantity":"2")"), RowFault::kFieldInvalid},
        PayloadCase{"TimeAndProperties", kP, Purchase(R"(,"time":"2026-11-24T02:25:51Z","properties":{})"),
                    RowFault::kNone},
        PayloadCase{"PropertiesNull", kP, Purchase(R"(,"properties":null)"), RowFault::kFieldInvalid}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RowDecoderTest, NullPayloadAndOversizeCellsAreRefusedWithTheirOwnReasons) {
  PageBuilder builder;
  builder.StartRow(kCursor);
  builder.SetCell(kExt, "u");
  builder.FinishRow();
  builder.StartRow(kCursor);
  builder.SetCell(kExt, "u");
  builder.SetOversize(kPay, 16 << 20, "hash");
  builder.FinishRow();
  builder.StartRow(kCursor);
  builder.SetOversize(kExt, 16 << 20, "hash");
  builder.SetCell(kPay, "{\"a\":1}");
  builder.FinishRow();
  const auto page = DecodePage(builder.Build(), SpecOf(kA));
  EXPECT_EQ(page->rows[0].fault, RowFault::kPayloadNull);
  EXPECT_EQ(page->rows[1].fault, RowFault::kPayloadTooLarge);
  EXPECT_EQ(page->rows[2].fault, RowFault::kIdentifierTooLong);
}

TEST(RowDecoderTest, EveryFaultHasANameAndHelp) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(RowFault::kNumberOutOfRange); ++i) {
    const auto fault = static_cast<RowFault>(i);
    EXPECT_NE(RowFaultName(fault), "UNKNOWN");
    EXPECT_TRUE(names.insert(RowFaultName(fault)).second);
    EXPECT_EQ(RowFaultHelp(fault).empty(), fault == RowFault::kNone);
  }
}

TEST(RowDecoderTest, EmailAndPhoneInThePayloadMustNotMoveTheRowToAnotherUser) {
  struct Case {
    ColumnRole role;
    std::string value;
    std::string payload;
    RowFault want;
  };
  const std::vector<Case> cases = {
      {kEmail, "a@example.org", R"({"email":"b@example.org"})", RowFault::kIdentifierInPayload},
      {kEmail, "a@example.org", R"({"phone":"+4915112345678"})", RowFault::kNone},
      {kPhone, "+4915112345678", R"({"phone":"+4915112345679"})", RowFault::kIdentifierInPayload},
      {kPhone, "+4915112345678", R"({"email":"b@example.org"})", RowFault::kIdentifierInPayload},
      {kBraze, "b", R"({"email":"b@example.org","phone":"+4915112345679"})", RowFault::kNone},
  };
  for (const Case& c : cases) {
    const auto page = Decode({{{c.role, c.value}, {kPay, c.payload}}}, SpecOf(kA));
    EXPECT_EQ(RowFaultName(page->rows[0].fault), RowFaultName(c.want)) << c.payload;
  }
}

TEST(RowDecoderTest, IdentifiersInThePayloadAreLeftOutWhereTheSyncSaysSo) {
  SyncSpec spec = SpecOf(kA);
  spec.strip_identifiers = true;
  const auto object = [&](const std::string& payload) { return ObjectOf({{kExt, "u"}, {kPay, payload}}, spec); };
  EXPECT_EQ(object(R"({"external_id":"x","a":1})"), R"({"external_id":"u","a":1})");
  EXPECT_EQ(object(R"({ "a" : 1 , "user_alias" : {"alias_name":"}","l":[1,2]} , "b" : ",\"" })"),
            R"({"external_id":"u","a" : 1,"b" : ",\""})");
  EXPECT_EQ(object(R"({"a":1,"external\u005fid":"x"})"), R"({"external_id":"u","a":1})");
  const auto page = Decode({{{kExt, "u"}, {kPay, R"({"braze_id":"x"})"}}}, spec);
  EXPECT_EQ(page->rows[0].fault, RowFault::kPayloadEmpty);
}

TEST(RowDecoderTest, TimeComesFromTheCursorInMillisecondsUnlessThePayloadHasOne) {
  EXPECT_EQ(ObjectOf({{kExt, "u"}, {kPay, R"({"name":"n"})"}}, SpecOf(kE)),
            R"({"external_id":"u","time":"2026-11-24T02:25:51.123Z","name":"n"})");
  EXPECT_EQ(ObjectOf({{kExt, "u"}, {kPay, R"({"name":"n","time":"2020-01-01"})"}}, SpecOf(kE)),
            R"({"external_id":"u","name":"n","time":"2020-01-01"})");
  struct Case {
    Timestamp cursor;
    std::string want;
  };
  for (const Case& c : {Case{Timestamp::FromCivil(1969, 12, 31, 23, 59, 59, 999'999'999), "1969-12-31T23:59:59.999Z"},
                        Case{Timestamp::FromCivil(1, 1, 1, 0, 0, 0, 0), "0001-01-01T00:00:00.000Z"},
                        Case{Timestamp::FromCivil(9999, 12, 31, 23, 59, 59, 0), "9999-12-31T23:59:59.000Z"}}) {
    const SyncSpec spec = SpecOf(kE);
    const auto page = Decode({{{kExt, "u"}, {kPay, R"({"name":"n"})"}}}, spec, c.cursor);
    EXPECT_EQ(BuildBody(GoodRows(page), spec),
              R"({"events":[{"external_id":"u","time":")" + c.want + R"(","name":"n"}]})");
  }
  const auto page = Decode({{{kExt, "u"}, {kPay, R"({"name":"n"})"}}}, SpecOf(kE), Timestamp{253'402'300'800, 0});
  EXPECT_EQ(page->rows[0].fault, RowFault::kFieldInvalid);
}

TEST(RowDecoderTest, UpdateExistingOnlyIsAddedOnceAndCannotBeLiftedByARow) {
  SyncSpec spec = SpecOf(kA);
  spec.update_existing_only = true;
  const auto object = [&](const std::string& payload) { return ObjectOf({{kExt, "u"}, {kPay, payload}}, spec); };
  EXPECT_EQ(object(R"({"a":1})"), R"({"external_id":"u","_update_existing_only":true,"a":1})");
  EXPECT_EQ(object(R"({"a":1,"_update_existing_only":true})"),
            R"({"external_id":"u","a":1,"_update_existing_only":true})");
  const auto fault = [&](const std::string& payload) {
    return Decode({{{kExt, "u"}, {kPay, payload}}}, spec)->rows[0].fault;
  };
  EXPECT_EQ(fault(R"({"a":1,"_update_existing_only":false})"), RowFault::kFieldInvalid);
  spec.update_existing_only = false;
  EXPECT_EQ(fault(R"({"a":1,"_update_existing_only":false})"), RowFault::kNone);
  EXPECT_EQ(fault(R"({"a":1,"_update_existing_only":"true"})"), RowFault::kFieldInvalid);
}

TEST(RowDecoderTest, ReplayedRowsKeepTheirParkedIds) {
  PageBuilder builder;
  builder.StartRow(kCursor);
  builder.SetCell(kExt, "u");
  builder.SetCell(kPay, R"({"a":1})");
  builder.FinishRowAs(Digest128{1, 2});
  const auto page = DecodePage(builder.Build(), SpecOf(kA), {42});
  EXPECT_EQ(page->rows[0].parked_id, 42u);
  EXPECT_EQ(page->rows[0].digest, (Digest128{1, 2}));
}

TEST(RowDecoderTest, TimesAreReadInEveryDocumentedForm) {
  for (const std::string_view good :
       {"2026-11-24", "2026-11-24T02:25", "2026-11-24T02:25Z", "2026-11-24T02:25:51", "2026-11-24 02:25:51",
        "2026-11-24T02:25:51Z", "2026-11-24T02:25:51+0100", "2026-11-24T02:25:51-01:00", "2026-11-24T02:25:51.1Z",
        "2026-11-24T02:25:51.123456789Z", "2026-11-24T02:25:51:123Z", "2026-11-24T02:25:51:123+0000"}) {
    EXPECT_TRUE(IsBrazeTime(good)) << good;
  }
  for (const std::string_view bad :
       {"", "2026", "2026-13-01", "2026-02-30", "24.11.2026", "2026-11-24T", "2026-11-24T25:00:00Z", "1732415151",
        "2026-11-24T02:25:51Zebra", "2026-11-24T02:25:51.1234567890Z", "2026-11-24T02:25:51:Z"}) {
    EXPECT_FALSE(IsBrazeTime(bad)) << bad;
  }
}

// ---- properties

rc::Gen<std::string> JsonText() {
  return rc::gen::map(rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7f)), [](std::string text) {
    std::string out;
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  });
}

RC_GTEST_PROP(RowDecoderProperty, ABodyHoldsExactlyItsRowsWithTheirBytes, ()) {
  const bool events = *rc::gen::arbitrary<bool>();
  SyncSpec spec = SpecOf(events ? kE : kA);
  spec.update_existing_only = *rc::gen::arbitrary<bool>();
  const size_t count = *rc::gen::inRange<size_t>(1, 12);
  std::vector<Cells> rows;
  std::vector<std::string> ids;
  std::vector<std::string> values;
  for (size_t i = 0; i < count; ++i) {
    ids.push_back("u" + *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 0x7f)));
    values.push_back(*JsonText());
    const std::string value = "\"" + values.back() + "\"";
    rows.push_back({{kExt, ids.back()},
                    {kPay, events ? R"({"name":"n","properties":{"v":)" + value + "}}" : "{\"v\":" + value + " }"}});
  }
  const auto page = Decode(rows, spec);
  const std::vector<RowRef> good = GoodRows(page);
  RC_ASSERT(good.size() == count);
  const std::string body = BuildBody(good, spec);
  size_t bytes = BodyOverheadBytes(spec) + count - 1;
  for (const RowRef& row : good) bytes += row.row().object_bytes;
  RC_ASSERT(body.size() == bytes);
  RC_ASSERT(body == BuildBody(good, spec));
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  RC_ASSERT(parser.parse(body)[DataTypeArray(spec.type)].get_array().get(array) == simdjson::SUCCESS);
  RC_ASSERT(array.size() == count);
  size_t from = 0;
  for (size_t i = 0; i < count; ++i) {
    std::string_view id;
    RC_ASSERT(array.at(i)["external_id"].get_string().get(id) == simdjson::SUCCESS);
    RC_ASSERT(id == ids[i]);
    const std::string raw = "\"v\":\"" + values[i] + "\"";
    from = body.find(raw, from);
    RC_ASSERT(from != std::string::npos);
    from += raw.size();
  }
}

RC_GTEST_PROP(RowDecoderProperty, AnyBytesGetAVerdictAndOnlyLegalObjects, ()) {
  const std::string alphabet = "{}[]\":,\\u0dDe8aA19.-+eE tnf\xc3\xbc\xff\n";
  const auto any =
      rc::gen::map(rc::gen::container<std::string>(rc::gen::arbitrary<char>()), [](std::string s) { return s; });
  const auto jsonish = rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
  const auto wrapped = rc::gen::map(rc::gen::pair(jsonish, jsonish),
                                    [](const auto& p) { return "{\"" + p.first + "\":" + p.second + "}"; });
  SyncSpec spec = SpecOf(*rc::gen::element(kA, kE, kP));
  spec.strip_identifiers = *rc::gen::arbitrary<bool>();
  Cells cells = {{kPay, *rc::gen::oneOf(any, jsonish, wrapped)}};
  cells.emplace_back(*rc::gen::element(kExt, kBraze, kEmail, kPhone), *rc::gen::oneOf(any, jsonish));
  const auto page = Decode({cells}, spec);
  if (page->rows[0].fault != RowFault::kNone) return;
  const std::string body = BuildBody(GoodRows(page), spec);
  simdjson::dom::parser parser;
  RC_ASSERT(parser.parse(body)[DataTypeArray(spec.type)].at(0).is_object());
}

}  // namespace
}  // namespace cdi::ingest
