#include "base/fault_point.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace cdi {
namespace {

struct ArmedPoint {
  std::string name;
  std::atomic<int64_t> passes_left{0};
};
std::atomic<bool> armed{false};
ArmedPoint point;

}  // namespace

bool ArmFaultPoint(std::string_view specification) {
  const std::vector<std::string> parts = absl::StrSplit(std::string(specification), ':');
  int64_t count = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[1], &count) || count < 1 || parts[2] != "abort") return false;
  point.name = parts[0];
  point.passes_left = count;
  armed.store(true, std::memory_order_release);
  return true;
}

bool ArmFaultPointsFromEnvironment() {
  const char* text = std::getenv("CDI_FAILPOINT");
  return text == nullptr || ArmFaultPoint(text);
}

void PassFaultPoint(std::string_view name) {
  if (!armed.load(std::memory_order_relaxed)) [[likely]]
    return;
  if (name != point.name || point.passes_left.fetch_sub(1) != 1) return;
  std::fprintf(stderr, "fault point %s: exit\n", point.name.c_str());
  _exit(134);
}

}  // namespace cdi
