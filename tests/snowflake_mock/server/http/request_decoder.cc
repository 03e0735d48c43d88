#include "tests/snowflake_mock/server/http/request_decoder.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/language/sql_error.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 200;
constexpr size_t kRequestIdMax = 200;
constexpr size_t kBindingRowsMax = 1'000'000;

// The body as an object; 390400 for anything else, and an empty body stands for {}.
absl::StatusOr<Json> BodyObject(const HttpRequest& request) {
  if (request.body_broken) return BadRequest();
  if (absl::StripAsciiWhitespace(request.body).empty()) return Json::object();
  if (!NestsWithin(request.body, kDepthMax)) return BadRequest();
  Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return BadRequest();
  return body;
}

// A member that is absent, null or a text; anything else is 390400.
absl::Status ReadText(const Json& object, const char* key, std::string& out) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return absl::OkStatus();
  if (!found->is_string()) return BadRequest();
  out = found->get<std::string>();
  return absl::OkStatus();
}

absl::Status ReadFlag(const Json& object, const char* key, bool& out) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return absl::OkStatus();
  if (!found->is_boolean()) return BadRequest();
  out = found->get<bool>();
  return absl::OkStatus();
}

// Texts stay, numbers and booleans become their text; nullopt for objects and arrays.
std::optional<std::string> ScalarText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

absl::Status ReadParameters(const Json& object, const char* key, std::map<std::string, std::string>& out) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return absl::OkStatus();
  if (!found->is_object()) return BadRequest();
  for (const auto& [name, value] : found->items()) {
    if (value.is_null()) continue;
    // Drivers also send lists here (WORKLOAD hints and the like); they mean nothing to a session.
    if (const auto text = ScalarText(value)) out[absl::AsciiStrToUpper(name)] = *text;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> BindingValue(const Json& value) {
  if (value.is_null()) return std::nullopt;
  auto text = ScalarText(value);
  if (!text.has_value()) return BadRequest();
  return text;
}

// `{"1": {"type", "value"}, …}`; a value that is an array makes the whole request a batch.
absl::Status ReadBindings(const Json& bindings, QueryRequest& query) {
  query.has_bindings = true;
  struct Column {
    std::string type;
    const Json* value = nullptr;
  };
  std::vector<Column> columns;
  std::optional<size_t> rows;
  for (size_t i = 1;; ++i) {
    const auto found = bindings.find(std::to_string(i));
    if (found == bindings.end()) break;
    if (!found->is_object()) return BadRequest();
    Column column;
    CDI_RETURN_IF_ERROR(ReadText(*found, "type", column.type));
    const auto value = found->find("value");
    if (value != found->end()) column.value = &*value;
    const bool is_array = column.value != nullptr && column.value->is_array();
    if (is_array) {
      if (rows.has_value() && *rows != column.value->size()) {
        return SqlError("390400", "22000",
                        absl::StrCat("Bad request; the arrays of all bindings must be equally long: binding ", i,
                                     " has ", column.value->size(), " values, those before it have ", *rows, "."));
      }
      if (column.value->size() > kBindingRowsMax) return BadRequest();
      rows = column.value->size();
    }
    if (i > 1 && is_array != query.array_bound) return BadRequest();
    query.array_bound = is_array;
    columns.push_back(std::move(column));
  }
  if (columns.empty()) return absl::OkStatus();
  for (size_t row = 0; row < rows.value_or(1); ++row) {
    std::vector<Binding> cells;
    cells.reserve(columns.size());
    for (const Column& column : columns) {
      Binding binding{column.type, std::nullopt};
      if (column.value != nullptr) {
        CDI_ASSIGN_OR_RETURN(binding.value, BindingValue(query.array_bound ? (*column.value)[row] : *column.value));
      }
      cells.push_back(std::move(binding));
    }
    query.binding_rows.push_back(std::move(cells));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BadRequest() {
  return SqlError("390400", "22000", "Bad request; operation not supported.");
}

bool NestsWithin(std::string_view json, int depth_max) {
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' || c == '[') {
      if (++depth > depth_max) return false;
    }
    if (c == '}' || c == ']') --depth;
  }
  return true;
}

std::string TokenOf(const HttpRequest& request) {
  const std::string header = request.Header("authorization");
  constexpr std::string_view kMark = "Token=\"";
  const size_t begin = header.find(kMark);
  if (begin == std::string::npos) return "";
  const size_t end = header.find('"', begin + kMark.size());
  if (end == std::string::npos) return "";
  return header.substr(begin + kMark.size(), end - begin - kMark.size());
}

absl::StatusOr<LoginRequest> DecodeLogin(const HttpRequest& request) {
  CDI_ASSIGN_OR_RETURN(const Json body, BodyObject(request));
  const auto data = body.find("data");
  if (data == body.end() || !data->is_object()) return BadRequest();
  LoginRequest login;
  CDI_RETURN_IF_ERROR(ReadText(*data, "ACCOUNT_NAME", login.account));
  CDI_RETURN_IF_ERROR(ReadText(*data, "LOGIN_NAME", login.login_name));
  CDI_RETURN_IF_ERROR(ReadText(*data, "AUTHENTICATOR", login.authenticator));
  CDI_RETURN_IF_ERROR(ReadText(*data, "TOKEN", login.token));
  CDI_RETURN_IF_ERROR(ReadText(*data, "CLIENT_APP_ID", login.client));
  CDI_RETURN_IF_ERROR(ReadText(*data, "CLIENT_APP_VERSION", login.client_version));
  CDI_RETURN_IF_ERROR(ReadParameters(*data, "SESSION_PARAMETERS", login.parameters));
  login.peer = request.peer;
  login.database = request.Query("databaseName");
  login.schema = request.Query("schemaName");
  login.warehouse = request.Query("warehouse");
  login.role = request.Query("roleName");
  return login;
}

absl::StatusOr<QueryRequest> DecodeQuery(const HttpRequest& request) {
  CDI_ASSIGN_OR_RETURN(const Json body, BodyObject(request));
  QueryRequest query;
  query.request_id = request.Query("requestId");
  if (query.request_id.size() > kRequestIdMax) return BadRequest();
  CDI_RETURN_IF_ERROR(ReadText(body, "sqlText", query.sql));
  CDI_RETURN_IF_ERROR(ReadFlag(body, "describeOnly", query.describe_only));
  CDI_RETURN_IF_ERROR(ReadFlag(body, "asyncExec", query.asynchronous));
  CDI_RETURN_IF_ERROR(ReadParameters(body, "parameters", query.parameters));
  const auto bindings = body.find("bindings");
  if (bindings != body.end() && !bindings->is_null()) {
    if (!bindings->is_object()) return BadRequest();
    CDI_RETURN_IF_ERROR(ReadBindings(*bindings, query));
  }
  return query;
}

absl::StatusOr<std::string> DecodeAbort(const HttpRequest& request) {
  CDI_ASSIGN_OR_RETURN(const Json body, BodyObject(request));
  std::string request_id;
  CDI_RETURN_IF_ERROR(ReadText(body, "requestId", request_id));
  return request_id;
}

}  // namespace cdi::snowflake_mock
