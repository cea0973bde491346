#pragma once
// `auths:` of the inventory.

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "config/problems.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/core/credentials.hpp"
#include "octopoll/core/shared_value.hpp"

namespace octopoll::config {

struct Auths {
  /// Empty where the entry has problems: its name is known, so that those who use it are not blamed as well.
  std::map<std::string, std::optional<SharedValue<SnmpCredentials>>, std::less<>> by_name;
  /// The first secret that stands in the file itself. The community `public` is none.
  std::optional<Place> literal_secret;
};

/// Reads the map in snmp_exporter's words, resolves the secrets and checks that the keys fit the version and the level.
/// No message quotes a value of an auth, since two of them may have been swapped.
[[nodiscard]] Auths read_auths(const Node& node, const std::filesystem::path& folder, Problems& problems);

}  // namespace octopoll::config
