// Views of the audit.
#include "cli/concat.h"
#include "cli/facts.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {

void ShowAuditEntries(Console& console, const v1::ListAuditEntriesResponse& list) {
  if (list.entries().empty()) {
    console.out << "no audit lines match" << std::endl;
    return;
  }
  Table table({{"LINE", Table::Align::kRight}, {"TIME"}, {"CALLER"}, {"VERB"}, {"NAME"}, {"OUTCOME"}, {"DETAIL"}});
  for (const v1::AuditEntry& entry : list.entries()) {
    table.AddRow({std::to_string(entry.sequence()), TimeCell(entry.has_time(), entry.time()), entry.caller(),
                  entry.verb(), entry.name(), v1::AuditEntry::Outcome_Name(entry.outcome()), entry.detail()});
  }
  console.out << table.Render(console.columns) << std::flush;
}

void ShowAuditVerdict(Console& console, const v1::VerifyAuditResponse& verdict) {
  for (const v1::VerifyAuditResponse::Fault& fault : verdict.faults()) {
    console.out << Red(console, "fault") << ": " << PrintableText(fault.message()) << std::endl;
  }
  console.out << CountOf(verdict.entries(), "audit line", "audit lines") << ": "
              << (verdict.passed() ? Green(console, "whole") : Red(console, "not whole")) << std::endl;
  if (verdict.head().sequence() > 0) {
    console.out << "head, to be kept elsewhere: " << verdict.head().sequence() << ":" << verdict.head().chain()
                << std::endl;
  }
}

}  // namespace cdi::cli
