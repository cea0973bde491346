#include "octopoll/core/cycle.hpp"

#include <catch2/catch.hpp>

namespace octopoll {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

InterfaceRecord record(CounterDelta in, nanoseconds elapsed = 10s) {
  InterfaceRecord made;
  made.elapsed = elapsed;
  made.deltas.set(Counter::in_octets, in);
  return made;
}

TEST_CASE("a delta divides by the time of its row") {
  const InterfaceRecord made = record({12'500, Quality::ok, 0s});
  CHECK(made.per_second(Counter::in_octets) == 1'250.0);
  CHECK(made.in_rate() == BitsPerSecond{10'000.0});
}

TEST_CASE("a delta with a time of its own divides by that") {
  InterfaceRecord made = record({12'500, Quality::ok, 20s});
  made.deltas.set(Counter::out_octets, {12'500, Quality::ok, 0s});
  CHECK(made.per_second(Counter::in_octets) == 625.0);
  CHECK(made.in_rate() == BitsPerSecond{5'000.0});
  CHECK(made.out_rate() == BitsPerSecond{10'000.0});
}

TEST_CASE("a delta of nothing is a rate of zero, which is not no rate") {
  CHECK(record({0, Quality::ok, 0s}).in_rate() == BitsPerSecond{0.0});
  CHECK_FALSE(record({std::nullopt, Quality::first, 0s}).in_rate());
}

TEST_CASE("only ok and wrapped make a rate, whatever the value") {
  for (int quality = 0; quality <= static_cast<int>(Quality::gap); ++quality) {
    const auto judged = static_cast<Quality>(quality);
    CAPTURE(to_string(judged));
    CHECK(record({12'500, judged, 0s}).in_rate().has_value() == (quality <= static_cast<int>(Quality::wrapped)));
  }
}

TEST_CASE("no time, or time that goes back, makes no rate") {
  CHECK_FALSE(record({12'500, Quality::ok, 0s}, 0s).in_rate());
  CHECK_FALSE(record({12'500, Quality::ok, 0s}, -1s).in_rate());
  CHECK_FALSE(record({12'500, Quality::ok, -1s}).in_rate());
  CHECK_FALSE(record({std::nullopt, Quality::ok, 0s}).in_rate());
}

TEST_CASE("packets are not multiplied by eight") {
  InterfaceRecord made = record({0, Quality::ok, 0s});
  made.deltas.set(Counter::in_ucast_pkts, {1'000, Quality::wrapped, 0s});
  CHECK(made.per_second(Counter::in_ucast_pkts) == 100.0);
}

TEST_CASE("the headline is the worse of the two octet deltas") {
  const auto [in, out, headline] = GENERATE(table<Quality, Quality, Quality>({
      {Quality::ok, Quality::ok, Quality::ok},
      {Quality::ok, Quality::wrapped, Quality::wrapped},
      {Quality::wrapped, Quality::ok, Quality::wrapped},
      {Quality::wrapped, Quality::stale, Quality::stale},
      {Quality::gap, Quality::wrapped, Quality::gap},
      {Quality::ok, Quality::absent, Quality::absent},
      {Quality::reset, Quality::ok, Quality::reset},
      {Quality::first, Quality::first, Quality::first},
  }));
  InterfaceRecord made;
  for (const Counter counter : all_counters()) made.deltas.set_quality(counter, Quality::implausible);
  made.deltas.set_quality(Counter::in_octets, in);
  made.deltas.set_quality(Counter::out_octets, out);
  CHECK(made.quality() == headline);
}

TEST_CASE("loss is the share of what was sent") {
  PingRound round;
  CHECK(round.loss() == 0.0);
  round.sent = 4;
  CHECK(round.loss() == 1.0);
  round.received = 3;
  CHECK(round.loss() == 0.25);
  round.received = 4;
  CHECK(round.loss() == 0.0);
}

}  // namespace
}  // namespace octopoll
