// Before everything that includes ODBC: its macro BOOL breaks this header.
#include <simdjson.h>

#include "tests/snowflake_mock/odbc/reply.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

namespace cdi::sfodbc {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// Text of a string or a number; "" for null and everything else.
error_code ReadScalar(ondemand::value value, std::string& out) {
  ondemand::json_type type{};
  if (const error_code error = value.type().get(type)) return error;
  if (type == ondemand::json_type::string) {
    std::string_view text;
    if (const error_code error = value.get_string().get(text)) return error;
    out = text;
  } else if (type == ondemand::json_type::number || type == ondemand::json_type::boolean) {
    out = std::string(value.raw_json_token());
    while (!out.empty() && (out.back() == ' ' || out.back() == '\n' || out.back() == '\r')) out.pop_back();
  } else if (type == ondemand::json_type::null) {
    if (value.is_null()) out.clear();
  }
  return simdjson::SUCCESS;
}

template <typename OnField>
error_code ForEachField(ondemand::value value, OnField on_field) {
  ondemand::object object;
  if (const error_code error = value.get_object().get(object)) return error;
  for (auto field : object) {
    std::string_view key_view;
    if (const error_code error = field.unescaped_key().get(key_view)) return error;
    const std::string key(key_view);
    ondemand::value inner;
    if (const error_code error = field.value().get(inner)) return error;
    if (const error_code error = on_field(key, inner)) return error;
  }
  return simdjson::SUCCESS;
}

template <typename OnItem>
error_code ForEachItem(ondemand::value value, OnItem on_item) {
  ondemand::json_type type{};
  if (const error_code error = value.type().get(type)) return error;
  if (type != ondemand::json_type::array) return simdjson::SUCCESS;
  ondemand::array array;
  if (const error_code error = value.get_array().get(array)) return error;
  for (auto item : array) {
    ondemand::value inner;
    if (const error_code error = item.get(inner)) return error;
    if (const error_code error = on_item(inner)) return error;
  }
  return simdjson::SUCCESS;
}

// The scalar fields of an object, by name.
error_code ReadScalars(ondemand::value value, std::map<std::string, std::string>& out) {
  return ForEachField(value,
                      [&](const std::string& key, ondemand::value inner) { return ReadScalar(inner, out[key]); });
}

std::optional<int64_t> ToNumber(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc()) return std::nullopt;
  return value;
}

class ReplyReader {
 public:
  explicit ReplyReader(Reply& reply) : reply_(reply) {}

  error_code ReadTop(const std::string& key, ondemand::value value) {
    std::string text;
    if (key == "data") {
      ondemand::json_type type{};
      if (const error_code error = value.type().get(type)) return error;
      if (type != ondemand::json_type::object) return ReadScalar(value, text);
      return ForEachField(value,
                          [this](const std::string& name, ondemand::value inner) { return ReadData(name, inner); });
    }
    if (const error_code error = ReadScalar(value, text)) return error;
    if (key == "success") reply_.success = text == "true";
    if (key == "code") reply_.code = text;
    if (key == "message") reply_.message = text;
    return simdjson::SUCCESS;
  }

 private:
  error_code ReadData(const std::string& name, ondemand::value value) {
    if (name == "rowset") return ReadRows(value);
    if (name == "rowtype") {
      reply_.has_result = true;
      return ForEachItem(value, [this](ondemand::value item) { return ReadColumn(item); });
    }
    if (name == "chunks") return ForEachItem(value, [this](ondemand::value item) { return ReadChunk(item); });
    if (name == "parameters") return ForEachItem(value, [this](ondemand::value item) { return ReadParameter(item); });
    ondemand::json_type type{};
    if (const error_code error = value.type().get(type)) return error;
    if (type == ondemand::json_type::object) {
      std::map<std::string, std::string> inner;
      if (const error_code error = ReadScalars(value, inner)) return error;
      for (auto& [key, text] : inner) {
        if (name == "chunkHeaders") reply_.chunk_headers.push_back(absl::StrCat(key, ": ", text));
        reply_.fields[absl::StrCat(name, ".", key)] = std::move(text);
      }
      return simdjson::SUCCESS;
    }
    return ReadScalar(value, reply_.fields[name]);
  }

  // Remembers where the rows stand; RowScanner reads them from the text itself.
  error_code ReadRows(ondemand::value value) {
    ondemand::json_type type{};
    if (const error_code error = value.type().get(type)) return error;
    if (type != ondemand::json_type::array) return simdjson::SUCCESS;
    std::string_view raw;
    if (const error_code error = simdjson::to_json_string(value).get(raw)) return error;
    reply_.rows_offset = static_cast<size_t>(raw.data() - reply_.body.data()) + 1;
    reply_.rows_size = raw.find_last_of(']') - 1;
    return simdjson::SUCCESS;
  }

  error_code ReadColumn(ondemand::value value) {
    std::map<std::string, std::string> entry;
    if (const error_code error = ReadScalars(value, entry)) return error;
    ColumnDescription column;
    column.name = entry["name"];
    column.type = ParseSnowflakeType(entry["type"]);
    column.custom_type = CustomTypeOf(entry["type"]);
    column.extended_name = ExtendedTypeName(entry["extTypeName"]);
    column.precision = ToNumber(entry["precision"]);
    column.scale = ToNumber(entry["scale"]);
    column.length = ToNumber(entry["length"]);
    column.byte_length = ToNumber(entry["byteLength"]);
    column.nullable = entry["nullable"] != "false";
    column.database = entry["database"];
    column.schema = entry["schema"];
    column.table = entry["table"];
    reply_.columns.push_back(std::move(column));
    return simdjson::SUCCESS;
  }

  error_code ReadChunk(ondemand::value value) {
    std::map<std::string, std::string> entry;
    if (const error_code error = ReadScalars(value, entry)) return error;
    reply_.chunks.push_back({entry["url"], static_cast<size_t>(ToNumber(entry["rowCount"]).value_or(0)),
                             static_cast<size_t>(ToNumber(entry["uncompressedSize"]).value_or(0))});
    return simdjson::SUCCESS;
  }

  error_code ReadParameter(ondemand::value value) {
    std::map<std::string, std::string> entry;
    if (const error_code error = ReadScalars(value, entry)) return error;
    reply_.parameters[entry["name"]] = entry["value"];
    return simdjson::SUCCESS;
  }

  Reply& reply_;
};

}  // namespace

std::string_view Reply::Field(std::string_view name) const {
  const auto found = fields.find(std::string(name));
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

int64_t Reply::Number(std::string_view name, int64_t otherwise) const {
  return ToNumber(std::string(Field(name))).value_or(otherwise);
}

int Reply::native_code() const {
  return static_cast<int>(ToNumber(code).value_or(0));
}

absl::StatusOr<Reply> ParseReply(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  reply.body.reserve(reply.body.size() + simdjson::SIMDJSON_PADDING);
  ondemand::parser parser;
  ondemand::document document;
  error_code error = parser.iterate(reply.body.data(), reply.body.size(), reply.body.capacity()).get(document);
  ondemand::value root;
  if (error == simdjson::SUCCESS) error = document.get_value().get(root);
  ReplyReader reader(reply);
  if (error == simdjson::SUCCESS) {
    error =
        ForEachField(root, [&](const std::string& key, ondemand::value value) { return reader.ReadTop(key, value); });
  }
  if (error != simdjson::SUCCESS) {
    return absl::DataLossError(absl::StrCat("the reply is not complete JSON: ", simdjson::error_message(error)));
  }
  const std::string qrmk(reply.Field("qrmk"));
  if (reply.chunk_headers.empty() && !qrmk.empty()) {
    reply.chunk_headers = {"x-amz-server-side-encryption-customer-algorithm: AES256",
                           absl::StrCat("x-amz-server-side-encryption-customer-key: ", qrmk)};
  }
  return reply;
}

}  // namespace cdi::sfodbc
