#include "octopoll/report/utilization.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "octopoll/store/writer.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;
using test::make_cycle;
using test::make_row;
using test::noon;

// One megabit a second for a minute.
constexpr std::uint64_t megabit_minute = 7'500'000;
constexpr std::uint64_t gigabit = 1'000'000'000;

/// A store with what one test needs.
class Store {
 public:
  Store& add(DeviceCycle cycle) {
    cycles_.push_back(std::move(cycle));
    return *this;
  }
  /// A cycle of sw1 with one interface `a`; poll numbers count up.
  Store& add(std::chrono::milliseconds after_noon, const test::RowSpec& row) {
    return add(make_cycle("sw1", ++number_, noon + after_noon, {make_row(row)}));
  }
  UtilizationReport report(UtilizationQuery query) {
    const auto made = try_report(std::move(query));
    REQUIRE(made);
    return *made;
  }
  Result<UtilizationReport> try_report(const UtilizationQuery& query) {
    auto writer = store::Writer::open(dir_ / "x.db").value();
    for (DeviceCycle& cycle : cycles_) writer->take(test::share(std::move(cycle)));
    cycles_.clear();
    writer.reset();
    auto reader = store::Reader::open(dir_ / "x.db");
    REQUIRE(reader);
    return make_utilization(**reader, query);
  }
  InterfaceUsage only(const UtilizationQuery& query) {
    const auto made = report(query);
    REQUIRE(made.interfaces.size() == 1);
    return made.interfaces[0];
  }

 private:
  test::TempDir dir_;
  std::vector<DeviceCycle> cycles_;
  std::uint64_t number_ = 0;
};

UtilizationQuery window(std::chrono::milliseconds since, std::chrono::milliseconds until) {
  UtilizationQuery query;
  query.window = {noon + since, noon + until};
  return query;
}

std::vector<std::string> names(const UtilizationReport& report) {
  std::vector<std::string> list;
  for (const InterfaceUsage& usage : report.interfaces) list.push_back(usage.device + "/" + usage.interface);
  return list;
}

TEST_CASE("steady traffic has one rate for all figures") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  for (int minute = 1; minute <= 10; ++minute) {
    store.add(std::chrono::minutes(minute), {.in_octets = 100 * megabit_minute, .out_octets = megabit_minute});
  }
  const InterfaceUsage usage = store.only(window(0s, 1h));
  CHECK(usage.in.bps_avg == Approx(1e8));
  CHECK(usage.in.bps_max == Approx(1e8));
  CHECK(usage.in.bps_p95 == Approx(1e8));
  CHECK(usage.out.bps_p95 == Approx(1e6));
  CHECK(usage.in.utilization_avg == Approx(0.1));
  CHECK(usage.out.utilization_max == Approx(0.001));
  CHECK(usage.utilization_p95() == Approx(0.1));
  CHECK(usage.in.octets == 1000 * megabit_minute);
  CHECK(usage.out.octets == 10 * megabit_minute);
  CHECK(usage.in.bins == 2);
  CHECK(usage.valid_share() == Approx(1.0));
  CHECK(usage.in_speed_bps == gigabit);
}

TEST_CASE("twenty bins: the highest is dropped, the next is the 95th percentile") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  for (std::uint64_t minute = 1; minute <= 100; ++minute) {
    const std::uint64_t bin = (minute - 1) / 5;
    store.add(std::chrono::minutes(minute),
              {.in_octets = (bin + 1) * megabit_minute, .out_octets = (20 - bin) * megabit_minute});
  }
  const InterfaceUsage usage = store.only(window(0s, 2h));
  CHECK(usage.in.bins == 20);
  CHECK(usage.in.bps_p95 == Approx(19e6));
  CHECK(usage.out.bps_p95 == Approx(19e6));
  CHECK(usage.in.bps_max == Approx(20e6));
  CHECK(usage.in.bps_avg == Approx(10.5e6));
  CHECK(usage.in.utilization_p95 == Approx(0.019));
}

TEST_CASE("a delta from an older base line counts over its own time, not over that of its row") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  store.add(60s, {.quality = Quality::reset});
  InterfaceRecord row = make_row({.in_octets = 2 * megabit_minute, .out_octets = megabit_minute});
  row.deltas.set_elapsed(Counter::in_octets, 120s);
  store.add(make_cycle("sw1", 3, noon + 120s, {row}));
  const InterfaceUsage usage = store.only(window(0s, 1h));
  CHECK(usage.in.bps_max == Approx(1e6));
  CHECK(usage.in.bps_p95 == Approx(1e6));
  CHECK(usage.in.valid_share == Approx(1.0));
  CHECK(usage.in.utilization_max == Approx(0.001));
  CHECK(usage.out.bps_max == Approx(1e6));
  CHECK(usage.out.valid_share == Approx(0.5));
}

TEST_CASE("a delta over several bins gives each its share") {
  Store store;
  store.add(150s, {.quality = Quality::first});
  store.add(750s, {.in_octets = 600'000, .elapsed = 600s});  // 8 kb/s
  store.add(900s, {.in_octets = 300'000, .elapsed = 150s});  // 16 kb/s
  const InterfaceUsage usage = store.only(window(0s, 1h));
  CHECK(usage.in.bins == 3);
  CHECK(usage.in.bps_max == Approx(16'000));
  CHECK(usage.in.bps_p95 == Approx(12'000));  // 12:10 to 12:15: half of each
  CHECK(usage.in.bps_avg == Approx(900'000 * 8 / 750.0));
}

TEST_CASE("deltas that straddle the edges count by their time inside") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  store.add(60s, {.in_octets = 600});
  store.add(120s, {.in_octets = 1200});
  store.add(180s, {.in_octets = 6000});
  const InterfaceUsage usage = store.only(window(45s, 130s));
  CHECK(usage.in.octets == 150 + 1200 + 1000);
  CHECK(usage.in.bps_avg == Approx(2350 * 8 / 85.0));
  CHECK(usage.in.bps_max == Approx(800));
  CHECK(usage.valid_share() == Approx(1.0));
}

TEST_CASE("windows laid end to end count every octet once") {
  Store store;
  std::mt19937 random(7);
  std::uniform_int_distribution<std::uint64_t> octets(0, 1'000'000'000);
  std::uint64_t all = 0;
  store.add(0s, {.quality = Quality::first});
  for (int i = 1; i <= 60; ++i) {
    const std::uint64_t delta = octets(random);
    all += delta;
    store.add(i * 30s, {.in_octets = delta, .elapsed = 30s});
  }
  std::uint64_t sum = 0;
  for (int part = 0; part < 19; ++part) sum += store.only(window(part * 97s, (part + 1) * 97s)).in.octets.value_or(0);
  CHECK(sum + 19 >= all);  // each window rounds to a whole octet
  CHECK(sum <= all + 19);
  CHECK(store.only(window(0s, 1h)).in.octets == all);
}

TEST_CASE("gaps are left out of rates and seen in the valid share") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  const Quality bad = GENERATE(Quality::reboot, Quality::reset, Quality::discontinuity, Quality::implausible,
                               Quality::ambiguous, Quality::stale, Quality::gap);
  CAPTURE(to_string(bad));
  for (int minute = 1; minute <= 10; ++minute) {
    store.add(std::chrono::minutes(minute),
              minute % 2 == 0 ? test::RowSpec{.in_octets = megabit_minute} : test::RowSpec{.quality = bad});
  }
  const InterfaceUsage usage = store.only(window(0s, 1h));
  CHECK(usage.in.bps_avg == Approx(1e6));
  CHECK(usage.in.bps_p95 == Approx(1e6));
  CHECK(usage.in.octets == 5 * megabit_minute);
  CHECK(usage.valid_share() == Approx(0.5));
}

TEST_CASE("a delta that is stored but makes no rate is not counted") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  InterfaceRecord stale = make_row({.name = "a", .quality = Quality::stale});
  stale.deltas.set_value(Counter::in_octets, 1'000'000);
  store.add(make_cycle("sw1", 99, noon + 60s, {stale}));
  CHECK_FALSE(store.only(window(0s, 1h)).known());
}

TEST_CASE("a wrapped delta counts like any true one") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  store.add(60s, {.in_octets = megabit_minute, .quality = Quality::wrapped});
  CHECK(store.only(window(0s, 1h)).in.bps_avg == Approx(1e6));
}

TEST_CASE("time without octopoll lowers the valid share, time before the first poll does not") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  store.add(60s, {.in_octets = 1});
  store.add(180s, {.quality = Quality::first});
  store.add(240s, {.in_octets = 1});
  CHECK(store.only(window(-24h, 24h)).valid_share() == Approx(0.5));
}

TEST_CASE("an interface without speed has rates and no utilisation") {
  Store store;
  store.add(0s, {.quality = Quality::first, .speed_bps = 0});
  store.add(60s, {.in_octets = megabit_minute, .speed_bps = 0});
  const InterfaceUsage usage = store.only(window(0s, 1h));
  CHECK(usage.in.bps_p95 == Approx(1e6));
  CHECK_FALSE(usage.utilization_p95());
  CHECK_FALSE(usage.in_speed_bps);
}

TEST_CASE("utilisation is by the speed at the time, not by the last one") {
  Store store;
  store.add(0s, {.quality = Quality::first, .speed_bps = gigabit / 10});
  store.add(60s, {.in_octets = 50 * megabit_minute, .speed_bps = gigabit / 10});
  store.add(120s, {.in_octets = 50 * megabit_minute, .speed_bps = gigabit});
  const InterfaceUsage usage = store.only(window(0s, 1h));
  CHECK(usage.in.utilization_max == Approx(0.5));
  CHECK(usage.in.utilization_avg == Approx((0.5 + 0.05) / 2));
}

TEST_CASE("a clock that jumped back doubles no rate") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  store.add(60s, {.in_octets = megabit_minute});
  store.add(120s, {.in_octets = megabit_minute});
  store.add(60s, {.in_octets = 3 * megabit_minute});  // the clock went back two minutes: this minute is seen twice
  const InterfaceUsage usage = store.only(window(0s, 1h));
  CHECK(usage.in.octets == 5 * megabit_minute);
  CHECK(usage.in.bps_avg == Approx(5e6 / 3));
  CHECK(usage.in.bps_max == Approx(3e6));
}

TEST_CASE("an interface without a valid delta is shown as unknown, and said so") {
  Store store;
  store.add(make_cycle("sw1", 1, noon, {make_row({.name = "a", .quality = Quality::first})}));
  store.add(make_cycle(
      "sw1", 2, noon + 60s,
      {make_row({.name = "a", .in_octets = 1}), make_row({.name = "b", .if_index = 2, .quality = Quality::first})}));
  const UtilizationReport report = store.report(window(0s, 1h));
  CHECK(names(report) == std::vector<std::string>{"sw1/a", "sw1/b"});
  CHECK_FALSE(report.interfaces[1].known());
  CHECK(report.interfaces[1].valid_share() == 0.0);
  const Table table = utilization_for_people(report);
  const std::string text = to_text(table, {});
  CHECK(text.find("1 interface with \"-\" has no valid delta") != std::string::npos);
  CHECK(text.find("three polls in a row") != std::string::npos);
  const auto json = utilization_json(report, "/x.db");
  CHECK(json["interfaces"][1]["in_bps_p95"].is_null());
  CHECK(json["interfaces"][1]["in_bins"] == 0);
}

TEST_CASE("properties of any traffic: the average lies between the extremes, the percentile below the maximum") {
  const auto seed = GENERATE(range(1U, 11U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> seconds(1, 700);
  std::uniform_int_distribution<std::uint64_t> octets(0, 10'000'000'000);
  Store store;
  std::chrono::seconds at = 0s;
  store.add(at, {.quality = Quality::first});
  for (int i = 0; i < 80; ++i) {
    const std::chrono::seconds elapsed(seconds(random));
    at += elapsed;
    if (random() % 5 == 0) {
      store.add(at, {.elapsed = elapsed, .quality = Quality::gap});
    } else {
      store.add(at, {.in_octets = octets(random), .out_octets = octets(random), .elapsed = elapsed});
    }
  }
  const InterfaceUsage usage = store.only(window(std::chrono::seconds(seconds(random)), at - 13s));
  for (const DirectionUsage& direction : {usage.in, usage.out}) {
    REQUIRE(direction.known());
    CHECK(*direction.bps_avg >= 0.0);
    CHECK(*direction.bps_avg <= *direction.bps_max * (1 + 1e-9));
    CHECK(*direction.bps_p95 <= *direction.bps_max * (1 + 1e-9));
    CHECK(*direction.utilization_p95 == Approx(*direction.bps_p95 / static_cast<double>(gigabit)));
    CHECK(*direction.valid_share > 0.0);
    CHECK(*direction.valid_share <= 1.0 + 1e-9);
  }
}

Store& three_interfaces(Store& store) {
  const auto rows = [](std::uint64_t scale, Quality quality) {
    std::vector<InterfaceRecord> made;
    made.push_back(make_row({.name = "Gi0/1", .if_index = 1, .in_octets = 10 * scale, .quality = quality}));
    made.push_back(make_row(
        {.name = "Fa0/1", .if_index = 2, .in_octets = 2 * scale, .quality = quality, .speed_bps = gigabit / 10}));
    made.push_back(
        make_row({.name = "Vlan1", .if_index = 3, .out_octets = 90 * scale, .quality = quality, .speed_bps = 0}));
    test::change_facts(made[0].sample, [&](InterfaceFacts& facts) { facts.alias = "uplink A"; });
    return made;
  };
  store.add(make_cycle("core1", 1, noon, rows(1, Quality::first)));
  store.add(make_cycle("core1", 2, noon + 60s, rows(megabit_minute, Quality::ok)));
  store.add(make_cycle("edge1", 1, noon, {make_row({.name = "Gi0/1", .quality = Quality::first})}));
  store.add(make_cycle("edge1", 2, noon + 60s, {make_row({.name = "Gi0/1", .in_octets = megabit_minute})}));
  return store;
}

TEST_CASE("the fullest link comes first, unknown fullness last by rate") {
  Store store;
  CHECK(names(three_interfaces(store).report(window(0s, 1h))) ==
        std::vector<std::string>{"core1/Fa0/1", "core1/Gi0/1", "edge1/Gi0/1", "core1/Vlan1"});
}

TEST_CASE("other orders, and only the first few") {
  Store store;
  three_interfaces(store);
  UtilizationQuery query = window(0s, 1h);
  query.order = UtilizationOrder::p95;
  query.top = 2;
  const UtilizationReport report = store.report(query);
  CHECK(names(report) == std::vector<std::string>{"core1/Vlan1", "core1/Gi0/1"});
  CHECK(report.found == 4);
  CHECK(to_text(utilization_for_people(report), {}).find("The first 2 of 4 interfaces.") != std::string::npos);
  query.order = UtilizationOrder::name;
  query.top.reset();
  CHECK(names(store.report(query)) ==
        std::vector<std::string>{"core1/Fa0/1", "core1/Gi0/1", "core1/Vlan1", "edge1/Gi0/1"});
}

TEST_CASE("patterns choose devices by name and interfaces by name or alias") {
  Store store;
  three_interfaces(store);
  UtilizationQuery query = window(0s, 1h);
  query.device_pattern = "^core";
  query.interface_pattern = "uplink|^Vlan";
  CHECK(names(store.report(query)) == std::vector<std::string>{"core1/Gi0/1", "core1/Vlan1"});
  query.interface_pattern = "nothing";
  CHECK(store.report(query).interfaces.empty());
}

TEST_CASE("a pattern that is none names its option") {
  Store store;
  three_interfaces(store);
  UtilizationQuery query = window(0s, 1h);
  query.interface_pattern = "Gi(0/1";
  const auto report = store.try_report(query);
  REQUIRE_FALSE(report);
  CHECK(report.error().kind == ErrorKind::usage);
  CHECK(report.error().message.find("--interface \"Gi(0/1\"") != std::string::npos);
}

TEST_CASE("windows and steps that make no sense are refused") {
  Store store;
  three_interfaces(store);
  CHECK(store.try_report(window(1h, 0s)).error().message.find("--until") != std::string::npos);
  UtilizationQuery query = window(0s, 1h);
  query.step = 0s;
  CHECK(store.try_report(query).error().message.find("--step") != std::string::npos);
}

TEST_CASE("a step too fine for the span is refused before it takes the memory") {
  Store store;
  store.add(0s, {.quality = Quality::first});
  store.add(40 * 24h, {.in_octets = 1, .elapsed = 60s});
  UtilizationQuery query = window(-1h, 1000h);
  query.step = 1s;
  const auto report = store.try_report(query);
  REQUIRE_FALSE(report);
  CHECK(report.error().message.find("--step 1s") != std::string::npos);
}

TEST_CASE("interfaces that are read in several passes come out as in one") {
  Store store;
  const std::chrono::hours far = 9 * 24h;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    std::vector<InterfaceRecord> rows;
    for (std::uint32_t index = 1; index <= 7; ++index) {
      rows.push_back(make_row({.name = "if" + std::to_string(index),
                               .if_index = index,
                               .in_octets = index * megabit_minute,
                               .quality = number == 1 ? Quality::first : Quality::ok}));
    }
    store.add(make_cycle("sw1", number, noon + (number == 3 ? far : number * 60s), std::move(rows)));
  }
  UtilizationQuery query = window(0s, far + 1h);
  const UtilizationReport coarse = store.report(query);
  query.step = 1s;  // 777,600 bins: two interfaces a pass
  const UtilizationReport fine = store.report(query);
  REQUIRE(fine.interfaces.size() == 7);
  CHECK(names(fine) == names(coarse));
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(fine.interfaces[i].in.octets == coarse.interfaces[i].in.octets);
    CHECK(fine.interfaces[i].in.bps_p95 == Approx(*coarse.interfaces[i].in.bps_p95));
  }
}

TEST_CASE("a window before or after all polls has nothing to show") {
  Store store;
  three_interfaces(store);
  CHECK(store.report(window(-2h, -1h)).interfaces.empty());
  CHECK(store.report(window(1h, 2h)).interfaces.empty());
}

TEST_CASE("a narrow terminal gets fewer columns and no line that is too long") {
  Store store;
  const UtilizationReport report = three_interfaces(store).report(window(0s, 1h));
  const Table whole = utilization_for_people(report);
  CHECK(whole.columns.size() == 16);
  CHECK(utilization_for_people(report, 500).columns.size() == 16);
  const Table narrow = utilization_for_people(report, 80);
  CHECK(narrow.columns.size() < 16);
  CHECK(narrow.notes.size() == whole.notes.size() + 1);
  const std::string text = to_text(Table{narrow.columns, narrow.rows, {}}, {80, false});
  for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    CHECK(text.find('\n', begin) - begin <= 80);
  }
  CHECK(text.find("Util p95") != std::string::npos);
}

TEST_CASE("JSON has the method beside the numbers, and its keys stay") {
  Store store;
  const UtilizationReport report = three_interfaces(store).report(window(0s, 1h));
  const auto json = utilization_json(report, "/var/lib/octopoll/octopoll.db");
  CHECK(json["report"] == "utilization");
  CHECK(json["since"] == "2026-01-31T12:00:00Z");
  CHECK(json["until"] == "2026-01-31T13:00:00Z");
  CHECK(json["step_seconds"] == 300);
  CHECK(json["bins"] == 12);
  CHECK(json["db"] == "/var/lib/octopoll/octopoll.db");
  REQUIRE(json["interfaces"].size() == 4);
  const auto& first = json["interfaces"][0];
  CHECK(first["device"] == "core1");
  CHECK(first["interface"] == "Fa0/1");
  CHECK(first["alias"].is_null());
  CHECK(first["in_speed_bps"] == 100'000'000);
  CHECK(first["in_bps_avg"] == Approx(2e6));
  CHECK(first["in_octets"] == 2 * megabit_minute);
  CHECK(first["utilization_p95"] == Approx(0.02));
  CHECK(first["valid_share"] == Approx(1.0));
  CHECK(first["in_bins"] == 1);
  CHECK(json["interfaces"][1]["alias"] == "uplink A");
  CHECK(utilization_json(UtilizationReport{}, "x")["interfaces"].dump() == "[]");
}

TEST_CASE("sort keys are words, with a suggestion for a near miss") {
  CHECK(utilization_order_from("p95") == UtilizationOrder::p95);
  const auto wrong = utilization_order_from("averge");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().remedy.find("did you mean \"average\"?") != std::string::npos);
}

}  // namespace
}  // namespace octopoll::report
