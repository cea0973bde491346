#include "octopoll/report/totals.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "stored_cycles.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;
using test::noon;
using test_support::StoredCycles;

// One megabit a second for a minute.
constexpr std::uint64_t megabit_minute = 7'500'000;

InterfaceRecord row(std::uint32_t index, const std::string& name, std::uint64_t mbps, Quality quality = Quality::ok,
                    std::int64_t type = 6) {
  InterfaceRecord made = test::make_row({.name = name,
                                         .if_index = index,
                                         .in_octets = mbps * megabit_minute,
                                         .out_octets = 2 * mbps * megabit_minute,
                                         .quality = quality});
  test::change_facts(made.sample, [type](InterfaceFacts& facts) { facts.type = type; });
  return made;
}

TotalsQuery minutes_of(int minutes) {
  TotalsQuery query;
  query.window = {noon, noon + std::chrono::minutes(minutes)};
  query.step = 60s;
  return query;
}

DeviceTotal total(StoredCycles& store, const TotalsQuery& query = minutes_of(60)) {
  const auto made = make_totals(*store.read(), query);
  REQUIRE(made);
  REQUIRE(made->devices.size() == 1);
  return made->devices[0];
}

constexpr std::int64_t lag = 161, vlan = 135, loopback = 24;

StoredCycles switch_with_lag(std::optional<std::vector<StackedInterfaces>> stack) {
  StoredCycles store;
  for (int minute = 0; minute <= 4; ++minute) {
    const Quality quality = minute == 0 ? Quality::first : Quality::ok;
    DeviceCycle cycle = test::make_cycle(
        "sw1", static_cast<std::uint64_t>(minute + 1), noon + std::chrono::minutes(minute),
        {row(1, "p1", 10, quality), row(2, "p2", 20, quality), row(3, "p3", 5, quality),
         row(4, "lag1", 30, quality, lag), row(5, "vlan7", 12, quality, vlan), row(6, "lo", 99, quality, loopback)});
    if (minute == 0) cycle.stack = stack;
    store.add(std::move(cycle));
  }
  return store;
}

TEST_CASE("members of a LAG and what runs on it are counted once, by ifStackTable") {
  auto store = switch_with_lag({{{"lag1", "p1"}, {"lag1", "p2"}, {"vlan7", "lag1"}}});
  const DeviceTotal made = total(store);
  CHECK(made.interfaces == 3);
  CHECK(made.left_out == 3);
  CHECK(made.in.bps_avg == Approx(35e6));
  CHECK(made.out.bps_p95 == Approx(70e6));
  CHECK(made.in.bps_max == Approx(35e6));
  CHECK(made.in.octets == 4 * 35 * megabit_minute);
  CHECK(made.in.valid_share == Approx(1.0));
  CHECK(made.in.bins == 4);
}

TEST_CASE("without an ifStackTable the types must do") {
  auto store = switch_with_lag(std::nullopt);
  CHECK(total(store).in.bps_avg == Approx(35e6));
}

TEST_CASE("where the ports are left out the LAG counts, and all counts all") {
  auto store = switch_with_lag({{{"lag1", "p1"}, {"lag1", "p2"}, {"vlan7", "lag1"}}});
  TotalsQuery query = minutes_of(60);
  query.exclude_pattern = "^p[12]$";
  CHECK(total(store, query).in.bps_avg == Approx(35e6));
  query.exclude_pattern = "^p";
  CHECK(total(store, query).in.bps_avg == Approx(30e6));
  query.exclude_pattern.clear();
  query.interface_pattern = "vlan|lag";
  CHECK(total(store, query).in.bps_avg == Approx(30e6));
  query.interface_pattern.clear();
  query.layers = Layers::all;
  CHECK(total(store, query).in.bps_avg == Approx(176e6));
}

TEST_CASE("a stack that goes in circles leaves nobody waiting") {
  std::vector<store::StoredInterface> interfaces(2);
  interfaces[0].id = 1;
  interfaces[1].id = 2;
  const std::vector<std::pair<std::int64_t, std::int64_t>> circle{{1, 3}, {3, 4}, {4, 3}, {2, 2}};
  CHECK(summed(interfaces, circle, Layers::lowest) == std::vector<bool>{true, true});
}

TEST_CASE("a sum that lacks a part is no sum, and the share of what is known is told") {
  StoredCycles store;
  store.add(0, {row(1, "a", 0, Quality::first), row(2, "b", 0, Quality::first)});
  store.add(1, {row(1, "a", 10), row(2, "b", 1)});
  store.add(2, {row(1, "a", 10), row(2, "b", 0, Quality::reset)});
  store.add(3, {row(1, "a", 30), row(2, "b", 3)});
  store.add(4, {row(1, "a", 10), row(2, "b", 1)});
  const DeviceTotal made = total(store);
  CHECK(made.in.bins == 3);
  CHECK(made.in.bps_avg == Approx(55e6 / 3));
  CHECK(made.in.bps_max == Approx(33e6));
  CHECK(made.in.octets == 65 * megabit_minute);
  CHECK(made.in.valid_share == Approx(7.0 / 8));
}

TEST_CASE("a bin that is known in part weighs by that part in the average") {
  StoredCycles store;
  store.add(0, {row(1, "a", 0, Quality::first)});
  for (int minute = 1; minute <= 6; ++minute) store.add(minute, {row(1, "a", minute <= 5 ? 10 : 70)});
  TotalsQuery query = minutes_of(60);
  query.step = 300s;
  const DeviceTotal made = total(store, query);
  CHECK(made.in.bins == 2);
  CHECK(made.in.octets == 120 * megabit_minute);
  CHECK(made.in.bps_avg == Approx(20e6));
}

TEST_CASE("an interface that came later is not missed before") {
  StoredCycles store;
  store.add(0, {row(1, "a", 0, Quality::first)});
  store.add(1, {row(1, "a", 10)});
  store.add(2, {row(1, "a", 10), row(2, "b", 0, Quality::first)});
  store.add(3, {row(1, "a", 10), row(2, "b", 5)});
  const DeviceTotal made = total(store);
  CHECK(made.in.bins == 3);
  CHECK(made.in.bps_max == Approx(15e6));
  CHECK(made.in.bps_avg == Approx(35e6 / 3));
  CHECK(made.in.valid_share == Approx(1.0));
}

TEST_CASE("a device that was silent at first carried something unknown then, not nothing") {
  StoredCycles store;
  for (int minute = 0; minute <= 4; ++minute) {
    std::vector<InterfaceRecord> rows;
    if (minute == 2) rows = {row(1, "a", 0, Quality::first), row(2, "b", 0, Quality::first)};
    if (minute > 2) rows = {row(1, "a", 10), row(2, "b", 20)};
    DeviceCycle cycle = test::make_cycle("sw1", static_cast<std::uint64_t>(minute + 1),
                                         noon + std::chrono::minutes(minute), std::move(rows));
    if (minute < 2) cycle.outcome = CycleOutcome::failed;
    store.add(std::move(cycle));
  }
  const DeviceTotal made = total(store);
  CHECK(made.in.bins == 2);
  CHECK(made.in.bps_avg == Approx(30e6));
  CHECK(made.in.valid_share == Approx(0.5));
}

TEST_CASE("people see sums and what is left out, machines every number") {
  auto store = switch_with_lag(std::nullopt);
  const auto made = make_totals(*store.read(), minutes_of(60)).value();
  CHECK_THAT(to_text(totals_for_people(made), {}), Catch::Contains("35 Mb/s") && Catch::Contains("--layers all"));
  const auto json = totals_json(made, "x.db");
  CHECK(json["devices"][0]["interfaces"] == 3);
  CHECK(json["devices"][0]["out_bps_max"].get<double>() == Approx(70e6));
  CHECK(json["devices_found"] == 1);
}

}  // namespace
}  // namespace octopoll::report
