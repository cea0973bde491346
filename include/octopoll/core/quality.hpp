#pragma once
// Why a delta is, or is not, a rate.

#include <cstdint>
#include <optional>
#include <string_view>

namespace octopoll {

/// The quality of one counter's delta. The words are the same in code, store and JSON.
/// Only `ok` and `wrapped` make a rate; nothing is clamped to look right.
enum class Quality : std::uint8_t {
  ok,             ///< the counter went forward and nothing restarted
  wrapped,        ///< a 32-bit counter went once through 2^32 at a rate the link can carry
  first,          ///< no earlier reading: a counter has no defined start (RFC 2578 section 7.1.6)
  reboot,         ///< the agent restarted in between (sysUpTime, RFC 3418)
  discontinuity,  ///< ifCounterDiscontinuityTime moved (RFC 2863 section 3.1.5)
  reset,          ///< a 64-bit counter went back: it restarted though nothing else says so
  implausible,    ///< above what the link, or any link, can carry
  ambiguous,      ///< a 32-bit counter that may have wrapped more than once
  stale,          ///< the agent's cache makes the time between the snapshots too uncertain
  absent,         ///< the agent does not have this counter for this interface
  gap,            ///< the interface was not read in this cycle
};

[[nodiscard]] std::string_view to_string(Quality quality) noexcept;
[[nodiscard]] std::optional<Quality> quality_from(std::string_view word) noexcept;
[[nodiscard]] constexpr bool makes_rate(Quality quality) noexcept {
  return quality == Quality::ok || quality == Quality::wrapped;
}

}  // namespace octopoll
