// Flags that stand for fields of a message. One table of (flag, field path, help) serves create and update: the flags
// given become the fields set, and in an update the paths of the field mask. The type of a flag is the type of its
// field.
#pragma once

#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/environment.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cdi::cli {

struct FieldFlag {
  const char* flag;  // "--commit-lag"
  const char* path;  // "commit_lag", "snowflake.role"
  const char* help;
  // Fields that cannot change after creation are left out of update.
  bool immutable = false;
  // Turns what people type into the field's text, for resource names. Null: taken as it is.
  absl::StatusOr<std::string> (*expand)(std::string_view text) = nullptr;
};

// Two tables as one.
template <size_t N, size_t M>
constexpr std::array<FieldFlag, N + M> Joined(const FieldFlag (&first)[N], const FieldFlag (&second)[M]) {
  std::array<FieldFlag, N + M> all{};
  std::copy(first, first + N, all.begin());
  std::copy(second, second + M, all.begin() + N);
  return all;
}

// Lives as long as the parser and the action that uses it.
class FieldFlags {
 public:
  enum class Use { kCreate, kUpdate };

  // Adds a flag to `verb` for every entry. Paths that a message of this type does not have are a bug and end the
  // program.
  FieldFlags(CLI::App& verb, std::span<const FieldFlag> flags, const google::protobuf::Descriptor& message_type,
             Use use);

  // Sets the fields of the flags that were given; an empty value clears its field. `paths` gets the path of each, in
  // the order of the table. INVALID_ARGUMENT names the flag and the fault. `repath`, where given, moves a path
  // elsewhere: flags shared by two alternatives of a oneof.
  using Repath = std::function<std::string(const std::string& path)>;
  absl::Status Apply(google::protobuf::Message& message, std::vector<std::string>* paths,
                     const Repath& repath = {}) const;

 private:
  struct Given {
    const FieldFlag* flag;
    CLI::Option* option;
    CLI::Option* off_option;  // --no-…, for true-or-false fields in an update
    std::string text;
    bool yes = false;
    bool off = false;
  };
  std::deque<Given> given_;  // CLI11 keeps pointers into it
};

// A secret by file or environment variable, never by argument: arguments are in the process list and the shell's
// history.
class SecretFlags {
 public:
  // Adds --NAME-file and --NAME-env, of which at most one may be given.
  SecretFlags(CLI::App& verb, const std::string& name, const std::string& what);

  bool given() const { return !file_.empty() || !variable_.empty(); }

  // The secret, without one line break at its end. INVALID_ARGUMENT when neither flag was given, the file cannot be
  // read, the variable is not set, or nothing is in it. The caller wipes it (base/secret.h).
  absl::StatusOr<std::string> Read(const Environment& environment) const;

 private:
  std::string name_;
  std::string file_;
  std::string variable_;
};

}  // namespace cdi::cli
