// PARSE_JSON, OBJECT_…, GET, TYPEOF, comparisons of VARIANT, FLATTEN.
#include <atomic>
#include <functional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/number_values.h"
#include "tests/snowflake_mock/server/language/json_text.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = JsonNode::Kind;

Outcome Json(const JsonNode& node) {
  return Outcome::Text(WriteJson(node));
}

JsonPtr NodeArgument(const FunctionCall& call, size_t i) {
  if (call.IsNull(i)) return nullptr;
  return ParseJsonNode(call.Text(i));
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// What is wrong with a client's JSON; nullopt when `node` is what it says.
std::optional<std::string> ProblemOfJson(std::string_view text, bool may_repeat_keys, JsonPtr& node) {
  std::optional<RepeatedKey> repeated;
  node = ParseClientJson(text, &repeated);
  if (node == nullptr) return absl::StrCat("Error parsing JSON: ", CutText(text, 100));
  if (may_repeat_keys || !repeated.has_value()) return std::nullopt;
  return absl::StrCat("Error parsing JSON: duplicate object attribute \"", CutText(repeated->name, 60), "\", pos ",
                      repeated->position);
}

// (text[, 's' or 'd']): strict, or the last of repeated keys counts
Outcome ParseJson(const FunctionCall& call) {
  if (IsBlank(call.Text(0))) return Outcome::Null();
  const std::string mode = call.count() > 1 ? absl::AsciiStrToLower(std::string(call.Text(1))) : "s";
  if (mode != "s" && mode != "d")
    return Outcome::Error("001007", "22023", absl::StrCat("Invalid parameter value: ", CutText(call.Text(1), 60)));
  JsonPtr node;
  if (const auto problem = ProblemOfJson(call.Text(0), mode == "d", node))
    return Outcome::Error("100069", "22P02", *problem);
  return Json(*node);
}

Outcome CheckJson(const FunctionCall& call) {
  JsonPtr node;
  const auto problem = IsBlank(call.Text(0)) ? std::nullopt : ProblemOfJson(call.Text(0), false, node);
  return problem.has_value() ? Outcome::Text(*problem) : Outcome::Null();
}

Outcome DuplicateKey(std::string_view key) {
  return Outcome::Error("100098", "22023", absl::StrCat("Duplicate field key '", CutText(key, 60), "'"));
}

Outcome ToJson(const FunctionCall& call) {
  auto normal = NormalizeJson(call.Text(0), JsonLayout::kCompact);
  return normal.has_value() ? Outcome::Text(*std::move(normal)) : Outcome::Null();
}

// (key, json, key, json …)
Outcome ConstructObject(const FunctionCall& call, bool keep_null) {
  std::map<std::string, std::string> members;
  for (size_t i = 0; i + 1 < call.count(); i += 2) {
    const bool null = call.IsNull(i + 1);
    if (call.IsNull(i) || (null && !keep_null)) continue;
    const bool is_new =
        members.emplace(std::string(call.Text(i)), null ? "null" : std::string(call.Text(i + 1))).second;
    if (!is_new) return DuplicateKey(call.Text(i));
  }
  std::string text = "{";
  for (const auto& [key, value] : members)
    absl::StrAppend(&text, text.size() > 1 ? "," : "", JsonQuote(key), ":", value);
  return Outcome::Text(text + "}");
}

Outcome Member(const FunctionCall& call) {
  return Outcome::Text(absl::StrCat(JsonQuote(call.Text(0)), ":", std::string(call.Text(1))));
}

// "\"a\":1,\"b\":2" as one object; no members at all is an empty one
Outcome ObjectOfMembers(const FunctionCall& call) {
  const std::string text = absl::StrCat("{", call.IsNull(0) ? "" : std::string(call.Text(0)), "}");
  std::optional<RepeatedKey> repeated;
  const JsonPtr node = ParseJsonNode(text, &repeated);
  if (repeated.has_value()) return DuplicateKey(repeated->name);
  return node == nullptr ? Outcome::Null() : Json(*node);
}

// An element that is not there.
bool IsMissing(const JsonNode* node) {
  return node == nullptr || node->kind == Kind::kUndefined;
}

const JsonNode* Step(const JsonNode* node, const VectorView& step, idx_t row, bool ignore_case = false) {
  if (node == nullptr || step.IsNull(row)) return nullptr;
  if (step.type().id == DUCKDB_TYPE_VARCHAR) {
    if (node->kind != Kind::kObject) return nullptr;
    const std::string key(step.Text(row));
    const auto found = node->members.find(key);
    if (found != node->members.end()) return found->second.get();
    for (const auto& [name, member] : node->members) {
      if (ignore_case && absl::AsciiStrToLower(name) == absl::AsciiStrToLower(key)) return member.get();
    }
    return nullptr;
  }
  if (node->kind != Kind::kArray) return nullptr;
  const Int128 index = step.Integer(row);
  if (index < 0 || index >= static_cast<Int128>(node->elements.size())) return nullptr;
  return node->elements[static_cast<size_t>(index)].get();
}

// (json, step, step …): steps are keys or places
Outcome Get(const FunctionCall& call) {
  const JsonPtr root = NodeArgument(call, 0);
  const JsonNode* node = root.get();
  for (size_t i = 1; i < call.count(); ++i) node = Step(node, call.in[i], call.row);
  return IsMissing(node) ? Outcome::Null() : Json(*node);
}

Outcome GetIgnoreCase(const FunctionCall& call) {
  const JsonPtr root = NodeArgument(call, 0);
  const JsonNode* const node = Step(root.get(), call.in[1], call.row, true);
  return node == nullptr ? Outcome::Null() : Json(*node);
}

// "a.b[0]['k']"; nullptr when it leads nowhere, `good` false when it is no path.
const JsonNode* Follow(const JsonNode* node, std::string_view path, bool& good) {
  size_t at = 0;
  while (at < path.size() && node != nullptr) {
    if (path[at] == '.' || path[at] == ':') {
      ++at;
    } else if (path[at] == '[') {
      const size_t end = path.find(']', at);
      if (end == std::string_view::npos) return good = false, nullptr;
      std::string inside(path.substr(at + 1, end - at - 1));
      at = end + 1;
      if (inside.size() >= 2 && (inside[0] == '\'' || inside[0] == '"')) {
        const auto found = node->members.find(inside.substr(1, inside.size() - 2));
        node = found == node->members.end() ? nullptr : found->second.get();
      } else {
        if (inside.empty() || inside.size() > 9 || inside.find_first_not_of("0123456789") != std::string::npos)
          return good = false, nullptr;
        const auto index = static_cast<size_t>(std::stoul(inside));
        node = index < node->elements.size() ? node->elements[index].get() : nullptr;
      }
    } else {
      size_t end = 0;
      std::string key;
      if (path[at] == '"') {
        end = path.find('"', at + 1);
        if (end == std::string_view::npos) return good = false, nullptr;
        key = std::string(path.substr(at + 1, end - at - 1));
        ++end;
      } else {
        end = std::min(path.find_first_of(".[:", at), path.size());
        key = std::string(path.substr(at, end - at));
      }
      at = end;
      const auto found = node->members.find(key);
      node = found == node->members.end() ? nullptr : found->second.get();
    }
  }
  return node;
}

Outcome GetPath(const FunctionCall& call) {
  const JsonPtr root = NodeArgument(call, 0);
  bool good = true;
  const JsonNode* const node = Follow(root.get(), call.Text(1), good);
  if (!good) return Outcome::Error("100093", "22023", absl::StrCat("Invalid path '", CutText(call.Text(1), 60), "'"));
  return IsMissing(node) ? Outcome::Null() : Json(*node);
}

const char* TextTypeName(char time) {
  switch (time) {
    case 'D':
      return "DATE";
    case 'T':
      return "TIME";
    case 'N':
      return "TIMESTAMP_NTZ";
    case 'L':
      return "TIMESTAMP_LTZ";
    case 'Z':
      return "TIMESTAMP_TZ";
    default:
      return "VARCHAR";
  }
}

const char* TypeName(const JsonNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "NULL_VALUE";
    case Kind::kBoolean:
      return "BOOLEAN";
    case Kind::kText:
      return TextTypeName(node.time);
    case Kind::kUndefined:
      return "NULL_VALUE";
    case Kind::kObject:
      return "OBJECT";
    case Kind::kArray:
      return "ARRAY";
    case Kind::kNumber:
      break;
  }
  if (node.scalar.find_first_of("eE") != std::string::npos) return "DOUBLE";
  return node.scalar.find('.') == std::string::npos ? "INTEGER" : "DECIMAL";
}

Outcome TypeOf(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  return node == nullptr ? Outcome::Null() : Outcome::Text(TypeName(*node));
}

// (json, type): DECIMAL takes integers, DOUBLE every number
Outcome IsType(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  if (node == nullptr || node->kind == Kind::kNull) return node == nullptr ? Outcome::Null() : Outcome::Number(0);
  const std::string_view wanted = call.Text(1);
  const std::string_view is = TypeName(*node);
  const bool number = node->kind == Kind::kNumber;
  if (wanted == "DECIMAL") return Outcome::Number(number && is != "DOUBLE" ? 1 : 0);
  if (wanted == "DOUBLE") return Outcome::Number(number ? 1 : 0);
  return Outcome::Number(is == wanted ? 1 : 0);
}

Outcome IsNullValue(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  return node == nullptr ? Outcome::Null() : Outcome::Number(node->kind == Kind::kNull ? 1 : 0);
}

Outcome StripNullValue(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  return node == nullptr || node->kind == Kind::kNull ? Outcome::Null() : Json(*node);
}

// (a, b): -1, 0 or 1
Outcome Compare(const FunctionCall& call) {
  const JsonPtr a = NodeArgument(call, 0);
  const JsonPtr b = NodeArgument(call, 1);
  if (a == nullptr || b == nullptr || a->kind == Kind::kNull || b->kind == Kind::kNull) return Outcome::Null();
  return Outcome::Number(CompareJson(*a, *b));
}

// The number inside a VARIANT or of a NUMBER or FLOAT column, as a text; nullopt when it is none.
std::optional<std::string> NumberText(const VectorView& value, idx_t row) {
  if (value.type().alias != "JSON") return PlainText(value, row);
  const JsonPtr node = ParseJsonNode(value.Text(row));
  if (node == nullptr) return std::nullopt;
  if (node->kind == Kind::kNumber) return node->scalar;
  if (node->kind == Kind::kBoolean) return node->scalar == "true" ? "1" : "0";
  if (node->kind == Kind::kText && ParseDecimal(node->scalar).has_value()) return node->scalar;
  return std::nullopt;
}

Outcome CompareNumbers(const FunctionCall& call) {
  for (size_t i = 0; i < 2; ++i) {
    if (call.in[i].type().alias == "JSON" && call.Text(i) == "null") return Outcome::Null();
  }
  const auto a = NumberText(call.in[0], call.row);
  const auto b = NumberText(call.in[1], call.row);
  if (!a.has_value() || !b.has_value()) {
    return Outcome::Error(
        "100071", "22000",
        absl::StrCat("Failed to cast variant value ", CutText(call.Text(a.has_value() ? 1 : 0), 60), " to FIXED"));
  }
  return Outcome::Number(CompareNumberTexts(*a, *b));
}

// A text that sorts as the value does: the sign and the exponent of a number come first.
Outcome VariantKey(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  if (node == nullptr) return Outcome::Null();
  if (node->kind == Kind::kNull) return Outcome::Text("6");  // last, but before SQL's NULL
  if (node->kind != Kind::kNumber) {
    const char* const rank = node->kind == Kind::kBoolean ? "2"
                             : node->kind == Kind::kText  ? "3"
                             : node->kind == Kind::kArray ? "4"
                                                          : "5";
    return Outcome::Text(rank + (node->kind == Kind::kText ? node->scalar : WriteJson(*node)));
  }
  return Outcome::Text("1" + NumberSortKey(node->scalar));
}

// ---- objects ----

Outcome ObjectKeys(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  if (node == nullptr || node->kind != Kind::kObject) return Outcome::Null();
  std::string text = "[";
  for (const auto& [key, value] : node->members) absl::StrAppend(&text, text.size() > 1 ? "," : "", JsonQuote(key));
  return Outcome::Text(text + "]");
}

Outcome NotObject(std::string_view text) {
  return Outcome::Error("100071", "22000",
                        absl::StrCat("Failed to cast variant value ", CutText(text, 60), " to OBJECT"));
}

// (object, key, value[, update])
Outcome ObjectInsert(const FunctionCall& call) {
  if (call.IsNull(0) || call.IsNull(1)) return Outcome::Null();
  const JsonPtr node = NodeArgument(call, 0);
  if (node == nullptr || node->kind != Kind::kObject) return NotObject(call.Text(0));
  const std::string key(call.Text(1));
  const bool update = call.count() > 3 && !call.IsNull(3) && call.Boolean(3);
  if (node->members.contains(key) && !update) return DuplicateKey(key);
  JsonPtr value = NodeArgument(call, 2);
  if (value == nullptr) return Json(*node);  // a NULL value inserts nothing
  node->members[key] = std::move(value);
  return Json(*node);
}

Outcome ObjectDelete(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  if (node == nullptr || node->kind != Kind::kObject) return NotObject(call.Text(0));
  for (size_t i = 1; i < call.count(); ++i) node->members.erase(std::string(call.Text(i)));
  return Json(*node);
}

// (object, key, key …) or (object, array of keys)
Outcome ObjectPick(const FunctionCall& call) {
  const JsonPtr node = NodeArgument(call, 0);
  if (node == nullptr || node->kind != Kind::kObject) return NotObject(call.Text(0));
  std::map<std::string, JsonPtr> kept;
  const auto keep = [&](const std::string& key) {
    if (const auto found = node->members.find(key); found != node->members.end() && found->second != nullptr)
      kept[key] = std::move(found->second);
  };
  for (size_t i = 1; i < call.count(); ++i) {
    if (call.in[i].type().alias != "JSON") {
      keep(std::string(call.Text(i)));
      continue;
    }
    const JsonPtr list = NodeArgument(call, i);
    if (list == nullptr) continue;
    for (const JsonPtr& key : list->elements) keep(JsonPlainText(*key));
  }
  node->members = std::move(kept);
  return Json(*node);
}

// ---- FLATTEN ----

struct Flattening {
  bool recursive = false;
  bool objects = true;
  bool arrays = true;
  std::string sequence;
  std::vector<std::string> rows;
};

bool IsPlainKey(const std::string& key) {
  if (key.empty() || absl::ascii_isdigit(static_cast<unsigned char>(key[0]))) return false;
  for (const char c : key) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

void Flatten(const JsonNode& node, const std::string& path, Flattening& out) {
  const std::string self = WriteJson(node);
  const auto row = [&](const std::string& key, const std::string& index, const std::string& where,
                       const JsonNode& value) {
    out.rows.push_back(absl::StrCat("[", out.sequence, ",", key, ",", JsonQuote(where), ",", index, ",",
                                    WriteJson(value), ",", self, "]"));
    if (out.recursive) Flatten(value, where, out);
  };
  if (node.kind == Kind::kObject && out.objects) {
    for (const auto& [key, value] : node.members) {
      const std::string step =
          IsPlainKey(key) ? absl::StrCat(path.empty() ? "" : ".", key) : absl::StrCat("['", key, "']");
      row(JsonQuote(key), "null", path + step, *value);
    }
  } else if (node.kind == Kind::kArray && out.arrays) {
    for (size_t i = 0; i < node.elements.size(); ++i)
      row("null", absl::StrCat(i), absl::StrCat(path, "[", i, "]"), *node.elements[i]);
  }
}

// (json, path, outer, recursive, mode): a list of packed rows
Outcome FlattenCall(const FunctionCall& call) {
  static std::atomic<int64_t> sequence{0};
  Flattening out;
  out.recursive = call.Boolean(3);
  out.objects = call.Text(4) != "ARRAY";
  out.arrays = call.Text(4) != "OBJECT";
  out.sequence = absl::StrCat(++sequence);
  const JsonPtr root = NodeArgument(call, 0);
  bool good = true;
  const JsonNode* const node = call.IsNull(1) ? nullptr : Follow(root.get(), call.Text(1), good);
  if (!good) return Outcome::Error("100093", "22023", absl::StrCat("Invalid path '", CutText(call.Text(1), 60), "'"));
  if (node != nullptr) Flatten(*node, call.Text(1).empty() ? "" : std::string(call.Text(1)), out);
  if (out.rows.empty() && call.Boolean(2))
    out.rows.push_back(
        absl::StrCat("[", out.sequence, ",null,null,null,null,", node == nullptr ? "null" : WriteJson(*node), "]"));
  return Outcome::List(std::move(out.rows));
}

// The element of a packed row.
template <int kElement>
Outcome FlatElement(const FunctionCall& call) {
  const JsonPtr packed = NodeArgument(call, 0);
  if (packed == nullptr || packed->elements.size() != 6) return Outcome::Null();
  const JsonNode& node = *packed->elements[kElement];
  if (kElement == 0 || kElement == 3) {
    if (node.kind != Kind::kNumber) return Outcome::Null();
    return Outcome::Number(ParseDecimal(node.scalar).value_or(Decimal{}).value);
  }
  if (kElement == 1 || kElement == 2) return node.kind == Kind::kText ? Outcome::Text(node.scalar) : Outcome::Null();
  // VALUE of an outer row without elements is NULL; JSON null of an element is not.
  const bool outer_row = packed->elements[1]->kind == Kind::kNull && packed->elements[3]->kind == Kind::kNull;
  if (IsMissing(&node) || (outer_row && node.kind == Kind::kNull)) return Outcome::Null();
  return Json(node);
}

}  // namespace

// "-12.5e3" as sign, exponent and digits, so that texts sort as the numbers do.
std::string NumberSortKey(std::string_view number) {
  const bool negative = !number.empty() && number[0] == '-';
  std::string digits;
  int64_t point = -1;
  int64_t exponent = 0;
  for (size_t i = negative ? 1 : 0; i < number.size(); ++i) {
    if (number[i] == '.') {
      point = static_cast<int64_t>(digits.size());
    } else if (number[i] == 'e' || number[i] == 'E') {
      exponent = std::strtoll(std::string(number.substr(i + 1)).c_str(), nullptr, 10);
      break;
    } else {
      digits += number[i];
    }
  }
  if (point < 0) point = static_cast<int64_t>(digits.size());
  const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  if (digits.empty()) return "1";
  int64_t order = std::clamp<int64_t>(point - static_cast<int64_t>(zeros) + exponent, -99999, 99999);
  std::string key = absl::StrCat(order + 200000, digits);
  if (!negative) return "2" + key;
  for (char& c : key) c = static_cast<char>('9' - (c - '0'));
  return "0" + key + "~";
}

void AddJsonFunctions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  const auto add = [&](const char* name, K result, RowFunction run, bool sees_nulls = false) {
    entries.push_back({name, result, run});
    entries.back().sees_nulls = sees_nulls;
  };
  add("SF_PARSE_JSON", K::kJson, ParseJson);
  add("SF_TRY_PARSE_JSON", K::kJson, ParseJson);
  entries.back().errors_are_null = true;
  add("SF_CHECK_JSON", K::kText, CheckJson);
  add("SF_TO_JSON", K::kText, ToJson);
  add(
      "SF_OBJECT_CONSTRUCT", K::kJson, [](const FunctionCall& call) { return ConstructObject(call, false); }, true);
  add(
      "SF_OBJECT_CONSTRUCT_KEEP_NULL", K::kJson, [](const FunctionCall& call) { return ConstructObject(call, true); },
      true);
  add("SF_MEMBER", K::kText, Member);
  add("SF_OBJECT_OF_MEMBERS", K::kJson, ObjectOfMembers, true);
  add("SF_GET", K::kJson, Get);
  add("SF_GET_IGNORE_CASE", K::kJson, GetIgnoreCase);
  add("SF_GET_PATH", K::kJson, GetPath);
  add("SF_TYPEOF", K::kText, TypeOf);
  add("SF_IS_TYPE", K::kBoolean, IsType);
  add("SF_IS_NULL_VALUE", K::kBoolean, IsNullValue);
  add("SF_STRIP_NULL_VALUE", K::kJson, StripNullValue);
  add("SF_COMPARE", K::kBigint, Compare);
  add("SF_COMPARE_NUMBERS", K::kBigint, CompareNumbers);
  add("SF_VARIANT_KEY", K::kText, VariantKey);
  add("SF_OBJECT_KEYS", K::kJson, ObjectKeys);
  add("SF_OBJECT_INSERT", K::kJson, ObjectInsert, true);
  add("SF_OBJECT_DELETE", K::kJson, ObjectDelete);
  add("SF_OBJECT_PICK", K::kJson, ObjectPick);
  add("SF_FLATTEN", K::kList, FlattenCall, true);
  entries.back().is_volatile = true;
  add("SF_FLAT_SEQ", K::kBigint, FlatElement<0>);
  add("SF_FLAT_KEY", K::kText, FlatElement<1>);
  add("SF_FLAT_PATH", K::kText, FlatElement<2>);
  add("SF_FLAT_INDEX", K::kBigint, FlatElement<3>);
  add("SF_FLAT_VALUE", K::kJson, FlatElement<4>);
  add("SF_FLAT_THIS", K::kJson, FlatElement<5>);
}

}  // namespace cdi::snowflake_mock
