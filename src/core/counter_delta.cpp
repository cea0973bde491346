#include "octopoll/core/counter_delta.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace octopoll {

bool RowDeltas::any(Quality quality) const noexcept {
  const auto& all = qualities_.items;
  return std::find(all.begin(), all.end(), quality) != all.end();
}

void RowDeltas::set_all(std::uint16_t present, const PerCounter<std::uint64_t>& values) noexcept {
  values_ = values;
  counted_ = present;
  qualities_.items.fill(Quality::ok);
  constexpr unsigned all = (1U << counter_count) - 1;
  for (unsigned absent = ~present & all; absent != 0; absent &= absent - 1)
    qualities_.items[static_cast<std::size_t>(std::countr_zero(absent))] = Quality::absent;
  elapsed_.reset();
}

void RowDeltas::set_elapsed(Counter counter, std::chrono::nanoseconds elapsed) {
  if (!elapsed_) elapsed_.emplace();
  (*elapsed_)[counter] = elapsed;
}

}  // namespace octopoll
