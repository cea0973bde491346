#pragma once
// Did the agent restart between two of its answers?

#include <chrono>
#include <cstdint>
#include <optional>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/units.hpp"

namespace octopoll::rates {

/// What an agent's clocks said in one answer, beside ours. Value type.
struct AgentClock {
  BootTime received;                          ///< our clock at reception
  std::chrono::nanoseconds round_trip{};      ///< of the request that this answers
  std::optional<TimeTicks> sys_uptime;        ///< RFC 3418
  std::optional<std::uint32_t> engine_boots;  ///< snmpEngineBoots, RFC 3411 section 5
  std::optional<std::uint32_t> engine_time;   ///< snmpEngineTime, seconds

  [[nodiscard]] static AgentClock of(const ReadingTime& time) noexcept {
    return {time.received, time.round_trip, time.sys_uptime, std::nullopt, std::nullopt};
  }
};

enum class Restart : std::uint8_t {
  unknown,  ///< the agent shows no clock in both answers
  no,
  yes,
};

/// Whether the agent restarted between two answers; `before` is the earlier one.
///
/// Source: RFC 2578 section 7.1.8 (TimeTicks count modulo 2^32, so sysUpTime wraps after 497.1 days without a
/// restart), RFC 3411 section 5 (snmpEngineBoots grows with each restart, snmpEngineTime counts for 68 years).
/// Rules, the first that speaks:
///  - snmpEngineBoots differs: restart.
///  - sysUpTime stands where the time since `before`, modulo 2^32, puts it, within max(2 s, 3 %) and the round trips:
///    no restart; where that took a wrap, snmpEngineTime must not have fallen either.
///  - sysUpTime fell: restart.
///  - sysUpTime advanced too little, and is no more than the time since `before`: the agent restarted and has already
///    passed its old uptime. If it is more, or stands still, its clock is not sane: no restart.
///  - sysUpTime ran ahead: its clock is not sane: no restart. See leapt_ahead().
/// Where sysUpTime is missing in one of the two, snmpEngineTime is read by the same rules.
/// Limit: a restart that cost the clock less than the tolerance is not seen, so an agent that had been up for two
/// seconds may restart unnoticed unless it has snmpEngineBoots.
/// Thread: any.
[[nodiscard]] Restart restart_between(const AgentClock& before, const AgentClock& now) noexcept;

/// Whether sysUpTime leapt ahead of our clock between two answers: another agent answers at this address (a cluster's
/// other half, two behind one name), its clock was set, or our machine stood still unknown to its clock. What counters
/// gained is not of the time between. False where sysUpTime fell, or is missing.
///
/// `goes_right`: it has kept pace with ours so far. Then 30 s and a tenth of the time are no drift; else ten minutes
/// and twenty times the time are not, for some agents count milliseconds.
[[nodiscard]] bool leapt_ahead(const AgentClock& before, const AgentClock& now, bool goes_right) noexcept;

/// The latest moment at which an agent that restarted between `before` and `now` can have come up, on our clock;
/// `now.received` where its clocks cannot date it.
[[nodiscard]] BootTime latest_start(const AgentClock& before, const AgentClock& now) noexcept;

}  // namespace octopoll::rates
