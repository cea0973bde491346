#include "octopoll/report/errors.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "stored_cycles.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;
using test::noon;
using test_support::StoredCycles;

struct Counts {
  std::uint64_t packets = 0, errors = 0, discards = 0;
};

/// A row whose directions have these counts; multicast and broadcast are 0.
InterfaceRecord row(const std::string& name, const Counts& in, const Counts& out, Quality quality = Quality::ok) {
  InterfaceRecord made = test::make_row({.name = name, .if_index = name == "a" ? 1U : 2U, .quality = quality});
  if (!makes_rate(quality)) return made;
  const auto set = [&made](Counter counter, std::uint64_t value) { made.deltas.set_value(counter, value); };
  for (const Counter counter : all_counters()) set(counter, 0);
  set(Counter::in_ucast_pkts, in.packets);
  set(Counter::in_errors, in.errors);
  set(Counter::in_discards, in.discards);
  set(Counter::out_ucast_pkts, out.packets);
  set(Counter::out_errors, out.errors);
  set(Counter::out_discards, out.discards);
  return made;
}

ErrorsQuery an_hour() {
  ErrorsQuery query;
  query.window = {noon, noon + 1h};
  return query;
}

ErrorsReport report(StoredCycles& store, const ErrorsQuery& query = an_hour()) {
  const auto made = make_errors(*store.read(), query);
  REQUIRE(made);
  return *made;
}

TEST_CASE("ratios are of all packets: inbound those lost are not among the counted, outbound they are") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first)});
  store.add(1, {row("a", {9'000, 600, 400}, {10'000, 20, 0})});
  store.add(2, {row("a", {90'000, 0, 0}, {10'000, 0, 4})});
  const auto made = report(store);
  REQUIRE(made.interfaces.size() == 1);
  const InterfaceErrors& one = made.interfaces[0];
  CHECK(one.in.packets == 99'000U);
  CHECK(one.in.errors.packets == 600U);
  CHECK(one.in.errors.ratio == Approx(0.006));
  CHECK(one.in.errors.per_second == Approx(5.0));
  CHECK(one.in.discards.ratio == Approx(0.004));
  CHECK(one.out.errors.ratio == Approx(0.001));
  CHECK(one.out.discards.ratio == Approx(0.0002));
  CHECK(one.in.errors.valid_share == Approx(1.0));
  CHECK(one.health == Health::errors);
}

TEST_CASE("the verdict is by the limits, and says nothing where nothing is known") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first), row("b", {}, {}, Quality::first)});
  store.add(1, {row("a", {1'000'000, 100, 0}, {1'000'000, 0, 1'000}), row("b", {}, {}, Quality::reboot)});
  const auto verdict = [&](HealthLimits limits) {
    ErrorsQuery query = an_hour();
    query.limits = limits;
    return report(store, query).interfaces[0].health;
  };
  CHECK(verdict({}) == Health::ok);  // neither limit is exceeded, just met
  CHECK(verdict({0.00009, 0.1}) == Health::errors);
  CHECK(verdict({0.01, 0.0009}) == Health::discards);
  CHECK(verdict({0.00009, 0.0009}) == Health::errors);

  ErrorsQuery by_device = an_hour();
  by_device.device_limits["sw1"] = {0.5, 0.0005};
  const auto made = report(store, by_device);
  REQUIRE(made.interfaces.size() == 2);
  CHECK(made.interfaces[0].interface == "a");
  CHECK(made.interfaces[0].health == Health::discards);
  CHECK(made.interfaces[1].health == Health::unknown);
  CHECK_FALSE(made.interfaces[1].in.errors.packets);
  CHECK(made.interfaces[1].in.errors.valid_share == 0.0);
}

TEST_CASE("what has no true delta is left out, also where only one counter has none") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first)});
  InterfaceRecord half = row("a", {1'000, 7, 10}, {1'000, 0, 0});
  half.deltas.set(Counter::in_errors, {std::nullopt, Quality::implausible, {}});
  store.add(1, {half});
  store.add(2, {row("a", {990, 10, 0}, {1'000, 0, 0})});
  const InterfaceErrors one = report(store).interfaces[0];
  CHECK(one.in.errors.packets == 10U);
  CHECK(one.in.errors.ratio == Approx(0.01));
  CHECK(one.in.errors.valid_share == Approx(0.5));
  CHECK(one.in.discards.packets == 10U);
  CHECK(one.in.discards.valid_share == Approx(1.0));
}

TEST_CASE("errors of a time whose packets are not known are judged all the same") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first)});
  InterfaceRecord half = row("a", {0, 100'000, 0}, {1'000, 0, 0});
  half.deltas.set(Counter::in_ucast_pkts, {std::nullopt, Quality::implausible, {}});
  store.add(1, {half});
  store.add(2, {row("a", {25'000, 0, 0}, {1'000, 0, 0})});
  const InterfaceErrors one = report(store).interfaces[0];
  CHECK(one.in.packets == 25'000U);
  CHECK(one.in.errors.packets == 100'000U);
  CHECK(one.in.errors.ratio == Approx(0.8));
  CHECK(one.health == Health::errors);
}

TEST_CASE("counters that are not polled, or that no agent has, make the share of the others no smaller") {
  const auto without = [](InterfaceRecord record, std::vector<Counter> which) {
    for (const Counter counter : which) record.deltas.set(counter, {std::nullopt, Quality::absent, {}});
    return record;
  };
  const std::vector<Counter> discards{Counter::in_discards, Counter::out_discards};
  std::vector<Counter> all = discards;
  all.insert(all.end(), {Counter::in_errors, Counter::out_errors});
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first), row("b", {}, {}, Quality::first)});
  store.add(1,
            {without(row("a", {100, 1, 0}, {100, 2, 0}), discards), without(row("b", {100, 0, 0}, {100, 0, 0}), all)});
  const ErrorsReport made = report(store);
  REQUIRE(made.interfaces.size() == 2);
  CHECK(made.interfaces[0].in.errors.valid_share == Approx(1.0));
  CHECK_FALSE(made.interfaces[0].in.discards.valid_share);
  const auto shown = [&made](std::size_t row) { return errors_for_people(made).rows[row].back().text; };
  CHECK(shown(0) == "100.0 %");
  CHECK(shown(1).empty());
}

TEST_CASE("large deltas and deltas that the window cuts are counted by their share") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first)});
  store.add(2, {row("a", {4'000'000'000'000, 100'000, 0}, {1'000'000'000'000, 0, 40'000})});
  store.add(4, {row("a", {0, 0, 0}, {0, 0, 0})});
  ErrorsQuery query = an_hour();
  query.window = {noon + 90s, noon + 1h};  // the first delta is of 60 s, and half of them lie inside
  const InterfaceErrors one = report(store, query).interfaces[0];
  CHECK(one.in.packets == 2'000'000'000'000U);
  CHECK(one.in.errors.packets == 50'000U);
  CHECK(one.out.discards.packets == 20'000U);
}

TEST_CASE("packets of unknown protocols are told, are among all packets, and make nobody sick") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first), row("b", {}, {}, Quality::first)});
  InterfaceRecord without = row("b", {1'000, 0, 0}, {1'000, 0, 0});
  without.deltas.set(Counter::in_unknown_protos, {std::nullopt, Quality::absent, {}});
  InterfaceRecord strange = row("a", {700, 0, 0}, {1'000, 0, 0});
  strange.deltas.set_value(Counter::in_unknown_protos, 300);
  store.add(1, {strange, without});
  store.add(2, {row("a", {990, 10, 0}, {1'000, 0, 0}), without});
  const auto made = report(store);
  REQUIRE(made.interfaces.size() == 2);
  const InterfaceErrors& one = made.interfaces[0];
  CHECK(one.unknown_protocols.packets == 300U);
  CHECK(one.unknown_protocols.ratio == Approx(0.15));
  CHECK(one.unknown_protocols.per_second == Approx(2.5));
  CHECK(one.unknown_protocols.valid_share == Approx(1.0));
  CHECK(one.in.errors.ratio == Approx(0.005));  // of 2,000
  CHECK_FALSE(made.interfaces[1].unknown_protocols.packets);
  CHECK(made.interfaces[1].health == Health::ok);

  const auto json = errors_json(made, "x.db");
  CHECK(json["interfaces"][0]["in_unknown_protos"] == 300);
  CHECK(json["interfaces"][1]["in_unknown_protos"].is_null());
}

TEST_CASE("flaps are counted, and the sickest come first") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first), row("b", {}, {}, Quality::first)});
  for (int minute = 1; minute <= 3; ++minute) {
    InterfaceRecord flapping = row("b", {100, 0, 0}, {100, 0, 0});
    if (minute != 2) flapping.flapped_at = TimeTicks(5);
    store.add(minute, {row("a", {100, 0, 0}, {100, 0, 0}), flapping});
  }
  const auto made = report(store);
  CHECK(made.interfaces[0].interface == "b");
  CHECK(made.interfaces[0].flaps == 2);
  CHECK(made.interfaces[1].flaps == 0);
  ErrorsQuery one = an_hour();
  one.top = 1;
  CHECK(report(store, one).interfaces.size() == 1);
  CHECK(report(store, one).found == 2);
}

TEST_CASE("people see words and shares, machines every number") {
  StoredCycles store;
  store.add(0, {row("a", {}, {}, Quality::first)});
  store.add(1, {row("a", {999'000, 1'000, 0}, {10, 0, 0})});
  const auto made = report(store);
  const std::string text = to_text(errors_for_people(made), {});
  CHECK_THAT(text, Catch::Contains("errors") && Catch::Contains("0.1 %") && Catch::Contains("100.0 %"));
  const auto json = errors_json(made, "x.db");
  CHECK(json["interfaces"][0]["health"] == "errors");
  CHECK(json["interfaces"][0]["in_error_ratio"].get<double>() == Approx(0.001));
  CHECK(json["interfaces"][0]["in_errors"] == 1'000);
  CHECK(json["interfaces"][0]["max_discard_ratio"].get<double>() == Approx(0.001));
}

}  // namespace
}  // namespace octopoll::report
