#include "tests/braze_mock/switches.h"

#include <optional>

#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

constexpr SwitchSpec kSpecs[] = {
    {"error_style", "text", "text|code", "U9-U40", "item errors as sentences, or as the codes the documents list"},
    {"item_errors", "first", "first|all", "U2", "one error for a rejected object, or one for each of its faults"},
    {"success", "201", "201|200|202", "U1 T17", "status of a success; 202 answers {\"message\":\"queued\"}"},
    {"counters_of_empty_arrays", "yes", "yes|no", "U1", "whether an array sent empty gets a counter"},
    {"permission_status", "403", "403|401", "T3 T5", "status for a key without the permission"},
    {"account", "active", "active|disabled", "T4", "disabled: every call is answered 403 Forbidden"},
    {"body_bytes_max", "4194304", "#", "T10", "largest body of /users/track and /users/track/sync, in bytes"},
    {"oversize_status", "413", "413|400", "T10", "status for a larger body"},
    {"bulk_body_bytes_max", "2097152", "#", "T10 U57", "largest body of /users/track/bulk, in bytes"},
    {"bulk_oversize_status", "400", "400|413", "T10 U57", "status for a larger body of /users/track/bulk"},
    {"rate_limit_body", "json", "json|html|empty", "T11 T12", "body of a 429"},
    {"empty_request", "400", "400|201", "U4", "status for a request without any object"},
    {"array_type", "400", "400|ignore", "U5", "an array field that is no array: refuse the request, or skip the field"},
    {"object_limit", "combined75", "combined75|per_array75|combined50", "U6 U7", "how many objects a request may hold"},
    {"element_type", "item", "item|400", "U8", "an element that is no object: item error, or the request is refused"},
    {"empty_id", "required", "required|absent", "U12 U44",
     "external_id \"\" or null: item error, or as if the key were not there"},
    {"numeric_id", "accept", "accept|reject", "U9", "external_id sent as a number: taken as its text, or item error"},
    {"update_only_counted", "yes", "yes|no", "U16 U17 U19", "whether an update-only miss counts as processed"},
    {"bad_email", "reject_object", "reject_object|drop_field", "U23", "an invalid email attribute"},
    {"phone_plus", "required", "required|optional", "U24", "whether a phone identifier must start with +"},
    {"missing_time", "reject", "reject|now", "U28 U37", "an event or purchase without time"},
    {"event_name_long", "reject", "reject|truncate", "U31", "an event name of more than 255 characters"},
    {"event_property_bytes_max", "102400", "#", "U34", "largest properties of an event, in bytes"},
    {"purchase_property_bytes_max", "51200", "#", "U34", "largest properties of a purchase, in bytes"},
    {"ecommerce_schemas", "check", "check|ignore", "U36",
     "whether ecommerce.* events are checked against their schema"},
    {"currency_check", "reject", "reject|accept", "U38", "a currency that ISO 4217 does not list"},
    {"price_string", "reject", "reject|coerce", "U39", "a price sent as text"},
    {"long_string", "truncate", "truncate|drop", "U42", "a custom string of more than 255 characters"},
    {"update_without_merge", "overwrite", "overwrite|apply|ignore", "U49", "$update without _merge_objects"},
    {"merge_null", "remove", "remove|store", "U45", "null for a nested key while merging"},
    {"array_max", "500", "#", "U50", "most elements of an array attribute; the oldest are dropped"},
    {"unknown_key", "ignore", "ignore|400", "U56", "a top-level key that /users/track does not know"},
    {"blocked_ids", "", "*", "U14", "external_ids that are blocked, comma-separated"},
    {"blocked_attributes", "", "*", "U52", "attributes on the blocklist, comma-separated"},
    {"forced_types", "", "*", "U51",
     "attributes of forced type: NAME:boolean, NAME:number or NAME:string, comma-separated"},
    {"text.missing_key", "Invalid API key: ", "*", "T1", "no key given"},
    {"text.access_denied", "Access Denied", "*", "T3 T5", "key without the permission"},
    {"text.forbidden", "Forbidden", "*", "T4", "account disabled"},
    {"text.not_found", "Not Found", "*", "T6", "unknown path"},
    {"text.media_type", "Unsupported Media Type", "*", "T7", "Content-Type missing or wrong"},
    {"text.not_an_object", "Bad Request", "*", "T9", "JSON, but no object"},
    {"text.oversize", "Payload too large", "*", "T10", "body over the limit"},
    {"text.rate_limited", "Rate limited", "*", "T11 T12", "over the rate limit"},
    {"text.nothing_valid", "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.", "*",
     "U3 U4 U5", "nothing valid in the request"},
    {"text.too_many", "Max input length exceeded", "*", "U6 U57", "too many objects"},
    {"text.element_type", "Invalid object", "*", "U8", "an element that is no object"},
    {"text.alias", "'user_alias' must contain a valid 'alias_name' and 'alias_label'", "*", "U11", "bad user_alias"},
    {"text.phone", "The value provided for the 'phone' field is not a valid phone number.", "*", "U24",
     "bad phone identifier"},
    {"text.name", "'name' is required", "*", "U28", "event without name"},
    {"text.time_missing", "'time' is required", "*", "U28 U37", "event or purchase without time"},
    {"text.time_invalid", "'time' is not valid", "*", "U29", "time that cannot be read"},
    {"text.event_name_long", "'name' is too long", "*", "U31", "event name of more than 255 characters"},
    {"text.property_bytes", "'properties' is too large", "*", "U34", "properties over the size limit"},
    {"text.product_id", "'product_id' is required", "*", "U37", "purchase without product_id"},
    {"text.currency_missing", "'currency' is required", "*", "U37", "purchase without currency"},
    {"text.currency_invalid", "'currency' is not valid", "*", "U38", "currency not in ISO 4217"},
    {"text.price_missing", "'price' is required", "*", "U37", "purchase without price"},
    {"text.price_invalid", "'price' is not valid", "*", "U39", "price that is no number"},
    {"text.unknown_key", "Bad Request", "*", "U56", "unknown top-level key, where it is refused"},
    {"text.sync_count", "Exactly one object must be provided", "*", "U58",
     "/users/track/sync with another number of objects"},
    {"text.bulk_profile", "Max updates per user exceeded", "*", "U57",
     "more than 100 objects of one user in a bulk request"},
};
static_assert(std::size(kSpecs) == static_cast<size_t>(SwitchId::kCount));

std::optional<size_t> ChoiceOf(std::string_view choices, std::string_view value) {
  size_t position = 0;
  for (const std::string_view choice : SplitText(choices, '|')) {
    if (choice == value) return position;
    ++position;
  }
  return std::nullopt;
}

}  // namespace

std::span<const SwitchSpec> SwitchSpecs() {
  return kSpecs;
}

Switches::Switches() {
  for (size_t i = 0; i < std::size(kSpecs); ++i) {
    Store(i, kSpecs[i].default_value,
          kSpecs[i].choices == "#" ? ReadNumber<size_t>(kSpecs[i].default_value).value_or(0) : 0);
  }
}

void Switches::Store(size_t position, std::string_view value, size_t number) {
  values_[position] = std::string(value);
  numbers_[position] = number;
}

absl::Status Switches::Set(std::string_view name, std::string_view value) {
  for (size_t i = 0; i < std::size(kSpecs); ++i) {
    const SwitchSpec& spec = kSpecs[i];
    if (spec.name != name) continue;
    if (spec.choices == "*") {
      Store(i, value, 0);
      return absl::OkStatus();
    }
    if (spec.choices == "#") {
      const size_t number = ReadNumber<size_t>(value).value_or(0);
      if (number == 0) {
        return absl::InvalidArgumentError(Join({"switch ", name, " takes a number above 0; got '", value, "'"}));
      }
      Store(i, value, number);
      return absl::OkStatus();
    }
    const std::optional<size_t> choice = ChoiceOf(spec.choices, value);
    if (!choice) {
      return absl::InvalidArgumentError(Join({"switch ", name, " takes ", spec.choices, "; got '", value, "'"}));
    }
    Store(i, value, *choice);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(Join({"no switch is called '", name, "'; --help lists them"}));
}

absl::Status Switches::SetPair(std::string_view pair) {
  const size_t equals = pair.find('=');
  if (equals == std::string_view::npos) {
    return absl::InvalidArgumentError(Join({"a switch is given as NAME=VALUE; got '", pair, "'"}));
  }
  return Set(pair.substr(0, equals), pair.substr(equals + 1));
}

bool Switches::Lists(SwitchId id, std::string_view entry) const {
  const std::string& list = Text(id);
  if (list.empty()) return false;
  for (const std::string_view listed : SplitText(list, ',')) {
    if (listed == entry) return true;
  }
  return false;
}

std::string_view Switches::ListedValue(SwitchId id, std::string_view key) const {
  const std::string& list = Text(id);
  if (list.empty()) return {};
  for (const std::string_view listed : SplitText(list, ',')) {
    if (listed.size() > key.size() && listed.substr(0, key.size()) == key && listed[key.size()] == ':') {
      return listed.substr(key.size() + 1);
    }
  }
  return {};
}

}  // namespace cdi::braze_mock
