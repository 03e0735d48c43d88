// Durations, times and numbers as people type and read them. Pure; no locale, no time zone but UTC.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/timestamp.h"

namespace cdi::cli {

// `30s`, `5m`, `1h`, `500ms`, `1h30m`, `1.5s`, `0`: whole or decimal numbers with a unit of ms, s, m, h, d, biggest
// first or not. INVALID_ARGUMENT for anything else, negative ones included, and for more than 100 years.
absl::StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// RFC 3339, as base/timestamp.h takes it, but with its zone: a time without one would mean something else to every
// reader.
absl::StatusOr<Timestamp> ParseTime(std::string_view text);

// `1h30m`, `60s`, `250ms`: what ParseDuration reads back. Whole minutes of less than two stay seconds, as people say
// it.
std::string FormatDuration(std::chrono::nanoseconds duration);

// `2026-11-24T02:25:51Z`, with a fraction only where there is one.
std::string FormatTime(const Timestamp& time);

// `12:05:10` (UTC) when on the day of `today`, else as FormatTime.
std::string FormatClock(const Timestamp& time, const Timestamp& today);

// `0:07`, `12:05`, `1:02:03`. Negative durations are shown as zero.
std::string FormatElapsed(std::chrono::nanoseconds elapsed);

// `1,234,567`.
std::string FormatCount(int64_t count);

// "1 row", "1,234 rows".
std::string CountOf(int64_t count, std::string_view singular, std::string_view plural);

google::protobuf::Duration ToProto(std::chrono::nanoseconds duration);
google::protobuf::Timestamp ToProto(const Timestamp& time);
std::chrono::nanoseconds FromProto(const google::protobuf::Duration& duration);
Timestamp FromProto(const google::protobuf::Timestamp& time);

}  // namespace cdi::cli
