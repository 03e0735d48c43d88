// TO_… and TRY_TO_…, AS_…: casts that may take formats.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

bool IsTry(const Calls& call) {
  return call.name().rfind("TRY_", 0) == 0;
}

std::string Prefix(const Calls& call) {
  return IsTry(call) ? "SF_TRY_" : "SF_";
}

// TO_VARCHAR(value[, format])
absl::StatusOr<Typed> ToVarchar(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 2));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  if (call.count() == 1 || value.null) return call.convert.Text(value);
  CDI_ASSIGN_OR_RETURN(const std::string format, call.Text(1));
  if (value.type.kind == Kind::kText) {  // a text with a format is taken for a timestamp
    CDI_ASSIGN_OR_RETURN(const Typed time, call.convert.Cast(value, call.convert.DefaultTimestamp(9)));
    return TextValue(absl::StrCat("SF_TEXT(", time.sql, ", ", format, ", ", call.convert.zone(), ")"));
  }
  const bool known = IsMoment(value.type) || value.type.kind == Kind::kTime || value.type.kind == Kind::kNumber ||
                     value.type.kind == Kind::kFloat || value.type.kind == Kind::kBinary;
  if (!known) return InvalidArgumentTypes(call.name(), {value});
  return TextValue(absl::StrCat("SF_TEXT(", value.sql, ", ", format, ", ", call.convert.zone(), ")"), value.nullable);
}

SqlType TargetOf(const Calls& call) {
  const std::string& name = call.name();
  if (name.find("DATE") != std::string::npos) return SqlType::Of(Kind::kDate);
  if (name.find("TIMESTAMP_LTZ") != std::string::npos) return SqlType::Of(Kind::kTimestampLtz, 9);
  if (name.find("TIMESTAMP_TZ") != std::string::npos) return SqlType::Of(Kind::kTimestampTz, 9);
  if (name.find("TIMESTAMP_NTZ") != std::string::npos) return SqlType::Of(Kind::kTimestampNtz, 9);
  if (name.find("TIMESTAMP") != std::string::npos) return call.convert.DefaultTimestamp(9);
  if (name.find("TIME") != std::string::npos) return SqlType::Of(Kind::kTime, 9);
  if (name.find("BOOLEAN") != std::string::npos) return SqlType::Of(Kind::kBoolean);
  return SqlType::Of(Kind::kFloat);
}

// TO_DATE, TO_TIME, TO_TIMESTAMP…: (value[, format]) or (number[, scale]).
absl::StatusOr<Typed> ToTime(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 2));
  const SqlType target = TargetOf(call);
  CDI_ASSIGN_OR_RETURN(Typed value, call.Value(0));
  const char* const engine = target.kind == Kind::kDate           ? "DATE"
                             : target.kind == Kind::kTime         ? "TIME"
                             : target.kind == Kind::kTimestampLtz ? "LTZ"
                             : target.kind == Kind::kTimestampTz  ? "TZ"
                                                                  : "NTZ";
  if (value.null) return call.convert.Cast(value, target);
  if (call.count() == 2 && value.type.kind == Kind::kNumber) {
    CDI_ASSIGN_OR_RETURN(const std::string scale, call.Bigint(1));
    return Typed{
        absl::StrCat(Prefix(call), engine, "_OF_NUMBER(", value.sql, ", ", scale, ", ", call.convert.zone(), ")"),
        target,
        true,
        false,
        {},
        {}};
  }
  if (call.count() == 1) {
    if (IsTry(call) && value.type.kind == Kind::kText) return call.convert.TryCast(value, target);
    if (value.type.kind == Kind::kNumber && target.kind == Kind::kDate) {
      CDI_ASSIGN_OR_RETURN(value, call.convert.Cast(value, SqlType::Of(Kind::kTimestampNtz, 9)));
    }
    return call.convert.Cast(value, target);
  }
  CDI_ASSIGN_OR_RETURN(const Typed text, call.convert.Text(value));
  CDI_ASSIGN_OR_RETURN(const std::string format, call.Text(1));
  return Typed{absl::StrCat(Prefix(call), engine, "(", text.sql, ", ", call.convert.zone(), ", 9, ", format, ")"),
               target,
               IsTry(call) || text.nullable,
               false,
               {},
               {}};
}

// TO_BOOLEAN, TO_DOUBLE
absl::StatusOr<Typed> ToSimple(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 2));
  if (call.count() == 2) return Unsupported(absl::StrCat(call.name(), " with a format"));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  if (IsTry(call) && value.type.kind == Kind::kText && !value.null) return call.convert.TryCast(value, TargetOf(call));
  return call.convert.Cast(value, TargetOf(call));
}

// TO_NUMBER(value[, format][, precision[, scale]])
absl::StatusOr<Typed> ToNumber(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 4));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  size_t at = 1;
  std::string format;
  if (values.size() > 1 && values[1].type.kind == Kind::kText) {
    format = values[1].sql;
    ++at;
  }
  std::vector<int> sizes = {38, 0};
  for (size_t i = at; i < values.size(); ++i) {
    int parsed = 0;
    if (!values[i].number_text.has_value() || !absl::SimpleAtoi(*values[i].number_text, &parsed) || i - at > 1)
      return InvalidArgumentTypes(call.name(), values);
    sizes[i - at] = parsed;
  }
  if (sizes[0] < 1 || sizes[0] > 38 || sizes[1] < 0 || sizes[1] > std::min(37, sizes[0]))
    return SqlError("001003", "42000", "SQL compilation error:\nInvalid precision or scale of a number");
  const SqlType target = SqlType::Number(sizes[0], sizes[1]);
  if (format.empty()) {
    if (IsTry(call) && values[0].type.kind == Kind::kText && !values[0].null)
      return call.convert.TryCast(values[0], target);
    return call.convert.Cast(values[0], target);
  }
  CDI_ASSIGN_OR_RETURN(const Typed text, call.convert.Text(values[0]));
  return AsNumber(
      absl::StrCat(Prefix(call), "NUMBER_", target.scale, "(", text.sql, ", ", target.precision, ", ", format, ")"),
      target.precision, target.scale);
}

// AS_INTEGER(v) and the like: the value when the VARIANT holds that type, else NULL.
absl::StatusOr<Typed> AsType(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 3));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  if (!IsSemiStructured(value.type) && !value.null) return InvalidArgumentTypes(call.name(), {value});
  CDI_ASSIGN_OR_RETURN(const Typed variant, call.convert.Variant(value));
  std::string type = call.name().substr(3);
  SqlType target;
  if (type == "INTEGER") {
    target = SqlType::Number(38, 0);
  } else if (type == "DECIMAL" || type == "NUMBER") {
    type = "DECIMAL";
    target = SqlType::Number(38, 0);
    for (size_t i = 1; i < call.count(); ++i) {
      CDI_ASSIGN_OR_RETURN(const Typed size, call.Value(i));
      int parsed = 0;
      if (!size.number_text.has_value() || !absl::SimpleAtoi(*size.number_text, &parsed) || parsed < 0 || parsed > 37)
        return InvalidArgumentTypes(call.name(), {value, size});
      (i == 1 ? target.precision : target.scale) = parsed;
    }
    if (target.precision < 1 || target.scale > target.precision) return InvalidArgumentTypes(call.name(), {value});
  } else if (type == "DOUBLE" || type == "REAL") {
    type = "DOUBLE";
    target = SqlType::Of(Kind::kFloat);
  } else if (type == "BOOLEAN") {
    target = SqlType::Of(Kind::kBoolean);
  } else if (type == "ARRAY") {
    target = SqlType::Of(Kind::kArray);
  } else if (type == "OBJECT") {
    target = SqlType::Of(Kind::kObject);
  } else {
    type = "VARCHAR";
    target = SqlType::Text();
  }
  CDI_ASSIGN_OR_RETURN(Typed cast, call.convert.Cast(variant, target));
  cast.sql = absl::StrCat("(CASE WHEN SF_IS_TYPE(", variant.sql, ", '", type, "') THEN ", cast.sql, " END)");
  cast.nullable = true;
  return cast;
}

}  // namespace

const CallHandlers& ConversionCalls() {
  static const auto* calls = [] {
    auto* map = new CallHandlers{{"TO_VARCHAR", ToVarchar}, {"TO_CHAR", ToVarchar}, {"DATE", ToTime}, {"TIME", ToTime}};
    for (const std::string prefix : {"TO_", "TRY_TO_"}) {
      for (const char* name : {"DATE", "TIME", "TIMESTAMP", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})
        (*map)[prefix + name] = ToTime;
      for (const char* name : {"BOOLEAN", "DOUBLE"}) (*map)[prefix + name] = ToSimple;
      for (const char* name : {"NUMBER", "DECIMAL", "NUMERIC"}) (*map)[prefix + name] = ToNumber;
    }
    for (const char* name :
         {"INTEGER", "DECIMAL", "NUMBER", "DOUBLE", "REAL", "BOOLEAN", "ARRAY", "OBJECT", "VARCHAR", "CHAR"})
      (*map)[std::string("AS_") + name] = AsType;
    return map;
  }();
  return *calls;
}

}  // namespace cdi::snowflake_mock
