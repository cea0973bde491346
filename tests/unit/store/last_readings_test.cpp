#include "store/last_readings.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "make_record.hpp"
#include "octopoll/store/writer.hpp"
#include "store/database.hpp"
#include "store/latest_readings.hpp"
#include "store/open.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::make_cycle;
using test::make_row;
using test::noon;
using test::share;

constexpr auto in = Counter::in_octets;

DeviceCycle cycle_of(std::uint64_t number, std::vector<InterfaceRecord> rows) {
  DeviceCycle cycle = make_cycle("sw1", number, noon + number * 1min, std::move(rows));
  cycle.started = BootTime(24h + number * 1min);
  cycle.clock_read_at = cycle.started + 5ms;
  cycle.sys_uptime = TimeTicks(static_cast<std::uint32_t>(number * 6000));
  cycle.engine_boots = 3;
  cycle.engine_time = static_cast<std::uint32_t>(number * 60);
  cycle.view = "v2c ";
  cycle.cache_period = 3s;
  for (InterfaceRecord& row : cycle.interfaces) {
    row.sample.time.received = cycle.started + 120ms;
    row.sample.time.round_trip = 2ms;
    row.sample.time.age_bound = 3s;
    row.sample.counters.set(in, {number * 1000, 64});
  }
  return cycle;
}

/// What a writer finds that is opened after another one was closed.
std::map<std::string, LastReadings> kept(const std::filesystem::path& path, const std::vector<DeviceCycle>& cycles) {
  if (auto writer = Writer::open(path)) {
    for (const DeviceCycle& cycle : cycles) (*writer)->take(share(cycle));
    REQUIRE((*writer)->close().dropped == 0);
  }
  auto again = Writer::open(path);
  REQUIRE(again);
  auto all = (*again)->take_last_readings();
  CHECK((*again)->take_last_readings().empty());
  return all;
}

InterfaceRecord with_quality(const std::string& name, Quality quality) {
  return make_row({.name = name, .quality = quality});
}

const InterfaceSample& of(const LastReadings& last, std::string_view name) {
  const auto found = std::find_if(last.interfaces.begin(), last.interfaces.end(),
                                  [name](const InterfaceSample& one) { return one.interface.name() == name; });
  REQUIRE(found != last.interfaces.end());
  return *found;
}

TEST_CASE("what was read last comes back, with its clocks") {
  const test::TempDir dir;
  InterfaceRecord row = make_row({.name = "Gi0/1", .if_index = 4294967295U, .speed_bps = 10'000'000});
  test::change_facts(row.sample, [](InterfaceFacts& facts) {
    facts.alias = "";
    facts.mtu = 9216;
    facts.phys_address = "aa:bb";
  });
  row.sample.admin_status.reset();
  row.sample.oper_status = IfStatus{-7};
  row.sample.last_change = TimeTicks(4294967295U);
  row.sample.time.sys_uptime = TimeTicks(77);
  row.sample.counters.set(Counter::out_octets, {5, 32});
  row.sample.counters.set(Counter::in_errors, {});
  DeviceCycle cycle = cycle_of(2, {row});
  cycle.interfaces[0].sample.counters.set(in, {std::numeric_limits<std::uint64_t>::max(), 64});
  const auto all = kept(dir / "x.db", {cycle_of(1, {row}), cycle});
  REQUIRE(all.size() == 1);
  const LastReadings& last = all.at("sw1");
  CHECK(last.address == "192.0.2.1:161");
  CHECK(last.view == "v2c ");
  CHECK(last.boot == boot_name());
  CHECK(last.started_at == noon + 2min);
  CHECK(last.started == BootTime(24h + 2min));
  CHECK(last.clock_read_at == last.started + 5ms);
  CHECK(last.sys_uptime == TimeTicks(12000));
  CHECK(last.engine_boots == 3U);
  CHECK(last.engine_time == 120U);
  CHECK(last.cache_period == 3s);
  REQUIRE(last.interfaces.size() == 1);
  const InterfaceSample& back = last.interfaces[0];
  const InterfaceSample& was = cycle.interfaces[0].sample;
  CHECK(back.interface == was.interface);
  CHECK(back.admin_status == was.admin_status);
  CHECK(back.oper_status == was.oper_status);
  CHECK(back.last_change == was.last_change);
  CHECK(back.discontinuity_time == was.discontinuity_time);
  CHECK(back.counters == was.counters);
  CHECK(back.time.received == was.time.received);
  CHECK(back.time.sys_uptime == was.time.sys_uptime);
  CHECK(back.time.age_bound == 3s + 2ms + 500us);
}

TEST_CASE("a failed cycle, and one that read no row, leave the readings of before") {
  const test::TempDir dir;
  DeviceCycle failed = cycle_of(2, {});
  failed.outcome = CycleOutcome::failed;
  DeviceCycle gaps = cycle_of(3, {with_quality("a", Quality::gap)});
  gaps.outcome = CycleOutcome::partial;
  gaps.interfaces[0].sample.time = {};
  const auto all = kept(dir / "x.db", {cycle_of(1, {with_quality("a", Quality::ok)}), failed, gaps});
  CHECK(of(all.at("sw1"), "a").counters[in].value == 1000);
  CHECK(all.at("sw1").started_at == noon + 1min);
}

TEST_CASE("readings come back with the address that gave them, and whether its agent was known") {
  const test::TempDir dir;
  const bool known = GENERATE(false, true);
  DeviceCycle there = cycle_of(1, {with_quality("a", Quality::ok), with_quality("b", Quality::ok)});
  there.address = "192.0.2.1:161";
  there.cache_known = known;
  DeviceCycle silent = cycle_of(2, {});
  silent.outcome = CycleOutcome::failed;
  silent.address = "192.0.2.2:161";
  const auto before = kept(dir / "x.db", {there, silent});
  CHECK(before.at("sw1").address == "192.0.2.1:161");
  CHECK(before.at("sw1").cache_known == known);

  DeviceCycle other = cycle_of(3, {with_quality("a", Quality::ok)});
  other.address = "192.0.2.2:161";
  const auto all = kept(dir / "x.db", {other});
  CHECK(all.at("sw1").address == "192.0.2.2:161");
  CHECK(all.at("sw1").interfaces.size() == 1);  // what lies aside of "b" is of the other agent
}

TEST_CASE("a row that the newest cycle lacks comes back with its own time, for an hour") {
  const test::TempDir dir;
  DeviceCycle partial = cycle_of(2, {with_quality("a", Quality::ok), with_quality("b", Quality::gap)});
  partial.interfaces[1].sample.time = {};
  const auto first = cycle_of(1, {with_quality("a", Quality::ok), with_quality("b", Quality::ok)});
  SECTION("read a minute before") {
    const auto all = kept(dir / "x.db", {first, partial});
    CHECK(of(all.at("sw1"), "a").counters[in].value == 2000);
    CHECK(of(all.at("sw1"), "b").counters[in].value == 1000);
    CHECK(of(all.at("sw1"), "b").time.received == BootTime(24h + 1min + 120ms));
  }
  SECTION("read more than an hour before") {
    partial.started += 61min;
    partial.clock_read_at += 61min;
    partial.interfaces[0].sample.time.received += 61min;
    const auto all = kept(dir / "x.db", {first, partial});
    CHECK(all.at("sw1").interfaces.size() == 1);
  }
}

TEST_CASE("where the newest readings made no delta, those come back that it will begin at") {
  const test::TempDir dir;
  const auto both = [](std::uint64_t number, Quality a, Quality b) {
    return cycle_of(number, {with_quality("a", a), with_quality("b", b)});
  };
  const auto values = [](const std::map<std::string, LastReadings>& all) {
    return std::pair(of(all.at("sw1"), "a").counters[in].value, of(all.at("sw1"), "b").counters[in].value);
  };
  using enum Quality;
  std::vector<DeviceCycle> cycles = {both(1, first, first), both(2, ok, ok), both(3, stale, stale)};
  SECTION("one stale cycle, or some") {
    if (GENERATE(false, true)) cycles.push_back(both(4, stale, stale));
    const auto all = kept(dir / "x.db", cycles);
    CHECK(values(all) == std::pair<std::uint64_t, std::uint64_t>(2000, 2000));
    CHECK(of(all.at("sw1"), "a").time.received == BootTime(24h + 2min + 120ms));
  }
  SECTION("over a restart that goes on") {
    CHECK(values(kept(dir / "x.db", cycles)).first == 2000);
    CHECK(values(kept(dir / "x.db", {both(4, stale, stale)})).first == 2000);
    CHECK(values(kept(dir / "x.db", {both(5, ok, ok)})).first == 5000);
    CHECK(values(kept(dir / "x.db", {both(6, stale, stale)})).first == 5000);
  }
  SECTION("the delta has come") {
    cycles.push_back(both(4, ok, ok));
    CHECK(values(kept(dir / "x.db", cycles)) == std::pair<std::uint64_t, std::uint64_t>(4000, 4000));
  }
  SECTION("rows that differ: nothing comes twice") {
    cycles.push_back(both(4, ok, stale));
    CHECK(values(kept(dir / "x.db", cycles)) == std::pair<std::uint64_t, std::uint64_t>(4000, 4000));
  }
  SECTION("a start of the machine between") {
    static_cast<void>(kept(dir / "x.db", cycles));
    {
      auto database = open_for_writing(dir / "x.db");
      REQUIRE(database);
      REQUIRE(database->execute("UPDATE device_latest SET boot = 'another'"));
    }
    CHECK(values(kept(dir / "x.db", {both(4, stale, stale)})).first == 4000);
  }
}

TEST_CASE("a counter that contradicted its base line comes back as one that was never read") {
  const test::TempDir dir;
  const Quality quality = GENERATE(Quality::reset, Quality::implausible, Quality::ambiguous);
  InterfaceRecord row = with_quality("a", Quality::ok);
  row.deltas.set(in, {std::nullopt, quality});
  const auto all = kept(dir / "x.db", {cycle_of(1, {row})});
  CHECK_FALSE(of(all.at("sw1"), "a").counters[in].present());
  CHECK(of(all.at("sw1"), "a").counters[Counter::out_octets].value == 1000);
}

TEST_CASE("readings that are no readings of ours are left out, and do no harm") {
  const test::TempDir dir;
  static_cast<void>(kept(dir / "x.db", {cycle_of(1, {with_quality("a", Quality::ok)})}));
  const std::string damage = GENERATE(
      "readings = ''", "readings = '[[1,2]]'", "readings = '[[1,0,1,1,1,1,1,0,1,1,1,1,1,1,1,1,1,1,1,1,1,1]]'",
      "readings = '[[x]]'", "readings = '[[1,99999999999999999999,1]]'", "boot = NULL", "boot = ''", "booted_us = NULL",
      "clock_after_us = NULL", "readings = readings || ' '", "readings = replace(readings, '[[', '[[null,')");
  CAPTURE(damage);
  {
    auto database = open_for_writing(dir / "x.db");
    REQUIRE(database);
    REQUIRE(database->execute(("UPDATE device_latest SET " + damage).c_str()));
  }
  CHECK(kept(dir / "x.db", {}).empty());
}

TEST_CASE("a text of readings is read as it was written") {
  InterfaceRecord row = make_row({.name = "a"});
  row.sample.last_change = TimeTicks(4294967295U);
  row.sample.counters.set(Counter::out_octets, {5, 32});
  row.deltas.set_quality(Counter::in_errors, Quality::reset);
  DeviceCycle cycle = make_cycle("sw1", 1, noon, {row, with_quality("b", Quality::stale)});
  LatestReadings readings;
  std::vector<KeptReading> back;
  REQUIRE(read_readings(readings.write(cycle, {7, 12}), [&](const KeptReading& one) { back.push_back(one); }));
  REQUIRE(back.size() == 2);
  CHECK(back[0].interface_id == 7);
  CHECK(back[0].counters == row.sample.counters);
  CHECK(back[0].last_change == TimeTicks(4294967295U));
  CHECK(back[0].doubted == 1U << static_cast<unsigned>(Counter::in_errors));
  CHECK_FALSE(back[0].stale);
  CHECK(back[1].doubted == 0);
  CHECK(back[1].stale);
  CHECK(read_readings("[]", [](const KeptReading&) { FAIL("none"); }));
  // As before version 5: twelve counters.
  back.clear();
  CHECK(read_readings("[[1,0,1,1,null,null,null,3,1,2,3,4,5,6,7,8,9,10,11,12]]",
                      [&](const KeptReading& one) { back.push_back(one); }));
  CHECK(back.at(0).counters[Counter::in_octets] == CounterReading{1, 32});
  CHECK_FALSE(back.at(0).counters[Counter::in_unknown_protos].present());
}

}  // namespace
}  // namespace octopoll::store
