#pragma once
// What a synthetic interface counts.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fleet {

enum class Count : std::uint8_t {
  in_octets,
  in_ucast_pkts,
  in_multicast_pkts,
  in_broadcast_pkts,
  in_discards,
  in_errors,
  in_unknown_protos,
  out_octets,
  out_ucast_pkts,
  out_multicast_pkts,
  out_broadcast_pkts,
  out_discards,
  out_errors,
};
inline constexpr std::size_t count_kinds = 13;

/// By enumerator, in its order; the words of the JSON.
inline constexpr std::array<std::string_view, count_kinds> count_names{
    "in_octets",          "in_ucast_pkts",     "in_multicast_pkts", "in_broadcast_pkts", "in_discards",
    "in_errors",          "in_unknown_protos", "out_octets",        "out_ucast_pkts",    "out_multicast_pkts",
    "out_broadcast_pkts", "out_discards",      "out_errors"};

/// Modulo 2^64. A 32-bit column shows the same counter modulo 2^32.
struct Counters {
  std::array<std::uint64_t, count_kinds> items{};
  [[nodiscard]] constexpr std::uint64_t& operator[](Count c) noexcept { return items[static_cast<std::size_t>(c)]; }
  [[nodiscard]] constexpr std::uint64_t operator[](Count c) const noexcept {
    return items[static_cast<std::size_t>(c)];
  }
  friend bool operator==(const Counters&, const Counters&) = default;
};

}  // namespace fleet
