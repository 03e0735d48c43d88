#include "tests/snowflake_mock/server/http/query_reply.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/account/session_parameters.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;

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

}  // namespace

std::string PlainReply(bool success, const std::string& code, const std::string& message, const Json& data) {
  return Json{{"data", data}, {"code", NullIfEmpty(code)}, {"message", NullIfEmpty(message)}, {"success", success}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string PlainReply(bool success, const std::string& code, const std::string& message) {
  return PlainReply(success, code, message, nullptr);
}

std::string RunningReply(const QueryJob& job, bool asynchronous) {
  const Json data{{"queryId", job.query_id},
                  {"getResultUrl", absl::StrCat("/queries/", job.query_id, "/result")},
                  {"queryAbortsAfterSecs", 300},
                  {"progressDesc", nullptr}};
  return PlainReply(
      true, asynchronous ? "333334" : "333333",
      asynchronous ? "Query execution in progress. You can check the result later." : "Query execution in progress.",
      data);
}

std::string FinishedReply(QueryJob& job, const std::string& base_url) {
  const std::lock_guard lock(job.mutex);
  if (!job.error.ok()) return ErrorReply(job);
  const ResultSet& result = *job.result;
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
            {"numberOfBinds", job.bindings.size()},
            {"arrayBindSupported", false},
            {"statementTypeId", result.statement_type},
            {"version", 1},
            {"sendResultTime", job.ended_ns / 1'000'000},
            {"queryResultFormat", "json"},
            {"queryContext", {{"entries", Json::array()}}}};
  if (result.row_counts.has_value()) data["stats"] = result.row_counts->ToJson();
  if (!result.chunks.empty()) {
    Json chunks = Json::array();
    for (size_t i = 0; i < result.chunks.size(); ++i) {
      chunks.push_back({{"url", absl::StrCat(base_url, "/__storage/", job.query_id, "/", job.chunk_token, "/", i)},
                        {"rowCount", result.chunks[i].rows},
                        {"uncompressedSize", result.chunks[i].uncompressed_bytes},
                        {"compressedSize", result.chunks[i].gzip_body.size()}});
    }
    data["chunks"] = std::move(chunks);
    data["chunkHeaders"] = {{"x-mock-storage", "1"}};
  }
  // The rows are JSON already: put them in as text.
  const std::string rest = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  return absl::StrCat("{\"data\":{\"rowset\":[", result.inline_rows, "],", rest.substr(1),
                      ",\"code\":null,\"message\":null,\"success\":true}");
}

}  // namespace cdi::snowflake_mock
