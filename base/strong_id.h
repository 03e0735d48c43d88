// Integer and text ids that cannot be swapped for one another: `using BatchId = StrongId<struct BatchTag, uint64_t>`.
#pragma once

#include <compare>
#include <functional>
#include <utility>

namespace cdi {

template <typename Tag, typename T>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(T value) : value_(std::move(value)) {}
  const T& value() const { return value_; }
  friend auto operator<=>(const StrongId&, const StrongId&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const StrongId& id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  T value_{};
};

}  // namespace cdi

template <typename Tag, typename T>
struct std::hash<cdi::StrongId<Tag, T>> {
  size_t operator()(const cdi::StrongId<Tag, T>& id) const noexcept { return std::hash<T>{}(id.value()); }
};
