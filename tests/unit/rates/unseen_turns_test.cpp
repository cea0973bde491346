// Octets of 32 bits on links whose speed says nothing: turns that no reading shows.

#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "readings.hpp"

using namespace octopoll;
using namespace octopoll::rates;
using namespace octopoll::rates::test;

namespace {

constexpr auto in = Counter::in_octets;

struct Link {
  const char* what;
  std::optional<std::uint64_t> stated_bps;
  double octets_per_second;
  double octets_per_frame;
  bool broadcast_told;  ///< ifXTable is there, with frames of 32 bits
};

/// What a link of that traffic shows after `seconds`, of counters that began anywhere.
InterfaceSample shown(const Link& link, double seconds, std::uint64_t began) {
  const auto octets = static_cast<std::uint64_t>(link.octets_per_second * seconds);
  InterfaceSample sample = row(nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
  change_facts(sample, [&](InterfaceFacts& facts) { facts.speed_bps = link.stated_bps; });
  const auto counted = [](double count) { return static_cast<std::uint32_t>(static_cast<std::uint64_t>(count)); };
  sample.counters.set(in, {static_cast<std::uint32_t>(began + octets), 32});
  sample.counters.set(Counter::in_ucast_pkts, {counted(static_cast<double>(octets) / link.octets_per_frame), 32});
  if (link.broadcast_told) {
    sample.counters.set(Counter::in_multicast_pkts, {counted(seconds), 32});
    sample.counters.set(Counter::in_broadcast_pkts, {counted(seconds), 32});
  }
  return sample;
}

}  // namespace

TEST_CASE("turns that a counter of 32 bits made unseen are no lesser traffic") {
  const auto link = GENERATE(values<Link>({
      {"no speed", {}, 1.1e9, 1'000, false},
      {"no speed, all frames told", {}, 1.1e9, 1'000, true},
      {"no speed, and frames that are forwarded uncounted", {}, 1.1e8, 1'000'000, false},
      {"no speed, slow enough for one turn and a half a minute", {}, 1.0e8, 700, false},
      {"at least 4 Gb/s", 4'294'967'295, 1.1e9, 1'000, false},
      {"1 Gb/s, and ten pass", 1'000'000'000, 1.2e9, 1'400, false},
      {"1 Gb/s, and ten pass, all frames told", 1'000'000'000, 1.2e9, 1'400, true},
      {"100 Mb/s, and one gigabit passes", 100'000'000, 1.1e8, 1'200, true},
  }));
  const double interval = GENERATE(5.0, 10.0, 60.0);
  CAPTURE(link.what, interval);
  std::mt19937_64 dice(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same counters every time
  const std::uint64_t began = dice();
  DeviceHistory history;
  int wrong = 0, later_wrong = 0;
  constexpr int cycles = 200;
  for (int cycle = 0; cycle <= cycles; ++cycle) {
    const InterfaceRecord record = judge(history, shown(link, cycle * interval, began));
    const auto octets = record.per_second(in);
    if (octets && *octets != Approx(link.octets_per_second).epsilon(1e-3)) {
      ++wrong;
      if (cycle > 12) ++later_wrong;
    }
  }
  // A speed that lies is believed until it is refuted.
  CHECK(wrong <= (link.stated_bps == 1'000'000'000U || link.stated_bps == 100'000'000U ? 2 : 0));
  CHECK(later_wrong == 0);
}

TEST_CASE("a speed that one direction refutes bounds no turns of the other") {
  const Link in_link{"", 1'000'000'000, 1.1e9, 800, false};
  const Link out_link{"", 1'000'000'000, 0.95e9, 800, false};  // whole turns in ten seconds, but for a tenth
  DeviceHistory history;
  int wrong = 0;
  for (int cycle = 0; cycle <= 60; ++cycle) {
    InterfaceSample sample = shown(in_link, cycle * 10.0, 5);
    const InterfaceSample other = shown(out_link, cycle * 10.0, 77);
    sample.counters.set(Counter::out_octets, other.counters[in]);
    sample.counters.set(Counter::out_ucast_pkts, other.counters[Counter::in_ucast_pkts]);
    const InterfaceRecord record = judge(history, sample);
    for (const Counter counter : {in, Counter::out_octets}) {
      const auto octets = record.per_second(counter);
      const double truth = counter == in ? in_link.octets_per_second : out_link.octets_per_second;
      wrong += octets && *octets != Approx(truth).epsilon(1e-3) ? 1 : 0;
    }
  }
  CHECK(wrong <= 6);
}

TEST_CASE("one reading of 0 among those of a busy link of 32 bits is no wrap above its speed") {
  const Link link{"", 100'000'000, 6'400'000, 128, true};
  DeviceHistory history;
  std::uint64_t told = 0;
  for (int cycle = 0; cycle <= 5; ++cycle) {
    InterfaceSample sample = shown(link, cycle * 60.0, 1'000'000'000);
    if (cycle == 3) sample.counters.set(in, {0, 32});
    const InterfaceRecord record = judge(history, sample);
    if (cycle == 3) {
      CHECK_FALSE(record.deltas[in].value);
      CHECK_FALSE(makes_rate(record.deltas[in].quality));
    } else if (const auto octets = record.per_second(in)) {
      CHECK(*octets == Approx(link.octets_per_second).epsilon(1e-3));
      told += *record.deltas[in].value;
    }
  }
  CHECK(static_cast<double>(told) == Approx(300 * link.octets_per_second).epsilon(1e-3));
}

TEST_CASE("a full link whose agent caches a little does not refute its speed in 32 bits either") {
  DeviceHistory history;
  for (int cycle = 0; cycle <= 60; ++cycle) {
    const double shown_at = static_cast<double>(cycle * 10 / 3 * 3);  // every three seconds, read every ten
    InterfaceSample sample = shown({"", 100'000'000, 12'500'000, 1'000, true}, shown_at, 5);
    const InterfaceSample now = row(cycle * 10s);
    sample.time = now.time;
    const InterfaceRecord record = judge(history, sample);
    if (cycle > 0) CHECK((record.in_speed_bps || record.speed_exceeded));
    if (cycle > 50 && cycle % 3 != 0) CHECK(record.in_speed_bps);
  }
}

TEST_CASE("quiet links without a speed have rates, though their counters have 32 bits") {
  const auto link = GENERATE(values<Link>({
      {"idle", {}, 0.0, 1'000, false},
      {"a tunnel", {}, 20'000, 400, false},
      {"a tunnel, all frames told", {}, 20'000, 400, true},
      {"a busier one", {}, 2'000'000, 900, false},
      {"at least 4 Gb/s", 4'294'967'295, 2'000'000, 900, true},
  }));
  CAPTURE(link.what);
  DeviceHistory history;
  (void)judge(history, shown(link, 0, 1'000));
  for (int cycle = 1; cycle < 30; ++cycle) {
    const InterfaceRecord record = judge(history, shown(link, cycle * 60.0, 1'000));
    REQUIRE(record.deltas[in].quality == Quality::ok);
    REQUIRE(*record.deltas[in].value == Approx(link.octets_per_second * 60).epsilon(1e-3));
  }
}
