#include "tests/snowflake_mock/server/account/settings.h"

namespace cdi::snowflake_mock {

const std::vector<SettingInfo>& SettingTable() {
  static const auto* const table = new std::vector<SettingInfo>{
      {"session_seconds", &Settings::session_seconds, 0, 1'000'000, "Life of a session token; then 390112"},
      {"master_seconds", &Settings::master_seconds, 0, 1'000'000,
       "Life of a master token without a request or heartbeat; then 390114"},
      {"jwt_skew_seconds", &Settings::jwt_skew_seconds, 0, 3600,
       "How old or how far ahead the iat of a login token may be"},
      {"poll_hold_ms", &Settings::poll_hold_ms, 0, 600'000,
       "How long an unfinished statement holds a request before 333333"},
      {"detached_abort_seconds", &Settings::detached_abort_seconds, 0, 100'000,
       "With ABORT_DETACHED_QUERY: how long a statement runs on without its client"},
      {"chunk_url_seconds", &Settings::chunk_url_seconds, 0, 1'000'000, "Life of a chunk's URL; then 403"},
      {"result_seconds", &Settings::result_seconds, 0, 10'000'000, "How long a result is kept; then 000612"},
      {"result_megabytes", &Settings::result_megabytes, 0, 100'000,
       "Memory for results; the oldest are dropped first and then answer 000612"},
      {"body_megabytes", &Settings::body_megabytes, 1, 1024,
       "Largest request body, also after inflating; larger ones are answered with HTTP 413"},
      {"specific_jwt_codes", &Settings::specific_jwt_codes, 0, 1,
       "1: a refused token answers its own 3943xx code instead of 390144"},
      {"gone_session_as_401", &Settings::gone_session_as_401, 0, 1,
       "1: after logout or drop HTTP 401 with 390104 instead of 390111"},
      {"chunk_key_by_qrmk", &Settings::chunk_key_by_qrmk, 0, 1, "1: replies carry qrmk instead of chunkHeaders"},
      {"storage_checks_headers", &Settings::storage_checks_headers, 0, 1,
       "1: a chunk without the headers of its reply answers 403"},
  };
  return *table;
}

const SettingInfo* FindSetting(const std::string& name) {
  for (const SettingInfo& info : SettingTable()) {
    if (name == info.name) return &info;
  }
  return nullptr;
}

}  // namespace cdi::snowflake_mock
