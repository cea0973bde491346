#include "octopoll/ifmib/columns.hpp"

#include <algorithm>
#include <array>

namespace octopoll::ifmib {
namespace {

using snmp::Type;

struct Entry {
  Column column;
  std::string_view name;
  Type type;
};

constexpr std::array<Entry, 41> entries{{
    {Column::if_index, "ifIndex", Type::integer},
    {Column::if_descr, "ifDescr", Type::octet_string},
    {Column::if_type, "ifType", Type::integer},
    {Column::if_mtu, "ifMtu", Type::integer},
    {Column::if_speed, "ifSpeed", Type::gauge32},
    {Column::if_phys_address, "ifPhysAddress", Type::octet_string},
    {Column::if_admin_status, "ifAdminStatus", Type::integer},
    {Column::if_oper_status, "ifOperStatus", Type::integer},
    {Column::if_last_change, "ifLastChange", Type::time_ticks},
    {Column::if_in_octets, "ifInOctets", Type::counter32},
    {Column::if_in_ucast_pkts, "ifInUcastPkts", Type::counter32},
    {Column::if_in_nucast_pkts, "ifInNUcastPkts", Type::counter32},
    {Column::if_in_discards, "ifInDiscards", Type::counter32},
    {Column::if_in_errors, "ifInErrors", Type::counter32},
    {Column::if_in_unknown_protos, "ifInUnknownProtos", Type::counter32},
    {Column::if_out_octets, "ifOutOctets", Type::counter32},
    {Column::if_out_ucast_pkts, "ifOutUcastPkts", Type::counter32},
    {Column::if_out_nucast_pkts, "ifOutNUcastPkts", Type::counter32},
    {Column::if_out_discards, "ifOutDiscards", Type::counter32},
    {Column::if_out_errors, "ifOutErrors", Type::counter32},
    {Column::if_out_q_len, "ifOutQLen", Type::gauge32},
    {Column::if_specific, "ifSpecific", Type::oid},
    {Column::if_name, "ifName", Type::octet_string},
    {Column::if_in_multicast_pkts, "ifInMulticastPkts", Type::counter32},
    {Column::if_in_broadcast_pkts, "ifInBroadcastPkts", Type::counter32},
    {Column::if_out_multicast_pkts, "ifOutMulticastPkts", Type::counter32},
    {Column::if_out_broadcast_pkts, "ifOutBroadcastPkts", Type::counter32},
    {Column::if_hc_in_octets, "ifHCInOctets", Type::counter64},
    {Column::if_hc_in_ucast_pkts, "ifHCInUcastPkts", Type::counter64},
    {Column::if_hc_in_multicast_pkts, "ifHCInMulticastPkts", Type::counter64},
    {Column::if_hc_in_broadcast_pkts, "ifHCInBroadcastPkts", Type::counter64},
    {Column::if_hc_out_octets, "ifHCOutOctets", Type::counter64},
    {Column::if_hc_out_ucast_pkts, "ifHCOutUcastPkts", Type::counter64},
    {Column::if_hc_out_multicast_pkts, "ifHCOutMulticastPkts", Type::counter64},
    {Column::if_hc_out_broadcast_pkts, "ifHCOutBroadcastPkts", Type::counter64},
    {Column::if_link_up_down_trap_enable, "ifLinkUpDownTrapEnable", Type::integer},
    {Column::if_high_speed, "ifHighSpeed", Type::gauge32},
    {Column::if_promiscuous_mode, "ifPromiscuousMode", Type::integer},
    {Column::if_connector_present, "ifConnectorPresent", Type::integer},
    {Column::if_alias, "ifAlias", Type::octet_string},
    {Column::if_counter_discontinuity_time, "ifCounterDiscontinuityTime", Type::time_ticks},
}};

constexpr auto every_column = [] {
  std::array<Column, entries.size()> columns{};
  std::transform(entries.begin(), entries.end(), columns.begin(), [](const Entry& entry) { return entry.column; });
  return columns;
}();

constexpr bool is_polled(Column column) noexcept {
  switch (column) {
    case Column::if_index:
    case Column::if_in_nucast_pkts:
    case Column::if_out_nucast_pkts:
    case Column::if_out_q_len:
    case Column::if_specific:
    case Column::if_link_up_down_trap_enable:
    case Column::if_promiscuous_mode:
    case Column::if_connector_present:
      return false;
    default:
      return true;
  }
}

constexpr std::size_t polled_count =
    static_cast<std::size_t>(std::count_if(every_column.begin(), every_column.end(), is_polled));
constexpr auto polled = [] {
  std::array<Column, polled_count> columns{};
  std::copy_if(every_column.begin(), every_column.end(), columns.begin(), is_polled);
  return columns;
}();

const Entry& entry_of(Column column) noexcept {
  return *std::find_if(entries.begin(), entries.end(), [column](const Entry& entry) { return entry.column == column; });
}

}  // namespace

std::string_view to_string(Column column) noexcept { return entry_of(column).name; }
snmp::Type mib_type(Column column) noexcept { return entry_of(column).type; }

snmp::Oid oid_of(Column column) {
  const std::uint32_t number = static_cast<std::uint16_t>(column) & 0xffU;
  if (table_of(column) == Table::if_table) return {1, 3, 6, 1, 2, 1, 2, 2, 1, number};
  return {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, number};
}

snmp::Oid cell_oid(Column column, std::uint32_t index, std::uint32_t x_index) {
  return oid_of(column).child(table_of(column) == Table::if_x_table ? x_index : index);
}

std::span<const Column> all_columns() noexcept { return every_column; }
std::span<const Column> harmless_columns() noexcept { return std::span(every_column).subspan(1); }
std::span<const Column> polled_columns() noexcept { return polled; }

CounterColumns columns_of(Counter counter) noexcept {
  switch (counter) {
    case Counter::in_octets:
      return {Column::if_hc_in_octets, Column::if_in_octets};
    case Counter::out_octets:
      return {Column::if_hc_out_octets, Column::if_out_octets};
    case Counter::in_ucast_pkts:
      return {Column::if_hc_in_ucast_pkts, Column::if_in_ucast_pkts};
    case Counter::out_ucast_pkts:
      return {Column::if_hc_out_ucast_pkts, Column::if_out_ucast_pkts};
    case Counter::in_multicast_pkts:
      return {Column::if_hc_in_multicast_pkts, Column::if_in_multicast_pkts};
    case Counter::out_multicast_pkts:
      return {Column::if_hc_out_multicast_pkts, Column::if_out_multicast_pkts};
    case Counter::in_broadcast_pkts:
      return {Column::if_hc_in_broadcast_pkts, Column::if_in_broadcast_pkts};
    case Counter::out_broadcast_pkts:
      return {Column::if_hc_out_broadcast_pkts, Column::if_out_broadcast_pkts};
    case Counter::in_errors:
      return {std::nullopt, Column::if_in_errors};
    case Counter::out_errors:
      return {std::nullopt, Column::if_out_errors};
    case Counter::in_discards:
      return {std::nullopt, Column::if_in_discards};
    case Counter::out_discards:
      return {std::nullopt, Column::if_out_discards};
    case Counter::in_unknown_protos:
      break;
  }
  return {std::nullopt, Column::if_in_unknown_protos};
}

}  // namespace octopoll::ifmib
