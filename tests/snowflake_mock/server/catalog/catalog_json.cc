// The catalog as JSON, for --data.
#include "base/check.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/catalog/catalog.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;

Json Save(const Column& column) {
  return {{"name", column.name},
          {"type", column.type.SnowflakeName()},
          {"nullable", column.nullable},
          {"default", column.default_text},
          {"comment", column.comment},
          {"primary_key", column.primary_key},
          {"unique", column.unique},
          {"sequence", column.sequence},
          {"start", column.identity_start},
          {"step", column.identity_step}};
}

Column LoadColumn(const Json& saved) {
  Column column{.name = saved["name"],
                .type = {},
                .nullable = saved["nullable"],
                .default_text = saved["default"],
                .comment = saved["comment"],
                .primary_key = saved["primary_key"],
                .unique = saved["unique"],
                .sequence = saved.value("sequence", ""),
                .identity_start = saved.value("start", int64_t{1}),
                .identity_step = saved.value("step", int64_t{1})};
  const auto tokens = Tokenize(saved["type"].get<std::string>());
  CDI_CHECK(tokens.ok(), "saved type");
  TokenReader reader(*tokens);
  const auto type = ParseType(reader);
  CDI_CHECK(type.ok(), "saved type");
  column.type = *type;
  return column;
}

Json SaveConstraints(const std::vector<Constraint>& constraints) {
  Json all = Json::array();
  for (const Constraint& one : constraints)
    all.push_back({one.name, one.kind, one.columns, one.references, one.referenced_columns});
  return all;
}

Json Save(const Relation& relation) {
  Json columns = Json::array();
  for (const Column& column : relation.columns) columns.push_back(Save(column));
  return {{"name", relation.name},
          {"is_view", relation.is_view},
          {"owner", relation.owner},
          {"comment", relation.comment},
          {"created_ns", relation.created_ns},
          {"changed_ns", relation.changed_ns},
          {"change_tracking", relation.change_tracking},
          {"transient", relation.transient},
          {"secure", relation.secure},
          {"cluster_by", relation.cluster_by},
          {"constraints", SaveConstraints(relation.constraints)},
          {"columns", std::move(columns)},
          {"view_query", relation.view_query},
          {"ddl", relation.ddl}};
}

Relation LoadRelation(const Json& saved) {
  Relation relation;
  relation.name = saved["name"];
  relation.is_view = saved["is_view"];
  relation.owner = saved["owner"];
  relation.comment = saved["comment"];
  relation.created_ns = saved["created_ns"];
  relation.changed_ns = saved["changed_ns"];
  relation.change_tracking = saved["change_tracking"];
  relation.transient = saved["transient"];
  relation.secure = saved.value("secure", false);
  relation.cluster_by = saved.value("cluster_by", "");
  relation.view_query = saved["view_query"];
  relation.ddl = saved["ddl"];
  for (const Json& one : saved.value("constraints", Json::array())) {
    relation.constraints.push_back({one[0], one[1], one[2].get<std::vector<std::string>>(),
                                    one[3].get<std::vector<std::string>>(), one[4].get<std::vector<std::string>>()});
  }
  for (const Json& column : saved["columns"]) relation.columns.push_back(LoadColumn(column));
  return relation;
}

Json Save(const Warehouse& one) {
  return {{"name", one.name},
          {"owner", one.owner},
          {"comment", one.comment},
          {"size", one.size},
          {"auto_suspend", one.auto_suspend_seconds},
          {"auto_resume", one.auto_resume},
          {"suspended", one.suspended},
          {"created_ns", one.created_ns},
          {"used_ns", one.used_ns},
          {"started_ns", one.started_ns},
          {"billed", one.billed},
          {"resumes", one.resumes},
          {"statement_timeout", one.statement_timeout_seconds}};
}

Warehouse LoadWarehouse(const Json& saved) {
  Warehouse one;
  one.name = saved["name"];
  one.owner = saved["owner"];
  one.comment = saved["comment"];
  one.size = saved["size"];
  one.auto_suspend_seconds = saved["auto_suspend"];
  one.auto_resume = saved["auto_resume"];
  one.suspended = saved["suspended"];
  one.created_ns = saved["created_ns"];
  one.used_ns = saved["used_ns"];
  one.started_ns = saved.value("started_ns", int64_t{0});
  if (saved.contains("billed")) one.billed = saved["billed"].get<std::map<int64_t, int64_t>>();
  one.resumes = saved["resumes"];
  one.statement_timeout_seconds = saved["statement_timeout"];
  return one;
}

Json Save(const User& user) {
  Json keys = Json::array();
  for (const KeySlot& key : user.keys)
    keys.push_back({{"public_key", key.public_key}, {"fingerprint", key.fingerprint}, {"set_ns", key.set_ns}});
  return {{"name", user.name},         {"login_name", user.login_name},
          {"owner", user.owner},       {"created_ns", user.created_ns},
          {"disabled", user.disabled}, {"locked_until_ns", user.locked_until_ns},
          {"keys", std::move(keys)},   {"properties", user.properties},
          {"roles", user.roles}};
}

User LoadUser(const Json& saved) {
  User user{.name = saved["name"],
            .login_name = saved["login_name"],
            .owner = saved["owner"],
            .created_ns = saved["created_ns"],
            .disabled = saved["disabled"],
            .locked_until_ns = saved["locked_until_ns"],
            .keys = {},
            .properties = saved["properties"].get<std::map<std::string, std::string>>(),
            .roles = saved["roles"].get<std::set<std::string>>()};
  for (size_t i = 0; i < 2; ++i)
    user.keys[i] = {saved["keys"][i]["public_key"], saved["keys"][i]["fingerprint"], saved["keys"][i]["set_ns"]};
  return user;
}

Json SaveContainer(const std::string& name, const std::string& owner, const std::string& comment, int64_t created_ns) {
  return {{"name", name}, {"owner", owner}, {"comment", comment}, {"created_ns", created_ns}};
}

Json SaveDatabases(const std::map<std::string, Database>& databases) {
  Json all = Json::array();
  for (const auto& [database_name, database] : databases) {
    Json saved = SaveContainer(database_name, database.owner, database.comment, database.created_ns);
    saved["schemas"] = Json::array();
    for (const auto& [schema_name, schema] : database.schemas) {
      Json inner = SaveContainer(schema_name, schema.owner, schema.comment, schema.created_ns);
      inner["relations"] = Json::array();
      for (const auto& [name, relation] : schema.relations) inner["relations"].push_back(Save(relation));
      inner["sequences"] = Json::array();
      for (const auto& [name, one] : schema.sequences)
        inner["sequences"].push_back({name, one.owner, one.comment, one.created_ns, one.start, one.step});
      saved["schemas"].push_back(std::move(inner));
    }
    all.push_back(std::move(saved));
  }
  return all;
}

std::map<std::string, Database> LoadDatabases(const Json& all) {
  std::map<std::string, Database> databases;
  for (const Json& saved : all) {
    Database database{saved["name"], saved["owner"], saved["comment"], saved["created_ns"], {}};
    for (const Json& inner : saved["schemas"]) {
      Schema schema{inner["name"], inner["owner"], inner["comment"], inner["created_ns"], {}, {}};
      for (const Json& relation : inner["relations"]) schema.relations[relation["name"]] = LoadRelation(relation);
      for (const Json& one : inner.value("sequences", Json::array()))
        schema.sequences[one[0]] = {one[0], one[1], one[2], one[3], one[4], one[5]};
      database.schemas[schema.name] = std::move(schema);
    }
    databases[database.name] = std::move(database);
  }
  return databases;
}

}  // namespace

nlohmann::json Catalog::ToJson() const {
  Json saved{{"format", kFormat}, {"databases", SaveDatabases(databases)}, {"account_parameters", account_parameters}};
  for (const auto& [name, warehouse] : warehouses) saved["warehouses"].push_back(Save(warehouse));
  for (const auto& [name, user] : users) saved["users"].push_back(Save(user));
  for (const auto& [name, role] : roles) {
    saved["roles"].push_back({{"name", name},
                              {"owner", role.owner},
                              {"comment", role.comment},
                              {"created_ns", role.created_ns},
                              {"inherits", role.inherits}});
  }
  for (const auto& [name, policy] : network_policies)
    saved["network_policies"].push_back({{"name", name},
                                         {"allowed", policy.allowed},
                                         {"blocked", policy.blocked},
                                         {"comment", policy.comment},
                                         {"created_ns", policy.created_ns}});
  for (const Grant& grant : grants) {
    saved["grants"].push_back({grant.privilege, grant.kind, grant.object, grant.role, grant.granted_by,
                               grant.grant_option, grant.created_ns});
  }
  for (const FutureGrant& grant : future_grants) {
    saved["future_grants"].push_back({grant.privilege, grant.kind, grant.container_kind, grant.container, grant.role,
                                      grant.grant_option, grant.created_ns});
  }
  return saved;
}

void Catalog::FromJson(const nlohmann::json& saved) {
  CDI_CHECK(saved.value("format", 0) == kFormat, "the data file was written by another version of snowflake-mock");
  const Json none = Json::array();
  const auto list = [&](const char* key) -> const Json& { return saved.contains(key) ? saved[key] : none; };
  databases = LoadDatabases(list("databases"));
  account_parameters = saved["account_parameters"].get<std::map<std::string, std::string>>();
  for (const Json& one : list("warehouses")) warehouses[one["name"]] = LoadWarehouse(one);
  for (const Json& one : list("users")) users[one["name"]] = LoadUser(one);
  roles.clear();
  for (const Json& one : list("roles")) {
    roles[one["name"]] = {one["name"], one["owner"], one["comment"], one["created_ns"],
                          one["inherits"].get<std::set<std::string>>()};
  }
  for (const Json& one : list("network_policies")) {
    network_policies[one["name"]] = {one["name"], one["allowed"].get<std::vector<std::string>>(),
                                     one["blocked"].get<std::vector<std::string>>()};
  }
  for (const Json& one : list("grants")) grants.push_back({one[0], one[1], one[2], one[3], one[4], one[5], one[6]});
  for (const Json& one : list("future_grants")) future_grants.push_back({one[0], one[1], one[2], one[3], one[4]});
}

}  // namespace cdi::snowflake_mock
