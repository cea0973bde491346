#include "report/bins.hpp"

#include <catch2/catch.hpp>
#include <numeric>
#include <random>

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;

constexpr PreciseTime noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 12h};

Span span(std::chrono::seconds begin, std::chrono::seconds end) { return {noon + begin, noon + end}; }

std::vector<double> one_to(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST_CASE("the 95th percentile drops the floor(n / 20) largest and takes the next") {
  CHECK_FALSE(percentile_95({}));
  CHECK(percentile_95(one_to(1)) == 1.0);
  CHECK(percentile_95(one_to(19)) == 19.0);
  CHECK(percentile_95(one_to(20)) == 19.0);
  CHECK(percentile_95(one_to(39)) == 38.0);
  CHECK(percentile_95(one_to(40)) == 38.0);
  CHECK(percentile_95(one_to(100)) == 95.0);
  CHECK(percentile_95(one_to(8640)) == 8208.0);  // 30 days of five minutes: the top 432 go
}

TEST_CASE("the order of values does not matter to the percentile, nor do equal ones") {
  CHECK(percentile_95({5, 1, 4, 2, 3}) == 5.0);
  CHECK(percentile_95(std::vector<double>(50, 7.0)) == 7.0);
  auto values = one_to(100);
  std::shuffle(values.begin(), values.end(), std::mt19937(1));
  CHECK(percentile_95(values) == 95.0);
}

TEST_CASE("bins are aligned to the clock, not to the window") {
  const BinGrid grid(span(1s, 601s), 300s);
  CHECK(grid.size() == 3);
  CHECK(grid.bin(0).begin == noon);
  CHECK(grid.bin(2).end == noon + 900s);
  CHECK(grid.index_of(noon + 299s) == 0);
  CHECK(grid.index_of(noon + 300s) == 1);
  CHECK(BinGrid(span(0s, 600s), 300s).size() == 2);  // half-open: the bin at :10 is not touched
  CHECK(BinGrid(span(0s, 0s), 300s).size() == 0);
}

TEST_CASE("bins before 1970 are aligned too") {
  const PreciseTime before{-1us};
  const BinGrid grid({before, before + 2us}, 300s);
  CHECK(grid.size() == 2);
  CHECK(grid.bin(0).end == PreciseTime{});
}

TEST_CASE("a rate counts in each bin by its time there") {
  const BinGrid grid(span(0s, 900s), 300s);
  BinnedSeries series;
  series.add(grid, span(150s, 750s), 10.0);
  series.add(grid, span(750s, 900s), 20.0);
  const auto averages = series.averages();
  REQUIRE(averages.size() == 3);
  CHECK(averages[0] == Approx(10.0));  // what is not known of a bin does not dilute it
  CHECK(averages[1] == Approx(10.0));
  CHECK(averages[2] == Approx(15.0));
}

TEST_CASE("a bin of which nothing is known is no zero") {
  const BinGrid grid(span(0s, 900s), 300s);
  BinnedSeries series;
  CHECK(series.averages().empty());
  series.add(grid, span(0s, 300s), 10.0);
  series.add(grid, span(600s, 900s), 0.0);
  CHECK(series.averages() == std::vector<double>{10.0, 0.0});
}

TEST_CASE("averages of bins lie between the rates they are made of, and keep the sum") {
  const auto seed = GENERATE(range(1U, 21U));
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> length(1, 1'500'000'000);
  std::uniform_real_distribution<double> rate(0.0, 1e11);
  std::vector<std::pair<Span, double>> deltas;
  PreciseTime at = noon;
  for (int i = 0; i < 100; ++i) {
    const PreciseTime begin = at;
    at += Microseconds(length(random));
    deltas.push_back({{begin, at}, rate(random)});
  }
  const BinGrid grid({noon, at}, 300s);
  BinnedSeries series;
  double lowest = 1e12;
  double highest = 0.0;
  for (const auto& [when, value] : deltas) {
    series.add(grid, when, value);
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  const auto averages = series.averages();
  CHECK(averages.size() == grid.size());
  double bits_of_bins = 0.0;
  for (std::size_t i = 0; i < averages.size(); ++i) {
    CHECK(averages[i] >= lowest * (1 - 1e-9));
    CHECK(averages[i] <= highest * (1 + 1e-9));
    bits_of_bins += averages[i] * intersection(grid.bin(static_cast<std::int64_t>(i)), {noon, at}).seconds();
  }
  double bits = 0.0;
  for (const auto& [when, value] : deltas) bits += value * when.seconds();
  CHECK(bits_of_bins == Approx(bits).epsilon(1e-9));
  CHECK(*percentile_95(averages) <= *std::max_element(averages.begin(), averages.end()));
}

}  // namespace
}  // namespace octopoll::report
