// Errors of statements and logins as Snowflake words them: six-digit code, SQLSTATE, text.
//
// They travel as absl::Status: the message is the client's text, the code and state ride as details ("native",
// "sqlstate", and "line"/"pos" where a place in the statement is known). The classes here are the ones of Snowflake's
// public error lists; texts follow what its drivers' tests and public reports show.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cdi::snowflake_mock {

struct Place {
  int line = 0;      // 1 is the first; 0: not known
  int position = 0;  // 0 is the first
};

absl::Status SqlError(std::string_view code, std::string_view sqlstate, std::string_view message, Place place = {});

// The parts of such a status. A status made elsewhere reads as 000603 (internal error).
std::string SqlErrorCode(const absl::Status& status);
std::string SqlErrorState(const absl::Status& status);
Place SqlErrorPlace(const absl::Status& status);

// 001003: `near` is the token that surprised, "<EOF>" at the end.
absl::Status SyntaxError(Place place, std::string_view near);
// 000002: a feature that exists in Snowflake and not here. Never answer something else instead.
absl::Status Unsupported(std::string_view feature);
// 002003. `kind` is "Object", "Database", "Schema", "Table" …; the state is 42S02 for tables and views, else 02000.
absl::Status MissingObject(std::string_view kind, std::string_view name);
// 002043: the answer to USE, DESC, DROP and the like of something missing.
absl::Status MissingOrImpossible();
// 003001
absl::Status InsufficientPrivileges(std::string_view kind, std::string_view name);
// 000904; `name` as the client would write it.
absl::Status InvalidIdentifier(Place place, std::string_view name);
// 002002: CREATE of a name that is taken.
absl::Status AlreadyExists(std::string_view name);
absl::Status NoActiveWarehouse();                 // 000606
absl::Status StatementCanceled();                 // 000604
absl::Status StatementTimedOut(int64_t seconds);  // 000630

}  // namespace cdi::snowflake_mock
