// A reading that contradicts its base line: the next one shows which of the two was wrong.

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

constexpr auto in = Counter::in_octets;
constexpr std::uint64_t tera = 1'000'000'000'000;

struct Reading {
  std::uint64_t value;
  Quality quality;
  std::optional<std::uint64_t> delta;
  int steps = 1;  // that the delta spans
};

struct Story {
  const char* what;
  std::uint8_t bits;
  std::optional<std::uint64_t> speed;
  std::vector<Reading> readings;
};

TEST_CASE("a contradicting reading costs neither a spike nor the base line") {
  constexpr std::uint64_t mbit100 = 100'000'000;
  const auto none = std::nullopt;
  const Story stories[] = {
      {"a real restart of a 64-bit counter: the new line goes on",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {500, Quality::reset, none},
        {2'000, Quality::ok, 1'500},
        {2'100, Quality::ok, 100}}},
      {"one reading of zero: the old line goes on, over both intervals",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {0, Quality::reset, none},
        {tera + 600, Quality::ok, 600, 2},
        {tera + 700, Quality::ok, 100}}},
      {"one reading of nonsense above all links",
       64,
       mbit100,
       {{1'000, Quality::first, none},
        {18446744073708309388ULL, Quality::implausible, none},
        {1'600, Quality::ok, 600, 2},
        {1'700, Quality::ok, 100}}},
      {"the nonsense goes on: it is the line now",
       64,
       mbit100,
       {{1'000, Quality::first, none},
        {18446744073708309388ULL, Quality::implausible, none},
        {18446744073708309488ULL, Quality::ok, 100},
        {18446744073708309489ULL, Quality::ok, 1}}},
      {"a restart that may as well be a garbled reading: no guess, and the line goes on from here",
       64,
       mbit100,
       {{1'000, Quality::first, none},
        {10, Quality::reset, none},
        {5'000, Quality::ambiguous, none},
        {5'100, Quality::ok, 100}}},
      {"zero once, no speed known: no guess",
       64,
       none,
       {{tera, Quality::first, none},
        {0, Quality::reset, none},
        {tera + 600, Quality::ambiguous, none},
        {tera + 700, Quality::ok, 100}}},
      {"two restarts in a row",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {5'000, Quality::reset, none},
        {300, Quality::reset, none},
        {400, Quality::ok, 100}}},
      {"two garbled readings in a row: only the base line explains the third",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {5'000, Quality::reset, none},
        {0, Quality::reset, none},
        {tera + 900, Quality::ok, 900, 3},
        {tera + 1'000, Quality::ok, 100}}},
      {"the same zero twice, as while a line card comes back: the old line goes on",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {0, Quality::reset, none},
        {0, Quality::ok, 0},
        {tera + 600, Quality::ok, 600, 3},
        {tera + 700, Quality::ok, 100}}},
      {"the same zero five times",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {0, Quality::reset, none},
        {0, Quality::ok, 0},
        {0, Quality::ok, 0},
        {0, Quality::ok, 0},
        {0, Quality::ok, 0},
        {tera + 600, Quality::ok, 600, 6}}},
      {"the same nonsense twice",
       64,
       mbit100,
       {{1'000, Quality::first, none},
        {1ULL << 63, Quality::implausible, none},
        {1ULL << 63, Quality::ok, 0},
        {1'600, Quality::ok, 600, 3},
        {1'700, Quality::ok, 100}}},
      {"zero twice, and the leap back is no more than the link could carry: no guess",
       64,
       mbit100,
       {{500'000'000, Quality::first, none},
        {0, Quality::reset, none},
        {0, Quality::ok, 0},
        {500'000'600, Quality::ambiguous, none},
        {500'000'700, Quality::ok, 100}}},
      {"zero twice, no speed known: no guess",
       64,
       none,
       {{tera, Quality::first, none},
        {0, Quality::reset, none},
        {0, Quality::ok, 0},
        {tera + 600, Quality::ambiguous, none},
        {tera + 700, Quality::ok, 100}}},
      {"a restart, and then traffic that passes the old line",
       64,
       mbit100,
       {{1'000, Quality::first, none},
        {0, Quality::reset, none},
        {0, Quality::ok, 0},
        {900, Quality::ok, 900},
        {1'800, Quality::ok, 900},
        {2'700, Quality::ok, 900}}},
      {"a sum over processors that went back by a little: nobody can tell, and it does not matter",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {tera - 40, Quality::reset, none},
        {tera + 600'000, Quality::ok, 600'000, 2},
        {tera + 600'100, Quality::ok, 100}}},
      {"a 32-bit counter of a link without a speed that showed zero once: no guess",
       32,
       none,
       {{3'000'000'000, Quality::first, none},
        {0, Quality::ambiguous, none},
        {3'000'000'600, Quality::ambiguous, none},
        {3'000'000'700, Quality::ambiguous, none},
        {3'000'000'700, Quality::ok, 0}}},
      {"zero once, just where a wrap explains it, costs no spike on the way back",
       32,
       mbit100,
       {{4'294'960'000, Quality::first, none},
        {0, Quality::wrapped, 7'296},
        {4'294'960'900, Quality::ambiguous, none},
        {4'294'961'000, Quality::ok, 100}}},
      {"a 32-bit counter that was cleared",
       32,
       mbit100,
       {{2'000'000'000, Quality::first, none},
        {100, Quality::implausible, none},
        {350, Quality::ok, 250},
        {360, Quality::ok, 10}}},
      {"a 32-bit counter that was garbled once",
       32,
       mbit100,
       {{2'000'000'000, Quality::first, none},
        {100, Quality::implausible, none},
        {2'000'000'900, Quality::ok, 900, 2},
        {2'000'000'910, Quality::ok, 10}}},
      {"going on needs less explanation than a wrap over two intervals",
       32,
       mbit100,
       {{3'000'000'000, Quality::first, none}, {100, Quality::implausible, none}, {200, Quality::ok, 100}}},
  };
  for (const Story& story : stories) {
    DeviceHistory history;
    int cycle = 0;
    for (const Reading& reading : story.readings) {
      CAPTURE(story.what, cycle);
      InterfaceSample sample = row(cycle * step, in, reading.value, story.bits);
      change_facts(sample, [&](InterfaceFacts& facts) { facts.speed_bps = story.speed; });
      const InterfaceRecord record = judge(history, sample);
      const CounterDelta& delta = record.deltas[in];
      CHECK(to_string(delta.quality) == to_string(reading.quality));
      CHECK(delta.value == reading.delta);
      CHECK(delta.elapsed == (reading.steps == 1 ? 0s : reading.steps * step));
      if (reading.delta) {
        const double seconds = 60.0 * reading.steps;
        CHECK(record.in_rate()->value == Approx(static_cast<double>(*reading.delta) * 8 / seconds));
      }
      ++cycle;
    }
  }
}

InterfaceSample with_frames(nanoseconds when, std::uint64_t octets, std::uint64_t frames, std::uint8_t bits = 64) {
  InterfaceSample sample = row(when, in, octets, bits);
  sample.counters.set(Counter::in_ucast_pkts, {frames, bits});
  sample.counters.set(Counter::in_multicast_pkts, {0, bits});
  sample.counters.set(Counter::in_broadcast_pkts, {0, bits});
  return sample;
}

TEST_CASE("octets that neither the speed nor their own frames allow are no traffic") {
  DeviceHistory history;
  (void)judge(history, with_frames(0s, 1'000, 10));
  // A bit too many, far below what all links carry: 9.2 Gb/s at 100 Mb/s, and ten frames.
  const InterfaceRecord spike = judge(history, with_frames(step, 1'500 + (1ULL << 36), 20));
  CHECK(spike.deltas[in].quality == Quality::implausible);
  CHECK(spike.deltas[Counter::in_ucast_pkts].value == 10U);
  const InterfaceRecord next = judge(history, with_frames(2 * step, 2'000, 30));
  CHECK(next.deltas[in].value == 1'000U);
  CHECK(next.deltas[in].elapsed == 2 * step);
}

TEST_CASE("a speed that is stated far too low cuts no peak that the frames bear out") {
  DeviceHistory history;
  (void)judge(history, with_frames(0s, 1'000, 10));
  const InterfaceRecord peak = judge(history, with_frames(step, 60'000'001'000, 60'000'010));
  CHECK(peak.deltas[in].value == 60'000'000'000U);
  CHECK(peak.speed_exceeded);
}

TEST_CASE("octets within the speed that their own frames cannot hold are no traffic") {
  DeviceHistory history;
  const auto at_gigabit = [](nanoseconds when, std::uint64_t octets, std::uint64_t frames) {
    InterfaceSample sample = with_frames(when, octets, 1'000'000 + frames);
    change_facts(sample, [](InterfaceFacts& facts) { facts.speed_bps = 1'000'000'000; });
    return sample;
  };
  constexpr std::uint64_t torn = 1ULL << 32;  // the upper half of the counter was read after a wrap of the lower one
  (void)judge(history, at_gigabit(0s, 1'000'000, 1'000));
  CHECK(judge(history, at_gigabit(step, torn + 2'000'000, 2'000)).deltas[in].quality == Quality::implausible);
  SECTION("for one reading") {
    const InterfaceRecord next = judge(history, at_gigabit(2 * step, 3'000'000, 3'000));
    CHECK(next.deltas[in].value == 2'000'000U);
    CHECK(next.deltas[in].elapsed == 2 * step);
    CHECK(judge(history, at_gigabit(3 * step, torn + 4'000'000, 4'000)).deltas[in].quality == Quality::implausible);
  }
  SECTION("from here on") {
    CHECK(judge(history, at_gigabit(2 * step, torn + 3'000'000, 3'000)).deltas[in].value == 1'000'000U);
    CHECK(judge(history, at_gigabit(3 * step, 2 * torn, 4'000)).deltas[in].quality == Quality::implausible);
  }
}

TEST_CASE("frames that an agent counts later than octets cost one delta, once") {
  DeviceHistory history;
  std::uint64_t told = 0;
  for (std::uint64_t cycle = 0; cycle < 21; ++cycle) {
    const std::uint64_t frames = cycle / 2 * 2 * 1'000;  // reloaded every second interval
    const auto when = static_cast<std::int64_t>(cycle) * step;
    told +=
        judge(history, with_frames(when, 5'000 + cycle * 1'000'000, 1'000'000 + frames)).deltas[in].value.value_or(0);
  }
  CHECK(told >= 19'000'000);
}

TEST_CASE("a reading that is torn upwards is no traffic, and costs none") {
  DeviceHistory history;
  const auto read = [&](std::int64_t cycle, bool torn) {
    const std::uint64_t passed = static_cast<std::uint64_t>(cycle) * 600'000'000;
    return judge(history, with_frames(cycle * step, tera + passed + (torn ? 1ULL << 32U : 0U),
                                      1'000'000 + static_cast<std::uint64_t>(cycle) * 600'000));
  };
  (void)read(0, false);
  CHECK(read(1, false).deltas[in].value == 600'000'000U);
  CHECK(read(2, true).deltas[in].quality == Quality::implausible);
  const InterfaceRecord next = read(3, false);
  CHECK(next.deltas[in].value == 1'200'000'000U);
  CHECK(next.deltas[in].elapsed == 2 * step);
}

TEST_CASE("a link that is quicker than stated by just 2^32 octets is found out") {
  DeviceHistory history;
  const std::uint64_t each = (1ULL << 32U) + 300'000'000;
  std::uint64_t told = 0;
  for (std::uint64_t cycle = 0; cycle < 41; ++cycle) {
    const auto when = static_cast<std::int64_t>(cycle) * step;
    told += judge(history, with_frames(when, 1 + cycle * each, cycle * 4'000'000)).deltas[in].value.value_or(0);
  }
  CHECK(told >= 38 * each);
}

TEST_CASE("frames that do not count what the octets count are not asked for ever") {
  DeviceHistory history;
  const std::uint64_t each = 60'000'000'000;
  const std::uint64_t frames = GENERATE(0U, 1U);  // a cycle
  (void)judge(history, with_frames(0s, 1'000, 10'000'000));
  CHECK(judge(history, with_frames(step, each, 10'000'000 + frames)).deltas[in].quality == Quality::implausible);
  CHECK(judge(history, with_frames(2 * step, 2 * each, 10'000'000 + 2 * frames)).deltas[in].value == each);
  CHECK(judge(history, with_frames(3 * step, 3 * each, 10'000'000 + 3 * frames)).deltas[in].value == each);
}

TEST_CASE("frames that never held the octets bound none") {
  DeviceHistory history;
  const std::uint64_t each = 60'000'000'000;
  const std::uint64_t frames = GENERATE(0U, 10U);
  for (int cycle = 0; cycle < 4; ++cycle) {
    const auto number = static_cast<std::uint64_t>(cycle);
    const InterfaceRecord record = judge(history, with_frames(cycle * step, (number + 1) * each, number * frames));
    if (cycle > 0) CHECK(record.deltas[in].value == each);
  }
}

TEST_CASE("an idle 32-bit counter that goes back by one has not come round") {
  DeviceHistory history;
  const auto idle = [](nanoseconds when, std::uint64_t octets) {
    InterfaceSample sample = with_frames(when, octets, 0, 32);
    change_facts(sample, [](InterfaceFacts& facts) { facts.speed_bps = 1'000'000'000; });
    return sample;
  };
  const nanoseconds turn = 33'500ms;
  (void)judge(history, idle(0s, 1'000));
  CHECK(judge(history, idle(turn, 999)).deltas[in].quality == Quality::implausible);
  CHECK(judge(history, idle(2 * turn, 1'000)).deltas[in].value.value_or(0) <= 1);
}

TEST_CASE("a 32-bit counter that went back by a little is no wrap of nearly a whole turn") {
  DeviceHistory history;
  const auto at_gigabit = [](nanoseconds when, std::uint64_t octets, std::uint64_t frames) {
    InterfaceSample sample = with_frames(when, octets, frames, 32);
    change_facts(sample, [](InterfaceFacts& facts) { facts.speed_bps = 1'000'000'000; });
    return sample;
  };
  // At 1 Gb/s 33.5 s are just enough for one turn, and not for two.
  const nanoseconds turn = 33'500ms;
  (void)judge(history, at_gigabit(0s, 5'000, 10));
  CHECK(judge(history, at_gigabit(turn, 4'000, 20)).deltas[in].quality == Quality::implausible);
  CHECK(judge(history, at_gigabit(2 * turn, 4'100, 30)).deltas[in].value == 100U);
}

TEST_CASE("a wrap beside a counter that restarted is no wrap") {
  DeviceHistory history;
  const auto unclocked = [](nanoseconds when, std::uint64_t octets, std::uint64_t errors) {
    InterfaceSample sample = row(when, in, octets, 32);
    sample.counters.set(Counter::in_errors, {errors, 32});
    sample.time.sys_uptime.reset();
    return sample;
  };
  (void)judge(history, unclocked(0s, 4'000'000'000, 70'000));
  const InterfaceRecord record = judge(history, unclocked(step, 100'000'000, 0));
  CHECK(record.deltas[Counter::in_errors].quality == Quality::implausible);
  CHECK(record.deltas[in].quality == Quality::ambiguous);
  CHECK_FALSE(record.deltas[in].value);
  CHECK(judge(history, unclocked(2 * step, 100'000'500, 0)).deltas[in].value == 500U);
}

TEST_CASE("a restart that is known ends a doubt") {
  DeviceHistory history;
  (void)judge(history, row(0s, in, tera, 64));
  CHECK(judge(history, row(step, in, 0, 64)).deltas[in].quality == Quality::reset);
  InterfaceSample restarted = row(2 * step, in, 700, 64);
  restarted.time.sys_uptime = ticks(30s);
  CHECK(judge(history, restarted).deltas[in].quality == Quality::reboot);
  InterfaceSample next = row(3 * step, in, tera + 600, 64);
  change_facts(next, [&](InterfaceFacts& facts) { facts.speed_bps = 1'000'000'000'000; });
  next.time.sys_uptime = ticks(90s);
  // The old line would fit; it is gone.
  CHECK(judge(history, next).deltas[in].value == tera - 100);
}

TEST_CASE("no rate spans a leap of sysUpTime, which may be another agent's") {
  DeviceHistory history;
  const auto up_for = [](nanoseconds when, std::uint64_t octets, nanoseconds more) {
    InterfaceSample sample = row(when, in, octets, 64);
    sample.time.sys_uptime = ticks(when + 1000s + more);
    return sample;
  };
  (void)judge(history, up_for(0s, 1'000, 0s));
  CHECK(judge(history, up_for(step, 2'000, 0s)).deltas[in].value == 1'000U);
  // A clock that went right so far; then the leap goes on.
  CHECK(judge(history, up_for(2 * step, 900'000'000, 5min)).deltas[in].quality == Quality::discontinuity);
  CHECK(judge(history, up_for(3 * step, 900'001'000, 5min)).deltas[in].value == 1'000U);
  CHECK(judge(history, up_for(4 * step, 900'002'000, 5min)).deltas[in].value == 1'000U);
  CHECK(judge(history, up_for(5 * step, 2'000, 30 * 24h)).deltas[in].quality == Quality::discontinuity);
  CHECK(judge(history, up_for(6 * step, 3'000, 30 * 24h)).deltas[in].value == 1'000U);
}

TEST_CASE("what another agent says of a link since its own start is no flap") {
  DeviceHistory history;
  const auto up_for = [](nanoseconds when, nanoseconds more, nanoseconds last_change) {
    InterfaceSample sample = row(when, in, 1'000, 64);
    sample.oper_status = status_up;
    sample.time.sys_uptime = ticks(when + 1000s + more);
    sample.last_change = ticks(last_change);
    return sample;
  };
  (void)judge(history, up_for(0s, 0s, 10s));
  (void)judge(history, up_for(step, 0s, 10s));
  CHECK_FALSE(judge(history, up_for(2 * step, 1h, 2000s)).flapped_at);
  CHECK(judge(history, up_for(3 * step, 1h, 1000s + 1h + 150s)).flapped_at);
}

TEST_CASE("a doubt does not outlive its counter") {
  DeviceHistory history;
  (void)judge(history, row(0s, in, tera, 64));
  (void)judge(history, row(step, in, 0, 64));
  CHECK(judge(history, row(2 * step)).deltas[in].quality == Quality::absent);
  CHECK(judge(history, row(3 * step, in, tera + 600, 64)).deltas[in].quality == Quality::first);
  CHECK(judge(history, row(4 * step, in, tera + 700, 64)).deltas[in].value == 100U);
}

TEST_CASE("a doubt waits while the time is too uncertain") {
  DeviceHistory history;
  (void)judge(history, row(0s, in, tera, 64));
  (void)judge(history, row(step, in, 0, 64));
  InterfaceSample stale = row(step + 1s, in, tera + 600, 64);
  stale.time.age_bound = 3s;
  CHECK(judge(history, stale).deltas[in].quality == Quality::stale);
  const InterfaceRecord record = judge(history, row(2 * step, in, tera + 600, 64));
  CHECK(record.deltas[in].value == 600U);
  CHECK(record.deltas[in].elapsed == 2 * step);
}

TEST_CASE("beside a 64-bit counter that went back, those that may have come from 0 are no traffic") {
  DeviceHistory history;
  const auto row_of = [](nanoseconds when, std::uint64_t in_value, std::uint64_t out_value, std::uint64_t errors) {
    InterfaceSample sample = row(when, in, in_value, 64);
    sample.counters.set(Counter::out_octets, {out_value, 64});
    sample.counters.set(Counter::in_errors, {errors, 32});
    sample.counters.set(Counter::out_errors, {4'000'000'000, 32});
    return sample;
  };
  (void)judge(history, row_of(0s, tera, 20'000, 1));
  // All but out_errors were cleared; 90,000 octets went out since.
  const InterfaceRecord cleared = judge(history, row_of(step, 70'000, 90'000, 2));
  CHECK(cleared.deltas[in].quality == Quality::reset);
  CHECK(cleared.deltas[Counter::out_octets].quality == Quality::ambiguous);
  CHECK(cleared.deltas[Counter::in_errors].quality == Quality::ambiguous);
  CHECK(cleared.deltas[Counter::out_errors].value == 0U);
  const InterfaceRecord next = judge(history, row_of(2 * step, 170'000, 190'000, 3));
  CHECK(next.deltas[in].value == 100'000U);
  CHECK(next.deltas[Counter::out_octets].value == 100'000U);
  CHECK(next.deltas[Counter::in_errors].value == 1U);
}

TEST_CASE("an answer that took one direction for the other is no traffic, and loses none unsaid") {
  constexpr auto out = Counter::out_octets;
  const auto bits = GENERATE(std::uint8_t{32}, std::uint8_t{64});
  const auto speed = GENERATE(std::uint64_t{100'000'000}, std::uint64_t{10'000'000'000});
  // Far apart, or so near that the link could carry the difference.
  const auto more = GENERATE(std::uint64_t{2'000'000'000}, std::uint64_t{50'000'000});
  CAPTURE(static_cast<int>(bits), speed, more);
  DeviceHistory history;
  JudgeSettings settings;
  settings.speeds = [&](const InterfaceSample&) { return Speeds{speed, speed}; };
  const auto read = [&](int cycle, bool exchanged) {
    const std::uint64_t passed = static_cast<std::uint64_t>(cycle) * 1'000'000;
    InterfaceSample sample =
        row(cycle * (bits == 32 ? 1s : step), exchanged ? out : in, 1'000'000'000 + more + passed, bits);
    sample.counters.set(exchanged ? in : out, {1'000'000'000 + passed / 2, bits});
    return judge(history, sample, settings);
  };
  (void)read(0, false);
  CHECK(read(1, false).deltas[in].value == 1'000'000U);
  const InterfaceRecord strange = read(2, true);
  CHECK_FALSE(strange.deltas[in].value);
  CHECK_FALSE(strange.deltas[out].value);
  std::uint64_t in_told = 0, out_told = 0;
  bool ambiguous = false;  // it may have come back from there
  for (int cycle = 3; cycle < 6; ++cycle) {
    const InterfaceRecord record = read(cycle, false);
    in_told += record.deltas[in].value.value_or(0);
    out_told += record.deltas[out].value.value_or(0);
    ambiguous = ambiguous || record.deltas[in].quality == Quality::ambiguous;
  }
  CHECK(in_told == (ambiguous ? 2'000'000 : 4'000'000));
  // Above its speed by whole turns, for all that 32 bits tell: that costs the base as well, and is said.
  const bool lost = bits == 32 && static_cast<double>(more) > 1.05 / 8.0 * static_cast<double>(speed);
  CHECK(out_told == (lost ? 1'000'000 : 2'000'000));
}

TEST_CASE("directions that changed places for good are believed again") {
  constexpr auto out = Counter::out_octets;
  DeviceHistory history;
  const auto read = [&](int cycle, bool exchanged) {
    const std::uint64_t passed = static_cast<std::uint64_t>(cycle) * 1'000'000;
    InterfaceSample sample = row(cycle * step, exchanged ? out : in, tera + passed, 64);
    sample.counters.set(exchanged ? in : out, {passed / 2, 64});
    return judge(history, sample);
  };
  (void)read(0, false);
  (void)read(1, false);
  CHECK_FALSE(read(2, true).deltas[in].value);
  for (int cycle = 3; cycle < 6; ++cycle) {
    const InterfaceRecord record = read(cycle, true);
    CHECK(record.deltas[in].value == 500'000U);
    CHECK(record.deltas[out].value == 1'000'000U);
  }
}

TEST_CASE("a doubt is a counter's own: the others of its row go on") {
  DeviceHistory history;
  const auto both = [](nanoseconds when, std::uint64_t in_value, std::uint64_t out_value) {
    InterfaceSample sample = row(when, in, in_value, 64);
    sample.counters.set(Counter::out_octets, {out_value, 64});
    return sample;
  };
  (void)judge(history, both(0s, tera, tera + 100));
  CHECK(judge(history, both(step, 0, tera + 200)).deltas[Counter::out_octets].value == 100U);
  const InterfaceRecord record = judge(history, both(2 * step, tera + 600, tera + 300));
  CHECK(record.deltas[Counter::out_octets].value == 100U);
  CHECK(record.out_rate()->value == Approx(100 * 8 / 60.0));
  CHECK(record.in_rate()->value == Approx(600 * 8 / 120.0));
  CHECK(record.in_utilization == Approx(600 * 8 / 120.0 / 1e8));
}

}  // namespace
}  // namespace octopoll::rates::test
