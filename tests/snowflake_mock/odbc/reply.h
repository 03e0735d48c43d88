// A reply of the session protocol (spec/snowflake.md §3), taken apart in one pass.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/odbc/column_types.h"

namespace cdi::sfodbc {

struct ChunkLocation {
  std::string url;
  size_t row_count = 0;
  size_t text_bytes = 0;  // as announced; 0 when it was not
};

struct Reply {
  bool success = false;
  std::string code;  // "" when null
  std::string message;

  // Texts and numbers of `data`, by name, and one level down by "object.name" ("sessionInfo.roleName").
  std::map<std::string, std::string> fields;
  std::map<std::string, std::string> parameters;  // session parameters the reply carries

  bool has_result = false;  // there was a `rowtype`
  std::vector<ColumnDescription> columns;
  std::vector<ChunkLocation> chunks;
  std::vector<std::string> chunk_headers;  // "Name: value"

  std::string body;        // the text that `rows_offset` points into
  size_t rows_offset = 0;  // the inline rows, without the outer brackets
  size_t rows_size = 0;

  std::string_view Field(std::string_view name) const;
  int64_t Number(std::string_view name, int64_t otherwise) const;
  int native_code() const;  // `code` as a number; 0 when it is none
};

// Fails (kDataLoss) when `body` is not a complete JSON object: such a reply was cut on the way.
absl::StatusOr<Reply> ParseReply(std::string body);

}  // namespace cdi::sfodbc
