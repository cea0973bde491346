#pragma once
// The two clocks of octopoll. No other is used.

#include <chrono>

namespace octopoll {

/// CLOCK_BOOTTIME: advances evenly and runs on while the machine sleeps, so a rate after a suspend divides by the
/// true time. std::chrono::steady_clock (CLOCK_MONOTONIC) stands still in suspend and is therefore not used.
/// Thread: any.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  [[nodiscard]] static time_point now() noexcept;
};
using BootTime = BootClock::time_point;

/// Wall clock, for labels alone: no rate, timer or order depends on it.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
[[nodiscard]] WallTime wall_now() noexcept;

}  // namespace octopoll
