#pragma once
// Moments as the file has them: milliseconds since 1970.

#include <chrono>
#include <cstdint>

#include "octopoll/core/clock.hpp"

namespace octopoll::store {

[[nodiscard]] constexpr std::int64_t unix_ms(WallTime time) noexcept { return time.time_since_epoch().count(); }
[[nodiscard]] constexpr WallTime wall_time(std::int64_t unix_milliseconds) noexcept {
  return WallTime(std::chrono::milliseconds(unix_milliseconds));
}

}  // namespace octopoll::store
