#pragma once
// How long to wait for an answer before asking again.

#include <algorithm>
#include <chrono>
#include <optional>

#include "octopoll/core/clock.hpp"

namespace octopoll::snmp {

/// A device's round trips, smoothed as TCP smooths its own.
///
/// Shape:  value type, no allocation.
/// Source: RFC 6298 sections 2 and 3. Each try has a request id of its own, so a sample belongs to its try and Karn's
///         rule is met. Other than there: at least 200 ms, since agents answer from an idle priority and no path is
///         congested by a few requests; at most what the configuration says.
class RoundTrips {
 public:
  static constexpr std::chrono::nanoseconds shortest_wait = std::chrono::milliseconds(200);

  /// A best that is older than two of these is forgotten: then the path has become longer, and no queue explains it. By
  /// time and not by samples, since at one request at a time these are few.
  static constexpr std::chrono::nanoseconds memory = std::chrono::seconds(15);

  void add(std::chrono::nanoseconds round_trip, BootTime now) noexcept {
    if (!known()) {
      smoothed_ = round_trip;
      variation_ = round_trip / 2;
    } else {
      const auto difference = smoothed_ > round_trip ? smoothed_ - round_trip : round_trip - smoothed_;
      variation_ = (3 * variation_ + difference) / 4;
      smoothed_ = (7 * smoothed_ + round_trip) / 8;
    }
    if (!began_ || now - *began_ >= memory) {
      best_before_ = began_ ? best_ : round_trip;
      best_ = round_trip;
      began_ = now;
    }
    best_ = std::min(best_, round_trip);
  }

  [[nodiscard]] bool known() const noexcept { return smoothed_ != std::chrono::nanoseconds::zero(); }
  [[nodiscard]] std::chrono::nanoseconds smoothed() const noexcept { return smoothed_; }

  /// How long to wait for the answer to a first try; `configured` as long as nothing is known.
  [[nodiscard]] std::chrono::nanoseconds wait(std::chrono::nanoseconds configured) const noexcept {
    if (!known()) return configured;
    return std::clamp(smoothed_ + 4 * variation_, std::min(shortest_wait, configured), configured);
  }

  /// Answers have come to take several times as long as they can: the device (or the path) is busy, and a second
  /// request at once would only wait behind the first. A hundredth of a second more says nothing.
  [[nodiscard]] bool rising() const noexcept {
    return known() && smoothed_ > 3 * std::min(best_, best_before_) + std::chrono::milliseconds(10);
  }

 private:
  std::chrono::nanoseconds smoothed_{};
  std::chrono::nanoseconds variation_{};
  std::chrono::nanoseconds best_{};         ///< since `began_`
  std::chrono::nanoseconds best_before_{};  ///< of the span before
  std::optional<BootTime> began_;
};

}  // namespace octopoll::snmp
