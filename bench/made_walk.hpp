#pragma once
// What an interface of an access network makes of its minutes, for the benchmarks of the store.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "made_network.hpp"
#include "octopoll/core/cycle.hpp"

namespace octopoll::bench {

/// One interface on its walk.
class Walk {
 public:
  Walk(std::int64_t id, std::int64_t of, std::uint64_t seed)
      : random_(seed + static_cast<std::uint64_t>(id)),
        kind_(kind_at((static_cast<double>(id % of) + 0.5) / static_cast<double>(of))) {
    peak_ = std::uniform_real_distribution<double>(0.3, 1.7)(random_);
  }
  [[nodiscard]] std::size_t kind() const noexcept { return kind_; }

  /// The minute that ends at `at_ms`.
  InterfaceRecord minute(std::int64_t at_ms) {
    const Kind& kind = kinds[kind_];
    InterfaceRecord row;
    row.sample.admin_status = status_up;
    row.sample.oper_status = status_up;
    row.elapsed =
        std::chrono::seconds(60) + std::chrono::microseconds(static_cast<std::int64_t>(normal_(random_) * 4000));
    row.time_error = std::abs(normal_(random_)) * 3e-6;
    row.in_speed_bps = row.out_speed_bps = static_cast<std::uint64_t>(kind.speed_bps);
    const double daily = bench::daily(static_cast<double>(at_ms) / 3.6e6);
    slow_ = 0.98 * slow_ + 0.2 * normal_(random_) * kind.noise;
    size_ = std::clamp(size_ + normal_(random_) * 20.0, 120.0, 1300.0);
    for (const std::size_t way : {std::size_t{0}, std::size_t{1}}) {
      const double wanted = kind.load * (way == 0 ? peak_ : peak_ * 0.4) * daily *
                            std::exp(slow_ + kind.noise * 0.5 * normal_(random_)) * kind.speed_bps;
      const double octets = std::min(wanted, 0.98 * kind.speed_bps) / 8 * 60;
      const auto set = [&](Counter counter, double value) {
        row.deltas.set(static_cast<Counter>(static_cast<std::size_t>(counter) + way),
                       {static_cast<std::uint64_t>(std::max(0.0, value)), Quality::ok, {}});
      };
      const bool used = kind.load > 0.0;
      set(Counter::in_octets, octets);
      set(Counter::in_ucast_pkts, octets / size_);
      set(Counter::in_multicast_pkts, used && way == 1 ? 30 + 6 * normal_(random_) : 0);
      set(Counter::in_broadcast_pkts, used && way == 1 ? 80 + 20 * normal_(random_) : 0);
      const bool errors = std::uniform_real_distribution<double>(0, 1)(random_) < kind.errors;
      set(Counter::in_errors, errors && way == 0 ? 1 + std::abs(normal_(random_)) * 5 : 0);
      set(Counter::in_discards, errors && way == 1 ? 1 + std::abs(normal_(random_)) * 90 : 0);
    }
    row.deltas.set(Counter::in_unknown_protos, {0, Quality::ok, {}});
    return row;
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::size_t kind_;
  double peak_ = 1.0, slow_ = 0.0, size_ = 600.0;
};

}  // namespace octopoll::bench
