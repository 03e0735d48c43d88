// One fact a line, labels aligned: how a single resource is shown.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "cli/console.h"
#include "cli/table.h"
#include "cli/values.h"

namespace cdi::cli {

class Facts {
 public:
  // Empty values are left out.
  Facts& Add(std::string_view label, std::string_view value) {
    if (!value.empty()) table_.AddRow({std::string(label), std::string(value)});
    return *this;
  }
  // A time that is not set is left out.
  Facts& AddTime(std::string_view label, bool is_set, const google::protobuf::Timestamp& time) {
    return is_set ? Add(label, FormatTime(FromProto(time))) : *this;
  }
  void Print(Console& console) const { console.out << table_.Render(0) << std::flush; }

 private:
  Table table_{{{""}, {""}}};
};

// `2026-11-24T02:25:51Z`, or "" when not set: for table cells.
inline std::string TimeCell(bool is_set, const google::protobuf::Timestamp& time) {
  return is_set ? FormatTime(FromProto(time)) : "";
}

}  // namespace cdi::cli
