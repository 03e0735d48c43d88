#include "server/key_import.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace cdi::server {
namespace {

class KeyImportTest : public testing::Test {
 protected:
  KeyImportTest() {
    std::string pattern = testing::TempDir() + "cdi-import-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~KeyImportTest() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }
  std::string Reason(const std::string& file) { return ErrorReason(ReadImportFile(folder_, file, "file").status()); }

  std::filesystem::path folder_;
};

TEST_F(KeyImportTest, ReadsAFileThatOnlyItsOwnerCanRead) {
  Put("key.p8", "text");
  const auto text = ReadImportFile(folder_, "key.p8", "file");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->Expose(), "text");
}

TEST_F(KeyImportTest, TakesBareNamesOnly) {
  Put("key.p8", "text");
  std::filesystem::create_directory(folder_ / "sub");
  for (const char* name : {"", ".", "..", "../key.p8", "sub/key.p8", "/etc/passwd", ".key.p8"}) {
    EXPECT_EQ(Reason(name), "INVALID_FIELD") << name;
  }
  EXPECT_EQ(Reason(std::string("key.p8\0x", 8)), "INVALID_FIELD");
}

TEST_F(KeyImportTest, RefusesWhatOthersCouldHaveReadOrPutThere) {
  Put("group.p8", "text", 0640);
  Put("world.p8", "text", 0604);
  EXPECT_EQ(Reason("group.p8"), "KEY_IMPORT_UNSAFE");
  EXPECT_EQ(Reason("world.p8"), "KEY_IMPORT_UNSAFE");
  Put("key.p8", "text");
  ASSERT_EQ(chmod(folder_.c_str(), 0770), 0);
  EXPECT_EQ(Reason("key.p8"), "KEY_IMPORT_UNSAFE");
}

TEST_F(KeyImportTest, FollowsNoLinkAndReadsNoFolderNoPipeAndNothingHuge) {
  Put("key.p8", "text");
  std::filesystem::create_symlink(folder_ / "key.p8", folder_ / "link.p8");
  EXPECT_EQ(Reason("link.p8"), "KEY_IMPORT_UNREADABLE");
  std::filesystem::create_directory(folder_ / "folder.p8");
  EXPECT_EQ(Reason("folder.p8"), "KEY_IMPORT_UNSAFE");
  ASSERT_EQ(mkfifo((folder_ / "pipe.p8").c_str(), 0600), 0);
  EXPECT_EQ(Reason("pipe.p8"), "KEY_IMPORT_UNSAFE");
  Put("huge.p8", std::string(70'000, 'x'));
  EXPECT_EQ(Reason("huge.p8"), "KEY_IMPORT_UNREADABLE");
  Put("empty.p8", "");
  EXPECT_EQ(Reason("empty.p8"), "KEY_IMPORT_UNREADABLE");
  EXPECT_EQ(Reason("missing.p8"), "KEY_IMPORT_UNREADABLE");
}

TEST_F(KeyImportTest, IsOffWithoutADirectory) {
  EXPECT_EQ(ErrorReason(ReadImportFile("", "key.p8", "file").status()), "KEY_IMPORT_OFF");
}

// The request has no field private_key: a form could mark nothing.
TEST(InRequestWordsTest, NamesTheFilesOfTheRequest) {
  const auto field = [](const absl::Status& status) { return ErrorDetailsOf(status).at("field"); };
  const absl::Status key =
      InRequestWords(InvalidField("private_key", "private_key must have 2048 to 4096 bits; got 1024"));
  EXPECT_EQ(field(key), "file");
  EXPECT_EQ(key.message(), "file must have 2048 to 4096 bits; got 1024");
  const absl::Status passphrase =
      InRequestWords(InvalidField("passphrase", "private_key is encrypted; give its passphrase too"));
  EXPECT_EQ(field(passphrase), "passphrase_file");
  EXPECT_EQ(passphrase.message(), "file is encrypted; give its passphrase too");
  EXPECT_EQ(field(InRequestWords(InvalidField("key_pair_id", "key_pair_id must be short"))), "key_pair_id");
  const absl::Status full = MakeError(absl::StatusCode::kFailedPrecondition, "KEY_SLOTS_FULL", "both are taken");
  EXPECT_EQ(InRequestWords(full), full);
  EXPECT_TRUE(InRequestWords(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace cdi::server
