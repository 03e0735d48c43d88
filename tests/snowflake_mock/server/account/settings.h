// What a test may turn: lifetimes, hold times, limits and choices between two ways Snowflake has been seen to answer.
//
// One table names them all: each is a flag of the program (--session-seconds) and a key of POST /__mock/settings
// (session_seconds). Switches are 0 or 1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cdi::snowflake_mock {

struct Settings {
  int64_t session_seconds = 3600;
  int64_t master_seconds = 14400;
  int64_t jwt_skew_seconds = 60;
  int64_t poll_hold_ms = 45'000;
  int64_t detached_abort_seconds = 300;
  int64_t chunk_url_seconds = 21'600;
  int64_t result_seconds = 86'400;
  int64_t result_megabytes = 512;
  int64_t body_megabytes = 64;
  int64_t specific_jwt_codes = 0;
  int64_t gone_session_as_401 = 0;
  int64_t chunk_key_by_qrmk = 0;
  int64_t storage_checks_headers = 0;
};

struct SettingInfo {
  const char* name;
  int64_t Settings::*member;
  int64_t least;
  int64_t most;
  const char* help;
};

const std::vector<SettingInfo>& SettingTable();
// nullptr when there is none of that name.
const SettingInfo* FindSetting(const std::string& name);

}  // namespace cdi::snowflake_mock
