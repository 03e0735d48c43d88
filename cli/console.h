// Where a command writes, and what kind of device that is. `cdi` never asks the machine for these facts elsewhere, so a
// test decides them.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace cdi::cli {

// Neither stream is owned. One thread.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool colour = false;  // ANSI colours on `out`: a terminal, and NO_COLOR (no-color.org) not set
  size_t columns = 0;   // width of the terminal; 0: unlimited, tables are not cut
};

inline std::string Coloured(const Console& console, std::string_view ansi_code, std::string_view text) {
  if (!console.colour) return std::string(text);
  return "\x1b[" + std::string(ansi_code) + "m" + std::string(text) + "\x1b[0m";
}
inline std::string Green(const Console& console, std::string_view text) {
  return Coloured(console, "32", text);
}
inline std::string Red(const Console& console, std::string_view text) {
  return Coloured(console, "31", text);
}

}  // namespace cdi::cli
