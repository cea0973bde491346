#pragma once
// What the inventory says of echo packets, as the prober takes it.

#include "octopoll/config/inventory.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::poll {

/// The packets and their timeout; how many and how far apart is the caller's to say.
[[nodiscard]] inline icmp::EchoPlan echo_plan_of(const config::EchoSettings& settings) {
  icmp::EchoPlan plan;
  plan.timeout = settings.timeout;
  plan.payload = settings.payload;
  plan.hop_limit = settings.hop_limit;
  plan.dscp = settings.dscp;
  plan.dont_fragment = settings.dont_fragment;
  plan.source = settings.source;
  return plan;
}

}  // namespace octopoll::poll
