// Where versions 3.x and 4.x of Snowflake's ODBC driver answer differently (spec/snowflake.md §2). Everything that
// depends on the version reads it here, so that imitating another one is one more function.
#pragma once

#include <string>
#include <string_view>

namespace cdi::sfodbc {

struct Personality {
  int major;
  std::string_view driver_name;      // SQL_DRIVER_NAME: the official library's
  std::string_view driver_version;   // SQL_DRIVER_VER
  std::string_view odbc_version;     // SQL_DRIVER_ODBC_VER
  std::string_view own_prefix;       // before messages of the driver itself
  std::string_view server_prefix;    // before messages of the server
  int double_column_size;            // what a FLOAT column reports as its size
  std::string_view timestamp_name;   // the type name of TIMESTAMP_* columns
  bool fraction_loss_is_error;       // digits that do not fit a number: 22003 instead of a 01S07 warning
  bool hides_completion_states;      // a server error whose state begins with 00, 01 or 02 arrives as HY000
  bool traces_errors;                // appends an internal trace to messages, unless ErrorTraceEnabled=false
  bool forwards_unknown_keywords;    // as session parameters; otherwise each is a 01S00 warning
  bool strict_connection_string;     // refuses keywords given twice and braces never closed
  bool query_tag_keyword;            // QUERY_TAG has an effect
  bool runs_ddl_in_prepare;          // SQLPrepare executes DDL, unless NoExecuteInSQLPrepare=true
  bool query_id_when_prepared;       // LAST_QUERY_ID is filled by SQLExecute too, not by SQLExecDirect alone
  bool key_password_is_base64;       // PRIV_KEY_PWD holds the passphrase in base64
  bool takes_evp_key;                // the connection attribute PRIV_KEY, an EVP_PKEY*
  bool sizes_timestamps_by_keyword;  // catalog functions report 35, or 29 by ODBC_USE_STANDARD_TIMESTAMP_COLUMNSIZE
  bool custom_types;                 // ODBC_USE_CUSTOM_SQL_DATA_TYPES has an effect
  bool vectors;                      // VECTOR columns are described; 3.x fails on them
  bool bad_key_native_20032;         // native code of a key that cannot be read; otherwise 0

  static constexpr Personality ThreeX() {
    return {.major = 3,
            .driver_name = "libSnowflake.so",
            .driver_version = "03.12.0000",
            .odbc_version = "03.52",
            .own_prefix = "[Snowflake][Support] ",
            .server_prefix = "",
            .double_column_size = 53,
            .timestamp_name = "TIMESTAMP",
            .fraction_loss_is_error = false,
            .hides_completion_states = false,
            .traces_errors = false,
            .forwards_unknown_keywords = false,
            .strict_connection_string = false,
            .query_tag_keyword = false,
            .runs_ddl_in_prepare = true,
            .query_id_when_prepared = false,
            .key_password_is_base64 = true,
            .takes_evp_key = true,
            .sizes_timestamps_by_keyword = true,
            .custom_types = true,
            .vectors = false,
            .bad_key_native_20032 = true};
  }
  static constexpr Personality FourX() {
    return {.major = 4,
            .driver_name = "libsfodbc.so",
            .driver_version = "04.00.0000",
            .odbc_version = "03.80",
            .own_prefix = "[Snowflake][Snowflake ODBC Driver][Snowflake] ",
            .server_prefix = "[Snowflake][Snowflake ODBC Driver][Snowflake] ",
            .double_column_size = 15,
            .timestamp_name = "TYPE_TIMESTAMP",
            .fraction_loss_is_error = true,
            .hides_completion_states = true,
            .traces_errors = true,
            .forwards_unknown_keywords = true,
            .strict_connection_string = true,
            .query_tag_keyword = true,
            .runs_ddl_in_prepare = false,
            .query_id_when_prepared = true,
            .key_password_is_base64 = false,
            .takes_evp_key = false,
            .sizes_timestamps_by_keyword = false,
            .custom_types = false,
            .vectors = true,
            .bad_key_native_20032 = false};
  }

  std::string StateOfServerError(std::string_view state) const {
    if (state.size() != 5) return "HY000";
    const std::string_view state_class = state.substr(0, 2);
    if (hides_completion_states && (state_class == "00" || state_class == "01" || state_class == "02")) return "HY000";
    return std::string(state);
  }
};

}  // namespace cdi::sfodbc
