#pragma once
// Moments that timers share.

#include <chrono>

#include "octopoll/core/clock.hpp"

namespace octopoll {

/// When to set a timer that is due at `when` and may be late by up to `grain`. All such timers of one grain (or of
/// multiples of it) share their moments, and with them wake-ups, of which each costs a virtual machine some 30 us.
[[nodiscard]] constexpr BootTime shared_moment(BootTime when, std::chrono::nanoseconds grain) noexcept {
  const auto past = when.time_since_epoch() % grain;
  return past.count() > 0 ? when + (grain - past) : when;
}

}  // namespace octopoll
