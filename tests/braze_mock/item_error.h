// The faults of single objects in a /users/track request, and how they are worded in `errors[].type`.
//
// Sentences were seen on a staging workspace (2026-09-15); codes are those of the endpoint page (2026-11). A fault that
// has only one of the two is worded with it in both styles.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/braze_mock/switches.h"

namespace cdi::braze_mock {

enum class ItemFault : uint8_t {
  kElementType,
  kNoIdentifier,
  kSeveralPrimaries,
  kAlias,
  kIdTooLarge,
  kIdBlocked,
  kEmail,
  kPhone,
  kEmailSubscribe,
  kPushSubscribe,
  kLocation,
  kGroupArray,
  kGroupHash,
  kGroupId,
  kGroupState,
  kDeviceId,
  kPushAppId,
  kPushToken,
  kName,
  kTimeMissing,
  kTimeInvalid,
  kEventNameLong,
  kProperties,
  kPropertyBytes,
  kSchema,  // `detail` is the sentence
  kProductId,
  kCurrencyMissing,
  kCurrencyInvalid,
  kPriceMissing,
  kPriceInvalid,
  kQuantity,
};

struct ItemError {
  ItemFault fault;
  std::string detail = {};
};

using ItemErrors = std::vector<ItemError>;

std::string Wording(const ItemError& error, const Switches& switches);

}  // namespace cdi::braze_mock
