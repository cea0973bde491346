#include "fleet/traffic.hpp"

namespace fleet {
namespace {

// Rate times nanoseconds passes 2^64 within minutes at 100 Gb/s.
__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t second = 1'000'000'000;

/// `rate` in `per_seconds` seconds, as whole numbers. Dividing 128 bits is most of what an answer would cost, so slow
/// rates, which are most, go another way to the same result: whole seconds and the rest apart.
template <std::uint64_t per_seconds>
std::uint64_t scaled(std::uint64_t rate, Instant elapsed) noexcept {
  if (rate == 0) return 0;
  const auto nanoseconds = static_cast<std::uint64_t>(elapsed.count());
  const std::uint64_t seconds = nanoseconds / second;
  // Below 8.5 Gb/s and 68 years neither product passes 2^64.
  if (rate < std::uint64_t{1} << 33 && seconds < std::uint64_t{1} << 31) {
    const std::uint64_t of_seconds = rate * seconds;
    const std::uint64_t of_rest = rate * (nanoseconds % second);
    return of_seconds / per_seconds + (of_seconds % per_seconds * second + of_rest) / (per_seconds * second);
  }
  return static_cast<std::uint64_t>(Wide{rate} * nanoseconds / (per_seconds * second));
}

std::uint64_t octets(std::uint64_t bits_per_second, Instant elapsed) noexcept {
  return scaled<8>(bits_per_second, elapsed);
}
std::uint64_t events(std::uint64_t in_1000_seconds, Instant elapsed) noexcept {
  return scaled<1000>(in_1000_seconds, elapsed);
}

struct Packets {
  std::uint64_t all;
  std::uint64_t multicast;
  std::uint64_t broadcast;
};

Packets packets(const Traffic& traffic, std::uint64_t bps, Instant elapsed) noexcept {
  const std::uint64_t all = octets(bps, elapsed) / traffic.packet_octets;
  const auto share = [&](std::uint32_t permille) {
    return permille == 0 ? 0 : static_cast<std::uint64_t>(Wide{all} * permille / 1000);
  };
  return {all, share(traffic.multicast_permille), share(traffic.broadcast_permille)};
}

}  // namespace

std::uint64_t gained(const Traffic& traffic, Count count, Instant elapsed) noexcept {
  const auto unicast = [](const Packets& p) { return p.all - p.multicast - p.broadcast; };
  switch (count) {
    case Count::in_octets:
      return octets(traffic.in_bps, elapsed);
    case Count::in_ucast_pkts:
      return unicast(packets(traffic, traffic.in_bps, elapsed));
    case Count::in_multicast_pkts:
      return traffic.multicast_permille == 0 ? 0 : packets(traffic, traffic.in_bps, elapsed).multicast;
    case Count::in_broadcast_pkts:
      return traffic.broadcast_permille == 0 ? 0 : packets(traffic, traffic.in_bps, elapsed).broadcast;
    case Count::in_discards:
      return events(traffic.in_discards_per_1000_s, elapsed);
    case Count::in_errors:
      return events(traffic.in_errors_per_1000_s, elapsed);
    case Count::in_unknown_protos:
      return events(traffic.in_unknown_protos_per_1000_s, elapsed);
    case Count::out_octets:
      return octets(traffic.out_bps, elapsed);
    case Count::out_ucast_pkts:
      return unicast(packets(traffic, traffic.out_bps, elapsed));
    case Count::out_multicast_pkts:
      return traffic.multicast_permille == 0 ? 0 : packets(traffic, traffic.out_bps, elapsed).multicast;
    case Count::out_broadcast_pkts:
      return traffic.broadcast_permille == 0 ? 0 : packets(traffic, traffic.out_bps, elapsed).broadcast;
    case Count::out_discards:
      return events(traffic.out_discards_per_1000_s, elapsed);
    case Count::out_errors:
      return events(traffic.out_errors_per_1000_s, elapsed);
  }
  return 0;
}

}  // namespace fleet
