#pragma once
// All devices of a fleet, found by name or by where they are asked.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fleet/device.hpp"
#include "fleet/scenario.hpp"

namespace fleet {

/// Thread: the fleet's; before it starts, its owner's.
class Registry {
 public:
  /// Errors: std::invalid_argument where the name or the place is taken, and what a model or a fault objects to.
  Device& add(DeviceSpec spec, Instant now);

  /// Null when nobody is there. A device with an address or a port of its own comes before one that takes any. Those
  /// that take any are behind loopback addresses alone unless `everywhere` is set.
  [[nodiscard]] Device* find(const Address& address, std::uint16_t port, std::string_view community) const {
    return find(by_place_, address, port, community);
  }
  /// The one that speaks SNMPv3 there; null when nobody does.
  [[nodiscard]] Device* find_engine(const Address& address, std::uint16_t port) const {
    return find(by_engine_, address, port, {});
  }
  /// Null when there is none.
  [[nodiscard]] Device* find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Device>>& devices() const noexcept { return devices_; }

  bool everywhere = false;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
  };
  using Index = std::unordered_map<std::string, Device*, Hash, std::equal_to<>>;

  [[nodiscard]] Device* find(const Index& index, const Address& address, std::uint16_t port,
                             std::string_view community) const;

  std::vector<std::unique_ptr<Device>> devices_;
  Index by_name_;
  Index by_place_;
  Index by_engine_;
  std::shared_ptr<LayoutCache> layouts_ = std::make_shared<LayoutCache>();
  bool some_have_ports_ = false;
  bool some_have_addresses_ = false;
};

}  // namespace fleet
