#pragma once
// How long a device was in which state, from what each turn of ICMP and of SNMP brought.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/latency/reachability.hpp"

namespace octopoll::latency {

/// One turn: a round of pings, or a cycle of polling.
struct Observation {
  WallTime at;  ///< when it began
  std::chrono::nanoseconds interval{};
  std::optional<std::int64_t> slot{};  ///< the turn of the schedule
  std::optional<bool> answered{};      ///< nullopt: nothing was asked, or nobody waited for the answer
};

/// Time by what one protocol said.
struct AskedTime {
  std::chrono::milliseconds asked{};
  std::chrono::milliseconds answered{};
  /// nullopt where nothing was asked.
  [[nodiscard]] std::optional<double> share() const noexcept;
};

/// A window of wall time by states.
///
/// An observation holds from its begin until the next one of its protocol begins. Where that is more than two intervals
/// away, nobody looked for a while, and it holds for one interval. The last one of all holds for up to three: a round
/// of pings is known only when it is over. While a cycle without a word holds, such as one that octopoll's own end has
/// cut, the state is unknown: no ping stands for the agent. A round of pings counts from the begin of the device's
/// cycle of the same slot, so that what was asked in one turn changes the state once.
struct Availability {
  std::array<std::chrono::milliseconds, all_reachabilities.size()> time{};  ///< by Reachability; together the window
  AskedTime icmp;
  AskedTime snmp;
  Reachability state = Reachability::unknown;  ///< at the window's end
  WallTime since;                              ///< that state's begin, or the window's
  std::size_t changes = 0;                     ///< from one known state to another

  [[nodiscard]] std::chrono::milliseconds in(Reachability state) const noexcept;
  /// Time in which it answered by either protocol, by all time that is known; nullopt where none is.
  [[nodiscard]] std::optional<double> reachable_share() const noexcept;
};

/// Both in order of time; what is outside of [since, until) but holds into it may be among them.
[[nodiscard]] Availability availability_of(std::vector<Observation> icmp, const std::vector<Observation>& snmp,
                                           WallTime since, WallTime until);

}  // namespace octopoll::latency
