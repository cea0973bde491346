#pragma once
// Who claims which SNMP engine id.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace octopoll::poll {

/// Finds devices that claim the engine id of another one, as cloned machines and clusters do (RFC 3411 section 3.1.1.1
/// wants each engine to have its own). They are polled all the same; but whoever relies on engine ids, as receivers of
/// SNMPv3 traps do, takes them for one, so it is told.
///
/// Shape:  one entry a device that speaks SNMPv3. No I/O.
/// Thread: one.
class EngineIds {
 public:
  /// Of an engine id that a whole fleet of clones has, as many devices are named.
  static constexpr std::size_t named = 8;

  /// `device` was read at `address` under `engine_id` (hex; empty where it has none, which is no news). Returns what a
  /// person should be told, once for each device. Devices at one address are one agent under several credentials or
  /// contexts.
  [[nodiscard]] std::optional<std::string> see(const std::string& device, const std::string& address,
                                               const std::string& engine_id);
  void forget(const std::string& device);

 private:
  struct Claim {
    std::string engine_id;
    std::string address;
  };
  std::unordered_map<std::string, Claim> claims_;                      ///< by device
  std::unordered_map<std::string, std::vector<std::string>> devices_;  ///< by engine id, in their order
};

}  // namespace octopoll::poll
