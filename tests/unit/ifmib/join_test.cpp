// Which row of ifXTable belongs to which of ifTable, where an agent numbers them differently.

#include "ifmib/join.hpp"

#include <catch2/catch.hpp>

#include "make_row.hpp"
#include "octopoll/ifmib/reader.hpp"

using namespace octopoll;
using namespace octopoll::ifmib;
using namespace octopoll::ifmib::test;

namespace {

snmp::Value counter(std::uint64_t value) { return snmp::Value::counter64(value); }

/// Rows 1.. of ifTable and 1001.. of ifXTable, described by their names and octets.
struct Device {
  Rows rows;
  Device& add(std::uint32_t index, const char* descr, std::uint64_t octets) {
    rows[index].set(Column::if_descr, text(descr));
    rows[index].set(Column::if_in_octets, counter(octets & 0xffff'ffff));
    return *this;
  }
  Device& add_x(std::uint32_t index, const char* name, std::uint64_t octets) {
    rows[index].set(Column::if_name, text(name));
    rows[index].set(Column::if_hc_in_octets, counter(octets));
    return *this;
  }
};

}  // namespace

TEST_CASE("tables a constant apart are joined where all names agree", "[ifmib][join]") {
  Device device;
  device.add(1, "eth1", 0).add(2, "eth2", 0).add_x(1001, "eth1", 0).add_x(1002, "eth2", 0);
  REQUIRE(ifx_offset(device.rows) == 1000);
  join_tables(device.rows, 1000);
  REQUIRE(device.rows.size() == 2);
  CHECK(device.rows.at(2).x_index == 1002U);
  CHECK(*device.rows.at(2).octets(Column::if_name) == "eth2");
  CHECK(*device.rows.at(2).octets(Column::if_descr) == "eth2");
  CHECK(plan_row(2, "eth2", device.rows.at(2)).x_index() == 1002);
}

TEST_CASE("tables a constant apart are joined where counters of other names agree", "[ifmib][join]") {
  Device device;
  device.add(1, "Port 1", 5'000'000'000).add(2, "Port 2", 70'000'000).add(3, "Port 3", 0);
  device.add_x(1001, "0/1", 5'000'000'900).add_x(1002, "0/2", 70'000'500).add_x(1003, "0/3", 0);
  CHECK(ifx_offset(device.rows) == 1000);
}

TEST_CASE("tables of which one is numbered by one more are joined across their common indexes", "[ifmib][join]") {
  Device device;
  SECTION("by names") {
    device.add(1, "eth1", 0).add(2, "eth2", 0).add(3, "eth3", 0);
    device.add_x(2, "eth1", 0).add_x(3, "eth2", 0).add_x(4, "eth3", 0);
  }
  SECTION("by counters") {
    device.add(1, "Port 1", 5'000'000'000).add(2, "Port 2", 70'000'000).add(3, "Port 3", 90'000'000);
    device.add_x(2, "0/1", 5'000'000'900).add_x(3, "0/2", 70'000'500).add_x(4, "0/3", 90'000'001);
  }
  REQUIRE(ifx_offset(device.rows) == 1);
  const Rows before = device.rows;
  join_tables(device.rows, 1);
  REQUIRE(device.rows.size() == 3);
  for (std::uint32_t index = 1; index <= 3; ++index) {
    const Row& row = device.rows.at(index);
    CHECK(row.cells().size() == 4);
    CHECK(row.x_index == index + 1);
    CHECK(*row.octets(Column::if_descr) == *before.at(index).octets(Column::if_descr));
    CHECK(*row.octets(Column::if_name) == *before.at(index + 1).octets(Column::if_name));
  }
}

TEST_CASE("tables are not joined without proof", "[ifmib][join]") {
  Device device;
  SECTION("nothing says that they belong together") {
    device.add(1, "Port 1", 0).add(2, "Port 2", 7).add_x(1001, "0/1", 0).add_x(1002, "0/2", 7);
  }
  SECTION("one counter is as good as chance") {
    device.add(1, "Port 1", 70'000'000).add(2, "Port 2", 0).add_x(1001, "0/1", 70'000'000).add_x(1002, "0/2", 0);
  }
  SECTION("one counter says otherwise") {
    device.add(1, "Port 1", 70'000'000).add(2, "Port 2", 80'000'000).add(3, "Port 3", 90'000'000);
    device.add_x(1001, "0/1", 70'000'000).add_x(1002, "0/2", 80'000'000).add_x(1003, "0/3", 20'000'000);
  }
  SECTION("a name is that of another row") {
    device.add(1, "eth1", 70'000'000).add(2, "eth2", 80'000'000).add(3, "eth3", 90'000'000);
    device.add_x(1001, "eth1", 70'000'000).add_x(1002, "eth3", 80'000'000).add_x(1003, "eth2", 90'000'000);
  }
  SECTION("the difference is not constant") {
    device.add(1, "eth1", 0).add(2, "eth2", 0).add_x(1001, "eth1", 0).add_x(1003, "eth2", 0);
  }
  SECTION("there are more rows in one") { device.add(1, "eth1", 0).add_x(1001, "eth1", 0).add_x(1002, "eth2", 0); }
  SECTION("they share an index") {
    device.add(1, "eth1", 0).add(2, "eth2", 0).add_x(1001, "eth1", 0).add_x(2, "eth2", 0);
  }
  SECTION("a row has gone from one table while another has come: rows of one index belong together by their names") {
    device.add(1, "eth", 0).add(2, "eth", 0).add(3, "eth", 0).add_x(2, "eth", 0).add_x(3, "eth", 0).add_x(4, "eth", 0);
  }
  SECTION("the same by counters") {
    device.add(1, "Port 1", 70'000'000).add(2, "Port 2", 70'000'000).add(3, "Port 3", 70'000'000);
    device.add_x(2, "0/1", 70'000'000).add_x(3, "0/2", 70'000'000).add_x(4, "0/3", 70'000'000);
  }
  SECTION("counters of one index tell nothing") {
    device.add(1, "Port 1", 70'000'000).add(2, "Port 2", 80'000'000).add(3, "Port 3", 0);
    device.add_x(2, "0/1", 70'000'000).add_x(3, "0/2", 80'000'000).add_x(4, "0/3", 0);
    device.rows[2].set(Column::if_hc_in_octets, counter(0));
    device.rows[3].set(Column::if_hc_in_octets, counter(0));
  }
  SECTION("there is one table alone") { device.add(1, "eth1", 0); }
  SECTION("there is nothing") {}
  CHECK_FALSE(ifx_offset(device.rows));
}
