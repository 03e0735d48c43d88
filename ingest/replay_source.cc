#include <algorithm>
#include <atomic>
#include <utility>

#include "base/status_macros.h"
#include "ingest/page_source.h"

namespace cdi::ingest {
namespace {

constexpr size_t kRowsPerPage = 500;

class ReplaySource final : public PageSource {
 public:
  ReplaySource(const RunPlan& plan, StateStore& store, std::vector<uint64_t> ids)
      : spec_(plan.spec), store_(store), ids_(std::move(ids)) {}

  absl::StatusOr<Window> Open(const std::optional<Timestamp>&, const std::optional<Window>&) override {
    return Window{};
  }

  absl::StatusOr<std::shared_ptr<const DecodedPage>> Next() override {
    while (next_ < ids_.size()) {
      if (cancelled_) return absl::CancelledError("the run was asked to stop");
      const size_t end = std::min(ids_.size(), next_ + kRowsPerPage);
      const std::vector<uint64_t> wanted(ids_.begin() + static_cast<std::ptrdiff_t>(next_),
                                         ids_.begin() + static_cast<std::ptrdiff_t>(end));
      next_ = end;
      CDI_ASSIGN_OR_RETURN(const std::vector<StoredParkedRow> rows, store_.GetParkedRows(spec_.sync, wanted));
      if (auto page = MakePage(rows); page != nullptr) return page;
    }
    return std::shared_ptr<const DecodedPage>();
  }

  void Cancel() override { cancelled_ = true; }

 private:
  // Rows settled before (by this run, ahead of a crash) or without content are left out.
  std::shared_ptr<const DecodedPage> MakePage(const std::vector<StoredParkedRow>& rows) const {
    warehouse::PageBuilder builder;
    std::vector<uint64_t> ids;
    for (const StoredParkedRow& row : rows) {
      const bool open = row.state == StoredParkedRow::State::kOpen || row.state == StoredParkedRow::State::kReplaying;
      if (!open || row.content_gone || row.oversize_bytes > 0) continue;
      builder.StartRow(row.mark.cursor);
      for (size_t i = 0; i < warehouse::kColumnRoleCount; ++i) {
        if (row.cells[i]) builder.SetCell(static_cast<warehouse::ColumnRole>(i), *row.cells[i]);
      }
      builder.FinishRowAs(row.mark.digest);
      ids.push_back(row.id);
    }
    if (ids.empty()) return nullptr;
    return DecodePage(builder.Build(), spec_, ids);
  }

  const SyncSpec spec_;
  StateStore& store_;
  const std::vector<uint64_t> ids_;
  size_t next_ = 0;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

std::unique_ptr<PageSource> MakeReplaySource(const RunPlan& plan, StateStore& store, std::vector<uint64_t> ids) {
  return std::make_unique<ReplaySource>(plan, store, std::move(ids));
}

}  // namespace cdi::ingest
