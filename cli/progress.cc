#include "cli/progress.h"

#include <cmath>
#include <string_view>

#include "cli/concat.h"
#include "cli/error_report.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/values.h"

namespace cdi::cli {
namespace {

using v1::Run;

int64_t SettledRows(const Run::Counters& sums) {
  return sums.rows_accepted() + sums.rows_unconfirmed() + sums.rows_rejected() + sums.rows_held() + sums.rows_skipped();
}

std::string_view StateWord(const Run& run) {
  if (run.state() == Run::RUNNING) return run.cancel_requested() ? "cancelling" : "running";
  return run.state() == Run::PENDING ? "pending" : "ended";
}

std::string SumsTable(const Run& run) {
  const Run::Counters& sums = run.counters();
  Table table({{""}, {""}, {"", Table::Align::kRight}, {""}});
  const auto add = [&](std::string label, int64_t count, std::string note) {
    table.AddRow({"", std::move(label), FormatCount(count), count == 0 ? "" : std::move(note)});
  };
  const std::string run_id = ShortName(run.name());
  add("accepted", sums.rows_accepted(), "");
  add("unconfirmed", sums.rows_unconfirmed(), "taken by Braze; its list of row errors could not be read");
  add("rejected", sums.rows_rejected(), Concat("see why: cdi runs dead-rows ", run_id, " --dead"));
  add("held", sums.rows_held(), Concat("nobody knows whether Braze has them: cdi runs dead-rows ", run_id, " --held"));
  add("skipped", sums.rows_skipped(), "finished by an earlier run");
  add("unfinished", sums.rows_unfinished(), "the next run takes them up");
  const std::string total = FormatCount(sums.rows_fetched());
  table.AddRow({"", "───────────", std::string(total.size(), '-'), ""});
  table.AddRow({"", "read", total, ""});
  return table.Render(0);
}

std::string WindowNotes(const Run& run) {
  std::string text;
  const Run::Window& window = run.window();
  if (window.rows_waiting() > 0) {
    Append(text, CountOf(window.rows_waiting(), "row waits", "rows wait"), " for commit_lag ",
           FormatDuration(FromProto(window.commit_lag())));
    if (window.has_first_due_time()) {
      Append(text, window.rows_waiting() == 1 ? "; it is due " : "; the first is due ",
             FormatClock(FromProto(window.first_due_time()), FromProto(window.upper())));
    }
    text += "\n";
  }
  if (window.rows_null_cursor() > 0) {
    Append(text, CountOf(window.rows_null_cursor(), "row has", "rows have"),
           " no value in the cursor column: never sent\n");
  }
  return text;
}

}  // namespace

bool HasEnded(const Run& run) {
  return run.state() >= Run::SUCCESS;
}

ExitCode ExitCodeOf(const Run& run) {
  if (run.state() == Run::SUCCESS) return kOk;
  return run.state() == Run::PARTIAL ? kRunPartial : kRunFailed;
}

std::chrono::nanoseconds ElapsedOf(const Run& run, const Timestamp& now) {
  if (!run.has_start_time()) return {};
  const Timestamp end = run.has_end_time() ? FromProto(run.end_time()) : now;
  return std::max(Distance(end, FromProto(run.start_time())), std::chrono::nanoseconds(0));
}

std::string ProgressLine(const Run& run, const Timestamp& now) {
  const Run::Counters& sums = run.counters();
  std::string line =
      Concat(StateWord(run), ": ", CountOf(sums.rows_fetched(), "row", "rows"), " read, ",
             FormatCount(sums.rows_accepted()), " accepted, ", FormatCount(sums.rows_rejected()), " rejected, ");
  if (sums.rows_held() > 0) Append(line, FormatCount(sums.rows_held()), " held, ");
  const double rate = std::isfinite(run.rows_per_second()) ? run.rows_per_second() : 0;
  Append(line, FormatCount(std::max<int64_t>(sums.rows_fetched() - SettledRows(sums), 0)), " waiting, ",
         FormatCount(std::llround(rate)), " rows/s, ", FormatElapsed(ElapsedOf(run, now)));
  return line;
}

std::string RunSummary(const Run& run) {
  const Run::Counters& sums = run.counters();
  std::string text = Concat("run ", ShortName(run.name()), " ended ", Run::State_Name(run.state()), " after ",
                            FormatElapsed(ElapsedOf(run, {})), "\n");
  text += SumsTable(run);
  if (SettledRows(sums) + sums.rows_unfinished() != sums.rows_fetched()) {
    text += "the sums do not add up: this is a fault of cdi-server; please report it with the run's log\n";
  }
  if (sums.batches() > 0) {
    Append(text, CountOf(sums.batches(), "request", "requests"));
    if (sums.batches_repeated() > 0) {
      Append(text, ", ", FormatCount(sums.batches_repeated()),
             " of them with rows that an earlier one may have delivered");
    }
    text += "\n";
  }
  if (run.recoveries() > 0) {
    Append(text, "taken up again ", run.recoveries() == 1 ? "once" : Concat(run.recoveries(), " times"),
           " after a restart of the server\n");
  }
  text += WindowNotes(run);
  if (run.has_error()) text += RenderText(ReportOf(run.error()));
  return text;
}

}  // namespace cdi::cli
