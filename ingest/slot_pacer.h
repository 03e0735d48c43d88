// Hands out leave to send: one gate per workspace, shared fairly by the runs that deliver to it.
//
// A run says how many requests it could start; the pacer grants them one by one as the workspace's gate allows, taking
// turns between runs. One thread. All calls are thread-safe and do not block; `grant` is called from the pacer's thread
// without its lock held.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "ingest/sync_spec.h"
#include "ingest/workspace_gate.h"

namespace cdi::ingest {

class SlotPacer {
 public:
  using GrantFn = std::function<void(SlotKind kind)>;
  struct Wish {
    uint32_t fresh = 0;
    uint32_t retry = 0;
  };

  // A run's place at a workspace's gate; leaves when destroyed.
  class Place {
   public:
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    // Replaces the earlier wish.
    void Want(const Wish& wish);
    void GiveBack(SlotKind kind);

   private:
    friend class SlotPacer;
    Place(SlotPacer& pacer, uint64_t id, WorkspaceName workspace)
        : pacer_(pacer), id_(id), workspace_(std::move(workspace)) {}
    SlotPacer& pacer_;
    const uint64_t id_;
    const WorkspaceName workspace_;
  };

  SlotPacer(const Clock& clock, Rng& rng);
  ~SlotPacer();
  SlotPacer(const SlotPacer&) = delete;
  SlotPacer& operator=(const SlotPacer&) = delete;

  // The rate of the newest joiner counts: a changed limit holds from the next run on.
  std::unique_ptr<Place> Join(const WorkspaceName& workspace, const RatePolicy& rate, GrantFn grant);
  // Every reply of the workspace, whichever run it belongs to.
  void OnReport(const WorkspaceName& workspace, const SendReport& report);
  // Forgets what the gate has learned: throttling, failures, a refused key.
  void Forget(const WorkspaceName& workspace);

 private:
  struct Member {
    uint64_t id = 0;
    Wish wish;
    std::shared_ptr<GrantFn> grant;
  };
  struct Gate {
    std::unique_ptr<WorkspaceGate> gate;
    RatePolicy rate;
    std::vector<Member> members;
    size_t turn = 0;  // whose turn it is
  };
  struct Granted {
    std::shared_ptr<GrantFn> grant;
    SlotKind kind;
  };

  void Loop(const std::stop_token& stop);
  // Takes what one gate gives now; returns when to look again.
  MonoTime Collect(Gate& gate, MonoTime now, std::vector<Granted>& granted);
  static bool Wants(const Member& member, SlotKind kind);

  const Clock& clock_;
  Rng& rng_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<WorkspaceName, Gate> gates_;
  uint64_t last_id_ = 0;
  bool dirty_ = false;
  std::jthread thread_;
};

}  // namespace cdi::ingest
