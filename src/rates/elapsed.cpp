#include "octopoll/rates/elapsed.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;

/// Two clocks that are right part by less than 1 in so many.
constexpr int crystal = 5'000;

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

// `own`: what our clock says, `slack`: by how much the two may differ.
std::optional<nanoseconds> sane_uptime(const ReadingTime& before, const ReadingTime& now, nanoseconds own,
                                       nanoseconds slack) noexcept {
  if (!before.sys_uptime || !now.sys_uptime) return std::nullopt;
  // uint32 arithmetic is the wrap at 2^32.
  const std::uint32_t ticks = now.sys_uptime->count() - before.sys_uptime->count();
  const nanoseconds uptime = TimeTicks(ticks);
  if (ticks == 0 || std::chrono::abs(uptime - own) > slack) return std::nullopt;
  return uptime;
}

}  // namespace

Elapsed elapsed_between(const ReadingTime& before, const ReadingTime& now, const ClockSettings& settings) noexcept {
  Elapsed elapsed;
  elapsed.time = now.received - before.received;
  elapsed.clock_error = own_error(before, now, settings);
  nanoseconds uptime_error = settings.uptime_step + settings.reception_floor;
  // Mostly our own clock is the better one, whatever the agent's shows.
  if (uptime_error < elapsed.clock_error) uptime_error = std::max(uptime_error, step_shown(before, now));
  if (uptime_error < elapsed.clock_error) {
    // A clock that runs slow is no better than ours for having a fine step.
    const nanoseconds slack = elapsed.clock_error + uptime_error + elapsed.time / crystal;
    if (const auto uptime = sane_uptime(before, now, elapsed.time, slack)) {
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

}  // namespace octopoll::rates
