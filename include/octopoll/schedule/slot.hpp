#pragma once
// Slots: the turns of an interval, numbered alike over restarts and on every machine.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "octopoll/core/clock.hpp"

namespace octopoll::schedule {

/// Wall time to the nanosecond, so that offsets within an interval keep their evenness.
using PlannedTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Holds the two clocks against each other once, at the start. From then on a planned wall time is a label that follows
/// CLOCK_BOOTTIME: a stepped wall clock moves no turn and renumbers none.
struct ClockPair {
  BootTime boot;
  PlannedTime wall;

  [[nodiscard]] PlannedTime to_wall(BootTime time) const noexcept { return wall + (time - boot); }
  [[nodiscard]] BootTime to_boot(PlannedTime time) const noexcept { return boot + (time - wall); }
};

/// The slot that a planned time belongs to: planned wall time / interval, rounded down.
[[nodiscard]] std::int64_t slot_of(PlannedTime planned, std::chrono::nanoseconds interval) noexcept;

/// Where in each interval a device has its turn: 0 <= offset < interval, from its hash.
[[nodiscard]] std::chrono::nanoseconds offset_of(std::uint64_t hash, std::chrono::nanoseconds interval) noexcept;

/// The hash for spreading by name. It is part of the contract: the same name gives the same number in every version
/// and on every machine (FNV-1a, 64 bits, stirred by splitmix64's finaliser, for names that differ in the last digit
/// alone give FNV-1a numbers that lie in steps).
[[nodiscard]] std::uint64_t spread_hash(std::string_view name) noexcept;

}  // namespace octopoll::schedule
