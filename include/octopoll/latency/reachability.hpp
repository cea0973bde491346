#pragma once
// Whether a device can be reached, from what ICMP and SNMP say together.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace octopoll::latency {

/// `up` answers all that it is asked. `icmp_only`: its agent is silent. `snmp_only`: somebody on the way filters ICMP,
/// or the device does. `down` answers nothing that it is asked. `unknown`: it was not asked.
enum class Reachability : std::uint8_t { up, icmp_only, snmp_only, down, unknown };
inline constexpr std::array<Reachability, 5> all_reachabilities{
    Reachability::up, Reachability::icmp_only, Reachability::snmp_only, Reachability::down, Reachability::unknown};

/// "up", "icmp_only", ...: in reports, JSON and the store.
[[nodiscard]] std::string_view to_string(Reachability state) noexcept;

/// true: answered; false: silent; nullopt: not asked. Of a device that is asked by one protocol alone that one decides:
/// it is `up` or `down`.
[[nodiscard]] Reachability reachability(std::optional<bool> icmp, std::optional<bool> snmp) noexcept;

}  // namespace octopoll::latency
