#pragma once
// What a store kept of a device, for a poller that goes on from it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/units.hpp"

namespace octopoll {

/// The last readings of one device, each the base line that its next delta begins at, and all that says how far they
/// can be trusted. Value type.
struct LastReadings {
  std::string address;  ///< "192.0.2.1:161", as asked then
  std::string view;     ///< DeviceCycle::view
  std::string boot;     ///< boot_name() then: whether the BootTimes below are those of our clock
  WallTime started_at;  ///< of the cycle that read the agent's clocks below
  BootTime started;     ///< the same moment
  // The agent's clocks, as that cycle first read them at `clock_read_at`.
  BootTime clock_read_at;
  std::optional<TimeTicks> sys_uptime;
  std::optional<std::uint32_t> engine_boots;
  std::optional<std::uint32_t> engine_time;
  std::chrono::nanoseconds cache_period{};  ///< DeviceCycle::cache_period
  bool cache_known = false;                 ///< DeviceCycle::cache_known
  /// In the order of their ifIndex. `age_bound` has what is not known of the moment of their reception.
  std::vector<InterfaceSample> interfaces;
};

}  // namespace octopoll
