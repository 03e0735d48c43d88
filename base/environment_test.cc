#include "base/environment.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace cdi {
namespace {

constexpr std::string_view kKept[] = {"PATH", "CDI_KEPT_*", "EXACT"};

// In a child, as the environment of the test itself must stay as it is. Exit status 0: all is as it should be.
int LookAfterwards(const char* wiped_value) {
  KeepOfEnvironment(kKept);
  const auto is = [](const char* name, const char* value) {
    const char* found = std::getenv(name);
    return found != nullptr && std::string_view(found) == value;
  };
  if (!is("CDI_KEPT_ONE", "1") || !is("EXACT", "2") || !is("PATH", "/bin")) return 1;
  if (std::getenv("CDI_DROPPED") != nullptr || std::getenv("EXACTLY") != nullptr) return 2;
  if (*wiped_value != '\0') return 3;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with("PATH=") && !text.starts_with("CDI_KEPT_") && !text.starts_with("EXACT=")) return 4;
  }
  if (setenv("NEW", "3", 1) != 0 || !is("NEW", "3")) return 5;
  return 0;
}

TEST(KeepOfEnvironmentTest, DropsAndOverwritesAllButTheNames) {
  const pid_t child = fork();
  if (child == 0) {
    clearenv();
    setenv("PATH", "/bin", 1);
    setenv("CDI_DROPPED", "canary", 1);
    setenv("CDI_KEPT_ONE", "1", 1);
    setenv("EXACTLY", "canary", 1);
    setenv("EXACT", "2", 1);
    _exit(LookAfterwards(std::getenv("CDI_DROPPED")));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << WEXITSTATUS(status);
}

TEST(KeepOfEnvironmentTest, AnEmptyEnvironmentIsFine) {
  const pid_t child = fork();
  if (child == 0) {
    clearenv();
    KeepOfEnvironment(kKept);
    _exit(std::getenv("PATH") == nullptr ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// What other processes see is the memory that the kernel laid the environment into.
TEST(KeepOfEnvironmentTest, NothingIsLeftForReadersOfProc) {
  if (std::getenv("CDI_ENVIRONMENT_TEST_CANARY") == nullptr) {
    const pid_t child = fork();
    if (child == 0) {
      setenv("CDI_ENVIRONMENT_TEST_CANARY", "canary-7c1e", 1);
      execl("/proc/self/exe", "base_test", "--gtest_filter=*NothingIsLeftForReadersOfProc", nullptr);
      _exit(127);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return;
  }
  const auto environment = [] {
    std::ifstream file("/proc/self/environ", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  ASSERT_NE(environment().find("canary-7c1e"), std::string::npos);
  KeepOfEnvironment(kKept);
  EXPECT_EQ(environment().find_first_not_of('\0'), std::string::npos) << environment();
  EXPECT_NE(std::getenv("PATH"), nullptr);
}

}  // namespace
}  // namespace cdi
