// Exact decimal arithmetic on 128 bits, wider inside. Internal to engine/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/snowflake_mock/server/engine/function_entry.h"

namespace cdi::snowflake_mock {

// A decimal: value / 10^scale.
struct Decimal {
  Int128 value = 0;
  int scale = 0;
};

enum class Rounding { kHalfUp, kDown, kFloor, kCeil };  // half away from zero, towards zero, …

// 10^n for 0 … 38.
Int128 PowerOfTen(int n);
// The value at another scale; nullopt when it leaves 38 digits.
std::optional<Int128> Rescale(const Decimal& number, int scale, Rounding rounding = Rounding::kHalfUp);
// a * b and a / b at `scale`; nullopt when the result leaves 38 digits. `b` is not 0 in Divide.
std::optional<Int128> Multiply(const Decimal& a, const Decimal& b, int scale);
std::optional<Int128> Divide(const Decimal& a, const Decimal& b, int scale);

// "-12.5", "1e3", ".5": with as many digits after the point as written, at most 37. nullopt for anything else.
std::optional<Decimal> ParseDecimal(std::string_view text);
// A double's shortest decimal text, read back.
std::optional<Decimal> DecimalOfDouble(double value);
double DoubleOfDecimal(const Decimal& number);
// An integer or decimal argument.
Decimal DecimalArgument(const VectorView& column, idx_t row);
bool IsNumberColumn(const VectorView& column);
bool IsRealColumn(const VectorView& column);

// A text of digits that sorts as the numbers do.
std::string NumberSortKey(std::string_view number);

Outcome NumberOutOfRange(std::string_view text, int precision, int scale);
Outcome NumericNotRecognized(std::string_view text);

}  // namespace cdi::snowflake_mock
