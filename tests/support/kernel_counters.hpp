#pragma once
// What the kernel itself counts of an interface: the truth that a poll of this machine is compared with.

#include <cstdint>
#include <map>
#include <string>

#include "support/netns.hpp"

namespace octopoll::test {

/// Unit: octets and packets since the interface was made. Source: Linux /proc/net/dev, in its order.
struct KernelCounters {
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_errors = 0;
  std::uint64_t rx_dropped = 0;
  std::uint64_t rx_multicast = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_errors = 0;
  std::uint64_t tx_dropped = 0;
  friend bool operator==(const KernelCounters&, const KernelCounters&) = default;
};

/// By interface name; read at once for all of them. Errors: std::runtime_error when the kernel's table does not parse.
[[nodiscard]] std::map<std::string, KernelCounters> kernel_counters();
[[nodiscard]] std::map<std::string, KernelCounters> kernel_counters(const Netns& space);

}  // namespace octopoll::test
