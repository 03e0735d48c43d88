#include "tests/braze_mock/item_rules.h"

#include <algorithm>
#include <span>

#include "tests/braze_mock/ecommerce_schema.h"
#include "tests/braze_mock/known_codes.h"
#include "tests/braze_mock/text_parts.h"
#include "tests/braze_mock/value_rules.h"

namespace cdi::braze_mock {
namespace {

constexpr std::string_view kEventReserved[] = {"time", "event_name"};
constexpr std::string_view kPurchaseReserved[] = {"time", "product_id", "quantity", "event_name", "price", "currency"};

bool IsPresent(const std::optional<Element>& value) {
  return value && !value->is_null();
}

bool IsMessagingState(const Element& value) {
  const auto text = AsText(value);
  return text && (*text == "subscribed" || *text == "unsubscribed" || *text == "opted_in");
}

bool IsLocation(const Element& value) {
  const auto location = AsObject(value);
  if (!location) return false;
  const auto longitude = Find(*location, "longitude");
  const auto latitude = Find(*location, "latitude");
  return longitude && latitude && AsNumber(*longitude) && AsNumber(*latitude);
}

void CheckGroups(const Element& value, ItemErrors& errors) {
  const auto groups = AsArray(value);
  if (!groups) {
    errors.push_back({ItemFault::kGroupArray});
    return;
  }
  for (const Element& element : *groups) {
    const auto group = AsObject(element);
    if (!group) {
      errors.push_back({ItemFault::kGroupHash});
      continue;
    }
    const auto id = Find(*group, "subscription_group_id");
    const auto id_text = id ? AsText(*id) : std::nullopt;
    if (!id_text || id_text->empty()) errors.push_back({ItemFault::kGroupId});
    const auto state = Find(*group, "subscription_state");
    const auto state_text = state ? AsText(*state) : std::nullopt;
    if (state_text != "subscribed" && state_text != "unsubscribed") errors.push_back({ItemFault::kGroupState});
  }
}

void CheckPushTokens(const Element& value, ItemErrors& errors) {
  const auto tokens = AsArray(value);
  if (!tokens) {
    errors.push_back({ItemFault::kPushToken});
    return;
  }
  for (const Element& element : *tokens) {
    const auto token = AsObject(element);
    const auto text_of = [&token](std::string_view key) -> std::string_view {
      const auto member = token ? Find(*token, key) : std::nullopt;
      return member ? AsText(*member).value_or("") : "";
    };
    if (text_of("app_id").empty()) errors.push_back({ItemFault::kPushAppId});
    if (text_of("token").empty()) errors.push_back({ItemFault::kPushToken});
    const bool has_device = token && IsPresent(Find(*token, "device_id"));
    const size_t device_bytes = text_of("device_id").size();
    if (has_device && (device_bytes < 8 || device_bytes > 255)) errors.push_back({ItemFault::kDeviceId});
  }
}

void CheckTime(const std::optional<Element>& value, const Switches& switches, ItemErrors& errors) {
  if (!IsPresent(value)) {
    if (switches.IsDefault(SwitchId::kMissingTime)) errors.push_back({ItemFault::kTimeMissing});
    return;
  }
  const auto text = AsText(*value);
  if (!text || !ParseTime(*text)) errors.push_back({ItemFault::kTimeInvalid});
}

bool IsPropertyName(std::string_view name, std::span<const std::string_view> reserved) {
  if (name.empty() || name.front() == '$' || CountChars(name) > kStringCharsMax) return false;
  return std::find(reserved.begin(), reserved.end(), name) == reserved.end();
}

void CheckProperties(const std::optional<Element>& value, std::span<const std::string_view> reserved, size_t bytes_max,
                     ItemErrors& errors) {
  if (!IsPresent(value)) return;
  const auto properties = AsObject(*value);
  if (!properties || !std::all_of(properties->begin(), properties->end(),
                                  [reserved](const auto& member) { return IsPropertyName(member.key, reserved); })) {
    errors.push_back({ItemFault::kProperties});
    return;
  }
  if (Compact(*value).size() > bytes_max) errors.push_back({ItemFault::kPropertyBytes});
}

void CheckPrice(const std::optional<Element>& value, const Switches& switches, ItemErrors& errors) {
  if (!IsPresent(value)) {
    errors.push_back({ItemFault::kPriceMissing});
    return;
  }
  if (AsNumber(*value)) return;
  const auto text = AsText(*value);
  const bool numeric_text = text && ReadNumber<double>(*text).has_value();
  if (switches.IsDefault(SwitchId::kPriceString) || !numeric_text) errors.push_back({ItemFault::kPriceInvalid});
}

bool IsQuantity(const Element& value) {
  int64_t quantity = 0;
  return value.get(quantity) == simdjson::SUCCESS && quantity >= 1 && quantity <= 100;
}

}  // namespace

void CheckAttributes(const Object& object, const Switches& switches, ItemErrors& errors) {
  for (const auto& [name, value] : object) {
    if (value.is_null()) continue;  // removes the field
    if (name == "email") {
      const auto text = AsText(value);
      if ((!text || !IsEmail(*text)) && switches.IsDefault(SwitchId::kBadEmail)) errors.push_back({ItemFault::kEmail});
    } else if (name == "email_subscribe") {
      if (!IsMessagingState(value)) errors.push_back({ItemFault::kEmailSubscribe});
    } else if (name == "push_subscribe") {
      if (!IsMessagingState(value)) errors.push_back({ItemFault::kPushSubscribe});
    } else if (name == "current_location") {
      if (!IsLocation(value)) errors.push_back({ItemFault::kLocation});
    } else if (name == "subscription_groups") {
      CheckGroups(value, errors);
    } else if (name == "push_tokens") {
      CheckPushTokens(value, errors);
    }
  }
}

void CheckEvent(const Object& object, const Switches& switches, ItemErrors& errors) {
  const auto name_value = Find(object, "name");
  const auto name = name_value ? AsText(*name_value) : std::nullopt;
  if (!name || name->empty()) {
    errors.push_back({ItemFault::kName});
  } else if (switches.IsDefault(SwitchId::kEventNameLong) && CountChars(*name) > kStringCharsMax) {
    errors.push_back({ItemFault::kEventNameLong});
  }
  CheckTime(Find(object, "time"), switches, errors);
  const auto properties = Find(object, "properties");
  CheckProperties(properties, kEventReserved, switches.Number(SwitchId::kEventPropertyBytesMax), errors);
  if (name && switches.IsDefault(SwitchId::kEcommerceSchemas)) {
    const auto members = properties ? AsObject(*properties) : std::nullopt;
    if (auto violation = EcommerceViolation(*name, members)) {
      errors.push_back({ItemFault::kSchema, std::move(*violation)});
    }
  }
}

void CheckPurchase(const Object& object, const Switches& switches, ItemErrors& errors) {
  const auto product = Find(object, "product_id");
  const auto product_text = product ? AsText(*product) : std::nullopt;
  if (!product_text || product_text->empty() || CountChars(*product_text) > kStringCharsMax) {
    errors.push_back({ItemFault::kProductId});
  }
  const auto currency = Find(object, "currency");
  if (!IsPresent(currency)) {
    errors.push_back({ItemFault::kCurrencyMissing});
  } else if (const auto code = AsText(*currency);
             !code || (switches.IsDefault(SwitchId::kCurrencyCheck) && !IsCurrency(*code))) {
    errors.push_back({ItemFault::kCurrencyInvalid});
  }
  CheckPrice(Find(object, "price"), switches, errors);
  CheckTime(Find(object, "time"), switches, errors);
  if (const auto quantity = Find(object, "quantity"); IsPresent(quantity) && !IsQuantity(*quantity)) {
    errors.push_back({ItemFault::kQuantity});
  }
  CheckProperties(Find(object, "properties"), kPurchaseReserved, switches.Number(SwitchId::kPurchasePropertyBytesMax),
                  errors);
}

}  // namespace cdi::braze_mock
