// When an agent's tables are read again, by the interval in force.

#include "poll/known_tables.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "octopoll/config/interface_rules.hpp"
#include "unit/ifmib/make_row.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;
using ifmib::Column;

config::Device device_of(std::chrono::nanoseconds interval) {
  config::Device device;
  device.name = "sw1";
  device.interval = interval;
  device.interfaces = std::make_shared<config::InterfaceRules>();
  return device;
}

ifmib::Rows one_row() {
  return {{1, ifmib::test::make_row(
                  {{Column::if_name, ifmib::test::text("eth1")}, {Column::if_in_octets, snmp::Value::counter32(5)}})}};
}

/// Cycles that pass from a read that settled nothing, the last of so many, to the next one.
int pause_after(int reads, std::chrono::nanoseconds interval) {
  const config::Device device = device_of(60s);
  KnownTables tables;
  ifmib::Scalars scalars;
  scalars.if_number = 2;  // and the tables have one row
  BootTime now(1h);
  int cycles = 0;
  for (int read = 0; read < reads; ++read) {
    tables.begin_read(scalars, KnownTables::Read::demanded);
    (void)tables.take(one_row(), {}, device, interval, now);
    for (cycles = 1; tables.why_read(scalars, false, now) == KnownTables::Read::no; ++cycles) now += 1ms;
  }
  return cycles;
}

TEST_CASE("what was put off waits for an hour at most, however short the cycles are") {
  CHECK(pause_after(1, 60s) == 1);
  CHECK(pause_after(4, 60s) == 8);
  CHECK(pause_after(12, 60s) == 60);
  // The inventory says 60 s, and `interval: auto` made it 5 s.
  CHECK(pause_after(4, 5s) == 8);
  CHECK(pause_after(12, 5s) == 720);
}

TEST_CASE("after a read that took long, as much time passes until the next one") {
  const auto pause = [](std::chrono::nanoseconds interval) {
    KnownTables tables;
    ifmib::Scalars scalars;
    tables.begin_read(scalars, KnownTables::Read::demanded);
    tables.fail_read(Error{ErrorKind::agent, "its tables did not end", {}}, 120s, interval);
    int cycles = 1;
    while (tables.why_read(scalars, false, BootTime(1h)) == KnownTables::Read::no) ++cycles;
    return cycles;
  };
  CHECK(pause(60s) == 2);
  CHECK(pause(5s) == 24);
}

}  // namespace
}  // namespace octopoll::poll
