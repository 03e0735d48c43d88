// What SQLColAttribute and the fields of an IRD say about a column. Pure functions.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <optional>
#include <string>

#include "tests/snowflake_mock/odbc/column_types.h"

namespace cdi::sfodbc {

// Attributes that are text, and those that are numbers; nullopt for the others.
std::optional<std::string> TextAttribute(const Column& column, SQLUSMALLINT field);
std::optional<SQLLEN> NumberAttribute(const Column& column, SQLUSMALLINT field);

}  // namespace cdi::sfodbc
