#include "tests/braze_mock/profile_store.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

constexpr std::string_view kEmail = "email";
constexpr std::string_view kPhone = "phone";
constexpr size_t kBrazeIdDigits = 24;

std::string AliasKey(std::string_view label, std::string_view name) {
  return Join({label, std::string_view("\0", 1), name});
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

Profile* ProfileStore::FindByExternalId(std::string_view external_id) {
  const auto found = by_external_id_.find(external_id);
  return found == by_external_id_.end() ? nullptr : &profiles_[found->second];
}

Profile* ProfileStore::FindByAlias(std::string_view label, std::string_view name) {
  const auto found = by_alias_.find(AliasKey(label, name));
  return found == by_alias_.end() ? nullptr : &profiles_[found->second];
}

Profile* ProfileStore::FindByBrazeId(std::string_view braze_id) {
  uint64_t number = 0;
  if (braze_id.size() != kBrazeIdDigits) return nullptr;
  const auto [end, error] = std::from_chars(braze_id.data(), braze_id.data() + braze_id.size(), number, 16);
  if (error != std::errc{} || end != braze_id.data() + braze_id.size()) return nullptr;
  return number == 0 || number > profiles_.size() ? nullptr : &profiles_[number - 1];
}

Profile* ProfileStore::FindByEmail(std::string_view email) {
  return MostRecent(by_email_, Lower(JsonQuote(email)));
}

Profile* ProfileStore::FindByPhone(std::string_view phone) {
  return MostRecent(by_phone_, JsonQuote(phone));
}

Profile* ProfileStore::MostRecent(const Shared& index, const std::string& key) {
  const auto found = index.find(key);
  if (found == index.end()) return nullptr;
  Profile* best = nullptr;
  for (const uint32_t position : found->second) {
    Profile& candidate = profiles_[position];
    const auto rank = [](const Profile& p) { return std::pair(!p.external_id.empty(), p.updated); };
    if (best == nullptr || rank(candidate) > rank(*best)) best = &candidate;
  }
  return best;
}

Profile& ProfileStore::Create() {
  Profile& profile = profiles_.emplace_back();
  profile.number = profiles_.size();
  return profile;
}

Profile& ProfileStore::CreateWithExternalId(std::string_view external_id) {
  Profile& profile = Create();
  profile.external_id = std::string(external_id);
  by_external_id_.emplace(profile.external_id, static_cast<uint32_t>(profile.number - 1));
  return profile;
}

Profile& ProfileStore::CreateWithAlias(std::string_view label, std::string_view name) {
  Profile& profile = Create();
  profile.MakeExtras().aliases.emplace_back(label, name);
  by_alias_.emplace(AliasKey(label, name), static_cast<uint32_t>(profile.number - 1));
  return profile;
}

Profile& ProfileStore::CreateAnonymous() {
  return Create();
}

std::optional<std::string_view> ProfileStore::FindAttribute(const Profile& profile, std::string_view name) const {
  const auto id = name_ids_.find(name);
  return id == name_ids_.end() ? std::nullopt : profile.attributes.Find(id->second);
}

void ProfileStore::SetAttribute(Profile& profile, std::string_view name, std::string_view json) {
  const NameId id = Intern(name);
  if (const auto old_json = profile.attributes.Find(id)) Index(profile, id, *old_json, false);
  profile.attributes.Set(id, json);
  Index(profile, id, json, true);
}

void ProfileStore::RemoveAttribute(Profile& profile, std::string_view name) {
  const auto id = name_ids_.find(name);
  if (id == name_ids_.end()) return;
  if (const auto old_json = profile.attributes.Find(id->second)) Index(profile, id->second, *old_json, false);
  profile.attributes.Remove(id->second);
}

void ProfileStore::Index(const Profile& profile, NameId name, std::string_view json, bool add) {
  const std::string& attribute = NameOf(name);
  if (attribute != kEmail && attribute != kPhone) return;
  Shared& index = attribute == kEmail ? by_email_ : by_phone_;
  const std::string key = attribute == kEmail ? Lower(json) : std::string(json);
  const auto position = static_cast<uint32_t>(profile.number - 1);
  std::vector<uint32_t>& positions = index[key];
  if (add) {
    positions.push_back(position);
    return;
  }
  positions.erase(std::remove(positions.begin(), positions.end(), position), positions.end());
  if (positions.empty()) index.erase(key);
}

NameId ProfileStore::Intern(std::string_view text) {
  const auto found = name_ids_.find(text);
  if (found != name_ids_.end()) return found->second;
  const auto id = static_cast<NameId>(names_.size());
  names_.emplace_back(text);
  name_ids_.emplace(names_.back(), id);
  return id;
}

std::string ProfileStore::BrazeIdOf(const Profile& profile) {
  return absl::StrFormat("%024x", profile.number);
}

void ProfileStore::Reset() {
  *this = ProfileStore();
}

}  // namespace cdi::braze_mock
