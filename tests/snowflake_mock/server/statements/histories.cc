// QUERY_HISTORY, LOGIN_HISTORY and WAREHOUSE_METERING_HISTORY, as table functions of INFORMATION_SCHEMA and as views of
// SNOWFLAKE.ACCOUNT_USAGE. Columns: docs.snowflake.com, the pages of the same names, read 2026-11; those that would say
// nothing here (spilling, external functions …) are left out.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/table_sources.h"

namespace cdi::snowflake_mock {
namespace {

struct HistoryColumn {
  const char* name;
  SqlType type;
};

std::string Text(const std::string& value) {
  return value.empty() ? "NULL" : QuoteLiteral(value);
}
// A six-digit code as the number it is.
std::string Code(const std::string& code) {
  return code.empty() ? "NULL" : absl::StrCat("CAST(", QuoteLiteral(code), " AS DECIMAL(38,0))");
}
std::string Time(int64_t ns) {
  return ns == 0 ? "NULL" : absl::StrCat("SF_TO_LTZ(make_timestamp_ns(", ns / 1'000'000 * 1'000'000, "))");
}

TableSource Source(const std::vector<HistoryColumn>& columns, const std::vector<std::vector<std::string>>& rows,
                   const HistoryFilter& filter, const std::string& newest_first) {
  TableSource source;
  std::vector<std::string> names;
  std::vector<std::string> casts;
  std::vector<std::string> nulls;
  for (const HistoryColumn& column : columns) {
    Column known;
    known.name = column.name;
    known.type = column.type;
    source.columns.push_back(std::move(known));
    names.push_back(absl::StrCat("\"", column.name, "\""));
    casts.push_back(
        absl::StrCat("CAST(\"", column.name, "\" AS ", column.type.EngineName(), ") AS \"", column.name, "\""));
    nulls.push_back(absl::StrCat("CAST(NULL AS ", column.type.EngineName(), ")"));
  }
  std::vector<std::string> tuples;
  for (const auto& row : rows) tuples.push_back(absl::StrCat("(", absl::StrJoin(row, ", "), ")"));
  tuples.push_back(absl::StrCat("(", absl::StrJoin(nulls, ", "), ")"));  // gives the types when there is no row
  source.sql = absl::StrCat("(SELECT ", absl::StrJoin(casts, ", "), " FROM (VALUES ", absl::StrJoin(tuples, ", "),
                            ") AS \"~H\"(", absl::StrJoin(names, ", "), ") WHERE ", names[0], " IS NOT NULL",
                            filter.condition.empty() ? "" : " AND ", filter.condition, " ORDER BY \"", newest_first,
                            "\" DESC LIMIT ", filter.limit, ")");
  source.needs_warehouse = true;
  return source;
}

std::string StatusText(const std::string& status, bool account_usage) {
  if (!account_usage) return status;
  return status == "SUCCESS" ? "SUCCESS" : status == "FAILED_WITH_INCIDENT" ? "INCIDENT" : "FAIL";
}

std::vector<HistoryColumn> QueryColumns(bool account_usage) {
  const SqlType text = SqlType::Text();
  const SqlType number = SqlType::Number(38, 0);
  const SqlType time = SqlType::Of(SqlType::Kind::kTimestampLtz, 3);
  return {{"QUERY_ID", text},
          {"QUERY_TEXT", text},
          {"DATABASE_NAME", text},
          {"SCHEMA_NAME", text},
          {"QUERY_TYPE", text},
          {"SESSION_ID", number},
          {"USER_NAME", text},
          {"ROLE_NAME", text},
          {"WAREHOUSE_NAME", text},
          {"WAREHOUSE_SIZE", text},
          {"WAREHOUSE_TYPE", text},
          {"CLUSTER_NUMBER", number},
          {"QUERY_TAG", text},
          {"EXECUTION_STATUS", text},
          {"ERROR_CODE", account_usage ? text : number},
          {"ERROR_MESSAGE", text},
          {"START_TIME", time},
          {"END_TIME", time},
          {"TOTAL_ELAPSED_TIME", number},
          {"BYTES_SCANNED", number},
          {"ROWS_PRODUCED", number},
          {"COMPILATION_TIME", number},
          {"EXECUTION_TIME", number},
          {"QUEUED_PROVISIONING_TIME", number},
          {"QUEUED_REPAIR_TIME", number},
          {"QUEUED_OVERLOAD_TIME", number},
          {"TRANSACTION_BLOCKED_TIME", number}};
}

std::vector<std::string> QueryRow(const QueryRecord& record, const Catalog& catalog, int64_t now_ns,
                                  bool account_usage) {
  const auto warehouse = catalog.warehouses.find(record.warehouse);
  const int64_t end = record.ended_ns == 0 ? now_ns : record.ended_ns;
  const int64_t start = record.started_ns == 0 ? record.queued_ns : record.started_ns;
  return {Text(record.id),
          Text(record.text),
          Text(record.database),
          Text(record.schema),
          Text(record.type),
          std::to_string(record.session_id),
          Text(record.user),
          Text(record.role),
          Text(record.warehouse),
          warehouse == catalog.warehouses.end() ? "NULL" : Text(warehouse->second.size),
          record.warehouse.empty() ? "NULL" : "'STANDARD'",
          record.warehouse.empty() ? "NULL" : "1",
          QuoteLiteral(record.tag),
          Text(StatusText(record.status, account_usage)),
          account_usage ? Text(record.code) : Code(record.code),
          Text(record.message),
          Time(record.queued_ns == 0 ? start : record.queued_ns),
          Time(record.ended_ns),
          std::to_string((end - record.queued_ns) / 1'000'000),
          "0",
          std::to_string(record.rows),
          "0",
          std::to_string(std::max<int64_t>(0, (end - start) / 1'000'000)),
          "0",
          "0",
          std::to_string(std::max<int64_t>(0, (start - record.queued_ns) / 1'000'000)),
          "0"};
}

bool MaySee(const RewriteContext& context, const QueryRecord& record, const std::string& user) {
  if (record.user == user || IsOwner(context, "ACCOUNTADMIN")) return true;
  return !record.warehouse.empty() && (HasPrivilege(context, "MONITOR", "WAREHOUSE", DisplayName(record.warehouse)) ||
                                       HasPrivilege(context, "OPERATE", "WAREHOUSE", DisplayName(record.warehouse)));
}

}  // namespace

TableSource QueryHistorySource(Execution& run, const HistoryFilter& filter, bool account_usage) {
  const RewriteContext context = MakeContext(run);
  std::vector<std::vector<std::string>> rows;
  const auto records = run.account.history.Queries();
  for (auto place = records.rbegin(); place != records.rend(); ++place) {
    const QueryRecord& record = **place;
    if (!MaySee(context, record, run.session.user) || (!filter.user.empty() && record.user != filter.user) ||
        (filter.session_id != 0 && record.session_id != filter.session_id) ||
        (!filter.warehouse.empty() && record.warehouse != filter.warehouse)) {
      continue;
    }
    // ACCOUNT_USAGE lists finished statements.
    if (account_usage && record.ended_ns == 0) continue;
    rows.push_back(QueryRow(record, context.catalog, run.now_ns, account_usage));
    if (filter.condition.empty() && static_cast<int64_t>(rows.size()) >= filter.limit) break;
  }
  return Source(QueryColumns(account_usage), rows, filter, "START_TIME");
}

TableSource LoginHistorySource(Execution& run, const HistoryFilter& filter) {
  const SqlType text = SqlType::Text();
  const SqlType number = SqlType::Number(38, 0);
  std::vector<HistoryColumn> columns{{"EVENT_ID", number},
                                     {"EVENT_TIMESTAMP", SqlType::Of(SqlType::Kind::kTimestampLtz, 3)},
                                     {"EVENT_TYPE", text},
                                     {"USER_NAME", text},
                                     {"CLIENT_IP", text},
                                     {"REPORTED_CLIENT_TYPE", text},
                                     {"REPORTED_CLIENT_VERSION", text},
                                     {"FIRST_AUTHENTICATION_FACTOR", text},
                                     {"SECOND_AUTHENTICATION_FACTOR", text},
                                     {"IS_SUCCESS", text},
                                     {"ERROR_CODE", number},
                                     {"ERROR_MESSAGE", text}};
  // Others' logins are for those who may monitor users.
  const bool sees_all = IsOwner(MakeContext(run), "SECURITYADMIN");
  std::vector<std::vector<std::string>> rows;
  const std::lock_guard lock(run.account.mutex);
  for (auto record = run.account.logins.rbegin(); record != run.account.logins.rend(); ++record) {
    if ((!sees_all && record->user != run.session.user) || (!filter.user.empty() && record->user != filter.user))
      continue;
    rows.push_back({std::to_string(record->time_ns), Time(record->time_ns), "'LOGIN'", Text(record->user),
                    Text(record->peer), Text(record->client), Text(record->client_version), "'RSA_KEYPAIR'", "NULL",
                    record->success ? "'YES'" : "'NO'", Code(record->code), Text(record->cause)});
  }
  return Source(columns, rows, filter, "EVENT_TIMESTAMP");
}

TableSource MeteringSource(Execution& run, const HistoryFilter& filter) {
  const SqlType time = SqlType::Of(SqlType::Kind::kTimestampLtz, 3);
  const SqlType credits = SqlType::Number(38, 9);
  const std::vector<HistoryColumn> columns{{"START_TIME", time},
                                           {"END_TIME", time},
                                           {"WAREHOUSE_NAME", SqlType::Text()},
                                           {"CREDITS_USED", credits},
                                           {"CREDITS_USED_COMPUTE", credits},
                                           {"CREDITS_USED_CLOUD_SERVICES", credits}};
  std::vector<std::vector<std::string>> rows;
  const RewriteContext context = MakeContext(run);
  for (const auto& [name, warehouse] : context.catalog.warehouses) {
    if (!filter.warehouse.empty() && name != filter.warehouse) continue;
    if (!HasPrivilege(context, "MONITOR", "WAREHOUSE", DisplayName(name)) && !IsOwner(context, "ACCOUNTADMIN"))
      continue;
    for (const auto& [hour_ns, seconds] : BilledByHour(warehouse, run.now_ns)) {
      const std::string used =
          absl::StrCat("CAST(", seconds, " AS DECIMAL(38,0)) * ", CreditsPerHour(warehouse.size), " / 3600");
      rows.push_back({Time(hour_ns), Time(hour_ns + int64_t{3'600'000'000'000}), Text(name), used, used, "0"});
    }
  }
  return Source(columns, rows, filter, "START_TIME");
}

}  // namespace cdi::snowflake_mock
