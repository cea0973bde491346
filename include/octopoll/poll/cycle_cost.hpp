#pragma once
// What one cycle of a device takes of the device and of the network.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "octopoll/config/inventory.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/poll/wrap_risk.hpp"
#include "octopoll/snmp/interview.hpp"

namespace octopoll::poll {

/// Of a cycle in which nothing is new: the scalars that change, and the counters of the interfaces that the inventory
/// keeps. Unit: octets of UDP payload.
struct CycleCost {
  std::size_t interfaces = 0;
  std::uint64_t requests = 0;  ///< PDUs sent
  std::uint64_t octets_sent = 0;
  std::uint64_t octets_received = 0;
  std::chrono::nanoseconds duration{};
  /// Of a cycle that reads the tables as well: the first one, and one an hour. Nothing where that is not known.
  std::optional<std::uint64_t> requests_with_tables{};
  /// Nothing where no counter wraps unseen, or nobody knows.
  std::optional<WrapRisk> wraps{};
};

/// What the device's max_requests_per_second makes of so many requests, if they are answered at once; 0 without it.
[[nodiscard]] std::chrono::nanoseconds governed_duration(std::uint64_t requests, const config::Device& device) noexcept;

/// Finds out by doing it once: reads the tables as a first cycle would, then reads one cycle as the poller would and
/// counts. Nothing is estimated, so the packing of PDUs is the poller's own.
/// Errors: as a cycle's; the device is named. Blocks.
[[nodiscard]] Result<CycleCost> probe_cost(snmp::Interview& interview, const config::Device& device);

/// Reckons what a cycle of a device with so many interfaces of the usual kind takes, without asking anybody. The time
/// is that of `round_trip` for each request, max_outstanding at once.
[[nodiscard]] CycleCost assumed_cost(const config::Device& device, std::size_t interfaces,
                                     std::chrono::nanoseconds round_trip);

/// All devices together, each by its own interval.
struct TotalCost {
  double requests_per_second = 0;
  double bits_per_second_out = 0;  ///< towards the devices
  double bits_per_second_in = 0;
};
void add(TotalCost& total, const CycleCost& cost, std::chrono::nanoseconds interval);
/// Of the interval that a cycle takes; above 1 the device is polled less often than it should be.
[[nodiscard]] double share_of_interval(const CycleCost& cost, std::chrono::nanoseconds interval);

}  // namespace octopoll::poll
