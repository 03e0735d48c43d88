// Anything into texts, numbers, BOOLEAN, BINARY and the semi-structured types.
#include <cmath>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/number_values.h"
#include "tests/snowflake_mock/server/engine/time_values.h"
#include "tests/snowflake_mock/server/language/json_text.h"
#include "tests/snowflake_mock/server/language/number_format.h"
#include "tests/snowflake_mock/server/language/time_format.h"
#include "tests/snowflake_mock/server/language/time_parse.h"

namespace cdi::snowflake_mock {
namespace {

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
}

bool IsJson(const VectorView& column) {
  return column.type().alias == "JSON";
}

// (value[, format, zone])
Outcome ToText(const FunctionCall& call) {
  const VectorView& value = call.in[0];
  if (IsJson(value)) {
    const JsonPtr node = ParseJsonNode(value.Text(call.row));
    if (node == nullptr || node->kind == JsonNode::Kind::kNull) return Outcome::Null();
    return Outcome::Text(JsonPlainText(*node));
  }
  if (call.count() < 3) return Outcome::Text(PlainText(value, call.row));
  const std::string_view format = call.Text(1);
  if (value.IsTimeLike()) {
    const std::string zone(call.Text(2));
    if (!OffsetOfInstant(zone, 0).has_value()) return UnknownZone(zone);
    const Moment moment = MomentInZone(value, call.row, zone);
    return Outcome::Text(FormatTime(format, moment.seconds, moment.nanos, moment.offset_minutes));
  }
  if (value.type().id == DUCKDB_TYPE_BLOB) {
    const std::string kind = Lower(format);
    if (kind == "hex") return Outcome::Text(PlainText(value, call.row));
    if (kind == "base64")
      return Outcome::Text(
          absl::Base64Escape(absl::string_view(value.Text(call.row).data(), value.Text(call.row).size())));
    if ((kind == "utf-8" || kind == "utf8") && IsValidUtf8(value.Text(call.row)))
      return Outcome::Text(std::string(value.Text(call.row)));
    return Outcome::Error("100037", "22000", absl::StrCat("cannot write this BINARY as ", std::string(format)));
  }
  auto text = FormatNumber(PlainText(value, call.row), format);
  if (!text.has_value())
    return Outcome::Error("000002", "0A000",
                          absl::StrCat("Unsupported feature 'number format ", CutText(format, 40), "'."));
  return Outcome::Text(*std::move(text));
}

// (value, precision[, format])
Outcome ToNumber(const FunctionCall& call) {
  const VectorView& value = call.in[0];
  const auto precision = static_cast<int>(call.Integer(1));
  const auto finish = [&](const std::optional<Decimal>& number, std::string_view shown, bool from_text) {
    if (!number.has_value()) return NumericNotRecognized(shown);
    const auto cut = Rescale(*number, call.scale);
    if (!cut.has_value() || *cut >= PowerOfTen(precision) || *cut <= -PowerOfTen(precision)) {
      if (from_text)
        return Outcome::Error("100039", "22003",
                              absl::StrCat("Numeric value '", CutText(shown, 60), "' is out of range"));
      return NumberOutOfRange(shown, precision, call.scale);
    }
    return Outcome::Number(*cut);
  };
  if (IsJson(value)) {
    const JsonPtr node = ParseJsonNode(value.Text(call.row));
    if (node == nullptr || node->kind == JsonNode::Kind::kNull) return Outcome::Null();
    if (node->kind == JsonNode::Kind::kBoolean)
      return finish(Decimal{node->scalar == "true" ? 1 : 0, 0}, node->scalar, false);
    if (node->kind != JsonNode::Kind::kNumber && node->kind != JsonNode::Kind::kText)
      return Outcome::Error("100071", "22000",
                            absl::StrCat("Failed to cast variant value ", CutText(WriteJson(*node), 60), " to FIXED"));
    return finish(ParseDecimal(node->scalar), node->scalar, true);
  }
  if (value.type().id == DUCKDB_TYPE_VARCHAR) {
    const std::string_view text = value.Text(call.row);
    if (call.count() < 3) return finish(ParseDecimal(text), text, true);
    const auto plain = ParseFormattedNumber(text, call.Text(2));
    if (!plain.has_value()) {
      return Outcome::Error("100140", "22007",
                            absl::StrCat("Can't parse '", CutText(text, 60), "' as number with format '",
                                         CutText(call.Text(2), 60), "'"));
    }
    return finish(ParseDecimal(*plain), text, true);
  }
  if (value.type().id == DUCKDB_TYPE_BOOLEAN) return finish(Decimal{value.Boolean(call.row) ? 1 : 0, 0}, "", false);
  if (IsRealColumn(value)) {
    const double real = value.Real(call.row);
    return finish(DecimalOfDouble(real), DoubleText(real), false);
  }
  const Decimal number = DecimalArgument(value, call.row);
  return finish(number, DecimalText(number.value, number.scale), false);
}

Outcome FloatOfText(std::string_view text) {
  const std::string lower = Lower(text);
  if (lower == "nan") return Outcome::Real(std::nan(""));
  if (lower == "inf" || lower == "+inf" || lower == "infinity") return Outcome::Real(HUGE_VAL);
  if (lower == "-inf" || lower == "-infinity") return Outcome::Real(-HUGE_VAL);
  char* end = nullptr;
  const double value = std::strtod(lower.c_str(), &end);
  const bool plain = lower.find_first_not_of("0123456789+-.e") == std::string::npos;
  if (lower.empty() || !plain || end != lower.c_str() + lower.size() || !std::isfinite(value))
    return NumericNotRecognized(text);
  return Outcome::Real(value);
}

Outcome ToFloat(const FunctionCall& call) {
  const VectorView& value = call.in[0];
  if (IsJson(value)) {
    const JsonPtr node = ParseJsonNode(value.Text(call.row));
    if (node == nullptr || node->kind == JsonNode::Kind::kNull) return Outcome::Null();
    if (node->kind == JsonNode::Kind::kBoolean) return Outcome::Real(node->scalar == "true" ? 1 : 0);
    if (node->kind != JsonNode::Kind::kNumber && node->kind != JsonNode::Kind::kText)
      return Outcome::Error("100071", "22000",
                            absl::StrCat("Failed to cast variant value ", CutText(WriteJson(*node), 60), " to REAL"));
    return FloatOfText(node->scalar);
  }
  if (value.type().id == DUCKDB_TYPE_VARCHAR) return FloatOfText(value.Text(call.row));
  if (value.type().id == DUCKDB_TYPE_BOOLEAN) return Outcome::Real(value.Boolean(call.row) ? 1 : 0);
  if (IsRealColumn(value)) return Outcome::Real(value.Real(call.row));
  return Outcome::Real(DoubleOfDecimal(DecimalArgument(value, call.row)));
}

Outcome BooleanOfText(std::string_view text) {
  const std::string word = Lower(text);
  for (const char* yes : {"true", "t", "yes", "y", "on", "1"}) {
    if (word == yes) return Outcome::Number(1);
  }
  for (const char* no : {"false", "f", "no", "n", "off", "0"}) {
    if (word == no) return Outcome::Number(0);
  }
  return Outcome::Error("100037", "22018", absl::StrCat("Boolean value '", CutText(text, 60), "' is not recognized"));
}

Outcome ToBoolean(const FunctionCall& call) {
  const VectorView& value = call.in[0];
  if (IsJson(value)) {
    const JsonPtr node = ParseJsonNode(value.Text(call.row));
    if (node == nullptr || node->kind == JsonNode::Kind::kNull) return Outcome::Null();
    if (node->kind == JsonNode::Kind::kNumber)
      return Outcome::Number(CompareNumberTexts(node->scalar, "0") != 0 ? 1 : 0);
    if (node->kind != JsonNode::Kind::kBoolean && node->kind != JsonNode::Kind::kText)
      return Outcome::Error(
          "100071", "22000",
          absl::StrCat("Failed to cast variant value ", CutText(WriteJson(*node), 60), " to BOOLEAN"));
    return BooleanOfText(node->scalar);
  }
  if (value.type().id == DUCKDB_TYPE_VARCHAR) return BooleanOfText(value.Text(call.row));
  if (value.type().id == DUCKDB_TYPE_BOOLEAN) return Outcome::Number(value.Boolean(call.row) ? 1 : 0);
  if (IsRealColumn(value)) return Outcome::Number(value.Real(call.row) != 0 ? 1 : 0);
  return Outcome::Number(value.Integer(call.row) != 0 ? 1 : 0);
}

// (text or binary, format)
Outcome ToBinary(const FunctionCall& call) {
  const VectorView& value = call.in[0];
  std::string text(value.Text(call.row));
  if (value.type().id == DUCKDB_TYPE_BLOB) return Outcome::Text(std::move(text));
  if (IsJson(value)) {
    const JsonPtr node = ParseJsonNode(text);
    if (node == nullptr || node->kind == JsonNode::Kind::kNull) return Outcome::Null();
    text = JsonPlainText(*node);
  }
  const std::string format = Lower(call.Text(1));
  if (format == "utf-8" || format == "utf8") return Outcome::Text(std::move(text));
  if (format == "base64") {
    std::string bytes;
    if (absl::Base64Unescape(text, &bytes)) return Outcome::Text(std::move(bytes));
  } else if (format == "hex" && text.size() % 2 == 0 &&
             text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
    return Outcome::Text(absl::HexStringToBytes(text));
  }
  return Outcome::Error(
      "100065", "22000",
      absl::StrCat("The following string is not a legal ", format, "-encoded value: '", CutText(text, 60), "'"));
}

// (value, zone): "null" only inside other values; NULL stays NULL
Outcome ToVariant(const FunctionCall& call) {
  const VectorView& value = call.in[0];
  if (IsLtz(value) && call.count() > 1) {
    const std::string zone(call.Text(1));
    if (!OffsetOfInstant(zone, 0).has_value()) return UnknownZone(zone);
    const Moment moment = MomentInZone(value, call.row, zone);
    return Outcome::Text(KeptMoment(value, moment));
  }
  return Outcome::Text(JsonText(value, call.row));
}

Outcome ToKind(const FunctionCall& call, JsonNode::Kind kind, const char* name) {
  const JsonPtr node = ParseJsonNode(call.Text(0));
  if (node == nullptr || node->kind == JsonNode::Kind::kNull) return Outcome::Null();
  if (node->kind == kind) return Outcome::Text(std::string(call.Text(0)));
  if (kind == JsonNode::Kind::kArray) return Outcome::Text(absl::StrCat("[", std::string(call.Text(0)), "]"));
  return Outcome::Error("100071", "22000",
                        absl::StrCat("Failed to cast variant value ", CutText(call.Text(0), 60), " to ", name));
}

// TO_ARRAY: anything but an array becomes its one element.
Outcome ToArray(const FunctionCall& call) {
  const std::string text = JsonText(call.in[0], call.row);
  if (IsJson(call.in[0]) && text == "null") return Outcome::Null();
  return Outcome::Text(IsJson(call.in[0]) && text[0] == '[' ? text : absl::StrCat("[", text, "]"));
}

}  // namespace

void AddConversionFunctions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  const auto both = [&](const std::string& name, K result, RowFunction run, int scale = 0) {
    entries.push_back({"SF_" + name, result, run, scale});
    entries.push_back({"SF_TRY_" + name, result, run, scale});
    entries.back().errors_are_null = true;
  };
  for (int scale = 0; scale <= 37; ++scale) both(absl::StrCat("NUMBER_", scale), K::kDecimal, ToNumber, scale);
  both("TEXT", K::kText, ToText);
  both("FLOAT", K::kDouble, ToFloat);
  both("BOOLEAN", K::kBoolean, ToBoolean);
  both("BINARY", K::kBlob, ToBinary);
  both("VARIANT", K::kJson, ToVariant);
  both("OBJECT", K::kJson, [](const FunctionCall& call) { return ToKind(call, JsonNode::Kind::kObject, "OBJECT"); });
  both("ARRAY", K::kJson, [](const FunctionCall& call) { return ToKind(call, JsonNode::Kind::kArray, "ARRAY"); });
  entries.push_back({"SF_TO_ARRAY", K::kJson, ToArray});
  entries.push_back({"SF_TO_VARCHAR", K::kText, ToText});
}

}  // namespace cdi::snowflake_mock
