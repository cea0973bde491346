#include "octopoll/rates/resumption.hpp"

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace octopoll::rates {
namespace {

using namespace test;

/// An agent that had been up for 1,000 s when it was last read, at time 0 of a clock called "boot".
LastReadings kept() {
  LastReadings last;
  last.boot = "boot";
  last.started_at = WallTime(std::chrono::hours(1'000'000));
  last.started = at(0s);
  last.clock_read_at = at(1s);
  last.sys_uptime = ticks(1000s);
  last.engine_boots = 7;
  last.engine_time = 1000;
  InterfaceSample sample = row(0s, Counter::in_octets, 1'000, 64);
  sample.time.received = at(2s);
  sample.time.sys_uptime = ticks(1001s);
  last.interfaces = {sample};
  return last;
}

/// `stop` after the kept clocks were read, on a clock that reads `shift` less, beside a wall clock that was set by
/// `step`.
struct Now {
  AgentClock agent;
  OwnClocks own;
};
Now after(nanoseconds stop, nanoseconds uptime, std::string_view boot = "boot", nanoseconds shift = 0s,
          nanoseconds step = 0s) {
  Now now;
  now.agent.received = at(1s + stop - shift);
  now.agent.round_trip = 1ms;
  now.agent.sys_uptime = ticks(uptime);
  now.own = {boot, kept().started_at + std::chrono::round<std::chrono::milliseconds>(1s + stop + step)};
  return now;
}

std::optional<Resumption> found(const LastReadings& last, const Now& now) {
  return resumption(last, now.agent, now.own);
}

/// What becomes of the kept row, and of its octets, which grew by `octets`.
InterfaceRecord first_after(LastReadings last, const Now& now, std::uint64_t octets) {
  const auto how = found(last, now);
  REQUIRE(how);
  for (InterfaceSample& sample : last.interfaces) sample.time.received += how->shift;
  DeviceHistory history;
  history.resume(std::move(last.interfaces),
                 {last.clock_read_at + how->shift, {}, last.sys_uptime, last.engine_boots, last.engine_time},
                 now.agent.received);
  InterfaceSample sample = row(0s, Counter::in_octets, 1'000 + octets, 64);
  sample.time.received = now.agent.received + 1s;
  sample.time.sys_uptime = TimeTicks(now.agent.sys_uptime->count() + 100);
  DeviceSnapshot device = snapshot({sample});
  device.read_at = now.agent.received;
  device.sys_uptime = now.agent.sys_uptime;
  device.engine_boots = now.agent.engine_boots;
  return std::move(history.judge(std::move(device), {}).interfaces.front());
}

TEST_CASE("on the same clock a delta spans the stop, whatever became of the wall clock") {
  const nanoseconds step = GENERATE(0s, -1h, 24h * 365);
  const nanoseconds stop = GENERATE(200ms, 90s, 10h);
  const Now now = after(stop, 1000s + stop, "boot", 0s, step);
  const InterfaceRecord record = first_after(kept(), now, 500);
  CHECK(record.deltas[Counter::in_octets].quality == Quality::ok);
  CHECK(record.deltas[Counter::in_octets].value == 500U);
  CHECK(record.elapsed == stop);
}

TEST_CASE("after a start of the machine the agent's uptime is the time between, if the wall clock agrees") {
  // The new clock counts from the machine's start, somewhere in the stop.
  const InterfaceRecord record = first_after(kept(), after(600s, 1600s, "other", 580s, 1500ms), 500);
  CHECK(record.deltas[Counter::in_octets].quality == Quality::ok);
  CHECK(std::chrono::abs(record.elapsed - 600s) <= 20ms);

  CHECK_FALSE(found(kept(), after(600s, 1600s, "other", 580s, 10s)));
  CHECK_FALSE(found(kept(), after(600s, 1600s, "other", 580s, -10s)));
  CHECK_FALSE(found(kept(), after(600s, 1600s, "other", 580s, -700s)));  // back beyond the readings
  CHECK_FALSE(found(kept(), after(600s, 1600s, "", 580s, 10s)));
}

TEST_CASE("a clock without a name is nobody's") {
  LastReadings last = kept();
  last.boot.clear();
  CHECK_FALSE(found(last, after(600s, 1600s, "", 580s, 10s)));
}

TEST_CASE("an uptime that went round 2^32 in the stop is counted on") {
  LastReadings last = kept();
  last.sys_uptime = TimeTicks(0xFFFFFFFFU - 1000);
  last.interfaces[0].time.sys_uptime = TimeTicks(0xFFFFFFFFU - 900);
  Now now = after(600s, 0s);
  now.agent.sys_uptime = TimeTicks(60'000 - 1001);
  CHECK(found(last, now));
  now = after(600s, 0s, "other", 580s);
  now.agent.sys_uptime = TimeTicks(60'000 - 1001);
  CHECK(first_after(last, now, 5).deltas[Counter::in_octets].value == 5U);

  // And a whole turn more: as long as a store lives.
  const nanoseconds turn = TimeTicks(0xFFFFFFFFU) + nanoseconds(10ms);
  Now late = after(turn + 600s, 0s, "other", 580s);
  late.agent.sys_uptime = ticks(1600s);
  const auto how = found(kept(), late);
  REQUIRE(how);
  CHECK(late.agent.received - (kept().clock_read_at + how->shift) == turn + 600s);
}

TEST_CASE("an agent that restarted in the stop is told from one that ran on") {
  SECTION("by an uptime that fell") {
    const InterfaceRecord record = first_after(kept(), after(600s, 50s), 500);
    CHECK(record.deltas[Counter::in_octets].quality == Quality::reboot);
    CHECK(first_after(kept(), after(600s, 50s, "other", 580s), 500).deltas[Counter::in_octets].quality ==
          Quality::reboot);
  }
  SECTION("by one that has passed its old uptime") {
    CHECK(first_after(kept(), after(5000s, 4000s), 500).deltas[Counter::in_octets].quality == Quality::reboot);
    // Beside a wall clock that may have been set, nobody knows.
    CHECK_FALSE(found(kept(), after(5000s, 4000s, "other", 4900s)));
  }
  SECTION("by its engine") {
    Now now = after(600s, 1600s);
    now.agent.engine_boots = 8;
    CHECK(first_after(kept(), now, 500).deltas[Counter::in_octets].quality == Quality::reboot);
  }
  SECTION("by less than passes from cycle to cycle") {
    // Up for 1,000 s, stopped for ten days, and restarted a quarter of an hour into that: within 3 % of ten days.
    CHECK(restart_between({at(1s), {}, ticks(1000s), {}, {}}, {at(864'001s), {}, ticks(863'100s), {}, {}}) ==
          Restart::no);
    LastReadings last = kept();
    last.engine_boots.reset();
    CHECK_FALSE(found(last, after(864'000s, 863'100s)));
    CHECK(found(last, after(864'000s, 864'900s)));
  }
}

TEST_CASE("an agent whose clocks say nothing has no delta over a stop") {
  LastReadings last = kept();
  Now now = after(60s, 1060s);
  SECTION("its uptime stands still") { now.agent.sys_uptime = last.sys_uptime; }
  SECTION("it has none any more") { now.agent.sys_uptime.reset(); }
  SECTION("it had none") {
    last.sys_uptime.reset();
    last.engine_time.reset();
  }
  SECTION("it runs ahead") { now.agent.sys_uptime = ticks(1100s); }
  SECTION("no time has passed") { now.agent.received = last.clock_read_at; }
  CHECK_FALSE(found(last, now));
}

TEST_CASE("without an uptime the engine's time vouches for the agent") {
  LastReadings last = kept();
  last.sys_uptime.reset();
  Now now = after(600s, 0s);
  now.agent.sys_uptime.reset();
  now.agent.engine_time = 1600;
  CHECK(found(last, now));
  now.agent.engine_time = 1590;
  CHECK_FALSE(found(last, now));
  Now elsewhere = after(600s, 0s, "other", 580s);
  elsewhere.agent.sys_uptime.reset();
  elsewhere.agent.engine_time = 1600;
  const auto how = found(last, elsewhere);
  REQUIRE(how);
  CHECK(how->error >= 2s);  // in which it is counted
}

TEST_CASE("what stands on a resumed base is judged by the same rules as any other") {
  const auto narrow = [](std::uint64_t before, std::uint64_t now, nanoseconds stop) {
    LastReadings last = kept();
    last.interfaces[0].counters.set(Counter::in_octets, {before, 32});
    const Now then = after(stop, 1000s + stop);
    const auto how = found(last, then);
    REQUIRE(how);
    DeviceHistory history;
    history.resume(std::move(last.interfaces), {last.clock_read_at, {}, last.sys_uptime, {}, {}}, then.agent.received);
    InterfaceSample sample = row(0s, Counter::in_octets, now, 32);
    sample.time.received = then.agent.received;
    sample.time.sys_uptime = then.agent.sys_uptime;
    return judge(history, sample).deltas[Counter::in_octets].quality;
  };
  // 100 Mbit/s fill 32 bits within six minutes.
  CHECK(narrow(4'000'000'000, 1'000, 60s) == Quality::wrapped);
  CHECK(narrow(1'000, 2'000, 60s) == Quality::ok);
  CHECK(narrow(1'000, 2'000, 48h) == Quality::ambiguous);
}

TEST_CASE("rows that the first cycle after a long stop lacks are remembered for an hour more") {
  LastReadings last = kept();
  last.interfaces.push_back(last.interfaces[0]);
  rename(last.interfaces[1], "eth1");
  DeviceHistory history;
  const nanoseconds stop = 48h;
  history.resume(std::move(last.interfaces), {last.clock_read_at, {}, last.sys_uptime, {}, {}}, at(stop));
  static_cast<void>(judge(history, row(stop)));
  CHECK(history.size() == 2);
  static_cast<void>(judge(history, row(stop + 61min)));
  CHECK(history.size() == 1);
}

}  // namespace
}  // namespace octopoll::rates
