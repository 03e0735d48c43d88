// Results that the driver makes itself: ODBC's catalog functions. Their columns (name, type, nullability, order) are
// fixed by the standard; here they are tables, and rows are written as the JSON that RowScanner reads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/snowflake_mock/odbc/result.h"

namespace cdi::sfodbc {

enum class CatalogType { kText, kSmallint, kInteger };

struct CatalogColumn {
  std::string_view name;
  CatalogType type = CatalogType::kText;
  bool nullable = true;
};

using CatalogShape = std::span<const CatalogColumn>;

// In the order of ODBC 3's reference.
CatalogShape TablesShape();
CatalogShape ColumnsShape();
CatalogShape PrimaryKeysShape();
CatalogShape ForeignKeysShape();
CatalogShape StatisticsShape();
CatalogShape SpecialColumnsShape();
CatalogShape ProceduresShape();
CatalogShape ProcedureColumnsShape();
CatalogShape TablePrivilegesShape();
CatalogShape ColumnPrivilegesShape();
CatalogShape TypeInfoShape();

// Collects rows; each has a key by which the rows are sorted at the end.
class RowWriter {
 public:
  RowWriter& Begin(std::string sort_key);
  RowWriter& Text(std::string_view text);
  RowWriter& TextOrNull(std::string_view text) { return text.empty() ? Null() : Text(text); }
  RowWriter& Number(int64_t number);
  RowWriter& NumberOrNull(bool known, int64_t number) { return known ? Number(number) : Null(); }
  RowWriter& Null();
  // The rows as a result of that shape.
  std::unique_ptr<Result> Finish(CatalogShape shape, const Settings& settings);

 private:
  RowWriter& Raw(std::string_view text);
  struct Row {
    std::string key, json;
  };
  std::vector<Row> rows_;
};

}  // namespace cdi::sfodbc
