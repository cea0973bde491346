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
  sample.counters[in] = {static_cast<std::uint32_t>(began + octets), 32};
  sample.counters[Counter::in_ucast_pkts] = {counted(static_cast<double>(octets) / link.octets_per_frame), 32};
  if (link.broadcast_told) {
    sample.counters[Counter::in_multicast_pkts] = {counted(seconds), 32};
    sample.counters[Counter::in_broadcast_pkts] = {counted(seconds), 32};
  }
  return sample;
}

}  // namespace

TEST_CASE("turns that a counter of 32 bits made unseen are no lesser traffic") {
  const auto link = GENERATE(values<Link>({
      {"no speed", {}, 1.1e9, 1'000, false},
      {"no speed, all frames told", {}, 1.1e9, 1'000, true},
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
