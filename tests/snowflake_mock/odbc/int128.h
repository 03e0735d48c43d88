// 128-bit integers: what 38 decimal digits, or nanoseconds of the years 1 to 9999, need.
#pragma once

namespace cdi::sfodbc {

__extension__ typedef __int128 Int128;            // NOLINT: `using` cannot carry __extension__
__extension__ typedef unsigned __int128 Uint128;  // NOLINT

}  // namespace cdi::sfodbc
