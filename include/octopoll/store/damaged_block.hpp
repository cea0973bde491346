#pragma once
// What of a store cannot be read.

#include <cstdint>
#include <string>

#include "octopoll/core/clock.hpp"

namespace octopoll::store {

/// A block of sealed rows that cannot be unpacked: what it held is missing in whatever was asked.
/// Shape: value type. Unit: `since` and `until` are its span, half-open, whole days of UTC.
struct DamagedBlock {
  std::string rows;               ///< "samples", "sums of 5 minutes", "sums of hours", "polls"
  std::string device, interface;  ///< empty where the store has no such interface; of polls there is none
  std::int64_t interface_id = 0;  ///< 0: of polls
  WallTime since, until;
  std::string fault;  ///< in words
};

/// "samples of sw1 eth0 (interface 3), 2026-01-31 UTC": of several days the first and the last.
[[nodiscard]] std::string text_of(const DamagedBlock& block);

}  // namespace octopoll::store
