#pragma once
// The columns of ifTable and ifXTable.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "octopoll/core/counters.hpp"
#include "octopoll/snmp/oid.hpp"
#include "octopoll/snmp/value.hpp"

namespace octopoll::ifmib {

enum class Table : std::uint8_t { if_table, if_x_table };

/// A column: its table in the high octet, its number in the low one. Source: RFC 2863 section 6.
enum class Column : std::uint16_t {
  if_index = 0x0001,
  if_descr = 0x0002,
  if_type = 0x0003,
  if_mtu = 0x0004,
  if_speed = 0x0005,
  if_phys_address = 0x0006,
  if_admin_status = 0x0007,
  if_oper_status = 0x0008,
  if_last_change = 0x0009,
  if_in_octets = 0x000a,
  if_in_ucast_pkts = 0x000b,
  if_in_nucast_pkts = 0x000c,
  if_in_discards = 0x000d,
  if_in_errors = 0x000e,
  if_in_unknown_protos = 0x000f,
  if_out_octets = 0x0010,
  if_out_ucast_pkts = 0x0011,
  if_out_nucast_pkts = 0x0012,
  if_out_discards = 0x0013,
  if_out_errors = 0x0014,
  if_out_q_len = 0x0015,
  if_specific = 0x0016,
  if_name = 0x0101,
  if_in_multicast_pkts = 0x0102,
  if_in_broadcast_pkts = 0x0103,
  if_out_multicast_pkts = 0x0104,
  if_out_broadcast_pkts = 0x0105,
  if_hc_in_octets = 0x0106,
  if_hc_in_ucast_pkts = 0x0107,
  if_hc_in_multicast_pkts = 0x0108,
  if_hc_in_broadcast_pkts = 0x0109,
  if_hc_out_octets = 0x010a,
  if_hc_out_ucast_pkts = 0x010b,
  if_hc_out_multicast_pkts = 0x010c,
  if_hc_out_broadcast_pkts = 0x010d,
  if_link_up_down_trap_enable = 0x010e,
  if_high_speed = 0x010f,
  if_promiscuous_mode = 0x0110,
  if_connector_present = 0x0111,
  if_alias = 0x0112,
  if_counter_discontinuity_time = 0x0113,
};

[[nodiscard]] constexpr Table table_of(Column column) noexcept {
  return static_cast<Table>(static_cast<std::uint16_t>(column) >> 8U);
}
/// "ifHCInOctets".
[[nodiscard]] std::string_view to_string(Column column) noexcept;
/// The type that the MIB gives it.
[[nodiscard]] snmp::Type mib_type(Column column) noexcept;
/// 1.3.6.1.2.1.2.2.1.N or 1.3.6.1.2.1.31.1.1.1.N, without an instance.
[[nodiscard]] snmp::Oid oid_of(Column column);
/// One cell's, of a row whose index in ifXTable may be another one than in ifTable (Row::x_index).
[[nodiscard]] snmp::Oid cell_oid(Column column, std::uint32_t index, std::uint32_t x_index);

/// All 41, in the order of the MIB.
[[nodiscard]] std::span<const Column> all_columns() noexcept;
/// All but ifIndex, which the instances say anyway and some agents crash on (Nexus 5000).
[[nodiscard]] std::span<const Column> harmless_columns() noexcept;
/// What a poller reads to know a row: names, states, speeds and which counters there are.
[[nodiscard]] std::span<const Column> polled_columns() noexcept;

/// A counter's 64-bit column (where the MIB has one) and its 32-bit column.
struct CounterColumns {
  std::optional<Column> wide;
  Column narrow;
};
[[nodiscard]] CounterColumns columns_of(Counter counter) noexcept;

}  // namespace octopoll::ifmib
