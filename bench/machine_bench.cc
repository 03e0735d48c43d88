// Rows per second of RunMachine::Step alone, with a warehouse, a store and a Braze that answer at once.
//
// machine_bench [million rows]: once with rows of 10 M users, once with a skewed set (half of the rows from 1,000
// users). Only the time inside Step counts. Requests in flight: 192, batches of 75, replies in order after all others
// are out.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <variant>
#include <vector>

#include "base/rng.h"
#include "ingest/run_machine.h"

namespace {

using namespace cdi;
using namespace cdi::ingest;

constexpr size_t kPageRows = 1'000;

struct Crowd {
  const char* name;
  uint64_t users;
  uint64_t hot_users;  // half of all rows belong to them; 0: none
};

std::shared_ptr<const DecodedPage> MakePage(uint64_t first, const Crowd& crowd, Rng& rng) {
  auto page = std::make_shared<DecodedPage>();
  page->rows.resize(kPageRows);
  for (size_t i = 0; i < kPageRows; ++i) {
    DecodedRow& row = page->rows[i];
    const uint64_t number = first + i;
    row.cursor = {.seconds = static_cast<int64_t>(1'700'000'000 + number / 1'000), .nanos = 0};
    row.digest = {.high = number, .low = rng.Next()};
    const bool hot = crowd.hot_users != 0 && rng.Chance(1, 2);
    const uint64_t user = hot ? rng.Below(crowd.hot_users) : crowd.hot_users + rng.Below(crowd.users);
    row.user = {.high = 1, .low = user * 0x9e3779b97f4a7c15ULL};
    row.object_bytes = 200;
  }
  return page;
}

class Bench {
 public:
  Bench(const Crowd& crowd, uint64_t rows) : crowd_(crowd), rows_(rows) {}

  void Run() {
    RunOpened opened;
    opened.spec.sync = SyncName{"syncs/bench"};
    Step(std::move(opened));
    while (!finish_) {
      if (!inputs_.empty()) {
        const Input input = std::move(inputs_.front());
        inputs_.pop_front();
        Step(input);
      } else if (want_.fresh > 0) {
        --want_.fresh;
        Step(SlotGranted{});
      } else if (!sent_.empty()) {
        Step(ReplyArrived{.batch = sent_.front(), .attempt = 1, .report = Accepted()});
        sent_.pop_front();
      } else if (credit_ > 0) {
        --credit_;
        if (fetched_ >= rows_) {
          Step(FetchEnded{});
          continue;
        }
        const auto page = MakePage(fetched_, crowd_, rng_);
        fetched_ += kPageRows;
        Step(PageArrived{page});
      } else {
        std::fprintf(stderr, "the machine waits for nothing\n");
        std::exit(1);
      }
    }
    const double seconds = std::chrono::duration<double>(inside_).count();
    std::printf("%-28s %8.2f M rows/s in Step  (%.3f us a row, %llu batches, %.1f rows each)\n", crowd_.name,
                static_cast<double>(rows_) / seconds / 1e6, seconds / static_cast<double>(rows_) * 1e6,
                static_cast<unsigned long long>(finish_->sums.batches),
                static_cast<double>(finish_->sums.accepted) / static_cast<double>(finish_->sums.batches));
  }

 private:
  static SendReport Accepted() {
    SendReport report;
    report.outcome = SendOutcome::kAccepted;
    return report;
  }

  void Step(const Input& input) {
    const auto before = std::chrono::steady_clock::now();
    const std::vector<Action> actions = machine_.Step(input, MonoTime{++clock_});
    inside_ += std::chrono::steady_clock::now() - before;
    for (const Action& action : actions) {
      std::visit([this](const auto& concrete) { Perform(concrete); }, action);
    }
  }
  void Perform(const OpenWindow&) {
    Window window;
    window.upper = {.seconds = 4'000'000'000, .nanos = 0};
    inputs_.push_back(WindowOpened{window});
  }
  void Perform(const FetchPages& action) { credit_ += action.pages; }
  void Perform(const Append& action) { inputs_.push_back(WriteDurable{action.write}); }
  void Perform(const StartBatch& action) { inputs_.push_back(WriteDurable{action.write}); }
  void Perform(const Send& action) { sent_.push_back(action.batch); }
  void Perform(const WantSlots& action) { want_ = action; }
  void Perform(const ReturnSlot&) {}
  void Perform(const WakeAt&) {}
  void Perform(const Finish& action) { finish_ = action; }

  const Crowd crowd_;
  const uint64_t rows_;
  SeededRng rng_{1};
  RunMachine machine_;
  std::deque<Input> inputs_;
  std::deque<BatchId> sent_;
  WantSlots want_;
  uint64_t credit_ = 0;
  uint64_t fetched_ = 0;
  int64_t clock_ = 0;
  std::chrono::steady_clock::duration inside_{0};
  std::optional<Finish> finish_;
};

}  // namespace

int main(int argc, char** argv) {
  const uint64_t millions = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 5;
  for (const Crowd& crowd : {Crowd{"10 M users", 10'000'000, 0}, Crowd{"half from 1,000 users", 10'000'000, 1'000},
                             Crowd{"half from one user", 10'000'000, 1}}) {
    Bench(crowd, millions * 1'000'000).Run();
  }
  return 0;
}
