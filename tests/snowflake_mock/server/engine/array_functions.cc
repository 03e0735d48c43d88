// ARRAY_…
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/number_values.h"
#include "tests/snowflake_mock/server/language/json_text.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = JsonNode::Kind;

// nullptr: NULL, or no array.
JsonPtr ArrayArgument(const FunctionCall& call, size_t i) {
  if (call.IsNull(i)) return nullptr;
  JsonPtr node = ParseJsonNode(call.Text(i));
  return node != nullptr && node->kind == Kind::kArray ? std::move(node) : nullptr;
}

Outcome NotArray(std::string_view text) {
  if (text == "null") return Outcome::Null();
  return Outcome::Error("100071", "22000",
                        absl::StrCat("Failed to cast variant value ", CutText(text, 60), " to ARRAY"));
}

Outcome Json(const JsonNode& node) {
  return Outcome::Text(WriteJson(node));
}

JsonPtr Undefined() {
  auto node = std::make_unique<JsonNode>();
  node->kind = Kind::kUndefined;
  node->scalar = "undefined";
  return node;
}

bool IsNothing(const JsonNode& node) {
  return node.kind == Kind::kNull || node.kind == Kind::kUndefined;
}

// A NULL element is undefined, not the JSON null.
JsonPtr Element(const FunctionCall& call, size_t i) {
  JsonPtr node = call.IsNull(i) ? nullptr : ParseJsonNode(call.Text(i));
  return node != nullptr ? std::move(node) : Undefined();
}

Outcome Construct(const FunctionCall& call) {
  std::string text = "[";
  for (size_t i = 0; i < call.count(); ++i)
    absl::StrAppend(&text, i > 0 ? "," : "", call.IsNull(i) ? "undefined" : std::string(call.Text(i)));
  return Outcome::Text(text + "]");
}

// "1,\"a\"" as an array; NULL is an empty one
Outcome ArrayOfElements(const FunctionCall& call) {
  return Outcome::Text(absl::StrCat("[", call.IsNull(0) ? "" : std::string(call.Text(0)), "]"));
}

Outcome Size(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 0);
  return array == nullptr ? Outcome::Null() : Outcome::Number(static_cast<Int128>(array->elements.size()));
}

// The place of a value in an array; -1 when it is not there.
Int128 Find(const JsonNode& array, const JsonNode& value) {
  for (size_t i = 0; i < array.elements.size(); ++i) {
    if (CompareJson(*array.elements[i], value) == 0) return static_cast<Int128>(i);
  }
  return -1;
}

// (value, array)
Outcome Contains(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 1);
  if (array == nullptr) return NotArray(call.Text(1));
  return Outcome::Number(Find(*array, *Element(call, 0)) >= 0 ? 1 : 0);
}

Outcome Position(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 1);
  if (array == nullptr) return NotArray(call.Text(1));
  const Int128 place = Find(*array, *Element(call, 0));
  return place < 0 ? Outcome::Null() : Outcome::Number(place);
}

Outcome Cat(const FunctionCall& call) {
  const JsonPtr a = ArrayArgument(call, 0);
  const JsonPtr b = ArrayArgument(call, 1);
  if (a == nullptr || b == nullptr) return NotArray(call.Text(a == nullptr ? 0 : 1));
  for (JsonPtr& element : b->elements) a->elements.push_back(std::move(element));
  return Json(*a);
}

// (array, value) at the end, or at the front
Outcome Add(const FunctionCall& call, bool front) {
  if (call.IsNull(0)) return Outcome::Null();
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  array->elements.insert(front ? array->elements.begin() : array->elements.end(), Element(call, 1));
  return Json(*array);
}

// (array, place, value)
Outcome Insert(const FunctionCall& call) {
  if (call.IsNull(0) || call.IsNull(1)) return Outcome::Null();
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  int64_t place = call.Bigint(1);
  if (place < 0) place += static_cast<int64_t>(array->elements.size());
  if (place < 0 || place > 1'000'000) return Outcome::Null();
  while (static_cast<int64_t>(array->elements.size()) < place) array->elements.push_back(Undefined());
  array->elements.insert(array->elements.begin() + place, Element(call, 2));
  return Json(*array);
}

Outcome Remove(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  const JsonPtr value = Element(call, 1);
  std::erase_if(array->elements, [&](const JsonPtr& element) { return CompareJson(*element, *value) == 0; });
  return Json(*array);
}

Outcome RemoveAt(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  int64_t place = call.Bigint(1);
  if (place < 0) place += static_cast<int64_t>(array->elements.size());
  if (place >= 0 && place < static_cast<int64_t>(array->elements.size()))
    array->elements.erase(array->elements.begin() + place);
  return Json(*array);
}

// (array, from, to): to is left out; negative counts from the end
Outcome Slice(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  const auto size = static_cast<int64_t>(array->elements.size());
  const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
  const int64_t from = place(call.Bigint(1));
  const int64_t to = std::max(from, place(call.Bigint(2)));
  JsonNode cut;
  cut.kind = Kind::kArray;
  for (int64_t i = from; i < to; ++i) cut.elements.push_back(std::move(array->elements[static_cast<size_t>(i)]));
  return Json(cut);
}

// What a function of one array gives.
template <void (*kChange)(JsonNode&)>
Outcome Changed(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  kChange(*array);
  return Json(*array);
}

void Distinct(JsonNode& array) {
  std::vector<JsonPtr> kept;
  for (JsonPtr& element : array.elements) {
    const bool known =
        std::any_of(kept.begin(), kept.end(), [&](const JsonPtr& one) { return CompareJson(*one, *element) == 0; });
    if (!known) kept.push_back(std::move(element));
  }
  array.elements = std::move(kept);
}

void Compact(JsonNode& array) {
  std::erase_if(array.elements, [](const JsonPtr& element) { return IsNothing(*element); });
}

void Sort(JsonNode& array) {
  std::stable_sort(array.elements.begin(), array.elements.end(),
                   [](const JsonPtr& a, const JsonPtr& b) { return CompareJson(*a, *b) < 0; });
}

void Reverse(JsonNode& array) {
  std::reverse(array.elements.begin(), array.elements.end());
}

void FlattenOnce(JsonNode& array) {
  std::vector<JsonPtr> flat;
  for (JsonPtr& element : array.elements) {
    if (element->kind != Kind::kArray) {
      flat.push_back(std::move(element));
      continue;
    }
    for (JsonPtr& inner : element->elements) flat.push_back(std::move(inner));
  }
  array.elements = std::move(flat);
}

Outcome Extreme(const FunctionCall& call, int sign) {
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  const JsonNode* best = nullptr;
  for (const JsonPtr& element : array->elements) {
    if (IsNothing(*element)) continue;
    if (best == nullptr || CompareJson(*element, *best) * sign > 0) best = element.get();
  }
  return best == nullptr ? Outcome::Null() : Json(*best);
}

// Each element of the second array takes away, or keeps, one of the first.
Outcome Meet(const FunctionCall& call, bool keep) {
  const JsonPtr a = ArrayArgument(call, 0);
  const JsonPtr b = ArrayArgument(call, 1);
  if (a == nullptr || b == nullptr) return NotArray(call.Text(a == nullptr ? 0 : 1));
  JsonNode out;
  out.kind = Kind::kArray;
  for (JsonPtr& element : a->elements) {
    const Int128 place = Find(*b, *element);
    if (place >= 0) b->elements.erase(b->elements.begin() + static_cast<std::ptrdiff_t>(place));
    if ((place >= 0) == keep) out.elements.push_back(std::move(element));
  }
  return Json(out);
}

Outcome Overlap(const FunctionCall& call) {
  const JsonPtr a = ArrayArgument(call, 0);
  const JsonPtr b = ArrayArgument(call, 1);
  if (a == nullptr || b == nullptr) return NotArray(call.Text(a == nullptr ? 0 : 1));
  for (const JsonPtr& element : a->elements) {
    if (Find(*b, *element) >= 0) return Outcome::Number(1);
  }
  return Outcome::Number(0);
}

// (array, separator)
Outcome ToText(const FunctionCall& call) {
  const JsonPtr array = ArrayArgument(call, 0);
  if (array == nullptr) return NotArray(call.Text(0));
  std::string text;
  for (size_t i = 0; i < array->elements.size(); ++i) {
    const JsonNode& element = *array->elements[i];
    absl::StrAppend(&text, i > 0 ? std::string(call.Text(1)) : "", IsNothing(element) ? "" : JsonPlainText(element));
  }
  return Outcome::Text(std::move(text));
}

// (from, to, step): to is left out
Outcome Range(const FunctionCall& call) {
  const Int128 step = call.Integer(2);
  if (step == 0) return Outcome::Error("001007", "22023", "step of ARRAY_GENERATE_RANGE cannot be 0");
  std::string text = "[";
  size_t count = 0;
  for (Int128 i = call.Integer(0); step > 0 ? i < call.Integer(1) : i > call.Integer(1); i += step) {
    if (++count > 1'000'000) return Outcome::Error("100072", "22000", "ARRAY_GENERATE_RANGE: too many elements");
    absl::StrAppend(&text, text.size() > 1 ? "," : "", Int128Text(i));
  }
  return Outcome::Text(text + "]");
}

}  // namespace

void AddArrayFunctions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  const auto add = [&](const char* name, K result, RowFunction run, bool sees_nulls = false) {
    entries.push_back({name, result, run});
    entries.back().sees_nulls = sees_nulls;
  };
  add("SF_ARRAY_CONSTRUCT", K::kJson, Construct, true);
  add("SF_ARRAY_OF_ELEMENTS", K::kJson, ArrayOfElements, true);
  add("SF_ARRAY_SIZE", K::kBigint, Size);
  add("SF_ARRAY_CONTAINS", K::kBoolean, Contains);
  add("SF_ARRAY_POSITION", K::kBigint, Position);
  add("SF_ARRAY_CAT", K::kJson, Cat);
  add(
      "SF_ARRAY_APPEND", K::kJson, [](const FunctionCall& call) { return Add(call, false); }, true);
  add(
      "SF_ARRAY_PREPEND", K::kJson, [](const FunctionCall& call) { return Add(call, true); }, true);
  add("SF_ARRAY_INSERT", K::kJson, Insert, true);
  add("SF_ARRAY_REMOVE", K::kJson, Remove);
  add("SF_ARRAY_REMOVE_AT", K::kJson, RemoveAt);
  add("SF_ARRAY_SLICE", K::kJson, Slice);
  add("SF_ARRAY_DISTINCT", K::kJson, Changed<Distinct>);
  add("SF_ARRAY_COMPACT", K::kJson, Changed<Compact>);
  add("SF_ARRAY_SORT", K::kJson, Changed<Sort>);
  add("SF_ARRAY_REVERSE", K::kJson, Changed<Reverse>);
  add("SF_ARRAY_FLATTEN", K::kJson, Changed<FlattenOnce>);
  add("SF_ARRAY_MIN", K::kJson, [](const FunctionCall& call) { return Extreme(call, -1); });
  add("SF_ARRAY_MAX", K::kJson, [](const FunctionCall& call) { return Extreme(call, 1); });
  add("SF_ARRAY_INTERSECTION", K::kJson, [](const FunctionCall& call) { return Meet(call, true); });
  add("SF_ARRAY_EXCEPT", K::kJson, [](const FunctionCall& call) { return Meet(call, false); });
  add("SF_ARRAYS_OVERLAP", K::kBoolean, Overlap);
  add("SF_ARRAY_TO_STRING", K::kText, ToText);
  add("SF_ARRAY_RANGE", K::kJson, Range);
}

}  // namespace cdi::snowflake_mock
