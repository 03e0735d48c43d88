#include "tests/snowflake_mock/server/language/sql_type.h"
#include "nlohmann/json.hpp"

#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

const std::map<std::string, SqlType>& TypeNames() {
  static const auto* names =
      new std::map<std::string, SqlType>{{"NUMBER", SqlType::Number(38, 0)},
                                         {"DECIMAL", SqlType::Number(38, 0)},
                                         {"DEC", SqlType::Number(38, 0)},
                                         {"NUMERIC", SqlType::Number(38, 0)},
                                         {"INT", SqlType::Number(38, 0)},
                                         {"INTEGER", SqlType::Number(38, 0)},
                                         {"BIGINT", SqlType::Number(38, 0)},
                                         {"SMALLINT", SqlType::Number(38, 0)},
                                         {"TINYINT", SqlType::Number(38, 0)},
                                         {"BYTEINT", SqlType::Number(38, 0)},
                                         {"FLOAT", SqlType::Of(Kind::kFloat)},
                                         {"FLOAT4", SqlType::Of(Kind::kFloat)},
                                         {"FLOAT8", SqlType::Of(Kind::kFloat)},
                                         {"DOUBLE", SqlType::Of(Kind::kFloat)},
                                         {"REAL", SqlType::Of(Kind::kFloat)},
                                         {"VARCHAR", SqlType::Text()},
                                         {"TEXT", SqlType::Text()},
                                         {"STRING", SqlType::Text()},
                                         {"NVARCHAR", SqlType::Text()},
                                         {"NVARCHAR2", SqlType::Text()},
                                         {"CHAR", SqlType::Text(1)},
                                         {"CHARACTER", SqlType::Text(1)},
                                         {"NCHAR", SqlType::Text(1)},
                                         {"BOOLEAN", SqlType::Of(Kind::kBoolean)},
                                         {"BOOL", SqlType::Of(Kind::kBoolean)},
                                         {"DATE", SqlType::Of(Kind::kDate)},
                                         {"TIME", SqlType::Of(Kind::kTime, 9)},
                                         {"DATETIME", SqlType::Of(Kind::kTimestampNtz, 9)},
                                         {"TIMESTAMP", SqlType::Of(Kind::kTimestampNtz, 9)},
                                         {"TIMESTAMP_NTZ", SqlType::Of(Kind::kTimestampNtz, 9)},
                                         {"TIMESTAMPNTZ", SqlType::Of(Kind::kTimestampNtz, 9)},
                                         {"TIMESTAMP_LTZ", SqlType::Of(Kind::kTimestampLtz, 9)},
                                         {"TIMESTAMPLTZ", SqlType::Of(Kind::kTimestampLtz, 9)},
                                         {"TIMESTAMP_TZ", SqlType::Of(Kind::kTimestampTz, 9)},
                                         {"TIMESTAMPTZ", SqlType::Of(Kind::kTimestampTz, 9)},
                                         {"BINARY", {Kind::kBinary, 0, 0, SqlType::kBinaryLengthMax}},
                                         {"VARBINARY", {Kind::kBinary, 0, 0, SqlType::kBinaryLengthMax}},
                                         {"VARIANT", SqlType::Of(Kind::kVariant)},
                                         {"OBJECT", SqlType::Of(Kind::kObject)},
                                         {"ARRAY", SqlType::Of(Kind::kArray)}};
  return *names;
}

bool IsMissingType(const std::string& word) {
  return word == "GEOGRAPHY" || word == "GEOMETRY" || word == "VECTOR" || word == "MAP" || word == "DECFLOAT" ||
         word == "FILE";
}

std::string TimestampName(Kind kind) {
  switch (kind) {
    case Kind::kTimestampLtz:
      return "TIMESTAMP_LTZ";
    case Kind::kTimestampTz:
      return "TIMESTAMP_TZ";
    default:
      return "TIMESTAMP_NTZ";
  }
}

// "(10,2)" behind a type name; an empty list when there is none.
absl::StatusOr<std::vector<int64_t>> ParseTypeArguments(TokenReader& reader) {
  std::vector<int64_t> arguments;
  if (!reader.TakeOperator("(")) return arguments;
  do {
    if (reader.Peek().kind != TokenKind::kNumber || reader.Peek().text.size() > 9) return reader.Unexpected();
    arguments.push_back(std::strtoll(reader.Next().text.c_str(), nullptr, 10));
  } while (reader.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  return arguments;
}

absl::Status ApplyArguments(const std::vector<int64_t>& arguments, const std::string& name, SqlType& type) {
  const auto invalid = [&] {
    return SqlError("001003", "42000",
                    absl::StrCat("SQL compilation error:\nInvalid parameter of data type '", name, "'."));
  };
  if (arguments.empty()) return absl::OkStatus();
  switch (type.kind) {
    case Kind::kNumber:
      if (arguments.size() > 2 || arguments[0] < 1 || arguments[0] > 38) return invalid();
      if (arguments.size() == 2 && arguments[1] > arguments[0]) return invalid();
      type.precision = static_cast<int>(arguments[0]);
      type.scale = arguments.size() == 2 ? static_cast<int>(arguments[1]) : 0;
      return absl::OkStatus();
    case Kind::kText:
    case Kind::kBinary:
      if (arguments.size() != 1 || arguments[0] < 1 || arguments[0] > 134217728) return invalid();
      type.length = arguments[0];
      return absl::OkStatus();
    case Kind::kTime:
    case Kind::kTimestampNtz:
    case Kind::kTimestampLtz:
    case Kind::kTimestampTz:
      if (arguments.size() != 1 || arguments[0] > 9) return invalid();
      type.scale = static_cast<int>(arguments[0]);
      return absl::OkStatus();
    default:
      return invalid();
  }
}

}  // namespace

bool IsTypeName(const std::string& word) {
  return TypeNames().contains(word) || IsMissingType(word);
}

absl::StatusOr<SqlType> ParseType(TokenReader& reader) {
  if (reader.Peek().kind != TokenKind::kWord) return reader.Unexpected();
  const Token token = reader.Next();
  const auto found = TypeNames().find(token.text);
  if (found == TypeNames().end()) {
    if (IsMissingType(token.text)) return Unsupported(absl::StrCat("data type ", token.text));
    return SqlError("002040", "42601",
                    absl::StrCat("SQL compilation error:\nUnsupported data type '", token.text, "'."), token.place);
  }
  SqlType type = found->second;
  if (token.text == "DOUBLE") reader.TakeWords("PRECISION");
  if (token.text == "CHAR" || token.text == "CHARACTER" || token.text == "NCHAR") {
    if (reader.TakeWords("VARYING")) type = SqlType::Text();
  }
  if ((type.kind == Kind::kObject || type.kind == Kind::kArray) && reader.Peek().IsOperator("(")) {
    return Unsupported("structured data types");
  }
  CDI_ASSIGN_OR_RETURN(const std::vector<int64_t> arguments, ParseTypeArguments(reader));
  CDI_RETURN_IF_ERROR(ApplyArguments(arguments, token.text, type));
  return type;
}

std::string SqlType::SnowflakeName() const {
  switch (kind) {
    case Kind::kNumber:
      return absl::StrCat("NUMBER(", precision, ",", scale, ")");
    case Kind::kFloat:
      return "FLOAT";
    case Kind::kText:
      return absl::StrCat("VARCHAR(", length, ")");
    case Kind::kBoolean:
      return "BOOLEAN";
    case Kind::kDate:
      return "DATE";
    case Kind::kTime:
      return absl::StrCat("TIME(", scale, ")");
    case Kind::kTimestampNtz:
    case Kind::kTimestampLtz:
    case Kind::kTimestampTz:
      return absl::StrCat(TimestampName(kind), "(", scale, ")");
    case Kind::kBinary:
      return absl::StrCat("BINARY(", length, ")");
    case Kind::kVariant:
      return "VARIANT";
    case Kind::kObject:
      return "OBJECT";
    case Kind::kArray:
      return "ARRAY";
  }
  return "";
}

std::string SqlType::ShortName() const {
  if (kind == Kind::kText) return "TEXT";
  const std::string full = SnowflakeName();
  return full.substr(0, full.find('('));
}

std::string SqlType::EngineName() const {
  switch (kind) {
    case Kind::kNumber:
      return absl::StrCat("DECIMAL(", precision, ",", scale, ")");
    case Kind::kFloat:
      return "DOUBLE";
    case Kind::kText:
      return "VARCHAR";
    case Kind::kBoolean:
      return "BOOLEAN";
    case Kind::kDate:
      return "DATE";
    case Kind::kTime:
      return "TIME_NS";
    case Kind::kTimestampNtz:
      return "TIMESTAMP_NS";
    case Kind::kTimestampLtz:
      return "SF_LTZ";
    case Kind::kTimestampTz:
      return "SF_TZ";
    case Kind::kBinary:
      return "BLOB";
    case Kind::kVariant:
    case Kind::kObject:
    case Kind::kArray:
      return "JSON";
  }
  return "";
}

nlohmann::ordered_json SqlType::RowType(const std::string& name, bool nullable) const {
  nlohmann::ordered_json row{{"name", name},          {"database", ""},       {"schema", ""},
                             {"table", ""},           {"nullable", nullable}, {"type", ""},
                             {"precision", nullptr},  {"scale", nullptr},     {"length", nullptr},
                             {"byteLength", nullptr}, {"collation", nullptr}};
  switch (kind) {
    case Kind::kNumber:
      row["type"] = "fixed";
      row["precision"] = precision;
      row["scale"] = scale;
      break;
    case Kind::kText:
      row["type"] = "text";
      row["length"] = length;
      row["byteLength"] = std::min<int64_t>(length * 4, std::max(length, kTextLengthMax));
      break;
    case Kind::kBinary:
      row["type"] = "binary";
      row["length"] = length;
      row["byteLength"] = length;
      break;
    case Kind::kTime:
    case Kind::kTimestampNtz:
    case Kind::kTimestampLtz:
    case Kind::kTimestampTz:
      row["type"] = kind == Kind::kTime           ? "time"
                    : kind == Kind::kTimestampNtz ? "timestamp_ntz"
                    : kind == Kind::kTimestampLtz ? "timestamp_ltz"
                                                  : "timestamp_tz";
      row["precision"] = 0;
      row["scale"] = scale;
      break;
    case Kind::kFloat:
      row["type"] = "real";
      break;
    case Kind::kBoolean:
      row["type"] = "boolean";
      break;
    case Kind::kDate:
      row["type"] = "date";
      break;
    case Kind::kVariant:
      row["type"] = "variant";
      break;
    case Kind::kObject:
      row["type"] = "object";
      break;
    case Kind::kArray:
      row["type"] = "array";
      break;
  }
  return row;
}

}  // namespace cdi::snowflake_mock
