#include "octopoll/store/rate_histogram.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <tuple>
#include <vector>

namespace octopoll::store {
namespace {

using Key = std::tuple<std::int64_t, std::uint64_t, RateKind, std::uint32_t>;  // interface, speed, kind, bucket

std::map<Key, std::uint64_t> unpacked(std::span<const std::uint8_t> packed) {
  std::map<Key, std::uint64_t> counts;
  REQUIRE(RateUnpacker(packed).for_each([&](std::int64_t id, const RateCount& count) {
    counts[{id, count.speed, count.kind, count.bucket}] += count.bins;
  }));
  return counts;
}

TEST_CASE("a bucket of rates holds what is not above its top, and little below") {
  CHECK(rate_bucket(0.0) == 0);
  CHECK(top_of_rate_bucket(0) == 0.0);
  CHECK(rate_bucket(std::numeric_limits<double>::infinity()) == rate_buckets - 1);
  CHECK(std::isinf(top_of_rate_bucket(rate_buckets - 1)));
  std::mt19937_64 random(1);
  double last = 0.0;
  for (double rate = 1e-4; rate < 1e13; rate *= 1.0 + static_cast<double>(random() % 1000) / 1e4) {
    const std::uint32_t bucket = rate_bucket(rate);
    REQUIRE(bucket >= rate_bucket(last));
    REQUIRE(rate <= top_of_rate_bucket(bucket));
    REQUIRE(rate > top_of_rate_bucket(bucket - 1) * (1 - 1e-8));
    REQUIRE(top_of_rate_bucket(bucket) < rate * (1.0625 + 1e-8));
    last = rate;
  }
}

TEST_CASE("histograms of rates are unpacked as they were packed") {
  std::mt19937_64 random(2);
  const auto below = [&random](std::uint64_t end) { return random() % end; };
  RatePacker packer;
  std::map<Key, std::uint64_t> expected;
  std::int64_t id = 0;
  for (int interface = 0; interface < 50; ++interface) {
    id += static_cast<std::int64_t>(1 + below(300));
    RateTally tally;
    for (std::uint64_t each = below(200); each > 0; --each) {
      const std::uint64_t speed = below(3) == 0 ? below(3) : rate_speed_first + below(400'000);
      const std::uint64_t kinds = speed == rate_speed_varies ? 4 : 2;
      const RateCount count{speed, static_cast<RateKind>(below(kinds)), static_cast<std::uint32_t>(below(rate_buckets)),
                            static_cast<std::uint32_t>(1 + below(below(4) == 0 ? 288 : 3))};
      tally.add(count);
      expected[{id, count.speed, count.kind, count.bucket}] += count.bins;
    }
    packer.add(id, tally);
  }
  CHECK(unpacked(packer.packed()) == expected);

  // What is cut off or changed is refused or read as something else, within its bounds.
  std::vector<std::uint8_t> octets(packer.packed().begin(), packer.packed().end());
  for (std::size_t size = 0; size < octets.size(); size += 1 + octets.size() / 200) {
    CHECK_NOTHROW(RateUnpacker(std::span(octets).first(size)).for_each([](std::int64_t, const RateCount&) {}));
  }
  for (int round = 0; round < 2000; ++round) {
    auto changed = octets;
    changed[below(changed.size())] ^= static_cast<std::uint8_t>(1 + below(255));
    std::uint32_t highest = 0;
    static_cast<void>(RateUnpacker(changed).for_each(
        [&](std::int64_t, const RateCount& count) { highest = std::max(highest, count.bucket); }));
    REQUIRE(highest < rate_buckets);
  }
}

TEST_CASE("rounded up, a histogram has as many rates, none of them lower, and the same percentile at most") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t bins = 1 + random() % 300;
    std::vector<std::uint32_t> buckets;
    RateTally tally;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      buckets.push_back(static_cast<std::uint32_t>(random() % 40));
      tally.add({rate_speed_first + 1000, RateKind::in, buckets.back(), 1});
    }
    std::sort(buckets.rbegin(), buckets.rend());
    RateTally rounded = tally.rounded_up();
    RatePacker packer;
    packer.add(7, rounded);
    std::vector<std::uint32_t> up;
    REQUIRE(RateUnpacker(packer.packed()).for_each([&](std::int64_t id, const RateCount& count) {
      CHECK(id == 7);
      up.insert(up.end(), count.bins, count.bucket);
    }));
    REQUIRE(up.size() == buckets.size());
    CHECK(std::equal(up.begin(), up.end(), buckets.begin(), std::greater_equal<>()));
    CHECK(up[bins / 20] == buckets[bins / 20]);  // the percentile of these alone
  }
}

}  // namespace
}  // namespace octopoll::store
