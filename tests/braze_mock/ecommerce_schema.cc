#include "tests/braze_mock/ecommerce_schema.h"

#include <span>

#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

enum class Kind { kText, kNumber, kProducts };

struct Property {
  std::string_view name;
  Kind kind;
};

constexpr Property kProduct[] = {{"product_id", Kind::kText},
                                 {"product_name", Kind::kText},
                                 {"variant_id", Kind::kText},
                                 {"quantity", Kind::kNumber},
                                 {"price", Kind::kNumber}};

constexpr Property kProductViewed[] = {{"product_id", Kind::kText}, {"product_name", Kind::kText},
                                       {"variant_id", Kind::kText}, {"price", Kind::kNumber},
                                       {"currency", Kind::kText},   {"source", Kind::kText}};

constexpr Property kCartUpdated[] = {{"cart_id", Kind::kText},
                                     {"total_value", Kind::kNumber},
                                     {"currency", Kind::kText},
                                     {"products", Kind::kProducts},
                                     {"source", Kind::kText}};

constexpr Property kCheckoutStarted[] = {{"checkout_id", Kind::kText},
                                         {"total_value", Kind::kNumber},
                                         {"currency", Kind::kText},
                                         {"products", Kind::kProducts},
                                         {"source", Kind::kText}};

constexpr Property kOrder[] = {{"order_id", Kind::kText},
                               {"total_value", Kind::kNumber},
                               {"currency", Kind::kText},
                               {"products", Kind::kProducts},
                               {"source", Kind::kText}};

constexpr Property kOrderCancelled[] = {{"order_id", Kind::kText},      {"cancel_reason", Kind::kText},
                                        {"total_value", Kind::kNumber}, {"currency", Kind::kText},
                                        {"products", Kind::kProducts},  {"source", Kind::kText}};

struct Schema {
  std::string_view event;
  std::span<const Property> required;
};

const Schema kSchemas[] = {
    {"ecommerce.product_viewed", kProductViewed},
    {"ecommerce.cart_updated", kCartUpdated},
    {"ecommerce.checkout_started", kCheckoutStarted},
    {"ecommerce.order_placed", kOrder},
    {"ecommerce.order_refunded", kOrder},
    {"ecommerce.order_cancelled", kOrderCancelled},
};

std::string Missing(std::string_view path, std::string_view name) {
  return Join({"The property '", path, "' did not contain a required property of '", name, "'"});
}

std::string WrongType(std::string_view path, std::string_view name, std::string_view type) {
  return Join(
      {"The property '", path, path.back() == '/' ? "" : "/", name, "' did not match the following type: ", type});
}

std::optional<std::string> Violation(const Object& object, std::span<const Property> required, std::string_view path);

std::optional<std::string> ProductsViolation(const Element& value) {
  const auto products = AsArray(value);
  if (!products) return WrongType("#/", "products", "array");
  size_t index = 0;
  for (const Element& element : *products) {
    const std::string path = "#/products/" + std::to_string(index++);
    const auto product = AsObject(element);
    if (!product) return Join({"The property '", path, "' did not match the following type: object"});
    if (auto violation = Violation(*product, kProduct, path)) return violation;
  }
  return std::nullopt;
}

std::optional<std::string> Violation(const Object& object, std::span<const Property> required, std::string_view path) {
  for (const Property& property : required) {
    const auto value = Find(object, property.name);
    if (!value) return Missing(path, property.name);
    if (property.kind == Kind::kText && !value->is_string()) return WrongType(path, property.name, "string");
    if (property.kind == Kind::kNumber && !AsNumber(*value)) return WrongType(path, property.name, "number");
    if (property.kind == Kind::kProducts) {
      if (auto violation = ProductsViolation(*value)) return violation;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> EcommerceViolation(std::string_view event_name, const std::optional<Object>& properties) {
  for (const Schema& schema : kSchemas) {
    if (schema.event != event_name) continue;
    if (!properties) return Missing("#/", schema.required.front().name);
    return Violation(*properties, schema.required, "#/");
  }
  return std::nullopt;
}

}  // namespace cdi::braze_mock
