#include "fleet/traffic.hpp"

namespace fleet {
namespace {

// Rate times nanoseconds passes 2^64 within minutes at 100 Gb/s.
__extension__ using Wide = unsigned __int128;

std::uint64_t scaled(std::uint64_t rate, Instant elapsed, std::uint64_t per) noexcept {
  return static_cast<std::uint64_t>(Wide{rate} * static_cast<std::uint64_t>(elapsed.count()) / per);
}

constexpr std::uint64_t nanoseconds_of_an_octet_rate = 8'000'000'000;      // bits per second
constexpr std::uint64_t nanoseconds_of_an_event_rate = 1'000'000'000'000;  // events in 1000 seconds

struct Packets {
  std::uint64_t all;
  std::uint64_t multicast;
  std::uint64_t broadcast;
};

Packets packets(const Traffic& traffic, std::uint64_t bps, Instant elapsed) noexcept {
  const std::uint64_t all = scaled(bps, elapsed, nanoseconds_of_an_octet_rate) / traffic.packet_octets;
  const auto share = [&](std::uint32_t permille) { return static_cast<std::uint64_t>(Wide{all} * permille / 1000); };
  return {all, share(traffic.multicast_permille), share(traffic.broadcast_permille)};
}

}  // namespace

std::uint64_t gained(const Traffic& traffic, Count count, Instant elapsed) noexcept {
  const auto events = [&](std::uint64_t rate) { return scaled(rate, elapsed, nanoseconds_of_an_event_rate); };
  const auto unicast = [](const Packets& p) { return p.all - p.multicast - p.broadcast; };
  switch (count) {
    case Count::in_octets:
      return scaled(traffic.in_bps, elapsed, nanoseconds_of_an_octet_rate);
    case Count::in_ucast_pkts:
      return unicast(packets(traffic, traffic.in_bps, elapsed));
    case Count::in_multicast_pkts:
      return packets(traffic, traffic.in_bps, elapsed).multicast;
    case Count::in_broadcast_pkts:
      return packets(traffic, traffic.in_bps, elapsed).broadcast;
    case Count::in_discards:
      return events(traffic.in_discards_per_1000_s);
    case Count::in_errors:
      return events(traffic.in_errors_per_1000_s);
    case Count::in_unknown_protos:
      return events(traffic.in_unknown_protos_per_1000_s);
    case Count::out_octets:
      return scaled(traffic.out_bps, elapsed, nanoseconds_of_an_octet_rate);
    case Count::out_ucast_pkts:
      return unicast(packets(traffic, traffic.out_bps, elapsed));
    case Count::out_multicast_pkts:
      return packets(traffic, traffic.out_bps, elapsed).multicast;
    case Count::out_broadcast_pkts:
      return packets(traffic, traffic.out_bps, elapsed).broadcast;
    case Count::out_discards:
      return events(traffic.out_discards_per_1000_s);
    case Count::out_errors:
      return events(traffic.out_errors_per_1000_s);
  }
  return 0;
}

}  // namespace fleet
