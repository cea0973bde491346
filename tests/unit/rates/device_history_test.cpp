#include "octopoll/rates/device_history.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

constexpr auto in = Counter::in_octets;
constexpr auto out = Counter::out_octets;

/// What is done to the second of two readings that are a step apart.
struct Change {
  const char* what;
  std::function<void(InterfaceSample&)> apply;
  Quality octets, errors;
};

InterfaceSample usual(nanoseconds when) {
  InterfaceSample sample = row(when);
  const auto seconds = static_cast<std::uint64_t>(when / 1s);
  sample.counters.set(in, {1'000'000 + 1'000 * seconds, 64});
  sample.counters.set(out, {2'000'000 + 500 * seconds, 64});
  sample.counters.set(Counter::in_errors, {7 + seconds, 32});
  return sample;
}

TEST_CASE("the first reading makes no rate, and no zero") {
  DeviceHistory history;
  const InterfaceRecord record = judge(history, usual(0s));
  CHECK(record.deltas[in].quality == Quality::first);
  CHECK_FALSE(record.deltas[in].value);
  CHECK(record.deltas[Counter::in_discards].quality == Quality::absent);
  CHECK(record.elapsed == 0s);
  CHECK_FALSE(record.in_rate());
  CHECK_FALSE(record.in_utilization);
}

TEST_CASE("two readings make a rate and a share of the link") {
  DeviceHistory history;
  (void)judge(history, usual(0s));
  const InterfaceRecord record = judge(history, usual(step));
  CHECK(record.elapsed == step);
  CHECK(record.deltas[in].value == 60'000U);
  CHECK(record.deltas[in].elapsed == 0s);
  CHECK(record.in_rate()->value == Approx(8'000));
  CHECK(record.out_rate()->value == Approx(4'000));
  CHECK(record.in_utilization == Approx(8e-5));
  CHECK(record.out_utilization == Approx(4e-5));
  CHECK(record.per_second(Counter::in_errors) == Approx(1));
  CHECK_FALSE(record.speed_exceeded);
}

TEST_CASE("what ends a base line, and what each counter then says") {
  const Change changes[] = {
      {"nothing", [](auto&) {}, Quality::ok, Quality::ok},
      {"the agent restarted", [](auto& s) { s.time.sys_uptime = ticks(5s); }, Quality::reboot, Quality::reboot},
      {"the discontinuity time moved", [](auto& s) { s.discontinuity_time = ticks(1030s); }, Quality::discontinuity,
       Quality::discontinuity},
      {"the discontinuity time went away", [](auto& s) { s.discontinuity_time.reset(); }, Quality::discontinuity,
       Quality::discontinuity},
      {"restart comes before discontinuity",
       [](auto& s) {
         s.time.sys_uptime = ticks(5s);
         s.discontinuity_time = ticks(1s);
       },
       Quality::reboot, Quality::reboot},
      {"the counter went away", [](auto& s) { s.counters.set(in, {}); }, Quality::absent, Quality::ok},
      {"it went away in a restart",
       [](auto& s) {
         s.counters.set(in, {});
         s.time.sys_uptime = ticks(5s);
       },
       Quality::absent, Quality::reboot},
      {"now it is 32 bits wide",
       [](auto& s) {
         s.counters.set(in, {s.counters[in].value, 32});
       },
       Quality::first, Quality::ok},
      {"the agent's cache is slow", [](auto& s) { s.time.age_bound = 7s; }, Quality::stale, Quality::stale},
      {"slow, and restarted",
       [](auto& s) {
         s.time.age_bound = 7s;
         s.time.sys_uptime = ticks(5s);
       },
       Quality::reboot, Quality::reboot},
      {"the same reading again", [](auto& s) { s.time = row(0s).time; }, Quality::stale, Quality::stale},
      {"renumbered", [](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{42}; }); },
       Quality::ok, Quality::ok},
      {"renumbered, its state as old as before",
       [](auto& s) {
         change_facts(s, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{42}; });
         s.last_change = ticks(900s);
       },
       Quality::ok, Quality::ok},
      {"at another index, and its state is younger than the base: created again",
       [](auto& s) {
         change_facts(s, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{42}; });
         s.last_change = ticks(1030s);
       },
       Quality::discontinuity, Quality::discontinuity},
      {"a flap at the same index is no new interface", [](auto& s) { s.last_change = ticks(1030s); }, Quality::ok,
       Quality::ok},
  };
  for (const Change& change : changes) {
    CAPTURE(change.what);
    DeviceHistory history;
    (void)judge(history, usual(0s));
    InterfaceSample second = usual(step);
    change.apply(second);
    const InterfaceRecord record = judge(history, second);
    CHECK(to_string(record.deltas[in].quality) == to_string(change.octets));
    CHECK(to_string(record.deltas[Counter::in_errors].quality) == to_string(change.errors));
    CHECK(record.deltas[Counter::out_discards].quality == Quality::absent);
  }
}

TEST_CASE("after each break the very next reading makes a rate again") {
  const std::function<void(InterfaceSample&)> breaks[] = {
      [](auto& s) { s.discontinuity_time = TimeTicks(5); },
      [](auto& s) {
        s.counters.set(in, {s.counters[in].value, 32});
      },
  };
  for (const auto& apply : breaks) {
    DeviceHistory history;
    (void)judge(history, usual(0s));
    for (const nanoseconds when : {step, 2 * step, 3 * step}) {
      InterfaceSample sample = usual(when);
      apply(sample);
      const InterfaceRecord record = judge(history, sample);
      CHECK(makes_rate(record.deltas[in].quality) == (when != step));
      if (when != step) CHECK(record.deltas[in].value == 60'000U);
    }
  }
}

TEST_CASE("a counter that was away starts anew") {
  DeviceHistory history;
  (void)judge(history, usual(0s));
  InterfaceSample without = usual(step);
  without.counters.set(in, {});
  (void)judge(history, without);
  CHECK(judge(history, usual(2 * step)).deltas[in].quality == Quality::first);
  CHECK(judge(history, usual(3 * step)).deltas[in].value == 60'000U);
}

TEST_CASE("a stale delta is not lost: it comes with the next one that is certain enough") {
  DeviceHistory history;
  const auto cached = [](nanoseconds when) {
    InterfaceSample sample = usual(when);
    sample.time.age_bound = 3s;
    return sample;
  };
  (void)judge(history, cached(0s));
  for (const nanoseconds when : {10s, 20s}) {
    const InterfaceRecord record = judge(history, cached(when));
    CHECK(record.deltas[in].quality == Quality::stale);
    CHECK(record.elapsed == when);
    CHECK(record.time_error == Approx(3.0 / std::chrono::duration<double>(when).count()).epsilon(0.001));
    CHECK_FALSE(record.in_utilization);
  }
  const InterfaceRecord record = judge(history, cached(30s));  // a tenth, and what the clocks are not exact by
  CHECK(record.deltas[in].quality == Quality::ok);
  CHECK(record.deltas[in].value == 30'000U);
  CHECK(record.elapsed == 30s);
}

TEST_CASE("a counter that was away in a stale cycle starts anew, the others keep their base") {
  DeviceHistory history;
  (void)judge(history, usual(0s));
  InterfaceSample stale = usual(10s);
  stale.time.age_bound = 3s;
  stale.counters.set(in, {});
  CHECK(judge(history, stale).deltas[in].quality == Quality::absent);
  const InterfaceRecord record = judge(history, usual(step));
  CHECK(record.deltas[in].quality == Quality::first);
  CHECK(record.deltas[out].value == 30'000U);
  CHECK(judge(history, usual(2 * step)).deltas[in].value == 60'000U);
}

TEST_CASE("a renumbered interface is judged by its new index from then on") {
  DeviceHistory history;
  (void)judge(history, usual(0s));
  for (const nanoseconds when : {step, 2 * step}) {
    InterfaceSample sample = usual(when);
    change_facts(sample, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{42}; });
    if (when != step) sample.last_change = ticks(1000s + when - 5s);  // a flap
    CHECK(judge(history, sample).deltas[in].value == 60'000U);
  }
}

TEST_CASE("a name in doubt starts anew, once") {
  DeviceHistory history;
  history.doubt("nobody");
  (void)judge(history, usual(0s));
  history.doubt("eth0");
  CHECK(judge(history, usual(step)).deltas[in].quality == Quality::discontinuity);
  CHECK(judge(history, usual(2 * step)).deltas[in].value == 60'000U);
}

TEST_CASE("a state that is as old as an agent of 300 days is not younger than the base") {
  for (const nanoseconds changed : {0s, 5s}) {
    DeviceHistory history;
    const auto old = [&](nanoseconds when, std::uint32_t index) {
      InterfaceSample sample = usual(when);
      sample.time.sys_uptime = ticks(300 * 24h + when);
      change_facts(sample, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{index}; });
      sample.last_change = ticks(changed);
      return sample;
    };
    (void)judge(history, old(0s, 1));
    CHECK(judge(history, old(step, 42)).deltas[in].value == 60'000U);
  }
}

TEST_CASE("the limit of the time error is settable") {
  JudgeSettings settings;
  settings.max_time_error = 0.5;
  DeviceHistory history;
  (void)judge(history, usual(0s), settings);
  InterfaceSample sample = usual(10s);
  sample.time.age_bound = 3s;
  CHECK(judge(history, sample, settings).deltas[in].quality == Quality::ok);
}

TEST_CASE("speeds: overrides per direction, none for a loopback, zero is unknown") {
  JudgeSettings settings;
  const auto second = [&](const std::function<void(InterfaceSample&)>& shape) {
    DeviceHistory history;
    InterfaceSample a = usual(0s);
    InterfaceSample b = usual(step);
    shape(a);
    shape(b);
    (void)judge(history, a, settings);
    return judge(history, b, settings);
  };
  SECTION("override") {
    settings.speeds = [](const InterfaceSample&) { return Speeds{16'000, 4'000'000}; };
    const InterfaceRecord record = second([](auto&) {});
    CHECK(record.in_utilization == Approx(0.5));
    CHECK(record.out_utilization == Approx(0.001));
    CHECK(record.in_speed_bps == 16'000U);
    CHECK(record.out_speed_bps == 4'000'000U);
  }
  SECTION("zero") {
    const InterfaceRecord record =
        second([](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.speed_bps = 0; }); });
    CHECK_FALSE(record.in_utilization);
    CHECK_FALSE(record.in_speed_bps);
    CHECK(record.in_rate());
  }
  SECTION("absent") {
    const InterfaceRecord record =
        second([](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.speed_bps.reset(); }); });
    CHECK_FALSE(record.out_utilization);
    CHECK(record.out_rate());
  }
  SECTION("loopback") {
    const InterfaceRecord record = second(
        [](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.type = if_type_software_loopback; }); });
    CHECK_FALSE(record.in_speed_bps);
    CHECK_FALSE(record.in_utilization);
  }
}

TEST_CASE("a rate above the stated speed stays, the speed does not") {
  DeviceHistory history;
  (void)judge(history, row(0s, in, 1, 64));
  InterfaceSample sample = row(step, in, 7'500'000'001, 64);  // 1 Gb/s on a port that says 100 Mb/s
  const InterfaceRecord record = judge(history, sample);
  CHECK(record.deltas[in].quality == Quality::ok);
  CHECK(record.in_rate()->value == Approx(1e9));
  CHECK(record.speed_exceeded);
  CHECK_FALSE(record.in_speed_bps);
  CHECK_FALSE(record.in_utilization);
  CHECK(record.out_speed_bps == 100'000'000U);
}

/// A row at 100 Mb/s after so many steps, with so many Mb/s in and out of late.
class Loaded {
 public:
  Judgement after_a_step(std::uint64_t in_mbps, std::uint64_t out_mbps = 1, const JudgeSettings& settings = {}) {
    now_ += step;
    constexpr std::uint64_t octets_a_step = 1'000'000 / 8 * 60;
    in_ += in_mbps * octets_a_step;
    out_ += out_mbps * octets_a_step;
    InterfaceSample sample = row(now_, in, in_, 64);
    sample.counters.set(Counter::out_octets, {out_, 64});
    if (shape) change_facts(sample, shape);
    return history_.judge(snapshot({sample}), settings);
  }
  std::function<void(InterfaceFacts&)> shape;

 private:
  DeviceHistory history_;
  nanoseconds now_{};
  std::uint64_t in_ = 1, out_ = 1;
};

TEST_CASE("octets that are above the stated speed again and again refute it for good, and that is told once") {
  Loaded link;
  (void)link.after_a_step(0);
  CHECK(link.after_a_step(110).speeds_refuted.empty());
  CHECK(link.after_a_step(300).speeds_refuted.empty());
  CHECK(link.after_a_step(110).speeds_refuted == std::vector<std::string>{"eth0"});
  // Less than the stated speed is no share of it any more; the other direction's share is.
  const Judgement quiet = link.after_a_step(50, 25);
  CHECK(quiet.speeds_refuted.empty());
  const InterfaceRecord& record = quiet.interfaces[0];
  CHECK(record.in_rate()->value == Approx(50e6));
  CHECK_FALSE(record.in_utilization);
  CHECK_FALSE(record.in_speed_bps);
  CHECK(record.speed_exceeded);
  CHECK(record.out_utilization == Approx(0.25));
  CHECK(link.after_a_step(110).speeds_refuted.empty());

  // Another speed is another matter.
  link.shape = [](InterfaceFacts& facts) { facts.speed_bps = 1'000'000'000; };
  CHECK(link.after_a_step(110).interfaces[0].in_utilization == Approx(0.11));
}

TEST_CASE("peaks above the stated speed with less between them refute it for their own time alone") {
  Loaded link;
  (void)link.after_a_step(0);
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(link.after_a_step(120).interfaces[0].in_utilization);
    CHECK_FALSE(link.after_a_step(120).interfaces[0].in_utilization);
    const Judgement less = link.after_a_step(90);
    CHECK(less.interfaces[0].in_utilization == Approx(0.9));
    CHECK(less.speeds_refuted.empty());
  }
}

TEST_CASE("a full link whose agent caches, unknown to us, keeps its speed") {
  // Polled each 60 s, reloaded each 55 s: a delta has one reload's octets or two's.
  Loaded link;
  (void)link.after_a_step(0);
  for (int poll = 1; poll <= 60; ++poll) {
    const int reloads = poll * 60 / 55 - (poll - 1) * 60 / 55;
    const Judgement judged = link.after_a_step(static_cast<std::uint64_t>(reloads * 100 * 55 / 60));
    CHECK(judged.speeds_refuted.empty());
  }
}

TEST_CASE("speeds that are no link's make no utilisation") {
  struct Case {
    std::string what;
    std::int64_t type;
    std::uint64_t stated;
    bool used;
  };
  const auto given = GENERATE(values<Case>({
      {"a tunnel's metric of routing (older Cisco IOS)", if_type_tunnel, 9'000, false},
      {"the newer one; Windows too", if_type_tunnel, 100'000, false},
      {"a tunnel of a speed that somebody set", if_type_tunnel, 2'000'000, true},
      {"a slow line of that speed is one", 23, 9'000, true},
      {"a VLAN without", 135, 0, false},
      {"a VLAN with its port's", 135, 1'000'000'000, true},
      {"a LAG without", 161, 0, false},
      {"pinned, and no ifHighSpeed", 6, 4'294'967'295, false},
      {"pinned one lower", 6, 4'294'967'294, false},
      {"Net-SNMP's loopback", 24, 10'000'000, false},
  }));
  CAPTURE(given.what);
  Loaded link;
  link.shape = [&](InterfaceFacts& facts) {
    facts.type = given.type;
    facts.speed_bps = given.stated;
  };
  CHECK(link.after_a_step(0).interfaces[0].in_speed_bps.has_value() == given.used);
  const Judgement judged = link.after_a_step(0, 0);
  const InterfaceRecord& record = judged.interfaces[0];
  CHECK(record.in_rate()->value == 0.0);
  CHECK(record.in_utilization.has_value() == given.used);
  CHECK(record.in_speed_bps.has_value() == given.used);
  CHECK_FALSE(record.speed_exceeded);

  JudgeSettings settings;  // the inventory knows better, but for a loopback
  settings.speeds = [](const InterfaceSample&) { return Speeds{1'000'000'000, 1'000'000'000}; };
  CHECK(link.after_a_step(100, 1, settings).interfaces[0].in_utilization.has_value() == (given.type != 24));
}

TEST_CASE("a pinned speed bounds what a 32-bit counter may hide, though it is no denominator") {
  DeviceHistory history;
  for (const bool second : {false, true}) {
    InterfaceSample sample = row(second ? step : 0s, in, second ? 2'000 : 1'000, 32);
    change_facts(sample, [](InterfaceFacts& facts) { facts.speed_bps = 4'294'967'295; });
    const InterfaceRecord record = judge(history, sample);
    if (second) CHECK(record.deltas[in].quality == Quality::ambiguous);
    CHECK_FALSE(record.in_speed_bps);
  }
}

TEST_CASE("a full link measured with an uncertain time is full, not faster than itself") {
  DeviceHistory history;
  InterfaceSample first = row(0s, in, 0, 64);
  InterfaceSample second = row(step, in, 765'000'000, 64);  // 102 %
  second.time.age_bound = 3s;
  (void)judge(history, first);
  const InterfaceRecord record = judge(history, second);
  CHECK_FALSE(record.speed_exceeded);
  CHECK(record.in_utilization == Approx(1.02));
}

struct Frames {
  std::uint64_t ucast, multicast, broadcast;
};

/// A 32-bit row at 1 Gb/s, where 60 s are enough for a wrap: what do its packets prove?
InterfaceRecord gigabit_step(std::uint64_t octets, Frames frames, const std::function<void(InterfaceSample&)>& shape) {
  DeviceHistory history;
  InterfaceRecord record;
  for (const bool second : {false, true}) {
    InterfaceSample sample = row(second ? step : 0s, in, (4'000'000'000U + (second ? octets : 0)) % two_to_32, 32);
    change_facts(sample, [&](InterfaceFacts& facts) { facts.speed_bps = 1'000'000'000; });
    sample.counters.set(Counter::in_ucast_pkts, {1 + (second ? frames.ucast : 0), 32});
    sample.counters.set(Counter::in_multicast_pkts, {1 + (second ? frames.multicast : 0), 32});
    sample.counters.set(Counter::in_broadcast_pkts, {1 + (second ? frames.broadcast : 0), 32});
    shape(sample);
    record = judge(history, sample);
  }
  return record;
}

TEST_CASE("packets times the largest frame decide where the speed cannot") {
  struct Case {
    const char* what;
    std::uint64_t octets;
    Frames frames;
    std::function<void(InterfaceSample&)> shape;
    Quality quality;
  };
  const Case cases[] = {
      {"few packets, forward", 100'000'000, {100'000, 10, 10}, [](auto&) {}, Quality::ok},
      {"few packets, backward", 1'000'000'000, {1'000'000, 10, 10}, [](auto&) {}, Quality::wrapped},
      {"2^32 / 1526 packets", 1'000'000, {2'814'526, 0, 0}, [](auto&) {}, Quality::ok},
      {"one more", 1'000'000, {2'814'527, 0, 0}, [](auto&) {}, Quality::ambiguous},
      {"multicast counts", 1'000'000, {2'814'526, 1, 0}, [](auto&) {}, Quality::ambiguous},
      {"broadcast counts", 1'000'000, {2'814'526, 0, 1}, [](auto&) {}, Quality::ambiguous},
      {"without broadcast nothing is bounded",
       1'000'000,
       {1'000, 10, 0},
       [](auto& s) { s.counters.set(Counter::in_broadcast_pkts, {}); },
       Quality::ambiguous},
      {"discarded frames have octets too",
       1'000'000,
       {2'814'526, 0, 0},
       [](auto& s) {
         s.counters.set(Counter::in_discards, {s.time.received == at(0s) ? 5U : 6U, 32});
       },
       Quality::ambiguous},
      {"an unknown MTU means jumbo frames: 2^32 / 9234",
       1'000'000,
       {465'125, 0, 0},
       [](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.mtu.reset(); }); },
       Quality::ok},
      {"one more",
       1'000'000,
       {465'126, 0, 0},
       [](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.mtu.reset(); }); },
       Quality::ambiguous},
      {"so does an absurd one",
       1'000'000,
       {465'126, 0, 0},
       [](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.mtu = 65'536; }); },
       Quality::ambiguous},
      {"and one of zero",
       1'000'000,
       {465'126, 0, 0},
       [](auto& s) { change_facts(s, [&](InterfaceFacts& facts) { facts.mtu = 0; }); },
       Quality::ambiguous},
      {"a loopback fills its 65,536 octets",
       1'000'000,
       {65'600, 0, 0},
       [](auto& s) {
         change_facts(s, [&](InterfaceFacts& facts) { facts.type = if_type_software_loopback; });
         change_facts(s, [&](InterfaceFacts& facts) { facts.mtu = 65'536; });
       },
       Quality::ambiguous},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const InterfaceRecord record = gigabit_step(c.octets, c.frames, c.shape);
    CHECK(to_string(record.deltas[in].quality) == to_string(c.quality));
    if (makes_rate(c.quality)) CHECK(record.deltas[in].value == c.octets);
  }
}

TEST_CASE("an interface whose octets once did not fit into its frames is not bounded by them again") {
  DeviceHistory history;
  const auto reading = [](nanoseconds when, std::uint64_t octets, std::uint64_t frames) {
    InterfaceSample sample = row(when, in, octets, 32);
    change_facts(sample, [&](InterfaceFacts& facts) { facts.speed_bps = 1'000'000'000; });
    sample.counters.set(Counter::in_ucast_pkts, {frames, 32});
    sample.counters.set(Counter::in_multicast_pkts, {0, 32});
    sample.counters.set(Counter::in_broadcast_pkts, {0, 32});
    return sample;
  };
  (void)judge(history, reading(0s, 0, 0));
  CHECK(judge(history, reading(step, 1'000'000, 1'000)).deltas[in].quality == Quality::ok);
  // 16 super-frames of 64 kB.
  CHECK(judge(history, reading(2 * step, 2'000'000, 1'016)).deltas[in].quality == Quality::ambiguous);
  CHECK(judge(history, reading(3 * step, 3'000'000, 2'016)).deltas[in].quality == Quality::ambiguous);
}

TEST_CASE("a restart is told once, and every row knows of it") {
  DeviceHistory history;
  const auto rows = [](nanoseconds when, nanoseconds uptime, std::uint64_t value) {
    std::vector<InterfaceSample> all;
    for (const char* name : {"a", "b", "c"}) {
      InterfaceSample sample = row(when, in, value, 64);
      rename(sample, name);
      sample.time.sys_uptime = ticks(uptime);
      all.push_back(sample);
    }
    return all;
  };
  CHECK(history.judge(snapshot(rows(0s, 1000s, 100)), {}).restart == Restart::unknown);
  CHECK(history.judge(snapshot(rows(step, 1060s, 200)), {}).restart == Restart::no);

  SECTION("between two cycles") {
    const Judgement judgement = history.judge(snapshot(rows(2 * step, 20s, 5)), {});
    CHECK(judgement.restart == Restart::yes);
    for (const auto& record : judgement.interfaces) CHECK(record.deltas[in].quality == Quality::reboot);
    const Judgement next = history.judge(snapshot(rows(3 * step, 80s, 105)), {});
    CHECK(next.restart == Restart::no);
    for (const auto& record : next.interfaces) CHECK(record.deltas[in].value == 100U);
  }
  SECTION("in the middle of a cycle: the later rows tell it, the earlier ones follow, nobody tells it twice") {
    auto middle = rows(2 * step, 1120s, 300);
    middle[2].time.received += 2s;
    middle[2].time.sys_uptime = ticks(1s);
    middle[2].counters.set(in, {3, 64});
    const Judgement judgement = history.judge(snapshot(middle), {});
    CHECK(judgement.restart == Restart::yes);
    CHECK(judgement.interfaces[0].deltas[in].value == 100U);
    CHECK(judgement.interfaces[1].deltas[in].value == 100U);
    CHECK(judgement.interfaces[2].deltas[in].quality == Quality::reboot);
    const Judgement next = history.judge(snapshot(rows(3 * step, 59s, 500)), {});
    CHECK(next.restart == Restart::no);
    CHECK(next.interfaces[0].deltas[in].quality == Quality::reboot);
    CHECK(next.interfaces[1].deltas[in].quality == Quality::reboot);
    CHECK(next.interfaces[2].deltas[in].value == 497U);
  }
  SECTION("in the middle of a cycle, the later row first in the table: the earlier ones were read before it") {
    auto middle = rows(2 * step, 1120s, 300);
    middle[0].time.received += 2s;
    middle[0].time.sys_uptime = ticks(1s);
    middle[0].counters.set(in, {3, 64});
    const Judgement judgement = history.judge(snapshot({middle[1], middle[0], middle[2]}), {});
    CHECK(judgement.restart == Restart::yes);
    CHECK(judgement.interfaces[0].deltas[in].value == 100U);
    CHECK(judgement.interfaces[1].deltas[in].quality == Quality::reboot);
    CHECK(judgement.interfaces[2].deltas[in].value == 100U);
  }
  SECTION("a row that was not read while it happened") {
    auto without_c = rows(2 * step, 20s, 5);
    without_c.pop_back();
    CHECK(history.judge(snapshot(without_c), {}).restart == Restart::yes);
    // By now c's own clock alone could not tell: 3,560 s later than an uptime of 1,060 s, it says 3,520.
    const Judgement later = history.judge(snapshot(rows(step + 3560s, 3520s, 900)), {});
    CHECK(later.restart == Restart::no);
    CHECK(later.interfaces[0].deltas[in].value == 895U);
    CHECK(later.interfaces[2].deltas[in].quality == Quality::reboot);
  }
  SECTION("without sysUpTime, by snmpEngineBoots") {
    DeviceHistory other;
    const auto boots = [&](nanoseconds when, std::uint32_t count) {
      auto all = rows(when, 0s, 100);
      for (auto& sample : all) sample.time.sys_uptime.reset();
      DeviceSnapshot device = snapshot(all);
      device.engine_boots = count;
      return device;
    };
    (void)other.judge(boots(0s, 4), {});
    CHECK(other.judge(boots(step, 4), {}).restart == Restart::unknown);
    const Judgement judgement = other.judge(boots(2 * step, 5), {});
    CHECK(judgement.restart == Restart::yes);
    CHECK(judgement.interfaces[1].deltas[in].quality == Quality::reboot);
    CHECK(other.judge(boots(3 * step, 5), {}).interfaces[1].deltas[in].quality == Quality::ok);
  }
}

TEST_CASE("sysUpTime's wrap costs no delta") {
  DeviceHistory history;
  const auto reading = [](nanoseconds when, std::uint32_t uptime) {
    InterfaceSample sample = row(when, in, 1'000 + static_cast<std::uint64_t>(when / 1s), 64);
    sample.time.sys_uptime = TimeTicks(uptime);
    return snapshot({sample});
  };
  (void)history.judge(reading(0s, 0xFFFFFFFFU - 2'999), {});
  const Judgement judgement = history.judge(reading(step, 3'000), {});
  CHECK(judgement.restart == Restart::no);
  CHECK(judgement.interfaces.front().deltas[in].value == 60U);
}

TEST_CASE("names are identities: swapped indexes move no traffic") {
  DeviceHistory history;
  const auto rows = [](nanoseconds when, std::uint32_t a, std::uint32_t b) {
    const auto seconds = static_cast<std::uint64_t>(when / 1s);
    InterfaceSample first = row(when, in, 1'000 * seconds, 64);
    rename(first, "a");
    change_facts(first, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{a}; });
    InterfaceSample second = row(when, in, 5 + seconds, 64);
    rename(second, "b");
    change_facts(second, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{b}; });
    return snapshot({first, second});
  };
  (void)history.judge(rows(0s, 1, 2), {});
  const Judgement judgement = history.judge(rows(step, 2, 1), {});
  CHECK(judgement.interfaces[0].deltas[in].value == 60'000U);
  CHECK(judgement.interfaces[1].deltas[in].value == 60U);
}

TEST_CASE("a row that was not read is a gap, and its octets come later") {
  DeviceHistory history;
  (void)judge(history, usual(0s));
  const auto gap = history.gap("eth0");
  REQUIRE(gap);
  CHECK(gap->sample.interface.name() == "eth0");
  CHECK(gap->sample.interface.if_index() == IfIndex{1});
  CHECK(gap->deltas[in].quality == Quality::gap);
  CHECK(gap->deltas[Counter::in_discards].quality == Quality::absent);
  CHECK(gap->quality() == Quality::gap);
  CHECK_FALSE(gap->in_rate());
  CHECK_FALSE(history.gap("eth7"));
  CHECK(judge(history, usual(3 * step)).deltas[in].value == 180'000U);
}

TEST_CASE("names that went away are forgotten, others are not") {
  JudgeSettings settings;
  settings.forget_after = 5 * step;
  DeviceHistory history;
  for (int cycle = 0; cycle < 1'000; ++cycle) {
    InterfaceSample passing = usual(cycle * step);
    rename(passing, "ppp" + std::to_string(cycle));
    (void)history.judge(snapshot({usual(cycle * step), passing}), settings);
    CHECK(history.size() <= 7);
  }
  CHECK(judge(history, usual(1'000 * step), settings).deltas[in].quality == Quality::ok);
}

TEST_CASE("a row that is stale for long is not forgotten") {
  JudgeSettings settings;
  settings.forget_after = 5 * step;
  DeviceHistory history;
  const auto cycle = [&](nanoseconds when) {
    InterfaceSample stale = usual(when);
    rename(stale, "slow");
    stale.time.age_bound = 600 * step;
    return history.judge(snapshot({usual(when), stale}), settings);
  };
  for (int i = 0; i < 20; ++i) {
    auto judgement = cycle(i * step);
    CHECK(judgement.interfaces[1].deltas[in].quality == (i == 0 ? Quality::first : Quality::stale));
  }
  // A row less than remembered, so that forgetting is considered.
  (void)judge(history, usual(20 * step), settings);
  CHECK(history.size() == 2);
}

TEST_CASE("a history is a value") {
  DeviceHistory history;
  (void)judge(history, usual(0s));
  DeviceHistory copy = history;
  CHECK(judge(history, usual(step)).deltas[in].value == 60'000U);
  CHECK(judge(copy, usual(2 * step)).deltas[in].value == 120'000U);
}

TEST_CASE("a base whose age turns out to be little makes rates at once") {
  DeviceHistory history;
  const auto read = [&](nanoseconds when, std::uint64_t value, nanoseconds age) {
    InterfaceSample sample = row(when, Counter::in_octets, value, 64);
    sample.time.age_bound = age;
    return judge(history, sample);
  };
  const auto quality = [](const InterfaceRecord& record) { return record.deltas[Counter::in_octets].quality; };
  CHECK(quality(read(0s, 1'000, 35s)) == Quality::first);
  CHECK(quality(read(1s, 2'000, 35s)) == Quality::stale);
  SECTION("nothing is lost") {
    history.limit_ages(0s);
    const InterfaceRecord record = read(2s, 3'000, 0s);
    CHECK(quality(record) == Quality::ok);
    CHECK(record.deltas[Counter::in_octets].value == 2'000U);
    CHECK(record.elapsed == 2s);
    CHECK(record.time_error < 0.01);
  }
  SECTION("a bound that is longer than what is known changes nothing") {
    history.limit_ages(40s);
    CHECK(quality(read(2s, 3'000, 0s)) == Quality::stale);
    CHECK(quality(read(400s, 400'000, 0s)) == Quality::ok);
  }
}

TEST_CASE("behind a network whose delay varies, a slow sysUpTime bends no rate, and a true one helps") {
  const double slow = GENERATE(0.0, 0.02);
  CAPTURE(slow);
  constexpr double octets_per_second = 1e6;
  DeviceHistory history;
  double worst_error = 0.0;
  nanoseconds covered{};
  for (int i = 0; i <= 300; ++i) {
    CAPTURE(i);
    const nanoseconds shown = i * 1s + 373ms;  // when the agent looked at its counters and its clock
    const nanoseconds round_trip = std::chrono::milliseconds(30 + i * 37 % 60);  // all of it on the way back
    const double seconds = std::chrono::duration<double>(shown).count();
    const auto octets = static_cast<std::uint64_t>(seconds * octets_per_second);
    InterfaceSample sample = row(shown + round_trip, Counter::in_octets, octets, 64);
    sample.time.round_trip = round_trip;
    sample.time.sys_uptime = TimeTicks(static_cast<std::uint32_t>(100'000 + seconds * 100.0 * (1.0 - slow)));
    const InterfaceRecord record = judge(history, sample);
    const auto rate = record.per_second(Counter::in_octets);
    if (!rate) continue;
    covered += record.elapsed;
    CHECK(std::abs(*rate / octets_per_second - 1.0) <= record.time_error);
    if (i > 120) worst_error = std::max(worst_error, record.time_error);
  }
  CHECK(std::abs(covered / 1ms - 300'000) < 300);
  CHECK(worst_error < (slow > 0.0 ? 0.1 : 0.012));
}

TEST_CASE("a busy row says what it may hide until it was seen to move whenever it is asked") {
  const std::uint64_t octets_per_second = GENERATE(200'000U, 1'000U);
  const double stated = octets_per_second == 200'000 ? 0.5 : 0.0;
  CAPTURE(octets_per_second);
  DeviceHistory history;
  JudgeSettings settings;
  settings.unproven_age = 30s;
  const auto check = [&](nanoseconds when, nanoseconds up, double error) {
    const auto seconds = static_cast<std::uint64_t>(up / 1s);
    InterfaceSample sample = row(when, in, 1'000'000 + octets_per_second * seconds, 64);
    sample.time.sys_uptime = ticks(up);
    const Judgement judgement = history.judge(snapshot({sample}), settings);
    CHECK(judgement.interfaces[0].time_error == Approx(error).margin(1e-3));
    CHECK(judgement.unproven.size() == (error > 0.0 ? 1 : 0));
  };
  check(0s, 1000s, 0.0);
  check(60s, 1060s, stated);
  history.prove_fresh("eth0");
  check(120s, 1120s, 0.0);
  // A restart may have brought other firmware.
  InterfaceSample restarted = row(200s, in, 5, 64);
  restarted.time.sys_uptime = ticks(1s);
  (void)history.judge(snapshot({restarted}), settings);
  check(260s, 61s, stated);
}

TEST_CASE("what a row has gained is told with the time since it moved before, where it is watched") {
  const bool watched = GENERATE(false, true);
  CAPTURE(watched);
  DeviceHistory history;
  JudgeSettings settings;
  settings.tell_gained = true;
  settings.watch_rows = watched;
  const auto gained = [&](nanoseconds when, std::uint64_t octets, nanoseconds up = 0s) {
    InterfaceSample sample = row(when, in, octets, 64);
    sample.counters.set(out, {7, 64});
    if (up > 0s) sample.time.sys_uptime = ticks(up);
    const Judgement judgement = history.judge(snapshot({sample}), settings);
    REQUIRE(judgement.gained.size() == 1);
    CHECK(judgement.gained[0].out == 0);
    return judgement.gained[0];
  };
  CHECK(gained(0s, 1'000'000).span < 0s);
  const OctetsGained first = gained(5s, 1'005'000);
  CHECK(first.in == 5'000);
  CHECK(first.span == 5s);
  for (const nanoseconds still : {10s, 15s, 20s}) CHECK(gained(still, 1'005'000).in == 0);
  // A cache may have held back what came since it moved.
  const OctetsGained later = gained(25s, 1'025'000);
  CHECK(later.in == 20'000);
  CHECK(later.span == (watched ? 20s : 5s));
  // Of another life of the agent nobody knows.
  CHECK(gained(30s, 1'030'000, 1s).span < 0s);
  CHECK(gained(35s, 1'035'000, 6s).in == 5'000);

  settings.tell_gained = false;
  CHECK(history.judge(snapshot({row(40s)}), settings).gained.empty());
}

TEST_CASE("what a row has gained is not spread over a time that no cache explains, nor told where it is refuted") {
  DeviceHistory history;
  JudgeSettings settings;
  settings.tell_gained = true;
  settings.watch_rows = true;
  const auto gained = [&](nanoseconds when, std::uint64_t octets, nanoseconds up, std::uint8_t bits = 64) {
    InterfaceSample sample = row(when, in, octets, bits);
    sample.counters.set(out, {7, bits});
    sample.time.sys_uptime = ticks(up);
    DeviceSnapshot cycle = snapshot({sample});
    cycle.sys_uptime = ticks(when + 1000s);  // as if the agent had not restarted before its rows were read
    const Judgement judgement = history.judge(std::move(cycle), settings);
    return judgement.gained.at(0);
  };
  SECTION("it was idle for an hour") {
    for (nanoseconds when = 0s; when <= 3600s; when += 5s) (void)gained(when, 1'000'000, when + 1000s);
    const OctetsGained flows = gained(3605s, 26'000'000, 4605s);
    CHECK(flows.in == 25'000'000);
    CHECK(flows.span == 5s);
  }
  SECTION("the agent restarts while its rows are read") {
    (void)gained(5s, 4'000'000'000U, 1005s, 32);
    CHECK(gained(10s, 1'000'000, 1s, 32).in == 0);
  }
  SECTION("it is more than any link carries") {
    settings.watch_rows = false;
    (void)gained(5s, 1'000'000, 1005s);
    CHECK(gained(10s, std::uint64_t{1} << 60U, 1010s).in == 0);
  }
  SECTION("the base is of a run before") {
    history.resume({row(0s, in, 1'000'000, 64)}, {at(0s), {}, ticks(1000s), {}, {}}, at(600s));
    CHECK(gained(605s, 900'000'000, 1605s).span < 0s);
    CHECK(gained(610s, 901'000'000, 1610s).in == 1'000'000);
  }
}

}  // namespace
}  // namespace octopoll::rates::test
