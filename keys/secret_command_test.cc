#include "keys/secret_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "keys/master_key.h"

namespace cdi::keys {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

class SecretCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdi_secret_command_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);  // mode 0700
    directory_ = pattern;
    program_ = (directory_ / "program").string();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(std::string_view body) {
    std::ofstream(program_) << "#!/bin/sh\n" << body << '\n';
    ASSERT_EQ(chmod(program_.c_str(), 0755), 0);
  }

  absl::StatusOr<Secret> Run(std::chrono::milliseconds time = std::chrono::seconds{20}) {
    return RunSecretCommand({program_, "an argument", "$HOME"}, {.time = time});
  }

  void ExpectRefused(std::string_view reason, const std::string& says,
                     std::chrono::milliseconds time = std::chrono::seconds{20}) {
    const absl::Status refused = Run(time).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ErrorReason(refused), reason) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(says));
  }

  std::filesystem::path directory_;
  std::string program_;
};

TEST_F(SecretCommandTest, GivesTheMasterKeyThatTheProgramPrints) {
  Write("echo '" + std::string(kHex) + "'");
  const absl::StatusOr<MasterKey> key = MasterKey::LoadFromCommand({program_});
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->Id(), MasterKey::FromText(kHex, "test")->Id());
}

TEST_F(SecretCommandTest, WhatIsNoKeyIsRefusedWithoutBeingShown) {
  Write("echo 'canary-not-a-key'");
  const absl::Status refused = MasterKey::LoadFromCommand({program_}).status();
  EXPECT_EQ(ErrorReason(refused), "MASTER_KEY_MALFORMED");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("the master key from command " + program_ + " has 16"));
  EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("canary")));
}

TEST_F(SecretCommandTest, ArgumentsComeAsTheyAreWithoutAShell) {
  Write("printf '%s|%s|%s' \"$#\" \"$1\" \"$2\"");
  const absl::StatusOr<Secret> printed = Run();
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(printed->Expose(), "2|an argument|$HOME");
}

TEST_F(SecretCommandTest, TheChildHasNothingOfOurEnvironmentDescriptorsOrInput) {
  ASSERT_EQ(setenv("CDI_TEST_CANARY", "seen", 1), 0);
  ASSERT_EQ(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
  const int kept = dup(STDERR_FILENO);  // without close-on-exec
  Write(
      "printf '%s|%s|%s|%s' \"$CDI_TEST_CANARY\" \"$CREDENTIALS_DIRECTORY\" \"$(cat)\" "
      "\"$(test -e /proc/self/fd/" +
      std::to_string(kept) + " && echo open)\"");
  const absl::StatusOr<Secret> printed = Run();
  close(kept);
  unsetenv("CDI_TEST_CANARY");
  unsetenv("CREDENTIALS_DIRECTORY");
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(printed->Expose(), "|/run/credentials/x||");
}

TEST_F(SecretCommandTest, BlockedAndIgnoredSignalsAreNotInherited) {
  sigset_t term;
  sigset_t before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &before);
  Write("kill -TERM $$; echo survived");
  const absl::Status refused = Run().status();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("was ended by signal 15"));
}

TEST_F(SecretCommandTest, AnotherStatusThanZeroIsAFailureAndStandardOutputIsNotUsed) {
  Write("echo 'canary-output'; echo 'no access to the key: ask the owner' >&2; exit 3");
  ExpectRefused("MASTER_KEY_COMMAND_FAILED", "ended with status 3: no access to the key: ask the owner");
  EXPECT_THAT(std::string(Run().status().message()), Not(HasSubstr("canary")));
}

TEST_F(SecretCommandTest, AKeyOnStandardErrorIsNotShown) {
  Write("echo 'the key is " + std::string(kHex) + " as I said' >&2; exit 1");
  ExpectRefused("MASTER_KEY_COMMAND_FAILED", "the key is [cut] as I said");
  EXPECT_THAT(std::string(Run().status().message()), Not(HasSubstr("0001020304")));
}

TEST_F(SecretCommandTest, AProgramThatHangsIsKilledWithItsChildren) {
  Write("sleep 1000 & echo $! >" + program_ + ".pid; wait");
  ExpectRefused("MASTER_KEY_COMMAND_FAILED", "did not end within 1000 ms", std::chrono::seconds{1});
  pid_t left = 0;
  std::ifstream(program_ + ".pid") >> left;
  ASSERT_GT(left, 0);
  // It is somebody else's child by now, so that its end shows a moment later.
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, left, 0));
  if (handle < 0) {
    EXPECT_EQ(errno, ESRCH);
    return;
  }
  pollfd end{.fd = handle, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&end, 1, 10'000), 1) << "the child still runs";
  close(handle);
}

TEST_F(SecretCommandTest, AProgramThatPrintsWithoutPauseIsKilledAtItsDeadline) {
  Write("exec yes");
  ExpectRefused("MASTER_KEY_COMMAND_FAILED", "did not end within 1000 ms", std::chrono::seconds{1});
}

TEST_F(SecretCommandTest, AChildLeftBehindWithOurPipeDoesNotHoldUs) {
  Write("sleep 1000 & echo '" + std::string(kHex) + "'");
  const absl::StatusOr<Secret> printed = Run();
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(printed->Expose(), std::string(kHex) + "\n");
}

TEST_F(SecretCommandTest, NothingAndTooMuchAreMalformed) {
  Write("exit 0");
  ExpectRefused("MASTER_KEY_MALFORMED", "printed nothing");
  Write("head -c 1000000 /dev/zero");
  ExpectRefused("MASTER_KEY_MALFORMED", "printed more than 128 bytes");
}

TEST_F(SecretCommandTest, APathThatIsNotAbsoluteIsRefused) {
  program_ = "cat";
  ExpectRefused("MASTER_KEY_UNSAFE", "absolute path; got \"cat\"");
}

TEST_F(SecretCommandTest, WhatCannotBeRunIsNamed) {
  ExpectRefused("MASTER_KEY_COMMAND_FAILED", "No such file");
  Write("exit 0");
  ASSERT_EQ(chmod(program_.c_str(), 0600), 0);
  ExpectRefused("MASTER_KEY_COMMAND_FAILED", "Permission denied");
  program_ = directory_.string();
  ExpectRefused("MASTER_KEY_COMMAND_FAILED", "not a file");
}

TEST_F(SecretCommandTest, AProgramThatOthersMayWriteIsRefused) {
  Write("echo x");
  for (const mode_t mode : {0775U, 0757U}) {
    ASSERT_EQ(chmod(program_.c_str(), mode), 0);
    ExpectRefused("MASTER_KEY_UNSAFE", "chmod it to go-w");
  }
}

TEST_F(SecretCommandTest, ADirectoryOnTheWayThatOthersMayWriteIsRefusedAlsoBehindALink) {
  Write("echo x");
  const std::filesystem::path link = directory_.string() + "_link";
  std::filesystem::create_symlink(program_, link);
  ASSERT_EQ(chmod(directory_.c_str(), 0777), 0);
  ExpectRefused("MASTER_KEY_UNSAFE", "the directory " + directory_.string());
  program_ = link.string();
  ExpectRefused("MASTER_KEY_UNSAFE", "the directory " + directory_.string());
  ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
  EXPECT_TRUE(Run().ok());
  std::filesystem::remove(link);
}

TEST_F(SecretCommandTest, AForeignOwnerIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  Write("echo x");
  ASSERT_EQ(chown(program_.c_str(), 12345, 12345), 0);
  ExpectRefused("MASTER_KEY_UNSAFE", "belongs to user id 12345");
}

struct Words {
  std::string_view name;
  std::string said;
  std::string_view shown;
};
class ShownWordsTest : public ::testing::TestWithParam<Words> {};

TEST_P(ShownWordsTest, HaveNoKeyAndNoControlCharacters) {
  EXPECT_EQ(ShownWords(GetParam().said), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    All, ShownWordsTest,
    ::testing::Values(Words{"Plain", "no such key", "no such key"}, Words{"FirstLineOnly", "one\ntwo", "one"},
                      Words{"Empty", "", ""}, Words{"Escapes", "a\x1b[31mb\r", "a [31mb "},
                      Words{"Hex", "k=" + std::string(kHex), "[cut]"},
                      Words{"Base64", "got AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=.", "got [cut]."},
                      Words{"Base64Url", "got AAEC_wQFBgcICQoLDA0O-xAREhMUFRYXGBkaGxwdHh8", "got [cut]"},
                      Words{"Dump", "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15", ""},
                      Words{"Colons", "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14", ""},
                      Words{"Binary", "\xff\xfe\x00", ""}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::keys
