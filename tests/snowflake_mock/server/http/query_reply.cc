#include "tests/snowflake_mock/server/http/query_reply.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/account/session_parameters.h"
#include "tests/snowflake_mock/server/http/service.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kSecond = 1'000'000'000;

Json NullIfEmpty(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

std::string ErrorReply(const QueryJob& job) {
  const std::string code = SqlErrorCode(job.error);
  Json data{{"internalError", false},
            {"unredactedFromSecureObject", false},
            {"errorCode", code},
            {"age", 0},
            {"sqlState", SqlErrorState(job.error)},
            {"queryId", job.query_id},
            {"line", -1},
            {"pos", -1},
            {"type", "COMPILATION"}};
  if (const Place place = SqlErrorPlace(job.error); place.line > 0) {
    data["line"] = place.line;
    data["pos"] = place.position;
  }
  return PlainReply(false, code, std::string(job.error.message()), data);
}

// A result that is no longer kept.
std::string GoneReply(const QueryJob& job) {
  const Json data{{"errorCode", "000612"}, {"sqlState", "02000"}, {"queryId", job.query_id}};
  return PlainReply(false, "000612", absl::StrCat("Result for query ", job.query_id, " not found."), data);
}

}  // namespace

std::string PlainReply(bool success, const std::string& code, const std::string& message, const Json& data) {
  return Json{{"data", data}, {"code", NullIfEmpty(code)}, {"message", NullIfEmpty(message)}, {"success", success}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string PlainReply(bool success, const std::string& code, const std::string& message) {
  return PlainReply(success, code, message, nullptr);
}

std::string RunningReply(Service& service, const QueryJob& job, bool asynchronous) {
  const Json data{{"queryId", job.query_id},
                  {"getResultUrl", absl::StrCat("/queries/", job.query_id, "/result")},
                  {"queryAbortsAfterSecs", service.account.CurrentSettings().detached_abort_seconds},
                  {"progressDesc", nullptr}};
  return PlainReply(
      true, asynchronous ? "333334" : "333333",
      asynchronous ? "Query execution in progress. You can check the result later." : "Query execution in progress.",
      data);
}

std::string FinishedReply(Service& service, QueryJob& job, const std::string& base_url) {
  const Settings settings = service.account.CurrentSettings();
  const std::lock_guard lock(job.mutex);
  if (!job.error.ok()) return ErrorReply(job);
  if (job.ended_ns + settings.result_seconds * kSecond <= service.account.Now())
    service.account.history.DropResults(service.account.Now() - settings.result_seconds * kSecond);
  const auto record = service.account.history.Find(job.query_id);
  if (!record.has_value() || record->result == nullptr) return GoneReply(job);
  const ResultSet& result = *record->result;
  Json row_types = Json::array();
  for (const ResultColumn& column : result.columns)
    row_types.push_back(column.type.RowType(column.name, column.nullable));
  Json data{{"parameters", ParametersReply(job.parameters)},
            {"rowtype", std::move(row_types)},
            {"total", result.row_count},
            {"returned", result.row_count},
            {"queryId", job.query_id},
            {"sqlState", nullptr},
            {"databaseProvider", nullptr},
            {"finalDatabaseName", NullIfEmpty(job.database)},
            {"finalSchemaName", NullIfEmpty(job.schema)},
            {"finalWarehouseName", NullIfEmpty(job.warehouse)},
            {"finalRoleName", NullIfEmpty(job.role)},
            {"numberOfBinds", job.binds},
            {"arrayBindSupported", job.array_bind_supported},
            {"statementTypeId", result.statement_type},
            {"version", 1},
            {"sendResultTime", job.ended_ns / 1'000'000},
            {"queryResultFormat", "json"},
            {"queryContext", {{"entries", Json::array()}}}};
  if (result.row_counts.has_value()) data["stats"] = result.row_counts->ToJson();
  if (!job.children.empty()) {
    std::vector<std::string> ids;
    std::vector<int> types;
    for (const auto& [id, type] : job.children) {
      ids.push_back(id);
      types.push_back(type);
    }
    data["resultIds"] = absl::StrJoin(ids, ",");
    data["resultTypes"] = absl::StrJoin(types, ",");
  }
  if (!result.chunks.empty()) {
    Json chunks = Json::array();
    for (size_t i = 0; i < result.chunks.size(); ++i) {
      chunks.push_back({{"url", ChunkUrl(service, base_url, job.query_id, i)},
                        {"rowCount", result.chunks[i].rows},
                        {"uncompressedSize", result.chunks[i].uncompressed_bytes},
                        {"compressedSize", result.chunks[i].gzip_body.size()}});
    }
    data["chunks"] = std::move(chunks);
    if (settings.chunk_key_by_qrmk != 0) {
      data["qrmk"] = "c25vd2ZsYWtlLW1vY2sgc3RvcmFnZSBrZXkgMzIgYnl0ZXM=";
    } else {
      data["chunkHeaders"] = {{"x-mock-storage", "1"}};
    }
  }
  // The rows are JSON already: put them in as text.
  const std::string rest = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  return absl::StrCat("{\"data\":{\"rowset\":[", result.inline_rows, "],", rest.substr(1),
                      ",\"code\":null,\"message\":null,\"success\":true}");
}

}  // namespace cdi::snowflake_mock
