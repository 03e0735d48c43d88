// What surrounds the rotator in the simulator: its clock, its store, its Snowflake user, the logins of syncs. All of it
// counts the moments at which the process may die.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/manual_clock.h"
#include "base/rng.h"
#include "keys/fake_key_store.h"
#include "keys/fake_rotation_store.h"
#include "keys/key_ring.h"
#include "keys/rotator.h"
#include "tests/sim/fake_snowflake_user.h"

namespace cdi::sim {

// The process dies here: thrown through the code under test, which is destroyed as a whole.
struct Crash {};

// Chances in 1000, drawn per world; many are zero in many worlds.
struct RotationFaults {
  uint64_t crash = 0;        // at each moment before or after an effect
  uint64_t write_fails = 0;  // of the store
  uint64_t describe_fails = 0;
  uint64_t reply_lost = 0;   // of ALTER USER; run, run later, or not, evenly
  uint64_t login_fails = 0;  // of the proof, for a passing reason
  uint64_t stranger = 0;     // somebody changes a slot, before a DESC USER
  uint64_t attack = 0;       // of those: one that holds a key of ours, where another one is left
  uint64_t interrupt = 0;    // an operator's call during a step
};

class RotationOutside {
 public:
  explicit RotationOutside(uint64_t seed) : rng(seed), maker(rng) {}

  // ---- time, and the logins that go on in it
  void Pass(std::chrono::seconds amount);
  // No process of ours is there: no logins, but Snowflake goes on.
  void Stand(std::chrono::seconds amount);
  void MaybeCrash();
  void ForgetRuns() {
    runs_.clear();
    order_known_ = false;
  }
  // Logins under way may fail for a reason that no rotation can help.
  void ExcuseRuns();

  // ---- the outer world
  // A statement of ours, whoever runs it.
  void ApplyStatement(const std::string& statement, const std::string& who);
  // One whose answer nobody hears: Snowflake runs it within `kStatementMax`.
  void RunLater(const std::string& statement);
  bool late_pending() const { return !late_.empty(); }
  void StrangerActs();
  std::vector<keys::KeyPairRecord> Pairs() { return *key_store.ListKeyPairs("connections/c"); }
  bool IsLiveOurs(const std::string& fingerprint) const { return live_.contains(fingerprint); }
  void NotePairs(std::span<const keys::KeyPairRecord> records);
  void CheckContinuity(const std::string& after);

  void Violate(const std::string& what);
  void Note(const std::string& what);
  void Hit(const std::string& what) { ++hits[what]; }

  SeededRng rng;
  FakeKeyMaker maker;
  ManualClock clock;
  keys::FakeKeyStore key_store;
  keys::FakeRotationStore rotation_store;
  FakeSnowflakeUser user;
  RotationFaults faults;
  bool statement_under_way = false;
  std::chrono::seconds run_period{300};
  bool settled = false;             // the first pair is in use: I11 must hold from now on
  keys::KeyRing* ring = nullptr;    // of the process that is alive
  std::function<void()> interrupt;  // an operator's call
  std::set<std::string> proved;     // fingerprints that a login succeeded with
  std::set<std::string> attacked;   // keys of ours that strangers removed
  std::string violation;
  std::map<std::string, uint64_t> hits;
  std::vector<std::string> trace;

 private:
  struct Run {
    std::vector<std::pair<std::string, std::string>> keys;  // name, fingerprint: what it read at its beginning
    size_t tried = 0;
    MonoTime next{0};
    bool excused = false;
  };
  void StartRun();
  bool TryRun(Run& run);  // true: it is over
  void RunLate(MonoTime until);
  std::string Foreign();

  std::set<std::string> live_;  // fingerprints of pairs whose private half is here
  std::set<std::string> ours_;  // of all pairs there ever were
  std::string active_;
  std::vector<std::pair<std::string, std::string>> order_;  // the ring's answer, until a pair changes
  bool order_known_ = false;
  std::vector<Run> runs_;
  std::multimap<MonoTime, std::string> late_;
  MonoTime next_run_{0};
  uint64_t foreign_count_ = 0;
};

// The store of one process, with its deaths and its failures.
class SimKeyStore final : public keys::KeyStore, public keys::RotationStore {
 public:
  explicit SimKeyStore(RotationOutside& outside) : outside_(outside) {}

  absl::Status PutKeyPairs(std::span<const keys::KeyPairRecord> records) override;
  absl::StatusOr<keys::KeyPairRecord> GetKeyPair(std::string_view name) override {
    return outside_.key_store.GetKeyPair(name);
  }
  absl::StatusOr<std::vector<keys::KeyPairRecord>> ListKeyPairs(std::string_view connection) override {
    return outside_.key_store.ListKeyPairs(connection);
  }
  absl::Status DeleteKeyPair(std::string_view name) override { return outside_.key_store.DeleteKeyPair(name); }

  absl::Status PutRotation(const keys::RotationRecord& record, std::string_view actor) override;
  absl::StatusOr<keys::RotationRecord> GetRotation(std::string_view name) override {
    return outside_.rotation_store.GetRotation(name);
  }
  absl::StatusOr<std::vector<keys::RotationRecord>> ListRotations(std::string_view connection) override {
    return outside_.rotation_store.ListRotations(connection);
  }
  absl::StatusOr<std::vector<keys::RotationRecord>> ListOpenRotations() override {
    return outside_.rotation_store.ListOpenRotations();
  }

 private:
  absl::Status Write(const std::function<absl::Status()>& write, const std::string& what);
  RotationOutside& outside_;
};

// The user as one process reaches it.
class SimUser final : public keys::SnowflakeUser {
 public:
  explicit SimUser(RotationOutside& outside) : outside_(outside) {}
  absl::StatusOr<keys::SlotFingerprints> DescribeKeys() override;
  absl::StatusOr<std::string> Execute(const std::string& statement) override;
  absl::StatusOr<keys::LoginProof> ProveLogin(const std::string& key_pair_name) override;

 private:
  absl::Status OpenSession();
  void Take(uint64_t seconds_max);
  RotationOutside& outside_;
};

inline constexpr std::string_view kSimConnection = "connections/c";
// RotationPolicy::statement_max.
inline constexpr std::chrono::seconds kStatementMax{60};
// Between reading the keys and the last login with them; what RotationPolicy::login_max promises.
inline constexpr std::chrono::seconds kLoginMax{120};

}  // namespace cdi::sim
