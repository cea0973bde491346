// Devices that are too slow for their turn, and what they teach: tables over several cycles, rows by turns, changes
// that are none.

#include <fmt/format.h>

#include "bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

poll::CycleRequest within(std::chrono::nanoseconds budget, std::chrono::nanoseconds tables = 10min) {
  poll::CycleRequest request;
  request.budget = budget;
  request.table_budget = tables;
  return request;
}

fleet::Json delayed(int milliseconds) { return {{"delay", {{"fixed_ms", milliseconds}}}}; }

}  // namespace

TEST_CASE("tables that take longer than a turn are read over several, once", "[agents]") {
  constexpr std::size_t rows = 200;
  Pair pair(delayed(60), rows);
  DeviceCycle cycle;
  int failed = 0;
  for (; failed < 60; ++failed) {
    cycle = pair.cycle(within(500ms));
    if (!cycle.interfaces.empty()) break;
    REQUIRE(cycle.error);
    // Where the tables end shortly before the turn does, no counter comes in time.
    const bool came_late = cycle.outcome == CycleOutcome::partial;
    CHECK((came_late || cycle.outcome == CycleOutcome::failed));
    if (came_late) {
      CHECK_THAT(cycle.error->message, Catch::Contains("odd: not all rows were read within"));
    } else {
      CHECK_THAT(cycle.error->message,
                 Catch::Contains("odd: its tables are still being read") || Catch::Contains("no answer"));
    }
  }
  CHECK(failed >= 2);
  CHECK(failed < 60);
  // One walk: not one begun anew in each turn.
  CHECK(pair.agents().stats("odd").get_bulks <= 200 * 26 / 25);
  cycle = pair.cycle(within(60s));
  CHECK(cycle.interfaces.size() == rows);
  CHECK(cycle.outcome == CycleOutcome::complete);
}

TEST_CASE("tables that do not end within their budget are given up, and tried ever more rarely", "[agents]") {
  Pair pair(delayed(100), odd_rows);
  int walks = 0;
  std::uint64_t bulks = 0;
  for (int i = 0; i < 12; ++i) {
    const DeviceCycle cycle = pair.cycle(within(10s, 50ms));
    CHECK(cycle.outcome == CycleOutcome::failed);
    REQUIRE(cycle.error);
    CHECK_THAT(cycle.error->message, Catch::Contains("odd: its tables did not end within 50ms"));
    if (std::exchange(bulks, pair.agents().stats("odd").get_bulks) != bulks) ++walks;
  }
  CHECK(walks <= 5);  // in cycles 1, 2, 4, 8
  pair.agents().set("odd", {{"delay", false}});
  DeviceCycle cycle;
  for (int i = 0; i < 16 && cycle.outcome != CycleOutcome::complete; ++i) cycle = pair.cycle();
  CHECK(cycle.outcome == CycleOutcome::complete);
  CHECK(cycle.interfaces.size() == odd_rows);
}

TEST_CASE("all rows of a device that is too slow for one turn have their turn", "[agents]") {
  constexpr std::size_t rows = 120;
  Pair pair({}, rows);
  CHECK(pair.cycle().interfaces.size() == rows);
  pair.agents().set("odd", delayed(100));
  std::set<std::uint32_t> read;
  for (int i = 0; i < 40 && read.size() < rows; ++i) {
    const DeviceCycle cycle = pair.cycle(within(450ms));
    for (const InterfaceRecord& row : cycle.interfaces) {
      if (row.quality() != Quality::gap) read.insert(row.sample.interface.if_index().value);
    }
  }
  CHECK(read.size() == rows);
}

TEST_CASE("an ifTableLastChange that always moves costs no read of the tables in each cycle", "[agents]") {
  Pair pair({{"restless_tables", true}}, odd_rows);
  for (int i = 0; i < 5; ++i) {
    check_rows(pair.cycle(), {});
    pair.bench().run_for(250ms);
  }
  const auto walks = pair.agents().stats("odd").get_bulks;
  for (int i = 0; i < 3; ++i) {
    check_rows(pair.cycle(), {});
    pair.bench().run_for(250ms);
  }
  CHECK(pair.agents().stats("odd").get_bulks == walks);
}

TEST_CASE("a link that comes back at another speed is put against that speed at once", "[agents]") {
  Pair pair({}, odd_rows);
  check_rows(pair.cycle(), {});
  pair.bench().run_for(250ms);
  check_rows(pair.cycle(), {});
  const auto walks = pair.agents().stats("odd").get_bulks;
  const auto set_status = [&](std::int32_t status) {
    fleet::InterfaceChange change;
    change.oper_status = status;
    if (status == 1) change.speed_bps = 100'000'000;
    pair.agents().change_interface("odd", "eth3", change);
  };
  set_status(2);
  set_status(1);  // no poll in between: ifLastChange alone tells
  pair.bench().run_for(250ms);
  const DeviceCycle cycle = pair.cycle();
  for (const InterfaceRecord& row : cycle.interfaces) {
    const bool changed = row.sample.interface.name() == "eth3";
    CAPTURE(row.sample.interface.name());
    CHECK(row.sample.interface.speed_bps() == (changed ? 100'000'000U : 1'000'000'000U));
    CHECK(row.in_speed_bps == (changed ? 100'000'000U : 1'000'000'000U));
    CHECK(row.sample.interface.if_name());
  }
  CHECK(pair.agents().stats("odd").get_bulks == walks);
  CHECK(pair.cycle().cost.requests < cycle.cost.requests);  // once
}
