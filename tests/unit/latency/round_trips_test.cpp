#include "octopoll/latency/round_trips.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace octopoll::latency {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using Series = std::vector<nanoseconds>;

TEST_CASE("a summary of four, by hand") {
  const auto summary = summarize(Series{4ms, 1ms, 2ms, 9ms});
  REQUIRE(summary);
  CHECK(summary->min == 1ms);
  CHECK(summary->max == 9ms);
  CHECK(summary->mean == 4ms);
  CHECK(summary->median == 3ms);
  CHECK(summary->p5 == 1ms);
  CHECK(summary->p95 == 9ms);
  // Population: sqrt((0 + 9 + 4 + 25) / 4) ms.
  CHECK(summary->deviation == nanoseconds(std::llround(std::sqrt(9.5) * 1e6)));
}

TEST_CASE("one round trip is all of its summary") {
  const auto summary = summarize(Series{1'234'567ns});
  REQUIRE(summary);
  for (const nanoseconds value :
       {summary->min, summary->p5, summary->median, summary->mean, summary->p95, summary->max}) {
    CHECK(value == 1'234'567ns);
  }
  CHECK(summary->deviation == 0ns);
}

TEST_CASE("of an odd number the median is the middle one") {
  CHECK(summarize(Series{5ms, 1ms, 3ms})->median == 3ms);
  CHECK(summarize(Series{1ms, 1ms, 100ms})->median == 1ms);
}

TEST_CASE("no round trip has no summary") { CHECK_FALSE(summarize(Series{})); }

TEST_CASE("a percentile is the smallest value that its share does not exceed") {
  Series hundred;
  for (int i = 1; i <= 100; ++i) hundred.emplace_back(i);
  for (const unsigned percent : {1U, 5U, 50U, 95U, 99U, 100U}) CHECK(percentile(hundred, percent).count() == percent);

  const Series ten(hundred.begin(), hundred.begin() + 10);
  CHECK(percentile(ten, 5) == 1ns);   // rank 0.5, hence 1
  CHECK(percentile(ten, 10) == 1ns);  // exactly a tenth
  CHECK(percentile(ten, 11) == 2ns);  // one more than a tenth
  CHECK(percentile(ten, 50) == 5ns);  // no mean of two: a value that was measured
  CHECK(percentile(ten, 90) == 9ns);
  CHECK(percentile(ten, 95) == 10ns);  // rank 9.5, hence 10
  CHECK(percentile(Series{7ns}, 1) == 7ns);

  const Series twenty(hundred.begin(), hundred.begin() + 20);
  CHECK(percentile(twenty, 95) == 19ns);  // exactly nineteen of twenty
}

TEST_CASE("milliseconds are written as fping writes them") {
  CHECK(milliseconds_text(0ns) == "0.000");
  CHECK(milliseconds_text(12'345ns) == "0.012");
  CHECK(milliseconds_text(1'234'567ns) == "1.23");
  CHECK(milliseconds_text(12'345'678ns) == "12.3");
  CHECK(milliseconds_text(1'234'567'890ns) == "1235");
}

TEST_CASE("jitter needs a pair") {
  CHECK_FALSE(jitter_of(Series{}).delay_variation());
  CHECK_FALSE(jitter_of(Series{3ms}).delay_variation());
  CHECK_FALSE(jitter_of(Series{3ms}).smoothed());
  CHECK(jitter_of(Series{3ms, 3ms}).delay_variation() == 0ns);
}

TEST_CASE("RFC 3393 delay variation and RFC 3550 jitter, by hand") {
  // Differences: 16, 8 and 32 ms.
  const Jitter jitter = jitter_of(Series{10ms, 26ms, 18ms, 50ms});
  CHECK(jitter.pairs() == 3);
  CHECK(jitter.delay_variation() == 18'666'667ns);  // 56 / 3
  // J: 0 + 16/16 = 1; 1 + (8 - 1)/16 = 1.4375; 1.4375 + (32 - 1.4375)/16 = 3.34765625.
  CHECK(jitter.smoothed() == 3'347'656ns);
}

TEST_CASE("the smoothed jitter of an even swing goes to its size, and stays there") {
  Jitter jitter;
  for (int i = 0; i < 400; ++i) jitter.add(i % 2 == 0 ? 10ms : 14ms);
  CHECK(jitter.delay_variation() == 4ms);
  CHECK(jitter.smoothed() == 4ms);
}

TEST_CASE("rounds make no pairs with each other") {
  Jitter jitter;
  jitter.add(1ms);
  jitter.add(3ms);
  jitter.part();
  jitter.add(900ms);  // hours later, on another path
  jitter.add(904ms);
  CHECK(jitter.pairs() == 2);
  CHECK(jitter.delay_variation() == 3ms);
  CHECK(jitter.smoothed() == 367'188ns);  // 2/16 = 0.125; 0.125 + 3.875/16 = 0.3671875
}

}  // namespace
}  // namespace octopoll::latency
