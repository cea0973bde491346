#pragma once
// What is due for all devices or targets at once, spread out.

#include <chrono>
#include <cstdint>

namespace octopoll::store {

/// The same for an id each time, from 0 to `over`, and any two are far apart: multiples of the golden ratio fill a
/// circle evenly.
template <class Duration>
[[nodiscard]] constexpr Duration spread(std::int64_t id, Duration over) noexcept {
  constexpr std::uint32_t golden = 2'654'435'769;
  const std::int64_t place = static_cast<std::uint32_t>(id) * golden;
  return Duration((over.count() * place) >> 32);
}

}  // namespace octopoll::store
