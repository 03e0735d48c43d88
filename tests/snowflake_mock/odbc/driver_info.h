// What SQLGetInfo answers: every kind of information of ODBC 3.8 that is the driver's to answer, by its number.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <cstdint>
#include <string>
#include <variant>

#include "tests/snowflake_mock/odbc/personality.h"

namespace cdi::sfodbc {

// ODBC has three kinds of answers: text, 16 bits, 32 bits. monostate: the number is not known (HY096).
using InfoValue = std::variant<std::monostate, std::string, uint16_t, uint32_t>;

// All but what depends on the connection (data source, database, server, user).
InfoValue DriverInfo(SQLUSMALLINT type, const Personality& personality);

}  // namespace cdi::sfodbc
