#include "fleet/mib.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace fleet {
namespace {

constexpr std::array<std::uint32_t, 9> if_entry_oid{1, 3, 6, 1, 2, 1, 2, 2, 1};
constexpr std::array<std::uint32_t, 10> if_x_entry_oid{1, 3, 6, 1, 2, 1, 31, 1, 1, 1};

std::vector<ObjectType> make_object_types();
/// Entries of tables whose index is more than one number, or whose last number may be 0.
const std::vector<Oid>& table_entries();

}  // namespace

std::span<const ObjectType> object_types() {
  static const std::vector<ObjectType> types = make_object_types();
  return types;
}

const ObjectType* find_object_type(std::string_view name) {
  for (const auto& type : object_types()) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

Object classify(OidView instance) {
  const auto types = object_types();
  // The last type whose OID does not come after the instance: no other can be a prefix of it.
  const auto after = std::upper_bound(types.begin(), types.end(), instance,
                                      [](OidView name, const ObjectType& type) { return compare(name, type.oid) < 0; });
  if (after == types.begin()) return Object::other;
  const ObjectType& type = *std::prev(after);
  return starts_with(instance, type.oid) && instance.size() == type.oid.size() + 1 ? type.object : Object::other;
}

std::size_t object_type_size(OidView instance) {
  for (const auto& entry : table_entries()) {
    if (starts_with(instance, entry) && instance.size() > entry.size()) return entry.size() + 1;
  }
  return instance.size() - 1;
}

OidView if_entry() noexcept { return if_entry_oid; }
OidView if_x_entry() noexcept { return if_x_entry_oid; }

namespace {

std::vector<ObjectType> make_object_types() {
  std::vector<ObjectType> types;
  const auto scalar = [&](Object object, std::string_view name, std::string_view oid) {
    types.push_back({object, name, *parse_oid(oid), Group::scalar});
  };
  const auto column = [&](Object object, std::string_view name, std::uint32_t number, Group group) {
    const OidView entry = group == Group::if_table ? if_entry() : if_x_entry();
    Oid oid(entry.begin(), entry.end());
    oid.push_back(number);
    types.push_back({object, name, std::move(oid), group});
  };
  using enum Object;
  scalar(sys_descr, "sysDescr", "1.3.6.1.2.1.1.1");
  scalar(sys_object_id, "sysObjectID", "1.3.6.1.2.1.1.2");
  scalar(sys_uptime, "sysUpTime", "1.3.6.1.2.1.1.3");
  scalar(sys_contact, "sysContact", "1.3.6.1.2.1.1.4");
  scalar(sys_name, "sysName", "1.3.6.1.2.1.1.5");
  scalar(sys_location, "sysLocation", "1.3.6.1.2.1.1.6");
  scalar(sys_services, "sysServices", "1.3.6.1.2.1.1.7");
  scalar(if_number, "ifNumber", "1.3.6.1.2.1.2.1");
  column(if_index, "ifIndex", 1, Group::if_table);
  column(if_descr, "ifDescr", 2, Group::if_table);
  column(if_type, "ifType", 3, Group::if_table);
  column(if_mtu, "ifMtu", 4, Group::if_table);
  column(if_speed, "ifSpeed", 5, Group::if_table);
  column(if_phys_address, "ifPhysAddress", 6, Group::if_table);
  column(if_admin_status, "ifAdminStatus", 7, Group::if_table);
  column(if_oper_status, "ifOperStatus", 8, Group::if_table);
  column(if_last_change, "ifLastChange", 9, Group::if_table);
  column(if_in_octets, "ifInOctets", 10, Group::if_table);
  column(if_in_ucast_pkts, "ifInUcastPkts", 11, Group::if_table);
  column(if_in_nucast_pkts, "ifInNUcastPkts", 12, Group::if_table);
  column(if_in_discards, "ifInDiscards", 13, Group::if_table);
  column(if_in_errors, "ifInErrors", 14, Group::if_table);
  column(if_in_unknown_protos, "ifInUnknownProtos", 15, Group::if_table);
  column(if_out_octets, "ifOutOctets", 16, Group::if_table);
  column(if_out_ucast_pkts, "ifOutUcastPkts", 17, Group::if_table);
  column(if_out_nucast_pkts, "ifOutNUcastPkts", 18, Group::if_table);
  column(if_out_discards, "ifOutDiscards", 19, Group::if_table);
  column(if_out_errors, "ifOutErrors", 20, Group::if_table);
  column(if_out_q_len, "ifOutQLen", 21, Group::if_table);
  column(if_name, "ifName", 1, Group::if_x_table);
  column(if_in_multicast_pkts, "ifInMulticastPkts", 2, Group::if_x_table);
  column(if_in_broadcast_pkts, "ifInBroadcastPkts", 3, Group::if_x_table);
  column(if_out_multicast_pkts, "ifOutMulticastPkts", 4, Group::if_x_table);
  column(if_out_broadcast_pkts, "ifOutBroadcastPkts", 5, Group::if_x_table);
  column(if_hc_in_octets, "ifHCInOctets", 6, Group::if_x_table_64);
  column(if_hc_in_ucast_pkts, "ifHCInUcastPkts", 7, Group::if_x_table_64);
  column(if_hc_in_multicast_pkts, "ifHCInMulticastPkts", 8, Group::if_x_table_64);
  column(if_hc_in_broadcast_pkts, "ifHCInBroadcastPkts", 9, Group::if_x_table_64);
  column(if_hc_out_octets, "ifHCOutOctets", 10, Group::if_x_table_64);
  column(if_hc_out_ucast_pkts, "ifHCOutUcastPkts", 11, Group::if_x_table_64);
  column(if_hc_out_multicast_pkts, "ifHCOutMulticastPkts", 12, Group::if_x_table_64);
  column(if_hc_out_broadcast_pkts, "ifHCOutBroadcastPkts", 13, Group::if_x_table_64);
  column(if_link_up_down_trap_enable, "ifLinkUpDownTrapEnable", 14, Group::if_x_table);
  column(if_high_speed, "ifHighSpeed", 15, Group::if_x_table);
  column(if_promiscuous_mode, "ifPromiscuousMode", 16, Group::if_x_table);
  column(if_connector_present, "ifConnectorPresent", 17, Group::if_x_table);
  column(if_alias, "ifAlias", 18, Group::if_x_table);
  column(if_counter_discontinuity_time, "ifCounterDiscontinuityTime", 19, Group::if_x_table);
  scalar(if_table_last_change, "ifTableLastChange", "1.3.6.1.2.1.31.1.5");
  scalar(if_table_cache_period, "nsCacheTimeout.ifTable", "1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2");
  scalar(engine_id, "snmpEngineID", "1.3.6.1.6.3.10.2.1.1");
  scalar(engine_boots, "snmpEngineBoots", "1.3.6.1.6.3.10.2.1.2");
  scalar(engine_time, "snmpEngineTime", "1.3.6.1.6.3.10.2.1.3");
  scalar(engine_max_message_size, "snmpEngineMaxMessageSize", "1.3.6.1.6.3.10.2.1.4");
  std::sort(types.begin(), types.end(),
            [](const ObjectType& a, const ObjectType& b) { return compare(a.oid, b.oid) < 0; });
  return types;
}

const std::vector<Oid>& table_entries() {
  static const std::vector<Oid> entries{
      Oid(if_entry_oid.begin(), if_entry_oid.end()),
      Oid(if_x_entry_oid.begin(), if_x_entry_oid.end()),
      *parse_oid("1.3.6.1.2.1.4.20.1"),        // ipAddrEntry
      *parse_oid("1.3.6.1.2.1.31.1.2.1"),      // ifStackEntry
      *parse_oid("1.3.6.1.2.1.31.1.4.1"),      // ifRcvAddressEntry
      *parse_oid("1.3.6.1.4.1.8072.1.5.3.1"),  // nsCacheEntry
  };
  return entries;
}

}  // namespace
}  // namespace fleet
