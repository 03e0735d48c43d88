#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kBilledSecondsMin = 60;

constexpr std::array<const char*, 10> kSizes = {"X-Small",  "Small",    "Medium",   "Large",    "X-Large",
                                                "2X-Large", "3X-Large", "4X-Large", "5X-Large", "6X-Large"};

// When the run that began at started_ns ended or will be billed up to.
int64_t EndOfRun(const Warehouse& warehouse, int64_t now_ns) {
  if (warehouse.auto_suspend_seconds == 0) return now_ns;
  const int64_t last_use = std::max(warehouse.used_ns, warehouse.started_ns);
  return std::min(now_ns, last_use + warehouse.auto_suspend_seconds * kSecond);
}

void Bill(std::map<int64_t, int64_t>& billed, int64_t from_ns, int64_t until_ns) {
  int64_t seconds = std::max(kBilledSecondsMin, (until_ns - from_ns + kSecond - 1) / kSecond);
  int64_t at = from_ns;
  while (seconds > 0) {
    const int64_t hour = at / kHour * kHour;
    const int64_t here = std::min(seconds, std::max<int64_t>(1, (hour + kHour - at) / kSecond));
    billed[hour] += here;
    seconds -= here;
    at = hour + kHour;
  }
}

}  // namespace

bool IsRunning(const Warehouse& warehouse, int64_t now_ns) {
  if (warehouse.suspended) return false;
  return warehouse.running_statements > 0 || EndOfRun(warehouse, now_ns) == now_ns;
}

void SettleWarehouse(Warehouse& warehouse, int64_t now_ns) {
  if (!warehouse.suspended && !IsRunning(warehouse, now_ns)) {
    Bill(warehouse.billed, warehouse.started_ns, EndOfRun(warehouse, now_ns));
    warehouse.suspended = true;
  }
}

void StartWarehouse(Warehouse& warehouse, int64_t now_ns) {
  SettleWarehouse(warehouse, now_ns);
  if (!warehouse.suspended && warehouse.started_ns > 0) return;
  warehouse.suspended = false;
  warehouse.started_ns = warehouse.used_ns = now_ns;
}

void SuspendWarehouse(Warehouse& warehouse, int64_t now_ns) {
  SettleWarehouse(warehouse, now_ns);
  if (warehouse.suspended) return;
  Bill(warehouse.billed, warehouse.started_ns, now_ns);
  warehouse.suspended = true;
}

std::map<int64_t, int64_t> BilledByHour(const Warehouse& warehouse, int64_t now_ns) {
  std::map<int64_t, int64_t> billed = warehouse.billed;
  if (!warehouse.suspended && warehouse.started_ns > 0)
    Bill(billed, warehouse.started_ns, warehouse.running_statements > 0 ? now_ns : EndOfRun(warehouse, now_ns));
  return billed;
}

int64_t BilledSeconds(const Warehouse& warehouse, int64_t now_ns) {
  int64_t seconds = 0;
  for (const auto& [hour, billed] : BilledByHour(warehouse, now_ns)) seconds += billed;
  return seconds;
}

int CreditsPerHour(const std::string& size) {
  for (size_t i = 0; i < kSizes.size(); ++i) {
    if (size == kSizes[i]) return 1 << i;
  }
  return 1;
}

std::string WarehouseSize(const std::string& given) {
  std::string plain = absl::StrReplaceAll(absl::AsciiStrToUpper(given), {{"-", ""}});
  if (plain == "XXLARGE") plain = "X2LARGE";
  if (plain == "XXXLARGE") plain = "X3LARGE";
  for (const char* const size : kSizes) {
    std::string known = absl::StrReplaceAll(absl::AsciiStrToUpper(size), {{"-", ""}});
    if (plain == known) return size;
    if (known.size() > 1 && known[1] == 'X') std::swap(known[0], known[1]);  // 2XLARGE: X2LARGE
    if (plain == known) return size;
  }
  return "";
}

}  // namespace cdi::snowflake_mock
