// Any text of a time: refused, or a value that its own text gives back; texts sort as the values do.
#include "base/check.h"
#include "base/timestamp.h"
#include "ingest/state/sqlite_db.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using cdi::Timestamp;

void Run(std::string_view text) {
  const auto time = Timestamp::Parse(text);
  if (!time) return;
  CDI_CHECK(time->nanos >= 0 && time->nanos < 1'000'000'000, "a fraction of a second");
  const auto again = Timestamp::Parse(time->ToString());
  CDI_CHECK(again && *again == *time, "print and parse give the same time");
  const std::string bytes = cdi::state::EncodeTime(*time);
  CDI_CHECK(cdi::state::DecodeTime(bytes) == *time, "the stored form gives the same time");
  const Timestamp later = time->Plus(std::chrono::nanoseconds(1));
  CDI_CHECK(*time < later && bytes < cdi::state::EncodeTime(later), "the stored form sorts as the time does");
  CDI_CHECK(later.Plus(std::chrono::nanoseconds(-1)) == *time, "forth and back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  return {"2026-11-24T02:25:51.123456789Z", "2026-11-24 02:25:51",
          "0001-01-01T00:00:00Z",           "9999-12-31T23:59:59.999999999Z",
          "1969-12-31T23:59:59.999999999Z", "2024-02-29T12:00:00+14:00",
          "2023-02-29T12:00:00-12:00",      "2026-03-29T02:30:00+01:00",
          "2026-11-24T24:00:00Z",           "2016-12-31T23:59:60Z",
          "+12026-11-24T02:25:51Z",         "2026-11-24T02:25:51.Z"};
}

}  // namespace cdi::test
