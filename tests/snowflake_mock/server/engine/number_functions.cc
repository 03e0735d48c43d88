#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/number_values.h"
#include "tests/snowflake_mock/server/language/json_text.h"

namespace cdi::snowflake_mock {

Int128 PowerOfTen(int n) {
  Int128 power = 1;
  for (int i = 0; i < n; ++i) power *= 10;
  return power;
}

namespace {

const Int128 kLimit = PowerOfTen(38);

std::optional<Int128> Checked(Int128 value) {
  if (value >= kLimit || value <= -kLimit) return std::nullopt;
  return value;
}

// Unsigned 256 bits as two halves, for products before they are cut to scale.
struct Wide {
  UInt128 high = 0;
  UInt128 low = 0;
};

UInt128 Magnitude(Int128 value) {
  return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

Wide Product(UInt128 a, UInt128 b) {
  const UInt128 mask = UINT64_MAX;
  const UInt128 a0 = a & mask;
  const UInt128 a1 = a >> 64;
  const UInt128 b0 = b & mask;
  const UInt128 b1 = b >> 64;
  const UInt128 middle = a1 * b0 + ((a0 * b0) >> 64);
  const UInt128 cross = a0 * b1 + (middle & mask);
  return {a1 * b1 + (middle >> 64) + (cross >> 64), (cross << 64) | ((a0 * b0) & mask)};
}

// value / divisor rounded half up, both unsigned; nullopt when the quotient leaves 128 bits.
std::optional<UInt128> QuotientHalfUp(const Wide& value, UInt128 divisor) {
  if (value.high >= divisor) return std::nullopt;
  UInt128 rest = value.high;
  UInt128 quotient = 0;
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (rest >> 127) != 0;
    rest = (rest << 1) | ((value.low >> bit) & 1);
    quotient <<= 1;
    if (carry || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  if (rest >= divisor - rest) ++quotient;
  return quotient;
}

std::optional<Int128> Signed(const std::optional<UInt128>& magnitude, bool negative) {
  if (!magnitude.has_value() || *magnitude >= static_cast<UInt128>(kLimit)) return std::nullopt;
  return negative ? -static_cast<Int128>(*magnitude) : static_cast<Int128>(*magnitude);
}

}  // namespace

std::optional<Int128> Rescale(const Decimal& number, int scale, Rounding rounding) {
  if (scale >= number.scale) {
    const int more = scale - number.scale;
    if (number.value == 0) return Int128{0};
    if (more > 38) return std::nullopt;
    const Wide wide = Product(Magnitude(number.value), static_cast<UInt128>(PowerOfTen(more)));
    if (wide.high != 0) return std::nullopt;
    return Signed(wide.low, number.value < 0);
  }
  const int less = number.scale - scale;
  if (less > 38) return Int128{0};
  const Int128 unit = PowerOfTen(less);
  Int128 whole = number.value / unit;
  const Int128 rest = number.value % unit;
  if (rest != 0) {
    const bool negative = rest < 0;
    const bool half = Magnitude(rest) >= static_cast<UInt128>(unit) - Magnitude(rest);
    if (rounding == Rounding::kHalfUp && half) whole += negative ? -1 : 1;
    if (rounding == Rounding::kFloor && negative) --whole;
    if (rounding == Rounding::kCeil && !negative) ++whole;
  }
  return Checked(whole);
}

std::optional<Int128> Multiply(const Decimal& a, const Decimal& b, int scale) {
  const Wide product = Product(Magnitude(a.value), Magnitude(b.value));
  const int cut = a.scale + b.scale - scale;
  const bool negative = (a.value < 0) != (b.value < 0);
  if (cut < 0) {
    if (product.high != 0) return std::nullopt;
    const auto value = Signed(product.low, negative);
    return value.has_value() ? Rescale({*value, a.scale + b.scale}, scale) : std::nullopt;
  }
  return Signed(QuotientHalfUp(product, static_cast<UInt128>(PowerOfTen(std::min(cut, 38)))), negative);
}

std::optional<Int128> Divide(const Decimal& a, const Decimal& b, int scale) {
  // a / b at `scale` is a.value * 10^(scale + b.scale - a.scale) / b.value.
  const int shift = scale + b.scale - a.scale;
  const bool negative = (a.value < 0) != (b.value < 0);
  if (shift < 0) return std::nullopt;
  UInt128 divisor = Magnitude(b.value);
  Wide value{0, Magnitude(a.value)};
  int left = shift;
  value = Product(value.low, static_cast<UInt128>(PowerOfTen(std::min(left, 38))));
  left -= std::min(left, 38);
  for (; left > 0; --left) {  // rare: divide the divisor's powers of ten out instead
    if (divisor % 10 != 0) return a.value == 0 ? std::optional<Int128>(0) : std::nullopt;
    divisor /= 10;
  }
  return Signed(QuotientHalfUp(value, divisor), negative);
}

std::optional<Decimal> ParseDecimal(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  Decimal number;
  int exponent = 0;
  bool digits = false;
  bool point = false;
  size_t i = 0;
  int significant = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point) {
      point = true;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') break;
    digits = true;
    if (point && number.scale >= 37) continue;  // finer than any NUMBER
    if (significant > 0 || text[i] != '0') ++significant;
    if (significant > 38) return std::nullopt;
    number.value = number.value * 10 + (text[i] - '0');
    if (point) ++number.scale;
  }
  if (!digits) return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    if (!absl::SimpleAtoi(absl::string_view(text.data() + i + 1, text.size() - i - 1), &exponent)) return std::nullopt;
    if (exponent > 100 || exponent < -100) return std::nullopt;
  }
  if (negative) number.value = -number.value;
  number.scale -= exponent;
  if (number.scale < 0) {
    const auto value = Rescale(number, 0);
    if (!value.has_value()) return std::nullopt;
    number = {*value, 0};
  }
  if (number.scale > 37) {
    const auto value = Rescale(number, 37);
    if (!value.has_value()) return std::nullopt;
    number = {*value, 37};
  }
  return number;
}

std::optional<Decimal> DecimalOfDouble(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return ParseDecimal(DoubleText(value));
}

double DoubleOfDecimal(const Decimal& number) {
  return std::strtod(DecimalText(number.value, number.scale).c_str(), nullptr);
}

Decimal DecimalArgument(const VectorView& column, idx_t row) {
  return {column.Integer(row), column.type().scale};
}

bool IsRealColumn(const VectorView& column) {
  return column.type().id == DUCKDB_TYPE_DOUBLE || column.type().id == DUCKDB_TYPE_FLOAT;
}

bool IsNumberColumn(const VectorView& column) {
  const duckdb_type id = column.type().id;
  return column.type().alias.empty() && !column.IsTimeLike() && !IsRealColumn(column) && id != DUCKDB_TYPE_VARCHAR &&
         id != DUCKDB_TYPE_BLOB && id != DUCKDB_TYPE_BOOLEAN && id != DUCKDB_TYPE_SQLNULL;
}

Outcome NumberOutOfRange(std::string_view text, int precision, int scale) {
  return Outcome::Error("100132", "22003",
                        absl::StrCat("Number out of representable range: type FIXED(", precision, ",", scale,
                                     "){nullable}, value ", CutText(text, 60)));
}

Outcome NumericNotRecognized(std::string_view text) {
  return Outcome::Error("100038", "22018", absl::StrCat("Numeric value '", CutText(text, 60), "' is not recognized"));
}

namespace {

Outcome DivisionByZero() {
  return Outcome::Error("100051", "22012", "Division by zero");
}

Outcome OfResult(const std::optional<Int128>& value, int scale) {
  if (!value.has_value())
    return Outcome::Error(
        "100039", "22003",
        absl::StrCat("Numeric value out of range: a result does not fit into NUMBER(38,", scale, ")"));
  return Outcome::Number(*value);
}

Outcome AddOrSubtract(const FunctionCall& call, int sign) {
  const auto a = Rescale(DecimalArgument(call.in[0], call.row), call.scale);
  const auto b = Rescale(DecimalArgument(call.in[1], call.row), call.scale);
  if (!a.has_value() || !b.has_value()) return OfResult(std::nullopt, call.scale);
  return OfResult(Checked(*a + sign * *b), call.scale);
}

Outcome AddExact(const FunctionCall& call) {
  return AddOrSubtract(call, 1);
}
Outcome SubtractExact(const FunctionCall& call) {
  return AddOrSubtract(call, -1);
}

Outcome MultiplyExact(const FunctionCall& call) {
  return OfResult(Multiply(DecimalArgument(call.in[0], call.row), DecimalArgument(call.in[1], call.row), call.scale),
                  call.scale);
}

Outcome DivideExact(const FunctionCall& call) {
  const Decimal divisor = DecimalArgument(call.in[1], call.row);
  if (divisor.value == 0) return DivisionByZero();
  return OfResult(Divide(DecimalArgument(call.in[0], call.row), divisor, call.scale), call.scale);
}

Outcome ModuloExact(const FunctionCall& call) {
  const auto a = Rescale(DecimalArgument(call.in[0], call.row), call.scale);
  const auto b = Rescale(DecimalArgument(call.in[1], call.row), call.scale);
  if (!a.has_value() || !b.has_value()) return OfResult(std::nullopt, call.scale);
  if (*b == 0) return DivisionByZero();
  return Outcome::Number(*a % *b);
}

// (number, digits): digits may be negative
Outcome RoundBy(const FunctionCall& call, Rounding rounding) {
  const Decimal number = DecimalArgument(call.in[0], call.row);
  const auto digits = static_cast<int>(std::clamp<int64_t>(call.Bigint(1), -38, 37));
  if (digits >= number.scale) return OfResult(Rescale(number, call.scale), call.scale);
  if (digits >= 0) {
    const auto cut = Rescale(number, digits, rounding);
    return cut.has_value() ? OfResult(Rescale({*cut, digits}, call.scale), call.scale) : OfResult(cut, call.scale);
  }
  // To tens, hundreds …: as if the point stood further left.
  const auto cut = Rescale({number.value, number.scale - digits}, 0, rounding);
  if (!cut.has_value()) return OfResult(cut, call.scale);
  return OfResult(Multiply({*cut, 0}, {PowerOfTen(-digits), 0}, call.scale), call.scale);
}

Outcome FloatRound(const FunctionCall& call, double (*function)(double)) {
  const auto digits = static_cast<double>(std::clamp<int64_t>(call.Bigint(1), -308, 308));
  if (digits == 0) return Outcome::Real(function(call.Real(0)));
  const double unit = std::pow(10.0, digits);
  const double moved = call.Real(0) * unit;
  return Outcome::Real(std::isfinite(moved) && unit != 0 ? function(moved) / unit : call.Real(0));
}

Outcome FloatDivide(const FunctionCall& call) {
  if (call.Real(1) == 0) return DivisionByZero();
  return Outcome::Real(call.Real(0) / call.Real(1));
}

Outcome FloatModulo(const FunctionCall& call) {
  if (call.Real(1) == 0) return DivisionByZero();
  return Outcome::Real(std::fmod(call.Real(0), call.Real(1)));
}

Outcome SquareRoot(const FunctionCall& call) {
  if (call.Real(0) < 0)
    return Outcome::Error("100048", "22023",
                          absl::StrCat("Invalid floating point operation: sqrt(", DoubleText(call.Real(0)), ")"));
  return Outcome::Real(std::sqrt(call.Real(0)));
}

Outcome NaturalLog(const FunctionCall& call) {
  if (call.Real(0) <= 0)
    return Outcome::Error("100048", "22023",
                          absl::StrCat("Invalid floating point operation: ln(", DoubleText(call.Real(0)), ")"));
  return Outcome::Real(std::log(call.Real(0)));
}

Outcome Shift(const FunctionCall& call) {
  const int64_t by = call.Bigint(1);
  return Outcome::Number(by < 0 || by > 63 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(call.Bigint(0)) << by));
}

// The sum of hashes, cut to 64 bits.
Outcome Fold(const FunctionCall& call) {
  return Outcome::Number(static_cast<int64_t>(static_cast<uint64_t>(static_cast<UInt128>(call.Integer(0)))));
}

Outcome RandomNumber(const FunctionCall&) {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return Outcome::Number(static_cast<int64_t>(engine()));
}

}  // namespace

void AddNumberFunctions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  struct Family {
    const char* name;
    RowFunction run;
  };
  for (const Family& family :
       {Family{"ADD", AddExact}, Family{"SUBTRACT", SubtractExact}, Family{"MULTIPLY", MultiplyExact},
        Family{"DIVIDE", DivideExact}, Family{"MODULO", ModuloExact},
        Family{"ROUND", [](const FunctionCall& call) { return RoundBy(call, Rounding::kHalfUp); }},
        Family{"TRUNC", [](const FunctionCall& call) { return RoundBy(call, Rounding::kDown); }},
        Family{"FLOOR", [](const FunctionCall& call) { return RoundBy(call, Rounding::kFloor); }},
        Family{"CEIL", [](const FunctionCall& call) { return RoundBy(call, Rounding::kCeil); }}}) {
    for (int scale = 0; scale <= 37; ++scale)
      entries.push_back({absl::StrCat("SF_", family.name, "_", scale), K::kDecimal, family.run, scale});
  }
  entries.push_back(
      {"SF_FLOAT_ROUND", K::kDouble, [](const FunctionCall& call) { return FloatRound(call, std::round); }});
  entries.push_back(
      {"SF_FLOAT_TRUNC", K::kDouble, [](const FunctionCall& call) { return FloatRound(call, std::trunc); }});
  entries.push_back(
      {"SF_FLOAT_FLOOR", K::kDouble, [](const FunctionCall& call) { return FloatRound(call, std::floor); }});
  entries.push_back(
      {"SF_FLOAT_CEIL", K::kDouble, [](const FunctionCall& call) { return FloatRound(call, std::ceil); }});
  entries.push_back({"SF_FLOAT_DIV", K::kDouble, FloatDivide});
  entries.push_back({"SF_FLOAT_MOD", K::kDouble, FloatModulo});
  entries.push_back({"SF_SQRT", K::kDouble, SquareRoot});
  entries.push_back({"SF_LN", K::kDouble, NaturalLog});
  entries.push_back({"SF_SHIFT", K::kBigint, Shift});
  entries.push_back({"SF_FOLD", K::kBigint, Fold});
  FunctionEntry random{"SF_RANDOM", K::kBigint, RandomNumber};
  random.is_volatile = true;
  entries.push_back(random);
}

}  // namespace cdi::snowflake_mock
