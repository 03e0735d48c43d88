#include "keys/master_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/error.h"

namespace cdi::keys {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr std::string_view kBase64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

class MasterKeyFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdi_master_key_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);  // mode 0700
    directory_ = pattern;
    path_ = directory_ / "master.key";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(std::string_view text, mode_t mode = 0600) {
    std::ofstream(path_, std::ios::binary) << text;
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }

  absl::StatusOr<MasterKey> Load(MayCreate may_create = MayCreate::kNo) {
    return MasterKey::LoadFromFile(path_.string(), may_create);
  }

  void ExpectRefused(std::string_view reason, const std::string& says) {
    const absl::Status refused = Load(MayCreate::kYes).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ErrorReason(refused), reason);
    EXPECT_THAT(std::string(refused.message()), HasSubstr(says));
  }

  std::filesystem::path directory_;
  std::filesystem::path path_;
};

TEST_F(MasterKeyFileTest, ReadsHexAndBase64WithOrWithoutALineBreak) {
  const std::string id = MasterKey::FromText(kHex, "test")->Id();
  for (const std::string& text :
       {std::string(kHex), std::string(kHex) + "\n", std::string(kBase64), std::string(kBase64) + "\r\n"}) {
    Write(text);
    const absl::StatusOr<MasterKey> key = Load();
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_EQ(key->Id(), id);
    EXPECT_EQ(key->bytes().size(), 32U);
    EXPECT_EQ(key->bytes().Expose()[31], '\x1f');
  }
}

TEST_F(MasterKeyFileTest, AReadOnlyFileIsFine) {
  Write(kHex, 0400);
  EXPECT_TRUE(Load().ok());
}

TEST_F(MasterKeyFileTest, AMissingFileIsNotMadeUnlessAllowed) {
  const absl::Status refused = Load(MayCreate::kNo).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "MASTER_KEY_MISSING");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(MasterKeyFileTest, AMadeFileIsPrivateAndGivesTheSameKeyAgain) {
  const mode_t old_mask = umask(0777);  // the file's mode must not depend on it
  const absl::StatusOr<MasterKey> made = Load(MayCreate::kYes);
  umask(old_mask);
  ASSERT_TRUE(made.ok()) << made.status();
  struct stat facts {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  EXPECT_EQ(Load()->Id(), made->Id());
  EXPECT_EQ(Load(MayCreate::kYes)->Id(), made->Id());
  // Nothing temporary stays behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(MasterKeyFileTest, CreatorsAtTheSameTimeAgreeOnOneKey) {
  std::vector<std::string> ids(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& id : ids) {
      threads.emplace_back([this, &id] {
        const absl::StatusOr<MasterKey> key = Load(MayCreate::kYes);
        id = key.ok() ? key->Id() : std::string(key.status().message());
      });
    }
  }
  for (const std::string& id : ids) EXPECT_EQ(id, ids.front());
}

TEST_F(MasterKeyFileTest, EveryOtherModeIsRefusedWithTheFix) {
  for (const mode_t mode : {0644U, 0640U, 0660U, 0604U, 0700U, 0601U, 04600U}) {
    Write(kHex, mode);
    ExpectRefused("MASTER_KEY_UNSAFE", "chmod it to 0600");
  }
}

TEST_F(MasterKeyFileTest, ADirectoryThatOthersMayWriteIsRefused) {
  Write(kHex);
  for (const mode_t mode : {0770U, 0707U, 01777U}) {
    ASSERT_EQ(chmod(directory_.c_str(), mode), 0);
    ExpectRefused("MASTER_KEY_UNSAFE", "chmod it to 0700");
  }
}

TEST_F(MasterKeyFileTest, ASymbolicLinkIsRefused) {
  const std::filesystem::path target = directory_ / "target";
  std::ofstream(target) << kHex;
  ASSERT_EQ(chmod(target.c_str(), 0600), 0);
  std::filesystem::create_symlink(target, path_);
  ExpectRefused("MASTER_KEY_UNSAFE", "symbolic link");
}

TEST_F(MasterKeyFileTest, ADanglingLinkIsNotFollowedToMakeAFile) {
  std::filesystem::create_symlink(directory_ / "elsewhere", path_);
  ExpectRefused("MASTER_KEY_UNSAFE", "symbolic link");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "elsewhere"));
}

TEST_F(MasterKeyFileTest, ADirectoryOrAPipeInItsPlaceIsRefused) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  ExpectRefused("MASTER_KEY_UNSAFE", "not a regular file");
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  ExpectRefused("MASTER_KEY_UNSAFE", "not a regular file");
}

TEST_F(MasterKeyFileTest, AForeignOwnerIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  Write(kHex);
  ASSERT_EQ(chown(path_.c_str(), 12345, 12345), 0);
  ExpectRefused("MASTER_KEY_UNSAFE", "belongs to user id 12345");
  ASSERT_EQ(chown(path_.c_str(), 0, 0), 0);
  ASSERT_EQ(chown(directory_.c_str(), 12345, 12345), 0);
  ExpectRefused("MASTER_KEY_UNSAFE", "belongs to user id 12345");
}

// systemd gives credentials as files of the service's user with mode 0400, or, where the file system has access control
// lists, as root's with an entry for the user.
TEST_F(MasterKeyFileTest, ACredentialOfRootsThatWeMayReadIsTaken) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  constexpr uid_t kService = 12345;
  const auto as_service = [&](mode_t mode, gid_t group) {
    Write(kHex, mode);
    EXPECT_EQ(chown(path_.c_str(), 0, group), 0);
    EXPECT_EQ(seteuid(kService), 0);
    const absl::Status status = Load().status();
    EXPECT_EQ(seteuid(0), 0);
    return ErrorReason(status);
  };
  ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
  // Group root, which the test still belongs to, stands for the entry of the list.
  EXPECT_EQ(as_service(0440, 0), "");
  EXPECT_EQ(as_service(0400, 0), "MASTER_KEY_UNREADABLE");
  EXPECT_EQ(as_service(0440, 12345), "MASTER_KEY_UNREADABLE");
  EXPECT_EQ(as_service(0444, 0), "MASTER_KEY_UNSAFE");
  EXPECT_EQ(as_service(0444, 12345), "MASTER_KEY_UNSAFE");
  EXPECT_EQ(as_service(0640, 0), "MASTER_KEY_UNSAFE");
}

TEST_F(MasterKeyFileTest, AMissingDirectoryAndAPathWithoutNameAreRefused) {
  path_ = directory_ / "none" / "master.key";
  ExpectRefused("MASTER_KEY_UNREADABLE", "No such file or directory");
  path_ = directory_ / "";
  ExpectRefused("MASTER_KEY_UNREADABLE", "does not name a file");
}

struct BadText {
  std::string_view name;
  std::string text;
  std::string_view says;
};

class BadMasterKeyTextTest : public ::testing::TestWithParam<BadText> {};

TEST_P(BadMasterKeyTextTest, IsRefusedWithoutShowingTheText) {
  const absl::Status refused = MasterKey::FromText(GetParam().text, "file f").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "MASTER_KEY_MALFORMED");
  const std::string message(refused.message());
  EXPECT_THAT(message, HasSubstr("the master key from file f " + std::string(GetParam().says)));
  EXPECT_THAT(message, HasSubstr("openssl rand -hex 32"));
  if (GetParam().text.size() > 20) {
    EXPECT_THAT(message, Not(HasSubstr(GetParam().text.substr(0, 20))));
  }
}

INSTANTIATE_TEST_SUITE_P(
    MasterKey, BadMasterKeyTextTest,
    ::testing::Values(BadText{"Empty", "", "has 0 characters"}, BadText{"Blank", " \n", "has 0 characters"},
                      BadText{"Short", std::string(kHex.substr(1)), "has 63 characters"},
                      BadText{"Long", std::string(kHex) + "00", "has 66 characters"},
                      BadText{"Endless", std::string(200, 'a'), "is too long"},
                      BadText{"NotHex", std::string(kHex.substr(1)) + "g", "has 64 characters, but not only hex"},
                      BadText{"NotBase64", std::string(kBase64).replace(3, 1, "-"), "has 44 characters"},
                      BadText{"Base64Of33Bytes", std::string(44, 'B'), "has 44 characters"},
                      BadText{"Base64Of31Bytes", std::string(42, 'B') + "==", "has 44 characters"},
                      BadText{"Placeholder", std::string(64, '0'), "is one byte repeated"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(MasterKeyTest, IdTellsKeysApartAndIsStable) {
  EXPECT_EQ(MasterKey::FromText(kHex, "test")->Id(), "b7319f90");
  EXPECT_NE(MasterKey::Generate()->Id(), MasterKey::Generate()->Id());
}

TEST(MasterKeyTest, TheVariableIsWipedAndRemovedAfterReading) {
  constexpr const char* kVariable = "CDI_TEST_MASTER_KEY";
  ASSERT_EQ(setenv(kVariable, std::string(kBase64).c_str(), 1), 0);
  const char* value = std::getenv(kVariable);
  const absl::StatusOr<MasterKey> key = MasterKey::LoadFromEnv(kVariable);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->Id(), MasterKey::FromText(kHex, "test")->Id());
  EXPECT_EQ(std::getenv(kVariable), nullptr);
  EXPECT_EQ(*value, '\0');  // glibc keeps the storage of a removed variable
  EXPECT_EQ(ErrorReason(MasterKey::LoadFromEnv(kVariable).status()), "MASTER_KEY_MISSING");
}

TEST(MasterKeyTest, AMalformedVariableIsWipedToo) {
  constexpr const char* kVariable = "CDI_TEST_MASTER_KEY";
  ASSERT_EQ(setenv(kVariable, "too short", 1), 0);
  const absl::Status refused = MasterKey::LoadFromEnv(kVariable).status();
  EXPECT_EQ(ErrorReason(refused), "MASTER_KEY_MALFORMED");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("environment variable CDI_TEST_MASTER_KEY has 9 characters"));
  EXPECT_EQ(std::getenv(kVariable), nullptr);
}

}  // namespace
}  // namespace cdi::keys
