// Reads the JSON of Braze's replies, which may be anything: a proxy's HTML, half a text, another shape next year.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/send_outcome.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest::braze {

struct ReplyBody {
  bool readable = false;            // a JSON object whose `errors`, if any, is an array or null
  bool all_named = true;            // every error names one object of this body
  std::string message;              // `message` or `error`, unredacted
  std::string first_text;           // of the first error, also of one that names no object
  std::vector<ObjectError> errors;  // by index, each once, texts joined; unredacted
};

// Errors are matched by (input_array, index); a missing input_array means the one array that the body had.
ReplyBody ParseReplyBody(std::string_view body, DataType type, uint32_t objects);

}  // namespace cdi::ingest::braze
