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

/// Measures by our clock, or by sysUpTime where that is probably the better one (invariant 2 of the design).
///
/// Our clock: a reading is made while its request is under way, so the bound is the longer round trip; probably it is
/// not far from the difference of the two. sysUpTime: its step (both ends are cut down, so together they are off by
/// less than one), a second where both readings are whole ones, and its drift. It counts only where it is sane: there
/// at both ends, advancing (modulo 2^32, RFC 2578 section 7.1.8), and no further from our clock than both bounds allow;
/// then it bounds the error of ours, too. Thread: any.
[[nodiscard]] Elapsed elapsed_between(const ReadingTime& before, const ReadingTime& now,
                                      const ClockSettings& settings = {}) noexcept;

}  // namespace octopoll::rates
