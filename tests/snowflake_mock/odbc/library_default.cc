#include "tests/snowflake_mock/odbc/library_default.h"

namespace cdi::sfodbc {

// CDI_SFODBC_MAJOR is 3 or 4: set by the build, one library each.
Personality LibraryPersonality() {
  return CDI_SFODBC_MAJOR == 4 ? Personality::FourX() : Personality::ThreeX();
}

}  // namespace cdi::sfodbc
