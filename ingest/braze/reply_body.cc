#include "ingest/braze/reply_body.h"

#include <simdjson.h>

#include <map>

namespace cdi::ingest::braze {
namespace {

// Enough for any text that is kept; the rest of a hostile one is never copied.
constexpr size_t kTextBytesMax = 1'000;

std::string TextOf(simdjson::simdjson_result<simdjson::dom::element> value) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string(text.substr(0, kTextBytesMax));
}

// The error's words: `type` as seen, else `message`, else a word of ours.
std::string ErrorText(const simdjson::dom::object& error) {
  std::string text = TextOf(error["type"]);
  if (text.empty()) text = TextOf(error["message"]);
  return text.empty() ? "refused without a reason" : text;
}

// False when the element names no object of this body.
bool NamesObject(const simdjson::dom::object& error, DataType type, uint32_t objects, uint32_t* index) {
  uint64_t position = 0;
  if (error["index"].get_uint64().get(position) != simdjson::SUCCESS || position >= objects) return false;
  const auto array = error["input_array"];
  if (array.error() == simdjson::SUCCESS && !array.is_null() && TextOf(array) != DataTypeArray(type)) return false;
  *index = static_cast<uint32_t>(position);
  return true;
}

}  // namespace

ReplyBody ParseReplyBody(std::string_view body, DataType type, uint32_t objects) {
  ReplyBody result;
  simdjson::dom::parser parser;
  simdjson::dom::object reply;
  const simdjson::padded_string padded(body);
  if (parser.parse(padded).get_object().get(reply) != simdjson::SUCCESS) return result;
  result.message = TextOf(reply["message"]);
  if (result.message.empty()) result.message = TextOf(reply["error"]);
  result.readable = true;
  const auto errors = reply["errors"];
  if (errors.error() == simdjson::NO_SUCH_FIELD || errors.is_null()) return result;
  simdjson::dom::array list;
  if (errors.get_array().get(list) != simdjson::SUCCESS) {
    result.readable = false;
    return result;
  }
  std::map<uint32_t, std::string> by_index;
  for (const simdjson::simdjson_result<simdjson::dom::element> element : list) {
    simdjson::dom::object error;
    uint32_t index = 0;
    const bool is_object = element.get_object().get(error) == simdjson::SUCCESS;
    if (result.first_text.empty()) result.first_text = is_object ? ErrorText(error) : TextOf(element);
    if (!is_object || !NamesObject(error, type, objects, &index)) {
      result.all_named = false;
      continue;
    }
    std::string& text = by_index[index];
    if (text.size() > kTextBytesMax) continue;
    if (!text.empty()) text += "; ";
    text += ErrorText(error);
  }
  for (auto& [index, text] : by_index) result.errors.push_back({index, std::move(text)});
  return result;
}

}  // namespace cdi::ingest::braze
