#include <CLI/CLI.hpp>

#include "base/secret.h"
#include "cli/command.h"
#include "cli/concat.h"
#include "cli/field_flags.h"
#include "cli/names.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

using Stub = v1::ConnectionService::Stub;

constexpr FieldFlag kRotationFlags[] = {
    {.flag = "--rotate-every-days",
     .path = "rotation.every_days",
     .help = "Rotate the key at this age, 1 to 365 (never)"},
    {.flag = "--rotate-from-hour",
     .path = "rotation.window_start_hour",
     .help = "Scheduled rotations start from this hour (UTC)"},
    {.flag = "--rotate-to-hour", .path = "rotation.window_end_hour", .help = "And before this one"},
    {.flag = "--rotate-mode", .path = "rotation.mode", .help = "Scheduled rotations: automatic (default) or assisted"},
    {.flag = "--rotator",
     .path = "rotation.rotator_connection",
     .help = "Connection whose role may alter this one's user",
     .expand = ConnectionName},
    {.flag = "--drain-hours",
     .path = "rotation.drain_hours",
     .help = "A replaced key stays valid so long, 1 to 168 (24)"},
};

constexpr FieldFlag kSnowflakeFlags[] = {
    {.flag = "--display-name", .path = "display_name", .help = "For people, up to 200 characters"},
    {.flag = "--account",
     .path = "snowflake.account",
     .help = "Account identifier: orgname-accountname",
     .immutable = true},
    {.flag = "--user", .path = "snowflake.user", .help = "Login name of the Snowflake user", .immutable = true},
    {.flag = "--role", .path = "snowflake.role", .help = "Role of the session (the user's default)"},
    {.flag = "--warehouse", .path = "snowflake.warehouse", .help = "Virtual warehouse (the user's default)"},
    {.flag = "--driver", .path = "snowflake.driver", .help = "ODBC driver: name in odbcinst.ini, or path"},
    {.flag = "--host", .path = "snowflake.host", .help = "Host, where not ACCOUNT.snowflakecomputing.com"},
    {.flag = "--port", .path = "snowflake.port", .help = "Port (443)"},
    {.flag = "--plaintext",
     .path = "snowflake.plaintext",
     .help = "Plain http, to a loopback host: for snowflake-mock"},
};

constexpr FieldFlag kPostgresqlFlags[] = {
    {.flag = "--display-name", .path = "display_name", .help = "For people, up to 200 characters"},
    {.flag = "--host", .path = "postgresql.host", .help = "Host name or address"},
    {.flag = "--port", .path = "postgresql.port", .help = "Port (5432)"},
    {.flag = "--database", .path = "postgresql.database", .help = "Database", .immutable = true},
    {.flag = "--user", .path = "postgresql.user", .help = "Login name", .immutable = true},
    {.flag = "--plaintext", .path = "postgresql.plaintext", .help = "Without TLS, to a loopback host only"},
    {.flag = "--driver", .path = "postgresql.driver", .help = "ODBC driver: name in odbcinst.ini, or path"},
};

// The changeable fields of both kinds; shared names are moved to the kind of the connection at hand.
constexpr FieldFlag kUpdateFlags[] = {
    {.flag = "--display-name", .path = "display_name", .help = "For people, up to 200 characters"},
    {.flag = "--role", .path = "snowflake.role", .help = "Snowflake: role of the session"},
    {.flag = "--warehouse", .path = "snowflake.warehouse", .help = "Snowflake: virtual warehouse"},
    {.flag = "--host", .path = "snowflake.host", .help = "Host"},
    {.flag = "--port", .path = "snowflake.port", .help = "Port"},
    {.flag = "--driver", .path = "snowflake.driver", .help = "ODBC driver: name in odbcinst.ini, or path"},
    {.flag = "--plaintext", .path = "snowflake.plaintext", .help = "Without TLS, to a loopback host only"},
};

constexpr auto kSnowflakeAndRotationFlags = Joined(kSnowflakeFlags, kRotationFlags);
constexpr auto kAllUpdateFlags = Joined(kUpdateFlags, kRotationFlags);

constexpr char kNameHelp[] = "Connection: main, or connections/main";

struct CreateOptions {
  std::string id;
  std::string request_id;
  std::unique_ptr<FieldFlags> fields;
  std::unique_ptr<SecretFlags> password;  // PostgreSQL only
};

int Create(Command& command, const CreateOptions& options, v1::CreateConnectionRequest request) {
  request.set_connection_id(options.id);
  request.set_request_id(options.request_id);
  if (const absl::Status fault = options.fields->Apply(*request.mutable_connection(), nullptr); !fault.ok()) {
    return command.FailUsage(fault);
  }
  if (options.password && options.password->given()) {
    CDI_CLI_ASSIGN_OR_USAGE(command, std::string password, options.password->Read(command.surroundings().environment));
    *request.mutable_connection()->mutable_postgresql()->mutable_password() = password;
    WipeString(password);
  }
  const int code =
      command.CallAndAnswer(&Stub::CreateConnection, request, [](Console& console, const v1::Connection& made) {
        ShowConnection(console, made);
        const std::string name = ShortName(made.name());
        console.out << (made.has_snowflake() ? "\nnext: cdi keys generate " : "\nnext: cdi connections test ") << name
                    << std::endl;
      });
  if (request.connection().has_postgresql()) {
    WipeString(*request.mutable_connection()->mutable_postgresql()->mutable_password());
  }
  return code;
}

std::shared_ptr<CreateOptions> AddCreateFlags(CLI::App& verb, std::span<const FieldFlag> flags) {
  auto options = std::make_shared<CreateOptions>();
  verb.add_option("ID", options->id, "Id of the new connection (made by the server)")->type_name("");
  options->fields = std::make_unique<FieldFlags>(verb, flags, *v1::Connection::descriptor(), FieldFlags::Use::kCreate);
  verb.add_option("--request-id", options->request_id, "The same id within 24 h gets the same answer");
  return options;
}

void AddCreate(CLI::App& noun, Action& chosen) {
  CLI::App& create = AddNoun(
      noun, "create", "Create a connection to a warehouse",
      "cdi connections create snowflake main --account myorg-myaccount --user BRAZE_INGESTION_USER\n"
      "cdi connections create postgresql crm --host db.internal --database crm --user cdi --password-file pg.pass");
  CLI::App& snowflake = AddVerb(create, "snowflake", "Connect to a Snowflake account, by key pair",
                                "cdi connections create snowflake main --account myorg-myaccount \\\n"
                                "    --user BRAZE_INGESTION_USER --role BRAZE_ROLE --warehouse BRAZE_WH");
  const auto of_snowflake = AddCreateFlags(snowflake, kSnowflakeAndRotationFlags);
  OnChosen(snowflake, chosen, [of_snowflake](Command& command) {
    v1::CreateConnectionRequest request;
    request.mutable_connection()->mutable_snowflake();
    return Create(command, *of_snowflake, std::move(request));
  });
  CLI::App& postgresql = AddVerb(create, "postgresql", "Connect to a PostgreSQL or Redshift database",
                                 "cdi connections create postgresql crm --host db.internal --database crm \\\n"
                                 "    --user cdi --password-env CRM_PASSWORD");
  const auto of_postgresql = AddCreateFlags(postgresql, kPostgresqlFlags);
  of_postgresql->password = std::make_unique<SecretFlags>(postgresql, "password", "the password");
  OnChosen(postgresql, chosen, [of_postgresql](Command& command) {
    v1::CreateConnectionRequest request;
    request.mutable_connection()->mutable_postgresql();
    return Create(command, *of_postgresql, std::move(request));
  });
}

struct UpdateOptions {
  std::string name;
  std::string etag;
  std::string request_id;
  std::unique_ptr<FieldFlags> fields;
  std::unique_ptr<SecretFlags> password;
};

int Update(Command& command, const UpdateOptions& options) {
  CDI_CLI_ASSIGN_OR_USAGE(command, const std::string name, ConnectionName(options.name));
  // Which kind it is decides what --host, --port and --driver mean.
  v1::GetConnectionRequest get;
  get.set_name(name);
  v1::Connection present;
  if (const grpc::Status status = command.client().Call(&Stub::GetConnection, get, &present); !status.ok()) {
    return command.Fail(status);
  }
  v1::UpdateConnectionRequest request;
  request.set_request_id(options.request_id);
  request.mutable_connection()->set_name(name);
  request.mutable_connection()->set_etag(options.etag);
  std::vector<std::string> paths;
  const auto repath = [&](const std::string& path) {
    const size_t dot = path.find('.');
    if (dot == std::string::npos || path.starts_with("rotation.")) return path;
    return Concat(present.has_postgresql() ? "postgresql" : "snowflake", path.substr(dot));
  };
  if (const absl::Status fault = options.fields->Apply(*request.mutable_connection(), &paths, repath); !fault.ok()) {
    return command.FailUsage(fault);
  }
  if (options.password->given()) {
    if (!present.has_postgresql()) {
      return command.FailUsage(
          absl::InvalidArgumentError("a Snowflake connection has no password: see cdi keys --help"));
    }
    CDI_CLI_ASSIGN_OR_USAGE(command, std::string password, options.password->Read(command.surroundings().environment));
    *request.mutable_connection()->mutable_postgresql()->mutable_password() = password;
    WipeString(password);
    paths.emplace_back("postgresql.password");
  }
  if (paths.empty()) return command.FailUsage(NothingToUpdate());
  for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
  const int code = command.CallAndAnswer(&Stub::UpdateConnection, request, ShowConnection);
  if (request.connection().has_postgresql()) {
    WipeString(*request.mutable_connection()->mutable_postgresql()->mutable_password());
  }
  return code;
}

void AddUpdate(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "update", "Change fields of a connection; an empty value clears one",
                           "cdi connections update main --role BRAZE_ROLE --warehouse BRAZE_WH\n"
                           "cdi connections update crm --password-file new.pass");
  auto options = std::make_shared<UpdateOptions>();
  AddName(verb, options->name, "CONNECTION", kNameHelp);
  options->fields =
      std::make_unique<FieldFlags>(verb, kAllUpdateFlags, *v1::Connection::descriptor(), FieldFlags::Use::kUpdate);
  options->password = std::make_unique<SecretFlags>(verb, "password", "the new password (PostgreSQL)");
  verb.add_option("--etag", options->etag, "Refuse the change when the connection changed since");
  verb.add_option("--request-id", options->request_id, "The same id within 24 h gets the same answer");
  OnChosen(verb, chosen, [options](Command& command) { return Update(command, *options); });
}

void AddReading(CLI::App& noun, Action& chosen) {
  CLI::App& get = AddVerb(noun, "get", "Show one connection", "cdi connections get main");
  auto name = std::make_shared<std::string>();
  AddName(get, *name, "CONNECTION", kNameHelp);
  OnChosen(get, chosen, [name](Command& command) {
    v1::GetConnectionRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), ConnectionName(*name));
    return command.CallAndAnswer(&Stub::GetConnection, request, ShowConnection);
  });
  CLI::App& list = AddVerb(noun, "list", "List all connections", "cdi connections list\ncdi connections list --json");
  OnChosen(list, chosen, [](Command& command) {
    v1::ListConnectionsResponse all;
    const grpc::Status status =
        command.client().CallPaged<Stub, v1::ListConnectionsRequest, v1::ListConnectionsResponse>(
            &Stub::ListConnections, {}, &all, 0, {});
    return status.ok() ? command.Answer(all, ShowConnections) : command.Fail(status);
  });
}

void AddDelete(CLI::App& noun, Action& chosen) {
  CLI::App& verb = AddVerb(noun, "delete", "Delete a connection and its key pairs; refused while something uses it",
                           "cdi connections delete main");
  auto name = std::make_shared<std::string>();
  auto etag = std::make_shared<std::string>();
  AddName(verb, *name, "CONNECTION", kNameHelp);
  verb.add_option("--etag", *etag, "Refuse when the connection changed since");
  OnChosen(verb, chosen, [name, etag](Command& command) {
    v1::DeleteConnectionRequest request;
    CDI_CLI_ASSIGN_OR_USAGE(command, *request.mutable_name(), ConnectionName(*name));
    request.set_etag(*etag);
    return command.CallAndAnswer(&Stub::DeleteConnection, request,
                                 [&](Console& console, const v1::DeleteConnectionResponse& response) {
                                   ShowDeletedConnection(console, request.name(), response);
                                 });
  });
}

void AddTest(CLI::App& noun, Action& chosen) {
  CLI::App& verb =
      AddVerb(noun, "test", "Log in and check role, warehouse and, where given, database, schema and table",
              "cdi connections test main\n"
              "cdi connections test main --database CDI --schema PUBLIC --table USERS");
  auto name = std::make_shared<std::string>();
  auto request = std::make_shared<v1::TestConnectionRequest>();
  AddName(verb, *name, "CONNECTION", kNameHelp);
  CLI::Option* database = verb.add_option("--database", *request->mutable_database(), "Check this database too");
  CLI::Option* schema =
      verb.add_option("--schema", *request->mutable_schema(), "Check this schema too")->needs(database);
  verb.add_option("--table", *request->mutable_table(), "Check this table or view too")->needs(schema);
  OnChosen(verb, chosen, [name, request](Command& command) {
    CDI_CLI_ASSIGN_OR_USAGE(command, *request->mutable_name(), ConnectionName(*name));
    return command.CallTest(&Stub::TestConnection, *request, ShowConnectionTest);
  });
}

void AddTables(CLI::App& noun, Action& chosen) {
  CLI::App& tables = AddVerb(noun, "tables", "List the tables and views of a schema that the role may see",
                             "cdi connections tables main --database CDI --schema PUBLIC");
  auto name = std::make_shared<std::string>();
  auto list = std::make_shared<v1::ListTablesRequest>();
  AddName(tables, *name, "CONNECTION", kNameHelp);
  tables.add_option("--database", *list->mutable_database(), "Database")->required();
  tables.add_option("--schema", *list->mutable_schema(), "Schema")->required();
  OnChosen(tables, chosen, [name, list](Command& command) {
    CDI_CLI_ASSIGN_OR_USAGE(command, *list->mutable_connection(), ConnectionName(*name));
    v1::ListTablesResponse all;
    const grpc::Status status = command.client().CallPaged<Stub, v1::ListTablesRequest, v1::ListTablesResponse>(
        &Stub::ListTables, *list, &all, 0, {});
    return status.ok() ? command.Answer(all, ShowTables) : command.Fail(status);
  });
  CLI::App& describe = AddVerb(noun, "describe", "Describe the columns of a table or view",
                               "cdi connections describe main --database CDI --schema PUBLIC --table USERS");
  auto of = std::make_shared<std::string>();
  auto request = std::make_shared<v1::DescribeTableRequest>();
  AddName(describe, *of, "CONNECTION", kNameHelp);
  describe.add_option("--database", *request->mutable_database(), "Database")->required();
  describe.add_option("--schema", *request->mutable_schema(), "Schema")->required();
  describe.add_option("--table", *request->mutable_table(), "Table or view")->required();
  OnChosen(describe, chosen, [of, request](Command& command) {
    CDI_CLI_ASSIGN_OR_USAGE(command, *request->mutable_connection(), ConnectionName(*of));
    return command.CallAndAnswer(&Stub::DescribeTable, *request, ShowColumns);
  });
}

}  // namespace

void AddConnectionCommands(CLI::App& root, Action& chosen) {
  CLI::App& noun =
      AddNoun(root, "connections", "Warehouses as the service reaches them",
              "cdi connections create snowflake main --account myorg-myaccount --user BRAZE_INGESTION_USER\n"
              "cdi connections test main --database CDI --schema PUBLIC --table USERS\n"
              "cdi connections list");
  AddCreate(noun, chosen);
  AddReading(noun, chosen);
  AddUpdate(noun, chosen);
  AddDelete(noun, chosen);
  AddTest(noun, chosen);
  AddTables(noun, chosen);
}

}  // namespace cdi::cli
