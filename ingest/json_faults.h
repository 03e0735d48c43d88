// Why a text that a JSON parser refused is not JSON: finds the cases that deserve a reason of their own. Slow path
// only.
#pragma once

#include <string_view>

namespace cdi::ingest {

// True when an escape in `text` names half of a surrogate pair ("\ud800" alone): such a text has no form in UTF-8,
// whatever a parser makes of it. `text` may be anything.
bool HasLoneSurrogateEscape(std::string_view text);

// What stands outside of strings in a text that is not JSON.
enum class TokenFinding {
  kMalformed,   // some token is neither a JSON number nor a JSON word: "01", "1.", "tru"
  kWellFormed,  // every token is one; if a parser stumbled over a number, then over its size
  kNonFinite,   // well-formed but for NaN, Infinity or -Infinity, which other printers write
};
TokenFinding InspectTokens(std::string_view text);

}  // namespace cdi::ingest
