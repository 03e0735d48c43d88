// Engine SQL with the Snowflake type it has, and the rules by which types meet: coercion, comparison, unification.
//
// The engine's type of `sql` is always type.EngineName(): every rule here keeps that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/language/sql_type.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

struct Typed {
  std::string sql;
  SqlType type;
  bool nullable = true;
  bool null = false;                       // the literal NULL: takes any type
  std::optional<std::string> literal;      // of a string literal
  std::optional<std::string> number_text;  // of a number literal
};

using Types = std::vector<SqlType>;

// What conversions depend on besides types.
struct Conversions {
  explicit Conversions(const RewriteContext& of) : context(of) {}
  const RewriteContext& context;

  std::string zone() const;  // an engine literal
  // The value of a session parameter that the client set, or the default.
  std::string Parameter(const std::string& name, std::string_view otherwise) const;
  SqlType DefaultTimestamp(int scale) const;  // TIMESTAMP_TYPE_MAPPING

  // `value` as `target`; 001007 when Snowflake has no such cast.
  absl::StatusOr<Typed> Cast(const Typed& value, const SqlType& target) const;
  absl::StatusOr<Typed> TryCast(const Typed& value, const SqlType& target) const;
  // Without rounding into narrower types: what an operand or a branch of CASE undergoes.
  absl::StatusOr<Typed> Coerce(const Typed& value, const SqlType& target) const;

  absl::StatusOr<Typed> Text(const Typed& value) const;
  absl::StatusOr<Typed> Float(const Typed& value) const;
  absl::StatusOr<Typed> Boolean(const Typed& value) const;
  absl::StatusOr<Typed> Variant(const Typed& value) const;
  absl::StatusOr<Typed> Number(const Typed& value) const;        // as it is when a number; texts become NUMBER(38,5)
  absl::StatusOr<std::string> Bigint(const Typed& value) const;  // engine SQL of type BIGINT
  absl::StatusOr<Typed> Moment(const Typed& value) const;  // dates and timestamps as they are, texts as timestamps
  // The instant as BIGINT nanoseconds, for comparing timestamps with time zones.
  std::string Instant(const Typed& value) const;

  // The type that all values can be given: branches of CASE, arguments of COALESCE, columns of UNION.
  absl::StatusOr<SqlType> Unify(const std::vector<Typed>& values) const;
  absl::StatusOr<std::vector<Typed>> Unified(const std::vector<Typed>& values, SqlType* type = nullptr) const;
  // `op` one of = <> < <= > >=, IS DISTINCT FROM, IS NOT DISTINCT FROM
  absl::StatusOr<Typed> Compare(const std::string& op, const Typed& left, const Typed& right) const;
  // Both sides so that the engine's own comparison of them is right.
  absl::StatusOr<std::pair<std::string, std::string>> Comparable(const Typed& left, const Typed& right) const;
  // What to give to GROUP BY, DISTINCT, PARTITION BY and ORDER BY for a value.
  std::string EqualityKey(const Typed& value) const;
  std::string OrderKey(const Typed& value) const;
};

Typed NullValue();
Typed BooleanValue(std::string sql, bool nullable = true);
Typed TextValue(std::string sql, bool nullable = true, int64_t length = SqlType::kTextLengthMax);
Typed NumberLiteral(const std::string& text);
Typed TextLiteral(const std::string& text);
// `sql` of any engine number type, cast to NUMBER(precision, scale).
Typed AsNumber(const std::string& sql, int precision, int scale, bool nullable = true);
bool IsTimestamp(const SqlType& type);
bool IsMoment(const SqlType& type);  // DATE and timestamps
bool IsSemiStructured(const SqlType& type);
// 001065: "Invalid argument types for function '<name>': (VARCHAR(3), NUMBER(1,0))"
absl::Status InvalidArgumentTypes(std::string_view function, const std::vector<Typed>& values);

}  // namespace cdi::snowflake_mock
