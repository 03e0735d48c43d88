// CDI_RETURN_IF_ERROR(expr) and CDI_ASSIGN_OR_RETURN(lhs, expr) for absl::Status and absl::StatusOr.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define CDI_STATUS_CONCAT_INNER(a, b) a##b
#define CDI_STATUS_CONCAT(a, b) CDI_STATUS_CONCAT_INNER(a, b)

// Names by __COUNTER__ and not by line: an argument may be a lambda that uses these macros itself.
#define CDI_RETURN_IF_ERROR(expr) CDI_RETURN_IF_ERROR_INNER(CDI_STATUS_CONCAT(cdi_status_, __COUNTER__), expr)
#define CDI_RETURN_IF_ERROR_INNER(temporary, expr)                            \
  do {                                                                        \
    if (::absl::Status temporary = (expr); !temporary.ok()) return temporary; \
  } while (false)

#define CDI_ASSIGN_OR_RETURN(lhs, expr) CDI_ASSIGN_OR_RETURN_INNER(CDI_STATUS_CONCAT(cdi_or_, __COUNTER__), lhs, expr)
#define CDI_ASSIGN_OR_RETURN_INNER(temporary, lhs, expr)     \
  auto temporary = (expr);                                   \
  if (!temporary.ok()) return std::move(temporary).status(); \
  lhs = *std::move(temporary)
