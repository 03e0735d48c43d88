#include "ingest/state/run_log_checker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "ingest/state/run_fold.h"

namespace cdi::state {

using ingest::RowMark;
using ingest::RowVerdict;
using ingest::RunState;
using ingest::RunSums;
using ingest::SendFinished;
using ingest::SendOutcome;
using ingest::SendStarted;

namespace {

// Braze takes no larger body on any of its endpoints.
constexpr uint32_t kObjectsMaxAnywhere = 1'000;

std::string Shown(const std::optional<Timestamp>& time) {
  return time ? time->ToString() : "nothing";
}

std::string Shown(uint64_t batch, int attempt) {
  return absl::StrCat("batch ", batch, " attempt ", attempt);
}

}  // namespace

RunLogChecker::RunLogChecker(int64_t id, const ingest::Run& run, const std::optional<ingest::SyncSpec>& spec,
                             SyncThread& thread, std::vector<Violation>& violations)
    : id_(id),
      run_(run),
      spec_(spec),
      replay_(run.trigger == ingest::RunTrigger::kReplay),
      thread_(thread),
      violations_(violations),
      chain_(ChainStart(run.name.value())) {}

void RunLogChecker::Fail(std::string_view invariant, std::string text) {
  violations_.push_back({std::string(invariant), run_.name.value(), sequence_, std::move(text)});
}

void RunLogChecker::Add(const LogEntry& entry) {
  if (entry.sequence != sequence_ + 1) {
    Fail("LOG", absl::StrCat("entry ", sequence_ + 1, " is missing: ", entry.sequence, " follows ", sequence_));
  }
  sequence_ = entry.sequence;
  chain_ = ChainNext(chain_, static_cast<uint64_t>(id_), entry);
  if (chain_ != entry.chain) {
    Fail("LOG", "the entry does not continue the chain of hashes: it, or one before it, was changed");
    chain_ = entry.chain;
  }
  if (end_) Fail("I8", "the log goes on after the end of the run");
  if (entry.kind == LogKind::kOpened) {
    const absl::StatusOr<OpenedBody> body = DecodeOpened(entry.body);
    if (body.ok()) {
      AddOpened(entry, *body);
    } else {
      Fail("LOG", "the opening cannot be read");
    }
    return;
  }
  const absl::StatusOr<WriteBody> body = DecodeWrite(entry.body);
  if (!body.ok()) {
    Fail("LOG", "the entry cannot be read");
    return;
  }
  const bool by_store = body->end && body->end->by_store;
  if (!by_store && (!opened_ || entry.epoch != epoch_)) {
    Fail("I8", absl::StrCat("written under epoch ", entry.epoch, " while ", opened_ ? epoch_ : 0,
                            " held the lease: a writer that had been fenced out"));
  }
  thread_.epoch = std::max(thread_.epoch, entry.epoch);
  AddWrite(*body);
}

void RunLogChecker::AddOpened(const LogEntry& entry, const OpenedBody& body) {
  if (entry.epoch <= thread_.epoch) {
    Fail("I8", absl::StrCat("the lease was taken with epoch ", entry.epoch, ", not above ", thread_.epoch));
  }
  epoch_ = entry.epoch;
  thread_.epoch = std::max(thread_.epoch, entry.epoch);
  if (opened_ && body.config_sha256 != config_sha256_) {
    Fail("I16", "the run was taken up again with another configuration than it began with");
  }
  if (body.config_version != run_.config_version) {
    Fail("I16", absl::StrCat("opened with version ", body.config_version, " of the configuration, recorded with ",
                             run_.config_version));
  }
  if (!opened_ && !run_.config.empty() && body.config_sha256 != Sha256(run_.config)) {
    Fail("I16", "the stored configuration is not the one that the run was opened with");
  }
  config_sha256_ = body.config_sha256;
  opened_ = true;
  if (thread_.watermark_known && body.watermark != thread_.watermark) {
    Fail("I2", absl::StrCat("the run was opened at watermark ", Shown(body.watermark), ", but the log left it at ",
                            Shown(thread_.watermark), " and no audited rewind lies between"));
  }
  thread_.watermark = body.watermark;
  thread_.watermark_known = true;
  // Whoever held it before is gone: nobody knows about what was in flight, and open rows will be read again.
  for (auto& [key, rows] : in_flight_) thread_.doubt.push_back({key.first, key.second, std::move(rows)});
  in_flight_.clear();
  users_.clear();
  open_.clear();
}

void RunLogChecker::AddWrite(const WriteBody& body) {
  if (body.window) {
    if (replay_) Fail("I2", "a replay opened a window");
    if (window_ && (body.window->lower != window_->lower || body.window->upper != window_->upper)) {
      Fail("I2", "the frozen window of the run was changed");
    } else if (!window_ && body.window->lower != thread_.watermark) {
      Fail("I2", absl::StrCat("the window begins at ", Shown(body.window->lower), ", the watermark is ",
                              Shown(thread_.watermark)));
    }
    window_ = body.window;
  }
  std::vector<RowMark> refused;
  for (const SendFinished& finished : body.finished) AddFinished(finished, refused);
  for (const SendStarted& started : body.started) AddStarted(started);
  AddParked(body, std::move(refused));
  if (body.watermark) AddMove(*body.watermark);
  AddSums(body.sums);
  if (body.end) AddEnd(body);
}

void RunLogChecker::AddStarted(const SendStarted& started) {
  const Key key{started.batch.value(), started.attempt};
  ++batches_;
  ++counted_.batches;
  rows_sent_ += started.rows.size();
  const std::string name = Shown(key.first, key.second);
  if (in_flight_.contains(key) || settled_.contains(key)) Fail("I3", absl::StrCat(name, " was started twice"));
  if (started.attempt > 1) {
    if (!settled_.contains({key.first, key.second - 1})) {
      Fail("I4", absl::StrCat(name, " was started while the attempt before it had no outcome"));
    }
  } else if (key.first <= last_batch_) {
    Fail("I3", absl::StrCat(name, " was started after batch ", last_batch_));
  }
  last_batch_ = std::max(last_batch_, key.first);
  const uint32_t objects_max = spec_ ? spec_->batch.objects_max : kObjectsMaxAnywhere;
  if (started.rows.empty() || started.rows.size() > objects_max) {
    Fail("I7", absl::StrCat(name, " has ", started.rows.size(), " objects, allowed are 1 to ", objects_max));
  }
  bool user_shared = false;  // said once for a batch
  for (const RowMark& row : started.rows) {
    if (!replay_ && thread_.watermark && row.cursor < *thread_.watermark) {
      Fail("I2", absl::StrCat(name, " sends a row at ", row.cursor.ToString(), ", below the watermark ",
                              Shown(thread_.watermark), ": the watermark had passed it unsent, or it was sent before"));
    }
    if (!replay_ && window_ && row.cursor > window_->upper) {
      Fail("I2", absl::StrCat(name, " sends a row at ", row.cursor.ToString(), ", beyond the window's end ",
                              window_->upper.ToString()));
    }
    const auto open = open_.find({row.cursor, row.digest});
    if (open != open_.end()) {
      if (--open->second == 0) open_.erase(open);
    } else if (started.attempt > 1) {
      Fail("I4", absl::StrCat(name, " repeats a row that has a terminal outcome already"));
    }
    if (row.user == Digest128{}) continue;
    const auto [user, fresh] = users_.emplace(row.user, key.first);
    if (!fresh && user->second != key.first && !user_shared) {
      user_shared = true;
      Fail("I6", absl::StrCat(name, " has a user of batch ", user->second, ", which is still in flight"));
    }
  }
  in_flight_[key] = started.rows;
}

void RunLogChecker::AddFinished(const SendFinished& finished, std::vector<RowMark>& refused) {
  const Key key{finished.batch.value(), finished.attempt};
  const std::string name = Shown(key.first, key.second);
  if (const auto flying = in_flight_.find(key); flying != in_flight_.end()) {
    if (flying->second.size() != finished.verdicts.size()) {
      Fail("I1",
           absl::StrCat(name, " has ", finished.verdicts.size(), " verdicts for ", flying->second.size(), " rows"));
    }
    Rule(flying->second, finished, false, refused);
    for (const RowMark& row : flying->second) users_.erase(row.user);
    in_flight_.erase(flying);
    settled_.insert(key);
    // Enough to recognise a record that comes twice.
    while (settled_.size() > 10'000) settled_.erase(settled_.begin());
    return;
  }
  const auto doubt = std::ranges::find_if(thread_.doubt, [&](const SyncThread::Doubt& d) {
    return d.batch == key.first && d.attempt == key.second && d.rows.size() == finished.verdicts.size();
  });
  if (doubt == thread_.doubt.end()) {
    Fail("I3", absl::StrCat(
                   name, settled_.contains(key) ? " has a second outcome" : " has an outcome but was never started"));
    return;
  }
  Rule(doubt->rows, finished, true, refused);
  settled_.insert(key);
  thread_.doubt.erase(doubt);
}

void RunLogChecker::Rule(const std::vector<RowMark>& rows, const SendFinished& finished, bool after_crash,
                         std::vector<RowMark>& refused) {
  const std::string name = Shown(finished.batch.value(), finished.attempt);
  const bool taken =
      finished.outcome == SendOutcome::kAccepted || finished.outcome == SendOutcome::kAcceptedUnconfirmed;
  const bool unknown = finished.outcome == SendOutcome::kAmbiguous;
  bool left_open = false;
  for (size_t i = 0; i < std::min(rows.size(), finished.verdicts.size()); ++i) {
    switch (finished.verdicts[i]) {
      case RowVerdict::kOpen:
        left_open = true;
        // After a crash the rows are read again, or are gone from the table: they hold nothing up by themselves.
        if (!after_crash) ++open_[{rows[i].cursor, rows[i].digest}];
        continue;
      case RowVerdict::kAccepted:
        ++counted_.accepted;
        break;
      case RowVerdict::kUnconfirmed:
        ++counted_.unconfirmed;
        break;
      case RowVerdict::kRejected:
        ++counted_.rejected_braze;
        refused.push_back(rows[i]);
        break;
      case RowVerdict::kHeld:
        ++counted_.held;
        ++held_;
        refused.push_back(rows[i]);
        break;
    }
    NoteFinished(rows[i]);
  }
  if (taken && left_open) {
    Fail("I4", absl::StrCat(name, " was taken by Braze, yet rows of it stay open and would be sent again"));
  }
  if (unknown && left_open) {
    ++ambiguous_left_open_;
    if (spec_ && spec_->on_ambiguous == ingest::OnAmbiguous::kHold) {
      Fail("I5", absl::StrCat(name, " is ambiguous and its rows stay open, but this sync holds such rows"));
    }
  }
}

void RunLogChecker::AddParked(const WriteBody& body, std::vector<RowMark> refused) {
  for (const LoggedParked& row : body.parked) {
    parked_ids_.push_back(row.id);
    if (!replay_ && thread_.watermark && row.mark.cursor < *thread_.watermark &&
        row.kind == ingest::ParkedKind::kDeadLocal) {
      Fail("I2", absl::StrCat("row ", row.id, " was refused at ", row.mark.cursor.ToString(), ", below the watermark ",
                              Shown(thread_.watermark), " that had passed it"));
    }
  }
  // Every refused or held row of a batch must be parked in the same entry.
  std::vector<RowMark> parked;
  for (const LoggedParked& row : body.parked) parked.push_back(row.mark);
  size_t lost = 0;
  for (const RowMark& mark : refused) {
    const auto same = std::ranges::find_if(
        parked, [&](const RowMark& row) { return row.cursor == mark.cursor && row.digest == mark.digest; });
    if (same == parked.end()) {
      ++lost;
    } else {
      *same = parked.back();
      parked.pop_back();
    }
  }
  if (lost > 0) Fail("I1", absl::StrCat(lost, " rows were refused or held, but not parked: they are lost"));
  // What is left was finished by being parked.
  for (const LoggedParked& row : body.parked) {
    const auto unruled = std::ranges::find(parked, row.mark);
    if (unruled == parked.end()) continue;
    parked.erase(unruled);
    (row.kind == ingest::ParkedKind::kHeld ? counted_.held : counted_.rejected_local) += 1;
    NoteFinished(row.mark);
  }
}

void RunLogChecker::NoteFinished(const RowMark& mark) {
  if (replay_ || (thread_.watermark && mark.cursor < *thread_.watermark)) return;
  ++finished_at_or_above_[{mark.cursor, mark.digest}];
}

void RunLogChecker::AddMove(const ingest::WatermarkMove& move) {
  if (replay_) Fail("I2", "a replay moved the watermark");
  if (move.from != thread_.watermark) {
    Fail("I2", absl::StrCat("the watermark moved from ", Shown(move.from), ", but it was ", Shown(thread_.watermark)));
  }
  if (thread_.watermark && move.to < *thread_.watermark) {
    Fail("I2", absl::StrCat("the watermark went back from ", Shown(thread_.watermark), " to ", move.to.ToString()));
  }
  if (window_ && move.to > window_->upper) {
    Fail("I2", absl::StrCat("the watermark moved to ", move.to.ToString(), ", beyond the window's end ",
                            window_->upper.ToString()));
  }
  uint64_t passed = 0;
  for (const auto& [place, count] : open_) passed += place.first < move.to ? count : 0;
  for (const auto& [key, rows] : in_flight_) {
    for (const RowMark& row : rows) passed += row.cursor < move.to ? 1 : 0;
  }
  if (passed > 0) {
    Fail("I2", absl::StrCat("the watermark moved to ", move.to.ToString(), " past ", passed,
                            " rows that have no terminal outcome"));
  }
  if (move.replace) boundary_.clear();
  for (const auto& [digest, count] : move.finished) boundary_[digest] += count;
  thread_.watermark = move.to;
  finished_at_or_above_.erase(finished_at_or_above_.begin(), finished_at_or_above_.lower_bound({move.to, Digest128{}}));
  for (auto row = finished_at_or_above_.begin(); row != finished_at_or_above_.end() && row->first.first == move.to;
       ++row) {
    const auto known = boundary_.find(row->first.second);
    if (known != boundary_.end() && known->second >= row->second) continue;
    Fail("I2", absl::StrCat("the boundary at ", move.to.ToString(),
                            " lacks a row that this run finished there: it would be sent again"));
    break;
  }
}

void RunLogChecker::AddSums(const RunSums& sums) {
  const auto fell = [&](uint64_t before, uint64_t now) { return now < before; };
  if (fell(sums_.accepted, sums.accepted) || fell(sums_.unconfirmed, sums.unconfirmed) ||
      fell(sums_.rejected_local, sums.rejected_local) || fell(sums_.rejected_braze, sums.rejected_braze) ||
      fell(sums_.held, sums.held) || fell(sums_.batches, sums.batches)) {
    Fail("I15", "a total of the run became smaller");
  }
  sums_ = sums;
}

void RunLogChecker::AddEnd(const WriteBody& body) {
  end_ = body.end;
  struct Sum {
    const char* name;
    uint64_t stored;
    uint64_t counted;
  };
  for (const Sum& sum :
       {Sum{"accepted", sums_.accepted, counted_.accepted}, Sum{"unconfirmed", sums_.unconfirmed, counted_.unconfirmed},
        Sum{"rejected before sending", sums_.rejected_local, counted_.rejected_local},
        Sum{"rejected by Braze", sums_.rejected_braze, counted_.rejected_braze}, Sum{"held", sums_.held, counted_.held},
        Sum{"batches", sums_.batches, counted_.batches}}) {
    if (sum.stored != sum.counted) {
      Fail("I15", absl::StrCat("the run says ", sum.stored, " ", sum.name, ", the log has ", sum.counted));
    }
  }
  if (!ingest::IsTerminal(body.end->state)) Fail("I1", "the run ended in a state that is no end");
  const bool complete = body.end->state == RunState::kSuccess || body.end->state == RunState::kPartial;
  if (!complete) return;
  uint64_t open = 0;
  for (const auto& [place, count] : open_) open += count;
  for (const auto& [key, rows] : in_flight_) open += rows.size();
  for (const SyncThread::Doubt& doubt : thread_.doubt) open += replay_ ? 0 : doubt.rows.size();
  if (open > 0) {
    Fail("I1", absl::StrCat("the run ended as ", std::string(ingest::RunStateName(body.end->state)), ", but ", open,
                            " rows that were sent have no terminal outcome"));
  }
  if (sums_.unfinished != 0) {
    Fail("I15", absl::StrCat("a complete run says that ", sums_.unfinished, " rows are unfinished"));
  }
  const uint64_t parked = sums_.rejected_local + sums_.rejected_braze + sums_.held;
  if (body.end->state == RunState::kSuccess && parked > 0) {
    Fail("I15", absl::StrCat("the run ended as SUCCESS with ", parked, " dead or held rows"));
  }
}

void RunLogChecker::Finish() {
  if (held_ > 0 && ambiguous_left_open_ > 0 && !spec_) {
    sequence_ = 0;
    Fail("I5", absl::StrCat("the run holds ambiguous rows, yet left those of ", ambiguous_left_open_,
                            " ambiguous batches open to be sent again"));
  }
  if (end_) {
    // Nobody holds it any more: what it left in flight is in doubt for the next run; rows of a replay stay parked.
    if (replay_) {
      std::erase_if(thread_.doubt,
                    [](const SyncThread::Doubt& doubt) { return !doubt.rows.empty() && doubt.rows[0].parked_id != 0; });
    } else {
      for (auto& [key, rows] : in_flight_) thread_.doubt.push_back({key.first, key.second, std::move(rows)});
    }
    if (ingest::IsTerminal(run_.state) && end_->state != run_.state) {
      Fail("LOG", absl::StrCat("the log ends as ", std::string(ingest::RunStateName(end_->state)),
                               ", the run is listed as ", std::string(ingest::RunStateName(run_.state))));
    }
  } else if (ingest::IsTerminal(run_.state)) {
    Fail("LOG", "the run is listed as ended, but its log has no end");
  }
  if (sums_ != run_.sums) Fail("I15", "the sums of the run are not those of its log");
}

}  // namespace cdi::state
