#pragma once
// The time between two readings of one row, and how well it is known.

#include <chrono>
#include <optional>

#include "octopoll/core/interface.hpp"

namespace octopoll::rates {

/// How finely the two clocks can be read.
struct ClockSettings {
  /// sysUpTime's step: RFC 2578 section 7.1.8 allows no finer one; agents with a coarser step exist.
  std::chrono::nanoseconds uptime_step = std::chrono::milliseconds(10);
  /// What a reception stamp may be off though both round trips took the same time (interrupts, our own queue).
  std::chrono::nanoseconds reception_floor = std::chrono::microseconds(50);
  /// By how much sysUpTime may run fast or slow, relative to our clock: what a crystal does where nothing else is
  /// known.
  double uptime_drift = 200e-6;
};

/// The most by which sysUpTime can have run fast or slow between two readings, relative to our clock; nullopt where
/// they do not tell. The further they are apart the better it is known. Thread: any.
[[nodiscard]] std::optional<double> uptime_drift_between(const ReadingTime& before, const ReadingTime& now,
                                                         const ClockSettings& settings = {}) noexcept;

/// The time between the moments that two readings show. Value type.
struct Elapsed {
  std::chrono::nanoseconds time{};         ///< by the better clock
  std::chrono::nanoseconds clock_error{};  ///< bound of that clock's error
  /// (the older of the two ages an agent's cache may add + clock_error) / time; 1 where `time` is not positive.
  double relative_error = 1.0;
};

/// Measures by sysUpTime or by our clock, whichever has the smaller error bound (invariant 2 of the design).
/// sysUpTime: its step (both ends are cut down, so they differ from the truth by less than one), a second where both
/// readings are whole ones, and its drift; our clock: the difference of the round trips, a sixteenth of the longer one,
/// and the floor. sysUpTime counts only where it is sane: there at both ends, advancing (modulo 2^32, RFC 2578
/// section 7.1.8), and no further from our clock than both errors allow. Thread: any.
[[nodiscard]] Elapsed elapsed_between(const ReadingTime& before, const ReadingTime& now,
                                      const ClockSettings& settings = {}) noexcept;

}  // namespace octopoll::rates
