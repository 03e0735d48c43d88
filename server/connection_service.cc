#include "server/connection_service.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/connection_probe.h"
#include "server/connection_rules.h"
#include "server/documents.h"
#include "server/field_mask.h"
#include "server/key_pair_view.h"
#include "server/paging.h"
#include "server/resource_name.h"
#include "server/sync_usage.h"

namespace cdi::server {
namespace {

using ingest::Resource;
using ingest::ResourceChange;
using ingest::ResourceKind;

constexpr std::string_view kPattern = "connections/*";

const std::vector<std::string_view> kMutablePaths = {
    "display_name",        "snowflake.role",  "snowflake.warehouse", "snowflake.driver",
    "snowflake.host",      "snowflake.port",  "snowflake.plaintext", "rotation",
    "postgresql.host",     "postgresql.port", "postgresql.password", "postgresql.driver",
    "postgresql.plaintext"};

}  // namespace

absl::StatusOr<v1::Connection> ConnectionServiceImpl::Load(const std::string& name, std::string_view field) {
  CDI_RETURN_IF_ERROR(CheckName(name, kPattern, field));
  CDI_ASSIGN_OR_RETURN(const Resource resource, context_.store.GetResource(ResourceKind::kConnection, name));
  return ConnectionOf(resource);
}

absl::Status ConnectionServiceImpl::CheckRotator(const v1::Connection& connection) {
  constexpr std::string_view kField = "connection.rotation.rotator_connection";
  const std::string& rotator = connection.rotation().rotator_connection();
  if (rotator.empty()) return absl::OkStatus();
  const auto resource = context_.store.GetResource(ResourceKind::kConnection, rotator);
  if (absl::IsNotFound(resource.status())) {
    return MakeError(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
                     absl::StrCat("rotator_connection: there is no ", rotator, "; create it first"),
                     {{"field", std::string(kField)}});
  }
  CDI_RETURN_IF_ERROR(resource.status());
  CDI_ASSIGN_OR_RETURN(const v1::Connection other, ConnectionOf(*resource));
  if (SameAccount(other.snowflake().account(), connection.snowflake().account())) return absl::OkStatus();
  return InvalidField(kField, absl::StrCat("rotator_connection must be a connection to the same Snowflake account; ",
                                           rotator, " is none to ", connection.snowflake().account()));
}

absl::Status ConnectionServiceImpl::Create(const v1::CreateConnectionRequest& request, const std::string& caller,
                                           v1::Connection& response) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(const std::string id,
                       ChosenOrMadeId(request.connection_id(), "c", context_.rng, "connection_id"));
  v1::Connection connection = request.connection();
  connection.set_name(absl::StrCat("connections/", id));
  CDI_RETURN_IF_ERROR(CheckConnection(connection, context_.config));
  CDI_RETURN_IF_ERROR(CheckRotator(connection));
  ResourceChange change{.op = ResourceChange::Op::kCreate,
                        .kind = ResourceKind::kConnection,
                        .name = connection.name(),
                        .document = {},
                        .expected_version = 0,
                        .secret = {},
                        .request_id = request.request_id(),
                        .request_hash = RequestHash(request),
                        .caller = caller,
                        .verb = "CreateConnection",
                        .unique_key = UniqueKeyOf(connection)};
  if (connection.has_postgresql()) {
    v1::Connection::Postgresql& postgresql = *connection.mutable_postgresql();
    postgresql.set_password_set(!postgresql.password().empty());
    if (!postgresql.password().empty()) {
      CDI_ASSIGN_OR_RETURN(change.secret,
                           context_.secrets.Seal(PasswordName(change.name), Secret(postgresql.password())));
      WipeString(*postgresql.mutable_password());
    }
  }
  change.document = DocumentOf(connection);
  CDI_ASSIGN_OR_RETURN(const Resource created, context_.store.Apply(change));
  CDI_ASSIGN_OR_RETURN(response, ConnectionOf(created));
  return absl::OkStatus();
}

absl::Status ConnectionServiceImpl::Update(const v1::UpdateConnectionRequest& request, const std::string& caller,
                                           v1::Connection& response) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(v1::Connection connection, Load(request.connection().name(), "connection.name"));
  CDI_ASSIGN_OR_RETURN(const uint64_t seen, VersionOf(connection.etag()));
  CDI_ASSIGN_OR_RETURN(const uint64_t wanted, VersionOf(request.connection().etag()));
  for (const std::string& path : request.update_mask().paths()) {
    const bool other_kind = (path.starts_with("snowflake") && !connection.has_snowflake()) ||
                            (path.starts_with("postgresql") && !connection.has_postgresql());
    if (other_kind)
      return InvalidField("update_mask",
                          absl::StrCat(path, " does not fit: the warehouse kind of a connection is fixed"));
  }
  CDI_RETURN_IF_ERROR(ApplyMask(request.update_mask(), request.connection(), kMutablePaths, connection));
  CDI_RETURN_IF_ERROR(CheckConnection(connection, context_.config));
  if (MaskTouches(request.update_mask(), {"rotation"})) {
    CDI_RETURN_IF_ERROR(CheckRotator(connection));
  }
  // A password is for the place it was given for: somewhere else it would go to whoever listens there.
  if (connection.postgresql().password_set() && !MaskTouches(request.update_mask(), {"postgresql.password"}) &&
      MaskTouches(request.update_mask(),
                  {"postgresql.host", "postgresql.port", "postgresql.driver", "postgresql.plaintext"})) {
    return InvalidField(
        "connection.postgresql.password",
        "postgresql.password is missing: give it again when host, port, driver or plaintext change, as it "
        "was given for the place before");
  }
  ResourceChange change{.op = ResourceChange::Op::kUpdate,
                        .kind = ResourceKind::kConnection,
                        .name = connection.name(),
                        .document = {},
                        .expected_version = wanted != 0 ? wanted : seen,
                        .secret = {},
                        .request_id = request.request_id(),
                        .request_hash = RequestHash(request),
                        .caller = caller,
                        .verb = "UpdateConnection",
                        .unique_key = UniqueKeyOf(connection)};
  if (MaskTouches(request.update_mask(), {"postgresql.password"})) {
    v1::Connection::Postgresql& postgresql = *connection.mutable_postgresql();
    postgresql.set_password_set(!postgresql.password().empty());
    CDI_ASSIGN_OR_RETURN(change.secret,
                         context_.secrets.Seal(PasswordName(change.name), Secret(postgresql.password())));
  }
  change.document = DocumentOf(connection);
  CDI_ASSIGN_OR_RETURN(const Resource updated, context_.store.Apply(change));
  CDI_ASSIGN_OR_RETURN(response, ConnectionOf(updated));
  return absl::OkStatus();
}

absl::Status ConnectionServiceImpl::RefuseIfNeeded(const std::string& name,
                                                   const std::vector<keys::KeyPairRecord>& pairs) {
  CDI_RETURN_IF_ERROR(RefuseIfUsed(context_.store, name, [](const v1::Sync& sync) { return sync.connection(); }));
  CDI_ASSIGN_OR_RETURN(const std::string rotated, RotatedOver(context_.store, name));
  if (!rotated.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE",
                     absl::StrCat(name, " is the rotator of ", rotated,
                                  ": give that one another rotator_connection, or none, first"));
  }
  // Without a usable pair a rotation has nothing left to do and ends by itself: an emergency need not wait for it.
  const bool usable = std::any_of(pairs.begin(), pairs.end(), [](const keys::KeyPairRecord& pair) {
    return pair.state != keys::KeyPairState::kRevoked;
  });
  if (!usable) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(const std::vector<keys::RotationRecord> rotations, rotations_.List(name));
  for (const keys::RotationRecord& rotation : rotations) {
    if (keys::IsEnd(rotation.step)) continue;
    return MakeError(absl::StatusCode::kFailedPrecondition, "ROTATION_IN_PROGRESS",
                     absl::StrCat(rotation.name, " is open, step ", std::string(keys::RotationStepName(rotation.step)),
                                  ": let it end, roll it back (RollBackRotation), or revoke the key pairs of ", name,
                                  ", which ends it at once"),
                     {{"rotation", rotation.name}});
  }
  return absl::OkStatus();
}

absl::Status ConnectionServiceImpl::Delete(const v1::DeleteConnectionRequest& request, const std::string& caller,
                                           v1::DeleteConnectionResponse& response) {
  CDI_RETURN_IF_ERROR(CheckName(request.name(), kPattern, "name"));
  CDI_ASSIGN_OR_RETURN(const uint64_t version, VersionOf(request.etag()));
  CDI_ASSIGN_OR_RETURN(const v1::Connection connection, Load(request.name(), "name"));
  CDI_ASSIGN_OR_RETURN(const std::vector<keys::KeyPairRecord> pairs, context_.keys.List(request.name()));
  CDI_RETURN_IF_ERROR(RefuseIfNeeded(request.name(), pairs));
  ResourceChange change;
  change.op = ResourceChange::Op::kDelete;
  change.kind = ResourceKind::kConnection;
  change.name = request.name();
  change.expected_version = version;
  change.caller = caller;
  change.verb = "DeleteConnection";
  // Its key pairs go in the same commit.
  CDI_RETURN_IF_ERROR(context_.store.Apply(change).status());
  for (const std::string& statement : UnregisterStatements(pairs, connection.snowflake().user())) {
    response.add_unregister_statements(statement);
  }
  rotations_.Wake(request.name());
  return absl::OkStatus();
}

absl::Status ConnectionServiceImpl::PassWithoutWarehouse(const v1::TestConnectionRequest& request,
                                                         const v1::Connection& connection, ProbeResult& result) {
  if (result.passed || result.checks.back().reason() != "WAREHOUSE_MISSING" || !request.database().empty() ||
      !connection.snowflake().warehouse().empty()) {
    return absl::OkStatus();
  }
  CDI_ASSIGN_OR_RETURN(const std::string rotated, RotatedOver(context_.store, connection.name()));
  if (rotated.empty()) return absl::OkStatus();
  result.checks.back() = Passed("warehouse", absl::StrCat("none, and none is needed to rotate the keys of ", rotated));
  result.passed = true;
  return absl::OkStatus();
}

absl::Status ConnectionServiceImpl::Test(const v1::TestConnectionRequest& request,
                                         v1::TestConnectionResponse& response) {
  CDI_ASSIGN_OR_RETURN(const v1::Connection connection, Load(request.name(), "name"));
  if (!request.table().empty() && (request.schema().empty() || request.database().empty())) {
    return InvalidField("database", "table needs database and schema: name all three, or none");
  }
  const MonoTime begin = context_.clock.MonoNow();
  CDI_ASSIGN_OR_RETURN(const std::shared_ptr<warehouse::Warehouse> target, context_.warehouses.Make(connection));
  ProbeRequest probe;
  probe.database = request.database();
  probe.schema = request.schema();
  probe.table = request.table();
  ProbeResult result = Probe(*target, probe);
  CDI_RETURN_IF_ERROR(PassWithoutWarehouse(request, connection, result));
  response.set_passed(result.passed);
  for (const v1::CheckResult& check : result.checks) *response.add_checks() = check;
  response.set_server_version(result.facts.version);
  if (result.session != nullptr && connection.has_snowflake()) {
    CDI_ASSIGN_OR_RETURN(const std::vector<keys::KeyPairRecord> pairs, context_.keys.List(connection.name()));
    for (const keys::KeyPairRecord& pair : pairs) {
      if (pair.state == keys::KeyPairState::kActive) response.set_key_pair(pair.name);
    }
  }
  *response.mutable_duration() =
      ToProto(std::chrono::duration_cast<std::chrono::milliseconds>(context_.clock.MonoNow() - begin));
  return absl::OkStatus();
}

grpc::Status ConnectionServiceImpl::CreateConnection(grpc::ServerContext* rpc,
                                                     const v1::CreateConnectionRequest* request,
                                                     v1::Connection* response) {
  return Serve(context_, "CreateConnection", rpc, *request,
               [&](const Caller& caller) { return Create(*request, caller.name(), *response); });
}

grpc::Status ConnectionServiceImpl::GetConnection(grpc::ServerContext* rpc, const v1::GetConnectionRequest* request,
                                                  v1::Connection* response) {
  return Serve(context_, "GetConnection", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(*response, Load(request->name(), "name"));
    return absl::OkStatus();
  });
}

grpc::Status ConnectionServiceImpl::ListConnections(grpc::ServerContext* rpc, const v1::ListConnectionsRequest* request,
                                                    v1::ListConnectionsResponse* response) {
  return Serve(context_, "ListConnections", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken("ListConnections", request->page_token()));
    CDI_ASSIGN_OR_RETURN(const auto page, ListInScope(context_.store, caller, ResourceKind::kConnection, after, size));
    for (const Resource& resource : page.items) {
      CDI_ASSIGN_OR_RETURN(*response->add_connections(), ConnectionOf(resource));
    }
    response->set_next_page_token(MakePageToken("ListConnections", page.next));
    return absl::OkStatus();
  });
}

grpc::Status ConnectionServiceImpl::UpdateConnection(grpc::ServerContext* rpc,
                                                     const v1::UpdateConnectionRequest* request,
                                                     v1::Connection* response) {
  return Serve(context_, "UpdateConnection", rpc, *request,
               [&](const Caller& caller) { return Update(*request, caller.name(), *response); });
}

grpc::Status ConnectionServiceImpl::DeleteConnection(grpc::ServerContext* rpc,
                                                     const v1::DeleteConnectionRequest* request,
                                                     v1::DeleteConnectionResponse* response) {
  return Serve(context_, "DeleteConnection", rpc, *request,
               [&](const Caller& caller) { return Delete(*request, caller.name(), *response); });
}

grpc::Status ConnectionServiceImpl::TestConnection(grpc::ServerContext* rpc, const v1::TestConnectionRequest* request,
                                                   v1::TestConnectionResponse* response) {
  return Serve(context_, "TestConnection", rpc, *request, [&] { return Test(*request, *response); });
}

grpc::Status ConnectionServiceImpl::ListTables(grpc::ServerContext* rpc, const v1::ListTablesRequest* request,
                                               v1::ListTablesResponse* response) {
  return Serve(context_, "ListTables", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const v1::Connection connection, Load(request->connection(), "connection"));
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 200));
    const std::string scope =
        absl::StrCat("ListTables ", request->connection(), " ", request->database(), ".", request->schema());
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, request->page_token()));
    CDI_ASSIGN_OR_RETURN(const std::shared_ptr<warehouse::Warehouse> target, context_.warehouses.Make(connection));
    CDI_ASSIGN_OR_RETURN(const auto database,
                         warehouse::Identifier::Parse(request->database(), target->folding(), "database"));
    CDI_ASSIGN_OR_RETURN(const auto schema,
                         warehouse::Identifier::Parse(request->schema(), target->folding(), "schema"));
    CDI_ASSIGN_OR_RETURN(const auto session,
                         target->Connect({.query_tag = "cdi list", .role = "", .warehouse = ""}, {}));
    CDI_ASSIGN_OR_RETURN(std::vector<warehouse::TableEntry> tables, session->ListTables(database, schema));
    std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const warehouse::TableEntry& table : tables) {
      if (table.name <= after && !after.empty()) continue;
      if (response->tables_size() == size) {
        response->set_next_page_token(MakePageToken(scope, response->tables(size - 1).name()));
        break;
      }
      v1::ListTablesResponse::Table& entry = *response->add_tables();
      entry.set_name(table.name);
      entry.set_view(table.is_view);
    }
    return absl::OkStatus();
  });
}

grpc::Status ConnectionServiceImpl::DescribeTable(grpc::ServerContext* rpc, const v1::DescribeTableRequest* request,
                                                  v1::DescribeTableResponse* response) {
  return Serve(context_, "DescribeTable", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const v1::Connection connection, Load(request->connection(), "connection"));
    CDI_ASSIGN_OR_RETURN(const std::shared_ptr<warehouse::Warehouse> target, context_.warehouses.Make(connection));
    CDI_ASSIGN_OR_RETURN(const auto table, warehouse::ParseTableName(request->database(), request->schema(),
                                                                     request->table(), target->folding()));
    CDI_ASSIGN_OR_RETURN(const auto session,
                         target->Connect({.query_tag = "cdi describe", .role = "", .warehouse = ""}, {}));
    CDI_ASSIGN_OR_RETURN(const auto columns, session->Describe(table));
    for (const warehouse::ColumnFacts& facts : columns) {
      v1::Column& column = *response->add_columns();
      column.set_name(facts.name);
      column.set_type(facts.type);
      column.set_nullable(facts.nullable);
    }
    return absl::OkStatus();
  });
}

}  // namespace cdi::server
