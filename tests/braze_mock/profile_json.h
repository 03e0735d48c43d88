// Profiles as JSON: for GET /__mock/users and for the reply of /users/track/sync.
#pragma once

#include <string>

#include "tests/braze_mock/braze_model.h"
#include "tests/braze_mock/profile_store.h"

namespace cdi::braze_mock {

// The whole profile, in the shape described at BrazeModel::UserJson.
std::string ProfileJson(const ProfileStore& store, const Profile& profile);

// `"custom_attributes":{…}`, `"custom_events":[{name,first,last,count}]` or `"purchase_events":[{product_id,…}]`.
std::string SyncSummaryJson(const ProfileStore& store, const Profile& profile, InputArray array);

}  // namespace cdi::braze_mock
