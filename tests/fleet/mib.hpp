#pragma once
// The objects that the agent knows by meaning: SNMPv2-MIB system, IF-MIB, SNMP-FRAMEWORK-MIB snmpEngine.
// Source: RFC 3418, RFC 2863, RFC 3411 section 5; NET-SNMP-AGENT-MIB for the cache period.

#include <cstdint>
#include <span>
#include <string_view>

#include "fleet/oid.hpp"

namespace fleet {

/// Which object a name belongs to; `other` is what a recording may hold besides.
enum class Object : std::uint8_t {
  other,
  sys_descr,
  sys_object_id,
  sys_uptime,
  sys_contact,
  sys_name,
  sys_location,
  sys_services,
  if_number,
  if_index,
  if_descr,
  if_type,
  if_mtu,
  if_speed,
  if_phys_address,
  if_admin_status,
  if_oper_status,
  if_last_change,
  if_in_octets,
  if_in_ucast_pkts,
  if_in_nucast_pkts,
  if_in_discards,
  if_in_errors,
  if_in_unknown_protos,
  if_out_octets,
  if_out_ucast_pkts,
  if_out_nucast_pkts,
  if_out_discards,
  if_out_errors,
  if_out_q_len,
  if_name,
  if_in_multicast_pkts,
  if_in_broadcast_pkts,
  if_out_multicast_pkts,
  if_out_broadcast_pkts,
  if_hc_in_octets,
  if_hc_in_ucast_pkts,
  if_hc_in_multicast_pkts,
  if_hc_in_broadcast_pkts,
  if_hc_out_octets,
  if_hc_out_ucast_pkts,
  if_hc_out_multicast_pkts,
  if_hc_out_broadcast_pkts,
  if_link_up_down_trap_enable,
  if_high_speed,
  if_promiscuous_mode,
  if_connector_present,
  if_alias,
  if_counter_discontinuity_time,
  if_table_last_change,
  engine_id,
  engine_boots,
  engine_time,
  engine_max_message_size,
  if_table_cache_period,
};

/// Which part of the MIB it stands in; decides what a device that lacks something leaves out.
enum class Group : std::uint8_t { scalar, if_table, if_x_table, if_x_table_64 };

struct ObjectType {
  Object object;
  std::string_view name;  ///< "ifInOctets"
  Oid oid;                ///< without the instance
  Group group;
  [[nodiscard]] bool is_column() const noexcept { return group != Group::scalar; }
};

/// All of them, in the order of their OIDs.
[[nodiscard]] std::span<const ObjectType> object_types();
/// Null when there is none of that name.
[[nodiscard]] const ObjectType* find_object_type(std::string_view name);
/// The object type that this instance belongs to; `other` for all that is not known here.
[[nodiscard]] Object classify(OidView instance);
/// How many leading numbers of an instance's name say its object type (RFC 3416 section 4.2.1 tells noSuchObject from
/// noSuchInstance by them). For tables that are not known here the index is taken to be one number.
[[nodiscard]] std::size_t object_type_size(OidView instance);

/// 1.3.6.1.2.1.2.2.1 and 1.3.6.1.2.1.31.1.1.1.
[[nodiscard]] OidView if_entry() noexcept;
[[nodiscard]] OidView if_x_entry() noexcept;

}  // namespace fleet
