// The command line of braze-mock.
#pragma once

#include <optional>
#include <string>

#include "tests/braze_mock/mock_server.h"

namespace cdi::braze_mock {

struct Flags {
  ServerOptions server;
  std::string write_ca;  // file, empty for none
};

// kInvalidArgument names the flag and what it takes. nullopt: --help was asked for and printed.
absl::StatusOr<std::optional<Flags>> ReadFlags(int argc, const char* const* argv);

}  // namespace cdi::braze_mock
