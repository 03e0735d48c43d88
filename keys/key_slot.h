// The two places a Snowflake user has for public keys; both count for logins at the same time.
#pragma once

#include <string_view>

namespace cdi::keys {

enum class KeySlot { k1 = 1, k2 = 2 };

// "RSA_PUBLIC_KEY" or "RSA_PUBLIC_KEY_2": the user's property in Snowflake.
constexpr std::string_view SlotProperty(KeySlot slot) {
  return slot == KeySlot::k1 ? "RSA_PUBLIC_KEY" : "RSA_PUBLIC_KEY_2";
}

constexpr KeySlot OtherSlot(KeySlot slot) {
  return slot == KeySlot::k1 ? KeySlot::k2 : KeySlot::k1;
}

}  // namespace cdi::keys
