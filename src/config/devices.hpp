#pragma once
// `devices:` and `groups:`.

#include <string_view>
#include <vector>

#include "config/names.hpp"
#include "config/patience.hpp"
#include "config/problems.hpp"
#include "config/settings.hpp"
#include "config/yaml_tree.hpp"
#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// Reads devices with all that they inherit. Those with problems are left out: a file with problems has no inventory.
class DeviceReader {
 public:
  DeviceReader(const Auths& auths, Names& names, Problems& problems)
      : auths_(auths), rules_(problems), settings_(auths, rules_, problems), names_(names), problems_(problems) {}

  /// `ping` at the top of the file; before all others.
  void set_ping(const EchoParts& echo) { defaults_.echo = echo; }
  void read_defaults(const Node& node);
  void read_groups(const Node& node);
  void read_devices(const Node& node) { read_list(node, defaults_); }

  /// What is odd about devices that have no problem.
  void warn(Problems& warnings) const { patience_.tell(warnings); }
  [[nodiscard]] std::vector<Device> take_devices() { return std::move(devices_); }

 private:
  void read_group(const Entry& group);
  void read_list(const Node& node, const Settings& inherited);
  void read_device(const Node& node, const Settings& inherited);
  void read_sources(const Node& node, Device& device);
  void add_device(Device device, const Node& address, const Settings& own, const Settings& inherited, Place name_place);

  const Auths& auths_;
  RulesReader rules_;
  SettingsReader settings_;
  Names& names_;
  Problems& problems_;
  PatienceCheck patience_;
  Settings defaults_;
  std::vector<Device> devices_;
};

}  // namespace octopoll::config
