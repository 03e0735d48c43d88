// The attributes of a statement, those that live in the headers of its descriptors among them.
#pragma once

#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {

// A value that was replaced by a supported one is a 01S02 warning in the diagnostics.
absl::Status SetStatementAttribute(Statement& statement, SQLINTEGER attribute, SQLPOINTER value);

// Of attributes that are numbers or pointers, both of pointer width. HY092 for an unknown one, HYC00 for one the driver
// does not have.
absl::StatusOr<SQLULEN> GetStatementAttribute(Statement& statement, SQLINTEGER attribute);

}  // namespace cdi::sfodbc
