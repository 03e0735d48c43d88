// DESCRIBE TABLE, VIEW and USER.
#include <shared_mutex>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/language/time_format.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/statement.h"

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
  const Relation* const relation = context.catalog.FindRelation(name);
  if (relation == nullptr || (kind == "VIEW" && !relation->is_view) ||
      !HasAnyPrivilege(context, relation->is_view ? "VIEW" : "TABLE", name.Display())) {
    return MissingObject(kind == "VIEW" ? "View" : "Table", name.Display());
  }
  Rows rows;
  for (const Column& column : relation->columns) {
    rows.push_back({column.name, column.type.SnowflakeName(), "COLUMN", column.nullable ? "Y" : "N",
                    NullIfEmpty(column.default_text), column.primary_key ? "Y" : "N", column.unique ? "Y" : "N",
                    std::nullopt, std::nullopt, NullIfEmpty(column.comment), std::nullopt, std::nullopt});
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
  const auto add = [&](const std::string& property, const std::string& value, const std::string& description) {
    rows.push_back({property, value, "null", description});
  };
  add("NAME", user.name, "Name");
  add("COMMENT", TextOrNull(user.Property("COMMENT")), "user comment associated to an object in the dictionary");
  add("DISPLAY_NAME", TextOrNull(user.Property("DISPLAY_NAME")), "Display name of the associated object");
  add("TYPE", TextOrNull(user.Property("TYPE")), "Indicates the type of user");
  add("LOGIN_NAME", user.login_name, "Login name of the user");
  add("EMAIL", TextOrNull(user.Property("EMAIL")), "Email address of the user");
  add("DISABLED", user.disabled ? "true" : "false", "Whether the user is disabled");
  const int64_t locked_ns = user.locked_until_ns - run.now_ns;
  add("MINS_TO_UNLOCK", locked_ns > 0 ? std::to_string(locked_ns / 60'000'000'000 + 1) : "null",
      "Temporary lock on the user");
  add("DEFAULT_WAREHOUSE", TextOrNull(user.Property("DEFAULT_WAREHOUSE")), "Default warehouse for this user");
  add("DEFAULT_NAMESPACE", TextOrNull(user.Property("DEFAULT_NAMESPACE")),
      "Default database namespace prefix for this user");
  add("DEFAULT_ROLE", TextOrNull(user.Property("DEFAULT_ROLE")),
      "Primary principal of user session will be set to this role");
  add("NETWORK_POLICY", TextOrNull(user.Property("NETWORK_POLICY")), "Network policy of the user");
  for (int slot = 0; slot < 2; ++slot) {
    const KeySlot& key = user.keys[slot];
    const std::string property = slot == 0 ? "RSA_PUBLIC_KEY" : "RSA_PUBLIC_KEY_2";
    add(property, TextOrNull(key.public_key), "RSA public key of the user");
    add(absl::StrCat(property, "_FP"), TextOrNull(key.fingerprint), "Fingerprint of the RSA public key of the user");
    add(absl::StrCat(property, "_LAST_SET_TIME"), TimeText(key.set_ns),
        "The timestamp at which the RSA public key was set");
  }
  return TextResult({{"property", "value", "default", "description"}}, rows, kDescribe);
}

}  // namespace

absl::StatusOr<ResultSet> RunDescribe(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const RewriteContext context = MakeContext(run);
  const std::shared_lock lock(run.account.catalog.mutex);
  if (reader.TakeWords("TABLE")) return DescribeRelation(reader, context, "TABLE");
  if (reader.TakeWords("VIEW")) return DescribeRelation(reader, context, "VIEW");
  if (reader.TakeWords("USER")) return DescribeUser(run, reader, context);
  if (reader.Peek().kind != TokenKind::kWord) return reader.Unexpected();
  return Unsupported(absl::StrCat("DESCRIBE ", reader.Peek().text));
}

}  // namespace cdi::snowflake_mock
