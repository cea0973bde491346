#include "icmp/round_trip.hpp"

#include <algorithm>
#include <ctime>

namespace octopoll::icmp {
namespace {

using std::chrono::nanoseconds;

WallStamp wall_clock() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

/// Slewing moves both clocks alike, so their distance changes by a step alone.
bool stepped(const ClockPair& from, const ClockPair& to) noexcept {
  const nanoseconds step = (to.wall - from.wall) - (to.boot - from.boot);
  return step > pair_tolerance || step < -pair_tolerance;
}

}  // namespace

ClockPair sent_at(const ClockPair& asked, WallStamp stamp, const ClockPair& read) noexcept {
  const nanoseconds waited = stamp - asked.wall;
  if (waited < nanoseconds(0) || waited > read.boot - asked.boot || stepped(asked, read)) return asked;
  return {asked.boot + waited, stamp};
}

nanoseconds round_trip(const ClockPair& sent, std::optional<WallStamp> received, const ClockPair& read) noexcept {
  const nanoseconds by_boot = std::max(nanoseconds(1), read.boot - sent.boot);
  if (!received) return by_boot;
  if (stepped(sent, read)) return by_boot;
  const nanoseconds by_wall = *received - sent.wall;
  if (by_wall <= nanoseconds(0) || by_wall > by_boot + pair_tolerance) return by_boot;
  return std::min(by_wall, by_boot);
}

ClockPair ClockPair::now() noexcept {
  // A thread that loses its core between the two readings makes them look stepped; a second try is then cheap.
  ClockPair pair;
  for (int attempt = 0; attempt < 3; ++attempt) {
    pair.boot = BootClock::now();
    pair.wall = wall_clock();
    if (BootClock::now() - pair.boot < pair_tolerance / 4) break;
  }
  return pair;
}

}  // namespace octopoll::icmp
