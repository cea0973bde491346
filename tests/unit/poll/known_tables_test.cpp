// When an agent's tables are read again, by the interval in force, and what is polled of rows that have lost something.

#include "poll/known_tables.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "octopoll/config/interface_rules.hpp"
#include "support/heard.hpp"
#include "unit/ifmib/make_row.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;
using ifmib::Column;
using octopoll::test::Heard;

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

using ifmib::test::make_row;
using ifmib::test::number;
using ifmib::test::text;

constexpr int ethernet = 6;
constexpr int other_type = 1;

enum class Octets { none, narrow, wide };

ifmib::Row row_of(const std::string& name, Octets octets, int type = ethernet) {
  ifmib::Row row = make_row({{Column::if_name, text(name)},
                             {Column::if_descr, text(name)},
                             {Column::if_type, number(type)},
                             {Column::if_oper_status, number(1)}});
  if (octets != Octets::none) {
    row.set(Column::if_in_octets, snmp::Value::counter32(5));
    row.set(Column::if_out_octets, snmp::Value::counter32(5));
  }
  if (octets == Octets::wide) {
    row.set(Column::if_hc_in_octets, snmp::Value::counter64(5));
    row.set(Column::if_hc_out_octets, snmp::Value::counter64(5));
  }
  return row;
}

/// One device over its cycles, a minute apart.
struct Polled {
  config::Device device = device_of(60s);
  KnownTables tables{};
  ifmib::Scalars scalars{};
  BootTime now = BootTime(1h);

  /// One cycle with these tables; true where they were read.
  bool cycle(const ifmib::Rows& rows) {
    now += 60s;
    scalars.if_number = static_cast<std::uint32_t>(rows.size());
    const auto why = tables.why_read(scalars, false, now);
    if (why == KnownTables::Read::no) return false;
    tables.begin_read(scalars, why);
    (void)tables.take(rows, {}, device, device.interval, now);
    return true;
  }
  /// Of so many cycles.
  int reads(int cycles, const ifmib::Rows& rows) {
    int count = 0;
    for (int i = 0; i < cycles; ++i) count += cycle(rows) ? 1 : 0;
    return count;
  }
  [[nodiscard]] Octets polled(std::size_t place) const {
    Octets octets = Octets::none;
    for (const auto& object : tables.plans().at(place).layout()->objects()) {
      if (object.column == Column::if_in_octets) octets = Octets::narrow;
      if (object.column == Column::if_hc_in_octets) octets = Octets::wide;
    }
    return octets;
  }
};

TEST_CASE("a row without octets that others of its type have is looked for again, ever more rarely") {
  const Heard heard;
  Polled polled;
  const ifmib::Rows lesser{{1, row_of("eth1", Octets::wide)}, {2, row_of("eth2", Octets::none)}};
  CHECK(polled.cycle(lesser));
  CHECK(polled.reads(1, lesser) == 1);
  CHECK(polled.reads(2, lesser) == 1);
  CHECK(polled.reads(4, lesser) == 1);
  CHECK(polled.reads(8, lesser) == 1);
  CHECK(polled.reads(30, lesser) == 0);  // believed
  CHECK(heard.count("sw1: 1 of 2 interfaces without a name, or without octets") == 1);
  CHECK(heard.count(": eth2; its tables are read again") == 1);
  // Another one is another matter.
  const ifmib::Rows two{
      {1, row_of("eth1", Octets::wide)}, {2, row_of("eth2", Octets::none)}, {3, row_of("eth3", Octets::none)}};
  CHECK(polled.reads(2, two) == 2);
}

TEST_CASE("a row whose octets come back is polled for them soon") {
  const Heard heard;
  Polled polled;
  polled.cycle({{1, row_of("eth1", Octets::wide)}, {2, row_of("eth2", Octets::none)}});
  CHECK(polled.polled(1) == Octets::none);
  const ifmib::Rows whole{{1, row_of("eth1", Octets::wide)}, {2, row_of("eth2", Octets::wide)}};
  CHECK(polled.reads(2, whole) == 1);
  CHECK(polled.polled(1) == Octets::wide);
}

TEST_CASE("rows of a type that has no octets at all are no reason to read the tables again") {
  const Heard heard;
  Polled polled;
  const ifmib::Rows rows{{1, row_of("eth1", Octets::wide)}, {2, row_of("Null0", Octets::none, other_type)}};
  CHECK(polled.reads(20, rows) == 1);
  CHECK(heard.count("without octets") == 0);
}

TEST_CASE("a row without a name is looked for again, and told of once") {
  const Heard heard;
  Polled polled;
  ifmib::Rows rows{{1, row_of("", Octets::wide)}, {2, row_of("eth2", Octets::wide)}};
  CHECK(polled.reads(15, rows) == 4);
  CHECK(polled.tables.plans().at(0).interface.name() == "#1");
  CHECK(heard.count("without a name") == 1);
  CHECK(heard.count(": #1; its tables") == 1);
}

TEST_CASE("64-bit octets that are gone are replaced by those of 32 bits, and come back") {
  const Heard heard;
  Polled polled;
  const ifmib::Rows wide{{1, row_of("eth1", Octets::wide)}, {2, row_of("eth2", Octets::wide)}};
  const ifmib::Rows narrow{{1, row_of("eth1", Octets::narrow)}, {2, row_of("eth2", Octets::narrow)}};
  polled.cycle(wide);
  ifmib::RowReading row;
  row.plan = &polled.tables.plans().at(0);
  row.lost_octets = true;
  CHECK(polled.tables.see(row) == KnownTables::Seen::lesser);
  polled.tables.doubt();
  CHECK(polled.cycle(narrow));
  CHECK(polled.polled(0) == Octets::narrow);
  REQUIRE(polled.tables.lacking());
  CHECK(polled.tables.lacking()->message ==
        "sw1: the 64-bit counters of 2 interfaces are gone, and those of 32 bits are there");
  CHECK(polled.reads(3, narrow) == 2);
  CHECK(polled.polled(1) == Octets::narrow);
  CHECK(heard.count("sw1: the 64-bit counters of 2 interfaces are gone; those of 32 bits are polled") == 1);
  SECTION("for a while") {
    CHECK(polled.reads(4, wide) == 1);
    CHECK(polled.polled(0) == Octets::wide);
    CHECK_FALSE(polled.tables.lacking());
    // Agents whose columns come and go are told of once an hour.
    polled.tables.doubt();
    CHECK(polled.cycle(narrow));
    CHECK(heard.count("those of 32 bits are polled") == 1);
  }
  SECTION("for good") {
    CHECK(polled.reads(40, narrow) == 3);  // two more until they are believed, and one that has no doubt
    CHECK(polled.polled(0) == Octets::narrow);
    CHECK_FALSE(polled.tables.lacking());
  }
}

TEST_CASE("another interface at an ifIndex owes no 64-bit octets") {
  const Heard heard;
  Polled polled;
  polled.cycle({{1, row_of("eth1", Octets::wide)}});
  polled.tables.doubt();
  CHECK(polled.cycle({{1, row_of("tun0", Octets::narrow)}}));
  CHECK_FALSE(polled.tables.lacking());
  CHECK(polled.polled(0) == Octets::narrow);
}

TEST_CASE("octets that the tables show and GET does not find cost ever fewer reads") {
  Polled polled;
  const ifmib::Rows rows{{1, row_of("eth1", Octets::wide)}};
  int reads = 0;
  for (int i = 0; i < 40; ++i) {
    reads += polled.cycle(rows) ? 1 : 0;
    ifmib::RowReading row;
    row.plan = &polled.tables.plans().at(0);
    row.lost_octets = true;
    if (polled.tables.see(row) == KnownTables::Seen::lesser) polled.tables.doubt();
  }
  CHECK(reads >= 3);
  CHECK(reads <= 7);
}

TEST_CASE("names that move again and again are told of a few times") {
  const Heard heard;
  Polled polled;
  const ifmib::Rows one{{1, row_of("eth1", Octets::wide)}, {2, row_of("eth2", Octets::wide)}};
  const ifmib::Rows other{{1, row_of("eth2", Octets::wide)}, {2, row_of("eth1", Octets::wide)}};
  for (int i = 0; i < 20; ++i) {
    polled.cycle(i % 2 == 0 ? one : other);
    polled.tables.demand();
  }
  CHECK(heard.count("sw1: 2 interfaces at another ifIndex: ") == 3);
  CHECK(heard.count("sw1: its names do not stay with their ifIndex") == 1);
  for (int i = 0; i < 61; ++i) polled.cycle(other);
  polled.tables.demand();
  polled.cycle(one);
  CHECK(heard.count("sw1: 2 interfaces at another ifIndex: ") == 4);
}

TEST_CASE("rows that borrow their interface outlive what is read after them") {
  const config::Device device = device_of(60s);
  KnownTables tables;
  tables.begin_read({}, KnownTables::Read::demanded);
  (void)tables.take(one_row(), {}, device, 60s, BootTime(1h));
  struct Lent {
    std::shared_ptr<const void> lender;
    Interface interface;
    std::string alias;
  };
  std::vector<Lent> lent;
  const auto lend = [&](const std::string& alias) {
    lent.push_back({tables.lender(), tables.plans().front().interface.borrowed(), alias});
  };
  ifmib::Row facts = one_row().at(1);
  for (int i = 0; i < 5; ++i) {
    const std::string alias = "line " + std::to_string(i);
    facts.set(Column::if_alias, ifmib::test::text(alias));
    CHECK(tables.renew(0, facts, device));
    CHECK_FALSE(tables.renew(0, facts, device));
    lend(alias);
  }
  tables.begin_read({}, KnownTables::Read::demanded);
  (void)tables.take(one_row(), {}, device, 60s, BootTime(2h));
  tables = KnownTables();
  for (const Lent& each : lent) {
    CHECK(each.interface.name() == "eth1");
    CHECK(each.interface.alias() == each.alias);
  }
}

}  // namespace
}  // namespace octopoll::poll
