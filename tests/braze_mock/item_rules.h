// Which attribute, event and purchase objects Braze takes, beyond their identifier.
#pragma once

#include "tests/braze_mock/item_error.h"
#include "tests/braze_mock/json_view.h"

namespace cdi::braze_mock {

inline constexpr size_t kPropertiesMax = 256;  // of an event; those beyond are dropped silently

// Each appends the faults of `object` to `errors`, in a fixed order.
void CheckAttributes(const Object& object, const Switches& switches, ItemErrors& errors);
void CheckEvent(const Object& object, const Switches& switches, ItemErrors& errors);
void CheckPurchase(const Object& object, const Switches& switches, ItemErrors& errors);

}  // namespace cdi::braze_mock
