#include "warehouse/contract.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"
#include "warehouse/dialect.h"

namespace cdi::warehouse {
namespace {

const ColumnFacts* Find(const std::vector<ColumnFacts>& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const ColumnFacts& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

const ColumnFacts* FindOtherCase(const std::vector<ColumnFacts>& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnFacts& c) { return absl::EqualsIgnoreCase(c.name, name); });
  return found == columns.end() ? nullptr : &*found;
}

void AppendItem(std::string& list, std::string_view separator, std::string_view item) {
  if (!list.empty()) list += separator;
  list += item;
}

// Collects what is wrong, so that one message names all of it.
class Faults {
 public:
  Faults(const std::vector<ColumnFacts>& columns) : columns_(columns) {}

  void Missing(const std::string& name) {
    AppendItem(missing_, ", ", name);
    Hint(name);
  }
  void MissingText(std::string_view text) { AppendItem(missing_, ", ", text); }
  void Hint(const std::string& name) {
    if (const ColumnFacts* other = FindOtherCase(columns_, name)) {
      AppendItem(hints_, ", ", Concat(other->name, " (must be ", name, ")"));
    }
  }
  void WrongType(const ColumnFacts& column, std::string_view wanted) {
    AppendItem(types_, "; ", Concat(column.name, " must be ", wanted, "; it is ", column.type));
  }

  absl::Status ToStatus() const {
    if (!missing_.empty()) {
      std::string message = Concat("the source lacks columns: ", missing_);
      if (!hints_.empty()) AppendTo(message, ". Written in another case: ", hints_);
      AppendTo(message, ". Add or rename them, or make a view that does");
      return MakeError(absl::StatusCode::kFailedPrecondition, "COLUMN_MISSING", message);
    }
    if (!types_.empty()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "COLUMN_TYPE",
                       Concat("the source has columns of a wrong type: ", types_,
                              ". Change the columns, or make a view that converts them"));
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<ColumnFacts>& columns_;
  std::string missing_;
  std::string hints_;
  std::string types_;
};

}  // namespace

absl::StatusOr<SourceColumns> CheckContract(const std::vector<ColumnFacts>& columns, std::string_view cursor_column,
                                            WarehouseKind kind) {
  const Dialect& dialect = Dialect::Of(kind);
  CDI_ASSIGN_OR_RETURN(Identifier cursor,
                       Identifier::Parse(cursor_column.empty() ? kDefaultCursorColumn : cursor_column,
                                         dialect.folding(), "cursor_column"));
  Faults faults(columns);
  if (const ColumnFacts* found = Find(columns, cursor.text()); found == nullptr) {
    faults.Missing(cursor.text());
  } else if (dialect.Classify(found->type) != TypeClass::kTimestamp) {
    faults.WrongType(*found, "a timestamp with date and time");
  }

  SourceColumns selected{std::move(cursor), {}};
  std::array<std::string, kColumnRoleCount> names;
  for (size_t i = 0; i < kColumnRoleCount; ++i) {
    const auto role = static_cast<ColumnRole>(i);
    CDI_ASSIGN_OR_RETURN(Identifier name, Identifier::Parse(ColumnRoleName(role), dialect.folding(), "column"));
    names[i] = name.text();
    const ColumnFacts* const found = Find(columns, name.text());
    if (found == nullptr) continue;
    const TypeClass type = dialect.Classify(found->type);
    if (role == ColumnRole::kPayload) {
      if (type != TypeClass::kText && type != TypeClass::kSemiStructured) {
        faults.WrongType(*found, "text that holds JSON");
      }
    } else if (type != TypeClass::kText && type != TypeClass::kNumberAsText) {
      faults.WrongType(*found, "text or a whole number");
    }
    selected.roles[i] = std::move(name);
  }

  const auto has = [&](ColumnRole role) { return selected.roles[static_cast<size_t>(role)].has_value(); };
  const auto name_of = [&](ColumnRole role) { return names[static_cast<size_t>(role)]; };
  if (!has(ColumnRole::kPayload)) faults.Missing(name_of(ColumnRole::kPayload));
  if (has(ColumnRole::kAliasName) != has(ColumnRole::kAliasLabel)) {
    faults.Missing(name_of(has(ColumnRole::kAliasName) ? ColumnRole::kAliasLabel : ColumnRole::kAliasName));
  } else if (!has(ColumnRole::kAliasName) && !has(ColumnRole::kExternalId) && !has(ColumnRole::kBrazeId) &&
             !has(ColumnRole::kEmail) && !has(ColumnRole::kPhone)) {
    faults.MissingText(Concat("an identifier (one of ", names[0], ", ", names[1], " with ", names[2], ", ", names[3],
                              ", ", names[4], ", ", names[5], ")"));
    for (size_t i = 0; i + 1 < kColumnRoleCount; ++i) faults.Hint(names[i]);
  }
  CDI_RETURN_IF_ERROR(faults.ToStatus());
  return selected;
}

std::vector<ColumnFacts> SelectedColumns(const std::vector<ColumnFacts>& columns, const SourceColumns& selected) {
  std::vector<ColumnFacts> result;
  const auto add = [&](const Identifier& name) {
    if (const ColumnFacts* found = Find(columns, name.text())) result.push_back(*found);
  };
  add(selected.cursor);
  for (const auto& name : selected.roles) {
    if (name) add(*name);
  }
  return result;
}

}  // namespace cdi::warehouse
