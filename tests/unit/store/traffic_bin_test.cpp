#include "store/traffic_bin.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <random>

namespace octopoll::store {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t noon = 1'800'000'000 * second;  // a multiple of 5 minutes
constexpr std::uint64_t gigabit = 1'000'000'000;

TrafficSample sample_of(std::int64_t end_us, std::int64_t span_us, std::uint64_t octets,
                        std::uint64_t speed_bps = gigabit) {
  TrafficSample sample;
  sample.end_us = end_us;
  sample.span_us = span_us;
  for (auto& direction : sample.directions) {
    direction.octets = octets;
    direction.span_us = span_us;
    direction.speed_bps = speed_bps;
    direction.packets = octets / 100;
    direction.errors = octets % 7;
    direction.discards = 0;
  }
  return sample;
}

TEST_CASE("moments fall into the bins that they belong to, before 1970 too") {
  CHECK(bin_of(0) == 0);
  CHECK(bin_of(bin_us - 1) == 0);
  CHECK(bin_of(bin_us) == 1);
  CHECK(bin_of(-1) == -1);
  CHECK(bin_of(-bin_us) == -1);
  CHECK(bin_of(-bin_us - 1) == -2);
}

TEST_CASE("a delta that straddles a border is shared out by time, each octet once") {
  // 60 s, of which 20 s before the border.
  const TrafficSample sample = sample_of(noon + 40 * second, 60 * second, 100);
  const std::int64_t bin = bin_of(noon);
  REQUIRE(sample.first_bin() == bin - 1);
  REQUIRE(sample.last_bin() == bin);
  const TrafficShare before = share_of(sample, bin - 1);
  const TrafficShare after = share_of(sample, bin);
  CHECK(before.directions[0].octets == 33);
  CHECK(after.directions[0].octets == 67);
  CHECK(before.directions[0].covered_us == 20 * second);
  CHECK(after.directions[0].covered_us == 40 * second);
  CHECK(before.directions[0].bps == Approx(100 * 8 / 60.0));
  CHECK(share_of(sample, bin + 1).says_nothing());
}

TEST_CASE("a sample that ends on a border is of the bin before it") {
  const TrafficSample sample = sample_of(noon, 300 * second, 100);
  CHECK(sample.first_bin() == bin_of(noon) - 1);
  CHECK(sample.last_bin() == bin_of(noon) - 1);
}

TEST_CASE("the largest numbers are shared out without a loss") {
  const auto most = std::numeric_limits<std::uint64_t>::max();
  const TrafficSample sample = sample_of(noon + 17 * second + 3, longest_shared_us, most);
  std::uint64_t octets = 0;
  std::int64_t covered = 0;
  for (std::int64_t bin = sample.first_bin(); bin <= sample.last_bin(); ++bin) {
    octets += share_of(sample, bin).directions[1].octets;
    covered += share_of(sample, bin).directions[1].covered_us;
  }
  CHECK(octets == most);
  CHECK(covered == longest_shared_us);
}

TEST_CASE("shares of any sample sum to it, whatever its span and its place") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 500; ++round) {
    const auto span = static_cast<std::int64_t>(random() % (std::uint64_t{1} << (1 + random() % 33))) + 1;
    const auto octets = random() >> (random() % 64);
    const TrafficSample sample = sample_of(noon + static_cast<std::int64_t>(random() % (3600 * second)), span, octets);
    std::uint64_t octets_in_bins = 0, packets = 0, errors = 0;
    std::int64_t covered = 0;
    for (std::int64_t bin = sample.first_bin(); bin <= sample.last_bin(); ++bin) {
      const auto share = share_of(sample, bin).directions[0];
      octets_in_bins += share.octets;
      packets += share.packets.value_or(0);
      errors += share.errors.value_or(0);
      covered += share.covered_us;
    }
    REQUIRE(octets_in_bins == octets);
    REQUIRE(packets == *sample.directions[0].packets);
    REQUIRE(errors == *sample.directions[0].errors);
    REQUIRE(covered == span);
  }
}

/// `open` has what `whole` has, and becomes the same row, bit for bit but for the share of the link.
void check_same(const OpenBin& open, const TrafficBin& whole) {
  const TrafficBin made = open.whole();
  REQUIRE(made.speed == whole.speed);
  REQUIRE(made.speed_mbps == whole.speed_mbps);
  const TrafficBin row = made.as_row(), expected = whole.as_row();
  for (std::size_t way = 0; way < 2; ++way) {
    const auto& a = row.directions[way];
    const auto& b = expected.directions[way];
    CAPTURE(whole.directions[way].bps_max, whole.directions[way].bps_min);
    REQUIRE(made.directions[way].covered_us == whole.directions[way].covered_us);
    REQUIRE(a.octets == b.octets);
    REQUIRE(a.covered_us == b.covered_us);
    REQUIRE(a.bps_max == b.bps_max);
    REQUIRE(a.bps_min == b.bps_min);
    REQUIRE(a.packets == b.packets);
    REQUIRE(a.errors == b.errors);
    REQUIRE(a.discards == b.discards);
    REQUIRE(row.utilization(way).has_value() == expected.utilization(way).has_value());
    if (!row.utilization(way)) continue;
    REQUIRE(row.utilization(way)->share_us == Approx(expected.utilization(way)->share_us));
    REQUIRE(row.utilization(way)->covered_us == expected.utilization(way)->covered_us);
    REQUIRE(row.utilization(way)->max == Approx(expected.utilization(way)->max));
  }
}

TEST_CASE("an open bin says what a sum of the same shares says") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    OpenBin open;
    TrafficBin whole;
    open.start(bin_of(noon));
    const bool steady = random() % 2 == 0;
    for (int i = 0; i < 5; ++i) {
      const std::uint64_t speed = steady ? gigabit : (random() % 3) * 1'544'000;
      const auto share =
          share_of(sample_of(noon + 50 * second * (i + 1), 50 * second, random() % 1'000'000, speed), bin_of(noon));
      REQUIRE(open.add(share));
      whole.add(share);
      check_same(open, whole);
    }
  }
}

TEST_CASE("an open bin becomes the same row at any rate") {
  std::mt19937_64 random(17);
  // 2^20 bit/s, from which on peaks have so many bits, is 7,864,320 octets a minute.
  for (const std::uint64_t octets : {1ULL, 40ULL, 7'000ULL, 7'864'320ULL, 7'864'320'000ULL, 75'000'000'000'000ULL}) {
    for (int round = 0; round < 300; ++round) {
      OpenBin open;
      TrafficBin whole;
      open.start(bin_of(noon));
      for (int i = 1; i <= 4; ++i) {
        const std::uint64_t more = octets + random() % (octets / 1'000'000 + 5);
        TrafficSample sample = sample_of(noon + 60 * second * i, 60 * second, more, 10'000 * gigabit);
        for (auto& direction : sample.directions) direction.packets = 1;
        const TrafficShare share = share_of(sample, bin_of(noon));
        REQUIRE(open.add(share));
        whole.add(share);
      }
      check_same(open, whole);
    }
  }
}

TEST_CASE("an open bin keeps what its small numbers have no room for") {
  const auto share_with = [](std::uint64_t octets, std::uint64_t errors, std::uint64_t discards) {
    TrafficSample sample = sample_of(noon + 60 * second, 60 * second, octets);
    for (auto& direction : sample.directions) direction.packets = 1;
    sample.directions[0].errors = errors;
    sample.directions[1].discards = discards;
    return share_of(sample, bin_of(noon));
  };
  const std::uint64_t too_much = std::uint64_t{1} << 48U;
  for (const TrafficShare& large : {share_with(5, 65'536, 0), share_with(5, 0, 65'536), share_with(too_much, 0, 0),
                                    share_with(too_much - 1, 65'535, 65'535)}) {
    for (const int place : {0, 1, 2}) {
      OpenBin open;
      TrafficBin whole;
      open.start(bin_of(noon));
      for (int i = 0; i < 3; ++i) {
        const TrafficShare share = i == place ? large : share_with(1'000, 1, 1);
        REQUIRE(open.add(share));
        whole.add(share);
        check_same(open, whole);
      }
      OpenBin moved = std::move(open);
      check_same(moved, whole);
      moved.start(bin_of(noon) + 1);
      CHECK(moved.empty());
      REQUIRE(moved.add(share_with(7, 7, 7)));
      CHECK(moved.whole().directions[0].octets == 7);
    }
  }
}

/// Samples of random lengths behind each other over all of a bin and beyond its ends, at rates about `bps`.
TrafficBin random_bin(double bps, std::int64_t about_us, std::mt19937_64& random) {
  TrafficBin bin;
  const auto near = [&random](std::int64_t number) {
    return number / 2 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(number + 1));
  };
  for (std::int64_t end = noon; end < noon + 301 * second;) {
    const std::int64_t span = near(about_us);
    end += span;
    const double octets = static_cast<double>(near(1 << 20)) / (1 << 20) * bps * static_cast<double>(span) / 8e6;
    bin.add(share_of(sample_of(end, span, static_cast<std::uint64_t>(octets)), bin_of(noon)));
  }
  return bin;
}

bool has_peak_bits(double bps) {
  int exponent = 0;
  const double scaled = std::ldexp(std::frexp(bps, &exponent), peak_bits);
  return bps == std::round(bps) && (exponent <= peak_bits || scaled == std::round(scaled));
}

TEST_CASE("peaks of a row have few bits, are near those of its samples, and hold its average between them") {
  std::mt19937_64 random(13);
  for (const double bps : {3.0, 800.0, 60e3, 70e3, 1e6, 987'654'321.0, 4e11}) {
    for (int round = 0; round < 300; ++round) {
      const TrafficBin bin = random_bin(bps, (1 + static_cast<std::int64_t>(random() % 90)) * 1'234'567, random);
      const TrafficBin row = bin.as_row();
      const TrafficBin::Direction& exact = bin.directions[0];
      const TrafficBin::Direction& kept = row.directions[0];
      CAPTURE(bps, exact.bps_max, exact.bps_min, exact.covered_us);
      REQUIRE(has_peak_bits(kept.bps_max));
      REQUIRE(has_peak_bits(kept.bps_min));
      const double half = kept.bps_max < (1 << peak_bits) ? 0.5 : 0.0;  // below, the nearest one
      REQUIRE(kept.bps_max >= exact.bps_max * (1 - 1e-11) - half);
      REQUIRE(kept.bps_max <= exact.bps_max * (1 + peak_tolerance) + half);
      REQUIRE(kept.bps_min <= exact.bps_min * (1 + 1e-11) + 0.5);
      REQUIRE(kept.bps_min >= exact.bps_min * (1 - peak_tolerance) - 0.5);
      REQUIRE(exact.covered_us >= least_covered_by_steps_us);
      REQUIRE(kept.covered_us % 1000 == 0);
      REQUIRE(std::abs(kept.covered_us - exact.covered_us) <= 500);
      const double average = static_cast<double>(kept.octets) * 8e6 / static_cast<double>(kept.covered_us);
      const double octet = 8e6 / static_cast<double>(kept.covered_us);  // one that was shared out
      REQUIRE(average <= kept.bps_max * (1 + 1e-11) + half + 2 * octet);
      REQUIRE(average >= kept.bps_min * (1 - 1e-11) - 0.5 - 2 * octet);
      REQUIRE(kept.octets == exact.octets);
      const TrafficBin::Direction again = row.as_row().directions[0];
      REQUIRE(again.bps_max == kept.bps_max);
      REQUIRE(again.bps_min == kept.bps_min);
      REQUIRE(again.covered_us == kept.covered_us);
    }
  }
}

TEST_CASE("the average of a rate that stands still is not beyond its peaks for the ms to which time is kept") {
  // 2^30 bit/s, which has few bits, of times that are not whole ms: 299,953.125 ms and 299,921.875 ms.
  for (const int shorter : {3, 5}) {
    TrafficBin bin;
    for (int minute = 1; minute <= 5; ++minute) {
      const std::int64_t span = 60 * second - (minute <= shorter ? 15'625 : 0);
      const auto octets = static_cast<std::uint64_t>((span << 27) / second);
      bin.add(share_of(sample_of(noon + minute * 60 * second, span, octets), bin_of(noon)));
    }
    const TrafficBin::Direction row = bin.as_row().directions[0];
    REQUIRE(bin.directions[0].covered_us != row.covered_us);
    const double average = static_cast<double>(row.octets) * 8e6 / static_cast<double>(row.covered_us);
    CHECK(row.bps_max >= average);
    CHECK(row.bps_min <= average);
    CHECK(row.bps_max <= bin.directions[0].bps_max * (1 + peak_tolerance));
    CHECK(row.bps_min >= bin.directions[0].bps_min * (1 - peak_tolerance));
  }
}

TEST_CASE("a row of nothing has peaks of nothing, and of little time the time to a microsecond") {
  TrafficBin bin;
  bin.add(share_of(sample_of(noon + 300 * second, 300 * second, 0), bin_of(noon)));
  CHECK(bin.as_row().directions[0].bps_max == 0.0);
  CHECK(bin.as_row().directions[0].bps_min == 0.0);
  CHECK(bin.as_row().directions[0].covered_us == 300 * second);
  TrafficBin little;
  little.add(share_of(sample_of(noon + 3'456, 3'456, 1000), bin_of(noon)));
  CHECK(little.as_row().directions[0].covered_us == 3'456);
  TrafficBin none;
  CHECK(none.as_row().empty());
}

TEST_CASE("a speed that changes within a bin counts for its own time") {
  TrafficBin bin;
  bin.add(share_of(sample_of(noon + 100 * second, 100 * second, 12'500'000, 10'000'000), bin_of(noon)));  // 10 %
  bin.add(share_of(sample_of(noon + 200 * second, 100 * second, 12'500'000, 2'000'000), bin_of(noon)));   // 50 %
  bin.add(share_of(sample_of(noon + 300 * second, 100 * second, 12'500'000, 0), bin_of(noon)));           // unknown
  const auto utilization = bin.utilization(0);
  REQUIRE(utilization);
  CHECK(utilization->covered_us == 200 * second);
  CHECK(utilization->share_us / static_cast<double>(utilization->covered_us) == Approx(0.3));
  CHECK(utilization->max == Approx(0.5));
  CHECK(bin.directions[0].covered_us == 300 * second);
}

TEST_CASE("an open bin refuses what it has no room for and keeps what it has") {
  OpenBin open;
  open.start(bin_of(noon));
  TrafficSample sample = sample_of(noon + 60 * second, 60 * second, 1000);
  sample.directions[0].errors = 4'000'000'000;
  const TrafficShare share = share_of(sample, bin_of(noon));
  REQUIRE(open.add(share));
  CHECK_FALSE(open.add(share));
  CHECK(open.whole().directions[0].errors == 4'000'000'000);
  CHECK(open.whole().directions[0].octets == 1000);
}

TEST_CASE("an open bin has room for 2^32 packets, and refuses more") {
  constexpr std::uint64_t most = 4'294'967'295;
  OpenBin open;
  open.start(bin_of(noon));
  TrafficSample sample = sample_of(noon + 60 * second, 60 * second, 1000);
  sample.directions[1].packets = most;
  REQUIRE(open.add(share_of(sample, bin_of(noon))));
  sample.directions[1].packets = 1;
  CHECK_FALSE(open.add(share_of(sample, bin_of(noon))));
  CHECK(open.whole().directions[1].packets == most);
  sample.directions[1].packets = most + 1;
  open.start(bin_of(noon));
  CHECK_FALSE(open.add(share_of(sample, bin_of(noon))));
  CHECK(open.empty());
}

TEST_CASE("an open bin knows of each direction which of its counters were there") {
  OpenBin open;
  open.start(bin_of(noon));
  TrafficSample sample = sample_of(noon + 60 * second, 60 * second, 1000);
  for (auto& direction : sample.directions) direction.packets = direction.errors = direction.discards = std::nullopt;
  sample.directions[0].errors = 0;
  sample.directions[1].discards = 7;
  REQUIRE(open.add(share_of(sample, bin_of(noon))));
  const TrafficBin whole = open.whole();
  CHECK(whole.directions[0].errors == 0);
  CHECK_FALSE(whole.directions[0].discards);
  CHECK_FALSE(whole.directions[1].errors);
  CHECK(whole.directions[1].discards == 7);
  open.start(bin_of(noon));
  CHECK(open.empty());
}

TEST_CASE("what says nothing leaves a bin empty") {
  OpenBin open;
  TrafficBin whole;
  open.start(bin_of(noon));
  const TrafficShare nothing = share_of(TrafficSample{noon + second, 0, {}}, bin_of(noon));
  CHECK(open.add(nothing));
  whole.add(nothing);
  CHECK(open.empty());
  CHECK(whole.empty());
}

TEST_CASE("a delta over more than a day is in no bin") {
  InterfaceRecord row;
  row.elapsed = std::chrono::hours(25);
  row.deltas.set(Counter::in_octets, {1000, Quality::ok, {}});
  CHECK(traffic_of(row, noon / 1000).directions[0].span_us == 0);
  row.elapsed = std::chrono::hours(24);
  CHECK(traffic_of(row, noon / 1000).directions[0].span_us == longest_shared_us);
  row.deltas.set_quality(Counter::in_octets, Quality::ambiguous);
  CHECK(traffic_of(row, noon / 1000).directions[0].span_us == 0);
}

TEST_CASE("an open bin stays small: there is one an interface") { CHECK(sizeof(OpenBin) <= 60); }

}  // namespace
}  // namespace octopoll::store
