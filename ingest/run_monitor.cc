#include "ingest/run_monitor.h"

namespace cdi::ingest {
namespace {

constexpr std::chrono::milliseconds kShowEvery{100};
constexpr std::chrono::seconds kRateOver{5};
// Ended runs are remembered so that their watchers see the change; far more than anybody watches.
constexpr size_t kEntriesMax = 1000;

}  // namespace

bool RunMonitor::Progressed(const RunName& run, const RunProgress& progress) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[run];
  const MonoTime now = clock_.MonoNow();
  entry.progress = progress;
  if (entry.live && now - entry.shown_at < kShowEvery) return false;
  entry.live = true;
  entry.shown_at = now;
  ++entry.change;
  entry.settled.emplace_back(now, progress.sums.fetched() - progress.sums.unfinished);
  while (entry.settled.size() > 2 && now - entry.settled.front().first > kRateOver) entry.settled.pop_front();
  changed_.notify_all();
  return true;
}

void RunMonitor::Ended(const RunName& run) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[run];
  entry.live = false;
  ++entry.change;
  changed_.notify_all();
  for (auto it = entries_.begin(); entries_.size() > kEntriesMax && it != entries_.end();) {
    it = !it->second.live && it->first != run ? entries_.erase(it) : std::next(it);
  }
}

void RunMonitor::Read(const RunName& run, RunSnapshot& snapshot) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(run);
  if (found == entries_.end()) return;
  const Entry& entry = found->second;
  snapshot.change = entry.change;
  if (!entry.live) return;
  snapshot.live = entry.progress;
  const auto& [begin, before] = entry.settled.front();
  const auto& [end, after] = entry.settled.back();
  const double seconds = std::chrono::duration<double>(end - begin).count();
  if (seconds > 0 && after >= before) snapshot.rows_per_second = static_cast<double>(after - before) / seconds;
}

uint64_t RunMonitor::ChangeOf(const RunName& run) const {
  const auto found = entries_.find(run);
  return found == entries_.end() ? 0 : found->second.change;
}

void RunMonitor::WaitForChange(const RunName& run, uint64_t seen, MonoTime deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, SteadyPoint(deadline), [&] { return ChangeOf(run) != seen; });
}

}  // namespace cdi::ingest
