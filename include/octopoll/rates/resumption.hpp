#pragma once
// Whether a poller may go on from what another one read before it.

#include <chrono>
#include <optional>
#include <string_view>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/last_readings.hpp"
#include "octopoll/rates/restart.hpp"

namespace octopoll::rates {

/// The clocks of who goes on, at the moment of the agent's first answer.
struct OwnClocks {
  std::string_view boot;  ///< boot_name()
  WallTime wall;          ///< when the answer came
};

/// How to read the moments that were kept.
struct Resumption {
  std::chrono::nanoseconds shift{};  ///< to be added to each of them: then they are moments of our clock
  std::chrono::nanoseconds error{};  ///< of that
};

/// nullopt where nobody can vouch for a delta that begins at the kept readings; else where they stand on our clock.
///
/// The time since then is ours where BootClock is the same one still, whatever became of the wall clock. Else (the
/// machine was started again) it is the agent's own, as long as the wall clock says about the same: each of the two may
/// be wrong, sysUpTime having restarted or gone round 2^32, the wall clock having been set, but hardly by the same
/// time.
///
/// The agent has to show that it ran on: by a sysUpTime, else an snmpEngineTime, that stands where that time puts it.
/// A clock may be off by a thousandth and two seconds, or five beside the wall clock; not by the 3 % that
/// restart_between() allows from cycle to cycle, for of a long stop that is the uptime of an agent that did restart.
/// One that certainly restarted is gone on from, too: then its deltas say so.
/// Thread: any.
[[nodiscard]] std::optional<Resumption> resumption(const LastReadings& last, const AgentClock& now,
                                                   const OwnClocks& own) noexcept;

}  // namespace octopoll::rates
