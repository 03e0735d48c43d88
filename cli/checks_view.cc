#include "cli/checks_view.h"

#include "cli/table.h"

namespace cdi::cli {

void ShowChecks(Console& console, const google::protobuf::RepeatedPtrField<v1::CheckResult>& checks) {
  size_t width = 0;
  for (const v1::CheckResult& check : checks) width = std::max(width, DisplayWidth(check.check()));
  for (const v1::CheckResult& check : checks) {
    const std::string name = PrintableText(check.check());
    const std::string padding(width - std::min(width, DisplayWidth(name)), ' ');
    const std::string indent(width + 4, ' ');
    std::string message = PrintableText(check.message(), true);
    for (size_t at = 0; (at = message.find('\n', at)) != std::string::npos; at += indent.size()) {
      message.insert(++at, indent);
    }
    console.out << (check.passed() ? Green(console, "✓") : Red(console, "✗")) << " " << name << padding << "  "
                << message << "\n";
    if (!check.passed() && !check.reason().empty()) {
      console.out << indent << "reason: " << PrintableText(check.reason()) << "\n";
    }
  }
  console.out << std::flush;
}

}  // namespace cdi::cli
