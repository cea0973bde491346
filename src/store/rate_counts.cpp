#include "rate_counts.hpp"

#include <cstdint>

namespace octopoll::store {

void count_rates(const TrafficBin& bin, RateTally& tally) {
  const std::uint64_t speed = bin.speed == TrafficBin::Speed::steady    ? rate_speed_first + bin.speed_mbps
                              : bin.speed == TrafficBin::Speed::unknown ? rate_speed_unknown
                                                                        : rate_speed_varies;
  for (std::size_t way = 0; way < bin.directions.size(); ++way) {
    const TrafficBin::Direction& of = bin.directions[way];
    if (of.covered_us <= 0) continue;
    tally.add({speed, way == 0 ? RateKind::in : RateKind::out, bucket_of_rate(of.octets, of.covered_us), 1});
    if (speed != rate_speed_varies || of.utilization.covered_us <= 0) continue;
    const double share = of.utilization.share_us / static_cast<double>(of.utilization.covered_us);
    tally.add({speed, way == 0 ? RateKind::in_share : RateKind::out_share, bucket_of_share(share), 1});
  }
}

}  // namespace octopoll::store
