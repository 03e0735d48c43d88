// Points of time inside engine functions: any argument as a wall clock or an instant, and conversions. Internal to
// engine/.
#pragma once

#include <optional>

#include "tests/snowflake_mock/server/engine/function_entry.h"

namespace cdi::snowflake_mock {

Int128 NanosOf(const Moment& moment);

// A time-like argument as it shows on the wall: SF_LTZ in `zone`, SF_TZ in its own offset, the rest as they are.
// `zone` must exist.
Moment MomentInZone(const VectorView& column, idx_t row, const std::string& zone);  // with its offset
Int128 WallNanos(const Moment& moment);

bool IsTz(const VectorView& column);
bool IsLtz(const VectorView& column);
bool IsDate(const VectorView& column);
bool IsTime(const VectorView& column);
// A TIMESTAMP_NTZ, DATE or TIME: has no zone.
bool IsWall(const VectorView& column);

Outcome Nanos64(Int128 nanos);
Outcome TzOutcome(Int128 instant_nanos, int offset_minutes);
Outcome UnknownZone(std::string_view zone);
Outcome BadTime(std::string_view type, std::string_view text);
// Nanoseconds cut to `scale` digits of fraction, towards the past.
Int128 CutFraction(Int128 nanos, int scale);

// (any) in UTC, for the engine's own casts.
Outcome CastToNtz(const FunctionCall& call);
Outcome CastToLtz(const FunctionCall& call);
Outcome CastToTz(const FunctionCall& call);
Outcome CastToDate(const FunctionCall& call);
Outcome CastToText(const FunctionCall& call);

void AddTimeConversions(std::vector<FunctionEntry>& entries);

}  // namespace cdi::snowflake_mock
