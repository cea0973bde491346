// Each moment once, for as long as somebody refers to it.

#include "octopoll/rates/reading_times.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

ReadingTime moment(nanoseconds when) { return {at(when), 3ms, TimeTicks(77), 2s}; }

TEST_CASE("times come back as they were given, whatever they are") {
  constexpr auto most = nanoseconds::max(), least = nanoseconds::min();
  const std::vector<ReadingTime> all{{},
                                     {BootTime(most), least, TimeTicks(0xffff'ffff), most},
                                     {BootTime(least), most, std::nullopt, least},
                                     {BootTime(-1ns), -1ns, TimeTicks(0), 1ns},
                                     {BootTime(-1ns), -1ns, std::nullopt, 1ns}};
  ReadingTimes times;
  std::vector<ReadingTimes::Place> places;
  for (const ReadingTime& time : all) places.push_back(times.keep(time));
  CHECK(times.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(times[places[i]] == all[i]);
}

TEST_CASE("rows of one answer have one place, and it is free when the last of them has gone on") {
  ReadingTimes times;
  const auto first = times.keep(moment(1s));
  CHECK(times.keep(moment(1s)) == first);
  const auto other = times.keep(moment(2s));
  CHECK(other != first);
  CHECK(times.keep(moment(1s)) == first);  // two by turns
  CHECK(times.size() == 2);
  CHECK(times.move(first, moment(3s)) != first);
  times.let_go(first);
  CHECK(times.size() == 3);
  times.let_go(first);
  CHECK(times.size() == 2);
  CHECK(times[other] == moment(2s));
  const auto next = times.keep(moment(1s));
  CHECK(next == first);
  CHECK(times[next] == moment(1s));
  CHECK(times.size() == 3);
}

TEST_CASE("a place that nobody uses any more is not taken for the moment that it had") {
  {
    ReadingTimes times;
    const ReadingTime without_uptime{at(1s), 3ms, std::nullopt, 0s};
    times.let_go(times.keep(without_uptime));
    const auto again = times.keep(without_uptime);
    CHECK(times.keep(moment(2s)) != again);
    CHECK(times[again] == without_uptime);
    CHECK(times.size() == 2);
  }
  ReadingTimes times;
  const auto a = times.keep(moment(1s));
  times.let_go(a);
  const auto b = times.keep(moment(2s));
  CHECK(b == a);
  const auto c = times.keep(moment(1s));
  CHECK(c != b);
  CHECK(times[b] == moment(2s));
  CHECK(times[c] == moment(1s));
}

TEST_CASE("a bound of the ages is of all moments, and a copy has its own") {
  ReadingTimes times;
  const auto old = times.keep({at(1s), 1ms, std::nullopt, 5s});
  const auto fresh = times.keep({at(2s), 1ms, std::nullopt, 1s});
  const ReadingTimes copy = times;
  times.limit_ages(3s);
  CHECK(times[old].age_bound == 3s);
  CHECK(times[fresh].age_bound == 1s);
  CHECK(copy[old].age_bound == 5s);
}

/// Rows of 12 answers, over many cycles of which every third is stale: bases stay then, answers go on.
TEST_CASE("places come round: no cycle needs more of them than the ones before") {
  ReadingTimes times;
  struct Row {
    ReadingTimes::Place base, answer;
  };
  std::vector<Row> rows(48);
  for (Row& each : rows) each = {times.keep(moment(0s)), times.keep(moment(0s))};
  ReadingTimes::Place highest = 0;
  for (int cycle = 1; cycle <= 300; ++cycle) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const ReadingTime now = moment(cycle * 60s + (i / 4) * 1ms);
      rows[i].answer = times.move(rows[i].answer, now);
      CHECK(times[rows[i].answer] == now);
      if (cycle % 3 != 0) rows[i].base = times.move(rows[i].base, now);
      highest = std::max({highest, rows[i].base, rows[i].answer});
    }
    CHECK(times.size() == (cycle % 3 != 0 ? 12 : 24));
  }
  CHECK(highest <= 25);
}

}  // namespace
}  // namespace octopoll::rates::test
