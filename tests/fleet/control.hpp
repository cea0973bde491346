#pragma once
// Commands to a running fleet, as JSON objects. Each gets one object back: {"ok": true, ...} or {"error": "..."}.
//
//   {"device": "d1", "set": {"silent": true}}              faults by name (see faults.hpp); false switches one off
//   {"device": "d1", "kill": true}, {"device": "d1", "revive": true}     the same as set silent
//   {"device": "d1", "truth": true}                        all counters now; {"truth": {"at_ns": N}}: at that instant
//   {"device": "d1", "stats": true}                        what it was asked and what it sent
//   {"device": "d1", "reboot": true}                       or {"renumber": true, "sys_uptime": 0}
//   {"device": "d1", "add_interface": {"if_index": 9, "name": "eth9", ...}}    as in a scenario
//   {"device": "d1", "remove_interface": "eth9"}
//   {"device": "d1", "interface": "eth1", "change": {"oper_status": 2, "name": "...", "speed_bps": 1, "if_index": 5,
//        "traffic": {"in_bps": 0}, "counters": {"in_octets": 0}, "discontinuity": true}}
//   {"devices": true}                                      their names
//   {"stats": true}                                        packets of the whole fleet
//
// "device": "*" is every device. Instants are nanoseconds of CLOCK_BOOTTIME.

#include "fleet/registry.hpp"

namespace fleet {

/// What the sockets saw.
struct FleetStats {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t malformed = 0;
  std::uint64_t bad_versions = 0;
  std::uint64_t bad_communities = 0;  ///< nobody at that address, port and community
  std::uint64_t unanswered = 0;       ///< silence of a device
  std::uint64_t send_failures = 0;
};

/// Never throws for what the command says. Thread: the fleet's.
[[nodiscard]] Json execute(Registry& registry, const FleetStats& stats, const Json& command, Instant now);

[[nodiscard]] Json to_json(const Truth& truth);
[[nodiscard]] Json to_json(const DeviceStats& stats);
[[nodiscard]] Json to_json(const FleetStats& stats);

}  // namespace fleet
