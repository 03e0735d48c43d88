// What the account holds besides rows: databases, schemas, tables and views with their declared types, warehouses,
// users, roles, grants, network policies. The engine knows only physical tables; everything a client can see or be
// refused by is decided from here.
//
// Plain values. Every reader and writer holds `mutex` (shared for reading); nothing here locks by itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "tests/snowflake_mock/server/language/sql_type.h"

namespace cdi::snowflake_mock {

struct Column {
  std::string name;
  SqlType type;
  bool nullable = true;
  std::string default_text;  // Snowflake SQL; empty: none
  std::string comment;
  bool primary_key = false;
  bool unique = false;
  std::string sequence;  // AUTOINCREMENT: the engine's sequence that fills it
  int64_t identity_start = 1;
  int64_t identity_step = 1;
};

// PRIMARY KEY, UNIQUE or FOREIGN KEY: kept and shown, not enforced, as in Snowflake.
struct Constraint {
  std::string name;
  std::string kind;  // "PRIMARY KEY", "UNIQUE", "FOREIGN KEY"
  std::vector<std::string> columns;
  std::vector<std::string> references;  // DATABASE, SCHEMA, TABLE of a foreign key
  std::vector<std::string> referenced_columns;
};

// A table or a view.
struct Relation {
  std::string name;
  bool is_view = false;
  std::string owner;
  std::string comment;
  int64_t created_ns = 0;
  int64_t changed_ns = 0;  // last commit that touched rows; see SYSTEM$LAST_CHANGE_COMMIT_TIME
  bool change_tracking = false;
  bool transient = false;
  bool secure = false;
  std::string cluster_by;
  std::vector<Constraint> constraints;
  std::vector<Column> columns;
  std::string
      view_query;   // the text behind AS; names in it are resolved in the view's own schema, with its owner's role
  std::string ddl;  // the whole CREATE statement, for SHOW VIEWS
};

struct Sequence {
  std::string name;
  std::string owner;
  std::string comment;
  int64_t created_ns = 0;
  int64_t start = 1;
  int64_t step = 1;
};

struct Schema {
  std::string name;
  std::string owner;
  std::string comment;
  int64_t created_ns = 0;
  std::map<std::string, Relation> relations;
  std::map<std::string, Sequence> sequences = {};
};

struct Database {
  std::string name;
  std::string owner;
  std::string comment;
  int64_t created_ns = 0;
  std::map<std::string, Schema> schemas;
};

struct Warehouse {
  std::string name;
  std::string owner;
  std::string comment;
  std::string size = "X-Small";
  int64_t auto_suspend_seconds = 600;  // 0: never
  bool auto_resume = true;
  bool suspended = false;
  int64_t created_ns = 0;
  int64_t used_ns = 0;     // last statement; a pause beyond auto_suspend_seconds counts as suspended
  int64_t started_ns = 0;  // of the current or last run
  int64_t running_statements = 0;
  std::map<int64_t, int64_t> billed = {};  // of finished runs: hour -> seconds; warehouse_billing.h
  int64_t resumes = 0;
  int64_t statement_timeout_seconds = 0;  // 0: no limit of its own
};

struct KeySlot {
  std::string public_key;   // base64 of the DER SubjectPublicKeyInfo, one line; empty: none
  std::string fingerprint;  // "SHA256:…"
  int64_t set_ns = 0;
};

struct User {
  std::string name;
  std::string login_name;
  std::string owner;
  int64_t created_ns = 0;
  bool disabled = false;
  int64_t locked_until_ns = 0;  // MINS_TO_UNLOCK counts down to it
  KeySlot keys[2];
  std::map<std::string, std::string> properties;  // DEFAULT_ROLE, COMMENT, TYPE, NETWORK_POLICY, EMAIL …
  std::set<std::string> roles;

  std::string Property(const std::string& key) const {
    const auto found = properties.find(key);
    return found == properties.end() ? std::string() : found->second;
  }
};

struct Role {
  std::string name;
  std::string owner;
  std::string comment;
  int64_t created_ns = 0;
  std::set<std::string> inherits;  // roles granted to this one
};

struct NetworkPolicy {
  std::string name;
  std::vector<std::string> allowed;  // addresses or CIDR blocks
  std::vector<std::string> blocked;
  std::string comment = {};
  int64_t created_ns = 0;
};

struct Grant {
  std::string privilege;  // SELECT, USAGE, OWNERSHIP …
  std::string kind;       // TABLE, VIEW, SCHEMA, DATABASE, WAREHOUSE, USER, ACCOUNT
  std::string object;     // "DB.SCHEMA.T", each part as DisplayName writes it; empty for ACCOUNT
  std::string role;
  std::string granted_by;
  bool grant_option = false;
  int64_t created_ns = 0;
};

// Becomes a Grant for each object of `kind` created inside `container` later.
struct FutureGrant {
  std::string privilege;
  std::string kind;            // TABLE, VIEW, SCHEMA
  std::string container_kind;  // DATABASE or SCHEMA
  std::string container;
  std::string role;
  bool grant_option = false;
  int64_t created_ns = 0;
};

struct ObjectName {
  std::string database;
  std::string schema;
  std::string object;
  // The engine's name, when the session has a table of its own in this place: a temporary one, or the copy that an open
  // transaction writes to. Set by CompleteName.
  std::string physical = {};

  std::string Display() const;  // DB.SCHEMA.T, parts quoted where they need it
  std::string SchemaDisplay() const;
};

class Catalog {
 public:
  // With the system roles (ACCOUNTADMIN, SECURITYADMIN, USERADMIN, SYSADMIN, PUBLIC) and nothing else.
  Catalog();

  mutable std::shared_mutex mutex;

  std::map<std::string, Database> databases;
  std::map<std::string, Warehouse> warehouses;
  std::map<std::string, User> users;
  std::map<std::string, Role> roles;
  std::map<std::string, NetworkPolicy> network_policies;
  std::vector<Grant> grants;
  std::vector<FutureGrant> future_grants;
  std::map<std::string, std::string> account_parameters;  // ALTER ACCOUNT SET …

  Database* FindDatabase(const std::string& name);
  Schema* FindSchema(const std::string& database, const std::string& schema);
  Relation* FindRelation(const ObjectName& name);
  User* FindUserByLogin(const std::string& login_name);  // without regard to case

  // `role` and every role it inherits, directly or not.
  std::set<std::string> RoleClosure(const std::string& role) const;
  // All roles the user may use: granted ones and what these inherit, and PUBLIC.
  std::set<std::string> RolesOfUser(const User& user) const;

  // Takes away every grant on an object (and, for containers, inside it).
  void ForgetGrants(const std::string& kind, const std::string& object);
  // Turns matching future grants into grants on the new object.
  void ApplyFutureGrants(const std::string& kind, const ObjectName& name, int64_t now_ns);

  nlohmann::json ToJson() const;
  void FromJson(const nlohmann::json& saved);
};

}  // namespace cdi::snowflake_mock
