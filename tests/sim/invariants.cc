#include "tests/sim/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cdi::sim {

using ingest::RowMark;
using ingest::RowVerdict;
using ingest::RunState;
using ingest::SendOutcome;

void Invariants::Require(bool condition, std::string_view invariant, std::string_view what) {
  if (condition || !violation_.empty()) return;
  violation_ = absl::StrCat(std::string(invariant), ": ", std::string(what));
}

void Invariants::OnRunCreated() {
  counted_ = {};
  deletions_at_start_ = warehouse_.deletions();
}

void Invariants::OnOpen(const SimStore& store) {
  in_doubt_at_open_ = store.open_requests();
}

void Invariants::OnStarted(const ingest::SendStarted& sent) {
  ++counted_.batches;
  for (const RowMark& row : sent.rows) ++fates_[row.digest].outstanding;
}

bool Invariants::OnFinished(const ingest::SendFinished& finished, const std::vector<RowMark>* rows) {
  Require(rows != nullptr && rows->size() == finished.verdicts.size(), "I3", "an outcome without its recorded start");
  if (rows == nullptr || rows->size() != finished.verdicts.size()) return false;
  for (size_t i = 0; i < rows->size(); ++i) {
    Fate& fate = fates_[(*rows)[i].digest];
    --fate.outstanding;
    if (finished.outcome == SendOutcome::kAmbiguous) ++fate.doubtful;
    switch (finished.verdicts[i]) {
      case RowVerdict::kOpen:
        break;
      case RowVerdict::kAccepted:
        ++fate.taken;
        ++counted_.accepted;
        break;
      case RowVerdict::kUnconfirmed:
        ++fate.taken;
        ++counted_.unconfirmed;
        break;
      case RowVerdict::kRejected:
        ++fate.rejected;
        ++counted_.rejected_braze;
        break;
      case RowVerdict::kHeld:
        ++fate.held;
        ++counted_.held;
        break;
    }
    if (fate.terminals() <= warehouse_.classes().at((*rows)[i].digest).ever) continue;
    Require(false, "I1", absl::StrCat("a row got a second terminal outcome at ", (*rows)[i].cursor.ToString()));
  }
  return true;
}

void Invariants::OnParked(const ingest::ParkedRow& parked) {
  if (parked.kind != ingest::ParkedKind::kDeadLocal) return;
  Fate& fate = fates_[parked.mark.digest];
  ++fate.rejected;
  ++counted_.rejected_local;
  Require(fate.terminals() <= warehouse_.classes().at(parked.mark.digest).ever, "I1", "a row was parked twice");
}

void Invariants::OnMove(const ingest::WatermarkMove& move, const std::optional<Timestamp>& before) {
  Require(move.from == before, "I2", "the watermark moves from where it is");
  Require(!before || move.to >= *before, "I2", "the watermark went back");
  Require(move.replace == (!before || move.to != *before), "I2", "replace means that the value advanced");
  // Everything below the place where it was has been checked before.
  const auto& places = warehouse_.places();
  for (auto place = before ? places.lower_bound(*before) : places.begin();
       place != places.end() && place->first < move.to; ++place) {
    for (const Digest128& digest : place->second) {
      const uint64_t live = warehouse_.classes().at(digest).live;
      if (fates_[digest].terminals() >= live) continue;
      Require(
          false, "I2",
          absl::StrCat("the watermark ", move.to.ToString(), " passed an unfinished row at ", place->first.ToString()));
    }
  }
}

void Invariants::AfterWrite(const ingest::RunWrite& content, const SimStore& store) {
  CheckBoundary(store);
  CheckSums(content, store);
  if (content.end) CheckEnd(content, store);
}

// The boundary is exactly the rows finished at the value of the watermark, whoever finished them.
void Invariants::CheckBoundary(const SimStore& store) {
  if (!store.watermark()) return;
  uint64_t expected = 0;
  const auto place = warehouse_.places().find(*store.watermark());
  Require(place != warehouse_.places().end(), "I2", "the watermark is where no row ever was");
  if (place == warehouse_.places().end()) return;
  for (const Digest128& digest : place->second) {
    const uint64_t terminals = fates_[digest].terminals();
    if (terminals == 0) continue;
    expected += terminals;
    const auto found = store.boundary().find(digest);
    if (found != store.boundary().end() && found->second == terminals) continue;
    Require(false, "I2",
            absl::StrCat("the boundary at ", store.watermark()->ToString(), " does not know a finished row"));
  }
  uint64_t total = 0;
  for (const auto& [digest, count] : store.boundary()) total += count;
  Require(total == expected, "I2",
          absl::StrCat("the boundary has ", total, " rows, ", expected, " are finished there"));
}

void Invariants::CheckSums(const ingest::RunWrite& content, const SimStore&) {
  const ingest::RunSums& said = content.sums;
  const bool equal = said.accepted == counted_.accepted && said.unconfirmed == counted_.unconfirmed &&
                     said.rejected_local == counted_.rejected_local && said.rejected_braze == counted_.rejected_braze &&
                     said.held == counted_.held && said.batches == counted_.batches;
  if (equal) return;
  Require(false, "I15",
          absl::StrCat("the sums of a write differ from the log: accepted ", said.accepted, " and ", counted_.accepted,
                       ", held ", said.held, " and ", counted_.held, ", batches ", said.batches, " and ",
                       counted_.batches));
}

void Invariants::CheckEnd(const ingest::RunWrite& content, const SimStore& store) {
  const bool complete = content.end->state == RunState::kSuccess || content.end->state == RunState::kPartial;
  const ingest::RunSums& sums = content.sums;
  Require(!complete || sums.unfinished == 0, "I15", "a complete run has unfinished rows");
  Require((content.end->state == RunState::kSuccess) ==
              (complete && sums.rejected_local + sums.rejected_braze + sums.held == 0),
          "I15", "SUCCESS means that no row is dead or held");
  if (complete && warehouse_.deletions() == deletions_at_start_) {
    uint64_t in_window = 0;
    for (const auto& [digest, row] : warehouse_.classes()) {
      const bool inside = row.row.cursor <= store.window()->upper &&
                          (!store.window()->lower || row.row.cursor >= *store.window()->lower);
      if (inside) in_window += row.live;
    }
    Require(sums.fetched() == in_window, "I15",
            absl::StrCat("the window has ", in_window, " rows, the sums say ", sums.fetched(), " (skipped ",
                         sums.skipped, ")"));
  }
  std::map<Digest128, uint64_t> ahead;
  for (const RowMark& mark : content.end->ahead) ++ahead[mark.digest];
  for (const auto& [digest, fate] : fates_) {
    const bool above = !store.watermark() || CursorOf(digest) > *store.watermark();
    const uint64_t expected = above ? fate.terminals() : 0;
    const auto found = ahead.find(digest);
    Require((found == ahead.end() ? 0 : found->second) == expected, "I2",
            "the rows finished ahead are not all handed on");
  }
}

void Invariants::OnStartBatch(const ingest::StartBatch& start, const Timestamp& now) {
  const auto& limits = params_.spec.batch;
  uint64_t bytes = ingest::BodyOverheadBytes(params_.spec) + start.rows.size() - 1;
  for (const ingest::RowRef& ref : start.rows) bytes += ref.row().object_bytes;
  Require(!start.rows.empty() && start.rows.size() <= limits.objects_max, "I7", "too many objects in a body");
  Require(bytes <= limits.body_bytes_max, "I7", absl::StrCat("a body of ", bytes, " bytes"));
  if (!params_.real_bodies) return;
  const std::string body = ingest::BuildBody(start.rows, params_.spec);
  Require(body.size() == bytes, "I7", "a body has other bytes than the machine counted");
  const braze_mock::TrackReply reply = model_.Track(body, now);
  Require(reply.status == 201 && reply.objects.size() == start.rows.size(), "I7",
          absl::StrCat("Braze would answer ", reply.status, ": ", reply.body));
  for (const braze_mock::ObjectVerdict& object : reply.objects) {
    Require(object.effect != braze_mock::ObjectVerdict::Effect::kRejected, "I7", object.error);
  }
}

void Invariants::OnSend(const SimStore& store, uint64_t batch, int attempt, const std::vector<RowMark>& rows) {
  const std::vector<RowMark>* recorded = store.Started(batch, attempt);
  Require(recorded != nullptr && *recorded == rows, "I3", "a request without its durable record");
  std::set<Digest128> users;
  for (const RowMark& row : rows) users.insert(row.user);
  for (const auto& [other, others_users] : users_in_flight_) {
    for (const Digest128& user : others_users) {
      Require(!users.contains(user), "I6", "two requests in flight hold one user");
    }
  }
  users_in_flight_[batch].assign(users.begin(), users.end());
}

void Invariants::OnReply(uint64_t batch) {
  users_in_flight_.erase(batch);
}

void Invariants::OnStep(const ingest::RunProgress& progress, const ingest::RunLimits& limits) {
  Require(progress.batches_in_flight <= params_.spec.batch.requests_in_flight_max, "I12",
          "too many requests in flight");
  uint64_t waiting_max = std::max(limits.waiting_rows_max, params_.page_size) + params_.page_size;
  if (params_.spec.on_ambiguous == ingest::OnAmbiguous::kHold) {
    // Rows in doubt are read again whatever waits: as far as the batches of the dead process reached.
    waiting_max += limits.ahead_rows_max + params_.spec.batch.objects_max * params_.spec.batch.requests_in_flight_max;
  }
  if (progress.rows_waiting > waiting_max) Require(false, "I12", absl::StrCat(progress.rows_waiting, " rows wait"));
}

void Invariants::OnFinish(const ingest::Finish& finish, const SimStore& store) {
  // An end leaves nothing in doubt; a clean stop nothing that an earlier crash has not left.
  Require(finish.left_open || store.open_requests() == 0, "I3", "a run ended with a request without an outcome");
  Require(finish.error.reason != "SHUTDOWN" || store.open_requests() <= in_doubt_at_open_, "I3",
          "a clean stop left a request without an outcome");
  if (finish.left_open) return;
  Require(!store.HasOpenRun(), "I15", "a run that is over has no durable end");
  Require(finish.sums == store.sums(), "I15", "the run's last words differ from its record");
  Require(store.last_end() && store.last_end()->state == finish.state, "I15",
          "the run's state differs from its record");
}

void Invariants::OnLedger(const std::vector<LedgerEntry>& ledger) {
  for (; ledger_seen_ < ledger.size(); ++ledger_seen_) {
    const LedgerEntry& entry = ledger[ledger_seen_];
    Fate& fate = fates_[entry.digest];
    ++fate.ledger;
    const RowClass& row = warehouse_.classes().at(entry.digest);
    if (fate.ledger > fate.taken + fate.doubtful + fate.outstanding) {
      Require(false, "I4", absl::StrCat("Braze took a row ", fate.ledger, " times"));
    }
    if (params_.spec.on_ambiguous == ingest::OnAmbiguous::kHold) {
      Require(fate.ledger <= row.ever, "I5", "a row to be held was delivered twice");
    }
    if (fate.ledger > 1 || entry.late) continue;
    auto& newest = newest_first_.try_emplace(entry.user, entry.cursor).first->second;
    if (entry.cursor < newest)
      Require(false, "I6",
              absl::StrCat("a user's row of ", entry.cursor.ToString(), " came after one of ", newest.ToString()));
    newest = std::max(newest, entry.cursor);
  }
}

void Invariants::AtRest(const SimStore& store) {
  const Timestamp upper = store.window()->upper;
  for (const auto& [digest, row] : warehouse_.classes()) {
    if (row.row.cursor > upper) continue;
    const Fate& fate = fates_[digest];
    Require(fate.terminals() >= row.live && fate.terminals() <= row.ever, "I1",
            absl::StrCat("of ", row.live, " equal rows at ", row.row.cursor.ToString(), " ", fate.terminals(),
                         " have an outcome"));
    Require(fate.ledger >= fate.taken, "I1", "a row recorded as taken is not in the ledger");
    Require(fate.ledger <= fate.taken + fate.doubtful, "I4", "the ledger has more than the log explains");
  }
}

}  // namespace cdi::sim
