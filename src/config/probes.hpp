#pragma once
// `probes:` and `ping:`.

#include <vector>

#include "config/echo.hpp"
#include "config/names.hpp"
#include "config/problems.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// The ICMP targets beside the devices; those with problems are left out.
[[nodiscard]] std::vector<Probe> read_probes(const Node& node, Names& names, Problems& problems);

/// `ping` at the top of the file: what holds for devices that do not say otherwise.
[[nodiscard]] EchoParts read_ping(const Node& node, Problems& problems);

}  // namespace octopoll::config
