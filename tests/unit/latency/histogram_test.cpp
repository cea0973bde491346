#include "octopoll/latency/histogram.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "octopoll/latency/round_trips.hpp"

namespace octopoll::latency {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST_CASE("sixteen buckets to a doubling, from a microsecond on") {
  CHECK(Histogram::bucket_of(0ns) == 0);
  CHECK(Histogram::bucket_of(1us) == 0);
  CHECK(Histogram::bucket_of(1'043ns) == 0);
  CHECK(Histogram::bucket_of(1'044ns) == 1);  // 2^(1/16) is 1.0443
  CHECK(Histogram::bucket_of(1'999ns) == 15);
  CHECK(Histogram::bucket_of(2us) == 16);
  CHECK(Histogram::bucket_of(1'024us) == 160);
  CHECK(Histogram::begin_of(160) == 1'024us);
  CHECK(Histogram::bucket_of(1h) == 507);  // log2(3.6e9) is 31.745
}

TEST_CASE("each bucket ends where the next one begins") {
  for (Histogram::Bucket bucket = 1; bucket < 600; ++bucket) {
    CAPTURE(bucket);
    REQUIRE(Histogram::bucket_of(Histogram::begin_of(bucket)) == bucket);
    REQUIRE(Histogram::bucket_of(Histogram::begin_of(bucket) - 1ns) == bucket - 1);
    REQUIRE(Histogram::bucket_of(Histogram::middle_of(bucket)) == bucket);
  }
}

TEST_CASE("a percentile of the distribution is within 2.2 % of the exact one") {
  std::mt19937 random(6);  // NOLINT: the same series each time
  std::lognormal_distribution<double> milliseconds(2.0, 1.0);
  Histogram histogram;
  std::vector<nanoseconds> all;
  for (int i = 0; i < 5'000; ++i) {
    all.emplace_back(static_cast<std::int64_t>(milliseconds(random) * 1e6));
    histogram.add(all.back());
  }
  std::sort(all.begin(), all.end());
  CHECK(histogram.count() == 5'000);
  for (unsigned percent = 1; percent <= 100; ++percent) {
    CAPTURE(percent);
    const auto exact = static_cast<double>(percentile(all, percent).count());
    const auto kept = static_cast<double>(histogram.percentile(percent)->count());
    CHECK(std::abs(kept - exact) <= 0.022 * exact);
  }
}

TEST_CASE("of nothing there is no percentile") {
  Histogram histogram;
  histogram.add(7, 0);
  CHECK(histogram.buckets().empty());
  CHECK_FALSE(histogram.percentile(50));
}

}  // namespace
}  // namespace octopoll::latency
