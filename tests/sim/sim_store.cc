#include "tests/sim/sim_store.h"

#include <algorithm>

#include "base/check.h"
#include "tests/sim/invariants.h"

namespace cdi::sim {

using ingest::RowMark;
using ingest::RowVerdict;

uint64_t SimStore::CreateRun() {
  CDI_CHECK(open_run_ == 0 && queue_.empty(), "one run at a time");
  open_run_ = ++last_run_;
  window_.reset();
  own_finished_.clear();
  started_.clear();
  sums_ = {};
  last_batch_ = 0;
  return open_run_;
}

ingest::Progress SimStore::Open() const {
  ingest::Progress progress;
  progress.watermark = watermark_;
  for (const auto& [digest, count] : boundary_) {
    progress.boundary.emplace_back(digest, static_cast<uint32_t>(count));
  }
  progress.ahead = ahead_;
  progress.own_finished = own_finished_;
  for (const auto& [batch, sent] : started_) progress.in_doubt.push_back(sent);
  progress.window = window_;
  progress.sums = sums_;
  progress.last_batch = last_batch_;
  return progress;
}

void SimStore::Queue(uint64_t write, ingest::RunWrite content) {
  queue_.emplace_back(write, std::move(content));
}

std::vector<uint64_t> SimStore::Sync() {
  std::vector<uint64_t> durable;
  while (!queue_.empty()) {
    durable.push_back(queue_.front().first);
    Apply(queue_.front().second);
    queue_.pop_front();
  }
  return durable;
}

void SimStore::Crash(size_t keep) {
  for (; keep > 0 && !queue_.empty(); --keep) {
    Apply(queue_.front().second);
    queue_.pop_front();
  }
  queue_.clear();
}

const std::vector<RowMark>* SimStore::Started(uint64_t batch, int attempt) const {
  const auto found = started_.find(batch);
  return found == started_.end() || found->second.attempt != attempt ? nullptr : &found->second.rows;
}

void SimStore::Apply(const ingest::RunWrite& content) {
  if (content.window) window_ = content.window;
  for (const ingest::SendStarted& sent : content.started) {
    invariants_.OnStarted(sent);
    last_batch_ = std::max(last_batch_, sent.batch.value());
    started_[sent.batch.value()] = {.batch = sent.batch, .attempt = sent.attempt, .rows = sent.rows};
  }
  for (const ingest::SendFinished& finished : content.finished) {
    const std::vector<RowMark>* rows = Started(finished.batch.value(), finished.attempt);
    if (!invariants_.OnFinished(finished, rows)) continue;
    for (size_t i = 0; i < rows->size(); ++i) {
      if (finished.verdicts[i] != RowVerdict::kOpen) own_finished_.push_back((*rows)[i]);
    }
    started_.erase(finished.batch.value());
  }
  for (const ingest::ParkedRow& parked : content.parked) {
    invariants_.OnParked(parked);
    if (parked.kind == ingest::ParkedKind::kDeadLocal) own_finished_.push_back(parked.mark);
  }
  if (content.watermark) {
    const ingest::WatermarkMove& move = *content.watermark;
    invariants_.OnMove(move, watermark_);
    if (move.replace) boundary_.clear();
    for (const auto& [digest, count] : move.finished) boundary_[digest] += count;
    watermark_ = move.to;
    std::erase_if(own_finished_, [&](const RowMark& mark) { return mark.cursor < *watermark_; });
    std::erase_if(ahead_, [&](const RowMark& mark) { return mark.cursor <= *watermark_; });
  }
  sums_ = content.sums;
  if (content.end) {
    ahead_ = content.end->ahead;
    last_end_ = content.end;
    open_run_ = 0;
  }
  invariants_.AfterWrite(content, *this);
}

}  // namespace cdi::sim
