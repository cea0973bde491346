#pragma once
// `probes:` and `ping:`.

#include <optional>
#include <vector>

#include "config/names.hpp"
#include "config/problems.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// The ICMP targets beside the devices; those with problems are left out.
[[nodiscard]] std::vector<Probe> read_probes(const Node& node, Names& names, Problems& problems);

/// `ping` at the top of the file, and where its parts were written.
struct PingSettings {
  PingDefaults values;
  std::optional<Place> timeout;
  std::optional<Place> count;
};
[[nodiscard]] PingSettings read_ping_settings(const Node& node, Problems& problems);

/// Whether the pings of `device` can be what the file says at the device's interval.
void check_ping(const PingSettings& ping, const Device& device, Problems& problems);

}  // namespace octopoll::config
