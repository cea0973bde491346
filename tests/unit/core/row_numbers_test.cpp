// The numbers of a row, kept by kind, are those of as many counters one by one.

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "octopoll/core/counter_delta.hpp"
#include "octopoll/core/counters.hpp"

using namespace octopoll;
using namespace std::chrono_literals;

TEST_CASE("a row has the readings that were set, whatever they were before") {
  std::mt19937_64 random(7);
  RowReadings row;
  PerCounter<CounterReading> each;
  for (int turn = 0; turn < 2000; ++turn) {
    const auto counter = static_cast<Counter>(random() % counter_count);
    constexpr std::uint8_t widths[] = {0, 32, 64};
    const std::uint8_t bits = widths[random() % 3];
    const CounterReading reading{bits == 0 ? 0 : random() >> (64 - bits), bits};
    row.set(counter, reading);
    each[counter] = reading;
    for (const Counter any : all_counters()) {
      CHECK(row[any] == each[any]);
      CHECK(row.values()[any] == each[any].value);
      CHECK((row.present() >> static_cast<unsigned>(any) & 1U) == (each[any].present() ? 1U : 0U));
      CHECK((row.wide() >> static_cast<unsigned>(any) & 1U) == (each[any].bits == 64 ? 1U : 0U));
    }
  }
}

TEST_CASE("a reading that is not there has no value") {
  RowReadings row;
  row.set(Counter::in_octets, {5, 0});
  CHECK(row[Counter::in_octets] == CounterReading{});
  CHECK(row == RowReadings{});
}

TEST_CASE("a row has the deltas that were set, in a copy as well") {
  std::mt19937_64 random(8);
  RowDeltas row;
  PerCounter<CounterDelta> each;
  for (const Counter counter : all_counters()) CHECK(row[counter] == CounterDelta{});
  for (int turn = 0; turn < 2000; ++turn) {
    const auto counter = static_cast<Counter>(random() % counter_count);
    CounterDelta delta;
    if (random() % 2 == 0) delta.value = random();
    delta.quality = static_cast<Quality>(random() % 11);
    if (random() % 8 == 0) delta.elapsed = 120s;
    row.set(counter, delta);
    each[counter] = delta;
    const RowDeltas copy = row;
    for (const Counter any : all_counters()) CHECK(copy[any] == each[any]);
    for (const Quality quality : {Quality::ok, Quality::stale, Quality::gap}) {
      const bool has = std::any_of(each.items.begin(), each.items.end(),
                                   [quality](const CounterDelta& one) { return one.quality == quality; });
      CHECK(row.any(quality) == has);
    }
  }
}

TEST_CASE("deltas that are set at once leave nothing of those before") {
  RowDeltas row;
  row.set(Counter::out_octets, {7, Quality::wrapped, 120s});
  PerCounter<std::uint64_t> values;
  values[Counter::out_octets] = 9;
  row.set_all(1U << static_cast<unsigned>(Counter::out_octets), values);
  for (const Counter counter : all_counters()) {
    if (counter == Counter::out_octets) {
      CHECK(row[counter] == CounterDelta{9, Quality::ok, 0s});
    } else {
      CHECK(row[counter] == CounterDelta{std::nullopt, Quality::absent, 0s});
    }
  }
}
