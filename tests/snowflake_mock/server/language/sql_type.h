// Snowflake's data types: parsed from SQL, written as Snowflake, the engine and the wire name them.
//
// Source: docs.snowflake.com "Summary of data types"; rowtype fields spec/snowflake.md §3.3. Read 2026-11.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "tests/snowflake_mock/server/language/token_reader.h"

namespace cdi::snowflake_mock {

struct SqlType {
  enum class Kind {
    kNumber,
    kFloat,
    kText,
    kBoolean,
    kDate,
    kTime,
    kTimestampNtz,
    kTimestampLtz,
    kTimestampTz,
    kBinary,
    kVariant,
    kObject,
    kArray,
  };
  static constexpr int64_t kTextLengthMax = 16777216;
  static constexpr int64_t kBinaryLengthMax = 8388608;

  Kind kind = Kind::kText;
  int precision = 38;               // kNumber
  int scale = 0;                    // kNumber; digits of the fraction for times and timestamps
  int64_t length = kTextLengthMax;  // characters for kText, bytes for kBinary

  static SqlType Number(int precision, int scale) { return {Kind::kNumber, precision, scale, 0}; }
  static SqlType Text(int64_t length = kTextLengthMax) { return {Kind::kText, 0, 0, length}; }
  static SqlType Of(Kind kind, int scale = 0) { return {kind, 0, scale, 0}; }

  // As DESCRIBE TABLE writes it: NUMBER(38,0), VARCHAR(16777216), TIMESTAMP_NTZ(9).
  std::string SnowflakeName() const;
  // As INFORMATION_SCHEMA.COLUMNS.DATA_TYPE writes it: NUMBER, TEXT, TIMESTAMP_NTZ.
  std::string ShortName() const;
  // The engine's type that holds it (engine_types.h has the aliases).
  std::string EngineName() const;
  // One entry of `rowtype`.
  nlohmann::ordered_json RowType(const std::string& name, bool nullable) const;

  bool operator==(const SqlType&) const = default;
};

// Reads a type at the reader's place ("NUMBER(10,2)", "DOUBLE PRECISION", "TIMESTAMP_NTZ(9)"). 002040 for a name that
// is no type, 000002 for one that the mock does not have (GEOGRAPHY, VECTOR …).
absl::StatusOr<SqlType> ParseType(TokenReader& reader);

// True when a word can begin a type.
bool IsTypeName(const std::string& word);

}  // namespace cdi::snowflake_mock
