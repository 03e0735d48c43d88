// Writes accepted objects into the profiles: finds or creates the user, then changes attributes or appends.
#pragma once

#include "base/timestamp.h"
#include "tests/braze_mock/identifier.h"
#include "tests/braze_mock/json_view.h"
#include "tests/braze_mock/profile_store.h"
#include "tests/braze_mock/switches.h"

namespace cdi::braze_mock {

class ItemApplier {
 public:
  // All of them outlive the applier, which lives for one request.
  ItemApplier(ProfileStore& store, const Switches& switches, const Timestamp& now)
      : store_(store), switches_(switches), now_(now) {}

  // Applies a checked object. nullptr: update-only, and the user is unknown.
  Profile* Apply(InputArray array, const Object& object, const Identifier& identifier);

 private:
  Profile* FindOrCreate(InputArray array, const Object& object, const Identifier& identifier);
  void WriteAttributes(Profile& profile, const Object& object);
  void WriteEvent(Profile& profile, const Object& object);
  void WritePurchase(Profile& profile, const Object& object);
  // Times of the future are stored as now.
  int64_t TimeOf(const Object& object) const;

  ProfileStore& store_;
  const Switches& switches_;
  Timestamp now_;
};

}  // namespace cdi::braze_mock
