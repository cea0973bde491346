#include "octopoll/rates/resumption.hpp"

#include <algorithm>
#include <cstdint>

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using Ticks = std::chrono::duration<std::int64_t, std::centi>;

constexpr Ticks turn{std::int64_t{1} << 32};
/// Agents' crystals are off by a tenth of it at most.
constexpr std::int64_t drift = 1000;

/// What the agent's own clock has counted, and how well it can be read at both ends.
struct Counted {
  nanoseconds time{};
  nanoseconds error{};
};

nanoseconds tolerance(nanoseconds elapsed, bool same_clock) noexcept {
  return std::max<nanoseconds>(same_clock ? seconds(2) : seconds(5), elapsed / drift);
}

// With as many turns of 2^32 as bring it next to `elapsed`.
std::optional<Counted> by_uptime(const LastReadings& last, const AgentClock& now, nanoseconds elapsed) noexcept {
  if (!last.sys_uptime || !now.sys_uptime || *last.sys_uptime == *now.sys_uptime) return std::nullopt;
  // uint32 arithmetic is the wrap at 2^32.
  const Ticks once(now.sys_uptime->count() - last.sys_uptime->count());
  const std::int64_t turns = std::max<std::int64_t>(0, (elapsed - once + turn / 2) / nanoseconds(turn));
  // Many agents count seconds and say hundredths.
  const bool whole = last.sys_uptime->count() % 100 == 0 && now.sys_uptime->count() % 100 == 0;
  return Counted{once + turns * turn, whole ? nanoseconds(seconds(2)) : nanoseconds(Ticks(2))};
}

std::optional<Counted> by_engine_time(const LastReadings& last, const AgentClock& now) noexcept {
  if (!last.engine_time || !now.engine_time || *now.engine_time <= *last.engine_time) return std::nullopt;
  return Counted{seconds(*now.engine_time - *last.engine_time), seconds(2)};
}

}  // namespace

std::optional<Resumption> resumption(const LastReadings& last, const AgentClock& now, const OwnClocks& own) noexcept {
  const bool same_clock = !own.boot.empty() && own.boot == last.boot;
  const nanoseconds since_start = same_clock ? now.received - last.started : own.wall - last.started_at;
  const nanoseconds elapsed = since_start - (last.clock_read_at - last.started);
  if (elapsed <= nanoseconds(0)) return std::nullopt;
  const auto shift_for = [&](nanoseconds time) { return now.received - time - last.clock_read_at; };

  AgentClock before;
  before.received = now.received - elapsed;
  before.sys_uptime = last.sys_uptime;
  before.engine_boots = last.engine_boots;
  before.engine_time = last.engine_time;
  // An uptime that is only less than the wall clock wants shows no restart: that clock may have been set.
  const bool fell = last.sys_uptime && now.sys_uptime && *now.sys_uptime < *last.sys_uptime;
  const bool other_boots = last.engine_boots && now.engine_boots && *now.engine_boots != *last.engine_boots;
  if ((same_clock || fell || other_boots) && restart_between(before, now) == Restart::yes) {
    return Resumption{shift_for(elapsed), {}};
  }

  const auto uptime = by_uptime(last, now, elapsed);
  const auto counted = last.sys_uptime && now.sys_uptime ? uptime : by_engine_time(last, now);
  if (!counted) return std::nullopt;
  const nanoseconds off = std::chrono::abs(counted->time - elapsed);
  if (off > tolerance(elapsed, same_clock) + counted->error + now.round_trip) return std::nullopt;
  if (same_clock) return Resumption{};
  return Resumption{shift_for(counted->time), counted->error + now.round_trip};
}

}  // namespace octopoll::rates
