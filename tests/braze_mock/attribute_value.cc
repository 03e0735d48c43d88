#include "tests/braze_mock/attribute_value.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/text.h"
#include "tests/braze_mock/known_codes.h"
#include "tests/braze_mock/text_parts.h"
#include "tests/braze_mock/value_rules.h"

namespace cdi::braze_mock {
namespace {

// Keeps the order of keys, as the documents' examples show profiles.
using Json = nlohmann::ordered_json;

constexpr size_t kObjectBytesMax = 102400;

AttributeChange Keep() {
  return {};
}

AttributeChange Set(std::string json) {
  return {AttributeChange::Kind::kSet, std::move(json)};
}

AttributeChange SetUnlessTooLarge(std::string json) {
  return json.size() > kObjectBytesMax ? Keep() : Set(std::move(json));
}

// Texts come from simdjson, so they are valid.
Json Parsed(std::string_view json) {
  return Json::parse(json.begin(), json.end(), nullptr, false);
}

Json ParsedOr(std::optional<std::string_view> old_json, Json::value_t type) {
  if (!old_json) return Json(type);
  Json old = Parsed(*old_json);
  return old.type() == type ? old : Json(type);
}

bool HasBadTime(const Element& value) {
  if (const auto object = AsObject(value)) {
    for (const auto& [name, member] : *object) {
      if (name == "$time") {
        const auto text = AsText(member);
        if (!text || !ParseTime(*text)) return true;
      } else if (HasBadTime(member)) {
        return true;
      }
    }
  } else if (const auto array = AsArray(value)) {
    for (const Element& member : *array) {
      if (HasBadTime(member)) return true;
    }
  }
  return false;
}

void MergeInto(Json& target, const Json& source, bool remove_nulls) {
  for (const auto& [key, value] : source.items()) {
    if (value.is_null() && remove_nulls) {
      target.erase(key);
    } else if (value.is_object() && target.contains(key) && target[key].is_object() && !value.contains("$time")) {
      MergeInto(target[key], value, remove_nulls);
    } else {
      target[key] = value;
    }
  }
}

bool Matches(const Json& element, const Json& selector) {
  if (!element.is_object() || !selector.is_object()) return false;
  const auto key = selector.find("$identifier_key");
  const auto value = selector.find("$identifier_value");
  if (key == selector.end() || value == selector.end() || !key->is_string()) return false;
  const auto member = element.find(key->get_ref<const std::string&>());
  return member != element.end() && *member == *value;
}

// Braze's order inside one object: add, then remove, then update.
AttributeChange EditObjectArray(std::optional<std::string_view> old_json, const Json& operators, bool update_applies) {
  Json array = ParsedOr(old_json, Json::value_t::array);
  const auto listed = [&operators](const char* name) {
    const auto found = operators.find(name);
    return found != operators.end() && found->is_array() ? *found : Json::array();
  };
  for (const Json& added : listed("$add")) array.push_back(added);
  for (const Json& selector : listed("$remove")) {
    Json kept = Json::array();
    for (Json& element : array) {
      if (!Matches(element, selector)) kept.push_back(std::move(element));
    }
    array = std::move(kept);
  }
  if (update_applies) {
    for (const Json& selector : listed("$update")) {
      const auto fresh = selector.is_object() ? selector.find("$new_object") : selector.end();
      if (fresh == selector.end() || !fresh->is_object()) continue;
      for (Json& element : array) {
        if (Matches(element, selector)) MergeInto(element, *fresh, false);
      }
    }
  }
  return SetUnlessTooLarge(array.dump());
}

// Braze keeps each value of an array of strings once; beyond the maximum the oldest go.
AttributeChange StoreArray(Json array, const Switches& switches) {
  Json unique = Json::array();
  std::unordered_set<std::string> seen;
  for (Json& element : array) {
    if (element.is_object() || seen.insert(element.dump()).second) unique.push_back(std::move(element));
  }
  const bool plain = std::none_of(unique.begin(), unique.end(), [](const Json& e) { return e.is_structured(); });
  const size_t elements_max = switches.Number(SwitchId::kArrayMax);
  if (plain && unique.size() > elements_max) {
    unique.erase(unique.begin(), unique.begin() + static_cast<std::ptrdiff_t>(unique.size() - elements_max));
  }
  return SetUnlessTooLarge(unique.dump());
}

AttributeChange EditArray(std::optional<std::string_view> old_json, const Json& added, const Json& removed,
                          const Switches& switches) {
  Json array = ParsedOr(old_json, Json::value_t::array);
  const auto erase = [&array](const Json& value) {
    array.erase(std::remove(array.begin(), array.end(), value), array.end());
  };
  for (const Json& value : added) {
    erase(value);  // a value that is there moves to the end
    array.push_back(value);
  }
  for (const Json& value : removed) erase(value);
  return StoreArray(std::move(array), switches);
}

AttributeChange Increment(std::optional<std::string_view> old_json, int64_t amount) {
  if (!old_json) return Set(std::to_string(amount));
  const Json old = Parsed(*old_json);
  if (old.is_number_integer()) {
    int64_t sum = 0;
    if (__builtin_add_overflow(old.get<int64_t>(), amount, &sum)) return Keep();
    return Set(std::to_string(sum));
  }
  if (old.is_number()) return Set(Json(old.get<double>() + static_cast<double>(amount)).dump());
  return Keep();
}

AttributeChange ChangeWithObject(std::optional<std::string_view> old_json, const Element& value, const Object& object,
                                 bool merge, const Switches& switches) {
  if (object.size() == 1) {
    const auto member = *object.begin();
    int64_t amount = 0;
    if (member.key == "inc" && member.value.get(amount) == simdjson::SUCCESS) return Increment(old_json, amount);
    if ((member.key == "add" || member.key == "remove") && member.value.is_array()) {
      const Json list = Parsed(Compact(member.value));
      const Json none = Json::array();
      return member.key == "add" ? EditArray(old_json, list, none, switches)
                                 : EditArray(old_json, none, list, switches);
    }
  }
  if (HasBadTime(value)) return Keep();
  const bool updates = Find(object, "$update").has_value();
  if (updates || Find(object, "$add") || Find(object, "$remove")) {
    const int without_merge = switches.Choice(SwitchId::kUpdateWithoutMerge);  // 0 overwrite, 1 apply, 2 ignore
    if (updates && !merge && without_merge == 0) return SetUnlessTooLarge(Compact(value));
    return EditObjectArray(old_json, Parsed(Compact(value)), merge || without_merge == 1);
  }
  if (!merge || !old_json) return SetUnlessTooLarge(Compact(value));
  Json merged = ParsedOr(old_json, Json::value_t::object);
  MergeInto(merged, Parsed(Compact(value)), switches.IsDefault(SwitchId::kMergeNull));
  return SetUnlessTooLarge(merged.dump());
}

AttributeChange ChangeWithText(std::string_view text, const Switches& switches) {
  const std::string_view kept = FirstChars(text, kStringCharsMax);
  if (kept.size() != text.size() && !switches.IsDefault(SwitchId::kLongString)) return Keep();
  return Set(JsonQuote(kept));
}

// An attribute of forced type takes what can be read as that type and drops the rest silently.
AttributeChange ChangeForced(std::string_view type, const Element& value) {
  if (value.is_object() || value.is_array()) return Keep();
  const std::string text = value.is_string() ? std::string(*AsText(value)) : Compact(value);
  if (type == "boolean") {
    if (text == "1" || text == "true" || text == "t") return Set("true");
    if (text == "0" || text == "false" || text == "f") return Set("false");
    return Keep();
  }
  if (type == "number") {
    if (ReadNumber<int64_t>(text)) return Set(text);
    const auto number = ReadNumber<double>(text);
    return number ? Set(Json(*number).dump()) : Keep();
  }
  return Set(JsonQuote(FirstChars(text, kStringCharsMax)));
}

}  // namespace

AttributeChange ChangeAttribute(std::string_view name, std::optional<std::string_view> old_json, const Element& value,
                                bool merge, const Switches& switches) {
  if (value.is_null()) return {AttributeChange::Kind::kRemove};
  if (name == "country") {
    const auto text = AsText(value);
    const auto code = text ? CountryCode(*text) : std::nullopt;
    return Set(code ? JsonQuote(*code) : "null");
  }
  if (name == "time_zone") {
    const auto text = AsText(value);
    return text && IsTimeZone(*text) ? Set(JsonQuote(*text)) : Keep();
  }
  if (name == "email") {
    const auto text = AsText(value);
    return text && IsEmail(*text) ? Set(JsonQuote(*text)) : Keep();
  }
  if (const std::string_view forced = switches.ListedValue(SwitchId::kForcedTypes, name); !forced.empty()) {
    return ChangeForced(forced, value);
  }
  if (const auto text = AsText(value)) return ChangeWithText(*text, switches);
  if (const auto object = AsObject(value)) return ChangeWithObject(old_json, value, *object, merge, switches);
  if (value.is_array()) {
    if (HasBadTime(value)) return Keep();
    return StoreArray(Parsed(Compact(value)), switches);
  }
  return Set(Compact(value));
}

}  // namespace cdi::braze_mock
