#include "tests/braze_mock/item_error.h"

#include <string_view>

namespace cdi::braze_mock {
namespace {

struct Words {
  std::string_view text;
  std::string_view code;
};

// For faults whose words the sources give; the others have a switch.
Words KnownWords(ItemFault fault) {
  switch (fault) {
    case ItemFault::kNoIdentifier:
      return {"'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required", ""};
    case ItemFault::kSeveralPrimaries:
      return {"You must specify only one of 'external_id', 'user_alias' or 'braze_id'", ""};
    case ItemFault::kIdTooLarge:
      return {"", "EXTERNAL_USER_ID_TOO_LARGE"};
    case ItemFault::kIdBlocked:
      return {"", "BLACKLISTED_EXTERNAL_USER_ID"};
    case ItemFault::kEmail:
      return {"The value provided for the 'email' field is not a valid email.", "EMAIL_BAD_FORMAT"};
    case ItemFault::kEmailSubscribe:
      return {"'email_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'", "BAD_EMAIL_SUBSCRIPTION_STATE"};
    case ItemFault::kPushSubscribe:
      return {"'push_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'", "BAD_PUSH_SUBSCRIPTION_STATE"};
    case ItemFault::kLocation:
      return {"", "BAD_LOCATION_UPDATE"};
    case ItemFault::kGroupArray:
      return {"", "BAD_SUBSCRIPTION_GROUP_ARRAY"};
    case ItemFault::kGroupHash:
      return {"", "BAD_SUBSCRIPTION_GROUP_HASH"};
    case ItemFault::kGroupId:
      return {"", "BAD_SUBSCRIPTION_GROUP_ID"};
    case ItemFault::kGroupState:
      return {"", "BAD_SUBSCRIPTION_GROUP_STATE"};
    case ItemFault::kDeviceId:
      return {"device_id must be between 8 and 255 bytes", "BAD_DEVICE_ID"};
    case ItemFault::kPushAppId:
      return {"", "BAD_PUSH_TOKEN_APP_ID"};
    case ItemFault::kPushToken:
      return {"", "BAD_PUSH_TOKEN_STRING"};
    case ItemFault::kProperties:
      return {"Invalid 'properties' field", ""};
    case ItemFault::kQuantity:
      return {"'quantity' is not valid", ""};
    default:
      return {};
  }
}

SwitchId TextSwitch(ItemFault fault) {
  switch (fault) {
    case ItemFault::kAlias:
      return SwitchId::kTextAlias;
    case ItemFault::kPhone:
      return SwitchId::kTextPhone;
    case ItemFault::kName:
      return SwitchId::kTextName;
    case ItemFault::kTimeMissing:
      return SwitchId::kTextTimeMissing;
    case ItemFault::kTimeInvalid:
      return SwitchId::kTextTimeInvalid;
    case ItemFault::kEventNameLong:
      return SwitchId::kTextEventNameLong;
    case ItemFault::kPropertyBytes:
      return SwitchId::kTextPropertyBytes;
    case ItemFault::kProductId:
      return SwitchId::kTextProductId;
    case ItemFault::kCurrencyMissing:
      return SwitchId::kTextCurrencyMissing;
    case ItemFault::kCurrencyInvalid:
      return SwitchId::kTextCurrencyInvalid;
    case ItemFault::kPriceMissing:
      return SwitchId::kTextPriceMissing;
    case ItemFault::kPriceInvalid:
      return SwitchId::kTextPriceInvalid;
    default:
      return SwitchId::kTextElementType;
  }
}

}  // namespace

std::string Wording(const ItemError& error, const Switches& switches) {
  if (!error.detail.empty()) return error.detail;
  const Words words = KnownWords(error.fault);
  if (words.text.empty() && words.code.empty()) return switches.Text(TextSwitch(error.fault));
  if (words.text.empty()) return std::string(words.code);
  if (words.code.empty()) return std::string(words.text);
  return std::string(switches.IsDefault(SwitchId::kErrorStyle) ? words.text : words.code);
}

}  // namespace cdi::braze_mock
