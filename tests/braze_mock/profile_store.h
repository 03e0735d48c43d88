// The user profiles of the stand-in and the ways to find one. Kept small: a million users with a few attributes each
// fit into some hundred megabytes, so names are interned and values are compact JSON texts.
//
// Pointers to profiles stay valid until Reset(). Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tests/braze_mock/packed_attributes.h"

namespace cdi::braze_mock {

struct StoredEvent {
  NameId name = 0;
  int64_t time_ms = 0;     // since 1970, UTC
  std::string properties;  // JSON object, or empty
};

struct StoredPurchase {
  NameId product_id = 0;
  NameId currency = 0;
  int quantity = 1;
  double price = 0;
  int64_t time_ms = 0;
  std::string properties;
};

struct Profile {
  uint64_t number = 0;   // from 1, in order of creation; the braze_id is made of it
  uint64_t updated = 0;  // grows with every write to any profile: the larger, the more recent
  std::string external_id;
  PackedAttributes attributes;

  // What many users do not have.
  struct Extras {
    std::vector<std::pair<std::string, std::string>> aliases;  // label, name
    std::vector<std::pair<std::string, std::string>> groups;   // subscription group id, state
    std::vector<StoredEvent> events;
    std::vector<StoredPurchase> purchases;
  };
  std::unique_ptr<Extras> extras;  // null: none of them

  Extras& MakeExtras() {
    if (!extras) extras = std::make_unique<Extras>();
    return *extras;
  }
};

class ProfileStore {
 public:
  Profile* FindByExternalId(std::string_view external_id);
  Profile* FindByAlias(std::string_view label, std::string_view name);
  Profile* FindByBrazeId(std::string_view braze_id);
  // Among several: the most recently updated one with an external_id, else the most recently updated one.
  // Addresses compare without case.
  Profile* FindByEmail(std::string_view email);
  Profile* FindByPhone(std::string_view phone);

  // The caller has looked for the key first.
  Profile& CreateWithExternalId(std::string_view external_id);
  Profile& CreateWithAlias(std::string_view label, std::string_view name);
  Profile& CreateAnonymous();

  // Valid until the profile's next change.
  std::optional<std::string_view> FindAttribute(const Profile& profile, std::string_view name) const;
  void SetAttribute(Profile& profile, std::string_view name, std::string_view json);
  void RemoveAttribute(Profile& profile, std::string_view name);

  // Marks the profile as the most recently updated one.
  void Touch(Profile& profile) { profile.updated = ++updates_; }

  NameId Intern(std::string_view text);
  const std::string& NameOf(NameId id) const { return names_[id]; }
  static std::string BrazeIdOf(const Profile& profile);

  size_t size() const { return profiles_.size(); }
  void Reset();

 private:
  using Shared = absl::flat_hash_map<std::string, std::vector<uint32_t>>;  // positions in profiles_

  Profile& Create();
  Profile* MostRecent(const Shared& index, const std::string& key);
  // Keeps the indexes of email and phone in step with the attributes.
  void Index(const Profile& profile, NameId name, std::string_view json, bool add);

  std::deque<Profile> profiles_;
  absl::flat_hash_map<std::string_view, uint32_t> by_external_id_;  // keys live in the profiles
  absl::flat_hash_map<std::string, uint32_t> by_alias_;             // label NUL name
  Shared by_email_;                                                 // JSON text in lower case
  Shared by_phone_;                                                 // JSON text
  std::deque<std::string> names_;
  absl::flat_hash_map<std::string_view, NameId> name_ids_;  // keys live in names_
  uint64_t updates_ = 0;
};

}  // namespace cdi::braze_mock
