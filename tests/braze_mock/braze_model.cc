#include "tests/braze_mock/braze_model.h"

#include <array>
#include <unordered_map>

#include "base/digest.h"
#include "base/text.h"
#include "tests/braze_mock/identifier.h"
#include "tests/braze_mock/item_applier.h"
#include "tests/braze_mock/item_rules.h"
#include "tests/braze_mock/profile_json.h"
#include "tests/braze_mock/profile_store.h"
#include "tests/braze_mock/request_body.h"
#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

constexpr std::array<InputArray, 3> kArrays = {InputArray::kAttributes, InputArray::kEvents, InputArray::kPurchases};
constexpr size_t kBulkObjectsMax = 1000;
constexpr size_t kBulkObjectsPerUserMax = 100;
constexpr std::string_view kParseError = "Error while parsing request body. Please check your syntax.";

// The arrays of a request; an array that was not sent is empty.
struct Arrays {
  std::array<std::optional<Array>, kArrays.size()> sent;

  size_t objects() const {
    size_t count = 0;
    for (const auto& array : sent) count += array ? array->size() : 0;
    return count;
  }
};

TrackReply Refusal(int status, std::string_view message) {
  return TrackReply{status, Join({"{\"message\":", JsonQuote(message), "}"}), {}};
}

// The first problem with the frame of a request, or the arrays.
std::optional<TrackReply> ReadArrays(const Object& request, const Switches& switches, Arrays& arrays) {
  for (const auto& [name, value] : request) {
    bool known = name == "partner";
    for (size_t i = 0; i < kArrays.size(); ++i) {
      if (name != Name(kArrays[i])) continue;
      known = true;
      if (value.is_null()) continue;
      arrays.sent[i] = AsArray(value);
      if (!arrays.sent[i] && switches.IsDefault(SwitchId::kArrayType)) {
        return Refusal(400, switches.Text(SwitchId::kTextNothingValid));
      }
    }
    if (!known && !switches.IsDefault(SwitchId::kUnknownKey)) {
      return Refusal(400, switches.Text(SwitchId::kTextUnknownKey));
    }
  }
  return std::nullopt;
}

bool IsTooMany(const Arrays& arrays, TrackEndpoint endpoint, const Switches& switches) {
  if (endpoint == TrackEndpoint::kBulk) return arrays.objects() > kBulkObjectsMax;
  const int limit = switches.Choice(SwitchId::kObjectLimit);  // 0 combined75, 1 per_array75, 2 combined50
  if (limit != 1) return arrays.objects() > (limit == 0 ? 75U : 50U);
  for (const auto& array : arrays.sent) {
    if (array && array->size() > 75) return true;
  }
  return false;
}

bool HasCrowdedUser(const Arrays& arrays, const Switches& switches) {
  std::unordered_map<std::string, size_t> objects_by_user;
  for (const auto& array : arrays.sent) {
    if (!array) continue;
    for (const Element& element : *array) {
      const auto object = AsObject(element);
      if (!object) continue;
      const UserKey user = ReadIdentifier(*object, switches).key;
      if (user.kind == IdentifierKind::kNone) continue;
      if (++objects_by_user[Join({Name(user.kind), ":", user.value})] > kBulkObjectsPerUserMax) return true;
    }
  }
  return false;
}

bool HasOtherElements(const Arrays& arrays) {
  for (const auto& array : arrays.sent) {
    if (!array) continue;
    for (const Element& element : *array) {
      if (!element.is_object()) return true;
    }
  }
  return false;
}

// Limits on the request as a whole; nothing of it is applied when one is broken.
std::optional<TrackReply> CheckLimits(const Arrays& arrays, TrackEndpoint endpoint, const Switches& switches) {
  const size_t objects = arrays.objects();
  if (endpoint == TrackEndpoint::kSync && objects > 1) return Refusal(400, switches.Text(SwitchId::kTextSyncCount));
  if (IsTooMany(arrays, endpoint, switches)) return Refusal(400, switches.Text(SwitchId::kTextTooMany));
  if (endpoint == TrackEndpoint::kBulk && HasCrowdedUser(arrays, switches)) {
    return Refusal(400, switches.Text(SwitchId::kTextBulkProfile));
  }
  if (!switches.IsDefault(SwitchId::kElementType) && HasOtherElements(arrays)) {
    return Refusal(400, switches.Text(SwitchId::kTextElementType));
  }
  if (objects == 0 && switches.IsDefault(SwitchId::kEmptyRequest)) {
    return Refusal(400, switches.Text(SwitchId::kTextNothingValid));
  }
  return std::nullopt;
}

ItemErrors CheckItem(InputArray array, const Object& object, const Identifier& identifier, const Switches& switches) {
  ItemErrors errors;
  if (identifier.fault) errors.push_back({*identifier.fault});
  switch (array) {
    case InputArray::kAttributes:
      CheckAttributes(object, switches, errors);
      break;
    case InputArray::kEvents:
      CheckEvent(object, switches, errors);
      break;
    case InputArray::kPurchases:
      CheckPurchase(object, switches, errors);
      break;
  }
  return errors;
}

int SuccessStatus(const Switches& switches) {
  constexpr std::array<int, 3> kStatuses = {201, 200, 202};
  return kStatuses[static_cast<size_t>(switches.Choice(SwitchId::kSuccess))];
}

}  // namespace

std::string_view Name(InputArray array) {
  switch (array) {
    case InputArray::kAttributes:
      return "attributes";
    case InputArray::kEvents:
      return "events";
    case InputArray::kPurchases:
      return "purchases";
  }
  return "";
}

std::string_view Name(IdentifierKind kind) {
  switch (kind) {
    case IdentifierKind::kNone:
      return "none";
    case IdentifierKind::kExternalId:
      return "external_id";
    case IdentifierKind::kUserAlias:
      return "user_alias";
    case IdentifierKind::kBrazeId:
      return "braze_id";
    case IdentifierKind::kEmail:
      return "email";
    case IdentifierKind::kPhone:
      return "phone";
  }
  return "";
}

struct BrazeModel::Parts {
  // The course of one request over its objects.
  struct Course {
    TrackReply reply;
    std::string errors;  // JSON elements, comma-separated
    std::array<size_t, kArrays.size()> processed{};
    const Profile* last_profile = nullptr;
  };

  void TakeObject(InputArray array, uint32_t index, const Element& element, const Switches& switches,
                  ItemApplier& applier, Course& course);
  std::string SuccessBody(const Arrays& arrays, const Course& course, const Switches& switches) const;
  std::string SyncBody(const Course& course) const;

  ProfileStore store;
  RequestBody body;
};

BrazeModel::BrazeModel(Switches switches) : switches_(std::move(switches)), parts_(std::make_unique<Parts>()) {}

BrazeModel::~BrazeModel() = default;

void BrazeModel::Parts::TakeObject(InputArray array, uint32_t index, const Element& element, const Switches& switches,
                                   ItemApplier& applier, Course& course) {
  ObjectVerdict& verdict = course.reply.objects.emplace_back();
  verdict.array = array;
  verdict.index = index;
  verdict.digest = Hash128(Compact(element)).low;
  const auto object = AsObject(element);
  Identifier identifier;
  ItemErrors errors;
  if (object) {
    identifier = ReadIdentifier(*object, switches);
    verdict.user = identifier.key;
    errors = CheckItem(array, *object, identifier, switches);
  } else {
    errors.push_back({ItemFault::kElementType});
  }
  if (errors.empty()) {
    const Profile* profile = applier.Apply(array, *object, identifier);
    verdict.effect = profile == nullptr ? ObjectVerdict::Effect::kNoUser : ObjectVerdict::Effect::kApplied;
    course.last_profile = profile;
    if (profile != nullptr || switches.IsDefault(SwitchId::kUpdateOnlyCounted)) {
      ++course.processed[static_cast<size_t>(array)];
    }
    return;
  }
  verdict.error = Wording(errors.front(), switches);
  if (switches.IsDefault(SwitchId::kItemErrors)) errors.resize(1, errors.front());
  for (const ItemError& error : errors) {
    if (!course.errors.empty()) course.errors += ',';
    course.errors += Join({"{\"type\":", JsonQuote(Wording(error, switches)), ",\"input_array\":\"", Name(array),
                           "\",\"index\":", std::to_string(index), "}"});
  }
}

std::string BrazeModel::Parts::SuccessBody(const Arrays& arrays, const Course& course, const Switches& switches) const {
  std::string json = "{\"message\":\"success\"";
  for (size_t i = 0; i < kArrays.size(); ++i) {
    if (!arrays.sent[i]) continue;
    if (arrays.sent[i]->size() == 0 && !switches.IsDefault(SwitchId::kCountersOfEmptyArrays)) continue;
    json += Join({",\"", Name(kArrays[i]), "_processed\":", std::to_string(course.processed[i])});
  }
  if (!course.errors.empty()) json += Join({",\"errors\":[", course.errors, "]"});
  json += '}';
  return json;
}

std::string BrazeModel::Parts::SyncBody(const Course& course) const {
  if (course.last_profile == nullptr) return "{\"users\":[],\"message\":\"success\"}";
  const ObjectVerdict& verdict = course.reply.objects.front();
  return Join({"{\"users\":[{", JsonQuote(Name(verdict.user.kind)), ":", JsonQuote(verdict.user.value), ",",
               SyncSummaryJson(store, *course.last_profile, verdict.array), "}],\"message\":\"success\"}"});
}

TrackReply BrazeModel::Track(std::string_view body, const Timestamp& now, TrackEndpoint endpoint) {
  const bool bulk = endpoint == TrackEndpoint::kBulk;
  if (body.size() > switches_.Number(bulk ? SwitchId::kBulkBodyBytesMax : SwitchId::kBodyBytesMax)) {
    // The two endpoints have opposite defaults.
    const bool is_default = switches_.IsDefault(bulk ? SwitchId::kBulkOversizeStatus : SwitchId::kOversizeStatus);
    return Refusal(bulk == is_default ? 400 : 413, switches_.Text(SwitchId::kTextOversize));
  }
  if (!parts_->body.Parse(body)) return Refusal(400, kParseError);
  const auto request = AsObject(parts_->body.root());
  if (!request) return Refusal(400, switches_.Text(SwitchId::kTextNotAnObject));
  Arrays arrays;
  if (auto refusal = ReadArrays(*request, switches_, arrays)) return std::move(*refusal);
  if (auto refusal = CheckLimits(arrays, endpoint, switches_)) return std::move(*refusal);

  Parts::Course course;
  course.reply.objects.reserve(arrays.objects());
  ItemApplier applier(parts_->store, switches_, now);
  for (size_t i = 0; i < kArrays.size(); ++i) {
    if (!arrays.sent[i]) continue;
    uint32_t index = 0;
    for (const Element& element : *arrays.sent[i]) {
      parts_->TakeObject(kArrays[i], index++, element, switches_, applier, course);
    }
  }
  bool all_rejected = !course.reply.objects.empty();
  for (const ObjectVerdict& verdict : course.reply.objects) {
    all_rejected = all_rejected && verdict.effect == ObjectVerdict::Effect::kRejected;
  }
  if (all_rejected) {
    course.reply.status = 400;
    course.reply.body = Join({"{\"message\":", JsonQuote(switches_.Text(SwitchId::kTextNothingValid)), ",\"errors\":[",
                              course.errors, "]}"});
    return std::move(course.reply);
  }
  course.reply.status = SuccessStatus(switches_);
  if (course.reply.status == 202) {
    course.reply.body = "{\"message\":\"queued\"}";
  } else if (endpoint == TrackEndpoint::kSync) {
    course.reply.body = parts_->SyncBody(course);
  } else {
    course.reply.body = parts_->SuccessBody(arrays, course, switches_);
  }
  return std::move(course.reply);
}

std::optional<std::string> BrazeModel::UserJson(std::string_view external_id) const {
  return UserJson(UserKey{IdentifierKind::kExternalId, std::string(external_id)});
}

std::optional<std::string> BrazeModel::UserJson(const UserKey& key) const {
  ProfileStore& store = parts_->store;
  const Profile* profile = nullptr;
  switch (key.kind) {
    case IdentifierKind::kExternalId:
      profile = store.FindByExternalId(key.value);
      break;
    case IdentifierKind::kUserAlias: {
      const size_t slash = key.value.find('/');
      if (slash == std::string::npos) break;
      const std::string_view value = key.value;
      profile = store.FindByAlias(value.substr(0, slash), value.substr(slash + 1));
      break;
    }
    case IdentifierKind::kBrazeId:
      profile = store.FindByBrazeId(key.value);
      break;
    case IdentifierKind::kEmail:
      profile = store.FindByEmail(key.value);
      break;
    case IdentifierKind::kPhone:
      profile = store.FindByPhone(key.value);
      break;
    case IdentifierKind::kNone:
      break;
  }
  if (profile == nullptr) return std::nullopt;
  return ProfileJson(store, *profile);
}

size_t BrazeModel::user_count() const {
  return parts_->store.size();
}

void BrazeModel::Reset() {
  parts_->store.Reset();
}

std::vector<UserKey> BrazeModel::UsersIn(std::string_view body) {
  std::vector<UserKey> users;
  RequestBody parsed;
  if (!parsed.Parse(body)) return users;
  const auto request = AsObject(parsed.root());
  if (!request) return users;
  const Switches switches;
  std::unordered_map<std::string, bool> seen;
  for (const InputArray name : kArrays) {
    const auto value = Find(*request, Name(name));
    const auto array = value ? AsArray(*value) : std::nullopt;
    if (!array) continue;
    for (const Element& element : *array) {
      const auto object = AsObject(element);
      if (!object) continue;
      Identifier identifier = ReadIdentifier(*object, switches);
      if (identifier.fault) continue;
      if (!seen.emplace(Join({Name(identifier.key.kind), ":", identifier.key.value}), true).second) continue;
      users.push_back(std::move(identifier.key));
    }
  }
  return users;
}

}  // namespace cdi::braze_mock
