#include "octopoll/rates/restart.hpp"

#include <algorithm>

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// Agents' clocks drift and step; within this much of ours they are taken to agree.
nanoseconds tolerance(const AgentClock& before, const AgentClock& now) noexcept {
  const nanoseconds elapsed = now.received - before.received;
  return std::max<nanoseconds>(seconds(2), elapsed * 3 / 100) + before.round_trip + now.round_trip;
}

// By how much `now` lies behind where `elapsed` puts it, on a clock that counts modulo 2^32: negative where it ran
// ahead. The half-way point between "behind" and "ahead" is 248 days off and of no interest.
nanoseconds lag(TimeTicks before, TimeTicks now, nanoseconds elapsed) noexcept {
  const auto ticks = static_cast<std::uint32_t>(elapsed / TimeTicks(1));
  const std::uint32_t expected = before.count() + ticks;
  return std::chrono::duration<std::int64_t, std::centi>(static_cast<std::int32_t>(expected - now.count()));
}

bool engine_time_fell(const AgentClock& before, const AgentClock& now) noexcept {
  return before.engine_time && now.engine_time && *now.engine_time < *before.engine_time;
}

Restart by_uptime(const AgentClock& before, const AgentClock& now) noexcept {
  const nanoseconds elapsed = now.received - before.received;
  const nanoseconds slack = tolerance(before, now);
  const nanoseconds behind = lag(*before.sys_uptime, *now.sys_uptime, elapsed);
  const bool fell = *now.sys_uptime < *before.sys_uptime;
  if (std::chrono::abs(behind) <= slack) {
    // An agent that restarts just as its sysUpTime is about to wrap looks like a wrap; its engine time does not wrap.
    return fell && engine_time_fell(before, now) ? Restart::yes : Restart::no;
  }
  if (fell) return Restart::yes;
  // A clock that stands still (agents exist whose sysUpTime is always 0) is no clock.
  if (*now.sys_uptime == *before.sys_uptime) return Restart::no;
  return behind > slack && nanoseconds(*now.sys_uptime) <= elapsed + slack ? Restart::yes : Restart::no;
}

Restart by_engine_time(const AgentClock& before, const AgentClock& now) noexcept {
  const nanoseconds elapsed = now.received - before.received;
  const nanoseconds slack = tolerance(before, now) + seconds(1);  // its step
  if (*now.engine_time < *before.engine_time) return Restart::yes;
  if (*now.engine_time == *before.engine_time) return Restart::no;
  const nanoseconds behind = elapsed - seconds(*now.engine_time - *before.engine_time);
  return behind > slack && seconds(*now.engine_time) <= elapsed + slack ? Restart::yes : Restart::no;
}

}  // namespace

Restart restart_between(const AgentClock& before, const AgentClock& now) noexcept {
  if (before.engine_boots && now.engine_boots && *before.engine_boots != *now.engine_boots) return Restart::yes;
  if (now.received < before.received) return Restart::unknown;
  if (before.sys_uptime && now.sys_uptime) return by_uptime(before, now);
  if (before.engine_time && now.engine_time) return by_engine_time(before, now);
  return Restart::unknown;
}

bool leapt_ahead(const AgentClock& before, const AgentClock& now, bool goes_right) noexcept {
  if (!before.sys_uptime || !now.sys_uptime || now.received < before.received) return false;
  if (*now.sys_uptime < *before.sys_uptime) return false;
  const nanoseconds elapsed = now.received - before.received;
  const nanoseconds ahead = -lag(*before.sys_uptime, *now.sys_uptime, elapsed) - before.round_trip - now.round_trip;
  return goes_right ? ahead > seconds(30) + elapsed / 10 : ahead > std::max<nanoseconds>(seconds(600), 20 * elapsed);
}

BootTime latest_start(const AgentClock& before, const AgentClock& now) noexcept {
  nanoseconds up{};
  if (now.sys_uptime) {
    up = *now.sys_uptime;
  } else if (now.engine_time) {
    up = std::max<nanoseconds>(nanoseconds(0), seconds(*now.engine_time) - seconds(1));
  }
  const BootTime start = now.received - up + up * 3 / 100 + TimeTicks(2);
  // An agent that claims to have been up before it restarted (another box behind the same address) dates nothing.
  return start > before.received ? std::min(start, now.received) : now.received;
}

}  // namespace octopoll::rates
