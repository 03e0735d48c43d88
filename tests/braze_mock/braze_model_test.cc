#include "tests/braze_mock/braze_model.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace cdi::braze_mock {
namespace {

using nlohmann::json;

const Timestamp kNow = Timestamp::FromCivil(2026, 11, 24, 12, 0, 0, 0);

std::string Attributes(const std::string& objects) {
  return R"({"attributes":[)" + objects + "]}";
}
std::string Events(const std::string& objects) {
  return R"({"events":[)" + objects + "]}";
}
std::string User(const std::string& id, const std::string& members = "") {
  return R"({"external_id":")" + id + "\"" + (members.empty() ? "" : "," + members) + "}";
}
std::string Repeated(const std::string& object, int times) {
  std::string list;
  for (int i = 0; i < times; ++i) list += (i == 0 ? "" : ",") + object;
  return list;
}

TEST(BulkTest, TakesAThousandObjectsAndAHundredOfOneUser) {
  std::string users;
  for (int i = 0; i < 1000; ++i) users += (i == 0 ? "" : ",") + User("u" + std::to_string(i));
  BrazeModel model;
  EXPECT_EQ(model.Track(Attributes(users), kNow, TrackEndpoint::kBulk).status, 201);
  EXPECT_EQ(model.Track(Attributes(users + "," + User("v")), kNow, TrackEndpoint::kBulk).status, 400);
  EXPECT_EQ(model.Track(Attributes(Repeated(User("w"), 100)), kNow, TrackEndpoint::kBulk).status, 201);
  EXPECT_EQ(model.Track(Attributes(Repeated(User("x"), 101)), kNow, TrackEndpoint::kBulk).status, 400);
  EXPECT_EQ(model.Track(std::string((2 << 20) + 1, ' '), kNow, TrackEndpoint::kBulk).status, 400);
  EXPECT_FALSE(model.UserJson("v").has_value());
  EXPECT_FALSE(model.UserJson("x").has_value());
}

TEST(SyncTest, TakesExactlyOneObjectAndAnswersTheProfile) {
  BrazeModel model;
  const TrackReply reply = model.Track(Attributes(User("u", R"("a":1)")), kNow, TrackEndpoint::kSync);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(json::parse(reply.body),
            json::parse(R"({"users":[{"external_id":"u","custom_attributes":{"a":1}}],"message":"success"})"));
  EXPECT_EQ(model.Track(Attributes(User("u") + "," + User("v")), kNow, TrackEndpoint::kSync).status, 400);
  const TrackReply unknown =
      model.Track(Attributes(User("v", R"("_update_existing_only":true)")), kNow, TrackEndpoint::kSync);
  EXPECT_EQ(json::parse(unknown.body), json::parse(R"({"users":[],"message":"success"})"));
}

TEST(VerdictTest, NamesEveryObjectWithUserDigestAndEffect) {
  BrazeModel model;
  const TrackReply reply = model.Track(
      R"({"events":[{"name":"e"}],"attributes":[{"external_id":"u","a":1},{ "external_id" : "u", "a" : 1 },)"
      R"({"braze_id":"b","a":1}]})",
      kNow);
  ASSERT_EQ(reply.objects.size(), 4U);
  EXPECT_EQ(reply.objects[0].effect, ObjectVerdict::Effect::kApplied);
  EXPECT_EQ(reply.objects[0].user, (UserKey{IdentifierKind::kExternalId, "u"}));
  EXPECT_EQ(reply.objects[0].digest, reply.objects[1].digest) << "blanks do not count";
  EXPECT_EQ(reply.objects[2].effect, ObjectVerdict::Effect::kNoUser);
  EXPECT_EQ(reply.objects[3].array, InputArray::kEvents);
  EXPECT_EQ(reply.objects[3].effect, ObjectVerdict::Effect::kRejected);
  EXPECT_EQ(reply.objects[3].error, "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required");
}

TEST(VerdictTest, AllFaultsOfAnObjectAreListedWhereAskedFor) {
  Switches switches;
  ASSERT_TRUE(switches.Set("item_errors", "all").ok());
  BrazeModel model(switches);
  const json reply = json::parse(model.Track(Events("{}"), kNow).body);
  EXPECT_EQ(reply["errors"].size(), 3U) << reply;
}

TEST(UsersInTest, ListsEachUserOnce) {
  const auto users = BrazeModel::UsersIn(
      R"({"attributes":[{"external_id":"u"},{"external_id":"u"},{}],"events":[{"email":"a@b.co"}]})");
  EXPECT_EQ(users, (std::vector<UserKey>{{IdentifierKind::kExternalId, "u"}, {IdentifierKind::kEmail, "a@b.co"}}));
}

TEST(SwitchesTest, RefusesUnknownNamesAndValues) {
  Switches switches;
  EXPECT_EQ(switches.SetPair("price_string=maybe").message(), "switch price_string takes reject|coerce; got 'maybe'");
  EXPECT_EQ(switches.SetPair("nope=1").message(), "no switch is called 'nope'; --help lists them");
  EXPECT_EQ(switches.SetPair("nope").message(), "a switch is given as NAME=VALUE; got 'nope'");
  EXPECT_FALSE(switches.SetPair("array_max=0").ok());
}

TEST(SwitchesTest, TheDocumentNamesEverySwitch) {
  std::ifstream file(BRAZE_MOCK_DOCUMENT);
  const std::string document((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_FALSE(document.empty()) << BRAZE_MOCK_DOCUMENT;
  for (const SwitchSpec& spec : SwitchSpecs()) {
    EXPECT_NE(document.find("`" + std::string(spec.name) + "`"), std::string::npos) << spec.name;
  }
}

}  // namespace
}  // namespace cdi::braze_mock
