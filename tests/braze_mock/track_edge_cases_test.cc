// One case for each row U1-U56 of the table of edge cases in docs/braze-mock.md, and T8-T10, T17 as far as the body
// decides.
#include "tests/braze_mock/braze_model.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace cdi::braze_mock {
namespace {

using nlohmann::json;

constexpr const char* kNothingValid =
    "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
constexpr const char* kNoId = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required";
constexpr const char* kBadProperties = "Invalid 'properties' field";

const Timestamp kNow = Timestamp::FromCivil(2026, 11, 24, 12, 0, 0, 0);

std::string Attributes(const std::string& objects) {
  return R"({"attributes":[)" + objects + "]}";
}
std::string Events(const std::string& objects) {
  return R"({"events":[)" + objects + "]}";
}
std::string Purchases(const std::string& objects) {
  return R"({"purchases":[)" + objects + "]}";
}
std::string User(const std::string& id, const std::string& members = "") {
  return R"({"external_id":")" + id + "\"" + (members.empty() ? "" : "," + members) + "}";
}
std::string Event(const std::string& members) {
  return User("u", members);
}
std::string Purchase(const std::string& replaced = "") {
  json purchase =
      json::parse(R"({"external_id":"u","product_id":"p","currency":"USD","price":9.5,"time":"2026-11-24T10:00:00Z"})");
  if (!replaced.empty()) purchase.merge_patch(json::parse("{" + replaced + "}"));
  return purchase.dump();
}
std::string Repeated(const std::string& object, int times) {
  std::string list;
  for (int i = 0; i < times; ++i) list += (i == 0 ? "" : ",") + object;
  return list;
}
json Success(const std::string& array, int processed) {
  return {{"message", "success"}, {array + "_processed", processed}};
}
json Rejected(const std::string& array, const std::string& type, int index = 0) {
  return {{"message", kNothingValid},
          {"errors", json::array({{{"type", type}, {"input_array", array}, {"index", index}}})}};
}
json Message(const std::string& text) {
  return {{"message", text}};
}

struct Case {
  std::string name;
  std::string body;
  int status;
  json reply;
  std::vector<std::string> before = {};    // bodies sent first
  std::vector<std::string> switches = {};  // NAME=VALUE
  UserKey user = {IdentifierKind::kExternalId, "u"};
  std::string pointer = {};  // into the profile; "absent": there is no such profile; "": not looked at
  json value = nullptr;      // what is there; null: nothing is there
};

std::string AttributesOf(const std::string& members) {
  return Attributes(User("u", members));
}

// A case about the profile that a single accepted attributes object leaves.
Case Stored(const std::string& name, std::vector<std::string> bodies, const std::string& pointer, json value,
            std::vector<std::string> switches = {}) {
  Case c{name, bodies.back(), 201, Success("attributes", 1)};
  bodies.pop_back();
  c.before = std::move(bodies);
  c.switches = std::move(switches);
  c.pointer = pointer;
  c.value = std::move(value);
  return c;
}

Case Item(const std::string& name, const std::string& array, const std::string& object, const std::string& error,
          std::vector<std::string> switches = {}) {
  return Case{name, "{\"" + array + "\":[" + object + "]}", 400, Rejected(array, error), {}, std::move(switches)};
}

std::vector<Case> FrameCases() {
  const std::string good = User("u", R"("a":1)");
  const std::string event = Event(R"("name":"e","time":"2026-11-24T10:00:00Z")");
  std::vector<Case> cases;
  cases.push_back(
      {"U1",
       R"({"attributes":[)" + good + R"(],"events":[)" + event + R"(],"purchases":[)" + Purchase() + "]}",
       201,
       {{"message", "success"}, {"attributes_processed", 1}, {"events_processed", 1}, {"purchases_processed", 1}}});
  json mixed = Success("attributes", 2);
  mixed["errors"] = Rejected("attributes", kNoId, 1)["errors"];
  cases.push_back({"U2",
                   Attributes(good + R"(,{"a":1},)" + User("v")),
                   201,
                   mixed,
                   {},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/attributes/a",
                   1});
  cases.push_back({"U3", Attributes(R"({"a":1})"), 400, Rejected("attributes", kNoId)});
  cases.push_back({"U4_empty_object", "{}", 400, Message(kNothingValid)});
  cases.push_back({"U4_empty_array", R"({"attributes":[]})", 400, Message(kNothingValid)});
  cases.push_back({"U5",
                   R"({"attributes":{},"events":[)" + event + "]}",
                   400,
                   Message(kNothingValid),
                   {},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "absent"});
  cases.push_back({"U5_ignored",
                   R"({"attributes":{},"events":[)" + event + "]}",
                   201,
                   Success("events", 1),
                   {},
                   {"array_type=ignore"}});
  cases.push_back({"U6",
                   R"({"attributes":[)" + Repeated(good, 40) + R"(],"events":[)" + Repeated(event, 36) + "]}",
                   400,
                   Message("Max input length exceeded"),
                   {},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "absent"});
  cases.push_back({"U6_at_the_limit", Attributes(Repeated(good, 75)), 201, Success("attributes", 75)});
  cases.push_back({"U6_fifty",
                   Attributes(Repeated(good, 51)),
                   400,
                   Message("Max input length exceeded"),
                   {},
                   {"object_limit=combined50"}});
  cases.push_back(
      {"U7",
       R"({"attributes":[)" + Repeated(good, 75) + R"(],"events":[)" + Repeated(event, 75) + R"(],"purchases":[)" +
           Repeated(Purchase(), 75) + "]}",
       201,
       {{"message", "success"}, {"attributes_processed", 75}, {"events_processed", 75}, {"purchases_processed", 75}},
       {},
       {"object_limit=per_array75"}});
  cases.push_back({"U7_over",
                   Attributes(Repeated(good, 76)),
                   400,
                   Message("Max input length exceeded"),
                   {},
                   {"object_limit=per_array75"}});
  json element = Success("attributes", 1);
  element["errors"] = Rejected("attributes", "Invalid object", 0)["errors"];
  cases.push_back({"U8_mixed", Attributes("1," + good), 201, element});
  cases.push_back(Item("U8_alone", "attributes", "1", "Invalid object"));
  cases.push_back({"U8_whole", Attributes("1," + good), 400, Message("Invalid object"), {}, {"element_type=400"}});
  cases.push_back({"U54",
                   Attributes(User("u", R"("a":1)") + "," + User("u", R"("a":2)")),
                   201,
                   Success("attributes", 2),
                   {},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/attributes/a",
                   2});
  cases.push_back({"U56", R"({"extra":1,"attributes":[)" + good + "]}", 201, Success("attributes", 1)});
  cases.push_back({"U56_refused",
                   R"({"extra":1,"attributes":[)" + good + "]}",
                   400,
                   Message("Bad Request"),
                   {},
                   {"unknown_key=400"}});
  cases.push_back({"T8", "{", 400, Message("Error while parsing request body. Please check your syntax.")});
  cases.push_back({"T9", "[1]", 400, Message("Bad Request")});
  cases.push_back({"T10", Attributes(good), 413, Message("Payload too large"), {}, {"body_bytes_max=20"}});
  cases.push_back({"T10_as_400",
                   Attributes(good),
                   400,
                   Message("Payload too large"),
                   {},
                   {"body_bytes_max=20", "oversize_status=400"}});
  cases.push_back({"T17", Attributes(good), 202, Message("queued"), {}, {"success=202"}});
  cases.push_back({"success_200", Attributes(good), 200, Success("attributes", 1), {}, {"success=200"}});
  cases.push_back({"number_beyond_64_bits",
                   AttributesOf(R"("a":123456789012345678901234567890)"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/attributes/a",
                   1.2345678901234568e29});
  return cases;
}

std::vector<Case> IdentifierCases() {
  const std::string alias = R"({"alias_label":"l","alias_name":"n"})";
  const UserKey alias_user = {IdentifierKind::kUserAlias, "l/n"};
  const std::string alias_error = "'user_alias' must contain a valid 'alias_name' and 'alias_label'";
  const std::string braze_id = "000000000000000000000001";
  std::vector<Case> cases;
  cases.push_back(Item("U9", "events", R"({"name":"e","time":"2026-11-24T10:00:00Z"})", kNoId));
  cases.push_back(Item("U10", "attributes", R"({"external_id":"u","braze_id":"b"})",
                       "You must specify only one of 'external_id', 'user_alias' or 'braze_id'"));
  cases.push_back(Item("U11_no_label", "attributes", R"({"user_alias":{"alias_name":"n"}})", alias_error));
  cases.push_back(
      Item("U11_empty", "attributes", R"({"user_alias":{"alias_name":"","alias_label":"l"}})", alias_error));
  cases.push_back(Item("U11_long", "attributes",
                       R"({"user_alias":{"alias_label":"l","alias_name":")" + std::string(237, 'n') + R"("}})",
                       alias_error));
  cases.push_back(Item("U12", "attributes", R"({"external_id":""})", kNoId));
  cases.push_back({"U12_absent",
                   Attributes(R"({"external_id":"","email":"a@b.co"})"),
                   201,
                   Success("attributes", 1),
                   {},
                   {"empty_id=absent"},
                   {IdentifierKind::kEmail, "a@b.co"},
                   "/attributes/email",
                   "a@b.co"});
  cases.push_back(Item("U13", "attributes", User(std::string(988, 'u')), "EXTERNAL_USER_ID_TOO_LARGE"));
  cases.push_back({"U13_at_the_limit", Attributes(User(std::string(987, 'u'))), 201, Success("attributes", 1)});
  cases.push_back(Item("U14", "attributes", User("spam"), "BLACKLISTED_EXTERNAL_USER_ID", {"blocked_ids=dummy,spam"}));
  cases.push_back({"U15",
                   AttributesOf(R"("a":1)"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/external_id",
                   "u"});
  cases.push_back({"U16",
                   AttributesOf(R"("_update_existing_only":true)"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "absent"});
  cases.push_back({"U16_not_counted",
                   AttributesOf(R"("_update_existing_only":true)"),
                   201,
                   Success("attributes", 0),
                   {},
                   {"update_only_counted=no"}});
  cases.push_back({"U17",
                   Attributes(R"({"a":1,"user_alias":)" + alias + "}"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   alias_user,
                   "absent"});
  cases.push_back({"U18",
                   Attributes(R"({"_update_existing_only":false,"user_alias":)" + alias + "}"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   alias_user,
                   "/user_aliases/0/alias_name",
                   "n"});
  cases.push_back(
      {"U18_events_never_create",
       Events(R"({"name":"e","time":"2026-11-24","_update_existing_only":false,"user_alias":)" + alias + "}"),
       201,
       Success("events", 1),
       {},
       {},
       alias_user,
       "absent"});
  cases.push_back({"U19",
                   Attributes(R"({"a":1,"braze_id":")" + braze_id + "\"}"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   {IdentifierKind::kBrazeId, braze_id},
                   "absent"});
  cases.push_back({"U19_known",
                   Attributes(R"({"a":1,"braze_id":")" + braze_id + "\"}"),
                   201,
                   Success("attributes", 1),
                   {Attributes(User("u"))},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/attributes/a",
                   1});
  cases.push_back({"U20",
                   Attributes(R"({"email":"a@b.co","a":1})"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   {IdentifierKind::kEmail, "a@b.co"},
                   "/attributes/a",
                   1});
  cases.push_back({"U21",
                   Attributes(R"({"email":"A@b.co","a":1})"),
                   201,
                   Success("attributes", 1),
                   {Attributes(User("u", R"("email":"a@b.co")")), Attributes(User("v", R"("email":"a@b.co")")),
                    Attributes(User("u", R"("b":1)"))},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/attributes/a",
                   1});
  cases.push_back({"U22",
                   AttributesOf(R"("email":"a@b.co")"),
                   201,
                   Success("attributes", 1),
                   {Attributes(User("v", R"("email":"a@b.co")"))},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/braze_id",
                   "000000000000000000000002"});
  cases.push_back(Item("U23", "attributes", User("u", R"("email":"nope","a":1)"),
                       "The value provided for the 'email' field is not a valid email."));
  cases.push_back(Item("U23_identifier", "attributes", R"({"email":"nope"})",
                       "The value provided for the 'email' field is not a valid email."));
  cases.push_back(Item("U23_code", "attributes", R"({"email":"nope"})", "EMAIL_BAD_FORMAT", {"error_style=code"}));
  cases.push_back(Stored("U23_drop_field", {AttributesOf(R"("email":"nope","a":1)")}, "/attributes", {{"a", 1}},
                         {"bad_email=drop_field"}));
  cases.push_back(Item("U24", "attributes", R"({"phone":"0123"})",
                       "The value provided for the 'phone' field is not a valid phone number."));
  cases.push_back({"U24_good",
                   Attributes(R"({"phone":"+4915112345678","a":1})"),
                   201,
                   Success("attributes", 1),
                   {},
                   {},
                   {IdentifierKind::kPhone, "+4915112345678"},
                   "/attributes/a",
                   1});
  cases.push_back(Item("U44", "attributes", R"({"external_id":null})", kNoId));
  return cases;
}

std::vector<Case> FieldCases() {
  std::vector<Case> cases;
  const auto faulty = [&cases](const std::string& name, const std::string& members, const std::string& error) {
    cases.push_back(Item(name, "attributes", User("u", members), error));
  };
  faulty("U25_email", R"("email_subscribe":"maybe")",
         "'email_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'");
  faulty("U25_push", R"("push_subscribe":1)", "'push_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'");
  faulty("U26", R"("current_location":{"longitude":1})", "BAD_LOCATION_UPDATE");
  faulty("U27_array", R"("subscription_groups":{})", "BAD_SUBSCRIPTION_GROUP_ARRAY");
  faulty("U27_hash", R"("subscription_groups":[1])", "BAD_SUBSCRIPTION_GROUP_HASH");
  faulty("U27_id", R"("subscription_groups":[{"subscription_state":"subscribed"}])", "BAD_SUBSCRIPTION_GROUP_ID");
  faulty("U27_state", R"("subscription_groups":[{"subscription_group_id":"g","subscription_state":"x"}])",
         "BAD_SUBSCRIPTION_GROUP_STATE");
  cases.push_back(Stored(
      "U27_good",
      {AttributesOf(R"("subscription_groups":[{"subscription_group_id":"g","subscription_state":"subscribed"}])")},
      "/subscription_groups/g", "subscribed"));
  const std::string long_text(256, 'x');
  cases.push_back(Stored("U42", {AttributesOf("\"a\":\"" + long_text + "\"")}, "/attributes/a", long_text.substr(1)));
  cases.push_back(Stored("U42_drop", {AttributesOf("\"a\":\"" + long_text + "\"")}, "/attributes", json::object(),
                         {"long_string=drop"}));
  cases.push_back(
      Stored("U43", {AttributesOf(R"("a":1,"b":2)"), AttributesOf(R"("a":null)")}, "/attributes", {{"b", 2}}));
  cases.push_back(Stored("U45_replace", {AttributesOf(R"("o":{"x":1})"), AttributesOf(R"("o":{"y":2})")},
                         "/attributes/o", {{"y", 2}}));
  cases.push_back(Stored(
      "U45_merge",
      {AttributesOf(R"("o":{"x":{"p":1},"z":3})"), AttributesOf(R"("_merge_objects":true,"o":{"x":{"q":2},"z":null})")},
      "/attributes/o", {{"x", {{"p", 1}, {"q", 2}}}}));
  cases.push_back(Stored("U45_store_null",
                         {AttributesOf(R"("o":{"z":3})"), AttributesOf(R"("_merge_objects":"true","o":{"z":null})")},
                         "/attributes/o", {{"z", nullptr}}, {"merge_null=store"}));
  cases.push_back(Stored("U46_invalid",
                         {AttributesOf(R"("o":{"x":1})"), AttributesOf(R"("o":{"x":2,"t":{"$time":"soon"}})")},
                         "/attributes/o/x", 1));
  cases.push_back(Stored("U46_null",
                         {AttributesOf(R"("o":{"x":1})"), AttributesOf(R"("o":{"x":2,"t":{"$time":null}})")},
                         "/attributes/o/x", 1));
  cases.push_back(Stored("U46_good", {AttributesOf(R"("o":{"t":{"$time":"2026-01-01T00:00:00Z"}})")},
                         "/attributes/o/t/$time", "2026-01-01T00:00:00Z"));
  const std::string big = R"({"k":")" + std::string(200, 'x') + "\"}";
  cases.push_back(
      Stored("U47", {AttributesOf(R"("l":[{"k":1}])"), AttributesOf(R"("l":{"$add":[)" + Repeated(big, 500) + "]}")},
             "/attributes/l", json::parse(R"([{"k":1}])")));
  const std::string operators =
      R"("_merge_objects":true,"l":{"$update":[{"$identifier_key":"k","$identifier_value":2,"$new_object":{"v":9}}],)"
      R"("$remove":[{"$identifier_key":"k","$identifier_value":1}],"$add":[{"k":2}]})";
  cases.push_back(Stored("U48", {AttributesOf(R"("l":[{"k":1}])"), AttributesOf(operators)}, "/attributes/l",
                         json::parse(R"([{"k":2,"v":9}])")));
  const std::string update = R"({"$update":[{"$identifier_key":"k","$identifier_value":1,"$new_object":{"v":9}}]})";
  cases.push_back(Stored("U49", {AttributesOf(R"("l":[{"k":1}])"), AttributesOf(R"("l":)" + update)}, "/attributes/l",
                         json::parse(update)));
  cases.push_back(Stored("U49_apply", {AttributesOf(R"("l":[{"k":1}])"), AttributesOf(R"("l":)" + update)},
                         "/attributes/l", json::parse(R"([{"k":1,"v":9}])"), {"update_without_merge=apply"}));
  cases.push_back(Stored("U49_ignore", {AttributesOf(R"("l":[{"k":1}])"), AttributesOf(R"("l":)" + update)},
                         "/attributes/l", json::parse(R"([{"k":1}])"), {"update_without_merge=ignore"}));
  cases.push_back(Stored("U50_add", {AttributesOf(R"("l":["a","b"])"), AttributesOf(R"("l":{"add":["a","c"]})")},
                         "/attributes/l", {"b", "a", "c"}));
  cases.push_back(Stored("U50_remove", {AttributesOf(R"("l":["a","b"])"), AttributesOf(R"("l":{"remove":["a"]})")},
                         "/attributes/l", json::array({"b"})));
  cases.push_back(Stored("U50_oldest_dropped", {AttributesOf(R"("l":["a","b"])"), AttributesOf(R"("l":{"add":["c"]})")},
                         "/attributes/l", {"b", "c"}, {"array_max=2"}));
  cases.push_back(Stored("U51", {AttributesOf(R"("n":7)"), AttributesOf(R"("n":"many")")}, "/attributes/n", 7,
                         {"forced_types=n:number"}));
  cases.push_back(Stored("U51_coerced", {AttributesOf(R"("n":"7","f":"t")")}, "/attributes", {{"n", 7}, {"f", true}},
                         {"forced_types=n:number,f:boolean"}));
  cases.push_back(
      Stored("U52", {AttributesOf(R"("a":1,"hidden":1)")}, "/attributes", {{"a", 1}}, {"blocked_attributes=hidden"}));
  cases.push_back(Stored("U53_country", {AttributesOf(R"("country":"de")")}, "/attributes/country", "DE"));
  cases.push_back(Stored("U53_unknown", {AttributesOf(R"("country":"Atlantis","time_zone":"Mars/Base")")},
                         "/attributes", {{"country", nullptr}}));
  cases.push_back(Stored("U53_time_zone", {AttributesOf(R"("time_zone":"Europe/Berlin")")}, "/attributes/time_zone",
                         "Europe/Berlin"));
  cases.push_back(Stored("inc", {AttributesOf(R"("n":5)"), AttributesOf(R"("n":{"inc":-7})")}, "/attributes/n", -2));
  return cases;
}

std::vector<Case> EventCases() {
  const std::string time = R"("time":"2026-11-24T10:00:00Z")";
  std::vector<Case> cases;
  const auto faulty = [&cases](const std::string& name, const std::string& members, const std::string& error,
                               std::vector<std::string> switches = {}) {
    cases.push_back(Item(name, "events", Event(members), error, std::move(switches)));
  };
  const auto stored = [&cases](const std::string& name, const std::string& members, const std::string& pointer,
                               json value, std::vector<std::string> switches = {}) {
    cases.push_back({name,
                     Events(Event(members)),
                     201,
                     Success("events", 1),
                     {},
                     std::move(switches),
                     {IdentifierKind::kExternalId, "u"},
                     pointer,
                     std::move(value)});
  };
  faulty("U28_name", time, "'name' is required");
  faulty("U28_time", R"("name":"e")", "'time' is required");
  stored("U28_time_now", R"("name":"e")", "/events/0/time", "2026-11-24T12:00:00.000Z", {"missing_time=now"});
  faulty("U29", R"("name":"e","time":"yesterday")", "'time' is not valid");
  stored("U29_braze_format", R"("name":"e","time":"2026-11-24T10:00:00:250Z")", "/events/0/time",
         "2026-11-24T10:00:00.250Z");
  stored("U30", R"("name":"e","time":"2027-01-01T00:00:00Z")", "/events/0/time", "2026-11-24T12:00:00.000Z");
  const std::string long_name(256, 'n');
  faulty("U31", R"("name":")" + long_name + "\"," + time, "'name' is too long");
  stored("U31_truncated", R"("name":")" + long_name + "\"," + time, "/events/0/name", long_name.substr(1),
         {"event_name_long=truncate"});
  const std::string start = R"("name":"e",)" + time + R"(,"properties":)";
  faulty("U32_dollar", start + R"({"$a":1})", kBadProperties);
  faulty("U32_empty", start + R"({"":1})", kBadProperties);
  faulty("U32_long", start + "{\"" + long_name + "\":1}", kBadProperties);
  faulty("U33", start + R"({"event_name":1})", kBadProperties);
  faulty("U34", start + "{\"a\":\"" + std::string(102400, 'x') + "\"}", "'properties' is too large");
  std::string many = "{\"p0\":0";
  for (int i = 1; i < 300; ++i) many += ",\"p" + std::to_string(i) + "\":" + std::to_string(i);
  stored("U35_first_kept", start + many + "}", "/events/0/properties/p255", 255);
  stored("U35_others_dropped", start + many + "}", "/events/0/properties/p256", nullptr);
  const std::string viewed = R"("name":"ecommerce.product_viewed",)" + time + R"(,"properties":{"currency":"USD"})";
  faulty("U36", viewed, "The property '#/' did not contain a required property of 'product_id'");
  stored("U36_ignored", viewed, "/events/0/name", "ecommerce.product_viewed", {"ecommerce_schemas=ignore"});
  cases.push_back({"U55",
                   Events(Event(R"("name":"e",)" + time)),
                   201,
                   Success("events", 1),
                   {Events(Event(R"("name":"e",)" + time))},
                   {},
                   {IdentifierKind::kExternalId, "u"},
                   "/events/1/name",
                   "e"});
  return cases;
}

std::vector<Case> PurchaseCases() {
  std::vector<Case> cases;
  const auto faulty = [&cases](const std::string& name, const std::string& replaced, const std::string& error) {
    cases.push_back(Item(name, "purchases", Purchase(replaced), error));
  };
  faulty("U33_purchase", R"("properties":{"price":1})", kBadProperties);
  faulty("U34_purchase", R"("properties":{"a":")" + std::string(51200, 'x') + "\"}", "'properties' is too large");
  faulty("U37_product", R"("product_id":null)", "'product_id' is required");
  faulty("U37_currency", R"("currency":null)", "'currency' is required");
  faulty("U37_price", R"("price":null)", "'price' is required");
  faulty("U37_time", R"("time":null)", "'time' is required");
  faulty("U38", R"("currency":"ABC")", "'currency' is not valid");
  faulty("U39", R"("price":"9.5")", "'price' is not valid");
  faulty("U40_zero", R"("quantity":0)", "'quantity' is not valid");
  faulty("U40_101", R"("quantity":101)", "'quantity' is not valid");
  faulty("U40_fraction", R"("quantity":1.5)", "'quantity' is not valid");
  faulty("U40_text", R"("quantity":"2")", "'quantity' is not valid");
  const auto stored = [&cases](const std::string& name, const std::string& replaced, json price,
                               std::vector<std::string> switches = {}) {
    cases.push_back({name,
                     Purchases(Purchase(replaced)),
                     201,
                     Success("purchases", 1),
                     {},
                     std::move(switches),
                     {IdentifierKind::kExternalId, "u"},
                     "/purchases/0/price",
                     std::move(price)});
  };
  stored("U38_accepted", R"("currency":"ABC")", 9.5, {"currency_check=accept"});
  stored("U39_coerced", R"("price":"9.5")", 9.5, {"price_string=coerce"});
  stored("U41", R"("price":-3.25,"quantity":100)", -3.25);
  return cases;
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (auto cases : {FrameCases(), IdentifierCases(), FieldCases(), EventCases(), PurchaseCases()}) {
    std::move(cases.begin(), cases.end(), std::back_inserter(all));
  }
  return all;
}

class TrackTable : public testing::TestWithParam<Case> {};

TEST_P(TrackTable, AnswersAsTheTableSays) {
  const Case& c = GetParam();
  Switches switches;
  for (const std::string& pair : c.switches) ASSERT_TRUE(switches.SetPair(pair).ok()) << pair;
  BrazeModel model(switches);
  for (const std::string& body : c.before) ASSERT_EQ(model.Track(body, kNow).status, 201);

  const TrackReply reply = model.Track(c.body, kNow);

  EXPECT_EQ(reply.status, c.status);
  EXPECT_EQ(json::parse(reply.body), c.reply);
  if (c.pointer.empty()) return;
  const auto profile = model.UserJson(c.user);
  EXPECT_EQ(profile.has_value(), c.pointer != "absent");
  if (!profile || c.pointer == "absent") return;
  const json found = json::parse(*profile);
  const json::json_pointer pointer(c.pointer);
  EXPECT_EQ(found.contains(pointer) ? found[pointer] : json(nullptr), c.value) << *profile;
}

INSTANTIATE_TEST_SUITE_P(EdgeCases, TrackTable, testing::ValuesIn(AllCases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace cdi::braze_mock
