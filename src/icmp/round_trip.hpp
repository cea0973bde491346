#pragma once
// How long a probe was under way, by two clocks of which one may be stepped.

#include <chrono>
#include <optional>

#include "octopoll/core/clock.hpp"

namespace octopoll::icmp {

/// Time since 1970 by CLOCK_REALTIME: the clock of the kernel's receive stamps. For differences of a few seconds alone.
using WallStamp = std::chrono::nanoseconds;

/// Both clocks, read at one moment.
struct ClockPair {
  BootTime boot;
  WallStamp wall{};
  [[nodiscard]] static ClockPair now() noexcept;
};

/// How far the two halves of a ClockPair may lie apart when the thread loses its core between them.
inline constexpr std::chrono::nanoseconds pair_tolerance = std::chrono::microseconds(200);

/// `asked`, when we gave the kernel a probe, moved to when the interface got it by the kernel's `stamp`: a probe that
/// waited here for its neighbour's link address, in a queue or for a processor was not under way yet. Unchanged where
/// the stamp cannot be that of this probe, or the wall clock was stepped before `read`, when we saw the stamp.
[[nodiscard]] ClockPair sent_at(const ClockPair& asked, WallStamp stamp, const ClockPair& read) noexcept;

/// The round trip of a probe that was sent at `sent`, arrived in the kernel at `received` by the wall clock (if it said
/// so) and was read by us at `read`. Always positive.
///
/// Slewing (NTP, PTP) moves both clocks alike, so their distance changes by a step alone: then, and where the stamp
/// lies outside of the time between `sent` and `read`, the boot clock from `sent` to `read` is the answer. That one is
/// too long by the loop's delay, but never wrong by a step.
[[nodiscard]] std::chrono::nanoseconds round_trip(const ClockPair& sent, std::optional<WallStamp> received,
                                                  const ClockPair& read) noexcept;

}  // namespace octopoll::icmp
