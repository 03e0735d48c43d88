#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/parser.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {

std::string EncodeName(std::string_view name) {
  std::string encoded;
  for (const char c : name) {
    if (c == '~') {
      encoded += "~~";
    } else if (absl::ascii_islower(static_cast<unsigned char>(c))) {
      encoded += '~';
      encoded += absl::ascii_toupper(static_cast<unsigned char>(c));
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string DecodeName(std::string_view name) {
  std::string decoded;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '~' || i + 1 == name.size()) {
      decoded += name[i];
      continue;
    }
    ++i;
    decoded += absl::ascii_tolower(static_cast<unsigned char>(name[i]));
  }
  return decoded;
}

std::string QuoteEngineName(std::string_view name) {
  return absl::StrCat("\"", absl::StrReplaceAll(std::string(name), {{"\"", "\"\""}}), "\"");
}

std::string EngineColumn(const std::string& name) {
  return QuoteEngineName(EncodeName(name));
}

namespace {

std::string EncodePart(const std::string& part) {
  return absl::StrReplaceAll(EncodeName(part), {{".", "~1"}});
}

}  // namespace

std::string PrivateName(const std::string& prefix, const ObjectName& name) {
  return absl::StrCat("temp.main.",
                      QuoteEngineName(absl::StrCat(prefix, EncodePart(name.database), ".", EncodePart(name.schema), ".",
                                                   EncodePart(name.object))));
}

std::string PhysicalSchema(const std::string& database, const std::string& schema) {
  return QuoteEngineName(absl::StrCat(EncodePart(database), ".", EncodePart(schema)));
}

std::string PhysicalName(const ObjectName& name) {
  if (!name.physical.empty()) return name.physical;
  return absl::StrCat(PhysicalSchema(name.database, name.schema), ".", QuoteEngineName(EncodePart(name.object)));
}

std::string QuoteLiteral(std::string_view text) {
  const std::string quoted = absl::StrCat("'", absl::StrReplaceAll(std::string(text), {{"'", "''"}}), "'");
  if (quoted.find('\0') == std::string::npos) return quoted;
  // The engine's parser ends at a NUL, its values do not.
  return absl::StrCat("(", absl::StrReplaceAll(quoted, {{std::string(1, '\0'), "' || chr(0) || '"}}), ")");
}

absl::StatusOr<ObjectName> CompleteName(const std::vector<std::string>& parts, const RewriteContext& context) {
  if (parts.size() > 3) return SqlError("001003", "42000", "SQL compilation error:\na name has at most three parts");
  ObjectName name;
  name.object = parts.back();
  name.schema = parts.size() > 1 ? parts[parts.size() - 2] : context.schema;
  name.database = parts.size() > 2 ? parts[0] : context.database;
  if (name.database.empty()) {
    return SqlError(
        "090105", "22000",
        "Cannot perform operation. This session does not have a current database. Call 'USE DATABASE', or use a "
        "qualified name.");
  }
  if (name.schema.empty()) {
    return SqlError(
        "090106", "22000",
        "Cannot perform operation. This session does not have a current schema. Call 'USE SCHEMA', or use a "
        "qualified name.");
  }
  const std::string display = name.Display();
  if (context.copies != nullptr && context.copies->contains(display)) {
    name.physical = PrivateName("~TX.", name);
  } else if (context.temporaries != nullptr && context.temporaries->contains(display)) {
    name.physical = PrivateName("", name);
  }
  return name;
}

namespace {

// Forms that would be taken for something else.
absl::Status RefuseOtherForms(const std::vector<Token>& tokens) {
  for (size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (tokens[i].IsOperator("(") && tokens[i + 1].IsOperator("+") && tokens[i + 2].IsOperator(")"))
      return Unsupported("the outer join operator (+)");
    if (tokens[i].IsWord("IDENTIFIER") && tokens[i + 1].IsOperator("(") &&
        (tokens[i + 2].kind == TokenKind::kString || tokens[i + 2].kind == TokenKind::kVariable ||
         tokens[i + 2].kind == TokenKind::kParameter)) {
      return Unsupported("IDENTIFIER()");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RewrittenQuery> RewriteQuery(const std::vector<Token>& tokens, const RewriteContext& context) {
  CDI_RETURN_IF_ERROR(RefuseOtherForms(tokens));
  RewrittenQuery query;
  Parser parser(tokens, context);
  CDI_ASSIGN_OR_RETURN(const QueryPtr parsed, parser.ParseStatement());
  query.needs_warehouse = parser.needs_warehouse();
  Translation shared{query, {}, 0, 0};
  Translator translator(tokens, context, shared);
  CDI_ASSIGN_OR_RETURN(QueryResult result, translator.TranslateQuery(*parsed, nullptr));
  query.sql = std::move(result.sql);
  for (const ScopeColumn& column : result.columns) {
    Column& one = query.columns.emplace_back();
    one.name = column.name;
    one.type = column.type;
    one.nullable = column.nullable;
    query.nulls.push_back(column.null);
    query.named.push_back(column.named);
  }
  return query;
}

namespace {

// The text between the first pair of double quotes behind `from`.
std::string QuotedPart(const std::string& text, size_t from = 0) {
  const size_t begin = text.find('"', from);
  const size_t end = begin == std::string::npos ? begin : text.find('"', begin + 1);
  return end == std::string::npos ? "" : text.substr(begin + 1, end - begin - 1);
}

absl::Status TranslateMissingColumn(const std::string& engine_name, const std::vector<Token>& tokens) {
  const std::string name = DecodeName(engine_name);
  Place place{1, 0};
  std::string shown = DisplayName(name);
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].IsName() || tokens[i].text != name) continue;
    place = tokens[i].place;
    if (i >= 2 && tokens[i - 1].IsOperator(".") && tokens[i - 2].IsName()) {
      place = tokens[i - 2].place;
      shown = absl::StrCat(DisplayName(tokens[i - 2].text), ".", shown);
    }
    break;
  }
  return InvalidIdentifier(place, shown);
}

}  // namespace

absl::Status TranslateEngineError(const absl::Status& error, const std::vector<Token>& tokens) {
  if (ErrorReason(error) != "ENGINE") return error;
  const std::string kind = ErrorDetailsOf(error).at("class");
  const std::string text(error.message());
  // Raised by SQL of our own: "~SF:CODE:STATE:text".
  if (const size_t ours = text.find("~SF:"); ours != std::string::npos && text.size() > ours + 17) {
    return SqlError(text.substr(ours + 4, 6), text.substr(ours + 11, 5), text.substr(ours + 17));
  }
  const auto compilation = [&](std::string_view code, std::string_view state) {
    return SqlError(code, state, absl::StrCat("SQL compilation error:\n", text));
  };
  if (kind == "Parser") {
    const std::string near = QuotedPart(text);
    for (const Token& token : tokens) {
      if (token.kind != TokenKind::kEnd && absl::AsciiStrToUpper(near) == absl::AsciiStrToUpper(token.text)) {
        return SyntaxError(token.place, token.text);
      }
    }
    return SyntaxError(tokens.empty() ? Place{1, 0} : tokens.back().place, near.empty() ? "<EOF>" : DecodeName(near));
  }
  if (kind == "Binder" && text.find("olumn \"") != std::string::npos &&
      (text.find("not found") != std::string::npos || text.find("does not have a column") != std::string::npos)) {
    return TranslateMissingColumn(QuotedPart(text, text.find("olumn \"")), tokens);
  }
  if (kind == "Binder" && text.find("does not have a column named") != std::string::npos) {
    return TranslateMissingColumn(QuotedPart(text, text.find("column named")), tokens);
  }
  if (kind == "Binder" && text.find("Referenced table \"") == 0)
    return TranslateMissingColumn(QuotedPart(text), tokens);
  if (kind == "Binder" && text.find("must appear in the GROUP BY clause") != std::string::npos) {
    return SqlError("000979", "42601",
                    absl::StrCat("SQL compilation error:\n[", DecodeName(QuotedPart(text)),
                                 "] is not a valid group by expression"));
  }
  if (kind == "Binder" && text.find("Ambiguous reference") == 0) {
    return SqlError("001006", "42601",
                    absl::StrCat("SQL compilation error:\nambiguous column name '", DecodeName(QuotedPart(text)), "'"));
  }
  if (kind == "Binder" && text.find("cannot be nested") != std::string::npos)
    return SqlError("002034", "42601", "SQL compilation error:\nAggregate functions may not be nested");
  if (kind == "Binder" && text.find("WHERE clause cannot contain aggregates") != std::string::npos)
    return SqlError("002035", "42601", "SQL compilation error:\nInvalid aggregate function in where clause");
  if (text.find("More than one row returned by a subquery") != std::string::npos)
    return SqlError("090150", "22000", "Single-row subquery returns more than one row.");
  if (kind == "Catalog") return compilation("002003", "42S02");
  if (kind == "Binder") return compilation("001007", "22023");
  if (kind == "Not implemented") return Unsupported(text);
  if (kind == "Conversion" && text.find("Casting value \"") == 0 && text.find("to type DECIMAL") != std::string::npos)
    return SqlError("100039", "22003", absl::StrCat("Numeric value '", QuotedPart(text), "' is out of range"));
  if (kind == "Conversion" || kind == "Invalid Input") {
    if (text.find("unsupported: ") == 0) return Unsupported(text.substr(13));
    return SqlError("100038", "22018", text);
  }
  if (kind == "Out of Range") return SqlError("100039", "22003", "Numeric value is out of range");
  if (kind == "Constraint") return SqlError("100072", "22000", "NULL result in a non-nullable column");
  if (kind == "Interrupt" || kind == "INTERRUPT") return StatementCanceled();
  if (kind == "Out of Memory") return SqlError("000603", "XX000", "the mock's memory limit is reached");
  return SqlError("000603", "XX000", absl::StrCat("SQL execution internal error: ", kind, ": ", text));
}

}  // namespace cdi::snowflake_mock
