#pragma once
// Devices described in JSON.
//
//   {"devices": [
//     {"name": "core1", "community": "public", "address": "127.1.0.1", "port": 16100, "max_message_size": 1472,
//      "recording": "switch.snmprec", "faults": {"delay": {"fixed_ms": 20}}},
//     {"name": "edge", "count": 100, "interfaces": {"count": 48, "in_bps": 300000000},
//      "ifx_table": true, "counters_64": true, "cache_period_ms": 3000, "advertise_cache_period": true,
//      "sys_uptime": 4294960000, "clock_drift_ppm": 0, "engine_boots": 1, "engine_time": 0,
//      "sys_descr": "", "sys_contact": "", "sys_location": "",
//      "users": ["octo:SHA256:correct horse:AES:battery staple"]},
//     {"name": "exact", "interfaces": [
//       {"if_index": 7, "name": "eth7", "descr": "", "alias": "uplink", "type": 6, "mtu": 1500, "speed_bps":
//       10000000000,
//        "if_speed": 4294967295, "if_high_speed": 10000, "admin_status": 1, "oper_status": 1,
//        "cache_period_ms": 5000, "cache_phase_ms": 1000,
//        "in_bps": 8000, "out_bps": 0, "packet_octets": 500, "multicast_permille": 10, "broadcast_permille": 0,
//        "in_errors_per_1000_s": 0, ..., "start": {"in_octets": 4294967000}}]}]}
//
// Only the name is required. With `count` the names are edge-1, edge-2, ..., the addresses go up by one each.
// A community that is not given is the device's name. With users (USER[:AUTH:PASSPHRASE[:PRIV:PASSPHRASE]]) a device
// speaks SNMPv3 as well, as the one engine at its address and port; each user must use all that he has. Recordings are
// found beside the file of the scenario.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fleet/address.hpp"
#include "fleet/device.hpp"
#include "fleet/json_fields.hpp"
#include "fleet/recording.hpp"
#include "fleet/synthetic.hpp"

namespace fleet {

struct DeviceSpec {
  std::string name{};
  Place place{};  ///< an empty community: the name
  std::size_t max_message_size = 65507;
  /// Of SNMPv3; none: it speaks version 1 and 2c alone.
  std::vector<std::shared_ptr<const UsmUser>> users{};
  /// What it plays: the recording, or where there is none the synthetic device.
  std::shared_ptr<const Recording> recording{};
  SyntheticSpec synthetic{};
  Json faults = Json::object();
};

/// Errors: std::invalid_argument "WHERE: what is wrong", std::runtime_error for a recording that cannot be read.
[[nodiscard]] std::vector<DeviceSpec> parse_scenario(const Json& scenario, const std::filesystem::path& directory);
/// Errors: also std::runtime_error naming the file.
[[nodiscard]] std::vector<DeviceSpec> load_scenario(const std::filesystem::path& file);

/// One device for each *.snmprec of the folder; name and community are the file's name without its ending.
[[nodiscard]] std::vector<DeviceSpec> load_recordings(const std::filesystem::path& directory);

/// `count` like devices at addresses that go up by one from `base`, with `interfaces` interfaces each.
[[nodiscard]] std::vector<DeviceSpec> make_devices(std::size_t count, std::size_t interfaces, const Address& base,
                                                   const std::string& community);

/// `count` interfaces with ifIndex 1.., all like `pattern`; names that the pattern does not have become eth1, eth2, ...
[[nodiscard]] std::vector<InterfaceSpec> make_interfaces(std::size_t count, const InterfaceSpec& pattern);

[[nodiscard]] InterfaceSpec parse_interface(const Json& json, const std::string& where);
[[nodiscard]] InterfaceChange parse_interface_change(const Json& json, const InterfaceSpec& now,
                                                     const std::string& where);

}  // namespace fleet
