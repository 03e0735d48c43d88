// The seam between warehouses: what their SQL looks like and how their catalogs answer. Everything above speaks in
// values; everything here only makes text and reads small results, so that all SQL of the product can be seen in golden
// files (tests/golden/sql).
//
// Names come in as Identifier and leave quoted; values come in as Timestamp, numbers or text and leave as literals of a
// form that cannot end early. Stateless; thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "warehouse/connection_settings.h"
#include "warehouse/result_table.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

// One selected column: its name, and its type as the warehouse prints it.
struct TypedColumn {
  Identifier name;
  std::string type;
};

// What one statement of a window reads. The text columns come in the order of ColumnRole.
struct WindowSelect {
  TableName table;
  TypedColumn cursor;
  std::vector<TypedColumn> texts;
  std::optional<Timestamp> lower;
  Timestamp upper;
  size_t cell_bytes_max = 0;
  uint64_t rows_max = 0;
};

// Text of one, two, three and four bytes a character in UTF-8: it goes to the warehouse and comes back, which proves
// that neither the driver nor its manager alters text on the way.
inline constexpr std::string_view kTextProbe = "a\u00fc\u20ac\U0001f600";

// How a column's type serves the ingestion.
enum class TypeClass { kTimestamp, kText, kNumberAsText, kSemiStructured, kOther };

// Lists tables, or views.
struct ListStatement {
  std::string sql;
  bool views = false;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  static const Dialect& Of(WarehouseKind kind);

  virtual CaseFolding folding() const = 0;
  virtual TypeClass Classify(std::string_view type) const = 0;

  // Statements right after the login: UTC, tag, time-outs, read only where the warehouse knows it.
  virtual std::vector<std::string> PinSession(const SessionRequest& request) const = 0;
  // One row: the warehouse's clock as a timestamp in UTC; kTextProbe.
  virtual std::string NowQuery() const = 0;
  // One row: version, user, role, warehouse, database; kTextProbe. Role, warehouse and database may be NULL.
  virtual std::string ContextQuery() const = 0;
  // Proves database and schema; empty: nothing to ask.
  virtual std::string SchemaQuery(const Identifier& database, const Identifier& schema) const = 0;
  virtual absl::Status ReadSchema(const ResultTable& result, const Identifier& database, const Identifier& schema,
                                  std::string_view role) const = 0;
  virtual std::string DescribeQuery(const TableName& table) const = 0;
  virtual absl::StatusOr<std::vector<ColumnFacts>> ReadColumns(const ResultTable& result, const TableName& table,
                                                               std::string_view role) const = 0;
  // One after the other; every result has a column `name`.
  virtual std::vector<ListStatement> ListQueries(const Identifier& database, const Identifier& schema) const = 0;

  // Column 1: the cursor as a timestamp in UTC. Then one text per column, NULL where it is NULL or over the cap. The
  // last column is NULL, or, for a row with a cell over the cap, one `bytes:md5` or nothing per text column, each ended
  // by a comma. Ordered by the cursor; at most `rows_max` rows.
  std::string WindowQueryText(const WindowSelect& select) const;
  // One row: rows after `upper`, the first of their cursors in UTC, rows whose cursor is NULL.
  std::string WaitingQuery(const TableName& table, const TypedColumn& cursor, const Timestamp& upper) const;
  // All columns as text of at most `chars_max` + 1 characters, the newest row first.
  std::string PreviewQuery(const TableName& table, const std::vector<ColumnFacts>& columns, const Identifier& order_by,
                           size_t chars_max, int row_limit) const;

 protected:
  virtual std::string TableReference(const TableName& table) const = 0;
  virtual std::string AsText(const std::string& quoted, std::string_view type) const = 0;
  virtual std::string AsUtc(const std::string& expression, std::string_view type) const = 0;
  // A literal that compares with a column of that type. A warehouse with a coarser clock than nanoseconds rounds so
  // that the comparison keeps its meaning: `round_up` for a lower bound.
  virtual std::string TimestampLiteral(const Timestamp& value, std::string_view type, bool round_up) const = 0;
  // The earliest cursor that can be carried, where the warehouse has earlier ones.
  virtual std::optional<Timestamp> EarliestCursor() const = 0;
};

// 'text' with quotes doubled (and backslashes, where the warehouse gives them a meaning).
std::string QuoteLiteral(std::string_view text, bool escape_backslash);

const Dialect& SnowflakeDialectInstance();
const Dialect& PostgresDialectInstance();

}  // namespace cdi::warehouse
