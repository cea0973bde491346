#include "octopoll/ifmib/columns.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <string>

namespace octopoll::ifmib {
namespace {

using snmp::Type;

// Written out of RFC 2863 section 6, not out of columns.cpp.
TEST_CASE("columns have the numbers, names and types of RFC 2863") {
  const auto [column, oid, name, type] = GENERATE(table<Column, std::string, std::string, Type>({
      {Column::if_index, "1.3.6.1.2.1.2.2.1.1", "ifIndex", Type::integer},
      {Column::if_descr, "1.3.6.1.2.1.2.2.1.2", "ifDescr", Type::octet_string},
      {Column::if_type, "1.3.6.1.2.1.2.2.1.3", "ifType", Type::integer},
      {Column::if_mtu, "1.3.6.1.2.1.2.2.1.4", "ifMtu", Type::integer},
      {Column::if_speed, "1.3.6.1.2.1.2.2.1.5", "ifSpeed", Type::gauge32},
      {Column::if_phys_address, "1.3.6.1.2.1.2.2.1.6", "ifPhysAddress", Type::octet_string},
      {Column::if_admin_status, "1.3.6.1.2.1.2.2.1.7", "ifAdminStatus", Type::integer},
      {Column::if_oper_status, "1.3.6.1.2.1.2.2.1.8", "ifOperStatus", Type::integer},
      {Column::if_last_change, "1.3.6.1.2.1.2.2.1.9", "ifLastChange", Type::time_ticks},
      {Column::if_in_octets, "1.3.6.1.2.1.2.2.1.10", "ifInOctets", Type::counter32},
      {Column::if_in_ucast_pkts, "1.3.6.1.2.1.2.2.1.11", "ifInUcastPkts", Type::counter32},
      {Column::if_in_nucast_pkts, "1.3.6.1.2.1.2.2.1.12", "ifInNUcastPkts", Type::counter32},
      {Column::if_in_discards, "1.3.6.1.2.1.2.2.1.13", "ifInDiscards", Type::counter32},
      {Column::if_in_errors, "1.3.6.1.2.1.2.2.1.14", "ifInErrors", Type::counter32},
      {Column::if_in_unknown_protos, "1.3.6.1.2.1.2.2.1.15", "ifInUnknownProtos", Type::counter32},
      {Column::if_out_octets, "1.3.6.1.2.1.2.2.1.16", "ifOutOctets", Type::counter32},
      {Column::if_out_ucast_pkts, "1.3.6.1.2.1.2.2.1.17", "ifOutUcastPkts", Type::counter32},
      {Column::if_out_nucast_pkts, "1.3.6.1.2.1.2.2.1.18", "ifOutNUcastPkts", Type::counter32},
      {Column::if_out_discards, "1.3.6.1.2.1.2.2.1.19", "ifOutDiscards", Type::counter32},
      {Column::if_out_errors, "1.3.6.1.2.1.2.2.1.20", "ifOutErrors", Type::counter32},
      {Column::if_out_q_len, "1.3.6.1.2.1.2.2.1.21", "ifOutQLen", Type::gauge32},
      {Column::if_specific, "1.3.6.1.2.1.2.2.1.22", "ifSpecific", Type::oid},
      {Column::if_name, "1.3.6.1.2.1.31.1.1.1.1", "ifName", Type::octet_string},
      {Column::if_in_multicast_pkts, "1.3.6.1.2.1.31.1.1.1.2", "ifInMulticastPkts", Type::counter32},
      {Column::if_in_broadcast_pkts, "1.3.6.1.2.1.31.1.1.1.3", "ifInBroadcastPkts", Type::counter32},
      {Column::if_out_multicast_pkts, "1.3.6.1.2.1.31.1.1.1.4", "ifOutMulticastPkts", Type::counter32},
      {Column::if_out_broadcast_pkts, "1.3.6.1.2.1.31.1.1.1.5", "ifOutBroadcastPkts", Type::counter32},
      {Column::if_hc_in_octets, "1.3.6.1.2.1.31.1.1.1.6", "ifHCInOctets", Type::counter64},
      {Column::if_hc_in_ucast_pkts, "1.3.6.1.2.1.31.1.1.1.7", "ifHCInUcastPkts", Type::counter64},
      {Column::if_hc_in_multicast_pkts, "1.3.6.1.2.1.31.1.1.1.8", "ifHCInMulticastPkts", Type::counter64},
      {Column::if_hc_in_broadcast_pkts, "1.3.6.1.2.1.31.1.1.1.9", "ifHCInBroadcastPkts", Type::counter64},
      {Column::if_hc_out_octets, "1.3.6.1.2.1.31.1.1.1.10", "ifHCOutOctets", Type::counter64},
      {Column::if_hc_out_ucast_pkts, "1.3.6.1.2.1.31.1.1.1.11", "ifHCOutUcastPkts", Type::counter64},
      {Column::if_hc_out_multicast_pkts, "1.3.6.1.2.1.31.1.1.1.12", "ifHCOutMulticastPkts", Type::counter64},
      {Column::if_hc_out_broadcast_pkts, "1.3.6.1.2.1.31.1.1.1.13", "ifHCOutBroadcastPkts", Type::counter64},
      {Column::if_link_up_down_trap_enable, "1.3.6.1.2.1.31.1.1.1.14", "ifLinkUpDownTrapEnable", Type::integer},
      {Column::if_high_speed, "1.3.6.1.2.1.31.1.1.1.15", "ifHighSpeed", Type::gauge32},
      {Column::if_promiscuous_mode, "1.3.6.1.2.1.31.1.1.1.16", "ifPromiscuousMode", Type::integer},
      {Column::if_connector_present, "1.3.6.1.2.1.31.1.1.1.17", "ifConnectorPresent", Type::integer},
      {Column::if_alias, "1.3.6.1.2.1.31.1.1.1.18", "ifAlias", Type::octet_string},
      {Column::if_counter_discontinuity_time, "1.3.6.1.2.1.31.1.1.1.19", "ifCounterDiscontinuityTime",
       Type::time_ticks},
  }));
  CHECK(oid_of(column).to_string() == oid);
  CHECK(to_string(column) == name);
  CHECK(mib_type(column) == type);
  CHECK((table_of(column) == Table::if_table) == (oid.find("1.3.6.1.2.1.2.2.") == 0));
}

TEST_CASE("all columns are there once, in the order of a walk") {
  const auto columns = all_columns();
  CHECK(columns.size() == 22 + 19);
  CHECK(std::is_sorted(columns.begin(), columns.end(), [](Column a, Column b) { return oid_of(a) < oid_of(b); }));
  CHECK(std::set<Column>(columns.begin(), columns.end()).size() == columns.size());
}

TEST_CASE("what is polled is enough for a row's name, state, speed and counters") {
  const auto columns = polled_columns();
  const auto polled = [&](Column column) { return std::find(columns.begin(), columns.end(), column) != columns.end(); };
  for (const Column column : {Column::if_name, Column::if_descr, Column::if_alias, Column::if_type, Column::if_mtu,
                              Column::if_phys_address, Column::if_speed, Column::if_high_speed, Column::if_admin_status,
                              Column::if_oper_status, Column::if_last_change, Column::if_counter_discontinuity_time}) {
    CAPTURE(to_string(column));
    CHECK(polled(column));
  }
  for (const Counter counter : all_counters()) {
    CAPTURE(to_string(counter));
    CHECK(polled(columns_of(counter).narrow));
    if (const auto wide = columns_of(counter).wide) CHECK(polled(*wide));
  }
  CHECK_FALSE(polled(Column::if_index));  // a Nexus 5000 crashed on it
  CHECK(std::is_sorted(columns.begin(), columns.end(), [](Column a, Column b) { return oid_of(a) < oid_of(b); }));
}

TEST_CASE("each counter has its columns") {
  const auto [counter, wide, narrow] = GENERATE(table<Counter, std::optional<Column>, Column>({
      {Counter::in_octets, Column::if_hc_in_octets, Column::if_in_octets},
      {Counter::out_octets, Column::if_hc_out_octets, Column::if_out_octets},
      {Counter::in_ucast_pkts, Column::if_hc_in_ucast_pkts, Column::if_in_ucast_pkts},
      {Counter::out_ucast_pkts, Column::if_hc_out_ucast_pkts, Column::if_out_ucast_pkts},
      {Counter::in_multicast_pkts, Column::if_hc_in_multicast_pkts, Column::if_in_multicast_pkts},
      {Counter::out_multicast_pkts, Column::if_hc_out_multicast_pkts, Column::if_out_multicast_pkts},
      {Counter::in_broadcast_pkts, Column::if_hc_in_broadcast_pkts, Column::if_in_broadcast_pkts},
      {Counter::out_broadcast_pkts, Column::if_hc_out_broadcast_pkts, Column::if_out_broadcast_pkts},
      {Counter::in_errors, std::nullopt, Column::if_in_errors},
      {Counter::out_errors, std::nullopt, Column::if_out_errors},
      {Counter::in_discards, std::nullopt, Column::if_in_discards},
      {Counter::in_unknown_protos, std::nullopt, Column::if_in_unknown_protos},
      {Counter::out_discards, std::nullopt, Column::if_out_discards},
  }));
  CAPTURE(to_string(counter));
  CHECK(columns_of(counter).wide == wide);
  CHECK(columns_of(counter).narrow == narrow);
}

}  // namespace
}  // namespace octopoll::ifmib
