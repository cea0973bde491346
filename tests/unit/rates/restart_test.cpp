#include "octopoll/rates/restart.hpp"

#include <catch2/catch.hpp>
#include <optional>

namespace octopoll::rates {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::uint32_t last_tick = 0xFFFFFFFFU;

struct Case {
  const char* what;
  std::optional<std::uint32_t> uptime_before;  // hundredths of a second
  nanoseconds elapsed;
  std::optional<std::uint32_t> uptime_now;
  Restart verdict;
  std::optional<std::uint32_t> boots_before{}, boots_now{};
  std::optional<std::uint32_t> engine_before{}, engine_now{};
};

AgentClock clock_at(nanoseconds when, std::optional<std::uint32_t> uptime, std::optional<std::uint32_t> boots,
                    std::optional<std::uint32_t> engine) {
  AgentClock clock;
  clock.received = BootTime(1h + when);
  if (uptime) clock.sys_uptime = TimeTicks(*uptime);
  clock.engine_boots = boots;
  clock.engine_time = engine;
  return clock;
}

TEST_CASE("a restart is told from a wrap and from a clock that is not sane") {
  const Case cases[] = {
      {"nothing happened", 100'000, 60s, 106'000, Restart::no},
      {"a clock 2 % slow is a clock", 100'000, 60s, 105'880, Restart::no},
      {"uptime fell", 100'000, 60s, 3'000, Restart::yes},
      {"uptime fell to zero", 100'000, 60s, 0, Restart::yes},
      {"uptime fell, though another box with a long uptime answers", 900'000, 60s, 500'000, Restart::yes},
      {"hidden: the new uptime is above the old", 1'000, 60s, 5'000, Restart::yes},
      {"hidden, after a long gap", 10'000, 10h, 3'400'000, Restart::yes},
      {"behind by less than the tolerance", 1'000, 60s, 6'850, Restart::no},
      {"slow, but up for longer than the interval", 1'000'000, 60s, 1'003'000, Restart::no},
      {"standing still", 1'000'000, 60s, 1'000'000, Restart::no},
      {"always zero", 0, 60s, 0, Restart::no},
      {"running ahead", 100'000, 60s, 900'000, Restart::no},

      {"wrap after 497 days", last_tick - 999, 60s, 5'000, Restart::no},
      {"wrap, the very next tick", last_tick, 10ms, 0, Restart::no},
      {"wrap, the clock a second off", last_tick - 999, 60s, 5'100, Restart::no},
      {"restart shortly before a wrap was due", last_tick - 999, 60s, 2'000, Restart::yes},
      {"restart long before a wrap was due", last_tick - 1'000'000, 60s, 5'000, Restart::yes},
      {"restart at the moment of the wrap, told by engine time",
       last_tick - 999,
       60s,
       5'000,
       Restart::yes,
       {},
       {},
       40'000'000,
       50},
      {"wrap confirmed by engine time", last_tick - 999, 60s, 5'000, Restart::no, 7, 7, 42'949'662, 42'949'722},

      {"engine boots grew", 100'000, 60s, 106'000, Restart::yes, 7, 8},
      {"engine boots started over", 100'000, 60s, 106'000, Restart::yes, 7, 1},
      {"engine boots explain no wrap away", last_tick - 999, 60s, 5'000, Restart::yes, 7, 8},
      {"only sysUpTime started over", 100'000, 60s, 3'000, Restart::yes, 7, 7, 1'000, 1'060},
      {"an engine time that is not sane does not overrule sysUpTime", 100'000, 60s, 106'000, Restart::no, 7, 7, 900, 5},

      {"no sysUpTime", {}, 60s, {}, Restart::unknown},
      {"sysUpTime only before", 100'000, 60s, {}, Restart::unknown},
      {"sysUpTime only now", {}, 60s, 100, Restart::unknown},
      {"boots alone cannot say no", {}, 60s, {}, Restart::unknown, 7, 7},
      {"boots alone can say yes", {}, 60s, {}, Restart::yes, 7, 8},
      {"engine time alone, going on", {}, 60s, {}, Restart::no, {}, {}, 1'000, 1'061},
      {"engine time alone, fell", {}, 60s, {}, Restart::yes, {}, {}, 1'000, 12},
      {"engine time alone, hidden restart", {}, 60s, {}, Restart::yes, {}, {}, 10, 40},
      {"engine time alone, standing still", {}, 60s, {}, Restart::no, {}, {}, 10, 10},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const AgentClock before = clock_at(0s, c.uptime_before, c.boots_before, c.engine_before);
    const AgentClock now = clock_at(c.elapsed, c.uptime_now, c.boots_now, c.engine_now);
    CHECK(restart_between(before, now) == c.verdict);
  }
}

TEST_CASE("a sysUpTime that leaps ahead is told from one that runs fast") {
  const auto leapt = [](nanoseconds elapsed, nanoseconds shown, bool goes_right) {
    const auto now = static_cast<std::uint32_t>(100'000 + shown / 10ms);
    return leapt_ahead(clock_at(0s, 100'000, {}, {}), clock_at(elapsed, now, {}, {}), goes_right);
  };
  CHECK(leapt(60s, 1h, true));
  CHECK(leapt(60s, 1h, false));
  CHECK(leapt(60s, 3min, true));
  CHECK_FALSE(leapt(60s, 3min, false));
  CHECK_FALSE(leapt(60s, 80s, true));
  CHECK_FALSE(leapt(1h, 65min, true));
  CHECK_FALSE(leapt(60s, 10min, false));  // it counts milliseconds
  CHECK_FALSE(leapt(10min, 2h, false));   // likewise
  CHECK(leapt(10min, 30 * 24h, false));
  CHECK_FALSE(leapt(60s, 0s, true));
  // A wrap, and one that fell.
  CHECK_FALSE(leapt_ahead(clock_at(0s, last_tick - 999, {}, {}), clock_at(60s, 5'000, {}, {}), true));
  CHECK_FALSE(leapt_ahead(clock_at(0s, 900'000, {}, {}), clock_at(60s, 5'000, {}, {}), true));
  CHECK_FALSE(leapt_ahead(clock_at(0s, {}, {}, {}), clock_at(60s, 900'000, {}, {}), true));
}

TEST_CASE("answers that arrive in the wrong order say nothing") {
  CHECK(restart_between(clock_at(60s, 100'000, {}, {}), clock_at(0s, 94'000, {}, {})) == Restart::unknown);
}

TEST_CASE("round trips widen what counts as agreement") {
  AgentClock before = clock_at(0s, 100, {}, {});
  const AgentClock now = clock_at(10s, 700, {}, {});
  CHECK(restart_between(before, now) == Restart::yes);
  before.round_trip = 2s;
  CHECK(restart_between(before, now) == Restart::no);
}

TEST_CASE("the start of a restarted agent is dated late rather than early") {
  const AgentClock before = clock_at(0s, 100'000, {}, {});
  SECTION("by sysUpTime, with room for its drift") {
    const AgentClock now = clock_at(60s, 3'000, {}, {});
    CHECK(latest_start(before, now) >= now.received - 30s);
    CHECK(latest_start(before, now) <= now.received - 29s);
  }
  SECTION("by engine time") {
    const AgentClock now = clock_at(60s, {}, 2, 30);
    CHECK(latest_start(before, now) >= now.received - 30s);
    CHECK(latest_start(before, now) <= now.received - 27s);
  }
  SECTION("an uptime longer than the interval dates nothing") {
    const AgentClock now = clock_at(60s, 50'000, {}, {});
    CHECK(latest_start(before, now) == now.received);
  }
  SECTION("no clock at all") {
    const AgentClock now = clock_at(60s, {}, 2, {});
    CHECK(latest_start(before, now) == now.received);
  }
}

}  // namespace
}  // namespace octopoll::rates
