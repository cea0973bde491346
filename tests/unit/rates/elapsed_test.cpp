#include "octopoll/rates/elapsed.hpp"

#include <catch2/catch.hpp>
#include <optional>

namespace octopoll::rates {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

ReadingTime reading(nanoseconds when, nanoseconds round_trip, std::optional<std::uint32_t> uptime,
                    nanoseconds age = 0ns) {
  ReadingTime time;
  time.received = BootTime(1h + when);
  time.round_trip = round_trip;
  if (uptime) time.sys_uptime = TimeTicks(*uptime);
  time.age_bound = age;
  return time;
}

TEST_CASE("elapsed is taken from the clock that is probably the better one, and stated with its bound") {
  struct Case {
    const char* what;
    ReadingTime before, now;
    nanoseconds time, error;
  };
  const Case cases[] = {
      {"steady round trips: ours", reading(0s, 1ms, 1'000), reading(10s, 1ms, 2'001), 10s, 1ms + 50us},
      {"round trips differ a little: ours", reading(0s, 1ms, 1'000), reading(10s, 9ms, 2'001), 10s, 9ms + 50us},
      {"round trips differ by more than sysUpTime's step: the agent's", reading(0s, 1ms, 1'000),
       reading(10s, 500ms, 1'950), 9500ms, 12ms + 50us},
      {"the other way round", reading(0s, 500ms, 1'000), reading(10s, 1ms, 2'050), 10500ms, 12ms + 50us},
      {"long round trips that are alike: ours, and the agent's bounds it", reading(0s, 150ms, 1'000),
       reading(10s, 150ms, 2'001), 10s, 22ms + 50us},
      {"over sysUpTime's wrap", reading(0s, 1ms, 0xFFFFFFFFU - 499), reading(10s, 500ms, 450), 9500ms, 12ms + 50us},
      {"no sysUpTime now", reading(0s, 1ms, 1'000), reading(10s, 500ms, {}), 10s, 500ms + 50us},
      {"no sysUpTime before", reading(0s, 1ms, {}), reading(10s, 500ms, 2'000), 10s, 500ms + 50us},
      {"sysUpTime stands still", reading(0s, 1ms, 1'000), reading(10s, 500ms, 1'000), 10s, 500ms + 50us},
      {"sysUpTime runs 2 % slow, which cannot be the network", reading(0s, 1ms, 1'000), reading(10s, 150ms, 1'980), 10s,
       150ms + 50us},
      {"sysUpTime runs 10 % fast", reading(0s, 1ms, 1'000), reading(10s, 500ms, 2'100), 10s, 500ms + 50us},
      {"sysUpTime runs 30 % slow", reading(0s, 1ms, 1'000), reading(10s, 500ms, 1'700), 10s, 500ms + 50us},
      {"sysUpTime fell", reading(0s, 1ms, 9'000), reading(10s, 500ms, 500), 10s, 500ms + 50us},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Elapsed elapsed = elapsed_between(c.before, c.now);
    CHECK(elapsed.time == c.time);
    CHECK(elapsed.clock_error == c.error);
    CHECK(elapsed.relative_error == Approx(static_cast<double>(c.error.count()) / static_cast<double>(c.time.count())));
  }
}

TEST_CASE("the larger of the two ages counts as error of the time between the snapshots") {
  const auto error = [](nanoseconds before, nanoseconds now) {
    return elapsed_between(reading(0s, 1ms, 1'000, before), reading(30s, 1ms, 4'000, now)).relative_error;
  };
  CHECK(error(0s, 0s) == Approx(1.05e-3 / 30));
  CHECK(error(3s, 3s) == Approx((3 + 1.05e-3) / 30));
  CHECK(error(3s, 0s) == Approx((3 + 1.05e-3) / 30));
  CHECK(error(0s, 3s) == Approx((3 + 1.05e-3) / 30));
}

TEST_CASE("within sysUpTime's own step it has not moved, and says nothing") {
  CHECK(elapsed_between(reading(0s, 1ms, 1'000), reading(30ms, 500ms, 1'000)).time == 30ms);
}

TEST_CASE("a coarser sysUpTime is trusted less") {
  ClockSettings settings;
  settings.uptime_step = 1s;
  CHECK(elapsed_between(reading(0s, 1ms, 1'001), reading(10s, 500ms, 2'001), settings).clock_error == 500ms + 50us);
}

TEST_CASE("a sysUpTime that shows whole seconds only is no finer than they are") {
  CHECK(elapsed_between(reading(0s, 1ms, 1'000), reading(10s, 500ms, 2'000)).clock_error == 500ms + 50us);
  CHECK(elapsed_between(reading(0s, 1ms, 1'000), reading(100s, 2500ms, 11'000)).clock_error == 1020ms + 50us);
}

TEST_CASE("how far sysUpTime drifts is known the better, the longer it is watched, and a wrong one is found out") {
  const auto drift = [](nanoseconds span, std::uint32_t ticks, nanoseconds round_trip) {
    return uptime_drift_between(reading(0s, 1ms, 1'000), reading(span, round_trip, 1'000 + ticks));
  };
  CHECK(drift(1s, 100, 51ms) == Approx(51e-3 + 0.01 + 50e-6));
  CHECK(drift(100s, 10'000, 51ms) == Approx((51e-3 + 0.01 + 50e-6) / 100));
  CHECK(drift(100s, 9'800, 1ms) == 1.0);
  CHECK(drift(100s, 10'200, 1ms) == 1.0);
  CHECK_FALSE(uptime_drift_between(reading(0s, 1ms, {}), reading(1s, 1ms, 100)));
  CHECK_FALSE(uptime_drift_between(reading(0s, 1ms, 1'000), reading(0s, 1ms, 1'000)));
}

TEST_CASE("a sysUpTime that drifts is trusted less") {
  ClockSettings settings;
  settings.uptime_drift = 0.02;
  const auto now = reading(10s, 150ms, 1'990);
  CHECK(elapsed_between(reading(0s, 1ms, 1'000), now, settings).time == 10s);
  CHECK(elapsed_between(reading(0s, 1ms, 1'000), now).time == 9900ms);
}

TEST_CASE("no time between two readings is all error") {
  CHECK(elapsed_between(reading(5s, 1ms, 1'000), reading(5s, 1ms, 1'000)).relative_error == 1.0);
  CHECK(elapsed_between(reading(5s, 1ms, 1'500), reading(4s, 1ms, 1'400)).relative_error == 1.0);
}

}  // namespace
}  // namespace octopoll::rates
