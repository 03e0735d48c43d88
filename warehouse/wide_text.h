// UTF-16 text for unixODBC's W functions. The narrow ones depend on the process's locale (a library must not set it),
// and would send every non-ASCII name doubly encoded.
//
// The memory is wiped when it is freed: connection strings can hold a password.
#pragma once

#include <sqltypes.h>

#include <string>
#include <string_view>
#include <vector>

namespace cdi::warehouse {

class WideText {
 public:
  // What is not valid UTF-8 becomes U+FFFD.
  explicit WideText(std::string_view utf8);
  ~WideText();
  WideText(const WideText&) = delete;
  WideText& operator=(const WideText&) = delete;

  // NUL-terminated. ODBC's signatures want pointers to non-const text that they only read.
  SQLWCHAR* data() { return units_.data(); }
  size_t size() const { return units_.size() - 1; }  // in 16-bit units

 private:
  std::vector<SQLWCHAR> units_;
};

// Lone surrogates become U+FFFD.
std::string Utf8FromWide(const SQLWCHAR* units, size_t count);

}  // namespace cdi::warehouse
