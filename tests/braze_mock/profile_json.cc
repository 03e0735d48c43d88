#include "tests/braze_mock/profile_json.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/timestamp.h"
#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

// "2026-11-24T10:00:00.123Z"
std::string TimeText(int64_t time_ms) {
  int64_t seconds = time_ms / 1000;
  int64_t millis = time_ms % 1000;
  if (millis < 0) {
    millis += 1000;
    --seconds;
  }
  const Timestamp time{seconds, static_cast<int32_t>(millis * 1'000'000)};
  return time.ToString().substr(0, 23) + "Z";
}

std::string NumberText(double number) {
  return nlohmann::json(number).dump();
}

template <typename Range, typename Write>
std::string Listed(char open, const Range& range, char close, Write&& write) {
  std::string json(1, open);
  for (const auto& element : range) {
    if (json.size() > 1) json += ',';
    write(json, element);
  }
  json += close;
  return json;
}

void AppendMember(std::string& json, std::string_view key, std::string_view value_json) {
  json += JsonQuote(key);
  json += ':';
  json += value_json;
}

std::string AttributesJson(const ProfileStore& store, const Profile& profile) {
  std::string json = "{";
  profile.attributes.ForEach([&store, &json](NameId name, std::string_view value) {
    if (json.size() > 1) json += ',';
    AppendMember(json, store.NameOf(name), value);
  });
  json += '}';
  return json;
}

std::string_view OrEmptyObject(const std::string& properties) {
  return properties.empty() ? std::string_view("{}") : std::string_view(properties);
}

struct Occurrences {
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  int64_t count = 0;

  void Add(int64_t time_ms, int64_t times) {
    first_ms = count == 0 ? time_ms : std::min(first_ms, time_ms);
    last_ms = count == 0 ? time_ms : std::max(last_ms, time_ms);
    count += times;
  }
};

std::string OccurrencesJson(std::string_view key, const std::map<std::string, Occurrences>& by_name) {
  return Listed('[', by_name, ']', [key](std::string& json, const auto& entry) {
    json += Join({"{", JsonQuote(key), ":", JsonQuote(entry.first), ",\"first\":\"", TimeText(entry.second.first_ms),
                  "\",\"last\":\"", TimeText(entry.second.last_ms), "\",\"count\":", std::to_string(entry.second.count),
                  "}"});
  });
}

}  // namespace

std::string ProfileJson(const ProfileStore& store, const Profile& profile) {
  const Profile::Extras none;
  const Profile::Extras& extras = profile.extras ? *profile.extras : none;
  std::string json = Join({"{\"braze_id\":\"", ProfileStore::BrazeIdOf(profile), "\""});
  if (!profile.external_id.empty()) json += Join({",\"external_id\":", JsonQuote(profile.external_id)});
  json += ",\"user_aliases\":";
  json += Listed('[', extras.aliases, ']', [](std::string& out, const auto& alias) {
    out += Join({"{\"alias_label\":", JsonQuote(alias.first), ",\"alias_name\":", JsonQuote(alias.second), "}"});
  });
  json += Join({",\"attributes\":", AttributesJson(store, profile), ",\"subscription_groups\":"});
  json += Listed('{', extras.groups, '}',
                 [](std::string& out, const auto& group) { AppendMember(out, group.first, JsonQuote(group.second)); });
  json += ",\"events\":";
  json += Listed('[', extras.events, ']', [&store](std::string& out, const StoredEvent& event) {
    out += Join({"{\"name\":", JsonQuote(store.NameOf(event.name)), ",\"time\":\"", TimeText(event.time_ms),
                 "\",\"properties\":", OrEmptyObject(event.properties), "}"});
  });
  json += ",\"purchases\":";
  json += Listed('[', extras.purchases, ']', [&store](std::string& out, const StoredPurchase& purchase) {
    out +=
        Join({"{\"product_id\":", JsonQuote(store.NameOf(purchase.product_id)),
              ",\"currency\":", JsonQuote(store.NameOf(purchase.currency)), ",\"price\":", NumberText(purchase.price),
              ",\"quantity\":", std::to_string(purchase.quantity), ",\"time\":\"", TimeText(purchase.time_ms),
              "\",\"properties\":", OrEmptyObject(purchase.properties), "}"});
  });
  json += '}';
  return json;
}

std::string SyncSummaryJson(const ProfileStore& store, const Profile& profile, InputArray array) {
  const Profile::Extras none;
  const Profile::Extras& extras = profile.extras ? *profile.extras : none;
  std::map<std::string, Occurrences> by_name;
  switch (array) {
    case InputArray::kAttributes:
      return Join({"\"custom_attributes\":", AttributesJson(store, profile)});
    case InputArray::kEvents:
      for (const StoredEvent& event : extras.events) by_name[store.NameOf(event.name)].Add(event.time_ms, 1);
      return Join({"\"custom_events\":", OccurrencesJson("name", by_name)});
    case InputArray::kPurchases:
      for (const StoredPurchase& purchase : extras.purchases) {
        by_name[store.NameOf(purchase.product_id)].Add(purchase.time_ms, purchase.quantity);
      }
      return Join({"\"purchase_events\":", OccurrencesJson("product_id", by_name)});
  }
  return {};
}

}  // namespace cdi::braze_mock
