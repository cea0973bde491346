#pragma once
// How fast requests may leave, so that many rounds that are due at one moment make no burst.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "octopoll/core/clock.hpp"

namespace octopoll::icmp {

/// A token bucket whose rate follows what the running rounds ask for together: twice that, so that a backlog of all of
/// them is gone within half a spacing, and never less than 1,000 a second. It holds what leaves within two
/// milliseconds, at least eight requests: a loop that was away does not make up for it at once.
///
/// Routers answer echoes in their slow path and drop those of a burst, which would read as loss of the network.
///
/// Shape:  value type; no I/O, and the time comes in as an argument.
/// Thread: one.
class Pacer {
 public:
  /// A round that sends a request each `spacing` begins or ends to ask.
  void add(std::chrono::nanoseconds spacing) noexcept { demand_ += demand_of(spacing); }
  void remove(std::chrono::nanoseconds spacing) noexcept { demand_ -= demand_of(spacing); }

  /// How many requests may leave at `now`, which never goes back.
  [[nodiscard]] std::size_t allowance(BootTime now) noexcept;
  void spend(std::size_t requests) noexcept { tokens_ -= static_cast<double>(requests); }
  /// When to ask again where the allowance was not enough: later than `now`, and not for single requests of many.
  [[nodiscard]] BootTime next(BootTime now) const noexcept;

  /// Requests a second.
  [[nodiscard]] double rate() const noexcept;

 private:
  /// In requests a million seconds: whole numbers, since what was added must go away without a remainder.
  [[nodiscard]] static std::uint64_t demand_of(std::chrono::nanoseconds spacing) noexcept;
  [[nodiscard]] double most_tokens() const noexcept;

  std::uint64_t demand_ = 0;
  double tokens_ = 1;
  BootTime filled_ = BootTime::min();
};

}  // namespace octopoll::icmp
