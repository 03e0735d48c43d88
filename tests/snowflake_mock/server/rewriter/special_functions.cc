// Calls whose rewriting needs more than their argument texts: keywords inside, parts of dates, looks into the catalog.
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "base/timestamp.h"
#include "tests/snowflake_mock/server/rewriter/expression_rewriter.h"
#include "tests/snowflake_mock/server/rewriter/function_table.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"

namespace cdi::snowflake_mock {
namespace {

struct DatePart {
  std::string_view spelling;
  std::string_view part;
};

constexpr std::array<DatePart, 41> kDateParts = {{
    {"YEAR", "year"},
    {"YEARS", "year"},
    {"YY", "year"},
    {"YYYY", "year"},
    {"Y", "year"},
    {"YR", "year"},
    {"QUARTER", "quarter"},
    {"QUARTERS", "quarter"},
    {"QTR", "quarter"},
    {"Q", "quarter"},
    {"MONTH", "month"},
    {"MONTHS", "month"},
    {"MM", "month"},
    {"MON", "month"},
    {"WEEK", "week"},
    {"WEEKS", "week"},
    {"W", "week"},
    {"WK", "week"},
    {"DAY", "day"},
    {"DAYS", "day"},
    {"D", "day"},
    {"DD", "day"},
    {"HOUR", "hour"},
    {"HOURS", "hour"},
    {"H", "hour"},
    {"HH", "hour"},
    {"HR", "hour"},
    {"MINUTE", "minute"},
    {"MINUTES", "minute"},
    {"M", "minute"},
    {"MI", "minute"},
    {"MIN", "minute"},
    {"SECOND", "second"},
    {"SECONDS", "second"},
    {"S", "second"},
    {"SEC", "second"},
    {"MILLISECOND", "millisecond"},
    {"MS", "millisecond"},
    {"MICROSECOND", "microsecond"},
    {"US", "microsecond"},
    {"NANOSECOND", "nanosecond"},
}};

absl::StatusOr<std::string> ReadDatePart(const Token& token) {
  const std::string spelling = absl::AsciiStrToUpper(token.text);
  if (spelling == "NS") return std::string("nanosecond");
  for (const DatePart& known : kDateParts) {
    if (known.spelling == spelling) return std::string(known.part);
  }
  return SqlError("001003", "42000",
                  absl::StrCat("SQL compilation error:\n'", token.text, "' is not a valid date/time component."),
                  token.place);
}

bool IsDayPart(const std::string& part) {
  return part == "year" || part == "quarter" || part == "month" || part == "week" || part == "day";
}

}  // namespace

absl::StatusOr<std::string> ExpressionRewriter::CastCall(size_t begin, size_t end, bool try_cast) {
  int depth = 0;
  for (size_t i = begin; i < end; ++i) {
    if (tokens_[i].IsOperator("(")) ++depth;
    if (tokens_[i].IsOperator(")")) --depth;
    if (depth != 0 || !tokens_[i].IsWord("AS")) continue;
    CDI_ASSIGN_OR_RETURN(const std::string operand, Walk(begin, i, false));
    TokenReader reader(tokens_, i + 1);
    CDI_ASSIGN_OR_RETURN(const SqlType type, ParseType(reader));
    if (reader.position() != end) return Unexpected(reader.position());
    return CastExpression(operand, type, try_cast);
  }
  return Unexpected(end);
}

absl::StatusOr<std::string> ExpressionRewriter::DateCall(const Token& name, size_t begin, size_t end) {
  const auto arguments = SplitArguments(begin, end);
  const bool part_first = name.text == "DATEADD" || name.text == "TIMESTAMPADD" || name.text == "TIMEADD" ||
                          name.text == "DATEDIFF" || name.text == "TIMESTAMPDIFF" || name.text == "TIMEDIFF";
  const size_t wanted = part_first ? 3 : 2;
  if (arguments.size() != wanted || arguments[0].second - arguments[0].first != 1) return Unexpected(begin);
  CDI_ASSIGN_OR_RETURN(const std::string part, ReadDatePart(tokens_[arguments[0].first]));
  std::vector<std::string> values;
  for (size_t i = 1; i < arguments.size(); ++i) {
    CDI_ASSIGN_OR_RETURN(std::string value, Walk(arguments[i].first, arguments[i].second, false));
    values.push_back(std::move(value));
  }
  const std::string quoted = QuoteLiteral(part);
  if (name.text == "DATE_TRUNC") {
    if (part == "nanosecond") return values[0];
    return absl::StrCat("CAST(date_trunc(", quoted, ", CAST(SF_TO_NTZ(", values[0],
                        ") AS TIMESTAMP)) AS TIMESTAMP_NS)");
  }
  if (name.text == "DATE_PART")
    return absl::StrCat("date_part(", quoted, ", CAST(SF_TO_NTZ(", values[0], ") AS TIMESTAMP))");
  if (part_first && name.text.find("ADD") != std::string::npos) {
    return absl::StrCat(IsDayPart(part) ? "SF_DATEADD_DAYS(" : "SF_DATEADD(", quoted, ", CAST(", values[0],
                        " AS BIGINT), ", values[1], ")");
  }
  if (part == "nanosecond") return absl::StrCat("(SF_INSTANT_NS(", values[1], ") - SF_INSTANT_NS(", values[0], "))");
  return absl::StrCat("date_diff(", quoted, ", CAST(SF_TO_NTZ(", values[0], ") AS TIMESTAMP), CAST(SF_TO_NTZ(",
                      values[1], ") AS TIMESTAMP))");
}

absl::StatusOr<std::string> ExpressionRewriter::SpecialCall(const Token& name, size_t begin, size_t end, bool& done) {
  done = true;
  const std::string& word = name.text;
  if (word == "CAST" || word == "TRY_CAST") return CastCall(begin, end, word == "TRY_CAST");
  if (word == "DATEADD" || word == "TIMESTAMPADD" || word == "TIMEADD" || word == "DATEDIFF" ||
      word == "TIMESTAMPDIFF" || word == "TIMEDIFF" || word == "DATE_PART") {
    return DateCall(name, begin, end);
  }
  if (word == "DATE_TRUNC") return DateCall(name, begin, end);
  if (word == "EXTRACT") {
    if (begin + 2 >= end || !tokens_[begin + 1].IsWord("FROM")) return Unexpected(begin);
    CDI_ASSIGN_OR_RETURN(const std::string part, ReadDatePart(tokens_[begin]));
    CDI_ASSIGN_OR_RETURN(const std::string value, Walk(begin + 2, end, false));
    return absl::StrCat("date_part(", QuoteLiteral(part), ", CAST(SF_TO_NTZ(", value, ") AS TIMESTAMP))");
  }
  if (const auto found = context_.context_functions.find(word); found != context_.context_functions.end()) {
    return found->second;
  }
  const auto ranges = SplitArguments(begin, end);
  if (word == "SYSTEM$LAST_CHANGE_COMMIT_TIME" || word == "SYSTEM$GET_LOGIN_FAILURE_DETAILS") {
    if (end != begin + 1 || tokens_[begin].kind != TokenKind::kString)
      return Unsupported(absl::StrCat(word, " of anything but a literal"));
    if (word == "SYSTEM$GET_LOGIN_FAILURE_DETAILS") {
      return QuoteLiteral(context_.login_failure_details ? context_.login_failure_details(tokens_[begin].text) : "");
    }
    return LastChange(tokens_[begin].text);
  }
  std::vector<std::string> values;
  const auto walk_all = [&]() -> absl::Status {
    for (const auto& [first, last] : ranges) {
      if (first == last) return Unexpected(last);
      CDI_ASSIGN_OR_RETURN(std::string value, Walk(first, last, false));
      values.push_back(std::move(value));
    }
    return absl::OkStatus();
  };
  if (word == "CONVERT_TIMEZONE" && ranges.size() == 2) {
    CDI_RETURN_IF_ERROR(walk_all());
    return absl::StrCat("SF_CONVERT_TIMEZONE(", values[0], ", ", values[1], ")");
  }
  if (word == "CONCAT" && !ranges.empty()) {
    CDI_RETURN_IF_ERROR(walk_all());
    for (std::string& value : values) value = absl::StrCat("SF_TO_VARCHAR(", value, ")");
    return absl::StrCat("(", absl::StrJoin(values, " || "), ")");
  }
  if (word == "DECODE" && ranges.size() >= 3) {
    CDI_RETURN_IF_ERROR(walk_all());
    std::string text = "CASE";
    size_t i = 1;
    for (; i + 1 < values.size(); i += 2) {
      absl::StrAppend(&text, " WHEN (", values[0], ") IS NOT DISTINCT FROM (", values[i], ") THEN ", values[i + 1]);
    }
    if (i < values.size()) absl::StrAppend(&text, " ELSE ", values[i]);
    return text + " END";
  }
  const bool try_number = word == "TRY_TO_NUMBER" || word == "TRY_TO_DECIMAL" || word == "TRY_TO_NUMERIC";
  if ((try_number || word == "TO_NUMBER" || word == "TO_DECIMAL" || word == "TO_NUMERIC") && !ranges.empty() &&
      ranges.size() <= 3) {
    SqlType type = SqlType::Number(38, 0);
    for (size_t i = 1; i < ranges.size(); ++i) {
      int number = 0;
      if (!absl::SimpleAtoi(tokens_[ranges[i].first].text, &number) || number < 0 || number > 38)
        return Unsupported(absl::StrCat(word, " with a format"));
      (i == 1 ? type.precision : type.scale) = number;
    }
    CDI_ASSIGN_OR_RETURN(const std::string value, Walk(ranges[0].first, ranges[0].second, false));
    return CastExpression(value, type, try_number);
  }
  if (word == "LISTAGG" || word == "ARRAY_AGG") {
    if (tokens_[end + 1].IsWord("WITHIN")) return Unsupported("WITHIN GROUP");
    CDI_RETURN_IF_ERROR(walk_all());
    if (word == "ARRAY_AGG" && values.size() == 1)
      return absl::StrCat("coalesce(to_json(list(", values[0], ")), CAST('[]' AS JSON))");
    if (values.size() == 1) values.push_back("''");
    return absl::StrCat("coalesce(string_agg(", absl::StrJoin(values, ", "), "), '')");
  }
  done = false;
  return std::string();
}

absl::StatusOr<std::string> ExpressionRewriter::LastChange(const std::string& name_text) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(name_text));
  TokenReader reader(tokens);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context_));
  CDI_ASSIGN_OR_RETURN(const Relation* const relation, FindWithPrivilege(name, "SELECT", context_));
  int64_t latest = relation->changed_ns;
  if (relation->is_view) {
    RewrittenQuery scratch;
    ExpressionRewriter inner(tokens, context_, scratch);
    CDI_RETURN_IF_ERROR(inner.ExpandView(name, *relation).status());
    for (const ObjectName& read : scratch.relations) {
      if (const Relation* const source = context_.catalog.FindRelation(read))
        latest = std::max(latest, source->changed_ns);
    }
  }
  return absl::StrCat("CAST(", latest, " AS BIGINT)");
}

absl::StatusOr<std::string> ExpressionRewriter::BindingLiteral() {
  if (context_.bindings == nullptr) return std::string("CAST(NULL AS VARCHAR)");
  if (next_binding_ >= context_.bindings->size()) {
    return SqlError("002049", "42601",
                    absl::StrCat("SQL compilation error:\nBind variable ?", next_binding_ + 1, " not set."));
  }
  const Binding& binding = (*context_.bindings)[next_binding_++];
  const std::string type = absl::AsciiStrToUpper(binding.type);
  const auto literal = [&] { return binding.value.has_value() ? QuoteLiteral(*binding.value) : std::string("NULL"); };
  const auto bad = [&] {
    return SqlError("100038", "22018",
                    absl::StrCat("value '", *binding.value, "' of a ", type, " binding is not recognized"));
  };
  if (type == "TEXT") return absl::StrCat("CAST(", literal(), " AS VARCHAR)");
  if (type == "REAL") return absl::StrCat("CAST(", literal(), " AS DOUBLE)");
  if (type == "BOOLEAN") return absl::StrCat("CAST(", literal(), " AS BOOLEAN)");
  if (type == "BINARY")
    return binding.value.has_value() ? absl::StrCat("from_hex(", literal(), ")") : "CAST(NULL AS BLOB)";
  if (type == "FIXED") {
    if (!binding.value.has_value()) return std::string("CAST(NULL AS DECIMAL(38,0))");
    const std::string& text = *binding.value;
    const size_t point = text.find('.');
    const size_t scale = point == std::string::npos ? 0 : text.size() - point - 1;
    if (scale > 37) return bad();
    if (text.size() <= 18 && point == std::string::npos && !text.empty() &&
        text.find_first_not_of("0123456789", text[0] == '-' ? 1 : 0) == std::string::npos && text != "-") {
      return absl::StrCat("(", text, ")");
    }
    return absl::StrCat("CAST(", literal(), " AS DECIMAL(38,", scale, "))");
  }
  const bool time_type =
      type == "DATE" || type == "TIME" || type == "TIMESTAMP_NTZ" || type == "TIMESTAMP_LTZ" || type == "TIMESTAMP_TZ";
  if (!time_type) return Unsupported(absl::StrCat("bindings of type ", type));
  const std::string engine = type == "DATE"            ? "DATE"
                             : type == "TIME"          ? "TIME_NS"
                             : type == "TIMESTAMP_NTZ" ? "TIMESTAMP_NS"
                             : type == "TIMESTAMP_LTZ" ? "SF_LTZ"
                                                       : "SF_TZ";
  if (!binding.value.has_value()) return absl::StrCat("CAST(NULL AS ", engine, ")");
  std::vector<std::string> words = {*binding.value};
  if (const size_t blank = binding.value->find(' '); type == "TIMESTAMP_TZ" && blank != std::string::npos) {
    words = {binding.value->substr(0, blank), binding.value->substr(blank + 1)};
  }
  int64_t number = 0;
  if (!absl::SimpleAtoi(words[0], &number)) {  // some drivers send the text form
    SqlType as_text = type == "DATE"            ? SqlType::Of(SqlType::Kind::kDate)
                      : type == "TIME"          ? SqlType::Of(SqlType::Kind::kTime, 9)
                      : type == "TIMESTAMP_NTZ" ? SqlType::Of(SqlType::Kind::kTimestampNtz, 9)
                      : type == "TIMESTAMP_LTZ" ? SqlType::Of(SqlType::Kind::kTimestampLtz, 9)
                                                : SqlType::Of(SqlType::Kind::kTimestampTz, 9);
    return CastExpression(literal(), as_text, false);
  }
  if (type == "DATE") return absl::StrCat("CAST(make_timestamp(CAST(", number, " AS BIGINT) * 1000) AS DATE)");
  if (type == "TIME") return absl::StrCat("CAST(make_timestamp_ns(", number, ") AS TIME_NS)");
  if (type == "TIMESTAMP_NTZ") return absl::StrCat("make_timestamp_ns(", number, ")");
  if (type == "TIMESTAMP_LTZ") return absl::StrCat("SF_TO_LTZ(make_timestamp_ns(", number, "))");
  int64_t biased = 1440;
  if (words.size() == 2 && !absl::SimpleAtoi(words[1], &biased)) return bad();
  return absl::StrCat("SF_MAKE_TZ(", number, ", ", biased - 1440, ")");
}

}  // namespace cdi::snowflake_mock
