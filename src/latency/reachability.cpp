#include "octopoll/latency/reachability.hpp"

namespace octopoll::latency {

std::string_view to_string(Reachability state) noexcept {
  switch (state) {
    case Reachability::up:
      return "up";
    case Reachability::icmp_only:
      return "icmp_only";
    case Reachability::snmp_only:
      return "snmp_only";
    case Reachability::down:
      return "down";
    case Reachability::unknown:
      return "unknown";
  }
  return "unknown";
}

Reachability reachability(std::optional<bool> icmp, std::optional<bool> snmp) noexcept {
  if (!icmp && !snmp) return Reachability::unknown;
  const bool by_icmp = icmp.value_or(*(snmp ? snmp : icmp));
  const bool by_snmp = snmp.value_or(by_icmp);
  if (by_icmp) return by_snmp ? Reachability::up : Reachability::icmp_only;
  return by_snmp ? Reachability::snmp_only : Reachability::down;
}

}  // namespace octopoll::latency
