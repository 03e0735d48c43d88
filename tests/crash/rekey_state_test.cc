// The change of the master key over a whole state: nothing forgotten, all or nothing, and a crash leaves one key.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/match.h"
#include "base/fault_point.h"
#include "ingest/state/sqlite_db.h"
#include "ingest/state/store_fixture.h"
#include "keys/rekey.h"
#include "keys/sealed_box.h"

namespace cdi::state {
namespace {

using ingest::SealedSecret;
using keys::MasterKey;

class RekeyStateTest : public StoreTest {
 protected:
  RekeyStateTest() {
    PutSecret("workspaces/a/apiKey", 1, old_);
    PutSecret("workspaces/b/apiKey", 7, old_);
    PutSecret("connections/p/password", 2, old_);
    PutKeyPair("k1", keys::KeyPairState::kActive);
    PutKeyPair("k2", keys::KeyPairState::kRevoked);
  }

  void PutSecret(const std::string& name, uint64_t version, const MasterKey& key) {
    ASSERT_TRUE(store_->PutSecret({name, version, *keys::Seal(key, name, version, Secret("secret of " + name))}).ok());
  }

  void PutKeyPair(const std::string& id, keys::KeyPairState state) {
    keys::KeyPairRecord record;
    record.name = "connections/c/keyPairs/" + id;
    record.state = state;
    record.create_time = At(0);
    if (state != keys::KeyPairState::kRevoked) {
      record.sealed_private_key = *keys::Seal(old_, record.name, record.version, Secret("secret of " + record.name));
    }
    ASSERT_TRUE(store_->PutKeyPairs({{record}}).ok());
  }

  absl::Status ChangeTo(const MasterKey& from, const MasterKey& to) {
    auto rekey = keys::Rekey::Create(from, to);
    if (!rekey.ok()) return rekey.status();
    return store_->ReplaceSealed(
        {.reseal =
             [&](const SealedSecret& secret) { return rekey->Reseal(secret.name, secret.version, secret.sealed); },
         .detail = [&] { return rekey->Summary(); },
         .caller = "tester",
         .verb = "Rekey"});
  }

  // The names of the secrets that `key` opens, their content checked.
  std::set<std::string> OpenedBy(const MasterKey& key) {
    std::set<std::string> names;
    const auto secrets = store_->ListSealed();
    for (const SealedSecret& secret : *secrets) {
      const auto opened = keys::Open(key, secret.name, secret.version, secret.sealed);
      if (!opened.ok()) continue;
      EXPECT_EQ(opened->Expose(), "secret of " + secret.name);
      names.insert(secret.name);
    }
    return names;
  }

  uint64_t AuditLines() {
    ingest::AuditFilter rekeys;
    rekeys.verb = "Rekey";
    return store_->ListAudit(rekeys, "", 100)->items.size();
  }

  const MasterKey old_ = *MasterKey::Generate();
  const MasterKey new_ = *MasterKey::Generate();
  const std::set<std::string> all_ = {"workspaces/a/apiKey", "workspaces/b/apiKey", "connections/p/password",
                                      "connections/c/keyPairs/k1"};
};

TEST_F(RekeyStateTest, ListsEverySecretThatStandsInTheState) {
  EXPECT_EQ(OpenedBy(old_), all_);
  // By the schema: a column that is called sealed is one that the list reads.
  auto database = Database::Open(directory_.state() + "/state.db", {.read_only = true});
  ASSERT_TRUE(database.ok()) << database.status();
  std::set<std::string> columns;
  {
    auto row = database->Prepare(
        "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND c.name LIKE '%sealed%'");
    ASSERT_TRUE(row.ok()) << row.status();
    while (*row->Step()) columns.insert(row->Text(0));
  }
  EXPECT_EQ(columns, (std::set<std::string>{"key_pairs.sealed_private_key", "secrets.sealed"}));
}

TEST_F(RekeyStateTest, MovesAllToTheNewKeyAndLeavesAnAuditLine) {
  const uint64_t lines = AuditLines();
  const absl::Status changed = ChangeTo(old_, new_);
  ASSERT_TRUE(changed.ok()) << changed;
  Reopen();
  EXPECT_EQ(OpenedBy(new_), all_);
  EXPECT_TRUE(OpenedBy(old_).empty());
  const auto audit = store_->ListAudit({}, "", 1)->items;
  ASSERT_EQ(audit.size(), 1U);
  EXPECT_EQ(AuditLines(), lines + 1);
  EXPECT_EQ(audit[0].line.verb, "Rekey");
  EXPECT_EQ(audit[0].line.caller, "tester");
  EXPECT_EQ(audit[0].line.detail, "master key " + old_.Id() + " -> " + new_.Id() + ", 4 secrets");
  EXPECT_TRUE(ChangeTo(old_, new_).ok()) << "again";
  EXPECT_EQ(OpenedBy(new_), all_);
}

TEST_F(RekeyStateTest, OneSecretThatCannotBeOpenedKeepsAllAsTheyAre) {
  const MasterKey third = *MasterKey::Generate();
  PutSecret("workspaces/z/apiKey", 1, third);  // read last of its table
  const uint64_t lines = AuditLines();
  const absl::Status refused = ChangeTo(old_, new_);
  EXPECT_EQ(ErrorReason(refused), "MASTER_KEY_WRONG");
  EXPECT_TRUE(absl::StrContains(refused.message(), "workspaces/z/apiKey")) << refused;
  EXPECT_EQ(OpenedBy(old_), all_);
  EXPECT_TRUE(OpenedBy(new_).empty());
  EXPECT_EQ(AuditLines(), lines);
}

TEST_F(RekeyStateTest, SomeUnderTheNewKeyAlreadyAreNoHindrance) {
  PutSecret("workspaces/a/apiKey", 2, new_);
  ASSERT_TRUE(ChangeTo(old_, new_).ok());
  EXPECT_EQ(OpenedBy(new_), all_);
}

TEST_F(RekeyStateTest, AfterwardsTheOldKeyOpensNothingThatIsLeftInTheFiles) {
  std::vector<std::string> wrapped;  // the data keys under the old master key
  const auto secrets = store_->ListSealed();
  for (const SealedSecret& secret : *secrets) wrapped.push_back(secret.sealed.substr(10, 60));
  ASSERT_TRUE(ChangeTo(old_, new_).ok());
  store_.reset();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.state())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    for (const std::string& key : wrapped) EXPECT_FALSE(absl::StrContains(bytes, key)) << entry.path();
  }
  Reopen();
}

struct CrashPoint {
  const char* name;
  bool moved;
};
class RekeyCrashTest : public RekeyStateTest, public testing::WithParamInterface<CrashPoint> {};

TEST_P(RekeyCrashTest, LeavesAStateOfExactlyOneKey) {
  store_.reset();
  const pid_t child = fork();
  if (child == 0) {
    Reopen();
    ArmFaultPoint(std::string(GetParam().name) + ":1:abort");
    ChangeTo(old_, new_).IgnoreError();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 134) << "the point was not passed";
  Reopen();
  EXPECT_EQ(OpenedBy(old_), GetParam().moved ? std::set<std::string>{} : all_);
  EXPECT_EQ(OpenedBy(new_), GetParam().moved ? all_ : std::set<std::string>{});
  EXPECT_EQ(AuditLines(), GetParam().moved ? 1U : 0U);
  EXPECT_TRUE(ChangeTo(old_, new_).ok()) << "a second attempt ends it";
  EXPECT_EQ(OpenedBy(new_), all_);
}

INSTANTIATE_TEST_SUITE_P(All, RekeyCrashTest,
                         testing::Values(CrashPoint{"rekey_replaced", false}, CrashPoint{"rekey_before_commit", false},
                                         CrashPoint{"state_before_commit", false},
                                         CrashPoint{"state_after_commit", true}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::state
