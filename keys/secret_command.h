// Runs a program that prints a secret (`systemd-creds decrypt`, the command line of a KMS) and takes what it prints.
//
// No shell. The child gets /dev/null as standard input, nothing of our descriptors, signals as at login, and an
// environment of PATH, LANG and, where we have them, HOME and CREDENTIALS_DIRECTORY: whoever needs more names it
// (`/usr/bin/env AWS_REGION=… /usr/bin/aws …`). It is the leader of a process group, which is killed when the program
// has ended or its time is over. What it prints is held in one wiped buffer, never longer than the limit.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/secret.h"

namespace cdi::keys {

struct SecretCommandLimits {
  std::chrono::milliseconds time{30'000};
  size_t output_bytes = 128;
};

// Why the program must not be run; OK otherwise. It must be named by an absolute path and be a regular file; this file
// and every directory on the way to it, links followed, must belong to root or to us and be writable by nobody else (a
// directory with the sticky bit, as /tmp, may be).
//
// kFailedPrecondition, reason MASTER_KEY_UNSAFE; MASTER_KEY_COMMAND_FAILED when there is no such program.
absl::Status CheckSecretCommand(const std::string& program);

// What `command` (program and arguments) printed on standard output. Blocks for at most the time limit and a moment.
// Call before other threads fork or wait for children.
//
// kFailedPrecondition with cause and fix, reason
//   MASTER_KEY_UNSAFE          see CheckSecretCommand
//   MASTER_KEY_COMMAND_FAILED  not runnable, ended with another status than 0, or over its time
//   MASTER_KEY_MALFORMED       printed nothing, or more than the limit
// Standard output is in no message. Standard error is, cut and without anything that could be a key (ShownWords).
absl::StatusOr<Secret> RunSecretCommand(const std::vector<std::string>& command, const SecretCommandLimits& limits);

// The first line of what a program said on standard error, fit for a log: at most 200 bytes, each word of 20 or more
// characters that could be hex or base64 replaced by "[cut]". Empty when it is no plain text, or looks like a hex dump.
std::string ShownWords(std::string_view text);

}  // namespace cdi::keys
