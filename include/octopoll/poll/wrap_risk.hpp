#pragma once
// Counters of 32 bits that may come round more than once between two polls.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/config/inventory.hpp"
#include "octopoll/core/own_copy.hpp"
#include "octopoll/ifmib/reader.hpp"

namespace octopoll::poll {

/// What a device's interval must be so that each of its 32-bit octet counters wraps at most once in it.
/// Unit: bit/s, octets wrap after 2^32 of them (RFC 2863 section 3.1.6 wants 64 bits above 20 Mb/s for this reason).
struct WrapRisk {
  std::size_t interfaces = 0;         ///< with such counters that are faster than the interval allows
  std::string fastest;                ///< one of them
  std::uint64_t speed_bps = 0;        ///< its speed
  std::chrono::nanoseconds wraps_in;  ///< at that speed
  /// The interval that it would need: a fifth less, for polls that are late.
  [[nodiscard]] std::chrono::nanoseconds needs() const noexcept;
};

/// Nothing where all is well at `device.interval`. Interfaces of unknown speed, and loopback, which has none, are left
/// out. Pure.
[[nodiscard]] std::optional<WrapRisk> wrap_risk(const std::vector<ifmib::RowPlan>& plans, const config::Device& device);
/// Of a speed that is known otherwise.
[[nodiscard]] std::chrono::nanoseconds wraps_in(std::uint64_t speed_bps) noexcept;

/// The device's own interval, or with `interval: auto` the shorter one that the risk asks for.
[[nodiscard]] std::chrono::nanoseconds effective_interval(const config::Device& device, const WrapRisk& risk) noexcept;
[[nodiscard]] std::chrono::nanoseconds effective_interval(const config::Device& device,
                                                          const std::optional<WrapRisk>& risk) noexcept;

/// One sentence for people, without the device's name, and what to do. Level: a warning, unless the interval is
/// shortened as it needs to be.
struct WrapAdvice {
  std::string message;
  std::string remedy;  ///< empty where there is nothing to do
};
[[nodiscard]] WrapAdvice advice_on(const WrapRisk& risk, const config::Device& device);

/// Watches one device over its discoveries, and says once what it finds.
class WrapWatch {
 public:
  void look_at(const std::vector<ifmib::RowPlan>& plans, const config::Device& device);
  [[nodiscard]] std::chrono::nanoseconds interval(const config::Device& device) const noexcept {
    return found_ ? effective_interval(device, found_->risk) : device.interval;
  }

 private:
  struct Found {
    WrapRisk risk;
    std::string told;
  };
  OwnCopy<Found> found_;  ///< by few devices
};

}  // namespace octopoll::poll
