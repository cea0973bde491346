#pragma once
// The numbers of the field, each with its unit as a type: mixing two of them does not compile.

#include <chrono>
#include <compare>
#include <cstdint>

namespace octopoll {

/// A number with a unit. Shape: value type, no conversions; the raw number is `.value`.
template <class Tag, class Rep>
struct Quantity {
  Rep value{};
  friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;
};

using Octets = Quantity<struct OctetsTag, std::uint64_t>;
using BitsPerSecond = Quantity<struct BitsPerSecondTag, double>;

/// Row index of ifTable. Source: RFC 2863 says 1..2147483647; agents send 0 and numbers up to 2^32-1, so all
/// 32 bits are kept.
using IfIndex = Quantity<struct IfIndexTag, std::uint32_t>;

/// sysUpTime and its kin: hundredths of a second, modulo 2^32 (RFC 2578 section 7.1.8), so it wraps after 497.1 days.
using TimeTicks = std::chrono::duration<std::uint32_t, std::centi>;

/// A mean rate over `elapsed`. Unit: bit/s (8 bits an octet). `elapsed` must be positive.
[[nodiscard]] constexpr BitsPerSecond to_bits_per_second(Octets octets, std::chrono::nanoseconds elapsed) noexcept {
  return {static_cast<double>(octets.value) * 8.0 / std::chrono::duration<double>(elapsed).count()};
}

}  // namespace octopoll
