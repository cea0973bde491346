#include "sealed_lane.hpp"

#include <algorithm>
#include <numeric>

namespace octopoll::store {
namespace {

/// Of a number that is not 0: bits from its highest to its lowest that is set.
unsigned significant_bits(std::uint64_t number) noexcept {
  return static_cast<unsigned>(std::bit_width(number)) - static_cast<unsigned>(std::countr_zero(number));
}

}  // namespace

LaneScale LaneScale::of(std::span<const std::uint64_t> numbers) noexcept {
  constexpr unsigned worth_saving = 3;     // bits; fewer are none where few numbers are as large
  constexpr unsigned widest_counted = 63;  // negative ones have 64, small or not
  std::uint64_t step = 0;
  unsigned significant = 1, widest = 0;
  for (const std::uint64_t number : numbers) {
    if (number == 0) continue;
    if (step != 1) step = std::gcd(step, is_negative(number) ? 0 - number : number);
    significant = std::max(significant, significant_bits(number));
    widest = std::max(widest, static_cast<unsigned>(std::bit_width(number)));
    if (step == 1 && significant + worth_saving > widest_counted) return {};
  }
  if (significant > 1 && significant + worth_saving <= widest && widest <= widest_counted)
    return of_significant(static_cast<std::uint8_t>(significant));
  return step > 1 ? of_steps(step) : LaneScale();
}

}  // namespace octopoll::store
