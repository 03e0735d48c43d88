// The keeper over the real store and ring, a Snowflake user in memory, and a clock that is moved by hand.
#include "server/rotation_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/error.h"
#include "base/manual_clock.h"
#include "ingest/state/sqlite_store.h"
#include "keys/rsa_key.h"
#include "server/documents.h"

namespace cdi::server {
namespace {

using keys::KeySlot;
using keys::RotationStep;
using testing::Contains;
using testing::Not;

class EventLog final : public Logger {
 public:
  void Write(LogLevel, std::string_view event, std::initializer_list<LogField>) override { events.emplace_back(event); }
  std::vector<std::string> events;
};

// One user's two slots; statements are told apart by their words.
struct Account {
  keys::SlotFingerprints slots;
  bool granted = true;
  bool reachable = true;
};

class AccountUser final : public keys::SnowflakeUser {
 public:
  AccountUser(Account& account, keys::KeyRing& ring) : account_(account), ring_(ring) {}

  absl::StatusOr<keys::SlotFingerprints> DescribeKeys() override {
    if (!account_.reachable) return MakeError(absl::StatusCode::kUnavailable, "CONNECT_FAILED", "no network");
    return account_.slots;
  }
  absl::StatusOr<std::string> Execute(const std::string& statement) override {
    if (!account_.granted) return MakeError(absl::StatusCode::kPermissionDenied, "ROTATION_NOT_GRANTED", "no grant");
    std::string& slot =
        statement.find("RSA_PUBLIC_KEY_2") == std::string::npos ? account_.slots.first : account_.slots.second;
    slot.clear();
    const auto pairs = ring_.List("connections/main");
    if (!pairs.ok()) return pairs.status();
    for (const keys::KeyPairRecord& pair : *pairs) {
      if (statement.find(pair.public_key_line) != std::string::npos) slot = pair.fingerprint;
    }
    return std::string("connections/main");
  }
  absl::StatusOr<keys::LoginProof> ProveLogin(const std::string& key_pair_name) override {
    const auto pair = ring_.Get(key_pair_name);
    if (!pair.ok()) return pair.status();
    if (account_.slots.Find(pair->fingerprint).has_value()) return keys::LoginProof{{}, "user SVC, session 1"};
    return MakeError(absl::StatusCode::kUnauthenticated, "KEY_REFUSED", "refused");
  }

 private:
  Account& account_;
  keys::KeyRing& ring_;
};

class Keys2048 final : public keys::KeyMaker {
 public:
  absl::StatusOr<keys::MadeKey> Make(int) override {
    auto pair = keys::RsaKeyPair::Generate(2048);
    if (!pair.ok()) return pair.status();
    return pair->Made();
  }
};

class RotationKeeperTest : public testing::Test {
 protected:
  RotationKeeperTest() : folder_(MakeFolder()), store_(OpenStore()), ring_(*store_, MakeMaster(), clock_, maker_) {
    v1::Connection connection;
    connection.mutable_snowflake()->set_user("SVC");
    Put(connection, ingest::ResourceChange::Op::kCreate);
    const auto first = ring_.Generate("connections/main", "first");
    EXPECT_TRUE(first.ok()) << first.status();
    account_.slots.first = first->fingerprint;
    EXPECT_TRUE(ring_.LoggedIn(first->name).ok());
    Start();
  }
  ~RotationKeeperTest() override {
    keeper_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::string MakeFolder() {
    std::string pattern = testing::TempDir() + "cdi-keeper-XXXXXX";
    return mkdtemp(pattern.data());
  }
  std::unique_ptr<state::SqliteStore> OpenStore() {
    state::StoreOptions options;
    options.clock = &clock_;
    auto store = state::SqliteStore::Open(folder_ + "/state", options);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  static std::shared_ptr<const keys::MasterKey> MakeMaster() {
    auto key = keys::MasterKey::Generate();
    EXPECT_TRUE(key.ok()) << key.status();
    return std::make_shared<const keys::MasterKey>(*std::move(key));
  }
  void Put(const v1::Connection& connection, ingest::ResourceChange::Op op) {
    ingest::ResourceChange change;
    change.op = op;
    change.name = "connections/main";
    change.document = DocumentOf(connection);
    const auto applied = store_->Apply(change);
    EXPECT_TRUE(applied.ok()) << applied.status();
  }
  // A process that starts.
  void Start() {
    keeper_ = std::make_unique<RotationKeeper>(
        RotationKeeper::Parts{*store_, *store_, ring_, clock_, log_, metrics_}, keys::RotationPolicy{},
        [this](const std::string&, std::stop_token) { return std::make_unique<AccountUser>(account_, ring_); });
  }
  // As the thread goes on: looks, and moves the clock to when it wants to look again; some 200 looks are enough.
  void Pass(std::chrono::nanoseconds time) {
    const MonoTime end = clock_.MonoNow() + time;
    while (clock_.MonoNow() < end) {
      const MonoTime again = std::max(keeper_->LookAround(), clock_.MonoNow() + time / 200);
      clock_.Pass(std::min(again, end) - clock_.MonoNow());
    }
    keeper_->LookAround();
  }
  RotationStep StepOf(const std::string& name) {
    const auto rotation = keeper_->Get(name);
    EXPECT_TRUE(rotation.ok()) << rotation.status();
    return rotation->step;
  }
  keys::RotationRequest Request(keys::RotationMode mode = keys::RotationMode::kAutomatic) {
    keys::RotationRequest request;
    request.connection = "connections/main";
    request.rotation_id = "r1";
    request.user = "SVC";
    request.mode = mode;
    request.bits = 2048;
    request.requested_by = "anonymous";
    return request;
  }
  std::string MustStart(const keys::RotationRequest& request) {
    const auto rotation = keeper_->Start(request);
    EXPECT_TRUE(rotation.ok()) << rotation.status();
    return rotation->name;
  }

  const std::string folder_;
  ManualClock clock_;
  EventLog log_;
  Metrics metrics_{clock_};
  Keys2048 maker_;
  Account account_;
  std::unique_ptr<state::SqliteStore> store_;
  keys::KeyRing ring_;
  std::unique_ptr<RotationKeeper> keeper_;
};

TEST_F(RotationKeeperTest, CarriesARotationThroughItsDrainByItself) {
  const std::string name = MustStart(Request());
  EXPECT_EQ(StepOf(name), RotationStep::kDraining);
  Pass(std::chrono::hours{23});
  EXPECT_EQ(StepOf(name), RotationStep::kDraining);
  Pass(std::chrono::hours{2});
  EXPECT_EQ(StepOf(name), RotationStep::kDone);
  EXPECT_EQ(account_.slots.first, "");
  EXPECT_THAT(log_.events, Contains("rotation_step"));
}

TEST_F(RotationKeeperTest, TheConnectionsOwnDrainCounts) {
  v1::Connection connection;
  connection.mutable_snowflake()->set_user("SVC");
  connection.mutable_rotation()->set_drain_hours(2);
  Put(connection, ingest::ResourceChange::Op::kUpdate);
  const std::string name = MustStart(Request());
  Pass(std::chrono::minutes{119});
  EXPECT_EQ(StepOf(name), RotationStep::kDraining);
  Pass(std::chrono::minutes{2});
  EXPECT_EQ(StepOf(name), RotationStep::kDone);
}

TEST_F(RotationKeeperTest, SeesWhatAnAdministratorRanAndTakesOpenRotationsUpAfterARestart) {
  const std::string name = MustStart(Request(keys::RotationMode::kAssisted));
  EXPECT_EQ(StepOf(name), RotationStep::kRegistering);
  EXPECT_THAT(log_.events, Contains("rotation_waits"));
  const auto waiting = keeper_->Get(name);
  keeper_.reset();
  account_.slots.second = waiting->new_key.fingerprint;  // the statement was run
  Start();
  Pass(std::chrono::seconds{1});
  EXPECT_EQ(StepOf(name), RotationStep::kDraining);
}

TEST_F(RotationKeeperTest, AnUnreachableSnowflakeIsAProblemThatPasses) {
  account_.reachable = false;
  const std::string name = MustStart(Request());
  EXPECT_EQ(StepOf(name), RotationStep::kPlanned);
  Pass(std::chrono::hours{1});
  EXPECT_EQ(StepOf(name), RotationStep::kPlanned);
  EXPECT_EQ(std::count(log_.events.begin(), log_.events.end(), "rotation_problem"), 1);
  account_.reachable = true;
  Pass(std::chrono::minutes{11});
  EXPECT_EQ(StepOf(name), RotationStep::kDraining);
}

TEST_F(RotationKeeperTest, TheScheduleStartsARotationWhenTheKeyIsOldEnough) {
  v1::Connection connection;
  connection.mutable_snowflake()->set_user("SVC");
  connection.mutable_rotation()->set_every_days(30);
  Put(connection, ingest::ResourceChange::Op::kUpdate);
  Pass(std::chrono::hours{29 * 24});
  EXPECT_TRUE(keeper_->List("connections/main")->empty());
  Pass(std::chrono::hours{24} + std::chrono::minutes{5});
  ASSERT_EQ(keeper_->List("connections/main")->size(), 1U);
  const std::string name = "connections/main/rotations/r1";
  EXPECT_EQ(keeper_->Get(name)->requested_by, "schedule");
  EXPECT_EQ(StepOf(name), RotationStep::kDraining);
  Pass(std::chrono::hours{26});
  EXPECT_EQ(StepOf(name), RotationStep::kDone);
  EXPECT_EQ(keeper_->List("connections/main")->size(), 1U);
}

TEST_F(RotationKeeperTest, AnOldKeyIsWarnedOfOnceADay) {
  Pass(std::chrono::hours{24 * 89});
  EXPECT_THAT(log_.events, Not(Contains("key_pair_old")));
  Pass(std::chrono::hours{24 * 3});
  const auto warned = std::count(log_.events.begin(), log_.events.end(), "key_pair_old");
  EXPECT_GE(warned, 2);
  EXPECT_LE(warned, 3);
}

TEST_F(RotationKeeperTest, ARevokedPairTurnsItsRotationAtOnce) {
  const std::string name = MustStart(Request());
  ASSERT_TRUE(ring_.Revoke("connections/main/keyPairs/k-r1").ok());
  keeper_->Wake("connections/main");
  Pass(std::chrono::seconds{5});
  EXPECT_EQ(StepOf(name), RotationStep::kRolledBack);
}

}  // namespace
}  // namespace cdi::server
