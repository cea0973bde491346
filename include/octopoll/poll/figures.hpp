#pragma once
// What the polling says of itself.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "octopoll/core/cycle.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::poll {

/// What has happened since the start. Unit: cycles, turns, rounds.
struct PollerStatistics {
  std::uint64_t cycles = 0;  ///< ended, of all outcomes
  std::uint64_t complete = 0;
  std::uint64_t partial = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;  ///< turns that came up while the device was still busy
  std::uint64_t missed = 0;   ///< turns that nobody took in time: the machine slept, or the loop was held up
  std::uint64_t ping_rounds = 0;
};

/// A device that keeps us waiting. Unit: requests since its poller was made.
struct DeviceSilence {
  std::string device;
  std::uint64_t timeouts = 0;
  std::uint64_t retries = 0;
  bool failing = false;  ///< its last cycle failed
};

/// What the last cycle of a device cost it and the network.
struct DeviceExpense {
  std::string device;
  PollCost cost;
  std::size_t interfaces = 0;
  std::chrono::nanoseconds duration{};
};

/// How many of the worst devices are told.
inline constexpr std::size_t most_devices_told = 10;

/// A look at the polling, taken between two callbacks, so its numbers fit each other.
///
/// Shape:  value type; made anew for each look, O(devices).
/// Unit:   counts since the start, octets of UDP payload, durations; `lag` alone is since the last look.
/// Thread: taken on the loop's, read on any.
struct Figures {
  std::chrono::nanoseconds running{};  ///< since the poller was made
  std::size_t devices = 0;
  std::size_t probes = 0;
  std::size_t busy = 0;  ///< devices with a cycle under way
  PollerStatistics polls;
  snmp::Traffic traffic;
  std::size_t in_flight = 0;  ///< requests that wait for an answer now
  icmp::ProberStatistics echoes;
  LoopLag lag;                             ///< since the last look
  LoopLag lag_in_all;                      ///< since the loop was made
  std::vector<DeviceSilence> silent;       ///< most timeouts first; none without any
  std::size_t failing = 0;                 ///< devices whose last cycle failed
  std::vector<std::string> failing_names;  ///< the first of them by name
  std::vector<DeviceExpense> expensive;    ///< most octets first
};

/// "14 PDUs, 9.03 kB": the requests of a cycle, and what crossed the wire both ways.
[[nodiscard]] std::string cost_text(const PollCost& cost);
/// "3.41 ms", "12.7 s": how long something took, in three digits.
[[nodiscard]] std::string span_text(std::chrono::nanoseconds span);

}  // namespace octopoll::poll
