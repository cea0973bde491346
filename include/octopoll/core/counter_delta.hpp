#pragma once
// What the counters of one row did between two readings.

#include <chrono>
#include <cstdint>
#include <optional>

#include "octopoll/core/counters.hpp"
#include "octopoll/core/own_copy.hpp"
#include "octopoll/core/quality.hpp"

namespace octopoll {

/// What one counter did between two readings. Where no honest delta exists `value` is empty and `quality` says why.
struct CounterDelta {
  std::optional<std::uint64_t> value;
  Quality quality = Quality::first;
  /// This counter's own span, where it differs from the row's (its base line is older); 0: the row's `elapsed`.
  std::chrono::nanoseconds elapsed{};
  friend bool operator==(const CounterDelta&, const CounterDelta&) = default;
};

/// Those of all counters of one row: as a million rows a minute go from one processor to another, in less than a third
/// of what as many CounterDelta take. Own spans, which few rows have, are kept aside.
class RowDeltas {
 public:
  RowDeltas() noexcept { qualities_.items.fill(Quality::first); }

  [[nodiscard]] CounterDelta operator[](Counter counter) const noexcept {
    CounterDelta delta;
    if ((counted_ & bit_of(counter)) != 0) delta.value = values_[counter];
    delta.quality = qualities_[counter];
    if (elapsed_) delta.elapsed = (*elapsed_)[counter];
    return delta;
  }
  void set(Counter counter, const CounterDelta& delta) {
    set_value(counter, delta.value);
    set_quality(counter, delta.quality);
    if (elapsed_ || delta.elapsed.count() != 0) set_elapsed(counter, delta.elapsed);
  }
  void set_value(Counter counter, const std::optional<std::uint64_t>& value) noexcept {
    values_[counter] = value.value_or(0);
    counted_ = static_cast<std::uint16_t>(value ? counted_ | bit_of(counter) : counted_ & ~bit_of(counter));
  }
  void set_quality(Counter counter, Quality quality) noexcept { qualities_[counter] = quality; }
  void set_elapsed(Counter counter, std::chrono::nanoseconds elapsed);

  /// `ok` of the row's own span, or `absent`. `present`: a bit a counter.
  void set_all(std::uint16_t present, const PerCounter<std::uint64_t>& values) noexcept;

  [[nodiscard]] bool any(Quality quality) const noexcept;

 private:
  PerCounter<std::uint64_t> values_;
  PerCounter<Quality> qualities_;
  std::uint16_t counted_ = 0;  ///< a bit a counter: it has a value
  OwnCopy<PerCounter<std::chrono::nanoseconds>> elapsed_;
};
static_assert(sizeof(RowDeltas) == 128);

}  // namespace octopoll
