#pragma once
// The two clocks of octopoll. No other is used.

#include <chrono>
#include <string>

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

/// Which BootClock this is: moments of it that another process noted are moments of ours where it had the same name.
/// Another start of the machine has another, and so has a container with a clock of its own (time_namespaces(7)).
/// Empty where the kernel does not say: then nothing is known. Thread: any. Source: random(4), boot_id.
[[nodiscard]] std::string boot_name();

/// Wall clock, for labels alone: no rate, timer or order depends on it.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
[[nodiscard]] WallTime wall_now() noexcept;

}  // namespace octopoll
