// How running runs go, for those who watch: the newest progress, a rate over the last seconds, and a number that rises
// with every visible change. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "ingest/engine.h"
#include "ingest/run_machine.h"

namespace cdi::ingest {

class RunMonitor {
 public:
  explicit RunMonitor(const Clock& clock) : clock_(clock) {}

  // False when it came too soon after the one before to be worth showing (watchers see at most ten changes a second).
  bool Progressed(const RunName& run, const RunProgress& progress);
  // The run left this process: its record in the store is the truth now.
  void Ended(const RunName& run);
  // Fills live progress, rate and change number; leaves `snapshot.run` alone.
  void Read(const RunName& run, RunSnapshot& snapshot) const;
  void WaitForChange(const RunName& run, uint64_t seen, MonoTime deadline);

 private:
  struct Entry {
    RunProgress progress;
    uint64_t change = 0;
    MonoTime shown_at{0};
    bool live = false;
    std::deque<std::pair<MonoTime, uint64_t>> settled;  // rows settled, over the last seconds
  };
  uint64_t ChangeOf(const RunName& run) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<RunName, Entry> entries_;
};

}  // namespace cdi::ingest
