#include "tests/braze_mock/identifier.h"

#include <string>

#include "tests/braze_mock/text_parts.h"
#include "tests/braze_mock/value_rules.h"

namespace cdi::braze_mock {
namespace {

constexpr size_t kExternalIdBytesMax = 987;
constexpr size_t kAliasBytesMax = 236;

Identifier Faulty(ItemFault fault) {
  Identifier identifier;
  identifier.fault = fault;
  return identifier;
}

Identifier Named(IdentifierKind kind, std::string value) {
  Identifier identifier;
  identifier.key = UserKey{kind, std::move(value)};
  return identifier;
}

Identifier FromExternalId(const Element& value, const Switches& switches) {
  std::string id;
  if (const auto text = AsText(value)) {
    id = *text;
  } else if (IsInteger(value) && switches.IsDefault(SwitchId::kNumericId)) {
    id = Compact(value);
  }
  if (id.empty()) return Faulty(ItemFault::kNoIdentifier);
  if (id.size() > kExternalIdBytesMax) return Faulty(ItemFault::kIdTooLarge);
  if (switches.Lists(SwitchId::kBlockedIds, id)) return Faulty(ItemFault::kIdBlocked);
  return Named(IdentifierKind::kExternalId, std::move(id));
}

Identifier FromAlias(const Element& value) {
  const auto alias = AsObject(value);
  if (!alias) return Faulty(ItemFault::kAlias);
  const auto label_value = Find(*alias, "alias_label");
  const auto name_value = Find(*alias, "alias_name");
  const auto label = label_value ? AsText(*label_value) : std::nullopt;
  const auto name = name_value ? AsText(*name_value) : std::nullopt;
  if (!label || !name || label->empty() || name->empty() || label->size() > kAliasBytesMax ||
      name->size() > kAliasBytesMax) {
    return Faulty(ItemFault::kAlias);
  }
  Identifier identifier = Named(IdentifierKind::kUserAlias, Join({*label, "/", *name}));
  identifier.alias_label = *label;
  identifier.alias_name = *name;
  return identifier;
}

Identifier FromBrazeId(const Element& value) {
  const auto text = AsText(value);
  if (!text || text->empty()) return Faulty(ItemFault::kNoIdentifier);
  return Named(IdentifierKind::kBrazeId, std::string(*text));
}

// A member that may be there. Not std::optional: g++ 12 takes its inner element for uninitialised.
struct Member {
  Element value;
  bool present = false;

  void Take(const Element& found) {
    value = found;
    present = true;
  }
  void DropNull() { present = present && !value.is_null(); }
};

Identifier FromEmail(const Element& value) {
  const auto text = AsText(value);
  if (!text || !IsEmail(*text)) return Faulty(ItemFault::kEmail);
  return Named(IdentifierKind::kEmail, std::string(*text));
}

Identifier FromPhone(const Element& value, const Switches& switches) {
  const auto text = AsText(value);
  if (!text || !IsPhone(*text, !switches.IsDefault(SwitchId::kPhonePlus))) return Faulty(ItemFault::kPhone);
  return Named(IdentifierKind::kPhone, std::string(*text));
}

}  // namespace

Identifier ReadIdentifier(const Object& object, const Switches& switches) {
  Member external_id;
  Member alias;
  Member braze_id;
  Member email;
  Member phone;
  // One walk, as every object of every request comes through here.
  for (const auto& [name, value] : object) {
    if (name == "external_id") external_id.Take(value);
    if (name == "user_alias") alias.Take(value);
    if (name == "braze_id") braze_id.Take(value);
    if (name == "email") email.Take(value);
    if (name == "phone") phone.Take(value);
  }
  for (Member* member : {&alias, &braze_id, &email, &phone}) member->DropNull();
  if (!switches.IsDefault(SwitchId::kEmptyId)) {
    external_id.DropNull();
    external_id.present = external_id.present && AsText(external_id.value) != std::string_view();
  }
  const int primaries = (external_id.present ? 1 : 0) + (alias.present ? 1 : 0) + (braze_id.present ? 1 : 0);
  if (primaries > 1) return Faulty(ItemFault::kSeveralPrimaries);
  if (external_id.present) return FromExternalId(external_id.value, switches);
  if (alias.present) return FromAlias(alias.value);
  if (braze_id.present) return FromBrazeId(braze_id.value);
  if (email.present) return FromEmail(email.value);
  if (phone.present) return FromPhone(phone.value, switches);
  return Faulty(ItemFault::kNoIdentifier);
}

}  // namespace cdi::braze_mock
