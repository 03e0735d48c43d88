#include <condition_variable>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/page_source.h"
#include "warehouse/contract.h"

namespace cdi::ingest {
namespace {

class WarehouseSource final : public PageSource {
 public:
  WarehouseSource(const RunPlan& plan, RunName run, Logger& logger)
      : plan_(plan), run_(std::move(run)), logger_(logger) {}

  absl::StatusOr<Window> Open(const std::optional<Timestamp>& lower, const std::optional<Window>& keep) override {
    CDI_RETURN_IF_ERROR(Connect());
    CDI_ASSIGN_OR_RETURN(
        const warehouse::TableName table,
        warehouse::ParseTableName(plan_.database, plan_.schema, plan_.table, plan_.warehouse->folding()));
    CDI_RETURN_IF_ERROR(session_->CheckContext(table.schema_name()).status());
    CDI_ASSIGN_OR_RETURN(const std::vector<warehouse::ColumnFacts> facts, session_->Describe(table));
    CDI_ASSIGN_OR_RETURN(const warehouse::SourceColumns columns,
                         warehouse::CheckContract(facts, plan_.cursor_column, plan_.kind));
    warehouse::WindowQuery query{.table = table, .columns = columns, .lower = lower, .upper = {}};
    query.cell_bytes_max = plan_.spec.payload_bytes_max;
    Window window;
    if (keep) {
      window = *keep;
      query.upper = window.upper;
    } else {
      CDI_ASSIGN_OR_RETURN(window.warehouse_now, session_->Now());
      window.lower = lower;
      window.upper = window.warehouse_now.Plus(-plan_.spec.commit_lag);
      query.upper = window.upper;
      CDI_ASSIGN_OR_RETURN(const warehouse::WaitingFacts waiting, session_->CountWaiting(query));
      window.rows_after_upper = waiting.rows_after_upper;
      window.first_after_upper = waiting.first_after_upper;
      window.rows_null_cursor = waiting.rows_null_cursor;
    }
    CDI_ASSIGN_OR_RETURN(reader_, session_->OpenWindow(query));
    return window;
  }

  absl::StatusOr<std::shared_ptr<const DecodedPage>> Next() override {
    CDI_ASSIGN_OR_RETURN(std::shared_ptr<const warehouse::Page> page, reader_->Next());
    if (page == nullptr) return std::shared_ptr<const DecodedPage>();
    return DecodePage(std::move(page), plan_.spec);
  }

  void Cancel() override {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    if (session_ != nullptr) session_->Cancel();
  }

 private:
  // A login that fails for a passing reason is tried again twice; everything else ends the run with its cause.
  absl::Status Connect() {
    warehouse::SessionRequest request;
    request.query_tag = absl::StrCat("cdi sync=", plan_.spec.sync.value(), " run=", run_.value());
    request.role = plan_.role;
    request.warehouse = plan_.warehouse_name;
    constexpr int kLoginsMax = 3;
    for (int login = 1;; ++login) {
      auto session = plan_.warehouse->Connect(request, stop_.get_token());
      if (session.ok()) {
        const std::lock_guard lock(mutex_);
        session_ = *std::move(session);
        return absl::OkStatus();
      }
      if (!absl::IsUnavailable(session.status()) || login == kLoginsMax) return session.status();
      logger_.Write(LogLevel::kWarn, "login_failed",
                    {{"run", run_.value()}, {"reason", ErrorReason(session.status())}, {"attempt", login}});
      if (WaitOrStop(std::chrono::seconds{login * login})) return absl::CancelledError("the run was asked to stop");
    }
  }

  // True when a stop came first.
  bool WaitOrStop(std::chrono::milliseconds time) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop_.get_token(), time, [] { return false; });
    return stop_.stop_requested();
  }

  const RunPlan plan_;
  const RunName run_;
  Logger& logger_;
  std::stop_source stop_;
  std::mutex mutex_;  // of session_'s lifetime: Cancel() comes from another thread
  std::unique_ptr<warehouse::Session> session_;
  std::unique_ptr<warehouse::WindowReader> reader_;  // after session_: it must go first
};

}  // namespace

std::unique_ptr<PageSource> MakeWarehouseSource(const RunPlan& plan, const RunName& run, Logger& logger) {
  return std::make_unique<WarehouseSource>(plan, run, logger);
}

}  // namespace cdi::ingest
