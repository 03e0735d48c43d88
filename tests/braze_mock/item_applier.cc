#include "tests/braze_mock/item_applier.h"

#include <algorithm>

#include "base/text.h"
#include "tests/braze_mock/attribute_value.h"
#include "tests/braze_mock/item_rules.h"
#include "tests/braze_mock/text_parts.h"
#include "tests/braze_mock/value_rules.h"

namespace cdi::braze_mock {
namespace {

// Not attributes: identifiers, flags, reserved names, and fields Braze has retired and ignores.
constexpr std::string_view kNotStored[] = {"external_id",         "user_alias", "braze_id",    "_update_existing_only",
                                           "_merge_objects",      "alias_name", "alias_label", "push_token_import",
                                           "subscription_groups", "bio"};

bool IsStored(std::string_view name) {
  return std::find(std::begin(kNotStored), std::end(kNotStored), name) == std::end(kNotStored);
}

std::string_view Trimmed(std::string_view name) {
  const size_t first = name.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return name.substr(first, name.find_last_not_of(' ') - first + 1);
}

int64_t Milliseconds(const Timestamp& time) {
  return time.seconds * 1000 + time.nanos / 1'000'000;
}

// Compact JSON of the first 256 properties; empty for none.
std::string PropertiesText(const std::optional<Element>& value, bool limited) {
  const auto properties = value ? AsObject(*value) : std::nullopt;
  if (!properties || properties->size() == 0) return {};
  if (!limited || properties->size() <= kPropertiesMax) return Compact(*value);
  std::string json = "{";
  size_t kept = 0;
  for (const auto& [name, member] : *properties) {
    if (kept++ == kPropertiesMax) break;
    if (json.size() > 1) json += ',';
    json += Join({JsonQuote(name), ":", Compact(member)});
  }
  json += '}';
  return json;
}

std::string_view TextOf(const Object& object, std::string_view key) {
  const auto value = Find(object, key);
  return value ? AsText(*value).value_or("") : "";
}

void WriteGroups(Profile& profile, const Element& value) {
  const auto groups = AsArray(value);
  if (!groups) return;
  for (const Element& element : *groups) {
    const auto group = AsObject(element);
    if (!group) continue;
    const std::string_view id = TextOf(*group, "subscription_group_id");
    const std::string_view state = TextOf(*group, "subscription_state");
    auto& known_groups = profile.MakeExtras().groups;
    const auto found =
        std::find_if(known_groups.begin(), known_groups.end(), [id](const auto& known) { return known.first == id; });
    if (found == known_groups.end()) {
      known_groups.emplace_back(id, state);
    } else {
      found->second = std::string(state);
    }
  }
}

}  // namespace

Profile* ItemApplier::Apply(InputArray array, const Object& object, const Identifier& identifier) {
  Profile* profile = FindOrCreate(array, object, identifier);
  if (profile == nullptr) return nullptr;
  switch (array) {
    case InputArray::kAttributes:
      WriteAttributes(*profile, object);
      break;
    case InputArray::kEvents:
      WriteEvent(*profile, object);
      break;
    case InputArray::kPurchases:
      WritePurchase(*profile, object);
      break;
  }
  store_.Touch(*profile);
  return profile;
}

Profile* ItemApplier::FindOrCreate(InputArray array, const Object& object, const Identifier& identifier) {
  const auto flag = Find(object, "_update_existing_only");
  const bool update_only = flag && IsTrue(*flag);
  const std::string& value = identifier.key.value;
  switch (identifier.key.kind) {
    case IdentifierKind::kExternalId:
      if (Profile* known = store_.FindByExternalId(value)) return known;
      return update_only ? nullptr : &store_.CreateWithExternalId(value);
    case IdentifierKind::kUserAlias: {
      if (Profile* known = store_.FindByAlias(identifier.alias_label, identifier.alias_name)) return known;
      // Update-only is the default for an alias, and the only way for its events and purchases.
      const bool creates = flag && !flag->is_null() && !update_only && array == InputArray::kAttributes;
      return creates ? &store_.CreateWithAlias(identifier.alias_label, identifier.alias_name) : nullptr;
    }
    case IdentifierKind::kBrazeId:
      return store_.FindByBrazeId(value);
    case IdentifierKind::kEmail:
    case IdentifierKind::kPhone: {
      const bool by_email = identifier.key.kind == IdentifierKind::kEmail;
      if (Profile* known = by_email ? store_.FindByEmail(value) : store_.FindByPhone(value)) return known;
      if (update_only) return nullptr;
      Profile& created = store_.CreateAnonymous();
      store_.SetAttribute(created, by_email ? "email" : "phone", JsonQuote(value));
      return &created;
    }
    case IdentifierKind::kNone:
      break;
  }
  return nullptr;
}

void ItemApplier::WriteAttributes(Profile& profile, const Object& object) {
  const auto merge_flag = Find(object, "_merge_objects");
  const bool merge = merge_flag && IsTrue(*merge_flag);
  for (const auto& [raw_name, value] : object) {
    const std::string_view name = Trimmed(raw_name);
    if (name == "subscription_groups") WriteGroups(profile, value);
    if (!IsStored(name) || name.empty() || CountChars(name) > kStringCharsMax) continue;
    if (switches_.Lists(SwitchId::kBlockedAttributes, name)) continue;
    AttributeChange change = ChangeAttribute(name, store_.FindAttribute(profile, name), value, merge, switches_);
    if (change.kind == AttributeChange::Kind::kSet) store_.SetAttribute(profile, name, change.json);
    if (change.kind == AttributeChange::Kind::kRemove) store_.RemoveAttribute(profile, name);
  }
  profile.attributes.Shrink();
}

void ItemApplier::WriteEvent(Profile& profile, const Object& object) {
  StoredEvent& event = profile.MakeExtras().events.emplace_back();
  event.name = store_.Intern(FirstChars(TextOf(object, "name"), kStringCharsMax));
  event.time_ms = TimeOf(object);
  event.properties = PropertiesText(Find(object, "properties"), true);
}

void ItemApplier::WritePurchase(Profile& profile, const Object& object) {
  StoredPurchase& purchase = profile.MakeExtras().purchases.emplace_back();
  purchase.product_id = store_.Intern(TextOf(object, "product_id"));
  purchase.currency = store_.Intern(TextOf(object, "currency"));
  const auto price = Find(object, "price");
  purchase.price = AsNumber(*price).value_or(ReadNumber<double>(AsText(*price).value_or("")).value_or(0));
  int64_t quantity = 1;
  if (const auto value = Find(object, "quantity")) {
    if (value->get(quantity) != simdjson::SUCCESS) quantity = 1;
  }
  purchase.quantity = static_cast<int>(quantity);
  purchase.time_ms = TimeOf(object);
  purchase.properties = PropertiesText(Find(object, "properties"), false);
}

int64_t ItemApplier::TimeOf(const Object& object) const {
  const auto time = ParseTime(TextOf(object, "time"));
  return Milliseconds(time ? std::min(*time, now_) : now_);
}

}  // namespace cdi::braze_mock
