#include "server/master_key_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/error.h"
#include "keys/sealed_box.h"
#include "server/config.h"
#include "server/rekey_command.h"
#include "server/store_options.h"

namespace cdi::server {
namespace {

using testing::HasSubstr;
using testing::Not;

class MasterKeySourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdi_master_key_source_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);  // mode 0700
    directory_ = pattern;
    config_.set_state_dir(directory_ + "/state");
    config_.set_row_log_days(1);
    config_.set_dead_row_days(1);
    config_.mutable_master_key()->set_file(directory_ + "/key");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<MasterKeySource> Obtain(bool state_exists) {
    return ObtainMasterKey(config_.master_key(), state_exists);
  }

  std::unique_ptr<state::SqliteStore> OpenStore() {
    auto store = state::SqliteStore::Open(config_.state_dir(), StoreOptionsOf(config_, clock_));
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  static void Put(state::SqliteStore& store, const std::string& name, const keys::MasterKey& key) {
    ASSERT_TRUE(store.PutSecret({name, 1, *keys::Seal(key, name, 1, Secret("an API key"))}).ok());
  }

  // A state with one secret under the key of the configuration, which is made.
  void MakeState() {
    config_.mutable_master_key()->set_create(true);
    const auto source = Obtain(false);
    ASSERT_TRUE(source.ok()) << source.status();
    Put(*OpenStore(), "workspaces/a/apiKey", *source->key);
  }

  std::string directory_;
  config::v1::ServerConfig config_;
  SystemClock clock_;
};

TEST_F(MasterKeySourceTest, AKeyThatIsGoneSealsAStateButStopsAFirstStart) {
  const auto sealed = Obtain(true);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->key, nullptr);
  EXPECT_EQ(ErrorReason(sealed->why_sealed), "MASTER_KEY_MISSING");
  EXPECT_EQ(ErrorReason(Obtain(false).status()), "MASTER_KEY_MISSING");
}

TEST_F(MasterKeySourceTest, AFailingCommandAndAnEmptyVariableSealToo) {
  config_.mutable_master_key()->Clear();
  config_.mutable_master_key()->add_command("/bin/false");
  config_.mutable_master_key()->set_command_seconds(10);
  EXPECT_EQ(ErrorReason(Obtain(true)->why_sealed), "MASTER_KEY_COMMAND_FAILED");
  EXPECT_EQ(ErrorReason(Obtain(false).status()), "MASTER_KEY_COMMAND_FAILED");
  config_.mutable_master_key()->Clear();
  config_.mutable_master_key()->set_env("CDI_TEST_NO_SUCH_VARIABLE");
  EXPECT_EQ(ErrorReason(Obtain(true)->why_sealed), "MASTER_KEY_MISSING");
}

TEST_F(MasterKeySourceTest, AKeyThatMustNotBeUsedStopsTheStart) {
  std::ofstream(directory_ + "/key") << "no key";
  ASSERT_EQ(chmod((directory_ + "/key").c_str(), 0600), 0);
  EXPECT_EQ(ErrorReason(Obtain(true).status()), "MASTER_KEY_MALFORMED");
  ASSERT_EQ(chmod((directory_ + "/key").c_str(), 0644), 0);
  EXPECT_EQ(ErrorReason(Obtain(true).status()), "MASTER_KEY_UNSAFE");
}

TEST_F(MasterKeySourceTest, AKeyThatOpensNothingSealsAndOneThatOpensSomeDoesNot) {
  auto store = OpenStore();
  MasterKeySource source{std::make_shared<const keys::MasterKey>(*keys::MasterKey::Generate()), absl::OkStatus()};
  const std::string id = source.key->Id();
  absl::Status left_out;
  ASSERT_TRUE(CheckAgainstState(*store, source, left_out).ok());
  EXPECT_NE(source.key, nullptr) << "nothing is sealed yet";

  const keys::MasterKey other = *keys::MasterKey::Generate();
  Put(*store, "workspaces/a/apiKey", other);
  Put(*store, "workspaces/b/apiKey", *source.key);
  ASSERT_TRUE(CheckAgainstState(*store, source, left_out).ok());
  EXPECT_NE(source.key, nullptr);
  EXPECT_EQ(ErrorReason(left_out), "MASTER_KEY_WRONG");
  EXPECT_THAT(std::string(left_out.message()), HasSubstr("1 of 2 secrets were sealed under another master key"));

  Put(*store, "workspaces/b/apiKey", other);
  ASSERT_TRUE(CheckAgainstState(*store, source, left_out).ok());
  EXPECT_EQ(source.key, nullptr);
  EXPECT_TRUE(left_out.ok());
  EXPECT_EQ(ErrorReason(source.why_sealed), "MASTER_KEY_WRONG");
  EXPECT_EQ(ErrorDetailsOf(source.why_sealed)["sealed_under"], other.Id());
  EXPECT_EQ(ErrorDetailsOf(source.why_sealed)["loaded"], id);
}

TEST_F(MasterKeySourceTest, CallersAreToldTheReasonAndNoPath) {
  const absl::Status refusal = SealedRefusal(*Obtain(true));
  EXPECT_EQ(ErrorReason(refusal), "MASTER_KEY_MISSING");
  EXPECT_THAT(std::string(refusal.message()), Not(HasSubstr(directory_)));
  EXPECT_TRUE(SealedRefusal({std::make_shared<const keys::MasterKey>(*keys::MasterKey::Generate()), {}}).ok());
}

TEST_F(MasterKeySourceTest, RekeyMakesTheNewKeyOnlyWhenAskedAndNeverWhileAServerRuns) {
  EXPECT_EQ(ErrorReason(RekeyState(config_, directory_ + "/new", true).status()), "STATE_MISSING");
  MakeState();
  EXPECT_EQ(ErrorReason(RekeyState(config_, directory_ + "/new", false).status()), "MASTER_KEY_MISSING");
  {
    const auto running = OpenStore();
    EXPECT_EQ(ErrorReason(RekeyState(config_, directory_ + "/new", true).status()), "STATE_LOCKED");
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/new"));
  }
  EXPECT_EQ(ErrorReason(RekeyState(config_, directory_ + "/key", false).status()), "REKEY_SAME_KEY");
  const auto outcome = RekeyState(config_, directory_ + "/new", true);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(*outcome, HasSubstr("re-wrapped 1 secrets: master key "));

  MasterKeySource source = *Obtain(true);
  absl::Status left_out;
  ASSERT_TRUE(CheckAgainstState(*OpenStore(), source, left_out).ok());
  EXPECT_EQ(ErrorReason(source.why_sealed), "MASTER_KEY_WRONG") << "the old key";
  config_.mutable_master_key()->set_file(directory_ + "/new");
  source = *Obtain(true);
  ASSERT_TRUE(CheckAgainstState(*OpenStore(), source, left_out).ok());
  EXPECT_NE(source.key, nullptr);
  EXPECT_TRUE(left_out.ok());
}

}  // namespace
}  // namespace cdi::server
