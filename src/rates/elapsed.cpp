#include "octopoll/rates/elapsed.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;

// Many agents count seconds and say hundredths. Two readings of a finer clock are both whole seconds once in 10,000
// times, and then it is only trusted less.
nanoseconds step_shown(const ReadingTime& before, const ReadingTime& now) noexcept {
  constexpr std::uint32_t second = 100;
  if (!before.sys_uptime || !now.sys_uptime) return {};
  const bool whole = before.sys_uptime->count() % second == 0 && now.sys_uptime->count() % second == 0;
  return whole ? std::chrono::seconds(1) : nanoseconds(0);
}

// What one round trip took longer than the other may have passed before the reading or after it. Nor do equal ones
// divide alike between the two ways, all the less the longer they are.
nanoseconds own_error(const ReadingTime& before, const ReadingTime& now, const ClockSettings& settings) noexcept {
  const nanoseconds difference = std::chrono::abs(now.round_trip - before.round_trip);
  return difference + std::max(now.round_trip, before.round_trip) / 16 + settings.reception_floor;
}

nanoseconds part_of(nanoseconds time, const ClockSettings& settings) noexcept {
  return nanoseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * settings.uptime_drift));
}

nanoseconds ticks_between(const ReadingTime& before, const ReadingTime& now) noexcept {
  // uint32 arithmetic is the wrap at 2^32.
  return TimeTicks(now.sys_uptime->count() - before.sys_uptime->count());
}

// `own`: what our clock says, `slack`: by how much the two may differ.
std::optional<nanoseconds> sane_uptime(const ReadingTime& before, const ReadingTime& now, nanoseconds own,
                                       nanoseconds slack) noexcept {
  if (!before.sys_uptime || !now.sys_uptime) return std::nullopt;
  const nanoseconds uptime = ticks_between(before, now);
  if (uptime.count() == 0 || std::chrono::abs(uptime - own) > slack) return std::nullopt;
  return uptime;
}

}  // namespace

Elapsed elapsed_between(const ReadingTime& before, const ReadingTime& now, const ClockSettings& settings) noexcept {
  Elapsed elapsed;
  elapsed.time = now.received - before.received;
  elapsed.clock_error = own_error(before, now, settings);
  nanoseconds uptime_error = settings.uptime_step + settings.reception_floor + part_of(elapsed.time, settings);
  // Mostly our own clock is the better one, whatever the agent's shows.
  if (uptime_error < elapsed.clock_error) uptime_error = std::max(uptime_error, step_shown(before, now));
  if (uptime_error < elapsed.clock_error) {
    // A clock that runs slow is no better than ours for having a fine step.
    if (const auto uptime = sane_uptime(before, now, elapsed.time, elapsed.clock_error + uptime_error)) {
      elapsed.time = *uptime;
      elapsed.clock_error = uptime_error;
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
  const nanoseconds apart = std::chrono::abs(ticks_between(before, now) - own);
  const nanoseconds error = own_error(before, now, settings) + settings.uptime_step;
  return static_cast<double>((apart + error).count()) / static_cast<double>(own.count());
}

}  // namespace octopoll::rates
