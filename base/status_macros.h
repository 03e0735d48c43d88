// CDI_RETURN_IF_ERROR(expr) and CDI_ASSIGN_OR_RETURN(lhs, expr) for absl::Status and absl::StatusOr.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define CDI_STATUS_CONCAT_INNER(a, b) a##b
#define CDI_STATUS_CONCAT(a, b) CDI_STATUS_CONCAT_INNER(a, b)

#define CDI_RETURN_IF_ERROR(expr)                                                \
  do {                                                                           \
    if (::absl::Status cdi_status = (expr); !cdi_status.ok()) return cdi_status; \
  } while (false)

#define CDI_ASSIGN_OR_RETURN(lhs, expr) CDI_ASSIGN_OR_RETURN_INNER(CDI_STATUS_CONCAT(cdi_or_, __LINE__), lhs, expr)
#define CDI_ASSIGN_OR_RETURN_INNER(temporary, lhs, expr)     \
  auto temporary = (expr);                                   \
  if (!temporary.ok()) return std::move(temporary).status(); \
  lhs = *std::move(temporary)
