#pragma once
// One counter, two readings, nothing restarted: what happened in between?

#include <chrono>
#include <cstdint>
#include <optional>

#include "octopoll/core/counters.hpp"
#include "octopoll/core/cycle.hpp"

namespace octopoll::rates {

enum class CounterKind : std::uint8_t {
  octets,  ///< bounded by the link's speed
  frames,  ///< unicast, multicast and broadcast packets: bounded by the speed in smallest packets
  events,  ///< errors, discards, unknown protocols: far from any bound in practice, so going forward proves enough
};
[[nodiscard]] constexpr CounterKind kind_of(Counter counter) noexcept {
  switch (counter) {
    case Counter::in_octets:
    case Counter::out_octets:
      return CounterKind::octets;
    case Counter::in_ucast_pkts:
    case Counter::out_ucast_pkts:
    case Counter::in_multicast_pkts:
    case Counter::out_multicast_pkts:
    case Counter::in_broadcast_pkts:
    case Counter::out_broadcast_pkts:
      return CounterKind::frames;
    case Counter::in_errors:
    case Counter::out_errors:
    case Counter::in_discards:
    case Counter::out_discards:
    case Counter::in_unknown_protos:
      return CounterKind::events;
  }
  return CounterKind::events;
}

/// The most that a counter can have counted between the two readings. Unit: what the counter counts.
struct CounterLimits {
  std::optional<double> by_speed;   ///< at the stated speed; nullopt where no speed is known
  std::optional<double> by_frames;  ///< octets alone: frames of the span x largest frame; nullopt where not known
  /// Octets alone: frames of the span x what an IP packet can hold at most, whatever the MTU; nullopt where not known.
  std::optional<double> by_packets;
  /// Octets alone, where some of the frames are not counted: what they were hardly more than, against a hidden wrap.
  std::optional<double> by_likely_frames;
  double time_error = 0.0;  ///< relative, of the span that by_speed was made from
  double by_physics = 0.0;  ///< at 10 Tb/s
};
/// Limits over `span`, without those by frames.
[[nodiscard]] CounterLimits limits_of(CounterKind kind, std::optional<std::uint64_t> speed_bps,
                                      std::chrono::nanoseconds span, double time_error) noexcept;

/// Stated speeds and clocks are not exact (invariant 5).
inline constexpr double speed_margin = 1.05;
/// What the link can carry, with the margin that stated speeds and clocks need (invariant 5: 1.05).
[[nodiscard]] bool within_speed(std::uint64_t delta, const CounterLimits& limits) noexcept;

/// Of 32 bits: what counters come round at; of 64 that are read in two halves, the lower half.
inline constexpr std::uint64_t whole_turn = 1ULL << 32U;
/// Whether what frames can hold is known, and these octets are no more.
[[nodiscard]] bool hold(const std::optional<double>& most, std::uint64_t octets) noexcept;
/// More than the frames of its span can hold, were each as large as an IP packet can be.
[[nodiscard]] bool beyond_packets(std::uint64_t delta, const CounterLimits& limits) noexcept;
/// And they have room for no turn beside them.
[[nodiscard]] bool exclude_turn(const std::optional<double>& most, std::uint64_t octets) noexcept;

/// The link cannot have carried it, and the frames of the span have room for it: one of them is wrong.
[[nodiscard]] bool refutes_speed(std::uint64_t delta, const CounterLimits& limits) noexcept;

/// How far a counter of this width came, if it wrapped at most once. Both readings have the same width.
[[nodiscard]] constexpr std::uint64_t forward_distance(const CounterReading& before,
                                                       const CounterReading& now) noexcept {
  const std::uint64_t distance = now.value - before.value;
  return now.bits == 64 ? distance : static_cast<std::uint32_t>(distance);
}

/// The verdict on one step of a counter whose interface did not restart.
/// Qualities: ok, wrapped, reset, implausible, ambiguous. `elapsed` of the result stays 0.
/// Source: RFC 2578 sections 7.1.6 (Counter32) and 7.1.10 (Counter64).
[[nodiscard]] CounterDelta judge_step(CounterKind kind, const CounterReading& before, const CounterReading& now,
                                      const CounterLimits& limits) noexcept;

/// One story of how a counter came to its new reading.
struct Story {
  CounterDelta delta;
  CounterLimits limits;
  /// It makes a rate, and the link can carry it.
  [[nodiscard]] bool possible() const noexcept {
    return makes_rate(delta.quality) && within_speed(*delta.value, limits);
  }
};

/// Which of two stories the new reading continues: `recent` starts at a reading that contradicted the base line,
/// `old` at the base line itself. Where both could be true, neither needs less explanation, and it matters, the delta
/// is `ambiguous`: it would be a guess.
[[nodiscard]] CounterDelta choose_story(const Story& recent, const Story& old) noexcept;

/// The same once a reading has continued from the contradicting one: `old` must be much the better story. Readings that
/// were garbled alike look like a line of their own, and the leap back from it like traffic: nullopt unless this
/// may be such a leap. `something_possible`: some other story is.
[[nodiscard]] std::optional<CounterDelta> leap_back(const CounterDelta& recent, const Story& old,
                                                    bool something_possible) noexcept;

}  // namespace octopoll::rates
