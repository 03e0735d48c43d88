// DESCRIBE TABLE, VIEW and USER.
#include <shared_mutex>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/language/time_format.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/show.h"

namespace cdi::snowflake_mock {
namespace {

using Rows = std::vector<std::vector<std::optional<std::string>>>;

std::optional<std::string> NullIfEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

// Any privilege lets a role see the columns (Snowflake: any privilege on the table).
absl::StatusOr<ResultSet> DescribeRelation(TokenReader& reader, const RewriteContext& context,
                                           const std::string& kind) {
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  if (reader.TakeWords("TYPE")) {
    CDI_RETURN_IF_ERROR(reader.ExpectOperator("="));
    CDI_RETURN_IF_ERROR(reader.ExpectWords("COLUMNS"));
  }
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  const Relation* const temporary = FindTemporary(name, context);
  const Relation* const relation = temporary != nullptr ? temporary : context.catalog.FindRelation(name);
  if (relation == nullptr || (kind == "VIEW" && !relation->is_view) ||
      (temporary == nullptr && !HasAnyPrivilege(context, relation->is_view ? "VIEW" : "TABLE", name.Display()))) {
    return MissingObject(kind == "VIEW" ? "View" : "Table", name.Display());
  }
  Rows rows;
  for (const Column& column : relation->columns) {
    const std::string standard =
        column.sequence.empty()
            ? column.default_text
            : absl::StrCat("IDENTITY START ", column.identity_start, " INCREMENT ", column.identity_step, " NOORDER");
    rows.push_back({column.name, column.type.SnowflakeName(), "COLUMN", column.nullable ? "Y" : "N",
                    NullIfEmpty(standard), column.primary_key ? "Y" : "N", column.unique ? "Y" : "N", std::nullopt,
                    std::nullopt, NullIfEmpty(column.comment), std::nullopt, std::nullopt});
  }
  return TextResult({{"name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression",
                      "comment", "policy name", "privacy domain"}},
                    rows, kDescribe);
}

std::string TextOrNull(const std::string& text) {
  return text.empty() ? "null" : text;
}

std::string TimeText(int64_t ns) {
  return ns == 0
             ? "null"
             : FormatTime("YYYY-MM-DD HH24:MI:SS.FF3", ns / 1'000'000'000, static_cast<int32_t>(ns % 1'000'000'000), 0);
}

absl::StatusOr<ResultSet> DescribeUser(Execution& run, TokenReader& reader, const RewriteContext& context) {
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  const auto found = context.catalog.users.find(name);
  const bool allowed =
      found != context.catalog.users.end() && (name == run.session.user || IsOwner(context, found->second.owner) ||
                                               HasAnyPrivilege(context, "USER", DisplayName(name)));
  if (!allowed) return MissingObject("User", DisplayName(name));
  const User& user = found->second;
  Rows rows;
  // Unset values are the text null.
  const auto add = [&](const std::string& property, const std::string& value, const std::string& description,
                       const std::string& standard = "null") {
    rows.push_back({property, value, standard, description});
  };
  const auto text = [&](const std::string& property, const std::string& description) {
    add(property, TextOrNull(user.Property(property)), description);
  };
  add("NAME", user.name, "Name");
  text("COMMENT", "user comment associated to an object in the dictionary");
  add("DISPLAY_NAME", user.Property("DISPLAY_NAME").empty() ? user.name : user.Property("DISPLAY_NAME"),
      "Display name of the associated object");
  text("TYPE", "Indicates the type of user (PERSON | SERVICE | LEGACY_SERVICE)");
  add("LOGIN_NAME", user.login_name, "Login name of the user");
  text("FIRST_NAME", "First name of the user");
  text("MIDDLE_NAME", "Middle name of the user");
  text("LAST_NAME", "Last name of the user");
  text("EMAIL", "Email address of the user");
  add("PASSWORD", "null", "Password of the user");
  add("MUST_CHANGE_PASSWORD", "false", "User must change the password", "false");
  add("DISABLED", user.disabled ? "true" : "false", "Whether the user is disabled", "false");
  add("SNOWFLAKE_LOCK", "false", "Whether the user or account is locked by Snowflake", "false");
  add("SNOWFLAKE_SUPPORT", "false", "Snowflake Support is allowed to use the user or account", "false");
  text("DAYS_TO_EXPIRY", "User record will be treated as expired after specified number of days");
  const int64_t locked_ns = user.locked_until_ns - run.now_ns;
  add("MINS_TO_UNLOCK", locked_ns > 0 ? std::to_string(locked_ns / 60'000'000'000 + 1) : "null",
      "Temporary lock on the user will be removed after specified number of minutes");
  text("DEFAULT_WAREHOUSE", "Default warehouse for this user");
  text("DEFAULT_NAMESPACE", "Default database namespace prefix for this user");
  text("DEFAULT_ROLE", "Primary principal of user session will be set to this role");
  const std::string secondary = user.Property("DEFAULT_SECONDARY_ROLES");
  add("DEFAULT_SECONDARY_ROLES",
      secondary == "ALL"    ? "[\"ALL\"]"
      : secondary == "NONE" ? "[]"
                            : "null",
      "The secondary roles will be set to all roles provided here");
  add("EXT_AUTHN_DUO", "false", "Whether Duo Security is enabled as second factor authentication", "false");
  add("EXT_AUTHN_UID", "null", "External authentication ID of the user");
  add("HAS_MFA", "false", "Whether the user is enrolled in MFA", "false");
  text("MINS_TO_BYPASS_MFA", "Temporary bypass MFA for the user for a specified number of minutes");
  add("MINS_TO_BYPASS_NETWORK_POLICY", "null",
      "Temporary bypass network policy on the user for a specified number of minutes");
  text("NETWORK_POLICY", "Network policy of the user");
  for (int slot = 0; slot < 2; ++slot) {
    const KeySlot& key = user.keys[slot];
    const std::string property = slot == 0 ? "RSA_PUBLIC_KEY" : "RSA_PUBLIC_KEY_2";
    add(property, TextOrNull(key.public_key), "RSA public key of the user");
    add(absl::StrCat(property, "_FP"), TextOrNull(key.fingerprint), "Fingerprint of the RSA public key of the user");
    add(absl::StrCat(property, "_LAST_SET_TIME"), TimeText(key.set_ns),
        "The timestamp at which the RSA public key was set");
  }
  add("PASSWORD_LAST_SET_TIME", "null", "The timestamp on which the last non-null password was set for the user");
  return TextResult({{"property", "value", "default", "description"}}, rows, kDescribe);
}

// The shape of an earlier result.
absl::StatusOr<ResultSet> DescribeResult(Execution& run, TokenReader& reader) {
  std::string id = run.session.last_query_id;
  if (reader.TakeWords("LAST_QUERY_ID")) {
    CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
    CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  } else {
    CDI_ASSIGN_OR_RETURN(id, reader.OptionValue());
  }
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  const auto record = run.account.history.Find(id);
  if (!record.has_value() || record->user != run.session.user || record->result == nullptr)
    return SqlError("000709", "02000", absl::StrCat("Statement ", id, " not found"));
  Rows rows;
  for (const ResultColumn& column : record->result->columns) {
    rows.push_back({column.name, column.type.SnowflakeName(), "COLUMN", column.nullable ? "Y" : "N", std::nullopt, "N",
                    "N", std::nullopt, std::nullopt, std::nullopt});
  }
  return TextResult(
      {{"name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment"}},
      rows, kDescribe);
}

// DESC SCHEMA lists its tables and views, DESC DATABASE its schemas, DESC WAREHOUSE itself.
absl::StatusOr<ResultSet> DescribeContainer(TokenReader& reader, const RewriteContext& context,
                                            const std::string& kind) {
  CDI_ASSIGN_OR_RETURN(auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  ShowRows rows;
  if (kind == "SCHEMA") {
    if (parts.size() == 1) parts.insert(parts.begin(), context.database);
    const ObjectName name{parts[0], parts[1], ""};
    const Schema* const schema = context.catalog.FindSchema(name.database, name.schema);
    if (schema == nullptr || !HasAnyPrivilege(context, "SCHEMA", name.SchemaDisplay()))
      return MissingObject("Schema", name.SchemaDisplay());
    for (const auto& [relation_name, relation] : schema->relations) {
      const std::string display = ObjectName{name.database, name.schema, relation_name}.Display();
      if (HasAnyPrivilege(context, relation.is_view ? "VIEW" : "TABLE", display))
        rows.push_back({ShowTime(relation.created_ns), relation_name, relation.is_view ? "VIEW" : "TABLE"});
    }
  } else if (kind == "DATABASE") {
    const Database* const database = context.catalog.FindDatabase(parts[0]);
    if (database == nullptr || !HasAnyPrivilege(context, "DATABASE", DisplayName(parts[0])))
      return MissingObject("Database", DisplayName(parts[0]));
    rows.push_back({ShowTime(database->created_ns), "INFORMATION_SCHEMA", "SCHEMA"});
    for (const auto& [name, schema] : database->schemas) {
      if (HasAnyPrivilege(context, "SCHEMA", ObjectName{parts[0], name, ""}.SchemaDisplay()))
        rows.push_back({ShowTime(schema.created_ns), name, "SCHEMA"});
    }
  } else {
    const auto found = context.catalog.warehouses.find(parts[0]);
    if (found == context.catalog.warehouses.end() || !HasAnyPrivilege(context, "WAREHOUSE", DisplayName(parts[0])))
      return MissingObject("Warehouse", DisplayName(parts[0]));
    rows.push_back({ShowTime(found->second.created_ns), found->first, "WAREHOUSE"});
  }
  ResultSet result = Shown({"@created_on", "name", "kind"}, std::move(rows), {});
  result.statement_type = kDescribe;
  return result;
}

}  // namespace

absl::StatusOr<ResultSet> RunDescribe(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const RewriteContext context = MakeContext(run);
  const std::shared_lock lock(run.account.catalog.mutex);
  if (reader.TakeWords("TABLE")) return DescribeRelation(reader, context, "TABLE");
  if (reader.TakeWords("VIEW")) return DescribeRelation(reader, context, "VIEW");
  if (reader.TakeWords("USER")) return DescribeUser(run, reader, context);
  if (reader.TakeWords("RESULT")) return DescribeResult(run, reader);
  for (const char* kind : {"SCHEMA", "DATABASE", "WAREHOUSE"}) {
    if (reader.TakeWords(kind)) return DescribeContainer(reader, context, kind);
  }
  if (reader.Peek().kind != TokenKind::kWord) return reader.Unexpected();
  return Unsupported(absl::StrCat("DESCRIBE ", reader.Peek().text));
}

}  // namespace cdi::snowflake_mock
