// Environment variables by name, as a function, so that a test sets them without touching its process.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace cdi::cli {

// nullopt for a variable that is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own.
Environment ProcessEnvironment();

}  // namespace cdi::cli
