#include "tests/snowflake_mock/server/statements/statement_options.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/account/jwt.h"

namespace cdi::snowflake_mock {
namespace {

std::string UpperIfBoolean(const std::string& value) {
  const std::string upper = absl::AsciiStrToUpper(value);
  return upper == "TRUE" || upper == "FALSE" ? upper : value;
}

absl::Status InvalidOption(const std::string& name, const std::string& value) {
  return SqlError("001008", "22023",
                  absl::StrCat("SQL compilation error:\ninvalid value [", value, "] for parameter '", name, "'"));
}

absl::StatusOr<int64_t> WholeNumber(const std::string& name, const std::string& value) {
  int64_t number = 0;
  if (value == "NULL") return 0;
  if (!absl::SimpleAtoi(value, &number) || number < 0) return InvalidOption(name, value);
  return number;
}

// Skips one parenthesised group if it comes next: CHECK (…), IDENTITY (1,1).
void SkipGroup(TokenReader& reader) {
  if (!reader.Peek().IsOperator("(")) return;
  int depth = 0;
  do {
    if (reader.Peek().IsOperator("(")) ++depth;
    if (reader.Peek().IsOperator(")")) --depth;
    reader.Next();
  } while (depth > 0 && !reader.AtEnd());
}

// The source tokens of a DEFAULT expression, as text.
absl::StatusOr<std::string> ReadDefault(TokenReader& reader) {
  std::string text;
  int depth = 0;
  while (!reader.AtEnd()) {
    const Token& token = reader.Peek();
    const bool ends = depth == 0 && (token.IsOperator(",") || token.IsOperator(")") || token.IsWord("NOT") ||
                                     token.IsWord("COMMENT") || token.IsWord("PRIMARY") || token.IsWord("UNIQUE") ||
                                     (token.IsWord("NULL") && !text.empty()));
    if (ends) break;
    if (token.IsOperator("(")) ++depth;
    if (token.IsOperator(")")) --depth;
    const bool tight = text.empty() || token.kind == TokenKind::kOperator || text.back() == '(' || text.back() == ':';
    if (!tight) text += ' ';
    text += token.kind == TokenKind::kString ? QuoteLiteral(token.text) : token.text;
    reader.Next();
  }
  if (text.empty()) return reader.Unexpected();
  return text;
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadOptions(TokenReader& reader,
                                                               const std::set<std::string>& known) {
  std::map<std::string, std::string> options;
  while (reader.Peek().kind == TokenKind::kWord && known.contains(reader.Peek().text)) {
    const std::string key = reader.Next().text;
    reader.TakeOperator("=");
    CDI_ASSIGN_OR_RETURN(const std::string value, reader.OptionValue());
    options[key] = UpperIfBoolean(value);
    reader.TakeOperator(",");
  }
  return options;
}

absl::StatusOr<Column> ReadColumn(TokenReader& reader) {
  Column column;
  CDI_ASSIGN_OR_RETURN(column.name, reader.Name());
  CDI_ASSIGN_OR_RETURN(column.type, ParseType(reader));
  while (!reader.AtEnd() && !reader.Peek().IsOperator(",") && !reader.Peek().IsOperator(")")) {
    if (reader.TakeWords("NOT NULL")) {
      column.nullable = false;
    } else if (reader.TakeWords("NULL")) {
      column.nullable = true;
    } else if (reader.TakeWords("DEFAULT")) {
      CDI_ASSIGN_OR_RETURN(column.default_text, ReadDefault(reader));
    } else if (reader.TakeWords("PRIMARY KEY")) {
      column.primary_key = true;
      column.nullable = false;
    } else if (reader.TakeWords("UNIQUE")) {
      column.unique = true;
    } else if (reader.TakeWords("COMMENT")) {
      CDI_ASSIGN_OR_RETURN(column.comment, reader.OptionValue());
    } else if (reader.Peek().IsWord("AUTOINCREMENT") || reader.Peek().IsWord("IDENTITY") ||
               reader.Peek().IsWord("COLLATE") || reader.Peek().IsWord("AS")) {
      return Unsupported(absl::StrCat("column property ", reader.Peek().text));
    } else {
      return reader.Unexpected();
    }
  }
  return column;
}

absl::StatusOr<std::vector<Column>> ReadColumns(TokenReader& reader) {
  std::vector<Column> columns;
  do {
    if (reader.TakeWords("CONSTRAINT")) reader.Next();
    const bool primary = reader.TakeWords("PRIMARY KEY");
    if (primary) {
      CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
      do {
        CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
        for (Column& column : columns) {
          if (column.name == name) {
            column.primary_key = true;
            column.nullable = false;
          }
        }
      } while (reader.TakeOperator(","));
      CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
      continue;
    }
    if (reader.Peek().IsWord("UNIQUE") && reader.Peek(1).IsOperator("(")) {
      reader.Next();
      SkipGroup(reader);
      continue;
    }
    CDI_ASSIGN_OR_RETURN(Column column, ReadColumn(reader));
    for (const Column& other : columns) {
      if (other.name == column.name)
        return SqlError("002025", "42S21",
                        absl::StrCat("SQL compilation error:\nduplicate column name '", column.name, "'"));
    }
    columns.push_back(std::move(column));
  } while (reader.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  return columns;
}

absl::StatusOr<std::string> EngineDefault(Execution& run, const Column& column) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(absl::StrCat("SELECT ", column.default_text)));
  RewriteContext context = MakeContext(run);
  // A default is computed at each insert, so the clock must stay a call.
  for (const char* name : {"CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "GETDATE", "SYSTIMESTAMP"}) {
    context.context_functions[name] = "SF_TO_LTZ(get_current_timestamp())";
  }
  context.context_functions["SYSDATE"] = "SF_TO_NTZ(get_current_timestamp())";
  context.context_functions["CURRENT_DATE"] = "CAST(SF_TO_NTZ(get_current_timestamp()) AS DATE)";
  CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RewriteQuery(tokens, context));
  std::string text = query.sql.substr(7);  // behind "SELECT "
  if (const size_t alias = text.rfind(" AS \""); alias != std::string::npos) text = text.substr(0, alias);
  return absl::StrCat("CAST((", text, ") AS ", column.type.EngineName(), ")");
}

absl::Status ApplyWarehouseOptions(TokenReader& reader, Warehouse& warehouse) {
  static const auto* known = new std::set<std::string>{"WAREHOUSE_SIZE",
                                                       "AUTO_SUSPEND",
                                                       "AUTO_RESUME",
                                                       "INITIALLY_SUSPENDED",
                                                       "COMMENT",
                                                       "STATEMENT_TIMEOUT_IN_SECONDS",
                                                       "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS",
                                                       "MIN_CLUSTER_COUNT",
                                                       "MAX_CLUSTER_COUNT",
                                                       "SCALING_POLICY",
                                                       "WAREHOUSE_TYPE",
                                                       "MAX_CONCURRENCY_LEVEL",
                                                       "RESOURCE_MONITOR",
                                                       "ENABLE_QUERY_ACCELERATION"};
  CDI_ASSIGN_OR_RETURN(const auto options, ReadOptions(reader, *known));
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  for (const auto& [key, value] : options) {
    if (key == "WAREHOUSE_SIZE") warehouse.size = value;
    if (key == "COMMENT") warehouse.comment = value;
    if (key == "AUTO_RESUME") warehouse.auto_resume = value == "TRUE";
    if (key == "INITIALLY_SUSPENDED") warehouse.suspended = value == "TRUE";
    if (key == "AUTO_SUSPEND") {
      CDI_ASSIGN_OR_RETURN(warehouse.auto_suspend_seconds, WholeNumber(key, value));
    }
    if (key == "STATEMENT_TIMEOUT_IN_SECONDS") {
      CDI_ASSIGN_OR_RETURN(warehouse.statement_timeout_seconds, WholeNumber(key, value));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyNetworkPolicyOptions(TokenReader& reader, NetworkPolicy& policy) {
  while (!reader.AtEnd()) {
    CDI_ASSIGN_OR_RETURN(const std::string key, reader.Name());
    reader.TakeOperator("=");
    if (key == "COMMENT") {
      CDI_RETURN_IF_ERROR(reader.OptionValue().status());
      continue;
    }
    if (key != "ALLOWED_IP_LIST" && key != "BLOCKED_IP_LIST")
      return Unsupported(absl::StrCat("network policy option ", key));
    std::vector<std::string>& list = key == "ALLOWED_IP_LIST" ? policy.allowed : policy.blocked;
    list.clear();
    CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
    while (!reader.TakeOperator(")")) {
      CDI_ASSIGN_OR_RETURN(list.emplace_back(), reader.OptionValue());
      reader.TakeOperator(",");
    }
  }
  return absl::OkStatus();
}

absl::Status SetUserKey(User& user, int slot, const std::string& text, int64_t now_ns) {
  if (text.empty()) {
    user.keys[slot] = {};
    return absl::OkStatus();
  }
  CDI_ASSIGN_OR_RETURN(const PublicKeyFacts facts, ReadPublicKey(text));
  user.keys[slot] = {facts.base64, facts.fingerprint, now_ns};
  return absl::OkStatus();
}

absl::Status ApplyUserOptions(TokenReader& reader, int64_t now_ns, User& user) {
  static const auto* known = new std::set<std::string>{"LOGIN_NAME",
                                                       "DISPLAY_NAME",
                                                       "FIRST_NAME",
                                                       "MIDDLE_NAME",
                                                       "LAST_NAME",
                                                       "EMAIL",
                                                       "PASSWORD",
                                                       "MUST_CHANGE_PASSWORD",
                                                       "DISABLED",
                                                       "DAYS_TO_EXPIRY",
                                                       "MINS_TO_UNLOCK",
                                                       "DEFAULT_WAREHOUSE",
                                                       "DEFAULT_NAMESPACE",
                                                       "DEFAULT_ROLE",
                                                       "TYPE",
                                                       "MINS_TO_BYPASS_MFA",
                                                       "RSA_PUBLIC_KEY",
                                                       "RSA_PUBLIC_KEY_2",
                                                       "COMMENT",
                                                       "NETWORK_POLICY",
                                                       "NAME",
                                                       "STATEMENT_TIMEOUT_IN_SECONDS",
                                                       "QUERY_TAG",
                                                       "TIMEZONE"};
  while (!reader.AtEnd()) {
    if (reader.TakeWords("DEFAULT_SECONDARY_ROLES")) {
      reader.TakeOperator("=");
      while (!reader.AtEnd() && !reader.TakeOperator(")")) reader.Next();
      continue;
    }
    const Token key_token = reader.Peek();
    CDI_ASSIGN_OR_RETURN(const std::string key, reader.Name());
    if (!known->contains(key)) {
      return SqlError("001003", "42000",
                      absl::StrCat("SQL compilation error:\ninvalid property '", key, "' for 'USER'"), key_token.place);
    }
    CDI_RETURN_IF_ERROR(reader.ExpectOperator("="));
    CDI_ASSIGN_OR_RETURN(std::string value, reader.OptionValue());
    // The one option whose value may be a path without quotes: DEFAULT_NAMESPACE = DB.SCHEMA.
    while (key == "DEFAULT_NAMESPACE" && reader.TakeOperator(".")) {
      CDI_ASSIGN_OR_RETURN(const std::string part, reader.OptionValue());
      absl::StrAppend(&value, ".", part);
    }
    reader.TakeOperator(",");
    if (key == "RSA_PUBLIC_KEY" || key == "RSA_PUBLIC_KEY_2") {
      CDI_RETURN_IF_ERROR(SetUserKey(user, key == "RSA_PUBLIC_KEY" ? 0 : 1, value, now_ns));
    } else if (key == "LOGIN_NAME") {
      user.login_name = absl::AsciiStrToUpper(value);
    } else if (key == "DISABLED") {
      user.disabled = UpperIfBoolean(value) == "TRUE";
    } else if (key == "MINS_TO_UNLOCK") {
      CDI_ASSIGN_OR_RETURN(const int64_t minutes, WholeNumber(key, value));
      user.locked_until_ns = minutes == 0 ? 0 : now_ns + minutes * int64_t{60'000'000'000};
    } else if (key != "PASSWORD") {  // a password is of no use here and is not kept
      user.properties[key] = key == "TYPE" ? absl::AsciiStrToUpper(value) : value;
    }
  }
  return absl::OkStatus();
}

}  // namespace cdi::snowflake_mock
