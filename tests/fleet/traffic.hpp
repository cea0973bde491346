#pragma once
// A steady flow through an interface and what it adds to the counters: whole numbers only.

#include <cstdint>

#include "fleet/counters.hpp"
#include "fleet/model.hpp"

namespace fleet {

struct Traffic {
  std::uint64_t in_bps = 0;  ///< bits per second of IF-MIB octets
  std::uint64_t out_bps = 0;
  std::uint32_t packet_octets = 1000;
  std::uint32_t multicast_permille = 0;  ///< of the packets
  std::uint32_t broadcast_permille = 0;
  // Events in 1000 seconds.
  std::uint64_t in_errors_per_1000_s = 0;
  std::uint64_t out_errors_per_1000_s = 0;
  std::uint64_t in_discards_per_1000_s = 0;
  std::uint64_t out_discards_per_1000_s = 0;
  std::uint64_t in_unknown_protos_per_1000_s = 0;
};

/// What one counter has gained after `elapsed`, rounded down: octets from the bit rate, packets from the octets,
/// multicast and broadcast from the packets, unicast the rest. Exact for any rate below 2^63 and any time.
[[nodiscard]] std::uint64_t gained(const Traffic& traffic, Count count, Instant elapsed) noexcept;

}  // namespace fleet
