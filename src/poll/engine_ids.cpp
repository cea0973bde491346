#include "poll/engine_ids.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace octopoll::poll {

std::optional<std::string> EngineIds::see(const std::string& device, const std::string& address,
                                          const std::string& engine_id) {
  if (engine_id.empty()) return std::nullopt;
  if (const auto known = claims_.find(device); known != claims_.end()) {
    if (known->second.engine_id == engine_id && known->second.address == address) return std::nullopt;
    forget(device);
  }
  std::vector<std::string>& others = devices_[engine_id];
  const auto other = std::find_if(others.begin(), others.end(),
                                  [&](const std::string& name) { return claims_.at(name).address != address; });
  std::optional<std::string> told;
  if (other != others.end() && others.size() < named) {
    told = fmt::format(
        "{} ({}) and {} ({}) claim one SNMP engine id, {}: both are polled, told apart by address; "
        "unless they are one device, give one of them an engine id of its own",
        *other, claims_.at(*other).address, device, address, engine_id);
  } else if (other != others.end() && others.size() == named) {
    told = fmt::format("more than {} devices claim the SNMP engine id {}: the others are polled too, and not named",
                       named, engine_id);
  }
  others.push_back(device);
  claims_[device] = {engine_id, address};
  return told;
}

void EngineIds::forget(const std::string& device) {
  const auto claim = claims_.find(device);
  if (claim == claims_.end()) return;
  const auto group = devices_.find(claim->second.engine_id);
  std::erase(group->second, device);
  if (group->second.empty()) devices_.erase(group);
  claims_.erase(claim);
}

}  // namespace octopoll::poll
