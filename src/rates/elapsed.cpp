#include "octopoll/rates/elapsed.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;

/// Off by all of the time that it measures.
constexpr double useless_clock = 1.0;

nanoseconds longer_trip(const ReadingTime& before, const ReadingTime& now) noexcept {
  return std::max(before.round_trip, now.round_trip);
}

// What our clock is probably off by. What one round trip took longer than the other may have passed before the reading
// or after it, and equal ones need not divide alike between the two ways, all the less the longer they are.
nanoseconds likely_error(const ReadingTime& before, const ReadingTime& now, const ClockSettings& settings) noexcept {
  return std::chrono::abs(now.round_trip - before.round_trip) + longer_trip(before, now) / 16 +
         settings.reception_floor;
}

// A reading is made while its request is under way, at any moment of that.
nanoseconds own_bound(const ReadingTime& before, const ReadingTime& now, const ClockSettings& settings) noexcept {
  return longer_trip(before, now) + settings.reception_floor;
}

// Many agents count seconds and say hundredths. Two readings of a finer clock are both whole seconds once in 10,000
// times, and then it is only trusted less.
nanoseconds step_shown(const ReadingTime& before, const ReadingTime& now, nanoseconds step) noexcept {
  constexpr std::uint32_t second = 100;
  const bool whole = before.sys_uptime->count() % second == 0 && now.sys_uptime->count() % second == 0;
  return whole ? std::max<nanoseconds>(step, std::chrono::seconds(1)) : step;
}

/// What sysUpTime says of the time between.
struct AgentSpan {
  nanoseconds time;
  nanoseconds bound;
};

// Both ends are cut down, so together they are off by less than one step.
std::optional<AgentSpan> agent_span(const ReadingTime& before, const ReadingTime& now, nanoseconds own,
                                    const ClockSettings& settings) noexcept {
  if (!before.sys_uptime || !now.sys_uptime) return std::nullopt;
  // uint32 arithmetic is the wrap at 2^32.
  const nanoseconds time = TimeTicks(now.sys_uptime->count() - before.sys_uptime->count());
  const auto drift = nanoseconds(static_cast<std::int64_t>(static_cast<double>(own.count()) * settings.uptime_drift));
  const AgentSpan span{time, step_shown(before, now, settings.uptime_step) + settings.reception_floor + drift};
  // A clock that does not go right is no better than ours for having a fine step.
  const nanoseconds slack = span.bound + own_bound(before, now, settings);
  if (time.count() == 0 || std::chrono::abs(time - own) > slack) return std::nullopt;
  return span;
}

}  // namespace

Elapsed elapsed_between(const ReadingTime& before, const ReadingTime& now, const ClockSettings& settings) noexcept {
  Elapsed elapsed;
  elapsed.time = now.received - before.received;
  elapsed.clock_error = own_bound(before, now, settings);
  // Mostly our own clock is the better one, whatever the agent's shows.
  if (settings.uptime_step < elapsed.clock_error) {
    if (const auto agent = agent_span(before, now, elapsed.time, settings)) {
      const nanoseconds between = std::chrono::abs(agent->time - elapsed.time);
      if (agent->bound < likely_error(before, now, settings)) {
        elapsed.time = agent->time;
        elapsed.clock_error = agent->bound;
      } else {
        elapsed.clock_error = std::min(elapsed.clock_error, between + agent->bound);
      }
    }
  }
  if (elapsed.time.count() <= 0) return elapsed;
  // Each snapshot lies between 0 and its age bound before its answer, so their distance is off by the larger bound.
  const nanoseconds error = std::max(before.age_bound, now.age_bound) + elapsed.clock_error;
  elapsed.relative_error = static_cast<double>(error.count()) / static_cast<double>(elapsed.time.count());
  return elapsed;
}

std::optional<double> uptime_drift_between(const ReadingTime& before, const ReadingTime& now,
                                           const ClockSettings& settings) noexcept {
  const nanoseconds own = now.received - before.received;
  if (!before.sys_uptime || !now.sys_uptime || own.count() <= 0) return std::nullopt;
  const nanoseconds uptime = TimeTicks(now.sys_uptime->count() - before.sys_uptime->count());
  const nanoseconds apart = std::chrono::abs(uptime - own);
  const nanoseconds unknown = own_bound(before, now, settings) + settings.uptime_step;
  const double share = 1.0 / static_cast<double>(own.count());
  const double proven = static_cast<double>((apart - unknown).count()) * share;
  if (proven > settings.uptime_drift) return useless_clock;
  return static_cast<double>((apart + unknown).count()) * share;
}

}  // namespace octopoll::rates
