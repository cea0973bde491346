#include "rates/counter_rule.hpp"

#include <catch2/catch.hpp>
#include <optional>

namespace octopoll::rates {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t top32 = 0xFFFFFFFFULL;
constexpr std::uint64_t top64 = ~0ULL;
constexpr std::uint64_t mega = 1'000'000;
constexpr std::uint64_t giga = 1'000 * mega;
constexpr auto none = std::nullopt;

struct Case {
  const char* what;
  CounterKind kind;
  std::uint8_t bits;
  std::uint64_t before, now;
  std::optional<std::uint64_t> speed;
  std::optional<double> by_frames;
  Quality quality;
  std::optional<std::uint64_t> value;
};

TEST_CASE("one step of a counter over 60 s") {
  using enum CounterKind;
  const Case cases[] = {
      {"64: forward", octets, 64, 1'000, 5'000, 100 * mega, none, Quality::ok, 4'000},
      {"64: unmoved is zero, not unknown", octets, 64, 1'000, 1'000, 100 * mega, none, Quality::ok, 0},
      {"64: all bits count", octets, 64, top64 - 10, top64, none, none, Quality::ok, 10},
      {"64: above the stated speed stays", octets, 64, 0, 7'500 * mega, 100 * mega, none, Quality::ok, 7'500 * mega},
      {"64: read torn, above the stated speed by a turn of its lower half", octets, 64, 0, giga * 5, 100 * mega, none,
       Quality::implausible, none},
      {"64: read torn, above what the frames can hold by a turn", octets, 64, 0, giga * 5, none, 1e9,
       Quality::implausible, none},
      {"64: frames that hold neither", octets, 64, 0, giga * 6, none, 1e9, Quality::ok, giga * 6},
      {"64: back", octets, 64, 5'000, 4'999, 100 * mega, none, Quality::reset, none},
      {"64: over the top is a restart too", octets, 64, top64 - 10, 5, none, none, Quality::reset, none},
      {"64: 10 Tb/s is the most", octets, 64, 0, 75'000 * giga, none, none, Quality::ok, 75'000 * giga},
      {"64: more is no traffic", octets, 64, 0, 75'000 * giga + 1, none, none, Quality::implausible, none},
      {"64: nor are more packets than that", frames, 64, 0, 3'750 * giga + 1, none, none, Quality::implausible, none},

      {"32: forward", octets, 32, 1'000, 5'000, 100 * mega, none, Quality::ok, 4'000},
      {"32: forward above the stated speed, and nothing else is known", octets, 32, 0, 1'500 * mega, 100 * mega, none,
       Quality::ambiguous, none},
      {"32: forward above the stated speed, frames had room for no more", octets, 32, 0, 1'500 * mega, 100 * mega, 5e9,
       Quality::ok, 1'500 * mega},
      {"32: forward above the stated speed, which therefore says nothing of wraps", octets, 32, 0, 1'500 * mega,
       100 * mega, 6e9, Quality::ambiguous, none},
      {"32: forward, speed unknown", octets, 32, 1'000, 5'000, none, none, Quality::ambiguous, none},
      {"32: forward, speed unknown, frames had no room for a turn more", octets, 32, 1'000, 5'000, none, 4.29497e9,
       Quality::ok, 4'000},
      {"32: forward, speed unknown, frames had room for a wrap", octets, 32, 1'000, 5'000, none, 5e9,
       Quality::ambiguous, none},
      {"32: forward, 573 Mb/s fill it once a minute", octets, 32, 1'000, 5'000, 573 * mega, none, Quality::ambiguous,
       none},
      {"32: forward, 572 Mb/s do not", octets, 32, 1'000, 5'000, 572 * mega, none, Quality::ok, 4'000},
      {"32: forward at 1 Gb/s, but the frames were few", octets, 32, 1'000, 5'000, giga, 6'000.0, Quality::ok, 4'000},
      {"32: forward at 1 Gb/s, frames had room", octets, 32, 1'000, 5'000, giga, 4.4e9, Quality::ambiguous, none},
      {"32: forward at 1 Gb/s, frames too few for what is seen", octets, 32, 1'000, 5'000, giga, 3'999.0,
       Quality::ambiguous, none},

      {"32: wrap", octets, 32, top32 - 9, 90, 100 * mega, none, Quality::wrapped, 100},
      {"32: wrap at 105 % of the speed", octets, 32, top32 - 787'499'999, 0, 100 * mega, none, Quality::wrapped,
       787'500'000},
      {"32: wrap that needs more", octets, 32, top32 - 787'500'100, 0, 100 * mega, none, Quality::implausible, none},
      {"32: back at 1 Gb/s", octets, 32, top32 - 9, 90, giga, none, Quality::ambiguous, none},
      {"32: back at 1 Gb/s, frames say once", octets, 32, top32 - 9, 90, giga, 150.0, Quality::wrapped, 100},
      {"32: back at 1 Gb/s, frames too few for what is seen", octets, 32, top32 - 9, 90, giga, 99.0, Quality::ambiguous,
       none},
      {"32: back, speed unknown", octets, 32, top32 - 9, 90, none, none, Quality::ambiguous, none},
      {"32: back, speed unknown, frames say once", octets, 32, top32 - 9, 90, none, 100.0, Quality::wrapped, 100},
      {"32: back, speed unknown, frames had room", octets, 32, top32 - 9, 90, none, 4.4e9, Quality::ambiguous, none},

      {"frames 32: forward", frames, 32, 10, 30, 100 * mega, none, Quality::ok, 20},
      {"frames 32: forward, speed unknown", frames, 32, 10, 30, none, none, Quality::ok, 20},
      {"frames 32: 100 Gb/s can count round in a minute", frames, 32, 10, 30, 100 * giga, none, Quality::ambiguous,
       none},
      {"frames 32: wrap", frames, 32, top32, 30, 100 * mega, none, Quality::wrapped, 31},
      {"frames 32: more than smallest packets at that speed", frames, 32, 4'000 * mega, 30, 100 * mega, none,
       Quality::implausible, none},
      {"frames 32: back, speed unknown", frames, 32, top32, 30, none, none, Quality::ambiguous, none},
      {"frames 32: back at 100 Gb/s", frames, 32, top32, 30, 100 * giga, none, Quality::ambiguous, none},

      {"errors 32: forward is enough, even at 100 Gb/s", events, 32, 10, 30, 100 * giga, none, Quality::ok, 20},
      {"errors 32: wrap", events, 32, top32, 30, 100 * mega, none, Quality::wrapped, 31},
      {"errors 32: cleared by hand", events, 32, 500, 0, 100 * mega, none, Quality::implausible, none},
      {"errors 32: back, speed unknown", events, 32, 500, 0, none, none, Quality::ambiguous, none},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CounterLimits limits = limits_of(c.kind, c.speed, 60s, 0.0);
    limits.by_frames = c.by_frames;
    const CounterDelta delta = judge_step(c.kind, {c.before, c.bits}, {c.now, c.bits}, limits);
    CHECK(delta.quality == c.quality);
    CHECK(delta.value == c.value);
    CHECK(delta.value.has_value() == makes_rate(delta.quality));
  }
}

TEST_CASE("an uncertain time leaves more room for a wrap") {
  const auto quality = [](double error) {
    const CounterLimits limits = limits_of(CounterKind::octets, 540 * mega, 60s, error);
    return judge_step(CounterKind::octets, {1, 32}, {2, 32}, limits).quality;
  };
  CHECK(quality(0.0) == Quality::ok);
  CHECK(quality(0.09) == Quality::ambiguous);
}

TEST_CASE("every counter has a kind") {
  std::size_t octets = 0, frames = 0, events = 0;
  for (const Counter counter : all_counters()) {
    switch (kind_of(counter)) {
      case CounterKind::octets:
        ++octets;
        break;
      case CounterKind::frames:
        ++frames;
        break;
      case CounterKind::events:
        ++events;
        break;
    }
    CHECK(counts_octets(counter) == (kind_of(counter) == CounterKind::octets));
  }
  CHECK(octets == 2);
  CHECK(frames == 6);
  CHECK(events == 5);
}

}  // namespace
}  // namespace octopoll::rates
