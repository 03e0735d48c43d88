// Named switches of the stand-in: one for each behaviour where Braze's documents are silent, contradictory, or differ
// between customers. The defaults are the reading this project prefers; a switch lets a test, or somebody who has seen
// the real service answer, choose another one without touching code.
//
// A plain value, cheap to copy. Not synchronised: set before use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cdi::braze_mock {

// In the order of the table in switches.cc. Names without `kText` decide behaviour, `kText…` are reply texts.
enum class SwitchId : uint8_t {
  kErrorStyle,
  kItemErrors,
  kSuccess,
  kCountersOfEmptyArrays,
  kPermissionStatus,
  kAccount,
  kBodyBytesMax,
  kOversizeStatus,
  kBulkBodyBytesMax,
  kBulkOversizeStatus,
  kRateLimitBody,
  kEmptyRequest,
  kArrayType,
  kObjectLimit,
  kElementType,
  kEmptyId,
  kNumericId,
  kUpdateOnlyCounted,
  kBadEmail,
  kPhonePlus,
  kMissingTime,
  kEventNameLong,
  kEventPropertyBytesMax,
  kPurchasePropertyBytesMax,
  kEcommerceSchemas,
  kCurrencyCheck,
  kPriceString,
  kLongString,
  kUpdateWithoutMerge,
  kMergeNull,
  kArrayMax,
  kUnknownKey,
  kBlockedIds,
  kBlockedAttributes,
  kForcedTypes,
  kTextMissingKey,
  kTextAccessDenied,
  kTextForbidden,
  kTextNotFound,
  kTextMediaType,
  kTextNotAnObject,
  kTextOversize,
  kTextRateLimited,
  kTextNothingValid,
  kTextTooMany,
  kTextElementType,
  kTextAlias,
  kTextPhone,
  kTextName,
  kTextTimeMissing,
  kTextTimeInvalid,
  kTextEventNameLong,
  kTextPropertyBytes,
  kTextProductId,
  kTextCurrencyMissing,
  kTextCurrencyInvalid,
  kTextPriceMissing,
  kTextPriceInvalid,
  kTextUnknownKey,
  kTextSyncCount,
  kTextBulkProfile,
  kCount,
};

struct SwitchSpec {
  std::string_view name;  // what --switch takes
  std::string_view default_value;
  std::string_view choices;  // "a|b|c"; "#" a number; "*" any text
  std::string_view row;      // row of the table of edge cases in docs/braze-mock.md
  std::string_view help;
};

std::span<const SwitchSpec> SwitchSpecs();

class Switches {
 public:
  Switches();

  // kInvalidArgument names the switch and what it takes.
  absl::Status Set(std::string_view name, std::string_view value);
  // "NAME=VALUE", as the command line gives it.
  absl::Status SetPair(std::string_view pair);

  const std::string& Text(SwitchId id) const { return values_[static_cast<size_t>(id)]; }
  // Position of the value among the choices; 0 is the default for every switch with choices.
  int Choice(SwitchId id) const { return static_cast<int>(numbers_[static_cast<size_t>(id)]); }
  bool IsDefault(SwitchId id) const { return Choice(id) == 0; }
  // Of a switch that takes a number.
  size_t Number(SwitchId id) const { return numbers_[static_cast<size_t>(id)]; }
  // Of a switch that takes a comma-separated list.
  bool Lists(SwitchId id, std::string_view entry) const;
  // The entry "key:rest" of a list, or empty.
  std::string_view ListedValue(SwitchId id, std::string_view key) const;

 private:
  void Store(size_t position, std::string_view value, size_t number);

  std::array<std::string, static_cast<size_t>(SwitchId::kCount)> values_;
  std::array<size_t, static_cast<size_t>(SwitchId::kCount)> numbers_{};
};

}  // namespace cdi::braze_mock
