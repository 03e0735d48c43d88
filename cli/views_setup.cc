// Views of what is set up once: connections, key pairs, workspaces.
#include "cli/checks_view.h"
#include "cli/concat.h"
#include "cli/facts.h"
#include "cli/names.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

std::string PortText(int32_t port, int32_t standard) {
  return std::to_string(port == 0 ? standard : port);
}

// What follows the user: `orgname-account` or `host:port/database`.
std::string Target(const v1::Connection& connection) {
  if (connection.has_snowflake()) return connection.snowflake().account();
  const v1::Connection::Postgresql& postgresql = connection.postgresql();
  return Concat(postgresql.host(), ":", PortText(postgresql.port(), 5432), "/", postgresql.database());
}

std::string_view KindName(const v1::Connection& connection) {
  return connection.has_snowflake() ? "snowflake" : connection.has_postgresql() ? "postgresql" : "";
}

std::string OrDefault(int64_t value, std::string_view standard) {
  return value == 0 ? Concat(standard, " (default)") : FormatCount(value);
}

std::string ScheduleText(const v1::Connection::KeyRotation& rotation) {
  if (rotation.every_days() == 0) return "";
  const bool window = rotation.window_start_hour() != rotation.window_end_hour();
  return Concat(
      "every ", CountOf(rotation.every_days(), "day", "days"),
      window ? Concat(", from ", rotation.window_start_hour(), " to ", rotation.window_end_hour(), " o'clock UTC")
             : std::string(),
      rotation.mode() == v1::Connection::KeyRotation::ASSISTED ? ", assisted" : ", automatic");
}

void ShowTestEnd(Console& console, bool passed, const google::protobuf::Duration& duration) {
  const std::string verdict = passed ? Green(console, "passed") : Red(console, "did not pass");
  console.out << "the test " << verdict << " (" << FormatDuration(FromProto(duration)) << ")" << std::endl;
}

}  // namespace

void ShowConnection(Console& console, const v1::Connection& connection) {
  Facts facts;
  facts.Add("name", connection.name()).Add("display name", connection.display_name()).Add("kind", KindName(connection));
  if (connection.has_snowflake()) {
    const v1::Connection::Snowflake& snowflake = connection.snowflake();
    facts.Add("account", snowflake.account())
        .Add("user", snowflake.user())
        .Add("role", snowflake.role().empty() ? "(the user's default)" : snowflake.role())
        .Add("warehouse", snowflake.warehouse().empty() ? "(the user's default)" : snowflake.warehouse())
        .Add("host", snowflake.host())
        .Add("port", snowflake.port() == 0 ? "" : PortText(snowflake.port(), 443))
        .Add("driver", snowflake.driver())
        .Add("plaintext", snowflake.plaintext() ? "yes" : "")
        .Add("key rotation", ScheduleText(connection.rotation()))
        .Add("rotator", ShortName(connection.rotation().rotator_connection()))
        .Add("key drain", connection.rotation().drain_hours() == 0
                              ? ""
                              : CountOf(connection.rotation().drain_hours(), "hour", "hours"));
  } else if (connection.has_postgresql()) {
    const v1::Connection::Postgresql& postgresql = connection.postgresql();
    facts.Add("host", postgresql.host())
        .Add("port", PortText(postgresql.port(), 5432))
        .Add("database", postgresql.database())
        .Add("user", postgresql.user())
        .Add("password", postgresql.password_set() ? "(set)" : "(none)")
        .Add("plaintext", postgresql.plaintext() ? "yes" : "")
        .Add("driver", postgresql.driver());
  }
  facts.AddTime("created", connection.has_create_time(), connection.create_time())
      .AddTime("updated", connection.has_update_time(), connection.update_time())
      .Add("etag", connection.etag())
      .Print(console);
}

void ShowConnections(Console& console, const v1::ListConnectionsResponse& list) {
  Table table({{"CONNECTION"}, {"KIND"}, {"TARGET"}, {"USER"}, {"DISPLAY NAME"}});
  for (const v1::Connection& connection : list.connections()) {
    table.AddRow({ShortName(connection.name()), std::string(KindName(connection)), Target(connection),
                  connection.has_snowflake() ? connection.snowflake().user() : connection.postgresql().user(),
                  connection.display_name()});
  }
  console.out << (table.empty() ? "no connections; make one: cdi connections create --help\n"
                                : table.Render(console.columns))
              << std::flush;
}

void ShowDeletedConnection(Console& console, std::string_view name, const v1::DeleteConnectionResponse& response) {
  console.out << "deleted " << PrintableText(name) << std::endl;
  if (response.unregister_statements().empty()) return;
  console.out
      << "\nIts keys are destroyed here, and still valid in Snowflake until an administrator runs this, which is "
         "shown only now (DESC USER tells what stands in a slot):\n\n";
  for (const std::string& statement : response.unregister_statements()) {
    console.out << PrintableText(statement) << ";\n";
  }
  console.out << std::flush;
}

void ShowConnectionTest(Console& console, const v1::TestConnectionResponse& test) {
  ShowChecks(console, test.checks());
  Facts facts;
  facts.Add("server version", test.server_version());
  facts.Add("key pair", ShortName(test.key_pair())).Print(console);
  ShowTestEnd(console, test.passed(), test.duration());
}

void ShowTables(Console& console, const v1::ListTablesResponse& list) {
  Table table({{"TABLE"}, {"KIND"}});
  for (const auto& entry : list.tables()) table.AddRow({entry.name(), entry.view() ? "view" : "table"});
  console.out << (table.empty() ? "the role sees no table or view there\n" : table.Render(console.columns))
              << std::flush;
}

void ShowColumns(Console& console, const v1::DescribeTableResponse& description) {
  Table table({{"COLUMN"}, {"TYPE"}, {"NULL"}});
  for (const v1::Column& column : description.columns()) {
    table.AddRow({column.name(), column.type(), column.nullable() ? "allowed" : "no"});
  }
  console.out << table.Render(console.columns) << std::flush;
}

void ShowKeyPair(Console& console, const v1::KeyPair& key_pair) {
  Facts()
      .Add("name", key_pair.name())
      .Add("slot", v1::KeyPair::Slot_Name(key_pair.slot()))
      .Add("state", v1::KeyPair::State_Name(key_pair.state()))
      .Add("bits", std::to_string(key_pair.key_bits()))
      .Add("fingerprint", key_pair.fingerprint())
      .Add("public key", key_pair.public_key())
      .AddTime("created", key_pair.has_create_time(), key_pair.create_time())
      .AddTime("activated", key_pair.has_activate_time(), key_pair.activate_time())
      .Add("problem", key_pair.problem())
      .Print(console);
}

void ShowKeyPairs(Console& console, const v1::ListKeyPairsResponse& list) {
  Table table({{"KEY PAIR"}, {"SLOT"}, {"STATE"}, {"BITS", Table::Align::kRight}, {"FINGERPRINT"}, {"CREATED"}});
  for (const v1::KeyPair& key_pair : list.key_pairs()) {
    table.AddRow({ShortName(key_pair.name()), v1::KeyPair::Slot_Name(key_pair.slot()),
                  v1::KeyPair::State_Name(key_pair.state()), std::to_string(key_pair.key_bits()),
                  key_pair.fingerprint(), TimeCell(key_pair.has_create_time(), key_pair.create_time())});
  }
  console.out << (table.empty() ? "no key pairs; make one: cdi keys generate --help\n" : table.Render(console.columns))
              << std::flush;
}

void ShowWorkspace(Console& console, const v1::Workspace& workspace) {
  const v1::Workspace::Limits& limits = workspace.limits();
  const std::string window = limits.has_rate_window() ? FormatDuration(FromProto(limits.rate_window())) : "1s";
  Facts()
      .Add("name", workspace.name())
      .Add("display name", workspace.display_name())
      .Add("endpoint", workspace.endpoint())
      .Add("API key", workspace.api_key_set() ? "(set)" : "(none)")
      .Add("objects per request", OrDefault(limits.objects_per_request(), "75"))
      .Add("bytes per body", OrDefault(limits.body_bytes(), "3,500,000"))
      .Add("requests", Concat(OrDefault(limits.rate_requests(), "970"), " in ", window))
      .Add("requests in flight", OrDefault(limits.requests_in_flight(), "192"))
      .AddTime("created", workspace.has_create_time(), workspace.create_time())
      .AddTime("updated", workspace.has_update_time(), workspace.update_time())
      .Add("etag", workspace.etag())
      .Print(console);
}

void ShowWorkspaces(Console& console, const v1::ListWorkspacesResponse& list) {
  Table table({{"WORKSPACE"}, {"ENDPOINT"}, {"API KEY"}, {"DISPLAY NAME"}});
  for (const v1::Workspace& workspace : list.workspaces()) {
    table.AddRow({ShortName(workspace.name()), workspace.endpoint(), workspace.api_key_set() ? "set" : "none",
                  workspace.display_name()});
  }
  console.out << (table.empty() ? "no workspaces; make one: cdi workspaces create --help\n"
                                : table.Render(console.columns))
              << std::flush;
}

void ShowWorkspaceTest(Console& console, const v1::TestWorkspaceResponse& test) {
  google::protobuf::RepeatedPtrField<v1::CheckResult> checks;
  *checks.Add() = test.check();
  if (test.check().check().empty()) checks.Mutable(0)->set_check("workspace");
  ShowChecks(console, checks);
  ShowTestEnd(console, test.passed(), test.duration());
}

}  // namespace cdi::cli
