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
      {"two garbled readings in a row cost the base line, never a spike",
       64,
       mbit100,
       {{tera, Quality::first, none},
        {5'000, Quality::reset, none},
        {0, Quality::reset, none},
        {tera + 900, Quality::ambiguous, none},
        {tera + 1'000, Quality::ok, 100}}},
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

TEST_CASE("a doubt is a counter's own: the others of its row go on") {
  DeviceHistory history;
  const auto both = [](nanoseconds when, std::uint64_t in_value, std::uint64_t out_value) {
    InterfaceSample sample = row(when, in, in_value, 64);
    sample.counters[Counter::out_octets] = {out_value, 64};
    return sample;
  };
  (void)judge(history, both(0s, tera, 100));
  CHECK(judge(history, both(step, 0, 200)).deltas[Counter::out_octets].value == 100U);
  const InterfaceRecord record = judge(history, both(2 * step, tera + 600, 300));
  CHECK(record.deltas[Counter::out_octets].value == 100U);
  CHECK(record.out_rate()->value == Approx(100 * 8 / 60.0));
  CHECK(record.in_rate()->value == Approx(600 * 8 / 120.0));
  CHECK(record.in_utilization == Approx(600 * 8 / 120.0 / 1e8));
}

}  // namespace
}  // namespace octopoll::rates::test
