// Views of what moves rows: syncs, previews, runs, dead rows.
#include <map>

#include "cli/checks_view.h"
#include "cli/concat.h"
#include "cli/facts.h"
#include "cli/names.h"
#include "cli/progress.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

std::string ScheduleText(const v1::Sync& sync) {
  const int32_t minutes = sync.schedule().every_minutes();
  if (minutes == 0) return "manual";
  return minutes == 1 ? "every minute" : Concat("every ", minutes, " minutes");
}

std::string TableText(const v1::Sync& sync) {
  std::string text;
  for (const std::string* part : {&sync.database(), &sync.schema(), &sync.table()}) {
    if (!part->empty()) Append(text, text.empty() ? "" : ".", *part);
  }
  return text;
}

std::string StateText(const v1::Sync& sync) {
  std::string text = v1::Sync::State_Name(sync.state());
  if (sync.test_required()) text += " (test required)";
  return text;
}

std::string YesIf(bool flag) {
  return flag ? "yes" : "";
}

std::string IdentifiersText(const v1::DeadRow& row) {
  const std::map<std::string, std::string> ordered(row.identifiers().begin(), row.identifiers().end());
  std::string text;
  for (const auto& [column, value] : ordered) Append(text, text.empty() ? "" : " ", column, "=", value);
  return text;
}

std::string CellText(const v1::Preview::Cell& cell) {
  if (cell.null()) return "NULL";
  return cell.cut() ? Concat(cell.text(), "…") : cell.text();
}

}  // namespace

void ShowSync(Console& console, const v1::Sync& sync) {
  const std::string lag = sync.has_commit_lag() ? FormatDuration(FromProto(sync.commit_lag())) : "60s (default)";
  const std::string ambiguous = sync.on_ambiguous() == v1::Sync::ON_AMBIGUOUS_UNSPECIFIED
                                    ? (sync.data_type() == v1::Sync::PURCHASES ? "HOLD (default)" : "RESEND (default)")
                                    : v1::Sync::OnAmbiguous_Name(sync.on_ambiguous());
  Facts()
      .Add("name", sync.name())
      .Add("display name", sync.display_name())
      .Add("state", StateText(sync))
      .Add("paused by the service", sync.pause_reason())
      .Add("data type", v1::Sync::DataType_Name(sync.data_type()))
      .Add("connection", ShortName(sync.connection()))
      .Add("workspace", ShortName(sync.workspace()))
      .Add("table", TableText(sync))
      .Add("cursor column", sync.cursor_column().empty() ? "UPDATED_AT (default)" : sync.cursor_column())
      .Add("role", sync.role())
      .Add("warehouse", sync.warehouse())
      .Add("schedule", ScheduleText(sync))
      .Add("commit lag", lag)
      .Add("on ambiguous", ambiguous)
      .Add("update existing only", YesIf(sync.update_existing_only()))
      .Add("strip identifiers", YesIf(sync.strip_identifiers()))
      .AddTime("start from", sync.has_start_from(), sync.start_from())
      .AddTime("watermark", sync.has_watermark(), sync.watermark())
      .AddTime("next run", sync.has_next_run_time(), sync.next_run_time())
      .Add("active run", ShortName(sync.active_run()))
      .Add("last run", ShortName(sync.last_run()))
      .AddTime("created", sync.has_create_time(), sync.create_time())
      .AddTime("updated", sync.has_update_time(), sync.update_time())
      .Add("etag", sync.etag())
      .Print(console);
}

void ShowSyncs(Console& console, const v1::ListSyncsResponse& list) {
  Table table(
      {{"SYNC"}, {"STATE"}, {"DATA TYPE"}, {"TABLE"}, {"WORKSPACE"}, {"SCHEDULE"}, {"WATERMARK"}, {"LAST RUN"}});
  for (const v1::Sync& sync : list.syncs()) {
    table.AddRow({ShortName(sync.name()), StateText(sync), v1::Sync::DataType_Name(sync.data_type()), TableText(sync),
                  ShortName(sync.workspace()), ScheduleText(sync), TimeCell(sync.has_watermark(), sync.watermark()),
                  ShortName(sync.last_run())});
  }
  console.out << (table.empty() ? "no syncs; make one: cdi syncs create --help\n" : table.Render(console.columns))
              << std::flush;
}

void ShowPreview(Console& console, const v1::Preview& preview) {
  if (preview.rows().empty()) {
    console.out << "the table has no rows\n" << std::flush;
    return;
  }
  std::vector<Table::Column> columns;
  for (const v1::Column& column : preview.columns()) columns.push_back({PrintableText(column.name())});
  columns.push_back({"FAULT"});
  const auto fault_at = static_cast<size_t>(preview.columns_size());
  Table table(columns);
  for (const v1::Preview::Row& row : preview.rows()) {
    std::vector<std::string> cells(columns.size());
    for (int i = 0; i < std::min(row.cells_size(), preview.columns_size()); ++i) {
      cells[static_cast<size_t>(i)] = CellText(row.cells(i));
    }
    cells[fault_at] = row.fault();
    table.AddRow(std::move(cells));
  }
  console.out << table.Render(console.columns) << std::flush;
}

void ShowSyncTest(Console& console, const v1::TestSyncResponse& test) {
  ShowChecks(console, test.checks());
  if (test.has_preview()) {
    console.out << "\n";
    ShowPreview(console, test.preview());
    console.out << "\n";
  }
  const v1::TestSyncResponse::Estimate& estimate = test.estimate();
  if (estimate.rows_after_upper() > 0) {
    console.out << CountOf(estimate.rows_after_upper(), "row is", "rows are")
                << " newer than the window of a run now: waiting for commit_lag, or dated in the future\n";
  }
  if (estimate.rows_null_cursor() > 0) {
    console.out << CountOf(estimate.rows_null_cursor(), "row has", "rows have")
                << " no value in the cursor column: never sent\n";
  }
  const std::string verdict = test.passed() ? Green(console, "passed") : Red(console, "did not pass");
  console.out << "the test " << verdict << " (" << FormatDuration(FromProto(test.duration())) << ")" << std::endl;
}

void ShowRun(Console& console, const v1::Run& run, const Timestamp& now) {
  const v1::Run::Window& window = run.window();
  Facts facts;
  facts.Add("name", run.name())
      .Add("state",
           Concat(v1::Run::State_Name(run.state()), run.cancel_requested() && !HasEnded(run) ? " (cancelling)" : ""))
      .Add("trigger", v1::Run::Trigger_Name(run.trigger()))
      .AddTime("created", run.has_create_time(), run.create_time())
      .AddTime("started", run.has_start_time(), run.start_time())
      .AddTime("ended", run.has_end_time(), run.end_time());
  if (run.has_window()) {
    facts.Add("window from", window.has_lower() ? FormatTime(FromProto(window.lower())) : "(the beginning)")
        .AddTime("window to", window.has_upper(), window.upper());
  }
  facts.AddTime("watermark", run.has_watermark(), run.watermark()).Add("sync etag", run.sync_etag()).Print(console);
  console.out << "\n";
  if (HasEnded(run)) {
    console.out << RunSummary(run);
  } else {
    console.out << ProgressLine(run, now) << "\nfollow it: cdi runs watch " << ShortName(run.name()) << "\n";
  }
  console.out << std::flush;
}

void ShowRuns(Console& console, const v1::ListRunsResponse& list) {
  constexpr Table::Align kRight = Table::Align::kRight;
  Table table({{"RUN"},
               {"STATE"},
               {"TRIGGER"},
               {"CREATED"},
               {"TIME", kRight},
               {"READ", kRight},
               {"ACCEPTED", kRight},
               {"REJECTED", kRight},
               {"HELD", kRight},
               {"SKIPPED", kRight},
               {"ERROR"}});
  for (const v1::Run& run : list.runs()) {
    const v1::Run::Counters& sums = run.counters();
    table.AddRow({ShortName(run.name()), v1::Run::State_Name(run.state()), v1::Run::Trigger_Name(run.trigger()),
                  TimeCell(run.has_create_time(), run.create_time()),
                  run.has_end_time() ? FormatElapsed(ElapsedOf(run, {})) : "", FormatCount(sums.rows_fetched()),
                  FormatCount(sums.rows_accepted()), FormatCount(sums.rows_rejected()), FormatCount(sums.rows_held()),
                  FormatCount(sums.rows_skipped()), run.error().message()});
  }
  console.out << (table.empty() ? "no runs\n" : table.Render(console.columns)) << std::flush;
}

void ShowDeadRows(Console& console, const v1::ListDeadRowsResponse& list) {
  Table table({{"ID", Table::Align::kRight},
               {"RUN"},
               {"KIND"},
               {"STATE"},
               {"BY"},
               {"REASON"},
               {"CURSOR"},
               {"USER"},
               {"MESSAGE"},
               {"PAYLOAD"}});
  for (const v1::DeadRow& row : list.dead_rows()) {
    const std::string payload = row.content_gone() ? "(gone from the table)" : row.payload();
    table.AddRow({std::to_string(row.id()), ShortName(row.run()), row.held() ? "held" : "dead", row.state(),
                  row.by_braze() ? "Braze" : "cdi", row.reason(), TimeCell(row.has_cursor(), row.cursor()),
                  IdentifiersText(row), row.message(), row.payload_cut() ? Concat(payload, "…") : payload});
  }
  console.out << (table.empty() ? "no dead or held rows\n" : table.Render(console.columns)) << std::flush;
}

}  // namespace cdi::cli
