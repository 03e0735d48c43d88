// Named places where a crash test may stop the process: CDI_FAULT_POINT("outcome_committed").
//
// `CDI_FAILPOINT=name:n:abort` in the environment, read once by ArmFaultPointsFromEnvironment() in main, ends the
// process with _exit(134) the n-th time (from 1) the point is passed. Unarmed, a point costs one relaxed load.
#pragma once

#include <string_view>

namespace cdi {

// False when the text is not name:n:abort. Call before threads start.
bool ArmFaultPoint(std::string_view specification);
bool ArmFaultPointsFromEnvironment();

void PassFaultPoint(std::string_view name);

}  // namespace cdi

#define CDI_FAULT_POINT(name) ::cdi::PassFaultPoint(name)
