#include "base/environment.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace cdi {
namespace {

bool Matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

}  // namespace

void KeepOfEnvironment(std::span<const std::string_view> names) {
  std::vector<std::pair<std::string, std::string>> kept;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool keep =
        std::any_of(names.begin(), names.end(), [name](std::string_view pattern) { return Matches(pattern, name); });
    if (keep && name.size() < text.size()) kept.emplace_back(name, text.substr(name.size() + 1));
    WipeBytes(*entry, text.size());
  }
  clearenv();
  for (auto& [name, value] : kept) {
    setenv(name.c_str(), value.c_str(), 1);
    WipeString(value);
  }
}

}  // namespace cdi
