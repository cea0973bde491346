// A link that went and came back between two polls.

#include <catch2/catch.hpp>
#include <optional>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

constexpr std::uint32_t minute = 6'000;

LinkState link(std::uint32_t uptime, std::optional<std::uint32_t> last_change, std::int64_t status = 1) {
  LinkState state;
  state.uptime = TimeTicks(uptime);
  if (last_change) state.last_change = TimeTicks(*last_change);
  if (status != 0) state.oper_status = IfStatus{status};
  return state;
}

TEST_CASE("an ifLastChange between two answers with one state is a flap, and nothing else is") {
  struct Case {
    const char* what;
    LinkState before, now;
    std::optional<std::uint32_t> flap;
  };
  const auto none = std::nullopt;
  const Case cases[] = {
      {"moved, up as before", link(10'000, 500), link(16'000, 12'345), 12'345},
      {"moved, down as before", link(10'000, 500, 2), link(16'000, 12'345, 2), 12'345},
      {"up since the start until now", link(10'000, 0), link(16'000, 12'345), 12'345},
      {"not known before", link(10'000, none), link(16'000, 12'345), 12'345},
      {"in the very tick of the answer", link(10'000, 500), link(16'000, 16'000), 16'000},
      {"over sysUpTime's wrap", link(0xFFFFFFFFU - 1'000, 500), link(4'999, 3'000), 3'000},
      {"stood", link(10'000, 500), link(16'000, 500), none},
      {"the state is another one: a change, no flap", link(10'000, 500, 1), link(16'000, 12'345, 2), none},
      {"no state", link(10'000, 500, 0), link(16'000, 12'345, 0), none},
      {"0 is unknown", link(10'000, 500), link(16'000, 0), none},
      {"moved, but to before the last answer", link(10'000, 500), link(16'000, 501), none},
      {"of the future", link(10'000, 500), link(16'000, 17'000), none},
      {"an agent that gives sysUpTime for it", link(10'000, 10'000), link(16'000, 16'000), none},
      {"or nearly so", link(10'000, 9'999), link(16'000, 15'998), none},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto flap = flap_between(c.before, c.now);
    CHECK((flap ? std::optional(flap->count()) : none) == c.flap);
  }
  LinkState timeless = link(10'000, 500);
  timeless.uptime.reset();
  CHECK_FALSE(flap_between(timeless, link(16'000, 12'345)));
  CHECK_FALSE(flap_between(link(10'000, 500), timeless));
}

InterfaceSample up(nanoseconds when, std::uint32_t last_change) {
  InterfaceSample sample = row(when, Counter::in_octets, 100, 64);
  sample.oper_status = status_up;
  sample.last_change = TimeTicks(last_change);
  return sample;
}

TEST_CASE("a flap is told once, also where the counters are stale") {
  DeviceHistory history;
  const std::uint32_t start = 100'000;  // row() came up 1,000 s before time 0
  CHECK_FALSE(judge(history, up(0s, 500)).flapped_at);
  InterfaceSample stale = up(1s, start + 50);
  stale.time.age_bound = 3s;
  const InterfaceRecord record = judge(history, stale);
  CHECK(record.deltas[Counter::in_octets].quality == Quality::stale);
  CHECK(record.flapped_at == TimeTicks(start + 50));
  CHECK_FALSE(judge(history, up(step, start + 50)).flapped_at);
  CHECK(judge(history, up(2 * step, start + minute + 7)).flapped_at == TimeTicks(start + minute + 7));
}

TEST_CASE("neither a restart nor a row of another ifIndex is a flap") {
  DeviceHistory history;
  (void)judge(history, up(0s, 500));
  InterfaceSample restarted = up(step, 900);
  restarted.time.sys_uptime = ticks(30s);
  CHECK_FALSE(judge(history, restarted).flapped_at);
  InterfaceSample moved = up(2 * step, 5'000);
  moved.time.sys_uptime = ticks(90s);
  change_facts(moved, [](InterfaceFacts& facts) { facts.if_index = IfIndex{2}; });
  CHECK_FALSE(judge(history, moved).flapped_at);
}

}  // namespace
}  // namespace octopoll::rates::test
