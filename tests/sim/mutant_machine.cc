#include "tests/sim/mutant_machine.h"

#include <utility>

namespace cdi::sim {

using namespace cdi::ingest;

std::vector<Action> MutantMachine::Step(Input input, MonoTime now) {
  if (mutation_ == Mutation::kNone) return machine_.Step(input, now);
  Spoil(input);
  return Spoil(machine_.Step(input, now));
}

void MutantMachine::Spoil(Input& input) {
  if (auto* page = std::get_if<PageArrived>(&input)) {
    for (const DecodedRow& row : page->page->rows) cursors_.insert(row.cursor);
  }
  auto* opened = std::get_if<RunOpened>(&input);
  if (opened == nullptr) return;
  Progress& progress = opened->progress;
  if (mutation_ == Mutation::kForgetAhead) {
    progress.ahead.clear();
    std::erase_if(progress.own_finished,
                  [&](const RowMark& mark) { return !progress.watermark || mark.cursor > *progress.watermark; });
  }
  if (mutation_ == Mutation::kDigestsAsSet) {
    for (auto& [digest, count] : progress.boundary) count += 1'000;
  }
  if (mutation_ == Mutation::kBoundaryForgotten) {
    progress.boundary.clear();
    std::erase_if(progress.own_finished,
                  [&](const RowMark& mark) { return progress.watermark && mark.cursor == *progress.watermark; });
  }
}

std::vector<Action> MutantMachine::Spoil(std::vector<Action> actions) {
  std::vector<Action> spoiled;
  for (Action& action : actions) {
    if (mutation_ == Mutation::kSendBeforeRecord && std::holds_alternative<Send>(action)) continue;
    if (auto* append = std::get_if<Append>(&action); append != nullptr && append->content.watermark) {
      WatermarkMove& move = *append->content.watermark;
      const auto next = cursors_.upper_bound(move.to);
      if (mutation_ == Mutation::kWatermarkOneTooFar && move.replace && next != cursors_.end()) {
        move.to = *next;
        move.finished.clear();
      }
    }
    const auto* start = std::get_if<StartBatch>(&action);
    const bool too_early = mutation_ == Mutation::kSendBeforeRecord && start != nullptr;
    const Send send{.batch = start != nullptr ? start->batch : BatchId{},
                    .attempt = start != nullptr ? start->attempt : 1};
    spoiled.push_back(std::move(action));
    if (too_early) spoiled.emplace_back(send);
  }
  return spoiled;
}

}  // namespace cdi::sim
