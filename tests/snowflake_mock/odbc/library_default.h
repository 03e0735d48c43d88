// Which version of the official driver this library imitates when nothing else says so: the same code is linked into
// libcdisfodbc3.so (3.x), libcdisfodbc4.so (4.x) and libcdisfodbc.so (3.x).
#pragma once

#include "tests/snowflake_mock/odbc/personality.h"

namespace cdi::sfodbc {

Personality LibraryPersonality();

}  // namespace cdi::sfodbc
