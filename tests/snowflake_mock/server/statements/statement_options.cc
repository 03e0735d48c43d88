#include "tests/snowflake_mock/server/statements/statement_options.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/account/jwt.h"
#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"

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

// The source tokens of a DEFAULT expression, as text.
absl::StatusOr<std::string> ReadDefault(TokenReader& reader) {
  std::string text;
  int depth = 0;
  while (!reader.AtEnd()) {
    const Token& token = reader.Peek();
    const bool ends = depth == 0 && (token.IsOperator(",") || token.IsOperator(")") || token.IsWord("NOT") ||
                                     token.IsWord("COMMENT") || token.IsWord("PRIMARY") || token.IsWord("UNIQUE") ||
                                     token.IsWord("CONSTRAINT") || token.IsWord("REFERENCES") ||
                                     (token.IsWord("NULL") && !text.empty()));
    if (ends) break;
    if (token.IsOperator("(")) ++depth;
    if (token.IsOperator(")")) --depth;
    const bool tight = text.empty() || token.kind == TokenKind::kOperator || text.back() == '(' || text.back() == ':';
    if (!tight) text += ' ';
    text += token.kind == TokenKind::kString   ? StringLiteral(token.text)
            : token.kind == TokenKind::kQuoted ? DisplayName(token.text)
                                               : token.text;
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

namespace {

absl::StatusOr<std::vector<std::string>> NamesInParentheses(TokenReader& reader) {
  std::vector<std::string> names;
  CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
  do {
    CDI_ASSIGN_OR_RETURN(names.emplace_back(), reader.Name());
  } while (reader.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  return names;
}

void SkipConstraintProperties(TokenReader& reader) {
  while (reader.Peek().kind == TokenKind::kWord) reader.Next();  // NOT ENFORCED, DEFERRABLE, RELY, MATCH FULL …
}

std::string GeneratedConstraintName(int64_t now_ns, size_t number) {
  return absl::StrCat("SYS_CONSTRAINT_", absl::Hex(static_cast<uint64_t>(now_ns), absl::kZeroPad16), "-", number);
}

absl::Status ReadReferences(TokenReader& reader, const RewriteContext& context, Constraint& constraint) {
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  constraint.references = {name.database, name.schema, name.object};
  if (reader.Peek().IsOperator("(")) {
    CDI_ASSIGN_OR_RETURN(constraint.referenced_columns, NamesInParentheses(reader));
  } else if (const Relation* const other = context.catalog.FindRelation(name)) {
    for (const Constraint& key : other->constraints) {
      if (key.kind == "PRIMARY KEY") constraint.referenced_columns = key.columns;
    }
  }
  return absl::OkStatus();
}

}  // namespace

namespace {

// AUTOINCREMENT | IDENTITY [(start, step) | START n INCREMENT n] [ORDER | NOORDER]
absl::Status ReadIdentity(TokenReader& reader, Column& column) {
  column.sequence = "?";  // made with the table
  const auto number = [&](int64_t& value) -> absl::Status {
    reader.TakeOperator("=");
    CDI_ASSIGN_OR_RETURN(const std::string text, reader.OptionValue());
    return absl::SimpleAtoi(text, &value) ? absl::OkStatus() : reader.Unexpected();
  };
  if (reader.TakeOperator("(")) {
    CDI_RETURN_IF_ERROR(number(column.identity_start));
    CDI_RETURN_IF_ERROR(reader.ExpectOperator(","));
    CDI_RETURN_IF_ERROR(number(column.identity_step));
    CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  }
  while (true) {
    if (reader.TakeWords("START WITH") || reader.TakeWords("START")) {
      CDI_RETURN_IF_ERROR(number(column.identity_start));
    } else if (reader.TakeWords("INCREMENT BY") || reader.TakeWords("INCREMENT")) {
      CDI_RETURN_IF_ERROR(number(column.identity_step));
    } else if (!reader.TakeWords("ORDER") && !reader.TakeWords("NOORDER")) {
      return absl::OkStatus();
    }
  }
}

}  // namespace

absl::Status RefuseReservedWord(const TokenReader& reader) {
  static const auto* words = new std::set<std::string>{
      "ALL",       "ALTER",  "AND",     "ANY",    "AS",       "BETWEEN",     "BY",   "CHECK",     "COLUMN",
      "CONNECT",   "CREATE", "CURRENT", "DELETE", "DISTINCT", "DROP",        "ELSE", "EXISTS",    "FOLLOWING",
      "FOR",       "FROM",   "GRANT",   "GROUP",  "HAVING",   "ILIKE",       "IN",   "INCREMENT", "INSERT",
      "INTERSECT", "INTO",   "IS",      "LIKE",   "MINUS",    "NOT",         "NULL", "OF",        "ON",
      "OR",        "ORDER",  "QUALIFY", "REGEXP", "REVOKE",   "RLIKE",       "ROW",  "ROWS",      "SAMPLE",
      "SELECT",    "SET",    "SOME",    "START",  "TABLE",    "TABLESAMPLE", "THEN", "TO",        "TRIGGER",
      "UNION",     "UNIQUE", "UPDATE",  "VALUES", "WHENEVER", "WHERE",       "WITH"};
  for (size_t ahead = 0; reader.Peek(ahead).IsName(); ahead += 2) {
    const Token& token = reader.Peek(ahead);
    if (token.kind == TokenKind::kWord && words->contains(token.text)) return SyntaxError(token.place, token.source);
    if (!reader.Peek(ahead + 1).IsOperator(".")) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Column> ReadColumn(TokenReader& reader, const RewriteContext* context, std::optional<Constraint>* own) {
  Column column;
  CDI_RETURN_IF_ERROR(RefuseReservedWord(reader));
  CDI_ASSIGN_OR_RETURN(column.name, reader.Name());
  CDI_ASSIGN_OR_RETURN(column.type, ParseType(reader));
  std::string constraint_name;
  const auto constrain = [&](const char* kind) {
    if (own == nullptr) return;
    *own = Constraint{constraint_name, kind, {}, {}, {}};
  };
  while (!reader.AtEnd() && !reader.Peek().IsOperator(",") && !reader.Peek().IsOperator(")")) {
    if (reader.TakeWords("NOT NULL")) {
      column.nullable = false;
    } else if (reader.TakeWords("NULL")) {
      column.nullable = true;
    } else if (reader.TakeWords("DEFAULT")) {
      CDI_ASSIGN_OR_RETURN(column.default_text, ReadDefault(reader));
    } else if (reader.TakeWords("CONSTRAINT")) {
      CDI_ASSIGN_OR_RETURN(constraint_name, reader.Name());
    } else if (reader.TakeWords("PRIMARY KEY")) {
      column.primary_key = true;
      column.nullable = false;
      constrain("PRIMARY KEY");
    } else if (reader.TakeWords("UNIQUE")) {
      column.unique = true;
      constrain("UNIQUE");
    } else if (context != nullptr && (reader.TakeWords("FOREIGN KEY REFERENCES") || reader.TakeWords("REFERENCES"))) {
      constrain("FOREIGN KEY");
      Constraint scratch;
      CDI_RETURN_IF_ERROR(ReadReferences(reader, *context, own == nullptr ? scratch : **own));
    } else if (reader.TakeWords("NOT ENFORCED") || reader.TakeWords("RELY") || reader.TakeWords("NORELY")) {
      continue;
    } else if (reader.TakeWords("COMMENT")) {
      reader.TakeOperator("=");
      CDI_ASSIGN_OR_RETURN(column.comment, reader.OptionValue());
    } else if (reader.TakeWords("AUTOINCREMENT") || reader.TakeWords("IDENTITY")) {
      CDI_RETURN_IF_ERROR(ReadIdentity(reader, column));
    } else if (reader.Peek().IsWord("COLLATE") || reader.Peek().IsWord("AS") || reader.Peek().IsWord("MASKING") ||
               reader.Peek().IsWord("WITH") || reader.Peek().IsWord("TAG")) {
      return Unsupported(absl::StrCat("column property ", reader.Peek().text));
    } else {
      return reader.Unexpected();
    }
  }
  return column;
}

absl::Status ReadConstraint(TokenReader& reader, const RewriteContext& context, Relation& table) {
  Constraint constraint;
  constraint.name = GeneratedConstraintName(context.now_ns, table.constraints.size());
  if (reader.TakeWords("CONSTRAINT")) {
    CDI_ASSIGN_OR_RETURN(constraint.name, reader.Name());
  }
  if (reader.TakeWords("PRIMARY KEY")) {
    constraint.kind = "PRIMARY KEY";
  } else if (reader.TakeWords("UNIQUE")) {
    constraint.kind = "UNIQUE";
  } else if (reader.TakeWords("FOREIGN KEY")) {
    constraint.kind = "FOREIGN KEY";
  } else {
    return reader.Unexpected();
  }
  CDI_ASSIGN_OR_RETURN(constraint.columns, NamesInParentheses(reader));
  for (const std::string& name : constraint.columns) {
    const auto column =
        std::find_if(table.columns.begin(), table.columns.end(), [&](const Column& one) { return one.name == name; });
    if (column == table.columns.end()) return InvalidIdentifier(reader.Peek().place, DisplayName(name));
    if (constraint.kind == "UNIQUE") column->unique = true;
    if (constraint.kind != "PRIMARY KEY") continue;
    column->primary_key = true;
    column->nullable = false;
  }
  if (constraint.kind == "FOREIGN KEY") {
    CDI_RETURN_IF_ERROR(reader.ExpectWords("REFERENCES"));
    CDI_RETURN_IF_ERROR(ReadReferences(reader, context, constraint));
  }
  SkipConstraintProperties(reader);
  table.constraints.push_back(std::move(constraint));
  return absl::OkStatus();
}

absl::StatusOr<Relation> ReadTableBody(TokenReader& reader, const RewriteContext& context, std::vector<bool>& typed) {
  Relation table;
  do {
    const bool constraint = reader.Peek().IsWord("CONSTRAINT") ||
                            (reader.Peek().IsWord("PRIMARY") && reader.Peek(1).IsWord("KEY")) ||
                            (reader.Peek().IsWord("FOREIGN") && reader.Peek(1).IsWord("KEY")) ||
                            (reader.Peek().IsWord("UNIQUE") && reader.Peek(1).IsOperator("("));
    if (constraint) {
      CDI_RETURN_IF_ERROR(ReadConstraint(reader, context, table));
      continue;
    }
    Column column;
    typed.push_back(!reader.Peek(1).IsOperator(",") && !reader.Peek(1).IsOperator(")"));
    std::optional<Constraint> own;
    if (typed.back()) {
      CDI_ASSIGN_OR_RETURN(column, ReadColumn(reader, &context, &own));
    } else {
      CDI_ASSIGN_OR_RETURN(column.name, reader.Name());
    }
    for (const Column& other : table.columns) {
      if (other.name == column.name)
        return SqlError("002025", "42S21",
                        absl::StrCat("SQL compilation error:\nduplicate column name '", DisplayName(column.name), "'"));
    }
    if (own.has_value()) {
      if (own->name.empty()) own->name = GeneratedConstraintName(context.now_ns, table.constraints.size());
      own->columns = {column.name};
      table.constraints.push_back(*std::move(own));
    }
    table.columns.push_back(std::move(column));
  } while (reader.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  return table;
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
    if (key == "WAREHOUSE_SIZE") {
      warehouse.size = WarehouseSize(value);
      if (warehouse.size.empty()) return InvalidOption(key, value);
    }
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
      CDI_ASSIGN_OR_RETURN(policy.comment, reader.OptionValue());
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
      CDI_RETURN_IF_ERROR(reader.ExpectOperator("="));
      CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
      std::string roles = "NONE";
      if (!reader.TakeOperator(")")) {
        CDI_ASSIGN_OR_RETURN(roles, reader.OptionValue());
        CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
        roles = absl::AsciiStrToUpper(roles);
      }
      if (roles != "ALL" && roles != "NONE") return InvalidOption("DEFAULT_SECONDARY_ROLES", roles);
      user.properties["DEFAULT_SECONDARY_ROLES"] = roles;
      reader.TakeOperator(",");
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
