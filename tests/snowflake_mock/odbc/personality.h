// Where versions 3.x and 4.x of Snowflake's ODBC driver answer differently (spec/snowflake.md §2.3, §2.4). Everything
// that depends on the version reads it here, so that imitating another one is one more function.
#pragma once

#include <string>
#include <string_view>

namespace cdi::sfodbc {

struct Personality {
  std::string_view driver_version;
  int double_column_size;           // what a FLOAT column reports as its size
  std::string_view timestamp_name;  // the type name of TIMESTAMP_* columns
  bool fraction_loss_is_error;      // digits that do not fit an integer: 22003 instead of a 01S07 warning
  bool hides_completion_states;     // a server error whose state begins with 00, 01 or 02 arrives as HY000

  static Personality ThreeX() { return {"03.00.0000", 53, "TIMESTAMP", false, false}; }

  std::string StateOfServerError(std::string_view state) const {
    if (state.size() != 5) return "HY000";
    const std::string_view state_class = state.substr(0, 2);
    if (hides_completion_states && (state_class == "00" || state_class == "01" || state_class == "02")) return "HY000";
    return std::string(state);
  }
};

}  // namespace cdi::sfodbc
